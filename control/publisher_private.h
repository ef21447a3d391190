/* What the publisher's own files share. */
#pragma once

#include "node.h"
#include "publisher.h"
#include "region_table.h"

/* Replaced tables that may wait for the dataplane. */
#define CLOSING_MAX 8

struct publisher {
	char *run_dir;
	struct node *node;
	struct table_files *files;
	struct region_table *regions;
	struct closing *closing; /* tables that no directory names any more */
	struct changes changes;  /* of the open transaction */
	uint64_t generation;     /* of the newest directory */
	uint64_t first_generation;
	bool directory_due;      /* regions or tables differ from the directory in the file */
	bool directory_prepared; /* the open transaction's directory is written, not yet in place */
	bool started;
	char error[512];
};

/* Keeps the text for publisher_error(). Returns `error`. */
int publisher_fail(struct publisher *p, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The region of that name, as the open transaction has it; or NULL. */
struct region_table *publisher_region(const struct publisher *p, const char *name);

/* A region with an empty table, for the directory to come. NULL with errno set and the error told.
 */
struct region_table *publisher_add_region(struct publisher *p, const struct region_info *info,
	uint64_t revision, uint64_t eips, uint64_t ptrs);

/* Takes a region out of the list; it is the caller's then. */
void publisher_unlink_region(struct publisher *p, const struct region_table *region);

/*
 * Reserves one change of the open transaction, growing the table if need be: for slots, for cells,
 * or for both.
 */
int publisher_reserve(struct publisher *p, struct change *change, const struct record_wire *record);

/* A larger table for the region, with what the open transaction has reserved. */
int publisher_grow(struct publisher *p, struct region_table *r, enum shortage shortage);

/* Takes out what the transaction detached; the directory to come does not name it. */
void publisher_drop_leaving(struct publisher *p);

/* Entries of the directory whose settings are new become those of this revision. */
void publisher_date_entries(struct publisher *p, uint64_t revision);

/*
 * Switches to a directory that names every region's newest table. If it cannot be written, the
 * switch stays due, nothing that depends on it counts as applied, and publisher_reclaim() tries
 * again.
 */
int publisher_switch(struct publisher *p);

/* A dataplane that hangs lets go of no table: growth then ends before memory does. */
bool publisher_too_many_waiting(const struct publisher *p);

/* At the end: closes the tables that wait. Their files are removed by the next start. */
void publisher_close_waiting(struct publisher *p);
