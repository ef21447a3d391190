#include <stdlib.h>

#include "store_deferred.h"

/* A table of which SQLite knows no more than that it is read from the first row to the last. */
struct view {
	sqlite3_vtab base;
	const struct deferred *deferred;
};

struct cursor {
	sqlite3_vtab_cursor base;
	unsigned row;
};

static const struct deferred *viewed(const sqlite3_vtab_cursor *cursor)
{
	return ((const struct view *)cursor->pVtab)->deferred;
}

static int connect(sqlite3 *db, struct deferred *deferred, sqlite3_vtab **vtab, const char *columns)
{
	struct view *view = calloc(1, sizeof(*view));

	if (view == NULL)
		return SQLITE_NOMEM;
	view->deferred = deferred;
	*vtab = &view->base;
	return sqlite3_declare_vtab(db, columns);
}

static int connect_audits(sqlite3 *db, void *deferred, int argc, const char *const *argv,
	sqlite3_vtab **vtab, char **error)
{
	(void)argc;
	(void)argv;
	(void)error;
	return connect(db, deferred, vtab,
		"CREATE TABLE x (revision, time, actor, action, region, address, project,"
		" old_project, before, after)");
}

static int connect_entries(sqlite3 *db, void *deferred, int argc, const char *const *argv,
	sqlite3_vtab **vtab, char **error)
{
	(void)argc;
	(void)argv;
	(void)error;
	return connect(db, deferred, vtab, "CREATE TABLE x (key, value, address, put)");
}

static int connect_ptrs(sqlite3 *db, void *deferred, int argc, const char *const *argv,
	sqlite3_vtab **vtab, char **error)
{
	(void)argc;
	(void)argv;
	(void)error;
	return connect(db, deferred, vtab,
		"CREATE TABLE x (address, project, names, ttl, description, tags, action, revision,"
		" time, put)");
}

static int disconnect(sqlite3_vtab *vtab)
{
	free((struct view *)vtab);
	return SQLITE_OK;
}

static int best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
	(void)vtab;
	(void)info;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *vtab, sqlite3_vtab_cursor **cursor)
{
	struct cursor *opened = calloc(1, sizeof(*opened));

	(void)vtab;
	*cursor = opened != NULL ? &opened->base : NULL;
	return opened != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	free((struct cursor *)cursor);
	return SQLITE_OK;
}

static int first_audit(
	sqlite3_vtab_cursor *cursor, int plan, const char *name, int argc, sqlite3_value **argv)
{
	(void)plan;
	(void)name;
	(void)argc;
	(void)argv;
	((struct cursor *)cursor)->row = viewed(cursor)->written.audits;
	return SQLITE_OK;
}

/* Of those that are sorted. */
static int first_sorted(
	sqlite3_vtab_cursor *cursor, int plan, const char *name, int argc, sqlite3_value **argv)
{
	(void)plan;
	(void)name;
	(void)argc;
	(void)argv;
	((struct cursor *)cursor)->row = 0;
	return SQLITE_OK;
}

static int next_row(sqlite3_vtab_cursor *cursor)
{
	((struct cursor *)cursor)->row++;
	return SQLITE_OK;
}

static int after_audits(sqlite3_vtab_cursor *cursor)
{
	return ((struct cursor *)cursor)->row >= viewed(cursor)->used.audits;
}

static int after_entries(sqlite3_vtab_cursor *cursor)
{
	return ((struct cursor *)cursor)->row >= viewed(cursor)->sorted_entries_count;
}

static int after_ptrs(sqlite3_vtab_cursor *cursor)
{
	return ((struct cursor *)cursor)->row >= viewed(cursor)->sorted_ptrs_count;
}

static int rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *number)
{
	*number = ((struct cursor *)cursor)->row;
	return SQLITE_OK;
}

static void result_text(sqlite3_context *context, const char *text)
{
	if (text != NULL)
		sqlite3_result_text(context, text, -1, SQLITE_STATIC);
}

static void result_address(sqlite3_context *context, const struct address *address)
{
	uint8_t key[KEY_MAX];

	sqlite3_result_blob(context, key, (int)address_key(address, key), SQLITE_TRANSIENT);
}

/* Columns in the order in which they are declared above. */
static int audit_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
	const struct deferred_audit *row = &viewed(cursor)->audits[((struct cursor *)cursor)->row];
	const char *const texts[] = {[2] = row->actor,
		[3] = row->action,
		[4] = row->region,
		[6] = row->project,
		[7] = row->old_project,
		[8] = row->before,
		[9] = row->after};

	if (column == 0)
		sqlite3_result_int64(context, (int64_t)row->revision);
	else if (column == 1)
		sqlite3_result_int64(context, row->time);
	else if (column == 5)
		result_address(context, &row->address);
	else
		result_text(context, texts[column]);
	return SQLITE_OK;
}

static int ptr_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
	const struct deferred_ptr *ptr
		= viewed(cursor)->sorted_ptrs[((struct cursor *)cursor)->row];
	const char *const texts[] = {[1] = ptr->project,
		[2] = ptr->names,
		[4] = ptr->description != NULL ? ptr->description : "",
		[5] = ptr->tags != NULL ? ptr->tags : "",
		[6] = ptr->action};
	const int64_t numbers[]
		= {[3] = ptr->ttl, [7] = (int64_t)ptr->revision, [8] = ptr->time, [9] = ptr->put};

	if (column == 0)
		result_address(context, &ptr->address);
	else if (column == 3 || column >= 7)
		sqlite3_result_int64(context, numbers[column]);
	else
		result_text(context, texts[column]);
	return SQLITE_OK;
}

static int entry_column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int column)
{
	const struct deferred_entry *entry
		= viewed(cursor)->sorted_entries[((struct cursor *)cursor)->row];

	if (column == 2)
		result_address(context, &entry->address);
	else if (column == 3)
		sqlite3_result_int(context, entry->put);
	else
		result_text(context, column == 0 ? entry->key : entry->value);
	return SQLITE_OK;
}

static const sqlite3_module audits_module = {
	.xConnect = connect_audits,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = first_audit,
	.xNext = next_row,
	.xEof = after_audits,
	.xColumn = audit_column,
	.xRowid = rowid,
};

static const sqlite3_module ptrs_module = {
	.xConnect = connect_ptrs,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = first_sorted,
	.xNext = next_row,
	.xEof = after_ptrs,
	.xColumn = ptr_column,
	.xRowid = rowid,
};

static const sqlite3_module entries_module = {
	.xConnect = connect_entries,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = first_sorted,
	.xNext = next_row,
	.xEof = after_entries,
	.xColumn = entry_column,
	.xRowid = rowid,
};

static bool make_table(struct store *s, const char *name, const sqlite3_module *module)
{
	return sqlite3_create_module(s->db, name, module, s->deferred) == SQLITE_OK
		|| store_fail(s);
}

bool store_deferred_tables(struct store *s)
{
	return make_table(s, "deferred_ptr", &ptrs_module)
		&& make_table(s, "deferred_entry", &entries_module)
		&& make_table(s, "deferred_audit", &audits_module);
}
