/*
 * Options and class CH where the settings say otherwise than the contract's cases, and the longest
 * OPT.
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

static void query_options(struct query *q, const char *name, unsigned type, unsigned class,
	const void *options, unsigned len)
{
	query_header(q, 0x0100, 1, 0, 0, 1);
	query_question(q, name, type, class);
	query_opt(q, 1232, 0, options, len);
}

/* Bytes of options in the reply. */
static size_t options_len(const struct reply *reply)
{
	const ldns_rdf *data = ldns_pkt_edns_data(reply->pkt);

	return data == NULL ? 0 : ldns_rdf_size(data);
}

/* What is not configured is ignored: cookies of any length, NSID, keepalive with a value. */
static void test_off(void **state)
{
	static const struct {
		const char *bytes;
		unsigned len;
	} options[] = {
		{"\0\12\0\7abcdefg", 11},
		{"\0\12\0\10abcdefgh", 12},
		{"\0\3\0\0", 4},
		{"\0\13\0\0", 4},
		{"\0\13\0\2\0\1", 6},
	};

	(void)state;
	ask_settings = (struct dns_settings){0};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		for (int transport = DNS_UDP; transport <= DNS_TCP; transport++) {
			struct query q;
			struct reply reply;

			query_options(&q, NAME, 12, 1, options[i].bytes, options[i].len);
			ask(&reply, rig.view, &q, (enum dns_transport)transport);
			assert_int_equal(reply.request.outcome, PTRD_PTR_CUSTOM);
			assert_int_equal(reply.request.cookie, DNS_COOKIE_NONE);
			assert_int_equal(options_len(&reply), 0);
			reply_free(&reply);
		}
	}
	struct query q;
	struct reply reply;

	query_header(&q, 0, 0, 0, 0, 1);
	query_opt(&q, 1232, 0, "\0\12\0\10abcdefgh", 12);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_FORMERR_QUESTION);
	reply_free(&reply);
}

/* What the caller counts. */
static void test_cookie_events(void **state)
{
	uint8_t option[4 + COOKIE_SIZE] = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
	struct query q;
	struct reply reply;

	(void)state;
	ask_settings = (struct dns_settings){.cookie_secrets = 1};
	ask_now = 5000;
	query_options(&q, NAME, 12, 1, option, 12);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.cookie, DNS_COOKIE_CLIENT);
	memcpy(option + 4, reply.bytes + reply.len - COOKIE_SIZE, COOKIE_SIZE);
	option[3] = COOKIE_SIZE;
	reply_free(&reply);
	query_options(&q, NAME, 12, 1, option, sizeof(option));
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.cookie, DNS_COOKIE_VALID);
	reply_free(&reply);
	ask_now = 5000 + 3601;
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.cookie, DNS_COOKIE_INVALID);
	assert_int_equal(reply.request.outcome, PTRD_PTR_CUSTOM);
	reply_free(&reply);
}

/* A node without a directory says that it is not ready. */
static void test_not_ready(void **state)
{
	static const uint8_t not_ready[] = {0, 15, 0, 2, 0, 14};
	char error[DNS_VIEW_ERROR_SIZE];
	struct dns_view *empty = dns_view_create(0, NULL, 0, error);
	static const char *const names[] = {NAME, "www.example.com.", "8.b.d.0.1.0.0.2.ip6.arpa."};

	(void)state;
	assert_non_null(empty);
	ask_settings = (struct dns_settings){0};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct query q;
		struct reply reply;

		query_options(&q, names[i], 12, 1, "", 0);
		ask(&reply, empty, &q, DNS_UDP);
		assert_int_equal(reply.request.outcome, PTRD_REFUSED_ZONE);
		assert_int_equal(reply_rcode(&reply), LDNS_RCODE_REFUSED);
		assert_int_equal(options_len(&reply), sizeof(not_ready));
		assert_memory_equal(
			reply.bytes + reply.len - sizeof(not_ready), not_ready, sizeof(not_ready));
		reply_free(&reply);
	}
	dns_view_free(empty);
}

/* The longest question with every option at its longest: whole within 512 bytes, over both
 * transports. */
static void test_longest(void **state)
{
	static const char options[] = "\0\3\0\0\0\12\0\10abcdefgh\0\13\0\0";
	uint8_t name[255];

	(void)state;
	ask_settings = (struct dns_settings){
		.nsid_len = DNS_NSID_MAX, .cookie_secrets = 2, .tcp_keepalive = UINT16_MAX};
	memset(ask_settings.nsid, 'n', DNS_NSID_MAX);
	wire_of_length(name, sizeof(name), 'a');
	for (int transport = DNS_UDP; transport <= DNS_TCP; transport++) {
		struct query q;
		struct reply reply;
		const unsigned keepalive = transport == DNS_TCP ? 4 + 2 : 0;

		query_header(&q, 0, 1, 0, 0, 1);
		query_bytes(&q, name, sizeof(name));
		query_u16(&q, 12);
		query_u16(&q, 1);
		query_opt(&q, 512, 0, options, sizeof(options) - 1);
		ask(&reply, rig.view, &q, (enum dns_transport)transport);
		assert_int_equal(reply.request.outcome, PTRD_REFUSED_ZONE);
		assert_false(ldns_pkt_tc(reply.pkt));
		assert_int_equal(options_len(&reply),
			4 + DNS_NSID_MAX + 4 + COOKIE_SIZE + keepalive + 4 + 2);
		assert_in_range(reply.len, 12 + 255 + 4 + 11, 512);
		reply_free(&reply);
	}
}

/* Sizes around the limit with options that count: the answer goes, they stay. */
static void test_size_with_options(void **state)
{
	(void)state;
	ask_settings = (struct dns_settings){.nsid_len = 1};
	for (unsigned len = 1; len <= DNS_NSID_MAX; len++) {
		struct query q;
		struct reply reply;

		ask_settings.nsid_len = (uint8_t)len;
		/* the SOA of a region whose names take 255 bytes each: over 512 in any case */
		query_options(&q, "0.168.192.in-addr.arpa.", 6, 1, "\0\3\0\0", 4);
		ask(&reply, rig.view, &q, DNS_UDP);
		assert_int_equal(options_len(&reply), 4 + len);
		assert_false(ldns_pkt_tc(reply.pkt));
		const unsigned size = reply.len;

		reply_free(&reply);
		for (unsigned limit = size - 1; limit <= size; limit++) {
			q.bytes[q.len - 12] = (uint8_t)(limit >> 8); /* the OPT's size */
			q.bytes[q.len - 11] = (uint8_t)limit;
			ask(&reply, rig.view, &q, DNS_UDP);
			assert_int_equal(ldns_pkt_tc(reply.pkt), limit < size);
			assert_int_equal(options_len(&reply), 4 + len);
			reply_free(&reply);
		}
	}
}

static void test_chaos(void **state)
{
	static const uint16_t others[] = {0, 1, 6, 15, 17, 252, 255, 256};
	char text[300];
	struct query q;
	struct reply reply;

	(void)state;
	memset(text, 'v', sizeof(text));
	text[299] = '\0';
	ask_settings = (struct dns_settings){.version = text, .hostname = "", .id = "i"};
	query_options(&q, "version.bind.", 16, 3, "", 0);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_CHAOS);
	assert_false(ldns_pkt_aa(reply.pkt));
	assert_int_equal(
		ldns_rdf_size(ldns_rr_rdf(ldns_rr_list_rr(ldns_pkt_answer(reply.pkt), 0), 0)), 256);
	reply_free(&reply);
	query_options(&q, "hostname.bind.", 16, 3, "", 0);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_section(ldns_pkt_answer(reply.pkt), "hostname.bind. 0 CH TXT \"\"\n");
	reply_free(&reply);
	query_options(&q, "iD.sERVER.", 16, 3, "", 0);
	ask(&reply, rig.view, &q, DNS_TCP);
	assert_section(ldns_pkt_answer(reply.pkt), "iD.sERVER. 0 CH TXT \"i\"\n");
	reply_free(&reply);
	/* its names in other classes, and other types of theirs, are none of these */
	query_options(&q, "id.server.", 16, 1, "", 0);
	ask(&reply, rig.view, &q, DNS_TCP);
	assert_int_equal(reply.request.outcome, PTRD_REFUSED_ZONE);
	reply_free(&reply);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		query_options(&q, "id.server.", others[i], 3, "", 0);
		ask(&reply, rig.view, &q, DNS_TCP);
		assert_int_equal(reply.request.outcome, PTRD_REFUSED_CHAOS);
		reply_free(&reply);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_cookie_events),
		cmocka_unit_test(test_not_ready),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_size_with_options),
		cmocka_unit_test(test_chaos),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
