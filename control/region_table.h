/*
 * A region as the publisher keeps it: its entry in the directory, its table, and the changes of
 * the open transaction that touch it. Growth lives here. Main thread.
 */
#pragma once

#include <jansson.h>

#include "publisher.h"
#include "table_copy.h"
#include "table_files.h"

struct region_table {
	char name[PTRD_TABLE_REGION_MAX];
	json_t *entry;        /* element of the directory to come */
	json_t *served_entry; /* of the directory in place; NULL: not in it yet */
	struct table *table;  /* what changes go to */
	struct table *served; /* what the directory names; NULL: not in it yet */
	uint64_t generation;  /* of the directory that first had both as they are served */
	bool leaving;         /* detached or replaced by the open transaction */
	bool touched;         /* changed by the open transaction */
	struct region_table *next;
};

enum change_kind {
	CHANGE_BIND,
	CHANGE_UNBIND,
	CHANGE_SET,
	CHANGE_UNSET,
	CHANGE_ATTACH,
	CHANGE_DETACH,
	CHANGE_UPDATE
};

/* One change of the open transaction, with everything reserved that its publication needs. */
struct change {
	enum change_kind kind;
	struct region_table *region;
	struct address address;
	uint32_t ref; /* BIND, SET, UNSET: the new reference; after publication: the replaced one */
	union {
		_Atomic uint64_t *slot; /* BIND: reserved */
		json_t *entry;          /* UPDATE: the one that was replaced */
	};
};

/* Of an EIP, not of the region as a whole. */
static inline bool change_is_of_address(const struct change *c)
{
	return c->kind <= CHANGE_UNSET;
}

/* The changes of the open transaction, in order. */
struct changes {
	struct change *list;
	struct change **by_address; /* room for as many: for the publication, which must not fail */
	size_t count, room;
};

/*
 * What a table is made for that shall hold so many EIPs, PTRs or bytes of cells: the first changes after
 * a start or a move shall not copy it, and an EIP shall not cost more than 16 bytes for that.
 */
static inline uint64_t region_table_headroom(uint64_t count)
{
	return count + count / 16;
}

/* Makes the region with an empty table of `revision`, which has some headroom. NULL with errno set. */
struct region_table *region_table_create(struct table_files *files, const struct region_info *info,
	uint64_t revision, uint64_t generation, uint64_t eips, uint64_t ptrs);

/* The same with a table of exactly that shape. */
struct region_table *region_table_of_shape(
	struct table_files *files, const struct region_info *info, const struct table_shape *shape);

/*
 * A region as `info` describes it, in place of `old`: with what is in its table and what `changes`
 * have done to it, all there at once. Without the addresses in `range`; or, if `from` is not NULL,
 * with those that `from` has there. NULL with errno set.
 */
struct region_table *region_table_move(const struct region_table *old,
	const struct region_table *from, const struct region_info *info,
	const struct address_range *range, const struct changes *changes, struct table_files *files,
	uint64_t generation);

/* Unlinks and closes its table if no directory names it, then frees it. A served table is the
 * caller's. */
void region_table_free(struct region_table *r);

/* What a reservation lacked. */
enum shortage {
	SHORT_OF_NOTHING,
	SHORT_OF_SLOTS,
	SHORT_OF_CELLS
};

/* Reserves for `change` (region, kind and address set); `record` for CHANGE_SET. */
enum shortage region_table_reserve(struct change *change, const struct record_wire *record);
/* Puts an EIP into a table that nobody reads yet; `record` NULL: with its default PTR. */
enum shortage region_table_fill(
	struct region_table *r, const struct address *address, const struct record_wire *record);
/* Undoes region_table_reserve(). */
void region_table_release(struct change *change);

/*
 * Publishes the changes of one address in one transaction, in their order, by one store: readers
 * see the state before or the state after all of them. The reference that was replaced is left in
 * the last one's `ref`, for table_retire(). False if the address's state was not what the changes
 * need.
 */
bool region_table_publish(struct change *const *changes, size_t count);

/*
 * Moves the region, with what `changes` have reserved, to a table with more of what it is short
 * of. The old one stays as `served` if the directory names it. Returns 0, or -errno with nothing
 * changed.
 */
int region_table_grow(struct region_table *r, struct table_files *files, struct changes *changes,
	uint64_t generation, enum shortage shortage);
