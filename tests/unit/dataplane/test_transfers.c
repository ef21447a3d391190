/* Transfers over TCP: on loopback sockets, of zones that are served from a table in memory. */
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
#include "image.h"
#include "node.h"
#include "prefix.h"
#include "serving.h"
#include "tcp.h"
#include "transfer.h"

#define WAIT_MS 20000 /* that something happens that must happen */
#define MEMORY ((size_t)8 * 1024 * 1024)
#define SERVFAIL 2
#define NOTAUTH 9
#define ZONE "\00210\7in-addr\4arpa" /* of 10.0.0.0/8; the root label is the literal's end */

struct rig {
	struct ptrd_config_tcp limits;
	struct serving serving;
	struct policy policy;
	struct dns_prefix client;
	struct image image;
	struct dns_view *view;
	struct event_base *base;
	struct tcp *tcp;
	struct sockaddr_in address;
};

static struct dns_view *make_view(
	const struct image *image, const char *prefix, bool unbound, uint64_t generation)
{
	static const char *const ns[] = {"ns1.example.net."};
	const struct dns_region_spec spec = {
		.name = "eu",
		.table = image->table,
		.prefixes = &prefix,
		.prefixes_count = 1,
		.suffix = "example.com.",
		.default_name = "a{address}.{suffix}",
		.unbound_default = unbound,
		.soa_mname = "ns1.example.net.",
		.soa_rname = "hostmaster.example.net.",
		.ns_names = ns,
		.ns_names_count = 1,
	};
	char error[DNS_VIEW_ERROR_SIZE] = "";
	struct dns_view *view = dns_view_create(generation, &spec, 1, error);

	assert_string_equal(error, "");
	return view;
}

static int listen_on(struct rig *rig)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(rig->address);

	rig->address = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (bind(fd, (const void *)&rig->address, sizeof(rig->address)) != 0
		|| getsockname(fd, (void *)&rig->address, &len) != 0)
		return -1;
	return tcp_listen(rig->tcp, fd);
}

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	if (rig == NULL)
		return -1;
	*state = rig;
	rig->limits
		= (struct ptrd_config_tcp){.connections = 10, .per_client = 10, .idle_timeout = 60};
	rig->serving.node = aligned_alloc(64, sizeof(struct ptrd_node));
	memset(rig->serving.node, 0, sizeof(struct ptrd_node));
	struct rte_rcu_qsbr *qsbr = node_qsbr(rig->serving.node);
	if (rte_rcu_qsbr_init(qsbr, PTRD_READERS_MAX) != 0
		|| rte_rcu_qsbr_thread_register(qsbr, NODE_READER_MAIN) != 0)
		return -1;
	assert_null(dns_prefix_parse_client(&rig->client, "127.0.0.0/24"));
	rig->policy.settings.transfer_to = &rig->client;
	rig->policy.settings.transfer_to_count = 1;
	rig->policy.transfers = 2;
	rig->policy.transfer_memory = MEMORY;
	image_create(&rig->image, 2000, 100, 64);
	image_header(&rig->image)->revision = 42;
	for (uint32_t i = 0; i < 5000; i++)
		image_bind(&rig->image, 0x0a000000 + i * 3, PTRD_REF_DEFAULT);
	rig->view = make_view(&rig->image, "10.0.0.0/8", false, 1);
	atomic_store(&rig->serving.view, rig->view);
	atomic_store(&rig->serving.policy, &rig->policy);
	rig->base = events_create();
	rig->tcp = tcp_create(rig->base, &rig->serving, &rig->limits);
	return listen_on(rig);
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	tcp_destroy(rig->tcp);
	event_base_free(rig->base);
	dns_view_free(rig->view);
	image_free(&rig->image);
	free(rig->serving.node);
	free(rig);
	return 0;
}

static uint64_t event(const struct rig *rig, enum ptrd_event what)
{
	return atomic_load(&rig->serving.node->counters[NODE_READER_MAIN].event[what]);
}

static uint64_t outcome(const struct rig *rig, enum ptrd_outcome what)
{
	return atomic_load(&rig->serving.node->counters[NODE_READER_MAIN].outcome[what]);
}

static int connect_from(const struct rig *rig, in_addr_t from)
{
	const struct sockaddr_in local = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(from)};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const void *)&local, sizeof(local)), 0);
	assert_int_equal(connect(fd, (const void *)&rig->address, sizeof(rig->address)), 0);
	return fd;
}

static int connect_to(const struct rig *rig)
{
	return connect_from(rig, INADDR_LOOPBACK);
}

static void send_query(int fd, uint8_t id, const char *name, size_t name_len, uint8_t type)
{
	uint8_t query[128] = {0, (uint8_t)(12 + name_len + 4), 0, id, 0, 0, 0, 1};

	memcpy(query + 14, name, name_len);
	query[14 + name_len + 1] = type;
	query[14 + name_len + 3] = 1;
	assert_int_equal(send(fd, query, 14 + name_len + 4, MSG_NOSIGNAL), 14 + name_len + 4);
}
#define ASK(fd, id, name, type) send_query(fd, id, name, sizeof(name), type)

/* Runs the server until there is something to read, for `limit` ms. */
static bool readable(struct rig *rig, int fd, int limit)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	for (int waited = 0; waited < limit; waited++) {
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
		if (poll(&poll_fd, 1, 1) > 0)
			return true;
	}
	return false;
}

/* Reads a message. Returns its length, 0 when the server has closed the connection. */
static size_t receive(struct rig *rig, int fd, uint8_t *message)
{
	uint8_t head[2];
	size_t have = 0, want = sizeof(head);
	uint8_t *at = head;

	for (;;) {
		assert_true(readable(rig, fd, WAIT_MS));
		const ssize_t n = recv(fd, at + have, want - have, 0);
		if (n <= 0)
			return 0;
		have += (size_t)n;
		if (have < want)
			continue;
		if (at == message)
			return want;
		want = (size_t)(head[0] << 8 | head[1]);
		at = message;
		have = 0;
	}
}

/* Reads messages of that ID until they have `records`. */
static void expect_records(struct rig *rig, int fd, uint8_t id, unsigned records)
{
	static uint8_t message[UINT16_MAX];

	while (records > 0) {
		assert_true(receive(rig, fd, message) > 12);
		assert_int_equal(message[1], id);
		assert_int_equal(message[3] & 15, 0);
		const unsigned count = (unsigned)(message[6] << 8 | message[7]);

		assert_in_range(count, 1, records);
		records -= count;
	}
}

/* The reply without records of that ID. */
static void expect_error(struct rig *rig, int fd, uint8_t id, unsigned rcode)
{
	static uint8_t message[UINT16_MAX];

	assert_int_equal(receive(rig, fd, message), 12 + sizeof(ZONE) + 4);
	assert_int_equal(message[1], id);
	assert_int_equal(message[2] & 0x80, 0x80);
	assert_int_equal(message[3] & 15, rcode);
	assert_int_equal(message[6] << 8 | message[7], 0);
}

/* Queries before and behind a transfer are answered, all in their order. */
static void test_pipelined(void **state)
{
	struct rig *rig = *state;
	const int fd = connect_to(rig);

	ASK(fd, 1, ZONE, 6);
	ASK(fd, 2, ZONE, 252);
	ASK(fd, 3, ZONE, 6);
	ASK(fd, 4, ZONE, 252);
	ASK(fd, 5, ZONE, 2);
	expect_records(rig, fd, 1, 1);
	expect_records(rig, fd, 2, 5000 + 3);
	expect_records(rig, fd, 3, 1);
	expect_records(rig, fd, 4, 5000 + 3);
	expect_records(rig, fd, 5, 1);
	assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_DONE), 2);
	assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_ABORTED), 0);
	assert_int_equal(outcome(rig, PTRD_TRANSFER), 2);
	close(fd);
}

/* A client that closes its half still gets the zone, then the end. */
static void test_half_close(void **state)
{
	struct rig *rig = *state;
	uint8_t byte;
	const int fd = connect_to(rig);

	ASK(fd, 7, ZONE, 252);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect_records(rig, fd, 7, 5000 + 3);
	assert_true(readable(rig, fd, WAIT_MS));
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

/* A zone that no socket buffer holds. */
static void serve_long_zone(struct rig *rig)
{
	dns_view_free(rig->view);
	rig->view = make_view(&rig->image, "10.0.0.0/8", true, 2);
	atomic_store(&rig->serving.view, rig->view);
}

static void expect_aborted(struct rig *rig, uint64_t count)
{
	for (unsigned i = 0; event(rig, PTRD_EVENT_TRANSFER_ABORTED) < count && i < WAIT_MS; i++) {
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
		usleep(1000);
	}
	assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_ABORTED), count);
}

/* Two at a time; a third is SERVFAIL, and so is it on another zone. A client that goes makes room. */
static void test_number(void **state)
{
	static uint8_t message[UINT16_MAX];
	struct rig *rig = *state;
	int fd[3];

	serve_long_zone(rig);
	for (unsigned i = 0; i < 2; i++) {
		fd[i] = connect_from(rig, INADDR_LOOPBACK + i);
		ASK(fd[i], 1, ZONE, 252);
		assert_true(readable(rig, fd[i], WAIT_MS));
	}
	fd[2] = connect_to(rig);
	ASK(fd[2], 3, ZONE, 252);
	assert_true(receive(rig, fd[2], message) > 12);
	assert_int_equal(message[3] & 15, 2);
	assert_int_equal(outcome(rig, PTRD_SERVFAIL_TRANSFER), 1);
	close(fd[0]);
	expect_aborted(rig, 1);
	ASK(fd[2], 4, ZONE, 252);
	assert_true(receive(rig, fd[2], message) > 12);
	assert_int_equal(message[3] & 15, 0);
	/* Those that are not done when the server goes have been aborted, and nothing is lost. */
	tcp_destroy(rig->tcp);
	rig->tcp = NULL;
	assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_ABORTED), 3);
	close(fd[1]);
	close(fd[2]);
}

/* Of any number one client has half, rounded up; the rest is for others. */
static void test_share(void **state)
{
	static const struct {
		unsigned all, share;
	} cases[] = {{1, 1}, {2, 1}, {3, 2}, {6, 3}};
	struct rig *rig = *state;
	unsigned total = 0;
	int fd[6];

	serve_long_zone(rig);
	rig->policy.transfer_memory = 4 * MEMORY;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		rig->policy.transfers = cases[c].all;
		for (unsigned i = 0; i < cases[c].all; i++) {
			const in_addr_t client = INADDR_LOOPBACK + i / cases[c].share;

			fd[i] = connect_from(rig, client);
			ASK(fd[i], 1, ZONE, 252);
			assert_true(readable(rig, fd[i], WAIT_MS));
			assert_int_equal(outcome(rig, PTRD_TRANSFER), ++total);
			if ((i + 1) % cases[c].share != 0)
				continue;
			const int over = connect_from(rig, client);

			ASK(over, 2, ZONE, 252);
			expect_error(rig, over, 2, SERVFAIL);
			close(over);
		}
		for (unsigned i = 0; i < cases[c].all; i++)
			close(fd[i]);
		expect_aborted(rig, total);
	}
}

/* A client that does not read holds what the bound allows, for the idle time-out and no longer. */
static void test_client_that_does_not_read(void **state)
{
	struct rig *rig = *state;
	const int small = 4096;

	tcp_destroy(rig->tcp);
	rig->limits.idle_timeout = 1;
	rig->tcp = tcp_create(rig->base, &rig->serving, &rig->limits);
	assert_int_equal(listen_on(rig), 0);
	serve_long_zone(rig);
	const int fd = connect_to(rig);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	ASK(fd, 1, ZONE, 252);
	for (unsigned i = 0; event(rig, PTRD_EVENT_TCP_TIMEOUT) == 0 && i < WAIT_MS / 5; i++) {
		(void)event_base_loop(rig->base, EVLOOP_NONBLOCK);
		usleep(5000);
	}
	assert_int_equal(event(rig, PTRD_EVENT_TCP_TIMEOUT), 1);
	assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_ABORTED), 1);
	/* Of 16 million records it has been given a few hundred kilobytes. */
	assert_in_range(event(rig, PTRD_EVENT_TX), 1, 1000);
	close(fd);
}

/* Without the memory to begin, or for its copy, a transfer is SERVFAIL; the query behind it is answered,
 * and the next one fits. */
static void test_memory(void **state)
{
	/* 5000 entries take 30000, and the rest takes 36000. */
	static const size_t memory[] = {0, 1000, 40000};
	const size_t count = sizeof(memory) / sizeof(memory[0]);
	struct rig *rig = *state;
	const int fd = connect_to(rig);

	for (unsigned i = 0; i < count; i++) {
		rig->policy.transfer_memory = memory[i];
		ASK(fd, 1, ZONE, 252);
		ASK(fd, 2, ZONE, 6);
		expect_error(rig, fd, 1, SERVFAIL);
		expect_records(rig, fd, 2, 1);
		assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_ABORTED), i + 1);
		assert_int_equal(outcome(rig, PTRD_SERVFAIL_TRANSFER), i + 1);
		assert_int_equal(event(rig, PTRD_EVENT_RX), 2 * (i + 1));
	}
	rig->policy.transfer_memory = MEMORY;
	ASK(fd, 3, ZONE, 252);
	expect_records(rig, fd, 3, 5000 + 3);
	assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_ABORTED), count);
	close(fd);
}

/* So is one of a table with an entry that cannot be read; who closed its half gets that, and the end. */
static void test_corrupt(void **state)
{
	static uint8_t message[UINT16_MAX];
	struct rig *rig = *state;
	const int fd = connect_to(rig);

	image_bind(&rig->image, 0x0a000001, PTRD_REF_IPV6 - 1); /* behind all cells */
	ASK(fd, 1, ZONE, 252);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect_error(rig, fd, 1, SERVFAIL);
	assert_int_equal(receive(rig, fd, message), 0);
	assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_ABORTED), 1);
	close(fd);
}

/* While a transaction is published a transfer waits, and everybody else is answered; when the zone
 * goes meanwhile the client is told. */
static void test_waiting(void **state)
{
	struct rig *rig = *state;
	const int fd = connect_to(rig), other = connect_to(rig),
		  third = connect_from(rig, INADDR_LOOPBACK + 1);

	image_header(&rig->image)->changed[77] = 43;
	ASK(fd, 1, ZONE, 252);
	ASK(third, 3, ZONE, 252);
	for (unsigned i = 0; i < 50; i++) {
		ASK(other, 2, ZONE, 6);
		expect_records(rig, other, 2, 1);
		assert_false(readable(rig, fd, 1));
	}
	image_header(&rig->image)->revision = 43;
	expect_records(rig, fd, 1, 5000 + 3);
	expect_records(rig, third, 3, 5000 + 3);

	image_header(&rig->image)->changed[77] = 44;
	ASK(fd, 4, ZONE, 252);
	assert_false(readable(rig, fd, 20));
	struct dns_view *gone = rig->view;

	rig->view = make_view(&rig->image, "11.0.0.0/8", false, 2);
	atomic_store(&rig->serving.view, rig->view);
	dns_view_free(gone);
	expect_error(rig, fd, 4, NOTAUTH);
	assert_int_equal(event(rig, PTRD_EVENT_TRANSFER_ABORTED), 1);
	close(fd);
	close(other);
	close(third);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pipelined, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_half_close, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_number, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_share, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_client_that_does_not_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_corrupt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_waiting, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
