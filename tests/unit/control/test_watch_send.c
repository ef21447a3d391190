/* What one turn of a watch sends: no more than its share and the output's room, and what its actor sees. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"
#include "store_private.h"
#include "watch.h"

/* A connection by hand, to see what its output holds and of which project it is. */
struct by_hand {
	struct rig *rig;
	struct connection c;
	struct connection_list connections;
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
	TAILQ_INIT(&h->connections);
	TAILQ_INSERT_TAIL(&h->connections, &h->c, link);
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

/* One turn with time enough. */
static bool hand_turn(struct by_hand *h)
{
	return watch_send(&h->connections, &h->rig->control, &h->served, INT64_MAX);
}

/* Sends until there is no more or no room; every byte that came out goes to `text`. */
static size_t hand_run(struct by_hand *h, char *text, size_t size)
{
	size_t len = 0;
	bool more;

	do {
		served_update(&h->served, &h->rig->control);
		more = hand_turn(h);
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
	while (hand_turn(h))
		;
	const size_t held = evbuffer_get_length(h->c.output);

	assert_in_range(held, WATCH_OUTPUT_MAX, WATCH_OUTPUT_MAX + WATCH_TEXT_MAX + 1024);
	assert_true(h->c.watched < 2001);
	assert_false(hand_turn(h));
	assert_int_equal(evbuffer_get_length(h->c.output), held);
}

/* One turn sends no more than its share, and says that there is more. */
static void test_rows_are_bounded(void **state)
{
	struct by_hand *h = *state;

	for (unsigned i = 0; i < WATCH_ROWS_MAX; i++)
		hand_bind(h, i, "a");
	served_update(&h->served, &h->rig->control);
	assert_true(hand_turn(h));
	assert_int_equal(h->c.watched, WATCH_ROWS_MAX);
	assert_false(hand_turn(h));
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

#define CROWD 6

/* More connections of the same kind, without a client that reads. */
static void crowd_open(struct by_hand *h, struct connection *crowd)
{
	for (int i = 0; i < CROWD; i++) {
		crowd[i] = (struct connection){.fd = h->c.fd, .watching = true};
		crowd[i].actor = i % 2 == 0
			? actor_operator
			: (struct actor){.role = ROLE_PROJECT, .project = "a", .name = "alice"};
		crowd[i].output = evbuffer_new();
		crowd[i].writable = event_new(h->base, h->c.fd, EV_WRITE, NULL, NULL);
		assert_true(crowd[i].output != NULL && crowd[i].writable != NULL);
		TAILQ_INSERT_TAIL(&h->connections, &crowd[i], link);
	}
}

static void crowd_close(struct by_hand *h, struct connection *crowd)
{
	for (int i = 0; i < CROWD; i++) {
		TAILQ_REMOVE(&h->connections, &crowd[i], link);
		event_free(crowd[i].writable);
		evbuffer_free(crowd[i].output);
	}
}

/* Runs of the statements that read changes. */
static int changes_read(struct by_hand *h)
{
	sqlite3_stmt *statement = NULL;
	int runs = 0;

	while ((statement = sqlite3_next_stmt(h->rig->control.store->db, statement)) != NULL)
		if (strstr(sqlite3_sql(statement), "FROM audit WHERE revision BETWEEN") != NULL
			|| strstr(sqlite3_sql(statement), "INDEXED BY audit_project") != NULL)
			runs += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_RUN, 1);
	return runs;
}

static void fill_socket(const struct by_hand *h)
{
	char bytes[1024] = {0};

	while (send(h->c.fd, bytes, sizeof(bytes), 0) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

/* What many are to get is read and rendered once for each project and once for all others. */
static void test_shared(void **state)
{
	struct connection crowd[CROWD];
	struct by_hand *h = *state;

	fill_socket(h);
	crowd_open(h, crowd);
	for (unsigned i = 0; i < 40; i++)
		hand_bind(h, i, i % 4 == 0 ? "a" : "b");
	served_update(&h->served, &h->rig->control);
	changes_read(h);
	assert_false(hand_turn(h));
	assert_int_equal(changes_read(h), 2);
	for (int i = 0; i < CROWD; i++) {
		const struct evbuffer *first = i % 2 == 0 ? h->c.output : crowd[1].output;
		struct evbuffer *output = crowd[i].output;
		const size_t len = evbuffer_get_length(output);

		assert_int_equal(crowd[i].watched, 41);
		assert_int_equal(len, evbuffer_get_length(first));
		assert_memory_equal(evbuffer_pullup(output, -1),
			evbuffer_pullup((struct evbuffer *)(uintptr_t)first, -1), len);
		/* 40 binds and the region, or the ten of project a. */
		size_t lines = 0;
		for (const unsigned char *at = evbuffer_pullup(output, -1), *last = at + len;
			at < last; at++)
			lines += *at == '\n';
		assert_int_equal(lines, i % 2 == 0 ? 41 : 10);
	}
	crowd_close(h, crowd);
}

/* A turn without time is for one; the next one's is another's. */
static void test_time_is_bounded(void **state)
{
	struct connection crowd[CROWD];
	struct by_hand *h = *state;

	fill_socket(h);
	crowd_open(h, crowd);
	served_update(&h->served, &h->rig->control);
	for (int turn = 0; turn <= CROWD; turn++) {
		assert_true(watch_send(&h->connections, &h->rig->control, &h->served, 0));
		assert_int_equal(h->c.watched, 1);
		for (int i = 0; i < CROWD; i++)
			assert_int_equal(crowd[i].watched, i < turn);
	}
	assert_false(watch_send(&h->connections, &h->rig->control, &h->served, 0));
	crowd_close(h, crowd);
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
#define TEST(name) cmocka_unit_test_setup_teardown(name, hand_set_up, hand_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_output_is_bounded),
		TEST(test_rows_are_bounded),
		TEST(test_project),
		TEST(test_shared),
		TEST(test_time_is_bounded),
		TEST(test_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
