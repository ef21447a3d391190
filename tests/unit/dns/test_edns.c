/*
 * OPT in queries and replies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#define NAME "7.113.0.203.in-addr.arpa."

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

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *what;
	const char *rdata;
	unsigned len;
	uint32_t ttl; /* extended RCODE, version, flags */
	enum ptrd_outcome outcome;
} rows[] = {
	{"empty", BYTES(""), 0, PTRD_PTR_CUSTOM},
	{"DO", BYTES(""), 0x8000, PTRD_PTR_CUSTOM},
	{"unknown flags", BYTES(""), 0x7fff, PTRD_PTR_CUSTOM},
	{"all flags", BYTES(""), 0xffff, PTRD_PTR_CUSTOM},
	{"extended RCODE in a query", BYTES(""), 0xff000000, PTRD_PTR_CUSTOM},
	{"unknown option", BYTES("\xff\xfe\0\0"), 0, PTRD_PTR_CUSTOM},
	{"client subnet", BYTES("\0\x08\0\x07\0\1\x18\0\xc6\x33\x64"), 0, PTRD_PTR_CUSTOM},
	{"padding and unknown", BYTES("\0\x0c\0\4\0\0\0\0\xff\xfe\0\1x"), 0x8000, PTRD_PTR_CUSTOM},
	{"option of 1 byte too many", BYTES("\0\x0c\0\5\0\0\0\0"), 0, PTRD_FORMERR_EDNS},
	{"option of 65535 bytes", BYTES("\0\x0c\xff\xff\0\0\0\0"), 0, PTRD_FORMERR_EDNS},
	{"second option overruns", BYTES("\0\x0c\0\1x\0\x0c\0\1"), 0x8000, PTRD_FORMERR_EDNS},
	{"1 byte of an option", BYTES("\0"), 0, PTRD_FORMERR_EDNS},
	{"2 bytes of an option", BYTES("\0\x0c"), 0, PTRD_FORMERR_EDNS},
	{"3 bytes of an option", BYTES("\0\x0c\0"), 0, PTRD_FORMERR_EDNS},
	{"1 byte behind an option", BYTES("\0\x0c\0\1xx"), 0, PTRD_FORMERR_EDNS},
	{"version 1", BYTES(""), 0x00010000, PTRD_BADVERS},
	{"version 1, DO", BYTES(""), 0x00018000, PTRD_BADVERS},
	{"version 255", BYTES(""), 0x00ff0000, PTRD_BADVERS},
	{"version 1, its own kind of RDATA", BYTES("\0\x0c\0\5x"), 0x00010000, PTRD_BADVERS},
};

static unsigned outcome_rcode(enum ptrd_outcome outcome)
{
	return outcome == PTRD_BADVERS ? 16 : outcome == PTRD_FORMERR_EDNS ? 1 : 0;
}

/* `error`: info-code of its extended error, the only option, or 0 for none. */
static void assert_opt(const struct reply *reply, bool dnssec_ok, unsigned error)
{
	const uint8_t option[6] = {0, 15, 0, 2, 0, (uint8_t)error};

	assert_int_equal(LDNS_ARCOUNT(reply->bytes), 1);
	assert_true(ldns_pkt_edns(reply->pkt));
	assert_int_equal(ldns_pkt_edns_udp_size(reply->pkt), 1232);
	assert_int_equal(ldns_pkt_edns_version(reply->pkt), 0);
	assert_int_equal(ldns_pkt_edns_z(reply->pkt), dnssec_ok ? 0x8000 : 0);
	if (error == 0) {
		assert_null(ldns_pkt_edns_data(reply->pkt));
		return;
	}
	assert_non_null(ldns_pkt_edns_data(reply->pkt));
	assert_int_equal(ldns_rdf_size(ldns_pkt_edns_data(reply->pkt)), sizeof(option));
	assert_memory_equal(reply->bytes + reply->len - sizeof(option), option, sizeof(option));
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int transport = DNS_UDP; transport <= DNS_TCP; transport++) {
			struct query q;
			struct reply reply;

			print_message("%s\n", rows[i].what);
			query_header(&q, 0x0100, 1, 0, 0, 1);
			query_question(&q, NAME, 12, 1);
			query_opt(&q, 4096, rows[i].ttl, rows[i].rdata, rows[i].len);
			ask(&reply, rig.view, &q, (enum dns_transport)transport);
			assert_int_equal(reply.request.outcome, rows[i].outcome);
			assert_int_equal(reply_rcode(&reply), outcome_rcode(rows[i].outcome));
			assert_true(question_echoed(&reply, &q));
			assert_int_equal(
				ldns_pkt_ancount(reply.pkt), rows[i].outcome == PTRD_PTR_CUSTOM);
			assert_int_equal(
				ldns_pkt_aa(reply.pkt), rows[i].outcome == PTRD_PTR_CUSTOM);
			assert_true(ldns_pkt_rd(reply.pkt));
			assert_opt(&reply, (rows[i].ttl & 0x8000) != 0, 0);
			reply_free(&reply);
		}
	}
}

static void test_no_opt(void **state)
{
	struct query q;
	struct reply reply;

	(void)state;
	query_simple(&q, NAME, 12);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_false(ldns_pkt_edns(reply.pkt));
	assert_int_equal(LDNS_ARCOUNT(reply.bytes), 0);
	reply_free(&reply);
}

/* Two OPT, whatever else is wrong with either; an owner that is not the root. */
static void test_malformed(void **state)
{
	for (unsigned form = 0; form < 6; form++) {
		struct query q;
		struct reply reply;

		(void)state;
		query_header(&q, 0, 1, 0, 0, form < 4 ? 2 : 1);
		query_question(&q, NAME, 12, 1);
		if (form == 4)
			query_bytes(&q, "\1x", 2); /* "x." before the root byte of the OPT */
		if (form == 5)
			query_u16(&q,
				0xc024); /* a pointer to the question's root label is not a root */
		query_opt(&q, 1232, form == 1 ? 0x18000 : 0x8000, "\0\1\0\1", form == 2 ? 4 : 0);
		if (form == 5) { /* drop the root byte behind the pointer */
			memmove(q.bytes + q.len - 11, q.bytes + q.len - 10, 10);
			q.len--;
		}
		if (form < 4)
			query_opt(&q, 512, form == 3 ? 0x10000 : 0, "", 0);
		ask(&reply, rig.view, &q, DNS_UDP);
		assert_int_equal(reply.request.outcome, PTRD_FORMERR_EDNS);
		assert_int_equal(reply_rcode(&reply), LDNS_RCODE_FORMERR);
		assert_true(question_echoed(&reply, &q));
		assert_opt(&reply, true, 0);
		reply_free(&reply);
	}
}

/* An OPT goes with every reply of a query that has one. */
static void test_with_every_outcome(void **state)
{
	static const struct {
		const char *name;
		unsigned type, class;
		enum ptrd_outcome outcome;
		unsigned error;
	} cases[] = {
		{"8.113.0.203.in-addr.arpa.", 12, 1, PTRD_PTR_DEFAULT, 0},
		{"9.0.113.0.203.in-addr.arpa.", 12, 1, PTRD_NXDOMAIN, 0},
		{"7.113.0.203.in-addr.arpa.", 1, 1, PTRD_NODATA, 0},
		{"113.0.203.in-addr.arpa.", 6, 1, PTRD_SOA, 0},
		{"113.0.203.in-addr.arpa.", 2, 1, PTRD_NS, 0},
		{"www.example.com.", 12, 1, PTRD_REFUSED_ZONE, 20},
		{"7.113.0.203.in-addr.arpa.", 12, 4, PTRD_REFUSED_CLASS, 21},
		{"7.113.0.203.in-addr.arpa.", 12, 3, PTRD_REFUSED_CHAOS, 21},
		{"113.0.203.in-addr.arpa.", 252, 1, PTRD_REFUSED_TRANSFER, 18},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct query q;
		struct reply reply;

		query_header(&q, 0, 1, 0, 0, 1);
		query_question(&q, cases[i].name, cases[i].type, cases[i].class);
		query_opt(&q, 1232, 0x8000, "", 0);
		ask(&reply, rig.view, &q, DNS_UDP);
		assert_int_equal(reply.request.outcome, cases[i].outcome);
		assert_opt(&reply, true, cases[i].error);
		reply_free(&reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_opt),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_with_every_outcome),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
