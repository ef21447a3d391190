/*
 * Store: regions, EIPs and custom PTRs in one SQLite file, `<state_dir>/ptrd.db`. It is the
 * truth; the tables are made from it. Regions are also kept in memory, because every change of an
 * EIP needs its region.
 *
 * Main thread only. A function that fails returns false (-1 where it says so), with a text in
 * store_error(). After a failure inside of a transaction SQLite may have rolled the transaction
 * back already, so there is one thing to do then: store_rollback().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "address.h"
#include "publisher.h"
#include "validate.h"

struct store;

/*
 * For a process of one thread, before its first store: SQLite then takes no locks and keeps no accounts of
 * its memory, both of which it would do for every allocation.
 */
bool store_alone(void);

/*
 * Opens the store in `state_dir` (made if missing). Returns NULL after writing to standard error
 * why; a file of a newer schema version is left as it is.
 */
struct store *store_open(const char *state_dir);
void store_close(struct store *s);

const char *store_dir(const struct store *s);

/* Cause of the last failure: SQLite's words and the directory. */
const char *store_error(const struct store *s);

/* Revision of the newest change, those of the open transaction included. */
uint64_t store_revision(const struct store *s);

/* Revision of the newest change that is on the disk. */
uint64_t store_committed(const struct store *s);

/*
 * False if the regions in memory are not those of the database, because a change of them was
 * undone and they could not be read back, and cannot be now: nothing that depends on them may be
 * answered or changed.
 */
bool store_ready(struct store *s);

/*
 * On whose behalf and by which method the changes to come are made, for the audit. Borrowed: valid
 * until the next call.
 */
void store_origin(struct store *s, const char *actor, const char *action);

/*
 * Transactions. Reads work outside of one too. store_commit() returns when the change is on the
 * disk; if it fails, the transaction is still to be rolled back. store_rollback() never fails.
 */
bool store_begin(struct store *s);
bool store_commit(struct store *s);
void store_rollback(struct store *s);

/* True if a statement has failed since store_begin(): the transaction must not be committed. */
bool store_failed(const struct store *s);

/* A savepoint, not nested: what follows can be undone alone. */
bool store_savepoint(struct store *s);
bool store_release(struct store *s);
bool store_undo(struct store *s);

/*
 * A region. `spec` is its normalized description, the members that region.create takes:
 *   {prefixes: [...], suffix, default_name, default_ttl, unbound, soa: {...}, ns: {...}}
 * and, where they are of use, default_name6, rfc2317 and
 *   delegations: [{prefix, name, ns: [...]}, ...]
 * The other members are the same, decoded. Valid until the next store_undo(),
 * store_rollback() or store_region_add().
 */
struct region {
	int64_t id;
	json_t *spec;
	struct region_info info;  /* strings point into spec and name */
	struct prefix *prefixes;  /* info.prefixes_count of them, in order of address */
	struct prefix *delegated; /* those of info.delegations, in order of address */
	char name[REGION_NAME_MAX];
	bool attached;
};

/* Decodes a normalized description; takes a reference of its own. NULL: out of memory. */
struct region *region_new(const char *name, json_t *spec);
void region_free(struct region *region);

/* Delegation that an address of the region falls under, or NULL. */
const struct region_delegation *region_delegation_of(
	const struct region *region, const struct address *address);

/* All regions, in order of name. */
const struct region *const *store_regions(const struct store *s, size_t *count);
const struct region *store_region(const struct store *s, const char *name); /* or NULL */

/* Region whose prefixes hold an address, or overlap a prefix; or NULL. */
const struct region *store_region_of(const struct store *s, const struct address *address);
const struct region *store_region_overlapping(const struct store *s, const struct prefix *prefix);

struct region_figures {
	uint64_t eips, ptrs;
	uint64_t revision;        /* last change of the region or of anything in it */
	int64_t created, updated; /* seconds since 1970 */
};
bool store_region_figures(struct store *s, const struct region *region, struct region_figures *f);

/* Adds `region`; the store owns it from then on, unless false is returned. */
bool store_region_add(struct store *s, struct region *region);
bool store_region_attach(struct store *s, const struct region *region, bool attached);

/*
 * The region of the same name becomes `region`: with its id and state, and all its EIPs, which the
 * caller has seen to be in the prefixes still. The old one is freed; the store owns `region` from
 * then on, also where it fails.
 */
bool store_region_update(struct store *s, struct region *region);

/* Removes a region with all its EIPs, each a change of its own, and frees it. */
bool store_region_delete(struct store *s, const struct region *region);

/*
 * The EIPs of `prefix` go from one region to the other, with their PTRs; no id of theirs is in
 * `to`. Both are as they are afterwards, and become the regions of their names as with
 * store_region_update().
 */
bool store_region_move(
	struct store *s, struct region *from, struct region *to, const struct prefix *prefix);

#define PTR_CREATE "CREATE"
#define PTR_UPDATE "UPDATE"

/* An EIP with its custom PTR, if it has one. */
struct eip {
	struct address address;
	const struct region *region;
	char id[EIP_ID_MAX];
	char project[PROJECT_MAX];
	uint64_t revision;
	int64_t created; /* seconds since 1970 */
	bool has_ptr;    /* the members below are set */
	uint32_t ptr_ttl;
	uint64_t ptr_revision;
	int64_t ptr_created, ptr_updated;
	const char *ptr_action;         /* the last: PTR_CREATE, PTR_UPDATE */
	char ptr_names[NAMES_TEXT_MAX]; /* canonical, separated by single spaces */
	char ptr_description[DESCRIPTION_MAX];
	char ptr_tags[TAGS_TEXT_MAX]; /* as struct ptr_value has them */
};

/* What a client chooses of a PTR. */
struct ptr_value {
	const char *names; /* canonical, separated by single spaces */
	uint32_t ttl;
	const char *description; /* "": none */
	const char *tags; /* JSON, [{"key":...,"value":...},...] in order of key, or "" for none */
};

/* Each returns 1 if found, 0 if not, -1 on failure. */
int store_eip(struct store *s, const struct address *address, struct eip *eip);
int store_eip_by_id(struct store *s, const struct region *region, const char *id, struct eip *eip);

/*
 * Changes. Each takes the next revision and sets the revision and times in `eip`. The caller has
 * looked the EIP up: what is added does not exist, what is changed or removed does.
 */
bool store_eip_add(struct store *s, struct eip *eip);
bool store_eip_rebind(struct store *s, struct eip *eip, const char *id, const char *project);
bool store_eip_remove(struct store *s, const struct eip *eip);

/*
 * All of it in one change: what there is (`eip`; not `bound`: only its address and region are set)
 * becomes this. An EIP that another project, or another id, takes over loses its PTR first.
 */
struct eip_target {
	const char *id, *project;
	const struct ptr_value *ptr; /* NULL: none */
};
bool store_eip_become(struct store *s, struct eip *eip, bool bound, const struct eip_target *to);
bool store_ptr_set(struct store *s, struct eip *eip, const struct ptr_value *value);
bool store_ptr_unset(struct store *s, struct eip *eip);

/* A change of an EIP, as it is now. Texts live as long as the call that they are given to. */
struct store_change {
	struct address address;
	const struct region *region;
	bool was_bound, is_bound;
	const char *names; /* of its custom PTR; NULL: it has none */
	uint32_t ttl;
};
typedef bool store_revised_fn(void *context, const struct store_change *change);

/* Changes of EIPs that came after a revision, in their order. False stops, and is no failure. */
bool store_each_revised(struct store *s, uint64_t revision, store_revised_fn *fn, void *context);

/* Called for each EIP of a list or of a region, in order of address. False stops. */
typedef bool store_eip_fn(void *context, const struct eip *eip);

/* A tag that a PTR must have: one of this key whose value is this, or has it as a part. */
struct tag_filter {
	const char *key, *value;
	bool contains;
};

/*
 * A page of EIPs, or custom PTRs only, in order of address: those for which all that is given
 * holds, behind `after`, `offset` skipped, at most `limit` (negative: all).
 */
struct eip_query {
	bool ptrs_only;
	const struct region *region; /* NULL: all; so the next ones */
	const char *project;
	const struct prefix *prefix;
	enum {
		STATUS_ANY,
		STATUS_ACTIVE, /* of attached regions */
		STATUS_DISABLED
	} status;
	const char *name; /* canonical: a name of the custom PTR */
	bool below;       /* not that name itself but one below it */
	const struct tag_filter *tags;
	size_t tags_count;
	const struct address *after; /* NULL: from the first */
	int64_t offset, limit;
};
bool store_eip_list(
	struct store *s, const struct eip_query *query, store_eip_fn *fn, void *context);

/*
 * How many there are in all, whatever the page. Whole regions and projects are counted already;
 * else the cost is a walk through what the most selective filter leaves, 0.1 to 0.5 us a row.
 */
bool store_eip_count(struct store *s, const struct eip_query *query, uint64_t *count);

/* A project: what its name stands for in the store, be it nothing. */
struct project {
	char name[PROJECT_MAX];
	uint64_t eips, ptrs;
	bool has_quota; /* one of its own */
	uint32_t quota; /* that; 0: no limit */
};
#define QUOTA_MAX 1000000000

/* Sets the project of that name. */
bool store_project(struct store *s, const char *name, struct project *project);

/* Gives a project a quota of its own (`has_quota` and `quota` of `now`), or takes it away. */
bool store_project_set(struct store *s, const struct project *now);

/*
 * Calls `fn` for the projects that have EIPs or a quota, by name, behind `after` (NULL: from the
 * first), `offset` skipped, at most `limit`.
 */
typedef bool store_project_fn(void *context, const struct project *project);
bool store_project_list(struct store *s, const char *after, int64_t offset, int64_t limit,
	store_project_fn *fn, void *context);

/* How many those are in all. */
bool store_project_count(struct store *s, uint64_t *count);

/* A change as the audit has it. The texts are valid until the function that is given it returns. */
struct change {
	uint64_t revision;
	int64_t time; /* seconds since 1970 */
	const char *actor, *action;
	const char *region, *project; /* either may be NULL */
	const char *old_project;      /* that lost the address to `project`, or NULL */
	bool has_address;             /* or it is of the region, or of the project, as a whole */
	struct address address;
	const char *before, *after; /* JSON; NULL: did not, or does not, exist */
};

/* Called for each change. False stops. */
typedef bool store_change_fn(void *context, const struct change *change);

/* Revisions `first` to `last`, of an address and a project (either may be NULL: of all). */
struct change_query {
	uint64_t first, last;
	const struct address *address;
	const char *project; /* also those by which it lost an address */
	bool newest_first;
};
bool store_changes(
	struct store *s, const struct change_query *query, store_change_fn *fn, void *context);

/*
 * The oldest revision that the audit tells of, with all behind it; if it tells of none, the one
 * that comes next.
 */
bool store_changes_oldest(struct store *s, uint64_t *revision);

/*
 * The first revision that was made at `time` or later, or the one that comes next. Found by
 * halving: where the clock was set back, it is one of those that fit.
 */
bool store_changes_since(struct store *s, int64_t time, uint64_t *revision);

/*
 * Drops revisions from before that time, the oldest first, `most` at a time, up to the first that
 * is younger. Outside of transactions.
 */
bool store_changes_prune(struct store *s, int64_t before, unsigned most);

/*
 * Backup: a copy of the store in a new file, made in steps between which the store goes on being
 * changed; what has been copied follows. It holds what is committed when its last step is done.
 */
#define BACKUP_PATH_MAX 4000

struct store_backup {
	enum {
		BACKUP_NONE, /* none since the start */
		BACKUP_RUNNING,
		BACKUP_DONE,
		BACKUP_FAILED
	} state;
	char path[BACKUP_PATH_MAX];
	int64_t started, finished; /* seconds since 1970 */
	uint64_t pages, copied;    /* 4 KiB each */
	uint64_t revision;         /* that the copy holds, once it is done */
	char error[BACKUP_PATH_MAX + 256];
};

/*
 * Starts a backup to the absolute path, which must not exist; none may be running. False: it has
 * failed at once, with the cause in store_backup()->error.
 */
bool store_backup_begin(struct store *s, const char *path);

/* Copies some more, outside of transactions. True while there is more to do. */
bool store_backup_step(struct store *s);

/* The running or the last one. */
const struct store_backup *store_backup(const struct store *s);

/* Gives a running one up; nothing of it stays. */
void store_backup_cancel(struct store *s);

/* EIPs bound in a prefix. */
bool store_prefix_count(struct store *s, const struct prefix *prefix, uint64_t *count);

/* An EIP in the prefix whose id one of region `to` has too: 1 with both, 0 if there is none, -1. */
int store_prefix_conflict(struct store *s, const struct prefix *prefix, const struct region *to,
	struct eip *moved, struct eip *other);

/* All in a prefix, or of one region. */
bool store_prefix_scan(
	struct store *s, const struct prefix *prefix, store_eip_fn *fn, void *context);
bool store_region_scan(
	struct store *s, const struct region *region, store_eip_fn *fn, void *context);

/*
 * What is answered for each EIP of a region, for filling a table: in no order. `names` is NULL for its
 * default PTR, and lives as long as the call. False stops, which is no failure.
 */
typedef bool store_answer_fn(
	void *context, const struct address *address, const char *names, uint32_t ttl);
bool store_region_answers(
	struct store *s, const struct region *region, store_answer_fn *fn, void *context);
