/*
 * Text of a file, read piece by piece: no more of it is held than the longest row takes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "row.h"

struct source {
	FILE *file;
	char *text; /* the next `len` bytes of the file stand at text + start */
	size_t start, len;
	size_t line;    /* that they begin on, from 1 */
	uint64_t taken; /* bytes of the file before them */
	bool end;       /* nothing follows them */
	int error;      /* errno of a read that failed, or 0: then `end` is set too */
};

/*
 * Begins to read `file`, which stays the caller's. A UTF-8 byte order mark is passed over. Returns
 * false if memory is short.
 */
bool source_open(struct source *source, FILE *file);
void source_close(struct source *source);

/* What there is, at most ROW_TEXT_MAX bytes. */
static inline const char *source_text(const struct source *source)
{
	return source->text + source->start;
}

/* Reads on. Returns false if there is no more, or if there are ROW_TEXT_MAX bytes by now. */
bool source_more(struct source *source);

/* Goes on behind the next `len` bytes, which are there. */
void source_take(struct source *source, size_t len);

/* Goes on behind the next line break, however far that is. */
void source_take_line(struct source *source);

/*
 * Finds the end of a line of at most ROW_TEXT_MAX bytes. True: `*len` bytes, the line break not
 * among them. False: the row says why: no more lines (ROW_END), or a line that is too long, which
 * has been passed over (ROW_BAD), or a read that failed (ROW_FAILED).
 */
bool source_line(struct source *source, size_t *len, struct row *row, enum row_result *why);

/* Goes on behind a line that source_line() has found, and its line break. */
void source_take_found(struct source *source, size_t len);

/* ROW_END, or ROW_FAILED if it was a read that failed which ended the file. */
enum row_result source_ended(const struct source *source, struct row *row);
