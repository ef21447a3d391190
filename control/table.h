/*
 * Table writer: builds a region table file (ptrd/table.h) and changes it while others read it. One
 * writer: the control process's main thread.
 *
 * An insert is done in two steps, because the second one must not fail: table_reserve() takes a
 * slot, table_fill() publishes into it (or table_release() gives it back). Cells likewise:
 * table_cell_create() may find no room, publishing the reference may not. A cell that has been
 * published goes back with table_retire(), and is reused when its grace period is over.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/table.h>

/* An address of either family as the tables key it. */
struct address {
	bool ipv6;
	uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest 0 */
};

/* A custom PTR: RRs as ptrd/table.h wants them. */
struct record_wire {
	uint8_t bytes[PTRD_RECORD_WIRE_MAX];
	uint16_t len;
	uint8_t ancount;
};

/* What a table is built for; it may hold more EIPs than `eips`, at the price of longer chains. */
struct table_shape {
	const char *region;
	uint64_t generation;
	uint64_t eips;
	uint64_t cell_bytes;
};

struct table;

/*
 * Makes the file `path` (which must not exist) with all its memory allocated, so that no later
 * access can fault. Returns NULL with errno set: ENOSPC or ENOMEM when the file system has no
 * room.
 */
struct table *table_create(const char *path, const struct table_shape *shape);

/* Unmaps; the file stays until table_unlink(). NULL is allowed. */
void table_close(struct table *t);
void table_unlink(const struct table *t);

/* Size of the file that table_create() would make on a file system with pages of `page` bytes. */
uint64_t table_file_size(const struct table_shape *shape, uint64_t page);

/* The writer's own mapping as a reader sees it. */
const struct ptrd_table *table_view(const struct table *t);
const char *table_path(const struct table *t);

/* Bound EIPs, and those with a cell. */
uint64_t table_eips(const struct table *t);
uint64_t table_records(const struct table *t);
/* Bytes of the arena in use (a grace period pending included), and in all; size of the file. */
uint64_t table_cell_bytes_used(const struct table *t);
uint64_t table_cell_bytes(const struct table *t);
uint64_t table_bytes(const struct table *t);
/* EIPs that it was built for. */
uint64_t table_eips_built_for(const struct table *t);
/* True when as many EIPs as it was built for are bound or reserved. */
bool table_crowded(const struct table *t);

/*
 * A new cell for `address`: with `record`, or (IPv6 only) for a default PTR when `record` is NULL.
 * Nobody sees it yet. Returns its reference, 0 when the arena is full.
 */
uint32_t table_cell_create(
	struct table *t, const struct address *address, const struct record_wire *record);
/* The same with what `ref` of another table holds for `address`; a reference without a cell is
 * its own copy. */
uint32_t table_cell_copy(
	struct table *t, const struct table *from, uint32_t ref, const struct address *address);
/* Gives back a cell that was never published. References without a cell are ignored. */
void table_cell_discard(struct table *t, uint32_t ref);

/* A slot for an address that has none. Returns NULL when its chain cannot take another one. */
_Atomic uint64_t *table_reserve(struct table *t, const struct address *address);
void table_release(struct table *t, _Atomic uint64_t *slot);
/* Publishes `address` with `ref` in its reserved slot. */
void table_fill(
	struct table *t, _Atomic uint64_t *slot, const struct address *address, uint32_t ref);

/*
 * Publish a change of a bound address: another reference, or none. Each returns the reference that
 * was replaced, for table_retire(); PTRD_REF_NONE if the address is not bound here (nothing is
 * changed).
 */
uint32_t table_replace(struct table *t, const struct address *address, uint32_t ref);
uint32_t table_remove(struct table *t, const struct address *address);

/* Hands over a reference that readers may still hold; `token` names its grace period. Tokens
 * never fall. */
void table_retire(struct table *t, uint32_t ref, uint64_t token);
/* Frees the retired cells whose token is at most `passed`. */
void table_reclaim(struct table *t, uint64_t passed);
/* Oldest and newest token that is waited for; 0: none. */
uint64_t table_oldest_token(const struct table *t);
uint64_t table_newest_token(const struct table *t);

/*
 * What is published from table_begin() on is of `revision`; at table_end() all of it has been, and
 * the table is of that revision. Readers that copy the table rely on it: every change of a table
 * that is served happens between the two, and no revision is used again.
 */
void table_begin(struct table *t, uint64_t revision);
void table_end(struct table *t);
/* The same for a table that nobody reads yet: what is put in from here on is of that revision. */
void table_start(struct table *t, uint64_t revision);
/* Revision of the last table_end(). */
uint64_t table_revision(const struct table *t);
/* The revision of the region's settings, before the table_end() that makes the table one of them. */
void table_set_settings(struct table *t, uint64_t revision);
uint64_t table_settings(const struct table *t);

/* What a live slot holds; an IPv6 address is in its cell. */
struct table_entry {
	struct address address;
	uint32_t ref;
};

/*
 * Walks the live entries: each call yields the next one and moves *at, which starts at 0. False at
 * the end. Only while the table does not change.
 */
bool table_next(const struct table *t, uint64_t *at, struct table_entry *entry);

/* Bytes of the arena that `ref` takes; 0: it has no cell. */
uint32_t table_cell_size(const struct table *t, uint32_t ref);

/* Loads what a copy of an entry of `from` into `t` is going to touch. */
void table_prefetch(const struct table *t, const struct table *from, const struct table_entry *e);
