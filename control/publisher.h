/*
 * Publisher: makes committed changes served. It owns the region tables, the directory and this
 * process's end of the node segment, and is the only writer of all of them.
 *
 * Changes come in transactions that shadow the store's:
 *
 *   publisher_begin()
 *   publisher_bind() ... publisher_set() ...   reserve everything the change will need; may fail
 *   publisher_prepare()                        writes what is left to write; may fail
 *   <the store commits>
 *   publisher_commit()                         cannot fail; tells what the acknowledgement waits for
 *
 * or publisher_rollback(), after which nothing has changed. Within a transaction publisher_mark()
 * and publisher_rollback_to() undo the tail of it, as a savepoint does in the store.
 *
 * All functions: main thread of the control process. Errors are negative errno values with a text
 * in publisher_error().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/node.h>

#include "table_copy.h"

/* Addresses of a region whose names are another's, by RFC 2317. */
struct region_delegation {
	const char *prefix; /* canonical text */
	const char *name;   /* of the zone that its addresses' names are in */
	const char *const *ns;
	unsigned ns_count;
};

/* A region as the directory shows it. Strings are the caller's; the publisher copies them. */
struct region_info {
	const char *name;
	const char *const *prefixes; /* canonical text */
	unsigned prefixes_count;
	const char *suffix, *default_name;
	const char *default_name6; /* or NULL: of no use, because there is no IPv6 prefix */
	const char *rfc2317;       /* zone that a prefix longer than /24 is served under, or NULL */
	const struct region_delegation *delegations;
	unsigned delegations_count;
	uint32_t default_ttl;
	bool unbound_default;
	const char *soa_mname, *soa_rname;
	uint32_t soa_refresh, soa_retry, soa_expire, soa_minimum, soa_ttl;
	const char *const *ns_names;
	unsigned ns_names_count;
	uint32_t ns_ttl;
};

struct publisher;

/*
 * Opens the run directory (made if missing). `huge_dir` may be NULL. What an earlier process left
 * there stays served until publisher_start() replaces it. Returns NULL after writing why to
 * standard error.
 */
struct publisher *publisher_open(const char *run_dir, const char *huge_dir);
void publisher_close(struct publisher *p);

/* Text of the last error of a function below. */
const char *publisher_error(const struct publisher *p);

/*
 * Start: regions are added and filled (publisher_fill()) outside of any transaction, then served
 * all at once. publisher_start() writes the first directory, whose generation is above any that a
 * running dataplane has applied.
 */
int publisher_load_region(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected);
int publisher_start(struct publisher *p);

/* Transactions. A region's name stands for its table; unknown: -ENOENT. */
void publisher_begin(struct publisher *p);
size_t publisher_mark(const struct publisher *p);
void publisher_rollback_to(struct publisher *p, size_t mark);
void publisher_rollback(struct publisher *p);

/* Each reserves; -ENOSPC or -ENOMEM when the table cannot grow. The address's state is the
 * store's business: bind of an EIP that is not bound, set, unset and unbind of one that is.
 * Regions that are not attached have no table: their records are changed in the store alone. */
int publisher_bind(struct publisher *p, const char *region, const struct address *address);
int publisher_unbind(struct publisher *p, const char *region, const struct address *address);
int publisher_set(struct publisher *p, const char *region, const struct address *address,
	const struct record_wire *record);
int publisher_unset(struct publisher *p, const char *region, const struct address *address);

/*
 * Changes of whole regions, part of the transaction like the others. What they make is served by
 * one directory, with all other such changes of the transaction: until its switch everything is
 * served from the tables and settings of before, after it from the new ones, and a reader never
 * sees a mixture. Each needs room for a table beside those in use: -ENOSPC, -ENOMEM; or -EBUSY
 * when a dataplane that hangs still holds too many old ones.
 *
 * `info` is the region as it is afterwards.
 */

/* A region becomes part of the directory with an empty table, for publisher_fill(). */
int publisher_attach(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected);

/* A region leaves the directory. */
int publisher_detach(struct publisher *p, const char *region);

/*
 * The region gets a new and empty table, for publisher_fill(): a new generation of everything in
 * it. Its old table stays served, and gets what the transaction had changed in the region before,
 * until the directory that names the new one is switched to. `eips_expected` and `ptrs_expected`
 * are what it is made for; it grows if there are more. Changes of the region that follow in the
 * transaction go to the new table.
 */
int publisher_replace(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected);

/*
 * Puts an EIP, whose address must not be there, into a table that no directory names: one of
 * publisher_load_region(), or one that the open transaction has made by publisher_attach(),
 * publisher_replace() or publisher_move(). `record` NULL: with its default PTR. Costs no memory
 * besides the table's, whatever the count. Undone with the change that made the table, not by
 * itself: to be done right after it, in the same savepoint.
 */
int publisher_fill(struct publisher *p, const char *region, const struct address *address,
	const struct record_wire *record);

/* The region gets other settings or prefixes, and keeps its table: no EIP comes or goes. */
int publisher_update(struct publisher *p, const struct region_info *info);

/*
 * The EIPs in `range` go from one region to another, with their PTRs; `from` and `to` are both as
 * they are afterwards. Each that is attached gets a new table: a copy without them, or with them.
 * Where `from` is not attached, the caller puts them into `to` with publisher_fill().
 */
int publisher_move(struct publisher *p, const struct region_info *from,
	const struct region_info *to, const struct address_range *range);

/*
 * Writes the directory that the open transaction needs, if it needs one, so that only its renaming
 * is left to do after the store has committed. `revision` is the one that publisher_commit() will be
 * given. Returns 0, or a negative errno: the transaction is to be rolled back.
 */
int publisher_prepare(struct publisher *p, uint64_t revision);

/*
 * Publishes the transaction, address by address, each with one store that does all of its changes,
 * and makes every region that it touched one of `revision` (the store's new one: it rises with each
 * commit), whose low half is the SOA serial. Returns the directory generation that must be applied
 * before what it did may be acknowledged: 0 when every change is already seen by every worker.
 */
uint64_t publisher_commit(struct publisher *p, uint64_t revision);

/* True once `generation` is answered from by every reader, or no dataplane is alive. */
bool publisher_applied(struct publisher *p, uint64_t generation);

/* Frees what readers no longer see. Cheap; called now and then. */
void publisher_reclaim(struct publisher *p);

/*
 * Generation that must be applied before what has been committed of the region, its being detached
 * included, is served: for the acknowledgement of a change that was made before.
 */
uint64_t publisher_generation(const struct publisher *p, const char *region);

/* SOA serial of an attached region, after the last commit; 0 if it is not attached. */
uint32_t publisher_serial(const struct publisher *p, const char *region);

/* What node.status shows. */
struct publisher_status {
	bool dataplane_alive;
	uint64_t dataplane_pid, dataplane_started; /* started: seconds of the wall clock */
	uint64_t generation, applied_generation;
	uint32_t readers;
	uint64_t outcome[PTRD_OUTCOME_COUNT]; /* summed over readers */
	uint64_t event[PTRD_EVENT_COUNT];
};
void publisher_status(struct publisher *p, struct publisher_status *status);

/* One reader of the dataplane, in its own words (ptrd/node.h). */
struct publisher_reader {
	uint32_t cpu, queue;
	char port[PTRD_PORT_NAME_MAX]; /* "" for the main lcore */
	uint64_t cycles, busy_cycles;
	uint64_t outcome[PTRD_OUTCOME_COUNT];
	uint64_t event[PTRD_EVENT_COUNT];
};

/* Reader `number`, the main lcore's is 0. Returns false if there is none. */
bool publisher_reader(struct publisher *p, uint32_t number, struct publisher_reader *reader);

/* Generation of the newest directory that the publisher has written. */
uint64_t publisher_newest(const struct publisher *p);

/* Table figures of an attached region. Returns false if it is not attached. */
struct publisher_table_status {
	uint64_t eips, records; /* bound, and those of them with a cell */
	uint64_t file_size;     /* bytes */
	uint64_t cell_bytes_used,
		cell_bytes; /* in use (waiting for a grace period included), in all */
	bool huge_pages;
	char path[256];
};
bool publisher_table(
	const struct publisher *p, const char *region, struct publisher_table_status *status);
