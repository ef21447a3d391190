/*
 * What is imported, whatever form it has: rows.
 */
#pragma once

#include "axfr.h"
#include "reader.h"

struct input_options {
	const char *file;   /* "-": standard input; NULL: a transfer */
	const char *format; /* NULL: by the file's name or content */
	const char
		*zone; /* that the names of a zone file are relative to, or NULL; of a transfer */
	const char *server;    /* of a transfer, or NULL */
	const char *tsig;      /* key, name:algorithm:secret, or NULL */
	const char *tsig_file; /* file whose first line is one, or NULL */
	bool strict;
};

struct input;

/*
 * Opens it. The options outlive it. NULL after writing to standard error what is wrong, `title`
 * first.
 */
struct input *input_open(const struct input_options *options, const char *title);
void input_close(struct input *input);

/* What messages call it. */
const char *input_name(const struct input *input);

enum row_result input_next(struct input *input, struct row *row);

/* How far it is: of bytes, or of rows once they are known. `*total` 0: not known. */
void input_progress(const struct input *input, uint64_t *done, uint64_t *total);

/* Writes which records were passed over, "1 SOA, 2 NS". False: none. */
bool input_passed_over(const struct input *input, FILE *out);
