#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "staging.h"
#include "store_private.h"

#define STAGING_PREFIX "import-"
#define STAGING_SUFFIX ".db"

/*
 * One transaction from one commit of the import, which may be refused, to the next, without a
 * journal: what is in the cache need not be written before it has to make room.
 */
static const char set_up[] = "PRAGMA page_size = 16384;"
			     "PRAGMA journal_mode = OFF;"
			     "PRAGMA synchronous = OFF;"
			     "PRAGMA locking_mode = EXCLUSIVE;"
			     "PRAGMA cache_size = -32768;"
			     "CREATE TABLE row ("
			     "  address BLOB PRIMARY KEY,"
			     "  place INTEGER NOT NULL,"
			     "  kind INTEGER NOT NULL,"
			     "  project TEXT,"
			     "  id TEXT,"
			     "  names TEXT,"
			     "  ttl INTEGER,"
			     "  description TEXT,"
			     "  tags TEXT"
			     ") STRICT, WITHOUT ROWID;"
			     "CREATE TABLE id ("
			     "  region INTEGER NOT NULL,"
			     "  id TEXT NOT NULL,"
			     "  place INTEGER NOT NULL,"
			     "  PRIMARY KEY (region, id)"
			     ") STRICT, WITHOUT ROWID;";

static const char add_sql[] = "INSERT OR IGNORE INTO row VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char find_sql[] = "SELECT place, kind FROM row WHERE address = ?";
static const char add_id_sql[] = "INSERT OR IGNORE INTO id VALUES (?, ?, ?)";
static const char find_id_sql[] = "SELECT place FROM id WHERE region = ? AND id = ?";

struct staging {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *add, *find, *add_id, *find_id;
	uint64_t count, unbinds;
	bool open; /* a transaction is */
	char error[512];
};

const char *staging_error(const struct staging *g)
{
	return g->error;
}

bool staging_failed(const struct staging *g)
{
	return g->error[0] != '\0';
}

static bool fail(struct staging *g)
{
	snprintf(g->error, sizeof(g->error), "%s (%s)", sqlite3_errmsg(g->db), g->path);
	return false;
}

static bool prepare(struct staging *g, const char *sql, sqlite3_stmt **statement)
{
	return sqlite3_prepare_v3(g->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL)
		== SQLITE_OK;
}

static bool open_file(struct staging *g)
{
	/* Never an earlier one's: they are removed at the start, and names are not used again. */
	return sqlite3_open_v2(g->path, &g->db,
		       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE
			       | SQLITE_OPEN_NOMUTEX,
		       NULL)
		== SQLITE_OK
		&& sqlite3_exec(g->db, set_up, NULL, NULL, NULL) == SQLITE_OK
		&& prepare(g, add_sql, &g->add) && prepare(g, find_sql, &g->find)
		&& prepare(g, add_id_sql, &g->add_id) && prepare(g, find_id_sql, &g->find_id);
}

struct staging *staging_new(const char *state_dir, const char *name, struct refusal *why)
{
	struct staging *g = calloc(1, sizeof(*g));

	if (g == NULL
		|| asprintf(&g->path, "%s/" STAGING_PREFIX "%s" STAGING_SUFFIX, state_dir, name)
			< 0) {
		free(g);
		refuse(why, PTRD_ERR_INTERNAL, "out of memory");
		return NULL;
	}
	if (open_file(g))
		return g;
	fail(g);
	refuse(why, PTRD_ERR_INTERNAL, "cannot make a file for the import: %s", g->error);
	staging_free(g);
	return NULL;
}

void staging_free(struct staging *g)
{
	if (g == NULL)
		return;
	sqlite3_finalize(g->add);
	sqlite3_finalize(g->find);
	sqlite3_finalize(g->add_id);
	sqlite3_finalize(g->find_id);
	/* Before it is closed: the transaction's last pages need not be written. */
	unlink(g->path);
	sqlite3_close(g->db);
	free(g->path);
	free(g);
}

static bool is_ours(const char *name)
{
	const size_t len = strlen(name), suffix = strlen(STAGING_SUFFIX);

	return strncmp(name, STAGING_PREFIX, strlen(STAGING_PREFIX)) == 0 && len > suffix
		&& strcmp(name + len - suffix, STAGING_SUFFIX) == 0;
}

void staging_clean(const char *state_dir)
{
	DIR *dir = opendir(state_dir);
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (is_ours(entry->d_name) && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			fprintf(stderr, "ptrd-control: cannot remove %s/%s: %s\n", state_dir,
				entry->d_name, strerror(errno));
	closedir(dir);
}

static void bind_address_key(sqlite3_stmt *statement, int parameter, const struct address *address)
{
	uint8_t key[KEY_MAX];
	const size_t size = address_key(address, key);

	sqlite3_bind_blob(statement, parameter, key, (int)size, SQLITE_TRANSIENT);
}

/* A statement that yields no row. */
static bool run(struct staging *g, sqlite3_stmt *statement)
{
	const int result = sqlite3_step(statement);

	if (result != SQLITE_DONE)
		fail(g);
	sqlite3_reset(statement);
	return result == SQLITE_DONE;
}

/* Place of the row that has what was to be put in. */
static bool find_place(struct staging *g, sqlite3_stmt *find, uint64_t *place)
{
	const bool found = sqlite3_step(find) == SQLITE_ROW;

	if (found)
		*place = (uint64_t)sqlite3_column_int64(find, 0);
	else
		fail(g);
	sqlite3_reset(find);
	return found;
}

static enum staging_result add_id(struct staging *g, const struct staged_row *row,
	const struct region *region, uint64_t *earlier)
{
	sqlite3_bind_int64(g->add_id, 1, region->id);
	sqlite3_bind_text(g->add_id, 2, row->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(g->add_id, 3, (int64_t)row->place);
	if (!run(g, g->add_id))
		return STAGING_FAILED;
	if (sqlite3_changes(g->db) > 0)
		return STAGING_ADDED;
	sqlite3_bind_int64(g->find_id, 1, region->id);
	sqlite3_bind_text(g->find_id, 2, row->id, -1, SQLITE_STATIC);
	return find_place(g, g->find_id, earlier) ? STAGING_ID_TAKEN : STAGING_FAILED;
}

static bool insert(struct staging *g, const struct staged_row *row)
{
	const struct ptr_value *value = &row->value;
	const bool set = row->kind == STAGED_SET;

	/* What is not bound stays NULL; so does a NULL text. */
	sqlite3_clear_bindings(g->add);
	bind_address_key(g->add, 1, &row->address);
	sqlite3_bind_int64(g->add, 2, (int64_t)row->place);
	sqlite3_bind_int(g->add, 3, (int)row->kind);
	sqlite3_bind_text(g->add, 4, row->project, -1, SQLITE_STATIC);
	sqlite3_bind_text(g->add, 5, row->id, -1, SQLITE_STATIC);
	if (set) {
		sqlite3_bind_text(g->add, 6, value->names, -1, SQLITE_STATIC);
		sqlite3_bind_int64(g->add, 7, value->ttl);
		sqlite3_bind_text(g->add, 8, value->description, -1, SQLITE_STATIC);
		sqlite3_bind_text(g->add, 9, value->tags, -1, SQLITE_STATIC);
	}
	return run(g, g->add);
}

enum staging_result staging_add(struct staging *g, const struct staged_row *row,
	const struct region *region, uint64_t *earlier)
{
	enum staged_kind kind;

	if (!g->open && sqlite3_exec(g->db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK) {
		fail(g);
		return STAGING_FAILED;
	}
	g->open = true;
	/* A row that is refused for its id must not stay. */
	if (row->id != NULL) {
		const int found = staging_find(g, &row->address, &kind);

		if (found < 0)
			return STAGING_FAILED;
		const enum staging_result result
			= found == 0 ? add_id(g, row, region, earlier) : STAGING_ADDED;
		if (result != STAGING_ADDED)
			return result;
	}
	if (!insert(g, row))
		return STAGING_FAILED;
	if (sqlite3_changes(g->db) == 0) {
		bind_address_key(g->find, 1, &row->address);
		return find_place(g, g->find, earlier) ? STAGING_ADDRESS_TAKEN : STAGING_FAILED;
	}
	g->count++;
	g->unbinds += row->kind == STAGED_UNBIND;
	return STAGING_ADDED;
}

uint64_t staging_count(const struct staging *g)
{
	return g->count;
}

uint64_t staging_unbinds(const struct staging *g)
{
	return g->unbinds;
}

int staging_find(struct staging *g, const struct address *address, enum staged_kind *kind)
{
	bind_address_key(g->find, 1, address);
	const int result = sqlite3_step(g->find);

	if (result == SQLITE_ROW)
		*kind = (enum staged_kind)sqlite3_column_int(g->find, 1);
	else if (result != SQLITE_DONE)
		fail(g);
	sqlite3_reset(g->find);
	return result == SQLITE_ROW ? 1 : result == SQLITE_DONE ? 0 : -1;
}

bool staging_seal(struct staging *g)
{
	if (!g->open)
		return true;
	g->open = false;
	return sqlite3_exec(g->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK || fail(g);
}

const char *staging_path(const struct staging *g)
{
	return g->path;
}
