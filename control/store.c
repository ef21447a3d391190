#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lock.h"
#include "staging.h"
#include "store_deferred.h"

/* Milliseconds to wait for another process's lock: at the start, and when all clients wait too. */
#define OPEN_TIMEOUT 2000
#define BUSY_TIMEOUT 100

/*
 * WAL with synchronous=FULL: a commit is one write and one fsync. Statement journals stay in
 * memory, so a full /tmp is no one's trouble. The cache holds the inner pages of ten million
 * EIPs. A checkpoint every 32 MiB of log lets pages that change again and again be written once;
 * the log file is cut back to that after a large transaction.
 */
static const char pragmas[] = "PRAGMA journal_mode = WAL;"
			      "PRAGMA synchronous = FULL;"
			      "PRAGMA foreign_keys = ON;"
			      "PRAGMA temp_store = MEMORY;"
			      "PRAGMA cache_size = -262144;"
			      "PRAGMA wal_autocheckpoint = 8192;"
			      "PRAGMA journal_size_limit = 33554432;";

bool store_fail(struct store *s)
{
	const int system_error = sqlite3_system_errno(s->db);
	const int code = sqlite3_errcode(s->db);

	snprintf(s->error, sizeof(s->error), "%s%s%s (state_dir %s)", sqlite3_errmsg(s->db),
		code == SQLITE_IOERR && system_error != 0 ? ": " : "",
		code == SQLITE_IOERR && system_error != 0 ? strerror(system_error) : "",
		s->state_dir);
	s->failed = true;
	return false;
}

void store_origin(struct store *s, const char *actor, const char *action)
{
	s->actor = actor;
	s->action = action;
}

const char *store_dir(const struct store *s)
{
	return s->state_dir;
}

const char *store_error(const struct store *s)
{
	return s->error;
}

bool store_failed(const struct store *s)
{
	return s->failed;
}

uint64_t store_revision(const struct store *s)
{
	return s->revision;
}

uint64_t store_committed(const struct store *s)
{
	return s->committed_revision;
}

sqlite3_stmt *store_statement(struct store *s, enum store_statement id, const char *sql)
{
	sqlite3_stmt **statement = &s->statements[id];

	if (id >= STMT_LOOKS_AT_DEFERRED && !store_deferred_write(s))
		return NULL;
	if (*statement == NULL
		&& sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL)
			!= SQLITE_OK) {
		store_fail(s);
		return NULL;
	}
	return *statement;
}

int store_step(struct store *s, sqlite3_stmt *statement)
{
	const int result = sqlite3_step(statement);

	if (result == SQLITE_ROW)
		return 1;
	if (result != SQLITE_DONE)
		store_fail(s);
	/* Returns the error of the step once more, which is reported already. */
	sqlite3_reset(statement);
	return result == SQLITE_DONE ? 0 : -1;
}

bool store_run(struct store *s, sqlite3_stmt *statement)
{
	return store_step(s, statement) == 0;
}

size_t address_key(const struct address *address, uint8_t key[static KEY_MAX])
{
	const size_t lead = address->ipv6 ? KEY_LEAD : 0;

	memset(key, 0xff, lead);
	memcpy(key + lead, address->bytes, address_size(address));
	return lead + address_size(address);
}

bool bind_address(
	struct store *s, sqlite3_stmt *statement, int parameter, const struct address *address)
{
	uint8_t key[KEY_MAX];
	const size_t size = address_key(address, key);

	return sqlite3_bind_blob(statement, parameter, key, (int)size, SQLITE_TRANSIENT)
		== SQLITE_OK
		|| store_fail(s);
}

bool column_address(sqlite3_stmt *statement, int column, struct address *address)
{
	const uint8_t *key = sqlite3_column_blob(statement, column);
	const int size = sqlite3_column_bytes(statement, column);
	const size_t lead = size == KEY_MAX ? KEY_LEAD : 0;

	*address = (struct address){.ipv6 = size == KEY_MAX};
	if (key == NULL || (size != 4 && size != KEY_MAX))
		return false;
	memcpy(address->bytes, key + lead, (size_t)size - lead);
	return true;
}

bool store_execute(struct store *s, enum store_statement id, const char *sql)
{
	sqlite3_stmt *statement = store_statement(s, id, sql);

	return statement != NULL && store_run(s, statement);
}

bool store_begin(struct store *s)
{
	s->failed = false;
	s->now = (int64_t)time(NULL);
	store_project_changed(s);
	s->in_transaction = store_execute(s, STMT_BEGIN, "BEGIN IMMEDIATE");
	return s->in_transaction;
}

/*
 * Once for each transaction: the newest revision, and the same one for each region that was
 * touched, because that is the SOA serial that all of them are published with.
 */
static bool write_revision(struct store *s)
{
	if (s->revision == s->committed_revision)
		return true;
	sqlite3_stmt *meta = store_statement(s, STMT_META_SET, "UPDATE meta SET revision = ?");
	sqlite3_stmt *raise = store_statement(s, STMT_REGION_RAISE,
		"UPDATE region SET revision = ?, updated = ? WHERE revision > ?");

	if (meta == NULL || raise == NULL)
		return false;
	sqlite3_bind_int64(meta, 1, (int64_t)s->revision);
	sqlite3_bind_int64(raise, 1, (int64_t)s->revision);
	sqlite3_bind_int64(raise, 2, s->now);
	sqlite3_bind_int64(raise, 3, (int64_t)s->committed_revision);
	return store_run(s, meta) && store_run(s, raise);
}

bool store_commit(struct store *s)
{
	if (s->failed || !store_deferred_write(s) || !store_usage_flush(s) || !write_revision(s)
		|| !store_execute(s, STMT_COMMIT, "COMMIT"))
		return false;
	s->in_transaction = false;
	s->regions_changed = false;
	s->committed_revision = s->revision;
	return true;
}

void store_rollback(struct store *s)
{
	/* SQLite has rolled back by itself after some errors (disk full, I/O); then there is
	 * nothing to do. */
	if (!sqlite3_get_autocommit(s->db))
		store_execute(s, STMT_ROLLBACK, "ROLLBACK");
	s->in_transaction = false;
	s->usage.region = 0;
	store_deferred_clear(s);
	s->revision = s->committed_revision;
	/* If they cannot be read back now, store_ready() tries again. */
	if (s->regions_changed && !store_regions_load(s))
		fprintf(stderr, "ptrd-control: cannot read the regions: %s\n", s->error);
	s->regions_changed = s->failed = false;
}

bool store_ready(struct store *s)
{
	return !s->regions_stale || store_regions_load(s);
}

bool store_savepoint(struct store *s)
{
	s->savepoint_revision = s->revision;
	s->savepoint_usage = s->usage;
	return store_deferred_savepoint(s) && store_execute(s, STMT_SAVEPOINT, "SAVEPOINT request");
}

bool store_release(struct store *s)
{
	store_deferred_release(s);
	return store_execute(s, STMT_RELEASE, "RELEASE request");
}

bool store_undo(struct store *s)
{
	/* Counters that were written since, for whatever reason, wait again. */
	s->usage = s->savepoint_usage;
	store_project_changed(s);
	store_deferred_undo(s);
	s->revision = s->savepoint_revision;
	if (!store_execute(s, STMT_UNDO, "ROLLBACK TO request")
		|| !store_execute(s, STMT_RELEASE, "RELEASE request"))
		return false;
	/* Regions of earlier requests of this transaction are read back too: they are in the
	 * database. */
	return !s->regions_changed || store_regions_load(s);
}

bool store_usage_flush(struct store *s)
{
	const struct usage usage = s->usage;

	if (usage.region == 0)
		return true;
	s->usage.region = 0;
	sqlite3_stmt *add = store_statement(s, STMT_USAGE_ADD,
		"INSERT INTO usage VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
		" SET eips = eips + excluded.eips, ptrs = ptrs + excluded.ptrs");
	sqlite3_stmt *touch = store_statement(
		s, STMT_REGION_TOUCH, "UPDATE region SET revision = ? WHERE id = ?");

	if (add == NULL || touch == NULL)
		return false;
	sqlite3_bind_int64(touch, 1, (int64_t)s->revision);
	sqlite3_bind_int64(touch, 2, usage.region);
	if (!store_run(s, touch))
		return false;
	if (usage.eips == 0 && usage.ptrs == 0)
		return true;
	store_project_changed(s);
	sqlite3_bind_int64(add, 1, usage.region);
	sqlite3_bind_text(add, 2, usage.project, -1, SQLITE_STATIC);
	sqlite3_bind_int64(add, 3, usage.eips);
	sqlite3_bind_int64(add, 4, usage.ptrs);
	return store_run(s, add);
}

bool store_usage_add(
	struct store *s, const struct region *region, const char *project, int eips, int ptrs)
{
	struct usage *usage = &s->usage;

	if (usage->region != region->id || strcmp(usage->project, project) != 0) {
		if (!store_usage_flush(s))
			return false;
		*usage = (struct usage){.region = region->id};
		snprintf(usage->project, sizeof(usage->project), "%s", project);
	}
	usage->eips += eips;
	usage->ptrs += ptrs;
	return true;
}

bool store_change(
	struct store *s, const struct region *region, const char *project, int eips, int ptrs)
{
	if (!store_usage_add(s, region, project, eips, ptrs))
		return false;
	s->revision++;
	return true;
}

static bool read_revision(struct store *s)
{
	sqlite3_stmt *statement;
	bool found = false;

	if (sqlite3_prepare_v2(s->db, "SELECT revision FROM meta", -1, &statement, NULL)
		!= SQLITE_OK)
		return store_fail(s);
	if (sqlite3_step(statement) == SQLITE_ROW) {
		s->revision = s->committed_revision = (uint64_t)sqlite3_column_int64(statement, 0);
		found = true;
	} else {
		store_fail(s);
	}
	sqlite3_finalize(statement);
	return found;
}

static bool open_database(struct store *s)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/ptrd.db", s->state_dir) >= (int)sizeof(path)) {
		snprintf(s->error, sizeof(s->error), "state_dir is too long");
		return false;
	}
	const int result = sqlite3_open_v2(path, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX
			| SQLITE_OPEN_PRIVATECACHE,
		NULL);
	if (s->db == NULL) {
		snprintf(s->error, sizeof(s->error), "out of memory");
		return false;
	}
	if (result != SQLITE_OK)
		return store_fail(s);
	/* An operator's sqlite3 may hold the write lock for a moment; nobody waits for us yet. */
	sqlite3_busy_timeout(s->db, OPEN_TIMEOUT);
	sqlite3_extended_result_codes(s->db, 0);
	return true;
}

bool store_alone(void)
{
	return sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK
		&& sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
}

struct store *store_open(const char *state_dir)
{
	const int lock = lock_directory(state_dir, 0750, "ptrd.lock");

	if (lock < 0)
		return NULL;
	struct store *s = calloc(1, sizeof(*s));
	if (s == NULL || (s->state_dir = strdup(state_dir)) == NULL) {
		fprintf(stderr, "ptrd-control: out of memory\n");
		free(s);
		close(lock);
		return NULL;
	}
	s->lock = lock;
	s->list_narrow = LIST_NARROW;
	staging_clean(state_dir);
	/* What an import sorts: on the disk whose room is watched, not in /var/tmp. SQLite has one for the
	 * process, as the process has one store; more of them, in tests, may do with the first one's. */
	if (sqlite3_temp_directory == NULL)
		sqlite3_temp_directory = sqlite3_mprintf("%s", state_dir);
	/* The schema's version comes before the pragmas: journal_mode would write to a newer
	 * file. */
	if (!open_database(s) || !store_functions_ready(s) || !store_deferred_open(s)
		|| !store_schema_ready(s)
		|| (sqlite3_exec(s->db, pragmas, NULL, NULL, NULL) != SQLITE_OK && !store_fail(s))
		|| !read_revision(s) || !store_regions_load(s)) {
		fprintf(stderr, "ptrd-control: cannot open the store: %s\n", s->error);
		store_close(s);
		return NULL;
	}
	sqlite3_busy_timeout(s->db, BUSY_TIMEOUT);
	s->failed = false;
	return s;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	store_backup_cancel(s);
	store_regions_free(s);
	for (int i = 0; i < STMT_COUNT; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->deferred);
	sqlite3_free(sqlite3_temp_directory);
	sqlite3_temp_directory = NULL;
	close(s->lock);
	free(s->state_dir);
	free(s);
}
