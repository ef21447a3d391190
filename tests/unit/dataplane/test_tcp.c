/* DNS over TCP on loopback sockets, with an empty view: every query is refused, which is an
 * answer. */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cmocka.h>
#include <event2/event.h>

#include <rte_rcu_qsbr.h>

#include "events.h"
#include "node.h"
#include "tcp.h"
#include "worker.h"

#define QUERY_SIZE 32  /* bytes, without its length */
#define HELD_MAX 24576 /* bytes, for a client that asks and does not read */
#define WAIT_MS 20000  /* that something happens that must happen */

struct rig {
	struct ptrd_config_tcp limits;
	struct serving serving;
	struct policy policy;
	struct dns_view *view;
	struct event_base *base;
	struct tcp *tcp;
	struct sockaddr_in address;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	char error[DNS_VIEW_ERROR_SIZE];
	socklen_t len = sizeof(rig->address);

	if (rig == NULL)
		return -1;
	*state = rig;
	rig->limits
		= (struct ptrd_config_tcp){.connections = 3, .per_client = 2, .idle_timeout = 60};
	rig->serving.node = aligned_alloc(64, sizeof(struct ptrd_node));
	memset(rig->serving.node, 0, sizeof(struct ptrd_node));
	struct rte_rcu_qsbr *qsbr = node_qsbr(rig->serving.node);
	if (rte_rcu_qsbr_init(qsbr, PTRD_READERS_MAX) != 0
		|| rte_rcu_qsbr_thread_register(qsbr, NODE_READER_MAIN) != 0)
		return -1;
	rig->view = dns_view_create(0, NULL, 0, error);
	atomic_store(&rig->serving.view, rig->view);
	atomic_store(&rig->serving.policy, &rig->policy);
	rig->base = events_create();
	rig->tcp = tcp_create(rig->base, &rig->serving, &rig->limits);
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	rig->address.sin_family = AF_INET;
	rig->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (const void *)&rig->address, sizeof(rig->address)) != 0
		|| getsockname(fd, (void *)&rig->address, &len) != 0)
		return -1;
	return tcp_listen(rig->tcp, fd);
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	tcp_destroy(rig->tcp);
	event_base_free(rig->base);
	dns_view_free(rig->view);
	free(rig->serving.node);
	free(rig);
	return 0;
}

/* A query for 7.in-addr.arpa with its length in front. */
static void make_query(uint8_t query[QUERY_SIZE + 2], uint16_t id)
{
	static const uint8_t rest[] = "\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
				      "\x01"
				      "7\x07in-addr\x04"
				      "arpa\x00\x00\x0c\x00\x01";

	_Static_assert(sizeof(rest) - 1 + 4 == QUERY_SIZE + 2, "size");
	query[0] = 0;
	query[1] = QUERY_SIZE;
	query[2] = (uint8_t)(id >> 8);
	query[3] = (uint8_t)id;
	memcpy(query + 4, rest, sizeof(rest) - 1);
}

static int connect_to(const struct rig *rig, in_addr_t from)
{
	const struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const void *)&local, sizeof(local)), 0);
	assert_int_equal(connect(fd, (const void *)&rig->address, sizeof(rig->address)), 0);
	return fd;
}

static uint64_t event(const struct rig *rig, enum ptrd_event what)
{
	return atomic_load(&rig->serving.node->counters[NODE_READER_MAIN].event[what]);
}

/* Runs the server until `fd` can be read; false if that never comes. */
static bool readable(struct rig *rig, int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	for (int waited = 0; waited < WAIT_MS; waited += 5) {
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
		if (poll(&poll_fd, 1, 5) > 0)
			return true;
	}
	return false;
}

/* Reads `len` bytes. Returns false if the server closes before. */
static bool receive(struct rig *rig, int fd, uint8_t *bytes, size_t len)
{
	for (size_t have = 0; have < len;) {
		assert_true(readable(rig, fd));
		const ssize_t n = recv(fd, bytes + have, len - have, 0);
		if (n <= 0)
			return false;
		have += (size_t)n;
	}
	return true;
}

static bool closed(struct rig *rig, int fd)
{
	uint8_t byte;

	return !receive(rig, fd, &byte, 1);
}

/* The reply to make_query(): REFUSED, question echoed. */
static void expect_reply(struct rig *rig, int fd, uint16_t id)
{
	uint8_t query[QUERY_SIZE + 2], reply[QUERY_SIZE + 2];

	make_query(query, id);
	assert_true(receive(rig, fd, reply, sizeof(reply)));
	query[4] = 0x81;
	query[5] = 0x05;
	assert_memory_equal(reply, query, sizeof(reply));
}

static void send_all(int fd, const uint8_t *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

static void test_one_query(void **state)
{
	struct rig *rig = *state;
	uint8_t query[QUERY_SIZE + 2];
	const int fd = connect_to(rig, INADDR_LOOPBACK);

	make_query(query, 1);
	send_all(fd, query, sizeof(query));
	expect_reply(rig, fd, 1);
	close(fd);
	assert_int_equal(event(rig, PTRD_EVENT_TCP_ACCEPTED), 1);
	assert_int_equal(event(rig, PTRD_EVENT_RX), 1);
	assert_int_equal(event(rig, PTRD_EVENT_TX), 1);
	assert_int_equal(
		atomic_load(&rig->serving.node->counters[0].outcome[PTRD_REFUSED_ZONE]), 1);
}

/* Three pipelined queries cut in two at every place: the replies are the same and in order. */
static void test_segmentation(void **state)
{
	struct rig *rig = *state;
	uint8_t queries[3][QUERY_SIZE + 2];
	const int fd = connect_to(rig, INADDR_LOOPBACK);

	for (size_t cut = 1; cut < sizeof(queries); cut++) {
		for (uint16_t i = 0; i < 3; i++)
			make_query(queries[i], (uint16_t)(cut * 3 + i));
		send_all(fd, &queries[0][0], cut);
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
		send_all(fd, &queries[0][0] + cut, sizeof(queries) - cut);
		for (uint16_t i = 0; i < 3; i++)
			expect_reply(rig, fd, (uint16_t)(cut * 3 + i));
	}
	close(fd);
}

static void test_byte_by_byte(void **state)
{
	struct rig *rig = *state;
	uint8_t query[QUERY_SIZE + 2];
	const int fd = connect_to(rig, INADDR_LOOPBACK);

	make_query(query, 77);
	for (size_t i = 0; i < sizeof(query); i++) {
		send_all(fd, query + i, 1);
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
	}
	expect_reply(rig, fd, 77);
	close(fd);
}

/* The longest message that a length can announce, in full: the query, and bytes behind it. */
static void test_longest_message(void **state)
{
	struct rig *rig = *state;
	uint8_t *message = calloc(1, 2 + UINT16_MAX);
	const int fd = connect_to(rig, INADDR_LOOPBACK);

	assert_non_null(message);
	make_query(message, 5);
	message[0] = 0xff;
	message[1] = 0xff;
	for (size_t sent = 0; sent < 2 + UINT16_MAX;) {
		const ssize_t n = send(
			fd, message + sent, 2 + UINT16_MAX - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			sent += (size_t)n;
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
	}
	expect_reply(rig, fd, 5);
	free(message);
	close(fd);
}

/* A client that closes its half still gets all its answers, then the end. */
static void test_half_close(void **state)
{
	struct rig *rig = *state;
	uint8_t query[QUERY_SIZE + 2];
	const int fd = connect_to(rig, INADDR_LOOPBACK);

	for (uint16_t i = 0; i < 100; i++) {
		make_query(query, i);
		send_all(fd, query, sizeof(query));
	}
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	for (uint16_t i = 0; i < 100; i++)
		expect_reply(rig, fd, i);
	assert_true(closed(rig, fd));
	close(fd);
}

/* Messages that get no reply end the connection: length 0, shorter than a header, a response. */
static void test_no_query(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} messages[] = {
		{"\0\0", 2},
		{"\0\x0b"
		 "12345678901",
			13},
		{"\0\x0c\0\1\x80\0\0\1\0\0\0\0\0\0", 14},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const int fd = connect_to(rig, INADDR_LOOPBACK);

		send_all(fd, (const uint8_t *)messages[i].bytes, messages[i].len);
		assert_true(closed(rig, fd));
		close(fd);
	}
}

static bool answered(struct rig *rig, int fd)
{
	uint8_t query[QUERY_SIZE + 2], reply[QUERY_SIZE + 2];

	make_query(query, 9);
	return send(fd, query, sizeof(query), MSG_NOSIGNAL) == sizeof(query)
		&& receive(rig, fd, reply, sizeof(reply));
}

/* Two from one address; three in all, where the one that has been idle longest makes room; a place
 * that is given up is free again. */
static void test_limits(void **state)
{
	struct rig *rig = *state;
	int fd[5];

	fd[0] = connect_to(rig, INADDR_LOOPBACK);
	assert_true(answered(rig, fd[0]));
	fd[1] = connect_to(rig, INADDR_LOOPBACK);
	assert_true(answered(rig, fd[1]));
	fd[2] = connect_to(rig, INADDR_LOOPBACK); /* its third */
	assert_false(answered(rig, fd[2]));
	assert_int_equal(event(rig, PTRD_EVENT_TCP_REFUSED), 1);
	fd[3] = connect_to(rig, INADDR_LOOPBACK + 1);
	assert_true(answered(rig, fd[3]));
	assert_true(answered(rig, fd[0]));
	fd[4] = connect_to(rig, INADDR_LOOPBACK + 2); /* the fourth in all */
	assert_true(answered(rig, fd[4]));
	assert_int_equal(event(rig, PTRD_EVENT_TCP_REFUSED), 1);
	assert_int_equal(event(rig, PTRD_EVENT_TCP_EVICTED), 1);
	assert_true(closed(rig, fd[1])); /* the second to come, but the first did ask again */
	assert_true(answered(rig, fd[0]));
	assert_true(answered(rig, fd[3]));
	assert_true(answered(rig, fd[4]));
	for (size_t i = 0; i < 5; i++)
		close(fd[i]);
	for (int i = 0; i < 50; i++) {
		const int again = connect_to(rig, INADDR_LOOPBACK);

		assert_true(answered(rig, again));
		close(again);
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
	}
}

/* A client with all its connections open does not make room at the cost of others. */
static void test_limit_of_client_comes_first(void **state)
{
	struct rig *rig = *state;
	int fd[4];

	fd[0] = connect_to(rig, INADDR_LOOPBACK + 1); /* idle longest */
	assert_true(answered(rig, fd[0]));
	for (size_t i = 1; i < 3; i++) {
		fd[i] = connect_to(rig, INADDR_LOOPBACK);
		assert_true(answered(rig, fd[i]));
	}
	fd[3] = connect_to(rig, INADDR_LOOPBACK);
	assert_false(answered(rig, fd[3]));
	assert_true(answered(rig, fd[0]));
	for (size_t i = 0; i < 4; i++)
		close(fd[i]);
}

/* An event on a pipe that notes a counter when it runs. */
struct probe {
	struct rig *rig;
	struct event *event;
	int pipe[2];
	enum ptrd_event what;
	uint64_t seen;
	bool ran;
	struct probe *next; /* made ready then, or NULL */
};

static void probe_ready(const struct probe *probe)
{
	assert_int_equal(write(probe->pipe[1], "x", 1), 1);
}

static void on_probe(evutil_socket_t fd, short what, void *argument)
{
	struct probe *probe = argument;
	char byte;

	(void)what;
	assert_int_equal(read(fd, &byte, 1), 1);
	probe->seen = event(probe->rig, probe->what);
	probe->ran = true;
	if (probe->next != NULL)
		probe_ready(probe->next);
}

static void probe_open(struct probe *probe, struct rig *rig, int priority, enum ptrd_event what)
{
	*probe = (struct probe){.rig = rig, .what = what};
	assert_int_equal(pipe(probe->pipe), 0);
	probe->event = event_new(rig->base, probe->pipe[0], EV_READ | EV_PERSIST, on_probe, probe);
	assert_non_null(probe->event);
	assert_int_equal(event_priority_set(probe->event, priority), 0);
	assert_int_equal(event_add(probe->event, NULL), 0);
}

static void probe_close(struct probe *probe)
{
	event_free(probe->event);
	close(probe->pipe[0]);
	close(probe->pipe[1]);
}

/* Runs until nothing is ready. */
static void run_ready(struct rig *rig)
{
	assert_true(event_base_loop(rig->base, EVLOOP_NONBLOCK) >= 0);
}

#define CROWD 40

/* However many wait to be accepted, a turn takes 16. */
static void test_accepts_of_a_turn(void **state)
{
	struct rig *rig = *state;
	struct probe probe;
	int fd[CROWD];

	rig->limits.connections = rig->limits.per_client = CROWD;
	probe_open(&probe, rig, EVENTS_LAST, PTRD_EVENT_TCP_ACCEPTED);
	/* The kernel mostly, not always, reports the listener before the pipe. */
	for (uint64_t seen = 0, before = 0; seen == 0; before += CROWD) {
		assert_true(before < 100 * CROWD);
		for (size_t i = 0; i < CROWD; i++)
			fd[i] = connect_to(rig, INADDR_LOOPBACK);
		probe_ready(&probe);
		run_ready(rig);
		assert_true(probe.ran);
		seen = probe.seen - before;
		assert_true(seen == 0 || seen == 16);
		for (size_t i = 0; i < CROWD; i++) {
			assert_true(answered(rig, fd[i]));
			close(fd[i]);
		}
		assert_int_equal(event(rig, PTRD_EVENT_TCP_ACCEPTED), before + CROWD);
	}
	probe_close(&probe);
}

/*
 * A crowd asks at a time. What is urgent waits for less than 16 of it, whether it came last or
 * becomes ready in their midst.
 */
static void test_urgent_goes_first(void **state)
{
	struct rig *rig = *state;
	struct probe first, midst, urgent;
	uint8_t query[QUERY_SIZE + 2];
	int fd[CROWD];

	rig->limits.connections = rig->limits.per_client = CROWD;
	probe_open(&first, rig, EVENTS_FIRST, PTRD_EVENT_TX);
	probe_open(&midst, rig, EVENTS_LAST, PTRD_EVENT_TX);
	probe_open(&urgent, rig, EVENTS_FIRST, PTRD_EVENT_TX);
	midst.next = &urgent;
	for (size_t i = 0; i < CROWD; i++) {
		fd[i] = connect_to(rig, INADDR_LOOPBACK);
		assert_true(answered(rig, fd[i]));
	}
	run_ready(rig);
	make_query(query, 1);
	probe_ready(&midst);
	for (size_t i = 0; i < CROWD; i++)
		send_all(fd[i], query, sizeof(query));
	probe_ready(&first);
	for (size_t i = 0; i < CROWD; i++)
		expect_reply(rig, fd[i], 1);
	assert_true(first.ran && midst.ran && urgent.ran);
	assert_in_range(first.seen - CROWD, 0, 15); /* the kernel reports 32 at a time at first */
	assert_in_range(urgent.seen - midst.seen, 0, 15);
	probe_close(&first);
	probe_close(&midst);
	probe_close(&urgent);
	for (size_t i = 0; i < CROWD; i++)
		close(fd[i]);
}

/* One client's 120 queries, which arrive as one: the next in line waits for 64 of them. */
static void test_queries_of_a_turn(void **state)
{
	enum {
		COUNT = 120
	};
	struct rig *rig = *state;
	struct probe probe;
	uint8_t queries[COUNT][QUERY_SIZE + 2];
	const int fd = connect_to(rig, INADDR_LOOPBACK);
	uint64_t seen = 0;

	probe_open(&probe, rig, EVENTS_LAST, PTRD_EVENT_TX);
	assert_true(answered(rig, fd));
	for (unsigned i = 0; i < COUNT; i++)
		make_query(queries[i], (uint16_t)i);
	/* The kernel mostly, not always, reports the connection before the pipe. */
	for (int attempt = 0; attempt < 100 && seen == 0; attempt++) {
		const uint64_t before = event(rig, PTRD_EVENT_TX);

		send_all(fd, &queries[0][0], sizeof(queries));
		probe_ready(&probe);
		for (unsigned i = 0; i < COUNT; i++)
			expect_reply(rig, fd, (uint16_t)i);
		assert_true(probe.ran);
		seen = probe.seen - before;
	}
	assert_int_equal(seen, 64);
	probe_close(&probe);
	close(fd);
}

/* Memory that libevent has, connections' buffers among it. */
static size_t held;

static void *hold(void *memory)
{
	held += malloc_usable_size(memory);
	return memory;
}

static void *held_malloc(size_t size)
{
	return hold(malloc(size));
}

static void *held_realloc(void *memory, size_t size)
{
	held -= malloc_usable_size(memory);
	return hold(realloc(memory, size));
}

static void held_free(void *memory)
{
	held -= malloc_usable_size(memory);
	free(memory);
}

/* Asks on until nobody reads any more: the socket buffers of both sides fill up in the end. Returns how
 * many bytes of queries that took. */
static size_t ask_until_stuck(struct rig *rig, int fd)
{
	uint8_t query[QUERY_SIZE + 2];
	size_t sent = 0, idle = 0;

	make_query(query, 3);
	while (idle < 50) {
		const ssize_t n = send(fd, query + sent % sizeof(query),
			sizeof(query) - sent % sizeof(query), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			idle++;
			usleep(1000);
		} else {
			sent += (size_t)n;
			idle = 0;
		}
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
	}
	return sent;
}

/* A client that only asks is not read for ever; later it gets every answer. */
static void test_client_that_does_not_read(void **state)
{
	struct rig *rig = *state;
	uint8_t query[QUERY_SIZE + 2];
	/* Below a loopback segment (64 KiB) the window would open at the pace of the persist timer. */
	const int small = 256 * 1024;
	const int fd = connect_to(rig, INADDR_LOOPBACK);

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	const size_t sent = ask_until_stuck(rig, fd);
	/* It reads now, and gets every answer; then the rest of the query that was cut. */
	make_query(query, 3);
	for (size_t i = 0; i < sent / sizeof(query); i++)
		expect_reply(rig, fd, 3);
	if (sent % sizeof(query) != 0) {
		send_all(fd, query + sent % sizeof(query), sizeof(query) - sent % sizeof(query));
		expect_reply(rig, fd, 3);
	}
	assert_true(answered(rig, fd));
	close(fd);
}

/* What each of those who never read can make the server hold has a bound. */
static void test_memory_of_clients(void **state)
{
	enum {
		COUNT = 3
	};
	const int least = 1;
	struct rig *rig = *state;
	const size_t before = held;
	int fd[COUNT];

	rig->limits.per_client = COUNT;
	for (unsigned i = 0; i < COUNT; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		/* Before the connection: the server's kernel has to hold what it sends. */
		assert_int_equal(
			setsockopt(fd[i], SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
		assert_int_equal(
			connect(fd[i], (const void *)&rig->address, sizeof(rig->address)), 0);
		(void)ask_until_stuck(rig, fd[i]);
	}
	assert_in_range(held - before, COUNT * HELD_MAX / 8, COUNT * HELD_MAX);
	for (unsigned i = 0; i < COUNT; i++)
		close(fd[i]);
}

/* One query, and the head of one that is as long as can be. Returns whether the former is answered: the
 * server has seen the latter then, and lets it come. */
static bool begin_long(struct rig *rig, int fd)
{
	uint8_t bytes[QUERY_SIZE + 2 + 2], reply[QUERY_SIZE + 2];

	make_query(bytes, 1);
	bytes[QUERY_SIZE + 2] = bytes[QUERY_SIZE + 3] = 0xff;
	send_all(fd, bytes, sizeof(bytes));
	return receive(rig, fd, reply, sizeof(reply));
}

/* Long queries, which nobody needs, are let in 64 at a time; one that ends makes room. */
static void test_long_queries(void **state)
{
	enum {
		COUNT = 64
	};
	static uint8_t rest[2 + UINT16_MAX];
	struct rig *rig = *state;
	int fd[COUNT + 1];

	rig->limits.connections = rig->limits.per_client = COUNT + 1;
	for (unsigned i = 0; i < COUNT; i++) {
		fd[i] = connect_to(rig, INADDR_LOOPBACK);
		assert_true(begin_long(rig, fd[i]));
	}
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(event(rig, PTRD_EVENT_TCP_REFUSED), i);
		fd[COUNT] = connect_to(rig, INADDR_LOOPBACK);
		assert_false(begin_long(rig, fd[COUNT]));
		close(fd[COUNT]);
	}
	/* One goes, one is answered: room for two. */
	close(fd[0]);
	make_query(rest, 5);
	send_all(fd[1], rest + 2, UINT16_MAX);
	expect_reply(rig, fd[1], 5);
	run_ready(rig);
	fd[0] = connect_to(rig, INADDR_LOOPBACK);
	assert_true(begin_long(rig, fd[0]));
	assert_true(begin_long(rig, fd[1]));
	fd[COUNT] = connect_to(rig, INADDR_LOOPBACK);
	assert_false(begin_long(rig, fd[COUNT]));
	for (unsigned i = 0; i <= COUNT; i++)
		close(fd[i]);
}

/* Bytes that make no query do not keep a connection. */
static void test_idle(void **state)
{
	struct rig *rig = *state;
	uint8_t query[QUERY_SIZE + 2];

	tcp_destroy(rig->tcp);
	rig->limits.idle_timeout = 1;
	rig->tcp = tcp_create(rig->base, &rig->serving, &rig->limits);
	const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(rig->address);
	rig->address.sin_port = 0;
	assert_int_equal(bind(listener, (const void *)&rig->address, len), 0);
	assert_int_equal(getsockname(listener, (void *)&rig->address, &len), 0);
	assert_int_equal(tcp_listen(rig->tcp, listener), 0);

	const int fd = connect_to(rig, INADDR_LOOPBACK);
	make_query(query, 1);
	send_all(fd, query, sizeof(query));
	expect_reply(rig, fd, 1);
	for (size_t i = 0; event(rig, PTRD_EVENT_TCP_TIMEOUT) == 0 && i < WAIT_MS / 20; i++) {
		if (i + 1 < sizeof(query)) /* a byte now and then, never the last one */
			(void)send(fd, query + i, 1, MSG_NOSIGNAL);
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
		usleep(20 * 1000);
	}
	assert_int_equal(event(rig, PTRD_EVENT_TCP_TIMEOUT), 1);
	assert_true(closed(rig, fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_query, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_segmentation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_byte_by_byte, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_longest_message, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_half_close, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_query, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_limit_of_client_comes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_accepts_of_a_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_urgent_goes_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_queries_of_a_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_client_that_does_not_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memory_of_clients, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_queries, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_idle, set_up, tear_down),
	};

	event_set_mem_functions(held_malloc, held_realloc, held_free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
