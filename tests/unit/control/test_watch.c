/*
 * Watch: each committed change once, in order, when it is served; a client that does not read costs
 * a bounded output; what is watched besides does not matter.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "server_rig.h"
#include "watch.h"

#define WATCH(revision)                                                                            \
	"{'jsonrpc':'2.0','id':1,'method':'watch','params':{'revision':" #revision "}}\n"
#define WATCH_NEW "{'jsonrpc':'2.0','id':1,'method':'watch'}\n"
#define SOME 6000 /* changes, of more text than any socket's buffer and an output hold */

/* The next line must tell of this revision. Returns the change; borrowed until the next call. */
static const json_t *expect_change(int fd, json_int_t revision)
{
	static json_t *line;

	json_decref(line);
	line = hear(fd);
	assert_non_null(line);
	if (json_object_get(line, "method") == NULL)
		fail_msg("no change %lld: %s", revision, json_dumps(line, 0));
	assert_string_equal(rig_text(line, "method"), "change");
	assert_null(json_object_get(line, "id"));
	assert_int_equal(rig_number(line, "params.revision"), revision);
	return rig_at(line, "params");
}

/* The i-th address of region eu. */
static void bind_one(int fd, unsigned i)
{
	char line[160];

	snprintf(line, sizeof(line),
		"{'jsonrpc':'2.0','id':2,'method':'eip.bind','params':{'address':'10.%u.%u.%u'}}\n",
		i >> 16, i >> 8 & 255, i & 255);
	say(fd, line);
}

/* Binds from the `first`th address on, in one batch. */
static void bind_batch(int fd, unsigned first, unsigned count)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fprintf(out,
		"{'jsonrpc':'2.0','id':3,'method':'batch','params':{'quiet':true,'requests':[");
	for (unsigned i = first; i < first + count; i++)
		fprintf(out, "%s{'method':'eip.bind','params':{'address':'10.%u.%u.%u'}}",
			i > first ? "," : "", i >> 16, i >> 8 & 255, i & 255);
	fprintf(out, "]}}\n");
	fclose(out);
	say(fd, text);
	free(text);
}

static void bind_many(int fd, unsigned first, unsigned count)
{
	for (unsigned i = 0; i < count; i += 3000) {
		bind_batch(fd, first + i, count - i < 3000 ? count - i : 3000);
		expect(fd, 3, "");
	}
}

/* Revision 1 is the region. */
static void test_from_the_beginning(void **state)
{
	const int fd = dial(*state), other = dial(*state);
	const json_t *change;

	bind_one(other, 1);
	expect(other, 2, "");
	say(fd, WATCH(0));
	expect(fd, 1, "");
	change = expect_change(fd, 1);
	assert_string_equal(rig_text(change, "action"), "region.create");
	assert_true(json_is_null(rig_at(change, "before")));
	change = expect_change(fd, 2);
	assert_string_equal(rig_text(change, "address"), "10.0.0.1");
	assert_string_equal(rig_text(change, "after.project"), "default");
	/* What comes later; and this connection's own requests are answered as ever. */
	bind_one(other, 2);
	expect(other, 2, "");
	expect_change(fd, 3);
	say(fd, GET);
	expect(fd, 7, "");
	bind_one(fd, 3);
	expect(fd, 2, "");
	expect_change(fd, 4);
	/* A repeated change is none. */
	bind_one(fd, 3);
	expect(fd, 2, "");
	bind_one(fd, 4);
	expect(fd, 2, "");
	expect_change(fd, 5);
	close(fd);
	close(other);
}

static void test_from_now(void **state)
{
	const int fd = dial(*state);
	json_t *reply;

	bind_one(fd, 1);
	expect(fd, 2, "");
	say(fd, WATCH_NEW);
	reply = hear(fd);
	assert_int_equal(rig_number(reply, "result.revision"), 2);
	json_decref(reply);
	bind_one(fd, 2);
	expect(fd, 2, "");
	expect_change(fd, 3);
	say(fd, WATCH(4));
	expect(fd, 1, "DNS.0007");
	/* Still watched; and a later watch goes on from where it says. */
	bind_one(fd, 3);
	expect(fd, 2, "");
	expect_change(fd, 4);
	say(fd, WATCH(2));
	expect(fd, 1, "");
	expect_change(fd, 3);
	expect_change(fd, 4);
	close(fd);
}

/* Several from several places, while a batch is made and requests are asked. */
static void test_batch(void **state)
{
	const int other = dial(*state), late = dial(*state);
	int fds[4];

	for (int i = 0; i < 4; i++) {
		fds[i] = dial(*state);
		say(fds[i], i % 2 == 0 ? WATCH(0) : WATCH(1));
		expect(fds[i], 1, "");
	}
	bind_batch(other, 0, 2000);
	for (int i = 0; i < 4; i++) {
		for (json_int_t revision = i % 2 == 0 ? 1 : 2; revision <= 2001; revision++)
			expect_change(fds[i], revision);
		say(fds[i], GET);
		expect(fds[i], 7, "");
		close(fds[i]);
	}
	expect(other, 3, "");
	say(late, WATCH(2000));
	expect(late, 1, "");
	expect_change(late, 2001);
	close(late);
	close(other);
}

/* A change whose generation is not applied yet is not told of; it is when it is applied. */
static void test_not_before_served(void **state)
{
	struct fixture *f = *state;
	const int fd = dial(f), other = dial(f);

	say(fd, WATCH(1));
	expect(fd, 1, "");
	*f->applied = 0;
	bind_one(other, 1);
	/* Stored it is: another connection sees it. */
	for (json_int_t eips = 0; eips == 0;) {
		json_t *reply;

		say(fd, GET);
		reply = hear(fd);
		assert_int_equal(rig_number(reply, "id"), 7);
		eips = rig_number(reply, "result.eips");
		json_decref(reply);
	}
	for (int i = 0; i < 20; i++) {
		say(fd, GET);
		expect(fd, 7, "");
	}
	*f->applied = 1;
	expect_change(fd, 2);
	/* Acknowledged, or stored if that took so long. */
	json_decref(hear(other));
	close(fd);
	close(other);
}

/* Resident pages of the server. */
static long resident(const struct fixture *f)
{
	char path[64];
	long size, pages;

	snprintf(path, sizeof(path), "/proc/%d/statm", f->child);
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%ld %ld", &size, &pages), 2);
	fclose(file);
	return pages;
}

static void test_does_not_read(void **state)
{
	enum {
		WATCHERS = 8
	};
	struct fixture *f = *state;
	const int other = dial(f);
	int fds[WATCHERS];

	bind_many(other, 0, SOME);
	for (int i = 0; i < WATCHERS; i++)
		fds[i] = dial(f);
	const long before = resident(f);

	for (int i = 0; i < WATCHERS; i++)
		say(fds[i], WATCH(0));
	/* Their outputs are full by the time that others' requests have been answered so often. */
	for (int i = 0; i < 200; i++) {
		say(other, GET);
		expect(other, 7, "");
	}
#ifndef __SANITIZE_ADDRESS__ /* it keeps what is freed */
	/* All of it for each would be 16 MB. */
	assert_true((resident(f) - before) * sysconf(_SC_PAGESIZE)
		< WATCHERS * (WATCH_OUTPUT_MAX + 128 * 1024) + 8 * 1024 * 1024);
#else
	(void)before;
#endif
	bind_many(other, SOME, 10);
	for (int i = 0; i < WATCHERS; i++) {
		if (i == 0) {
			expect(fds[i], 1, "");
			for (json_int_t revision = 1; revision <= SOME + 11; revision++)
				expect_change(fds[i], revision);
		}
		close(fds[i]);
	}
	say(other, GET);
	expect(other, 7, "");
	close(other);
}

static void drop_before(const struct fixture *f, int revision)
{
	char path[96], sql[64];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/ptrd.db", f->rig->dir);
	snprintf(sql, sizeof(sql), "DELETE FROM audit WHERE revision < %d", revision);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 10000);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* What one that does not read would have got next is pruned: it is told that, and no more. */
static void test_falls_behind(void **state)
{
	struct fixture *f = *state;
	const int fd = dial(f), other = dial(f);
	json_int_t revision = 1;
	json_t *line;

	bind_many(other, 0, SOME);
	say(fd, WATCH(0));
	for (int i = 0; i < 50; i++) {
		say(other, GET);
		expect(other, 7, "");
	}
	drop_before(f, SOME);
	expect(fd, 1, "");
	while (strcmp(rig_text(line = hear(fd), "method"), "change") == 0) {
		assert_int_equal(rig_number(line, "params.revision"), revision++);
		json_decref(line);
	}
	assert_true(revision < SOME);
	assert_string_equal(rig_text(line, "method"), "watch.ended");
	assert_string_equal(rig_text(line, "params.data.code"), "DNS.0007");
	assert_non_null(strstr(rig_text(line, "params.message"), "revision 6000"));
	json_decref(line);
	/* The connection goes on, without the changes. */
	bind_one(fd, SOME);
	expect(fd, 2, "");
	say(fd, GET);
	expect(fd, 7, "");
	close(fd);
	close(other);
}

static void test_ends_with_the_connection(void **state)
{
	const int fd = dial(*state), other = dial(*state);

	say(fd, WATCH_NEW);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect(fd, 1, "");
	assert_null(hear(fd));
	close(fd);
	bind_one(other, 1);
	expect(other, 2, "");
	close(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_from_the_beginning),
		TEST(test_from_now),
		TEST(test_batch),
		TEST(test_not_before_served),
		TEST(test_does_not_read),
		TEST(test_falls_behind),
		TEST(test_ends_with_the_connection),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
