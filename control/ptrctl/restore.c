/*
 * Restore works on the files, not through the control process, which must not run: the store it
 * would go on with is the one that is being replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include <ptrd/config.h>

#include "command.h"
#include "lock.h"
#include "store_schema.h"

#define CONFIG_DEFAULT "/etc/ptrd.yaml"
#define PATH_SIZE 4200

static const struct argument restore_arguments[] = {
	{"FILE", NULL, "path", ARGUMENT_TEXT, .required = true},
	{"--config", "FILE", "config", ARGUMENT_TEXT},
	{NULL},
};

static bool fail(const char *what, const char *path, const char *why)
{
	fprintf(stderr, "ptrctl: restore: %s %s: %s\n", what, path, why);
	return false;
}

/* The one value of a statement as a number, or -1. */
static int64_t number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK
		&& sqlite3_step(statement) == SQLITE_ROW)
		value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static bool is_whole(sqlite3 *db)
{
	sqlite3_stmt *statement;
	bool whole = false;

	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL) == SQLITE_OK
		&& sqlite3_step(statement) == SQLITE_ROW)
		whole = strcmp((const char *)sqlite3_column_text(statement, 0), "ok") == 0;
	sqlite3_finalize(statement);
	return whole;
}

/* A store of ours, undamaged, that this version can read. Sets its revision. */
static bool check_backup(const char *path, int64_t *revision)
{
	sqlite3 *db = NULL;
	bool good = false;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
		fail("cannot open", path, sqlite3_errmsg(db));
	} else if (!is_whole(db)) {
		fail("cannot use", path, "it is no SQLite file, or damaged");
	} else {
		const int64_t version = number(db, "PRAGMA user_version");

		*revision = number(db, "SELECT revision FROM meta");
		good = *revision >= 0 && version >= 1 && version <= SCHEMA_VERSION;
		if (*revision < 0)
			fail("cannot use", path, "it is no store of ptrd");
		else if (!good)
			fail("cannot use", path, "its schema is of a newer ptrd");
	}
	sqlite3_close(db);
	return good;
}

/* A durable copy of `from` at `to`, where nothing may be. The two may be of different file systems,
 * between which copy_file_range() does not copy. */
static bool copy_file(const char *from, const char *to)
{
	const int in = open(from, O_RDONLY | O_CLOEXEC);
	if (in < 0)
		return fail("cannot open", from, strerror(errno));
	const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	ssize_t copied = out >= 0 ? 1 : -1;

	while (copied > 0)
		copied = sendfile(out, in, NULL, 1 << 30);
	const bool done = copied == 0 && fsync(out) == 0;
	if (!done)
		fail("cannot write", to, strerror(errno));
	if (out >= 0)
		close(out);
	close(in);
	if (out >= 0 && !done)
		unlink(to);
	return done;
}

/* SQLite can do nothing with the file: nobody can but whoever wants to save what is left of it. */
static bool is_ruined(sqlite3 *db)
{
	const int error = sqlite3_errcode(db);

	return error == SQLITE_NOTADB || error == SQLITE_CORRUPT;
}

/*
 * What its log holds goes into the file itself, so that one file is all of the store. A ruined one
 * stays as it is, and so does its log: restore is what it needs.
 */
static bool settle_old(const char *path)
{
	sqlite3 *db = NULL;
	bool settled = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK
		&& sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL)
			== SQLITE_OK;

	if (!settled && is_ruined(db)) {
		fprintf(stderr, "ptrctl: restore: %s: %s; it is kept as it is\n", path,
			sqlite3_errmsg(db));
		settled = sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL)
			== SQLITE_OK;
	} else if (!settled) {
		fail("cannot settle", path, sqlite3_errmsg(db));
	}
	/* The last one to close a settled one removes the log. */
	if (sqlite3_close(db) != SQLITE_OK)
		settled = fail("cannot close", path, "it is in use");
	return settled;
}

/* A log that could not be settled goes where its store goes: beside the new one it would be taken
 * for that one's. */
static bool move_log(const char *from, const char *to)
{
	static const char *const suffixes[] = {"-wal", "-shm"};
	char old[PATH_SIZE + 4], new[PATH_SIZE + 4];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(old, sizeof(old), "%s%s", from, suffixes[i]);
		snprintf(new, sizeof(new), "%s%s", to, suffixes[i]);
		if (rename(old, new) < 0 && errno != ENOENT)
			return fail("cannot move", old, strerror(errno));
	}
	return true;
}

static bool sync_directory(const char *path)
{
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const bool synced = fd >= 0 && fsync(fd) == 0;

	if (!synced)
		fail("cannot sync", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return synced;
}

/* The new store gets its name; the old one, if there is one, gets the name that the new one had. */
static bool exchange(const char *new, const char *store, bool old)
{
	return renameat2(AT_FDCWD, new, AT_FDCWD, store, old ? RENAME_EXCHANGE : RENAME_NOREPLACE)
		== 0
		|| fail("cannot replace", store, strerror(errno));
}

/* The two change places in one step: at no moment is there no store, which a start would make
 * empty. `kept` is set to where the old one is then, or to "". */
static bool put_in_place(const char *state_dir, const char *backup, char kept[static PATH_SIZE])
{
	char store[PATH_SIZE];
	struct timespec now;
	struct tm utc;
	size_t len;

	snprintf(store, sizeof(store), "%s/ptrd.db", state_dir);
	len = (size_t)snprintf(kept, PATH_SIZE, "%s/ptrd.db.before-", state_dir);
	clock_gettime(CLOCK_REALTIME, &now);
	if (len >= PATH_SIZE - 32 || gmtime_r(&now.tv_sec, &utc) == NULL)
		return fail("cannot use", state_dir, "the path is too long");
	len += strftime(kept + len, PATH_SIZE - len, "%Y%m%dT%H%M%S", &utc);
	/* What an earlier restore has kept is not to be replaced. */
	snprintf(kept + len, PATH_SIZE - len, ".%06ldZ", now.tv_nsec / 1000);
	const bool old = access(store, F_OK) == 0;

	if ((old && !settle_old(store)) || !copy_file(backup, kept))
		return false;
	if (!move_log(store, kept) || !exchange(kept, store, old)) {
		move_log(kept, store);
		unlink(kept);
		return false;
	}
	if (!old)
		kept[0] = '\0';
	return sync_directory(state_dir);
}

static enum exit_status run_restore(
	struct session *session, const struct command *command, json_t *params)
{
	const char *backup = json_string_value(json_object_get(params, "path"));
	const char *file = json_string_value(json_object_get(params, "config"));
	struct ptrd_config *config = ptrd_config_load(file != NULL ? file : CONFIG_DEFAULT);
	enum exit_status status = EXIT_REFUSED;
	char kept[PATH_SIZE];
	int64_t revision;

	(void)command;
	if (config == NULL)
		return EXIT_REFUSED;
	const int lock = lock_directory(config->state_dir, 0750, "ptrd.lock");

	if (lock >= 0 && check_backup(backup, &revision)
		&& put_in_place(config->state_dir, backup, kept)) {
		json_t *done = json_pack("{s:s,s:s,s:I,s:s?}", "restored", backup, "state_dir",
			config->state_dir, "revision", (json_int_t)revision, "kept",
			kept[0] != '\0' ? kept : NULL);
		static const struct field fields[] = {
			{"restored", "restored"},
			{"to", "state_dir"},
			{"revision", "revision"},
			{"kept the old", "kept"},
			{NULL},
		};

		if (session->json)
			print_json(done);
		else
			view_object(fields, done);
		json_decref(done);
		status = EXIT_OK;
	}
	if (lock >= 0)
		close(lock);
	ptrd_config_free(config);
	return status;
}

const struct command restore_commands[] = {
	{"restore", NULL, run_restore, NULL, restore_arguments, NULL,
		"put a backup in the store's place; ptrd-control is stopped"},
	{NULL},
};
