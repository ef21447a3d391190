/*
 * Staging: the rows of an import that is not committed yet, in a file of their own in the state
 * directory, in order of address. They cost no memory but a cache of a fixed size, and nothing of
 * them outlives the process: the file is neither synced nor journalled, and a start removes what an
 * earlier process has left.
 *
 * A function that fails returns false (or STAGING_FAILED) with a text in staging_error(); after
 * that the rows are not to be relied on, and staging_free() is what is left to do.
 *
 * One thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store.h"

enum staged_kind {
	STAGED_SET,     /* bound, with this custom PTR */
	STAGED_DEFAULT, /* bound, without a custom PTR */
	STAGED_UNBIND   /* not bound */
};

/* What one address shall be. */
struct staged_row {
	uint64_t place; /* among all rows of the import, from 0 */
	struct address address;
	enum staged_kind kind;
	const char *project;    /* NULL: the EIP's, or that of an EIP that is bound without one */
	const char *id;         /* NULL: the EIP's, or a new one */
	struct ptr_value value; /* of STAGED_SET */
};

struct staging;

/* NULL after writing why to `why`. `name` is the file's: letters, digits and hyphens. */
struct staging *staging_new(const char *state_dir, const char *name, struct refusal *why);
void staging_free(struct staging *g);
const char *staging_error(const struct staging *g);
/* True once one has failed. */
bool staging_failed(const struct staging *g);

/* Removes the files that an earlier process has left in the directory. */
void staging_clean(const char *state_dir);

enum staging_result {
	STAGING_ADDED,
	STAGING_FAILED,
	STAGING_ADDRESS_TAKEN, /* by the row at *earlier */
	STAGING_ID_TAKEN       /* in the same region */
};
enum staging_result staging_add(struct staging *g, const struct staged_row *row,
	const struct region *region, uint64_t *earlier);

/* Rows, and those of them that unbind. */
uint64_t staging_count(const struct staging *g);
uint64_t staging_unbinds(const struct staging *g);

/* 1: the address has a row, of this kind; 0: it has none; -1: failure. */
int staging_find(struct staging *g, const struct address *address, enum staged_kind *kind);

/*
 * Makes the rows readable in the file at staging_path(), as they are, until the next one is added.
 */
bool staging_seal(struct staging *g);
const char *staging_path(const struct staging *g);
