/*
 * Messages: header, question and records in every broken form. One row or test for each line of the
 * contract's "Messages" in engine.h.
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
#define OPT_WITH_EDE (11 + 6) /* bytes */
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

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

/* Asks over both transports. `question`: whether the reply echoes it. */
static void assert_answer(
	const struct query *q, enum ptrd_outcome outcome, unsigned rcode, bool question, bool opt)
{
	for (int transport = DNS_UDP; transport <= DNS_TCP; transport++) {
		struct reply reply;

		ask(&reply, rig.view, q, (enum dns_transport)transport);
		assert_int_equal(reply.request.outcome, outcome);
		assert_non_null(reply.pkt);
		assert_int_equal(reply_rcode(&reply), rcode);
		if (question)
			assert_true(question_echoed(&reply, q));
		else
			assert_int_equal(ldns_pkt_qdcount(reply.pkt), 0);
		assert_int_equal(LDNS_ARCOUNT(reply.bytes), opt);
		if (rcode != LDNS_RCODE_NOERROR) {
			assert_int_equal(ldns_pkt_ancount(reply.pkt), 0);
			assert_int_equal(ldns_pkt_nscount(reply.pkt), 0);
			assert_false(ldns_pkt_aa(reply.pkt));
		}
		reply_free(&reply);
	}
}

static void assert_formerr(
	const struct query *q, enum ptrd_outcome outcome, bool question, bool opt)
{
	assert_answer(q, outcome, LDNS_RCODE_FORMERR, question, opt);
}

static void assert_dropped(const struct query *q, enum ptrd_outcome outcome)
{
	struct reply reply;

	ask(&reply, rig.view, q, DNS_UDP);
	assert_int_equal(reply.request.outcome, outcome);
	assert_int_equal(reply.len, 0);
	reply_free(&reply);
}

static void test_dropped(void **state)
{
	struct query q;

	(void)state;
	query_simple(&q, NAME, 12);
	for (q.len = 0; q.len < 12; q.len++)
		assert_dropped(&q, PTRD_DROP_SHORT);
	query_simple(&q, NAME, 12);
	q.bytes[2] |= 0x80;
	assert_dropped(&q, PTRD_DROP_RESPONSE);
	q.bytes[2] |= 0x28; /* whatever the opcode */
	assert_dropped(&q, PTRD_DROP_RESPONSE);
	q.len = 12;
	assert_dropped(&q, PTRD_DROP_RESPONSE);
}

static void test_ports(void **state)
{
	struct query q;

	(void)state;
	query_simple(&q, NAME, 12);
	for (unsigned port = 0; port <= UINT16_MAX; port++) {
		const bool dropped
			= port == 0 || port == 7 || port == 13 || port == 19 || port == 37;
		uint8_t msg[DNS_UDP_SIZE];
		struct dns_request r = {.msg = msg,
			.len = (uint16_t)q.len,
			.room = sizeof(msg),
			.port = (uint16_t)port,
			.transport = DNS_UDP};

		memcpy(msg, q.bytes, q.len);
		dns_answer(
			&(struct dns_context){.view = rig.view, .settings = &ask_settings}, &r, 1);
		assert_int_equal(r.outcome, dropped ? PTRD_DROP_PORT : PTRD_PTR_CUSTOM);
		assert_int_equal(r.reply_len == 0, dropped);
	}
}

/* Every prefix of a query with OPT, and the outcome that its last whole part decides. */
static void test_cut_everywhere(void **state)
{
	static const uint8_t option[] = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
	struct query q;

	(void)state;
	query_header(&q, 0x0100, 1, 0, 0, 1);
	query_question(&q, NAME, 12, 1);
	const unsigned question_end = q.len;

	query_opt(&q, 1232, 0, option, sizeof(option));
	const unsigned whole = q.len, opt_end = question_end + 11;

	for (q.len = 0; q.len <= whole; q.len++) {
		if (q.len < 12)
			assert_dropped(&q, PTRD_DROP_SHORT);
		else if (q.len < question_end)
			assert_formerr(&q, PTRD_FORMERR_QUESTION, false, false);
		else if (q.len < opt_end)
			assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
		else if (q.len < whole)
			assert_formerr(&q, PTRD_FORMERR_EDNS, true, true);
		else
			assert_answer(&q, PTRD_PTR_CUSTOM, 0, true, true);
	}
}

static void test_opcodes(void **state)
{
	struct query q;

	(void)state;
	for (unsigned opcode = 1; opcode < 16; opcode++) {
		for (unsigned form = 0; form < 5; form++) {
			struct reply reply;

			/* every flag that a query may have */
			query_header(&q, opcode << 11 | 0x07f0, form > 0, 0, 0, form > 1);
			if (form > 0)
				query_question(&q, NAME, 6, 1);
			if (form > 1)
				query_opt(&q, 1232, form == 2 ? 0x8000 : 0, "", form == 3 ? 1 : 0);
			if (form == 4)
				q.bytes[q.len - 11] = 1; /* the owner runs into nonsense */
			ask(&reply, rig.view, &q, DNS_UDP);
			assert_int_equal(reply.request.outcome, PTRD_NOTIMP);
			assert_int_equal(reply.bytes[2], 0x80 | opcode << 3);
			assert_int_equal(reply.bytes[3], LDNS_RCODE_NOTIMPL);
			assert_int_equal(reply.len, form == 2 ? 12 + OPT_WITH_EDE : 12);
			assert_int_equal(ldns_pkt_edns_do(reply.pkt), form == 2);
			reply_free(&reply);
		}
	}
}

/* NOTIFY and UPDATE have records in the middle sections: the OPT behind them is found. */
static void test_opcode_with_records(void **state)
{
	struct query q;
	struct reply reply;

	(void)state;
	query_header(&q, 5 << 11, 1, 0, 1, 1);
	query_question(&q, "113.0.203.in-addr.arpa.", 6, 1);
	query_bytes(&q, "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4", 16);
	query_opt(&q, 1232, 0x10000, "",
		0); /* a version that we do not speak can be read all the same */
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply_rcode(&reply), LDNS_RCODE_NOTIMPL);
	assert_int_equal(reply.len, 12 + 11);
	reply_free(&reply);

	/* an OPT, then the end where one more record is counted */
	query_header(&q, 5 << 11, 0, 0, 0, 2);
	query_opt(&q, 1232, 0, "", 0);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply_rcode(&reply), LDNS_RCODE_NOTIMPL);
	assert_int_equal(reply.len, 12 + OPT_WITH_EDE);
	reply_free(&reply);

	query_header(&q, 5 << 11, 65535, 65535, 65535, 65535);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply_rcode(&reply), LDNS_RCODE_NOTIMPL);
	reply_free(&reply);
}

static void test_qdcount(void **state)
{
	struct query q;

	(void)state;
	query_header(&q, 0, 0, 0, 0, 0);
	assert_formerr(&q, PTRD_FORMERR_QUESTION, false, false);
	query_header(&q, 0, 0, 0, 0, 1);
	query_opt(&q, 1232, 0, "", 0);
	assert_formerr(&q, PTRD_FORMERR_QUESTION, false, true);
	query_header(&q, 0, 1, 0, 0, 0); /* counted, not there */
	assert_formerr(&q, PTRD_FORMERR_QUESTION, false, false);
	query_header(&q, 0, 2, 0, 0, 1);
	query_question(&q, NAME, 12, 1);
	query_bytes(&q, "\xc0\x0c\0\14\0\1", 6);
	query_opt(&q, 1232, 0, "", 0);
	assert_formerr(&q, PTRD_FORMERR_QUESTION, false, true);
	query_header(&q, 0, 2, 0, 0, 0);
	query_question(&q, NAME, 12, 1);
	assert_formerr(&q, PTRD_FORMERR_QUESTION, false, false);
	query_header(&q, 0, 65535, 0, 0, 0);
	query_question(&q, NAME, 12, 1);
	assert_formerr(&q, PTRD_FORMERR_QUESTION, false, false);
}

static const struct {
	const char *what;
	const char *name; /* bytes of QNAME */
	unsigned len;
	bool accepted;
} qnames[] = {
#define BYTES(text) text, sizeof(text) - 1
	{"root", BYTES("\0"), true},
	{"label of 63", BYTES("\77" L63 "\0"), true},
	{"label of 64", BYTES("\100" L63 "a\0"), false},
	{"label kind 10", BYTES("\200aaaa\0"), false},
	{"label of 191", BYTES("\277aaaa\0"), false},
	{"pointer to itself", BYTES("\300\14"), false},
	{"pointer forward", BYTES("\3007\113\300\20\0"), false},
	{"pointer behind the message", BYTES("\377\377"), false},
	{"pointer into the header", BYTES("\300\4"), false},
	{"pointer to byte 0", BYTES("\300\0"), false},
	{"label, then pointer to its start", BYTES("\1a\300\14"), false},
	{"name, then pointer into the header",
		BYTES("\0017\003113\0010\003203\7in-addr\4arpa\300\4"), false},
	{"pointer cut", BYTES("\300"), false},
#undef BYTES
};

static void test_qnames(void **state)
{
	struct query q;

	(void)state;
	for (size_t i = 0; i < sizeof(qnames) / sizeof(qnames[0]); i++) {
		print_message("%s\n", qnames[i].what);
		query_header(&q, 0, 1, 0, 0, 0);
		query_bytes(&q, qnames[i].name, qnames[i].len);
		query_u16(&q, 12);
		query_u16(&q, 1);
		if (qnames[i].accepted)
			assert_answer(&q, PTRD_REFUSED_ZONE, LDNS_RCODE_REFUSED, true, false);
		else
			assert_formerr(&q, PTRD_FORMERR_QUESTION, false, false);
	}
}

static void test_name_length(void **state)
{
	uint8_t wire[260];
	struct query q;

	(void)state;
	for (unsigned len = 250; len <= 258; len++) {
		query_header(&q, 0, 1, 0, 0, 1);
		wire_of_length(wire, len, 'a');
		query_bytes(&q, wire, len);
		query_u16(&q, 12);
		query_u16(&q, 1);
		query_opt(&q, 1232, 0, "", 0);
		if (len <= 255)
			assert_answer(&q, PTRD_REFUSED_ZONE, LDNS_RCODE_REFUSED, true, true);
		else
			assert_formerr(&q, PTRD_FORMERR_QUESTION, false, false);
	}
}

static const char a_record[] = "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4";

static void test_sections(void **state)
{
	struct query q;

	(void)state;
	for (unsigned section = 0; section < 2; section++) {
		query_header(&q, 0, 1, section == 0, section == 1, 1);
		query_question(&q, NAME, 12, 1);
		query_bytes(&q, a_record, 16);
		query_opt(&q, 1232, 0, "", 0);
		assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, true);
	}
	/* an OPT among the answers is none */
	query_header(&q, 0, 1, 1, 0, 0);
	query_question(&q, NAME, 12, 1);
	query_opt(&q, 1232, 0, "", 0);
	assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
	/* counted, not there */
	query_simple(&q, NAME, 12);
	q.bytes[11] = 1;
	assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
	q.bytes[10] = q.bytes[11] = 0xff;
	assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
}

/* The SOA in the authority section of an IXFR; another record; the SOA as an answer; two. */
static void test_ixfr(void **state)
{
	static const char soa_record[]
		= "\xc0\x0c\0\6\0\1\0\0\0\0\0\26\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	struct query q;

	(void)state;
	query_header(&q, 0, 1, 0, 1, 0);
	query_question(&q, "113.0.203.in-addr.arpa.", 251, 1);
	query_bytes(&q, soa_record, 34);
	assert_answer(&q, PTRD_REFUSED_TRANSFER, LDNS_RCODE_REFUSED, true, false);
	query_header(&q, 0, 1, 0, 1, 0);
	query_question(&q, "113.0.203.in-addr.arpa.", 251, 1);
	query_bytes(&q, a_record, 16);
	assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
	query_header(&q, 0, 1, 1, 0, 0);
	query_question(&q, "113.0.203.in-addr.arpa.", 251, 1);
	query_bytes(&q, soa_record, 34);
	assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
	query_header(&q, 0, 1, 0, 2, 0);
	query_question(&q, "113.0.203.in-addr.arpa.", 251, 1);
	query_bytes(&q, soa_record, 34);
	query_bytes(&q, soa_record, 34);
	assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
}

static void test_additional(void **state)
{
	static const char tsig_like[] = "\3key\0\0\372\0\377\0\0\0\0\0\2xx";
	struct query q;

	(void)state;
	/* other records before and behind the OPT */
	query_header(&q, 0, 1, 0, 0, 3);
	query_question(&q, NAME, 12, 1);
	query_bytes(&q, tsig_like, sizeof(tsig_like) - 1);
	query_opt(&q, 1232, 0, "", 0);
	query_bytes(&q, tsig_like, sizeof(tsig_like) - 1);
	assert_answer(&q, PTRD_PTR_CUSTOM, 0, true, true);
	q.len--; /* the last one's RDATA is cut: an OPT was read before */
	assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, true);
	/* one whose owner is a pointer, cut everywhere */
	query_header(&q, 0, 1, 0, 0, 1);
	query_question(&q, NAME, 12, 1);
	const unsigned start = q.len;

	query_u16(&q, 0xc00c);
	query_bytes(&q, tsig_like + 5, sizeof(tsig_like) - 1 - 5);
	const unsigned whole = q.len;

	for (q.len = start; q.len < whole; q.len++)
		assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
	assert_answer(&q, PTRD_PTR_CUSTOM, 0, true, false);
	/* an owner with a pointer: back, to itself, forward */
	for (unsigned offset = 0; offset < 3; offset++) {
		query_header(&q, 0, 1, 0, 0, 1);
		query_question(&q, NAME, 12, 1);
		const unsigned owner = q.len;

		query_u16(&q, 0xc000 | (offset == 0 ? 12 : owner - 1 + offset));
		query_bytes(&q, tsig_like + 5, sizeof(tsig_like) - 1 - 5);
		if (offset == 0)
			assert_answer(&q, PTRD_PTR_CUSTOM, 0, true, false);
		else
			assert_formerr(&q, PTRD_FORMERR_SECTIONS, true, false);
	}
}

static void test_trailing_bytes(void **state)
{
	struct query q;

	(void)state;
	query_simple(&q, NAME, 12);
	query_opt(&q, 512, 0x8000, "", 0); /* not counted */
	assert_answer(&q, PTRD_PTR_CUSTOM, 0, true, false);
	query_simple(&q, NAME, 12);
	for (unsigned i = 0; i < 2000; i++)
		query_bytes(&q, "\377", 1);
	assert_answer(&q, PTRD_PTR_CUSTOM, 0, true, false);
	while (q.len < UINT16_MAX)
		query_bytes(&q, "\377", 1);
	assert_answer(&q, PTRD_PTR_CUSTOM, 0, true, false);
}

static void test_classes_and_transfers(void **state)
{
	static const uint16_t classes[] = {0, 2, 4, 254, 256, 0x0100, 0xffff};
	struct query q;

	(void)state;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		query_header(&q, 0, 1, 0, 0, 0);
		query_question(&q, NAME, 12, classes[i]);
		assert_answer(&q, PTRD_REFUSED_CLASS, LDNS_RCODE_REFUSED, true, false);
	}
	query_header(&q, 0, 1, 0, 0, 0);
	query_question(&q, NAME, 12, 3);
	assert_answer(&q, PTRD_REFUSED_CHAOS, LDNS_RCODE_REFUSED, true, false);
	query_header(&q, 0, 1, 0, 0, 0);
	query_question(&q, "version.bind.", 16, 3); /* no text is configured */
	assert_answer(&q, PTRD_REFUSED_CHAOS, LDNS_RCODE_REFUSED, true, false);
	for (unsigned type = 251; type <= 252; type++) {
		query_simple(&q, "113.0.203.in-addr.arpa.", type);
		assert_answer(&q, PTRD_REFUSED_TRANSFER, LDNS_RCODE_REFUSED, true, false);
		query_simple(&q, "www.example.com.", type);
		assert_answer(&q, PTRD_REFUSED_TRANSFER, LDNS_RCODE_REFUSED, true, false);
	}
}

/* RD is copied; AA, TC, RA, Z, AD and CD of the query change nothing. */
static void test_flags(void **state)
{
	static const unsigned bits[] = {
		0, 0x0100, 0x0400, 0x0200, 0x0080, 0x0040, 0x0020, 0x0010, 0x07f0, 0x000f, 0x07ff};

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		struct query q;
		struct reply reply;

		query_header(&q, bits[i], 1, 0, 0, 0);
		query_question(&q, NAME, 12, 1);
		ask(&reply, rig.view, &q, DNS_UDP);
		assert_int_equal(reply.request.outcome, PTRD_PTR_CUSTOM);
		assert_int_equal(reply.bytes[2], 0x84 | (bits[i] & 0x0100) >> 8);
		assert_int_equal(reply.bytes[3], 0);
		reply_free(&reply);
	}
}

/* Asks; the reply is to be freed with reply_free(). */
static void ask_with(struct reply *reply, const struct query *q, unsigned more)
{
	struct query other = *q;

	other.bytes[11] = (uint8_t)(other.bytes[11] + more);
	ask(reply, rig.view, &other, DNS_UDP);
}

/*
 * A query in its usual form is not walked through record by record. One with a record more, which is
 * ignored, is: both get the same.
 */
static void test_usual_form(void **state)
{
	static const char *const names[] = {NAME, "7.113.0.203.IN-addr.aRPa.",
		"9.113.0.203.in-addr.arpa.", "77.113.0.203.in-addr.arpa.", "1.2.3.4.in-addr.arpa.",
		"07.113.0.203.in-addr.arpa."};
	static const unsigned types[] = {12, 255, 16, 6, 251, 252}, classes[] = {1, 255, 3, 4};
	static const uint8_t options[][12]
		= {"", "\0\3\0\0", "\0\12\0\10abcdefgh", "\0\12\0\7abcdefg", "\0\3\0\1"};
	static const unsigned option_lens[] = {0, 4, 12, 11, 4};
	static const uint32_t ttls[] = {0, 0x8000, 0xff000000, 0x10000, 0x7fff};
	static const unsigned sizes[] = {0, 512, 513, 1231, 1232, 1233, 65535};

	(void)state;
	ask_settings.nsid_len = 3;
	ask_settings.cookie_secrets = 1;
	for (unsigned i = 0; i < 6 * 6 * 4 * 8; i++) {
		const unsigned kind = i % 8, o = i % 5, t = i % 7 % 5;
		struct query q;
		struct reply reply, other;

		query_header(&q, 0x0100, 1, 0, 0, kind > 0);
		query_question(&q, names[i / 8 % 6], types[i / 48 % 6], classes[i / 288]);
		if (kind > 0)
			query_opt(&q, sizes[kind - 1], ttls[t], options[o], option_lens[o]);
		ask_with(&reply, &q, 0);
		query_name(&q, "a.example.");
		query_bytes(&q, "\0\1\0\1\0\0\0\0\0\4\12\0\0\1", 14);
		ask_with(&other, &q, 1);
		assert_int_equal(reply.request.outcome, other.request.outcome);
		assert_int_equal(reply.request.udp_size, other.request.udp_size);
		assert_int_equal(reply.len, other.len);
		assert_memory_equal(reply.bytes, other.bytes, reply.len);
		reply_free(&reply);
		reply_free(&other);
	}
	memset(&ask_settings, 0, sizeof(ask_settings));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_cut_everywhere),
		cmocka_unit_test(test_opcodes),
		cmocka_unit_test(test_opcode_with_records),
		cmocka_unit_test(test_qdcount),
		cmocka_unit_test(test_qnames),
		cmocka_unit_test(test_name_length),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_ixfr),
		cmocka_unit_test(test_additional),
		cmocka_unit_test(test_trailing_bytes),
		cmocka_unit_test(test_classes_and_transfers),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_usual_form),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
