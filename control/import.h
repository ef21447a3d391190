/*
 * Imports: what clients have begun to import and not committed yet. Each belongs to one connection,
 * which its actor stands for, and ends with it. Main thread.
 */
#pragma once

#include <sys/queue.h>

#include "actor.h"
#include "staging.h"

#define IMPORTS_MAX 16 /* at a time: each is an open file; who gets one: actor_gets_place() */
#define IMPORT_ID_MAX 37

struct import {
	LIST_ENTRY(import) link;
	char id[IMPORT_ID_MAX];
	char region[REGION_NAME_MAX]; /* that all rows must be of, or "" */
	const struct actor *owner;
	struct staging *staging;
	uint64_t rows; /* that have been sent, refused ones included */
};

struct imports {
	LIST_HEAD(, import) list;
	unsigned count;
};

/* A new one, or NULL with `why` set. `region` may be NULL. */
struct import *import_new(struct imports *imports, const struct actor *owner, const char *state_dir,
	const struct region *region, struct refusal *why);

/* The owner's import of that id, or NULL. */
struct import *import_find(
	const struct imports *imports, const struct actor *owner, const char *id);

void import_free(struct imports *imports, struct import *import);

/* Those of one owner, or (NULL) all. */
void imports_free(struct imports *imports, const struct actor *owner);
