/*
 * Answers: what each name and type gets, record by record; bursts; the sum.
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
	CNAME = 5,
	SOA = 6,
	PTR = 12,
	TXT = 16,
	OPT = 41,
	DS = 43,
	TKEY = 249,
	MAILB = 253,
	ANY = 255
};
enum {
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

#define SOA_RDATA "ns1.example.net. hostmaster.example.net. 42 3600 900 604800 300\n"
#define NEGATIVE(apex) apex " 300 IN SOA " SOA_RDATA
#define CUSTOM(owner, ttl) owner " " ttl " IN PTR mail.example.org.\n"
#define DEFAULT(owner, name) owner " 300 IN PTR " name ".compute.example.com.\n"

#define EU_ZONE "113.0.203." ARPA
#define CLOUD_ZONE "158.80." ARPA
#define OPEN_ZONE "100.51.198." ARPA
#define OPEN_NEGATIVE                                                                              \
	OPEN_ZONE " 120 IN SOA ns1.example.net. hostmaster.example.net. 42 3600 900 604800 900\n"
#define TINY(last) last ".2.0.192." ARPA
#define NS_SET(owner) owner " 7200 IN NS ns1.example.net.\n" owner " 7200 IN NS ns2.example.net.\n"

static const struct row {
	const char *name;
	unsigned type;
	enum ptrd_outcome outcome;
	const char *answer, *authority;
} rows[] = {
	/* addresses */
	{"7." EU_ZONE, PTR, PTRD_PTR_CUSTOM, CUSTOM("7." EU_ZONE, "600"), ""},
	{"7." EU_ZONE, ANY, PTRD_PTR_CUSTOM, CUSTOM("7." EU_ZONE, "600"), ""},
	{"7." EU_ZONE, A, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, CNAME, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, TXT, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, SOA, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, NS, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, DS, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, OPT, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, TKEY, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, MAILB, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, 0, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, 1000, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"7." EU_ZONE, 65535, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"8." EU_ZONE, PTR, PTRD_PTR_DEFAULT, DEFAULT("8." EU_ZONE, "ecs-203-0-113-8"), ""},
	{"8." EU_ZONE, ANY, PTRD_PTR_DEFAULT, DEFAULT("8." EU_ZONE, "ecs-203-0-113-8"), ""},
	{"8." EU_ZONE, 28, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{"100." EU_ZONE, PTR, PTRD_PTR_DEFAULT, DEFAULT("100." EU_ZONE, "ecs-203-0-113-100"), ""},
	{"11." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"11." EU_ZONE, ANY, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"11." EU_ZONE, A, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"0." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"255." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	/* no addresses */
	{"1.7." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"a.b.c.d.e.f.7." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"07." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"256." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"0x7." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"a." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"a." EU_ZONE, ANY, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	{"7.a." EU_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(EU_ZONE)},
	/* apex */
	{EU_ZONE, SOA, PTRD_SOA, EU_ZONE " 3600 IN SOA " SOA_RDATA, ""},
	{EU_ZONE, ANY, PTRD_SOA, EU_ZONE " 3600 IN SOA " SOA_RDATA, ""},
	{EU_ZONE, NS, PTRD_NS, NS_SET(EU_ZONE), ""},
	{EU_ZONE, PTR, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{EU_ZONE, A, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	{EU_ZONE, DS, PTRD_NODATA, "", NEGATIVE(EU_ZONE)},
	/* a zone of two octets: the names between */
	{"2.4." CLOUD_ZONE, PTR, PTRD_PTR_DEFAULT, DEFAULT("2.4." CLOUD_ZONE, "ecs-80-158-4-2"),
		""},
	{"3.4." CLOUD_ZONE, PTR, PTRD_PTR_CUSTOM, CUSTOM("3.4." CLOUD_ZONE, "601"), ""},
	{"4.4." CLOUD_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(CLOUD_ZONE)},
	{"4." CLOUD_ZONE, PTR, PTRD_NODATA, "", NEGATIVE(CLOUD_ZONE)},
	{"4." CLOUD_ZONE, ANY, PTRD_NODATA, "", NEGATIVE(CLOUD_ZONE)},
	{"4." CLOUD_ZONE, SOA, PTRD_NODATA, "", NEGATIVE(CLOUD_ZONE)},
	{"4." CLOUD_ZONE, NS, PTRD_NODATA, "", NEGATIVE(CLOUD_ZONE)},
	{"04." CLOUD_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(CLOUD_ZONE)},
	{"2.04." CLOUD_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(CLOUD_ZONE)},
	{"256." CLOUD_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(CLOUD_ZONE)},
	{"02.4." CLOUD_ZONE, PTR, PTRD_NXDOMAIN, "", NEGATIVE(CLOUD_ZONE)},
	{CLOUD_ZONE, SOA, PTRD_SOA, CLOUD_ZONE " 3600 IN SOA " SOA_RDATA, ""},
	/* a /22: four zones, nothing above them */
	{"1.6.1.10." ARPA, PTR, PTRD_PTR_DEFAULT, DEFAULT("1.6.1.10." ARPA, "ecs-10-1-6-1"), ""},
	{"4.1.10." ARPA, NS, PTRD_NS, NS_SET("4.1.10." ARPA), ""},
	{"7.1.10." ARPA, SOA, PTRD_SOA, "7.1.10." ARPA " 3600 IN SOA " SOA_RDATA, ""},
	{"9.7.1.10." ARPA, PTR, PTRD_NXDOMAIN, "", NEGATIVE("7.1.10." ARPA)},
	{"1.10." ARPA, SOA, PTRD_REFUSED_ZONE, "", ""},
	{"8.1.10." ARPA, SOA, PTRD_REFUSED_ZONE, "", ""},
	{"1.8.1.10." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"255.3.1.10." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"a.1.10." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	/* a /28: sixteen addresses, each an apex */
	{TINY("17"), PTR, PTRD_PTR_CUSTOM, CUSTOM(TINY("17"), "2147483647"), ""},
	{TINY("17"), ANY, PTRD_PTR_CUSTOM, CUSTOM(TINY("17"), "2147483647"), ""},
	{TINY("17"), SOA, PTRD_SOA, TINY("17") " 3600 IN SOA " SOA_RDATA, ""},
	{TINY("17"), NS, PTRD_NS, NS_SET(TINY("17")), ""},
	{TINY("17"), A, PTRD_NODATA, "", NEGATIVE(TINY("17"))},
	{TINY("18"), PTR, PTRD_PTR_DEFAULT, DEFAULT(TINY("18"), "ecs-192-0-2-18"), ""},
	{TINY("31"), PTR, PTRD_NODATA, "", NEGATIVE(TINY("31"))},
	{TINY("31"), A, PTRD_NODATA, "", NEGATIVE(TINY("31"))},
	{TINY("31"), SOA, PTRD_SOA, TINY("31") " 3600 IN SOA " SOA_RDATA, ""},
	{TINY("31"), ANY, PTRD_SOA, TINY("31") " 3600 IN SOA " SOA_RDATA, ""},
	{TINY("1.17"), PTR, PTRD_NXDOMAIN, "", NEGATIVE(TINY("17"))},
	{TINY("15"), PTR, PTRD_REFUSED_ZONE, "", ""},
	{TINY("32"), PTR, PTRD_REFUSED_ZONE, "", ""},
	{TINY("017"), PTR, PTRD_REFUSED_ZONE, "", ""},
	{"2.0.192." ARPA, SOA, PTRD_REFUSED_ZONE, "", ""},
	/* a region that answers unbound addresses; its negative TTL is the SOA's own */
	{"1." OPEN_ZONE, PTR, PTRD_PTR_CUSTOM, CUSTOM("1." OPEN_ZONE, "1"), ""},
	{"200." OPEN_ZONE, PTR, PTRD_PTR_DEFAULT,
		"200." OPEN_ZONE " 300 IN PTR static.200.100.51.198.compute.example.com.\n", ""},
	{"200." OPEN_ZONE, ANY, PTRD_PTR_DEFAULT,
		"200." OPEN_ZONE " 300 IN PTR static.200.100.51.198.compute.example.com.\n", ""},
	{"200." OPEN_ZONE, A, PTRD_NODATA, "", OPEN_NEGATIVE},
	{"0200." OPEN_ZONE, PTR, PTRD_NXDOMAIN, "", OPEN_NEGATIVE},
	/* no zone of ours */
	{".", NS, PTRD_REFUSED_ZONE, "", ""},
	{ARPA, SOA, PTRD_REFUSED_ZONE, "", ""},
	{"203." ARPA, NS, PTRD_REFUSED_ZONE, "", ""},
	{"0.203." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"7.114.0.203." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"7.112.0.203." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"7.113.1.203." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"7.0113.0.203." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"a.203." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"0.0.0.0." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	/* above an apex whose other octets are 0 */
	{"168.192." ARPA, SOA, PTRD_REFUSED_ZONE, "", ""},
	{"168.192." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"a.168.192." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"255.255.255.255." ARPA, PTR, PTRD_REFUSED_ZONE, "", ""},
	{"www.example.com.", A, PTRD_REFUSED_ZONE, "", ""},
	{"8.b.d.0.1.0.0.2.ip6.arpa.", PTR, PTRD_REFUSED_ZONE, "", ""},
};

static unsigned expected_rcode(enum ptrd_outcome outcome)
{
	return outcome == PTRD_NXDOMAIN        ? LDNS_RCODE_NXDOMAIN
		: outcome == PTRD_REFUSED_ZONE ? LDNS_RCODE_REFUSED
					       : LDNS_RCODE_NOERROR;
}

static void assert_row(const struct row *row, unsigned class, enum dns_transport transport)
{
	struct query q;
	struct reply reply;

	query_header(&q, 0x0100, 1, 0, 0, 0);
	query_question(&q, row->name, row->type, class);
	ask(&reply, rig.view, &q, transport);
	if (reply.request.outcome != row->outcome)
		fail_msg("%s type %u: outcome %u", row->name, row->type, reply.request.outcome);
	assert_int_equal(reply_rcode(&reply), expected_rcode(row->outcome));
	assert_true(question_echoed(&reply, &q));
	assert_int_equal(ldns_pkt_aa(reply.pkt), row->outcome != PTRD_REFUSED_ZONE && class == IN);
	assert_false(ldns_pkt_tc(reply.pkt));
	assert_true(ldns_pkt_rd(reply.pkt));
	assert_section(ldns_pkt_answer(reply.pkt), row->answer);
	assert_section(ldns_pkt_authority(reply.pkt), row->authority);
	assert_int_equal(LDNS_ARCOUNT(reply.bytes), 0);
	reply_free(&reply);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_row(&rows[i], IN, DNS_UDP);
		assert_row(&rows[i], IN, DNS_TCP);
		assert_row(&rows[i], LDNS_RR_CLASS_ANY, DNS_UDP);
	}
}

/* Letters in any case are matched, and echoed; owners follow, being pointers into the question. */
static void test_case(void **state)
{
	struct query q;
	struct reply reply;

	(void)state;
	query_simple(&q, "7.113.0.203.iN-aDDr.ArPA.", PTR);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_PTR_CUSTOM);
	assert_true(question_echoed(&reply, &q));
	assert_section(ldns_pkt_answer(reply.pkt),
		"7.113.0.203.iN-aDDr.ArPA. 600 IN PTR mail.example.org.\n");
	reply_free(&reply);

	query_simple(&q, "11.113.0.203.IN-ADDR.ARPA.", PTR);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_NXDOMAIN);
	assert_section(
		ldns_pkt_authority(reply.pkt), "113.0.203.IN-ADDR.ARPA. 300 IN SOA " SOA_RDATA);
	reply_free(&reply);
}

/* The serial is the table's at this moment. */
static void test_serial(void **state)
{
	struct image *image = &rig.images[TINY];
	struct query q;
	struct reply reply;

	(void)state;
	image_header(image)->revision = UINT64_C(0x5ffffffff); /* the serial: its low half */
	query_simple(&q, TINY("17"), SOA);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_section(ldns_pkt_answer(reply.pkt),
		TINY("17") " 3600 IN SOA ns1.example.net. hostmaster.example.net. "
			   "4294967295 3600 900 604800 300\n");
	reply_free(&reply);
	image_header(image)->revision = 42;
}

static void test_ten_names(void **state)
{
	struct query q;
	struct reply reply;

	(void)state;
	query_simple(&q, "10." EU_ZONE, PTR);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_section(ldns_pkt_answer(reply.pkt),
		"10." EU_ZONE " 600 IN PTR aaa.\n10." EU_ZONE " 600 IN PTR bbb.\n"
		"10." EU_ZONE " 600 IN PTR ccc.\n10." EU_ZONE " 600 IN PTR ddd.\n"
		"10." EU_ZONE " 600 IN PTR eee.\n10." EU_ZONE " 600 IN PTR fff.\n"
		"10." EU_ZONE " 600 IN PTR ggg.\n10." EU_ZONE " 600 IN PTR hhh.\n"
		"10." EU_ZONE " 600 IN PTR iii.\n10." EU_ZONE " 600 IN PTR jjj.\n");
	reply_free(&reply);

	query_simple(&q, "9." EU_ZONE, PTR);
	ask(&reply, rig.view, &q, DNS_TCP);
	assert_int_equal(reply.request.outcome, PTRD_PTR_CUSTOM);
	assert_false(ldns_pkt_tc(reply.pkt));
	assert_int_equal(ldns_pkt_ancount(reply.pkt), 10);
	assert_int_equal(reply.len, q.len + 10 * (12 + 255));
	for (size_t i = 0; i < 10; i++) {
		uint8_t name[255];
		const ldns_rdf *rdata
			= ldns_rr_rdf(ldns_rr_list_rr(ldns_pkt_answer(reply.pkt), i), 0);

		wire_of_length(name, sizeof(name), (char)('a' + i));
		assert_int_equal(ldns_rdf_size(rdata), sizeof(name));
		assert_memory_equal(ldns_rdf_data(rdata), name, sizeof(name));
	}
	reply_free(&reply);

	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_PTR_CUSTOM);
	assert_true(ldns_pkt_tc(reply.pkt));
	assert_true(ldns_pkt_aa(reply.pkt));
	assert_int_equal(reply.len, q.len);
	assert_int_equal(ldns_pkt_ancount(reply.pkt), 0);
	reply_free(&reply);
}

/* A burst mixed of all rows, in every size, gives what one query at a time gives. */
static void test_bursts(void **state)
{
	const unsigned row_count = sizeof(rows) / sizeof(rows[0]);

	(void)state;
	for (unsigned start = 0; start < row_count; start += 7) {
		struct dns_request burst[DNS_BURST];
		struct reply single[DNS_BURST];
		const unsigned count = start == 0 ? DNS_BURST : 1 + start % DNS_BURST;

		for (unsigned i = 0; i < count; i++) {
			const struct row *row = &rows[(start + i * 5) % row_count];
			struct query q;

			query_header(&q, 0x0100, i % 13 == 12 ? 2 : 1, 0, 0, i % 3 == 0);
			query_question(&q, row->name, row->type, IN);
			if (i % 3 == 0)
				query_opt(&q, 1232, 0, "", 0);
			if (i % 17 == 16)
				q.bytes[2] |= 0x80;
			ask(&single[i], rig.view, &q, DNS_UDP);
			burst[i] = (struct dns_request){.msg = calloc(1, DNS_UDP_SIZE),
				.len = (uint16_t)q.len,
				.room = DNS_UDP_SIZE,
				.port = 40000,
				.transport = DNS_UDP};
			assert_non_null(burst[i].msg);
			memcpy(burst[i].msg, q.bytes, q.len);
		}
		dns_answer(&(struct dns_context){.view = rig.view, .settings = &ask_settings},
			burst, count);
		for (unsigned i = 0; i < count; i++) {
			assert_int_equal(burst[i].outcome, single[i].request.outcome);
			assert_int_equal(burst[i].reply_len, single[i].len);
			assert_int_equal(burst[i].sum, single[i].request.sum);
			assert_memory_equal(burst[i].msg, single[i].bytes, single[i].len);
			free(burst[i].msg);
			reply_free(&single[i]);
		}
	}
}

/*
 * The sum, computed from a cell's at an even and an odd offset. ask() compares each with one
 * computed byte by byte; here the questions' lengths and the cells' vary, odd and even.
 */
static void test_sum(void **state)
{
	unsigned odd = 0, even = 0;

	(void)state;
	for (unsigned name_len = 3; name_len < 40; name_len++) {
		struct rig own;
		uint8_t name[40];

		rig_create(&own);
		wire_of_length(name, name_len, (char)(0x21 + name_len * 5));
		image_record(&own.images[EU], ADDRESS(203, 0, 113, 50), name_len * 65521, name, 1);
		image_record(&own.images[EU], ADDRESS(203, 0, 113, 150), 2147483647, name, 1);
		for (unsigned last = 50; last <= 150; last += 100) {
			for (unsigned opt = 0; opt < 2; opt++) {
				char question[40];
				struct query q;
				struct reply reply;

				snprintf(question, sizeof(question), "%u." EU_ZONE, last);
				query_header(&q, 0x0100, 1, 0, 0, opt);
				query_question(&q, question, PTR, IN);
				*(q.len % 2 == 0 ? &even : &odd) += 1;
				if (opt)
					query_opt(&q, 512, 0, "", 0);
				ask(&reply, own.view, &q, DNS_UDP);
				assert_int_equal(reply.request.outcome, PTRD_PTR_CUSTOM);
				reply_free(&reply);
			}
		}
		rig_free(&own);
	}
	assert_true(odd > 0 && even > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_case),
		cmocka_unit_test(test_serial),
		cmocka_unit_test(test_ten_names),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_sum),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
