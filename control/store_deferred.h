/*
 * What changes of EIPs write, but for the EIPs' own rows: PTRs, the entries of the indexes of names and
 * tags, the audit. All of a transaction waits in memory and is written by one statement for each
 * table, in the order of its key: that costs half of what statements for each change do. It is written
 * before any statement looks at those tables (store_statement()), before an EIP is read whose PTR
 * waits, when there is no more room, and with the commit.
 */
#pragma once

#include "store_private.h"

/* A savepoint begins with half of each to spare: what waited before it stays until it is over. */
#define DEFERRED_AUDITS 16384
#define DEFERRED_PTRS (2 * DEFERRED_AUDITS) /* one that goes and one that comes in each change */
#define DEFERRED_ENTRIES (2 * DEFERRED_AUDITS)
#define DEFERRED_BUCKETS DEFERRED_PTRS /* a power of two */
#define DEFERRED_TEXT ((size_t)8 << 20)

/* Texts stand in deferred.text, or are NULL. */

/* A PTR that comes (`put`), in place of the one that there may be, or goes. */
struct deferred_ptr {
	struct address address;
	bool put;
	uint32_t ttl;
	const char *project, *names, *description, *tags, *action;
	uint64_t revision;
	int64_t time;
	unsigned next; /* of the same bucket: 1 and up, 0: none */
};

struct deferred_audit {
	uint64_t revision;
	int64_t time;
	const char *actor, *action, *region, *project, *old_project, *before, *after;
	struct address address;
};

/* An entry of ptr_name, which has no value, or of ptr_tag, that comes (`put`) or goes. */
struct deferred_entry {
	const char *key, *value;
	struct address address;
	bool put;
};

/* How much there is of each. */
struct deferred_mark {
	unsigned ptrs, entries, audits;
	size_t text;
};

struct deferred {
	unsigned audits_most; /* DEFERRED_AUDITS, or less in tests */

	/* Behind `written` it is not in the database yet; what is behind `savepoint` came since then. */
	struct deferred_mark used, written, savepoint, savepoint_written;

	/* What is being written, in the order of the keys: of an entry the last state only. */
	const struct deferred_entry *sorted_entries[DEFERRED_ENTRIES];
	const struct deferred_ptr *sorted_ptrs[DEFERRED_PTRS];
	unsigned sorted_entries_count, sorted_ptrs_count;

	/* PTRs that wait, by address: the last of each bucket, if it is of this epoch. */
	struct {
		uint64_t epoch;
		unsigned last;
	} buckets[DEFERRED_BUCKETS];
	uint64_t epoch;

	struct deferred_ptr ptrs[DEFERRED_PTRS];
	struct deferred_entry entries[DEFERRED_ENTRIES];
	struct deferred_audit audits[DEFERRED_AUDITS];
	char text[DEFERRED_TEXT];
};

/* With the store's, which closing frees. */
bool store_deferred_open(struct store *s);

/* The PTR that an EIP has now, as it stands in `eip`; or that there is none any more. */
bool store_defer_ptr(struct store *s, const struct eip *eip);
bool store_defer_ptr_gone(struct store *s, const struct address *address);

/* Has the database know the PTR of an address. */
bool store_deferred_settle(struct store *s, const struct address *address);
bool store_deferred_has(const struct store *s, const struct address *address);

/*
 * The audit row of the newest revision, of an EIP, whose states stand in s->before and s->after;
 * `old_project` is the one that lost it to eip->project, or NULL.
 */
bool store_defer_audit(struct store *s, const struct eip *eip, const char *old_project);

/* An index entry of an address that comes (`put`) or goes; with ptr_each_name() and ptr_each_tag(). */
struct deferral {
	struct store *store;
	const struct address *address;
	bool put;
};
bool store_defer_entry(void *context, const struct ptr_entry *entry);

/* Writes what waits; nothing does of a bulk, which has no deferred. */
bool store_deferred_write(struct store *s);

/* With the store's savepoint; with the end of its transaction. */
bool store_deferred_savepoint(struct store *s);
void store_deferred_release(struct store *s);
void store_deferred_undo(struct store *s);
void store_deferred_clear(struct store *s);

/*
 * Makes what is being written tables of the store's connection:
 *   deferred_ptr    (address, project, names, ttl, description, tags, action, revision, time, put)
 *   deferred_entry  (key, value, address, put)
 *   deferred_audit  with the columns of audit
 */
bool store_deferred_tables(struct store *s);
