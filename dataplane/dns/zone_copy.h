/*
 * The entries of one zone as they were at one revision, taken from a table that goes on changing.
 *
 * A table is too large to be copied within one reader section, and changes come faster than that
 * takes. So it is copied part by part (ptrd_table_part()), in steps of bounded work, and a part that
 * has changed since is copied again. The copy is whole once, at one look, no part has: it is then
 * what the table was at that look's revision. A change costs a part, one of 384, so a table that
 * changes all the time is copied as well, and a transaction is in the copy with all of its
 * changes or none. A control process that died within a transaction leaves parts that nobody can
 * copy, until its successor replaces the table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ptrd/table.h>

/* Addresses, host byte order, both included; IPv4 in the lowest 32 bits. */
struct zone_range {
	bool ipv6;
	unsigned __int128 first, last;
};

struct copied_part {
	uint8_t *entries;
	size_t len, room; /* bytes */
	uint64_t as_of;   /* revision that the entries are at least as new as */
	bool good;        /* and of which they are, when last looked at */
};

struct zone_copy {
	size_t *memory; /* bytes that may yet be taken */
	struct zone_range range;
	struct copied_part parts[PTRD_TABLE_PARTS];
	unsigned part;     /* the one being copied, if */
	bool within;       /* some of its buckets are: from `bucket` on they are not */
	uint32_t bucket;   /* primary */
	uint64_t revision; /* of the whole copy */
};

enum zone_copy_result {
	ZONE_COPY_MORE,    /* the work is done, the copy is not: call again */
	ZONE_COPY_WAIT,    /* a transaction is being published: call again a little later */
	ZONE_COPY_WHOLE,   /* the copy is that of `revision` */
	ZONE_COPY_MEMORY,  /* there is not enough of it */
	ZONE_COPY_CORRUPT, /* an entry fails its check */
};

/* Makes an empty copy; what it takes is taken off `*memory`. */
void zone_copy_init(struct zone_copy *copy, size_t *memory);
/* Forgets what has been copied: the table is another one. */
void zone_copy_restart(struct zone_copy *copy, const struct zone_range *range);
/* Gives its memory back. */
void zone_copy_free(struct zone_copy *copy);

/*
 * Copies on from `table`, always the same since zone_copy_restart(): about `work` buckets and
 * entries. The caller is a registered reader and not quiescent (node.h). Nothing of the table is
 * referred to afterwards.
 */
enum zone_copy_result zone_copy_step(
	struct zone_copy *copy, const struct ptrd_table *table, unsigned work);

struct copied_entry {
	uint8_t address[16]; /* network order; IPv4 in the first 4 bytes */
	const uint8_t
		*wire; /* RRs, each checked to lie within the len bytes; NULL: the default PTR */
	uint16_t len;
};

/* Where zone_copy_next() is. All zero: at the beginning. */
struct zone_copy_cursor {
	unsigned part;
	size_t at;
};

/* The next entry of a whole copy, in no order. Returns false behind the last one. */
bool zone_copy_next(
	const struct zone_copy *copy, struct zone_copy_cursor *cursor, struct copied_entry *entry);
