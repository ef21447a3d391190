/*
 * Sizes of replies: what is sent whole, and what is truncated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define ARPA "in-addr.arpa."

enum {
	A = 1,
	NS = 2,
	SOA = 6,
	PTR = 12,
	IN = 1
};

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_create(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

/* Adds a record of five names such that the reply without OPT takes `size` bytes. */
static void add_of_size(struct image *image, uint32_t address, unsigned question, unsigned size)
{
	const unsigned count = 5;
	unsigned rest = size - 12 - question - count * 12;
	uint8_t names[5 * 255], *at = names;

	for (unsigned i = 0; i < count; i++) {
		const unsigned len = rest / (count - i);

		wire_of_length(at, len, (char)('a' + i));
		at += len;
		rest -= len;
	}
	image_record(image, address, 60, names, count);
}

struct size_case {
	unsigned last; /* octet of the address */
	int udp_size;  /* -1: no OPT */
	enum dns_transport transport;
	unsigned padding; /* bytes behind the query: the caller's room grows with them */
	unsigned expected_len;
	bool truncated;
};

static void ask_size(const struct dns_view *view, const struct size_case *c)
{
	static const uint8_t zeros[4096];
	char name[40];
	struct query q;
	struct reply reply;

	snprintf(name, sizeof(name), "%u.2.0.192." ARPA, c->last);
	query_header(&q, 0, 1, 0, 0, c->udp_size >= 0);
	query_question(&q, name, PTR, IN);
	if (c->udp_size >= 0)
		query_opt(&q, (unsigned)c->udp_size, 0, "", 0);
	const unsigned bare_len = q.len;

	query_bytes(&q, zeros, c->padding);
	ask(&reply, view, &q, c->transport);
	assert_int_equal(reply.request.outcome, PTRD_PTR_CUSTOM);
	if (ldns_pkt_tc(reply.pkt) != c->truncated)
		fail_msg("%s with size %d: TC %d", name, c->udp_size, !c->truncated);
	assert_int_equal(ldns_pkt_ancount(reply.pkt), c->truncated ? 0 : 5);
	assert_int_equal(reply.len, c->truncated ? bare_len : c->expected_len);
	assert_int_equal(ldns_pkt_edns(reply.pkt), c->udp_size >= 0);
	reply_free(&reply);
}

/* Replies of the exact sizes around each limit, against clients' sizes around each limit. */
static void test_sizes(void **state)
{
	static const unsigned replies[] = {511, 512, 513, 1231, 1232, 1233};
	static const int clients[] = {-1, 0, 1, 511, 512, 513, 1231, 1232, 1233, 4096, 65535};
	/* 20.2.0.192.in-addr.arpa, type, class */
	const unsigned question = 3 + 2 + 2 + 4 + 14 + 4;
	struct rig own;

	(void)state;
	rig_create(&own);
	image_free(&own.images[TINY]);
	image_create(&own.images[TINY], 8, 0, 32768);
	((struct dns_region *)&own.view->regions[TINY])->table = own.images[TINY].table;
	for (unsigned i = 0; i < 6; i++) { /* .20 on: without OPT; .26 on: with it */
		add_of_size(&own.images[TINY], ADDRESS(192, 0, 2, 20 + i), question, replies[i]);
		if (i > 0)
			add_of_size(&own.images[TINY], ADDRESS(192, 0, 2, 25 + i), question,
				replies[i] - 11);
	}
	for (size_t c = 0; c < sizeof(clients) / sizeof(clients[0]); c++) {
		const bool opt = clients[c] >= 0;
		unsigned limit = clients[c] < 512 ? 512 : (unsigned)clients[c];

		if (limit > 1232)
			limit = 1232;
		for (unsigned i = 1; i < 6; i++) {
			struct size_case size = {
				.last = (opt ? 25 : 20) + i,
				.udp_size = clients[c],
				.expected_len = replies[i],
			};

			for (size.padding = 0; size.padding <= 4096; size.padding += 2048) {
				size.transport = DNS_UDP;
				size.truncated = replies[i] > limit;
				ask_size(own.view, &size);
				size.transport = DNS_TCP;
				size.truncated = false;
				ask_size(own.view, &size);
			}
		}
	}
	rig_free(&own);
}

/* Whatever does not fit goes as a whole: the NS set, a negative answer's SOA. */
static void test_truncated_sets(void **state)
{
	static const struct {
		const char *name;
		unsigned type, udp_size;
		enum ptrd_outcome outcome;
		bool truncated;
		unsigned rcode;
	} cases[] = {
		{"0.168.192." ARPA, NS, 1232, PTRD_NS, true, 0},
		{"0.168.192." ARPA, SOA, 512, PTRD_SOA, true, 0},
		{"0.168.192." ARPA, SOA, 1232, PTRD_SOA, false, 0},
		{"2.0.168.192." ARPA, PTR, 512, PTRD_NXDOMAIN, true, LDNS_RCODE_NXDOMAIN},
		{"2.0.168.192." ARPA, PTR, 1232, PTRD_NXDOMAIN, false, LDNS_RCODE_NXDOMAIN},
		{"1.0.168.192." ARPA, A, 512, PTRD_NODATA, true, 0},
		{"1.0.168.192." ARPA, PTR, 512, PTRD_PTR_DEFAULT, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int transport = DNS_UDP; transport <= DNS_TCP; transport++) {
			const bool truncated = cases[i].truncated && transport == DNS_UDP;
			struct query q;
			struct reply reply;

			query_header(&q, 0, 1, 0, 0, 1);
			query_question(&q, cases[i].name, cases[i].type, IN);
			query_opt(&q, cases[i].udp_size, 0, "", 0);
			ask(&reply, rig.view, &q, (enum dns_transport)transport);
			assert_int_equal(reply.request.outcome, cases[i].outcome);
			assert_int_equal(reply_rcode(&reply), cases[i].rcode);
			assert_int_equal(ldns_pkt_tc(reply.pkt), truncated);
			assert_true(ldns_pkt_edns(reply.pkt));
			assert_int_equal(
				ldns_pkt_ancount(reply.pkt) + ldns_pkt_nscount(reply.pkt) == 0,
				truncated);
			if (cases[i].type == NS && !truncated)
				assert_int_equal(ldns_pkt_ancount(reply.pkt), 13);
			reply_free(&reply);
		}
	}
}

/* The longest question of a served zone, and the longest SOA: they fit in what every caller has. */
static void test_longest(void **state)
{
	struct query q;
	struct reply reply;
	uint8_t name[255];

	(void)state;
	query_header(&q, 0, 1, 0, 0, 1);
	wire_of_length(name, 255 - 26 + 1, 'a');
	query_bytes(&q, name, 255 - 26); /* without its root */
	query_name(&q, "1.0.168.192." ARPA);
	assert_int_equal(q.len, 12 + 255);
	query_u16(&q, PTR);
	query_u16(&q, IN);
	query_opt(&q, 1232, 0x8000, "", 0);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_NXDOMAIN);
	assert_int_equal(ldns_pkt_nscount(reply.pkt), 1);
	char *owner
		= ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_authority(reply.pkt), 0)));

	assert_string_equal(owner, "0.168.192." ARPA);
	free(owner);
	reply_free(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_truncated_sets),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
