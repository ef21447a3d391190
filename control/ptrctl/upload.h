/*
 * Rows on their way to an import of the control process: several requests at a time, and each row
 * that is refused told by its line.
 */
#pragma once

#include <stdint.h>

#include "command.h"
#include "row.h"

struct upload_rules {
	const char *file;    /* that messages name */
	const char *project; /* of rows that have none, or NULL */
	bool stop;           /* at the first bad row; otherwise it is passed over */
	json_int_t shown;    /* bad rows that are told; others are only counted */
	const char *region;  /* that all rows have to be of, or NULL */
};

struct upload;

/* What became of the rows. */
struct upload_sums {
	uint64_t rows;     /* read, good and bad */
	uint64_t accepted; /* by the control process */
	uint64_t bad;
};

/*
 * Begins an import. `rules` outlives it. NULL with `*status` set, after writing to standard error
 * why.
 */
struct upload *upload_begin(struct session *session, const struct command *command,
	const struct upload_rules *rules, enum exit_status *status);

/*
 * Takes a row, good or bad (row->members goes with it). EXIT_OK: go on. EXIT_REFUSED: one was bad
 * and that ends it, or the control process refuses the import; others: as session_call(). What it
 * is has been told. Rows are told in their order.
 */
enum exit_status upload_row(struct upload *upload, struct row *row);

/* No more rows: waits until all have been looked at. Returns as upload_row(). */
enum exit_status upload_end(struct upload *upload);

/* Gives it up, after whatever: the import ends, and nothing has been changed. */
void upload_abort(struct upload *upload);

/*
 * Calls the method that makes the rows true, with `params` (borrowed) besides the import. As
 * session_call(), but a refusal that is of one row names its line.
 */
enum exit_status upload_commit(
	struct upload *upload, const char *method, const json_t *params, json_t **result);

/* Tells what is wrong with the file at a line; `field` is "" if it is of none. */
void upload_tell(const struct upload *upload, size_t line, const char *code, const char *field,
	const char *message);

struct upload_sums upload_sums(const struct upload *upload);

/* Frees it. The import itself ends with import.commit, import.abort or the connection. */
void upload_free(struct upload *upload);
