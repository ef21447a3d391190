/*
 * Watch: each committed change once, in order, when it is served; a client that does not read costs
 * a bounded output; what is watched besides does not matter.
 */
#include <errno.h>
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

#include "fake_publisher.h"
#include "server_rig.h"
#include "store_private.h"
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
	/* All of it for each would be 16 MB. */
	assert_true((resident(f) - before) * sysconf(_SC_PAGESIZE)
		< WATCHERS * (WATCH_OUTPUT_MAX + 128 * 1024) + 8 * 1024 * 1024);
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

/* A connection by hand, to see what its output holds and of which project it is. */
struct by_hand {
	struct rig *rig;
	struct connection c;
	struct served served;
	struct event_base *base;
	int client;
};

static int hand_set_up(void **state)
{
	struct by_hand *h = calloc(1, sizeof(*h));
	const int size = 4096;
	int fds[2];

	assert_non_null(h);
	h->rig = rig_new();
	/* What is tested is not what a power cut leaves. */
	assert_int_equal(sqlite3_exec(h->rig->control.store->db, "PRAGMA synchronous = OFF", NULL,
				 NULL, NULL),
		SQLITE_OK);
	json_decref(rig_ok(h->rig, "region.create",
		"{'name':'eu','prefixes':['10.0.0.0/8'],'suffix':'c.example.com'}"));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	h->client = fds[1];
	h->base = event_base_new();
	h->c = (struct connection){.fd = fds[0], .actor = actor_operator, .watching = true};
	h->c.output = evbuffer_new();
	h->c.writable = event_new(h->base, fds[0], EV_WRITE, NULL, NULL);
	assert_true(h->base != NULL && h->c.output != NULL && h->c.writable != NULL);
	*state = h;
	return 0;
}

static int hand_tear_down(void **state)
{
	struct by_hand *h = *state;

	event_free(h->c.writable);
	evbuffer_free(h->c.output);
	event_base_free(h->base);
	close(h->c.fd);
	close(h->client);
	rig_free(h->rig);
	free(h);
	return 0;
}

static void hand_bind(struct by_hand *h, unsigned i, const char *project)
{
	char params[96];

	snprintf(params, sizeof(params), "{'address':'10.0.%u.%u','project':'%s'}", i >> 8, i & 255,
		project);
	json_decref(rig_ok(h->rig, "eip.bind", params));
}

/* Sends until there is no more or no room; every byte that came out goes to `text`. */
static size_t hand_run(struct by_hand *h, char *text, size_t size)
{
	size_t len = 0;
	bool more;

	do {
		served_update(&h->served, &h->rig->control);
		more = watch_send(&h->c, &h->rig->control, &h->served);
		connection_flush(&h->c);
		const ssize_t got = recv(h->client, text + len, size - len - 1, 0);

		assert_true(got > 0 || errno == EAGAIN);
		len += got > 0 ? (size_t)got : 0;
		more |= got > 0;
	} while (more);
	text[len] = '\0';
	return len;
}

static void test_output_is_bounded(void **state)
{
	struct by_hand *h = *state;
	for (unsigned i = 0; i < 2000; i++)
		hand_bind(h, i, "a");
	served_update(&h->served, &h->rig->control);
	assert_int_equal(h->served.revision, 2001);
	while (watch_send(&h->c, &h->rig->control, &h->served))
		;
	const size_t held = evbuffer_get_length(h->c.output);

	assert_in_range(held, WATCH_OUTPUT_MAX, WATCH_OUTPUT_MAX + 1024);
	assert_true(h->c.watched < 2001);
	assert_false(watch_send(&h->c, &h->rig->control, &h->served));
	assert_int_equal(evbuffer_get_length(h->c.output), held);
}

/* One turn sends no more than its share, and says that there is more. */
static void test_rows_are_bounded(void **state)
{
	struct by_hand *h = *state;

	for (unsigned i = 0; i < WATCH_ROWS_MAX; i++)
		hand_bind(h, i, "a");
	served_update(&h->served, &h->rig->control);
	assert_true(watch_send(&h->c, &h->rig->control, &h->served));
	assert_int_equal(h->c.watched, WATCH_ROWS_MAX);
	assert_false(watch_send(&h->c, &h->rig->control, &h->served));
	assert_int_equal(h->c.watched, WATCH_ROWS_MAX + 1);
}

/* A project gets its own, with the other side of what it lost or won left out. */
static void test_project(void **state)
{
	static const char *const want[] = {
		"{\"jsonrpc\":\"2.0\",\"method\":\"change\",\"params\":{\"revision\":2,",
		"\"action\":\"eip.bind\",\"region\":\"eu\",\"address\":\"10.0.0.1\",\"project\":\"a\"",
		"\"revision\":4,",
		"\"action\":\"eip.unbind\",\"region\":\"eu\",\"address\":\"10.0.0.1\",\"project\":\"a\","
		"\"old_project\":null,\"before\":{",
		"\"after\":null",
		NULL,
	};
	static char text[65536];
	struct by_hand *h = *state;
	const char *at = text;

	h->c.actor = (struct actor){.role = ROLE_PROJECT, .project = "a", .name = "alice"};
	hand_bind(h, 1, "a");
	hand_bind(h, 2, "other");
	hand_bind(h, 1, "other");
	hand_run(h, text, sizeof(text));
	for (size_t i = 0; want[i] != NULL; i++) {
		at = strstr(at, want[i]);
		if (at == NULL)
			fail_msg("no %s in %s", want[i], text);
	}
	assert_null(strstr(text, "\"revision\":3"));
	assert_null(strstr(text, "other"));
	assert_int_equal(h->c.watched, 4);
}

/* Revisions are served in order, whatever generation each waits for. */
static void test_served(void **state)
{
	struct by_hand *h = *state;
	volatile uint64_t applied = 0;
	const struct control *control = &h->rig->control;

	h->rig->control.publisher->applied = &applied;
	for (unsigned i = 1; i <= SERVED_WAITING_MAX + 4; i++) {
		h->rig->control.publisher->next = i;
		hand_bind(h, i, "a");
		served_update(&h->served, control);
		assert_true(served_waits(&h->served));
		assert_int_equal(h->served.revision, 0);
	}
	applied = 1;
	served_update(&h->served, control);
	assert_int_equal(h->served.revision, 2);
	applied = SERVED_WAITING_MAX - 1;
	served_update(&h->served, control);
	assert_int_equal(h->served.revision, SERVED_WAITING_MAX);
	/* Those that there was no place for wait for the last of them. */
	applied = SERVED_WAITING_MAX + 3;
	served_update(&h->served, control);
	assert_int_equal(h->served.revision, SERVED_WAITING_MAX);
	applied = SERVED_WAITING_MAX + 4;
	served_update(&h->served, control);
	assert_int_equal(h->served.revision, SERVED_WAITING_MAX + 5);
	assert_false(served_waits(&h->served));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)
#define BY_HAND(name) cmocka_unit_test_setup_teardown(name, hand_set_up, hand_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_from_the_beginning),
		TEST(test_from_now),
		TEST(test_batch),
		TEST(test_not_before_served),
		TEST(test_does_not_read),
		TEST(test_falls_behind),
		TEST(test_ends_with_the_connection),
		BY_HAND(test_output_is_bounded),
		BY_HAND(test_rows_are_bounded),
		BY_HAND(test_project),
		BY_HAND(test_served),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
