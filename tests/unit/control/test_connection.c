/* A connection by itself: what happens to replies whose generation is not applied. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "connection.h"
#include "fake_publisher.h"
#include "rig.h"

struct fixture {
	struct rig *rig;
	struct event_base *base;
	struct connection *c;
	int client;
	uint64_t applied;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fds[2];

	assert_non_null(f);
	f->rig = rig_new();
	f->rig->control.publisher->applied = &f->applied;
	f->rig->control.publisher->next = 9;
	f->base = event_base_new();
	assert_non_null(f->base);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	f->client = fds[1];
	f->c = connection_new(f->base, fds[0], &actor_operator);
	assert_non_null(f->c);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	connection_free(f->c);
	event_base_free(f->base);
	close(f->client);
	rig_free(f->rig);
	free(f);
	return 0;
}

static void send_text(struct fixture *f, const char *text)
{
	char line[512];
	size_t len = strlen(text);

	assert_true(len < sizeof(line));
	for (size_t i = 0; i < len; i++)
		line[i] = text[i] == '\'' ? '"' : text[i];
	assert_int_equal(send(f->client, line, len, 0), len);
}

static void take(struct fixture *f, struct budget *budget)
{
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	round_begin(&f->rig->round);
	connection_take(f->c, &f->rig->round, budget);
	round_commit(&f->rig->round);
}

static void ask(struct fixture *f, const char *text)
{
	struct budget budget = {.bytes = SIZE_MAX, .until = INT64_MAX};

	send_text(f, text);
	take(f, &budget);
}

static void assert_reply(struct fixture *f, const char *part)
{
	char text[8192];
	const ssize_t len = recv(f->client, text, sizeof(text) - 1, 0);

	if (part == NULL) {
		assert_int_equal(len, -1);
		return;
	}
	assert_true(len > 0);
	text[len] = '\0';
	if (strstr(text, part) == NULL)
		fail_msg("no %s in %s", part, text);
}

#define CREATE                                                                                     \
	"{'jsonrpc':'2.0','id':1,'method':'region.create','params':"                               \
	"{'name':'eu','prefixes':['10.0.0.0/8'],'suffix':'x'}}\n"
#define BIND "{'jsonrpc':'2.0','id':3,'method':'eip.bind','params':{'address':'10.0.0.1'}}\n"
#define STATUS "{'jsonrpc':'2.0','id':2,'method':'region.get','params':{'name':'eu'}}\n"

static void test_applied(void **state)
{
	struct fixture *f = *state;

	ask(f, CREATE STATUS);
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 2);
	assert_reply(f, NULL);
	f->applied = 8;
	assert_int_equal(connection_send(f->c, &f->rig->control, 10999), 2);
	assert_reply(f, NULL);
	f->applied = 9;
	assert_int_equal(connection_send(f->c, &f->rig->control, 10999), 0);
	assert_reply(f, "\"id\":1,\"result\"");
}

static void test_never_applied(void **state)
{
	struct fixture *f = *state;

	/* All three wait from the same moment. */
	ask(f, CREATE STATUS BIND);
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 3);
	assert_int_equal(connection_send(f->c, &f->rig->control, 10999), 3);
	assert_reply(f, NULL);
	assert_int_equal(connection_send(f->c, &f->rig->control, 11000), 0);
	assert_reply(f,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":"
		"\"stored, and served as soon as the dataplane applies generation 9 (waited 10 s)\","
		"\"data\":{\"code\":\"DNS.0503\",\"stored\":true,\"revision\":1}}}\n"
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":");
	/* It is stored, and later requests go on. */
	ask(f, STATUS);
	assert_int_equal(connection_send(f->c, &f->rig->control, 11000), 0);
	assert_reply(f, "\"id\":2,\"result\"");
}

static void test_finished(void **state)
{
	struct fixture *f = *state;

	ask(f, CREATE);
	assert_int_equal(shutdown(f->client, SHUT_WR), 0);
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 1);
	assert_false(connection_finished(f->c));
	f->applied = 9;
	assert_int_equal(connection_send(f->c, &f->rig->control, 1001), 0);
	assert_true(connection_finished(f->c));
	assert_reply(f, "\"result\"");
}

/* A budget of time ends with the request that it runs out in; what is left is for the next round. */
static void test_budget(void **state)
{
	struct budget none = {.bytes = SIZE_MAX, .until = 0},
		      one = {.bytes = 1, .until = INT64_MAX};
	struct fixture *f = *state;

	f->applied = 9;
	ask(f, CREATE);
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 0);
	assert_reply(f, "\"id\":1,\"result\"");
	send_text(f, STATUS BIND);
	take(f, &none);
	assert_true(f->c->has_lines);
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 0);
	assert_reply(f, NULL);
	take(f, &one);
	assert_int_equal(one.bytes, 0);
	assert_true(f->c->has_lines);
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 0);
	assert_reply(f, "\"id\":2,\"result\"");
	ask(f, "");
	assert_false(f->c->has_lines);
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 0);
	assert_reply(f, "\"id\":3,\"result\"");
}

#define LARGE_SIZE (100 * 1024)
#define LARGE_COUNT 100

/* A notification with much to say, which is refused: of an unknown address. */
static void send_large(struct fixture *f)
{
	static char line[LARGE_SIZE + 200];
	const int len = snprintf(line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"method\":\"ptr.set\",\"params\":{\"address\":\"10.0.0.9\","
		"\"names\":[\"a.b\"],\"description\":\"%0*d\"}}\n",
		LARGE_SIZE, 1);

	for (int sent = 0; sent < len;) {
		const ssize_t n = send(f->client, line + sent, (size_t)(len - sent), 0);

		assert_true(n > 0);
		sent += (int)n;
		ask(f, "");
	}
}

/* What waits behind a change that is not applied keeps its place and its id, not its parameters. */
static void test_waiting_is_small(void **state)
{
	struct fixture *f = *state;

	ask(f, CREATE BIND);
	send_large(f);
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 3);
	const size_t before = mallinfo2().uordblks;

	for (int i = 0; i < LARGE_COUNT; i++) {
		send_large(f);
		assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 4 + i);
	}
	assert_true(mallinfo2().uordblks < before + LARGE_COUNT * LARGE_SIZE / 10);
	assert_int_equal(connection_send(f->c, &f->rig->control, 11000), 0);
	assert_reply(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\"");
}

#define SMALL "{'jsonrpc':'2.0','method':'region.list'}\n"
#define TEN_SMALL SMALL SMALL SMALL SMALL SMALL SMALL SMALL SMALL SMALL SMALL

/* Those without parameters and replies are bounded by their number. */
static void test_waiting_is_bounded(void **state)
{
	const size_t most = CONNECTION_OUTPUT_MAX / sizeof(struct request) + 1;
	struct fixture *f = *state;
	size_t waiting = 0;

	ask(f, CREATE);
	while (connection_may_take(f->c)) {
		ask(f, TEN_SMALL);
		waiting = connection_send(f->c, &f->rig->control, 1000);
		assert_true(waiting <= most);
	}
	assert_true(waiting > most - 10);
	f->applied = 9;
	assert_int_equal(connection_send(f->c, &f->rig->control, 1000), 0);
	assert_true(connection_may_take(f->c));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_applied),
		TEST(test_never_applied),
		TEST(test_finished),
		TEST(test_budget),
		TEST(test_waiting_is_small),
		TEST(test_waiting_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
