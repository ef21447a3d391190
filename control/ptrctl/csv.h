/*
 * Records of CSV, RFC 4180. Pure: text in, fields out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CSV_FIELDS_MAX 32

enum csv_result {
	CSV_RECORD,
	CSV_MORE, /* the text ends inside of the record */
	CSV_BAD,
};

struct csv_record {
	size_t len; /* CSV_RECORD: bytes that it takes, its line break included */
	unsigned count;
	const char *fields[CSV_FIELDS_MAX]; /* ended by a NUL, in `text` */
	const char *error;                  /* CSV_BAD: the rule that it breaks */
	char *text; /* the caller's: as many bytes as the text that is scanned, and one */
};

/*
 * Scans the record at `text`. `end`: nothing follows its `len` bytes, so that they may lack the
 * last line break. A record of an empty line has one empty field.
 */
enum csv_result csv_scan(const char *text, size_t len, bool end, struct csv_record *record);

/* Writes a field, in quotes if it needs them. */
void csv_put(FILE *out, const char *field);
