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
#define TEST(name) cmocka_unit_test_setup_teardown(name, hand_set_up, hand_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_output_is_bounded),
		TEST(test_rows_are_bounded),
		TEST(test_project),
		TEST(test_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
