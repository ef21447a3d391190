#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store_private.h"

/* Pages that one step copies: 1 MiB, a few milliseconds. */
#define STEP_PAGES 256

/* Another directory's file must not be taken for ours, nor a half one for a whole one. */
#define PARTIAL ".partial"

static bool fail(struct store *s, const char *what, const char *why)
{
	struct store_backup *b = &s->backup;

	snprintf(b->error, sizeof(b->error), "%s %s: %s", what, b->path, why);
	b->state = BACKUP_FAILED;
	return false;
}

static void partial_path(const struct store_backup *b, char path[static BACKUP_PATH_MAX + 16])
{
	snprintf(path, BACKUP_PATH_MAX + 16, "%s%s", b->path, PARTIAL);
}

/* Ends the copy; what there is of a file that is no backup goes. */
static void close_copy(struct store *s)
{
	char path[BACKUP_PATH_MAX + 16];

	sqlite3_backup_finish(s->backup_copy);
	sqlite3_close(s->backup_db);
	s->backup_copy = NULL;
	s->backup_db = NULL;
	partial_path(&s->backup, path);
	unlink(path);
}

static bool open_copy(struct store *s)
{
	char path[BACKUP_PATH_MAX + 16];
	struct store_backup *b = &s->backup;

	partial_path(b, path);
	/* Of a backup that a crash has interrupted. */
	unlink(path);
	const int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0640);
	if (fd < 0)
		return fail(s, "cannot make", strerror(errno));
	close(fd);
	if (sqlite3_open_v2(path, &s->backup_db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL)
		!= SQLITE_OK)
		return fail(s, "cannot open", sqlite3_errmsg(s->backup_db));
	/* A copy that is not finished is thrown away whole: nothing to roll back. */
	sqlite3_exec(s->backup_db, "PRAGMA journal_mode = OFF", NULL, NULL, NULL);
	s->backup_copy = sqlite3_backup_init(s->backup_db, "main", s->db, "main");
	return s->backup_copy != NULL || fail(s, "cannot copy to", sqlite3_errmsg(s->backup_db));
}

bool store_backup_begin(struct store *s, const char *path)
{
	struct store_backup *b = &s->backup;

	*b = (struct store_backup){.state = BACKUP_RUNNING, .started = (int64_t)time(NULL)};
	snprintf(b->path, sizeof(b->path), "%s", path);
	if (access(path, F_OK) == 0)
		return fail(s, "cannot make", strerror(EEXIST));
	if (open_copy(s))
		return true;
	close_copy(s);
	return false;
}

/* A file or a directory: what is there is on the disk. */
static bool sync_path(const char *path)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const bool synced = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return synced;
}

/* The finished file gets its name, and the name becomes as durable as the file. */
static bool name_copy(struct store_backup *b, const char *partial)
{
	char directory[BACKUP_PATH_MAX];
	const char *slash = strrchr(b->path, '/');

	snprintf(directory, sizeof(directory), "%.*s",
		slash == b->path ? 1 : (int)(slash - b->path), b->path);
	return sync_path(partial)
		&& renameat2(AT_FDCWD, partial, AT_FDCWD, b->path, RENAME_NOREPLACE) == 0
		&& sync_path(directory);
}

/* All pages are copied. */
static void finish(struct store *s)
{
	char path[BACKUP_PATH_MAX + 16];
	struct store_backup *b = &s->backup;
	const int result = sqlite3_backup_finish(s->backup_copy);

	s->backup_copy = NULL;
	partial_path(b, path);
	if (result != SQLITE_OK)
		fail(s, "cannot write", sqlite3_errstr(result));
	else if (sqlite3_close(s->backup_db) != SQLITE_OK)
		fail(s, "cannot close", sqlite3_errmsg(s->backup_db));
	else {
		s->backup_db = NULL;
		if (!name_copy(b, path))
			fail(s, "cannot finish", strerror(errno));
	}
	if (b->state == BACKUP_RUNNING) {
		b->state = BACKUP_DONE;
		b->finished = (int64_t)time(NULL);
		b->revision = s->committed_revision;
	}
	close_copy(s);
}

bool store_backup_step(struct store *s)
{
	struct store_backup *b = &s->backup;

	if (b->state != BACKUP_RUNNING || s->in_transaction)
		return b->state == BACKUP_RUNNING;
	const int result = sqlite3_backup_step(s->backup_copy, STEP_PAGES);

	b->pages = (uint64_t)sqlite3_backup_pagecount(s->backup_copy);
	b->copied = b->pages - (uint64_t)sqlite3_backup_remaining(s->backup_copy);
	if (result == SQLITE_DONE) {
		finish(s);
	} else if (result != SQLITE_OK && result != SQLITE_BUSY && result != SQLITE_LOCKED) {
		fail(s, "cannot write", sqlite3_errstr(result));
		close_copy(s);
	}
	return b->state == BACKUP_RUNNING;
}

const struct store_backup *store_backup(const struct store *s)
{
	return &s->backup;
}

void store_backup_cancel(struct store *s)
{
	if (s->backup.state == BACKUP_RUNNING) {
		fail(s, "gave up", "the process ends");
		close_copy(s);
	}
}
