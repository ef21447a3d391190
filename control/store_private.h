/* What the store's own files share. */
#pragma once

#include <sqlite3.h>

#include "store.h"
#include "store_schema.h"

/* The index that the rows of a list are taken from. */
enum list_driver {
	DRIVER_EIP,
	DRIVER_EIP_PROJECT,
	DRIVER_PTR,
	DRIVER_PTR_PROJECT,
	DRIVER_TAG,   /* a key with a value */
	DRIVER_NAME,  /* one name */
	DRIVER_BELOW, /* the names below one; not in order of address */
	DRIVER_KEY,   /* a key with values that have a part; not in order of address */
	DRIVERS
};

/* A statement of store_list.c: what it does with the rows of its driver. */
struct list_plan {
	enum list_driver driver;
	enum {
		LIST_WALK, /* their addresses in order */
		LIST_COUNT,
		LIST_PROBE, /* how many the index finds, counted up to a limit */
		LIST_MODES
	} mode;
	bool check_project; /* of the PTR, unless it is the driver's */
	bool check_ptr;     /* names and tags of the PTR */
};
#define LIST_PLANS (DRIVERS * LIST_MODES * 4)
#define LIST_SQL_MAX 512

/* Its parameters. */
enum list_parameter {
	ARG_FIRST = 1, /* address keys */
	ARG_LAST,
	ARG_PROJECT,
	ARG_KEY, /* of a name or a tag */
	ARG_VALUE,
	ARG_FILTER, /* struct ptr_filter */
	ARG_LIMIT
};

/* False if the driver's rows come sorted by something else than the address. */
bool list_in_order(enum list_driver driver);

/* The statement's text. A test asks SQLite how it would execute each. */
void list_sql(const struct list_plan *plan, char sql[static LIST_SQL_MAX]);

/*
 * Rows of an index that is not in order of address are sorted if there are no more than this;
 * more, and PTRs are looked through in order of address instead. The cheapest of several indexes
 * is looked for up to this.
 */
#define LIST_NARROW 20000

/* Statements of store_changes(), for the same test. */
#define CHANGES_QUERIES 6
const char *changes_sql(unsigned query);

/*
 * Prepared when first used, kept until the store is closed. The texts stand in the file that uses
 * them.
 */
enum store_statement {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_SAVEPOINT,
	STMT_RELEASE,
	STMT_UNDO,
	STMT_META_SET,
	STMT_REGION_RAISE,
	STMT_REGION_TOUCH,
	STMT_USAGE_ADD,
	STMT_REGION_ALL,
	STMT_REGION_FIGURES,
	STMT_REGION_INSERT,
	STMT_PREFIX_INSERT,
	STMT_REGION_STATE,
	STMT_REGION_UPDATE,
	STMT_REGION_DELETE,
	STMT_PREFIX_DELETE,
	STMT_USAGE_DELETE,
	STMT_RANGE_COUNT,
	STMT_RANGE_MOVE,
	STMT_EIP_GET,
	STMT_EIP_BY_ID,
	STMT_EIP_INSERT,
	STMT_EIP_UPDATE,
	STMT_EIP_DELETE,
	STMT_USAGE_COUNT, /* four: of a region or not, of a project or not */
	STMT_PROJECT_GET = STMT_USAGE_COUNT + 4,
	STMT_PROJECT_PUT,
	STMT_PROJECT_DELETE,
	STMT_PROJECT_LIST,
	STMT_PROJECT_COUNT,
	STMT_DEFERRED_ENTRY,                         /* four: names and tags, gone and come */
	STMT_DEFERRED_PTR = STMT_DEFERRED_ENTRY + 4, /* two: gone and come */
	STMT_DEFERRED_AUDIT = STMT_DEFERRED_PTR + 2,
	STMT_BULK_ROWS,
	STMT_BULK_MISSING,
	STMT_BULK_KEEPS,
	STMT_BULK_QUOTA,
	STMT_BULK_PLAN,
	STMT_BULK_EIP_DROP,
	STMT_BULK_PTR_DROP,
	STMT_BULK_NAME_DROP,
	STMT_BULK_NAME_PUT,
	STMT_BULK_TAG_DROP,
	STMT_BULK_TAG_PUT,

	/* Those from here on look at what store_deferred.h defers, which is written before. */
	STMT_LOOKS_AT_DEFERRED,
	STMT_RANGE_DELETE = STMT_LOOKS_AT_DEFERRED, /* four: one for each table */
	STMT_RANGE_SCAN = STMT_RANGE_DELETE + 4,
	STMT_RANGE_CONFLICT,
	STMT_REGION_SCAN,
	STMT_USAGE_MOVE,
	STMT_AUDIT,
	STMT_IMPORT_CHANGES,
	STMT_REGION_ANSWERS,
	STMT_CHANGES, /* changes_sql() */
	STMT_CHANGES_OLDEST = STMT_CHANGES + CHANGES_QUERIES,
	STMT_CHANGES_TIME,
	STMT_CHANGES_YOUNG,
	STMT_CHANGES_PRUNE,
	STMT_LIST, /* one for each struct list_plan: list_sql() */
	STMT_COUNT = STMT_LIST + LIST_PLANS,
};

/* A prefix of a region, for look-ups by address. */
struct region_range {
	struct address first, last;
	const struct region *region;
};

/* Change of the counters of one project in one region that is not in the database yet. */
struct usage {
	int64_t region; /* its row; 0: nothing to write */
	char project[PROJECT_MAX];
	int64_t eips, ptrs;
};

/* An EIP as the audit shows it: JSON, or "" if there is none. */
struct eip_state {
	char json[256 + EIP_ID_MAX + PROJECT_MAX + NAMES_TEXT_MAX + 6 * DESCRIPTION_MAX
		+ TAGS_TEXT_MAX];
};

struct store {
	sqlite3 *db;
	char *state_dir;
	int lock;
	sqlite3_stmt *statements[STMT_COUNT];
	char error[512];

	bool in_transaction;
	bool failed;
	uint64_t revision;           /* newest */
	uint64_t committed_revision; /* newest on the disk */
	uint64_t savepoint_revision; /* newest at the savepoint */
	int64_t now;                 /* seconds, one reading for each transaction */

	const char *actor, *action;     /* of the changes to come: store_origin() */
	struct eip_state before, after; /* of the change under way */
	bool id_twice;                  /* why a bulk's write has failed */

	struct deferred *deferred; /* store_deferred.h; NULL: a bulk, that writes all itself */

	/* Counters are written when another project's turn comes, before anybody looks at them, and
	 * with the commit: one statement for all changes in between. */
	struct usage usage;
	struct usage savepoint_usage; /* what waited at the savepoint */
	struct project project;       /* last one asked for in this transaction; no name: none */

	int64_t list_narrow; /* LIST_NARROW, or less in tests */

	struct store_backup backup;
	sqlite3 *backup_db; /* of a running one */
	sqlite3_backup *backup_copy;

	struct region **regions; /* in order of name */
	size_t regions_count;
	bool regions_changed; /* since the transaction began: an undo has to read them again */
	bool regions_stale;   /* that reading has failed: they are incomplete */
	struct region_range *ranges; /* in order of address; they do not overlap */
	size_t ranges_count;
};

/*
 * Keeps SQLite's words for store_error(), and that the transaction has failed. Always returns
 * false.
 */
bool store_fail(struct store *s);

/* The same for what the file holds and the store never wrote. */
bool store_corrupt(struct store *s, const char *what);

/* The prepared statement, reset, with no parameters bound; NULL on failure. */
sqlite3_stmt *store_statement(struct store *s, enum store_statement id, const char *sql);

/* Runs a statement that yields no row, and resets it. */
bool store_run(struct store *s, sqlite3_stmt *statement);

/* The same of a statement without parameters. */
bool store_execute(struct store *s, enum store_statement id, const char *sql);

/* Steps to a row: 1, or 0 at the end, or -1. At the end and on failure the statement is reset. */
int store_step(struct store *s, sqlite3_stmt *statement);

/* A quota or counters have been written, or a transaction begins or is undone: s->project is not true
 * any more. */
void store_project_changed(struct store *s);

/* Moves the counters of a project in a region. */
bool store_usage_add(
	struct store *s, const struct region *region, const char *project, int eips, int ptrs);

/*
 * Counts a change: the next revision, the region touched, its project's counters moved. Each is
 * followed by its audit row.
 */
bool store_change(
	struct store *s, const struct region *region, const char *project, int eips, int ptrs);

/* Writes what the audit shows of an EIP; NULL: that it is not bound. */
void eip_state(struct eip_state *state, const struct eip *eip);
void eip_state_of(struct eip_state *state, const char *id, const char *project,
	const struct ptr_value *ptr); /* NULL: no PTR */

/*
 * Writes the audit row of the newest revision, of a region or of a project (the other one is NULL) as
 * a whole. States are JSON or NULL.
 */
bool store_audit(struct store *s, const char *region, const char *project, const char *before,
	const char *after);

/*
 * Writes the PTR of an EIP in place of the one that `eip` says it has, and into `eip`; or removes it.
 * With all that it is found by. No change by itself, but part of the newest one.
 */
bool store_ptr_put(struct store *s, struct eip *eip, const struct ptr_value *value);
bool store_ptr_delete(struct store *s, const struct eip *eip);

/* Runs a statement, which may be NULL, for its one parameter, an address. */
bool store_run_address(struct store *s, sqlite3_stmt *statement, const struct address *address);

/* What a PTR is found by: the key of a name, which has no value, or a tag. */
struct ptr_entry {
	const char *key, *value;
	size_t key_len;
};

/* Calls `fn` with each of a list of names or of tags, which are as struct ptr_value has them. */
typedef bool ptr_entry_fn(void *context, const struct ptr_entry *entry);
typedef bool ptr_each_fn(const char *list, ptr_entry_fn *fn, void *context);
bool ptr_each_name(const char *names, ptr_entry_fn *fn, void *context);
bool ptr_each_tag(const char *tags, ptr_entry_fn *fn, void *context);

/*
 * The labels of the canonical name of `len` characters in reverse: "mail.example.org." becomes
 * "org.example.mail.".
 */
void name_key(const char *name, size_t len, char key[static NAME_TEXT_MAX]);

/* Makes name_key(name) and ptr_matches(names, tags, filter) known to SQL. */
bool store_functions_ready(struct store *s);

/*
 * What a query asks of a PTR's names and tags, made ready to be looked for in many of them; NULL:
 * out of memory. It borrows from the query.
 */
struct ptr_filter;
struct ptr_filter *ptr_filter_new(const struct eip_query *query);
void ptr_filter_free(struct ptr_filter *filter);

/* Both as the store keeps them. */
bool ptr_filter_matches(const struct ptr_filter *filter, const char *names, const char *tags);

/* ptr_matches() for SQL; its third argument is a pointer bound as PTR_FILTER. */
#define PTR_FILTER "ptr_filter"
void sql_ptr_matches(sqlite3_context *context, int count, sqlite3_value **values);

/* Writes the counters that wait. */
bool store_usage_flush(struct store *s);

/* The same of a region as a whole; takes over the states, of which one may be NULL. */
bool store_audit_region(
	struct store *s, const struct region *region, json_t *before, json_t *after);

/* Writes the region's prefixes. */
bool store_prefixes_insert(struct store *s, const struct region *region);

/* After the array of regions has changed: finds them by name and address again. */
void store_regions_changed(struct store *s);

/* Reads all regions again; after a failure store_ready() does. */
bool store_regions_load(struct store *s);
void store_regions_free(struct store *s);

/* Region of that row id, or NULL. */
const struct region *store_region_by_id(const struct store *s, int64_t id);

/* Makes or upgrades the tables; `version` of the file is checked first. */
bool store_schema_ready(struct store *s);

/* Behind an INSERT into ptr: of the PTR that there may be, its age stays, and its project. */
#define PTR_REPLACES                                                                               \
	" ON CONFLICT DO UPDATE SET names = excluded.names, ttl = excluded.ttl,"                   \
	" description = excluded.description, tags = excluded.tags, action = excluded.action,"     \
	" revision = excluded.revision, updated = excluded.updated"

/* The columns that store_each_eip() wants, in its order. */
#define EIP_COLUMNS                                                                                \
	"e.address, e.region, e.id, e.project, e.revision, e.created,"                             \
	" p.names, p.ttl, p.revision, p.created, p.updated, p.description, p.tags, p.action"

/* Reads them from the first columns of a row. */
bool store_read_eip(struct store *s, sqlite3_stmt *row, struct eip *eip);

/* Runs a list of EIPs to its end, or until `fn` has had enough. */
bool store_each_eip(struct store *s, sqlite3_stmt *list, store_eip_fn *fn, void *context);

/*
 * Addresses are blobs whose order is that of address_compare(): an IPv4 address is its 4 bytes, an
 * IPv6 address is 4 bytes of ones and its 16 bytes, so that it comes behind every IPv4 address and
 * no range of one family holds an address of the other.
 */
#define KEY_LEAD 4
#define KEY_MAX (KEY_LEAD + 16)

/* Writes the key of an address; returns its size. */
size_t address_key(const struct address *address, uint8_t key[static KEY_MAX]);

bool bind_address(
	struct store *s, sqlite3_stmt *statement, int parameter, const struct address *address);
bool column_address(sqlite3_stmt *statement, int column, struct address *address);
