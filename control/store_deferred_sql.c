#include <stdio.h>
#include <stdlib.h>

#include "store_deferred.h"

/* What SQL sees of the deferred: a table of which SQLite knows no more than that it is read from the
 * first row to the last. */
struct shape {
	const char *name, *sql;
	unsigned (*count)(const struct deferred *deferred);
	void (*column)(
		const struct deferred *deferred, unsigned row, int column, sqlite3_context *result);
};

/* What a module of SQLite's is told of its table. */
struct subject {
	const struct shape *shape;
	const struct deferred *deferred;
};

struct view {
	sqlite3_vtab base;
	const struct subject *subject;
};

struct cursor {
	sqlite3_vtab_cursor base;
	unsigned row;
};

static const struct subject *subject_of(const sqlite3_vtab_cursor *cursor)
{
	return ((const struct view *)cursor->pVtab)->subject;
}

static int connect(sqlite3 *db, void *subject, int argc, const char *const *argv,
	sqlite3_vtab **vtab, char **error)
{
	struct view *view = calloc(1, sizeof(*view));

	(void)argc;
	(void)argv;
	(void)error;
	if (view == NULL)
		return SQLITE_NOMEM;
	view->subject = subject;
	*vtab = &view->base;
	return sqlite3_declare_vtab(db, view->subject->shape->sql);
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

static int first_row(
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

static int after_last(sqlite3_vtab_cursor *cursor)
{
	const struct subject *subject = subject_of(cursor);

	return ((struct cursor *)cursor)->row >= subject->shape->count(subject->deferred);
}

static int column_of(sqlite3_vtab_cursor *cursor, sqlite3_context *result, int column)
{
	const struct subject *subject = subject_of(cursor);

	subject->shape->column(subject->deferred, ((struct cursor *)cursor)->row, column, result);
	return SQLITE_OK;
}

static int rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *number)
{
	*number = ((struct cursor *)cursor)->row;
	return SQLITE_OK;
}

static const sqlite3_module module = {
	.xConnect = connect,
	.xBestIndex = best_index,
	.xDisconnect = disconnect,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = first_row,
	.xNext = next_row,
	.xEof = after_last,
	.xColumn = column_of,
	.xRowid = rowid,
};

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

/* Columns by their numbers in what `shapes` declares. */
static void audit_column(
	const struct deferred *d, unsigned number, int column, sqlite3_context *context)
{
	const struct deferred_audit *row = &d->audits[d->written.audits + number];
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
}

static void ptr_column(
	const struct deferred *d, unsigned number, int column, sqlite3_context *context)
{
	const struct deferred_ptr *ptr = d->sorted_ptrs[number];
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
}

static void entry_column(
	const struct deferred *d, unsigned number, int column, sqlite3_context *context)
{
	const struct deferred_entry *entry = d->sorted_entries[number];

	if (column == 2)
		result_address(context, &entry->address);
	else if (column == 3)
		sqlite3_result_int(context, entry->put);
	else
		result_text(context, column == 0 ? entry->key : entry->value);
}

static unsigned count_audits(const struct deferred *d)
{
	return d->used.audits - d->written.audits;
}

static unsigned count_ptrs(const struct deferred *d)
{
	return d->sorted_ptrs_count;
}

static unsigned count_entries(const struct deferred *d)
{
	return d->sorted_entries_count;
}

static const struct shape shapes[] = {
	{"deferred_ptr",
		"CREATE TABLE x (address, project, names, ttl, description, tags, action, revision,"
		" time, put)",
		count_ptrs, ptr_column},
	{"deferred_entry", "CREATE TABLE x (key, value, address, put)", count_entries,
		entry_column},
	{"deferred_audit",
		"CREATE TABLE x (revision, time, actor, action, region, address, project,"
		" old_project, before, after)",
		count_audits, audit_column},
};

static bool make_table(struct store *s, const struct shape *shape)
{
	struct subject *subject = malloc(sizeof(*subject));

	if (subject == NULL) {
		snprintf(s->error, sizeof(s->error), "out of memory");
		return false;
	}
	*subject = (struct subject){shape, s->deferred};
	return sqlite3_create_module_v2(s->db, shape->name, &module, subject, free) == SQLITE_OK
		|| store_fail(s);
}

bool store_deferred_tables(struct store *s)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (!make_table(s, &shapes[i]))
			return false;
	return true;
}
