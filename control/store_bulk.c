#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_bulk.h"
#include "store_private.h"

/*
 * As the store's own, but: the reference of an EIP to its region is looked up once, by the caller;
 * sorting and the plan go to files where they do not fit; and the log is written back by whoever has
 * the time for it.
 */
static const char pragmas[] = "PRAGMA synchronous = FULL;"
			      "PRAGMA foreign_keys = OFF;"
			      "PRAGMA temp_store = FILE;"
			      "PRAGMA cache_size = -65536;"
			      "PRAGMA wal_autocheckpoint = 0;"
			      "PRAGMA journal_size_limit = 33554432;";

/*
 * The plan, in a temporary file. `put_eip`: a row of its own from here on. Where `names` is NULL, no PTR
 * is put. What goes first is in tables of its own, which mostly are empty.
 */
static const char plan_sql[]
	= "ATTACH '' AS w;"
	  "PRAGMA w.page_size = 16384;"
	  "PRAGMA w.journal_mode = OFF;"
	  "PRAGMA w.synchronous = OFF;"
	  "PRAGMA w.cache_size = -16384;"
	  "CREATE TABLE w.plan ("
	  "  revision INTEGER PRIMARY KEY, address BLOB, region INTEGER, region_name TEXT,"
	  "  id TEXT, project TEXT, old_project TEXT,"
	  "  put_eip INTEGER, names TEXT, ttl INTEGER, description TEXT, tags TEXT, action TEXT,"
	  "  before TEXT, after TEXT);"
	  "CREATE TABLE w.eip_drop (address BLOB);"
	  "CREATE TABLE w.ptr_drop (address BLOB);"
	  "CREATE TABLE w.name_drop (key TEXT, address BLOB);"
	  "CREATE TABLE w.name_put (key TEXT, address BLOB);"
	  "CREATE TABLE w.tag_drop (key TEXT, value TEXT, address BLOB);"
	  "CREATE TABLE w.tag_put (key TEXT, value TEXT, address BLOB);"
	  "CREATE TABLE w.usage (project TEXT PRIMARY KEY, ptrs INTEGER) WITHOUT ROWID;"
	  "INSERT INTO w.usage SELECT project, sum(ptrs) FROM usage GROUP BY project;";

/* Read as it stands: its own connection has it locked, and does not write meanwhile. */
static bool attach_rows(struct store *b, const struct staging *rows)
{
	sqlite3_stmt *attach;
	char uri[4200];
	bool attached = false;

	snprintf(uri, sizeof(uri), "file:%s?mode=ro&immutable=1", staging_path(rows));
	if (sqlite3_prepare_v2(b->db, "ATTACH ? AS g", -1, &attach, NULL) == SQLITE_OK) {
		sqlite3_bind_text(attach, 1, uri, -1, SQLITE_STATIC);
		attached = sqlite3_step(attach) == SQLITE_DONE;
	}
	sqlite3_finalize(attach);
	return attached || store_fail(b);
}

static bool open_database(struct store *b, const struct staging *rows)
{
	char path[4200];

	snprintf(path, sizeof(path), "%s/ptrd.db", b->state_dir);
	if (sqlite3_open_v2(path, &b->db,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE
			    | SQLITE_OPEN_URI,
		    NULL)
		!= SQLITE_OK)
		return store_fail(b);
	/* An operator's sqlite3 may have the lock for a moment. */
	sqlite3_busy_timeout(b->db, 100);
	return (sqlite3_exec(b->db, pragmas, NULL, NULL, NULL) == SQLITE_OK || store_fail(b))
		&& attach_rows(b, rows)
		&& (sqlite3_exec(b->db, plan_sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(b));
}

struct store *store_bulk_open(struct store *s, const struct staging *rows)
{
	struct store *b = calloc(1, sizeof(*b));

	if (b == NULL) {
		snprintf(s->error, sizeof(s->error), "out of memory");
		return NULL;
	}
	b->lock = -1;
	b->state_dir = s->state_dir;
	b->regions = s->regions;
	b->regions_count = s->regions_count;
	b->ranges = s->ranges;
	b->ranges_count = s->ranges_count;
	b->revision = b->committed_revision = s->revision;
	store_origin(b, s->actor, s->action);
	if (open_database(b, rows))
		return b;
	snprintf(s->error, sizeof(s->error), "%s", b->error);
	store_bulk_close(b);
	return NULL;
}

void store_bulk_close(struct store *b)
{
	if (b == NULL)
		return;
	for (int i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(b->statements[i]);
	sqlite3_close(b->db);
	free(b);
}

void store_bulk_adopt(struct store *s, const struct store *b)
{
	s->revision = s->committed_revision = b->committed_revision;
}

static const char *text(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

/* Columns of a row behind those of EIP_COLUMNS. */
#define ROW_COLUMNS                                                                                \
	", r.address, r.place, r.kind, r.project, r.id, r.names, r.ttl, r.description, r.tags"
#define ROW_FIRST 14

static bool read_row(sqlite3_stmt *columns, struct staged_row *row)
{
	row->place = (uint64_t)sqlite3_column_int64(columns, ROW_FIRST + 1);
	row->kind = (enum staged_kind)sqlite3_column_int(columns, ROW_FIRST + 2);
	row->project = text(columns, ROW_FIRST + 3);
	row->id = text(columns, ROW_FIRST + 4);
	row->value = (struct ptr_value){
		.names = text(columns, ROW_FIRST + 5),
		.ttl = (uint32_t)sqlite3_column_int64(columns, ROW_FIRST + 6),
		.description = text(columns, ROW_FIRST + 7),
		.tags = text(columns, ROW_FIRST + 8),
	};
	return column_address(columns, ROW_FIRST, &row->address);
}

bool store_bulk_rows(struct store *b, bool unbinds, bulk_row_fn *fn, void *context)
{
	sqlite3_stmt *list = store_statement(b, STMT_BULK_ROWS,
		"SELECT " EIP_COLUMNS ROW_COLUMNS
		" FROM g.row r LEFT JOIN eip e ON e.address = r.address"
		" LEFT JOIN ptr p ON p.address = r.address WHERE (r.kind = 2) = ? ORDER BY r.address");
	struct staged_row row;
	struct eip eip;
	int found;

	if (list == NULL)
		return false;
	sqlite3_bind_int(list, 1, unbinds);
	while ((found = store_step(b, list)) == 1) {
		const bool bound = sqlite3_column_type(list, 0) != SQLITE_NULL;
		const bool readable
			= read_row(list, &row) && (!bound || store_read_eip(b, list, &eip));

		if (!bound)
			eip.address = row.address;
		if (!readable || !fn(context, &row, bound, &eip)) {
			sqlite3_reset(list);
			return readable;
		}
	}
	return found == 0;
}

bool store_bulk_missing(
	struct store *b, const struct region *region, store_eip_fn *fn, void *context)
{
	sqlite3_stmt *list = store_statement(b, STMT_BULK_MISSING,
		"SELECT " EIP_COLUMNS " FROM prefix x"
		" CROSS JOIN eip e ON e.address BETWEEN x.first AND x.last"
		" LEFT JOIN ptr p ON p.address = e.address WHERE x.region = ?"
		" AND NOT EXISTS (SELECT 1 FROM g.row r WHERE r.address = e.address)");

	if (list == NULL)
		return false;
	sqlite3_bind_int64(list, 1, region->id);
	return store_each_eip(b, list, fn, context);
}

int store_bulk_keeps_id(struct store *b, const struct eip *eip, bool whole)
{
	sqlite3_stmt *get = store_statement(b, STMT_BULK_KEEPS,
		"SELECT coalesce((SELECT NOT (kind = 2 OR coalesce(project <> ?2, 0) OR"
		" coalesce(id <> ?3, 0)) FROM g.row WHERE address = ?1), ?4)");

	if (get == NULL || !bind_address(b, get, 1, &eip->address))
		return -1;
	sqlite3_bind_text(get, 2, eip->project, -1, SQLITE_STATIC);
	sqlite3_bind_text(get, 3, eip->id, -1, SQLITE_STATIC);
	sqlite3_bind_int(get, 4, !whole);
	if (store_step(b, get) != 1)
		return -1;
	const int keeps = sqlite3_column_int(get, 0);

	sqlite3_reset(get);
	return keeps;
}

int store_bulk_over_quota(struct store *b, uint64_t quota, struct bulk_excess *excess)
{
	sqlite3_stmt *find = store_statement(b, STMT_BULK_QUOTA,
		"SELECT u.project, sum(u.ptrs) AS total,"
		" coalesce((SELECT quota FROM project WHERE name = u.project), ?) AS most"
		" FROM usage u GROUP BY u.project HAVING most > 0 AND total > most AND total >"
		" coalesce((SELECT w.ptrs FROM w.usage w WHERE w.project = u.project), 0) LIMIT 1");

	if (find == NULL || !store_usage_flush(b))
		return -1;
	sqlite3_bind_int64(find, 1, (int64_t)quota);
	const int found = store_step(b, find);

	if (found == 1) {
		snprintf(excess->project, sizeof(excess->project), "%s", text(find, 0));
		excess->ptrs = (uint64_t)sqlite3_column_int64(find, 1);
		excess->quota = (uint64_t)sqlite3_column_int64(find, 2);
		sqlite3_reset(find);
	}
	return found;
}
