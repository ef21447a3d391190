/* Files of any format in a string, and the rows that they are to give. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reader.h"

#define ROWS_MAX 6

/* What a file gives: rows of a line and either JSON, or '!', field, space, part of the message. */
struct file {
	const char *text;
	size_t len; /* 0: up to the NUL */
	struct {
		size_t line;
		const char *row;
	} rows[ROWS_MAX];
	const char *failed; /* part of why it ends early, or NULL */
};

/* An open file of any of the formats; `again`: the same once more, for a zone that is looked at first. */
struct reader {
	FILE *file, *again;
	struct source source;
	enum reader_format format;
	struct reader_csv *csv;
	struct reader_zone *zone;
};

/* `look`: a zone is looked at first. */
void open_reader(
	struct reader *reader, enum reader_format format, const char *text, size_t len, bool look);
enum row_result next(struct reader *reader, struct row *row);
void close_reader(struct reader *reader);

FILE *open_text(const char *text, size_t len);

/* Fails unless the file gives just these rows. */
void check(enum reader_format format, const struct file *file, bool look);

#define CHECK_ALL(format, files, look)                                                             \
	for (size_t i = 0; i < sizeof(files) / sizeof((files)[0]); i++)                            \
	check(format, &(files)[i], look)
