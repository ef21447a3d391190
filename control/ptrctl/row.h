/*
 * A row of a file that is imported: what one address is to have, as import.rows takes it; or why
 * the file has no row there.
 */
#pragma once

#include <stddef.h>

#include <jansson.h>

#include <ptrd/protocol.h>

#define ROW_TEXT_MAX (256 * 1024) /* bytes of a row in a file; the longest valid one is shorter */

struct row {
	size_t line;      /* of the file that it begins on, from 1 */
	json_t *members;  /* owned by the row; NULL: the row is bad */
	const char *code; /* of a bad row, and what is wrong with which of its fields */
	char field[64];   /* "": the row as a whole */
	char message[320];
};

/* What a reader's next step found. */
enum row_result {
	ROW_GOOD,
	ROW_BAD,    /* the row says why; the next one can be read */
	ROW_END,    /* no row: the file has ended */
	ROW_FAILED, /* no row, and none will follow: the row says why */
};

/* Takes what a row holds, good or bad, and leaves an empty one. */
void row_clear(struct row *row);

/*
 * Makes it a bad row: `error` is the rule's code, `field` NULL for the row as a whole, the message
 * like printf()'s. Returns ROW_BAD.
 */
__attribute__((format(printf, 4, 5))) enum row_result row_refuse(
	struct row *row, enum ptrd_error error, const char *field, const char *format, ...);

/* The same for what ends the reading; returns ROW_FAILED. */
__attribute__((format(printf, 2, 3))) enum row_result row_fail(
	struct row *row, const char *format, ...);

/* Part of a text that a message can show: control characters as dots, cut at 40 bytes. */
const char *row_quote(const char *text, size_t len);
#define ROW_QUOTE(text) row_quote(text, strlen(text))
