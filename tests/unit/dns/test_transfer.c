/* Transfers: who gets one, and what messages a zone is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prefix.h"
#include "rig.h"
#include "transfer.h"

#define AXFR 252
#define IXFR 251
#define SOA_TEXT(apex)                                                                             \
	apex " 3600 IN SOA ns1.example.net. hostmaster.example.net. 42 3600 900 604800 300\n"
#define MEMORY ((size_t)64 * 1024 * 1024)

static struct rig rig;
static struct dns_prefix allowed;
static struct dns_settings settings = {.transfer_to = &allowed, .transfer_to_count = 1};

static int setup(void **state)
{
	(void)state;
	rig_create(&rig);
	assert_null(dns_prefix_parse_client(&allowed, "192.0.2.1"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

/* Asks for a zone; the request is left as the engine left it, its message at `msg`. */
static struct dns_request ask_zone(
	const struct dns_view *view, const struct query *q, bool possible)
{
	static uint8_t msg[UINT16_MAX];
	const struct dns_context context = {.view = view, .settings = &settings};
	struct dns_request r = {
		.msg = msg,
		.len = (uint16_t)q->len,
		.room = UINT16_MAX,
		.port = 40000,
		.transport = DNS_TCP,
		.transfer_possible = possible,
		.client = {192, 0, 2, 1},
	};

	memcpy(msg, q->bytes, q->len);
	dns_answer(&context, &r, 1);
	return r;
}

static struct dns_transfer *begin(const struct dns_view *view, const char *zone, size_t *memory)
{
	const struct dns_context context = {.view = view, .settings = &settings};
	struct query q;

	query_simple(&q, zone, AXFR);
	const struct dns_request r = ask_zone(view, &q, true);

	assert_int_equal(r.outcome, PTRD_TRANSFER);
	assert_int_equal(r.reply_len, 0);
	return dns_transfer_create(&context, &r, memory);
}

/* The records of a zone in the order of the stream, and what its messages are. */
struct zone {
	ldns_rr_list *records;
	unsigned messages;
	unsigned shortest;     /* bytes of a message that is not the last */
	unsigned last_records; /* in the last one */
};

/* Takes a message apart. Every one is whole, and repeats the question. */
static void take_message(struct zone *zone, const uint8_t *msg, unsigned len, const char *name)
{
	ldns_pkt *pkt;

	assert_in_range(len, 12, DNS_TRANSFER_MESSAGE_MAX);
	assert_int_equal(ldns_wire2pkt(&pkt, msg, len), LDNS_STATUS_OK);
	assert_int_equal(ldns_pkt_id(pkt), QUERY_ID);
	assert_true(ldns_pkt_qr(pkt) && ldns_pkt_aa(pkt) && ldns_pkt_rd(pkt));
	assert_int_equal(ldns_pkt_get_rcode(pkt), 0);
	char *owner = ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(pkt), 0)));

	assert_string_equal(owner, name);
	free(owner);
	assert_int_equal(ldns_pkt_nscount(pkt) + ldns_pkt_arcount(pkt), 0);
	zone->last_records = ldns_pkt_ancount(pkt);
	assert_true(zone->last_records > 0);
	assert_true(ldns_rr_list_cat(zone->records, ldns_pkt_answer(pkt)));
	/* The records are the zone's now, the list is not. */
	ldns_rr_list_free(ldns_pkt_answer(pkt));
	ldns_pkt_set_answer(pkt, ldns_rr_list_new());
	ldns_pkt_free(pkt);
	zone->messages++;
}

/* Copies in steps of `work`, then reads all messages. */
static struct zone read_zone(const struct dns_view *view, const char *name, unsigned work)
{
	struct zone zone = {.records = ldns_rr_list_new(), .shortest = UINT32_MAX};
	size_t memory = MEMORY;
	struct dns_transfer *transfer = begin(view, name, &memory);
	uint8_t *msg = malloc(DNS_TRANSFER_MESSAGE_MAX);
	enum dns_transfer_state state;
	unsigned len, last = 0;
	const char *why;

	assert_non_null(transfer);
	while ((state = dns_transfer_copy(transfer, view, work, &why)) == DNS_TRANSFER_COPYING)
		;
	assert_int_equal(state, DNS_TRANSFER_COPIED);
	assert_true(memory < MEMORY);
	while ((len = dns_transfer_message(transfer, msg)) > 0) {
		if (last != 0 && last < zone.shortest)
			zone.shortest = last;
		last = len;
		take_message(&zone, msg, len, name);
	}
	assert_int_equal(dns_transfer_message(transfer, msg), 0);
	dns_transfer_free(transfer);
	free(msg);
	assert_int_equal(memory, MEMORY);
	return zone;
}

static void zone_free(struct zone *zone)
{
	ldns_rr_list_deep_free(zone->records);
}

static size_t count_of(const struct zone *zone, ldns_rr_type type)
{
	size_t count = 0;

	for (size_t i = 0; i < ldns_rr_list_rr_count(zone->records); i++)
		count += ldns_rr_get_type(ldns_rr_list_rr(zone->records, i)) == type;
	return count;
}

/* SOA, anything but SOA, the same SOA; no record twice between. */
static void check_frame(const struct zone *zone)
{
	const size_t count = ldns_rr_list_rr_count(zone->records);
	const ldns_rr *first = ldns_rr_list_rr(zone->records, 0);

	assert_int_equal(ldns_rr_get_type(first), LDNS_RR_TYPE_SOA);
	assert_int_equal(ldns_rr_compare(first, ldns_rr_list_rr(zone->records, count - 1)), 0);
	assert_int_equal(count_of(zone, LDNS_RR_TYPE_SOA), 2);
	ldns_rr_list *sorted = ldns_rr_list_clone(zone->records);

	ldns_rr_list_sort(sorted);
	for (size_t i = 1, same = 0; i < count; i++) {
		same += ldns_rr_compare(ldns_rr_list_rr(sorted, i - 1), ldns_rr_list_rr(sorted, i))
			== 0;
		assert_true(same <= 1);
	}
	ldns_rr_list_deep_free(sorted);
}

static void expect_zone(const char *name, const char *expected)
{
	static const unsigned works[] = {1, 2, 100, UINT32_MAX};

	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		struct zone zone = read_zone(rig.view, name, works[i]);

		check_frame(&zone);
		assert_section(zone.records, expected);
		zone_free(&zone);
	}
}

/* Entries come as they stand in the table: each of these zones has at most one. */
static void test_zones(void **state)
{
	(void)state;
	expect_zone("17.2.0.192.in-addr.arpa.",
		SOA_TEXT(
			"17.2.0.192.in-addr.arpa.") "17.2.0.192.in-addr.arpa. 7200 IN NS ns1.example.net.\n"
						    "17.2.0.192.in-addr.arpa. 7200 IN NS ns2.example.net.\n"
						    "17.2.0.192.in-addr.arpa. 2147483647 IN PTR mail.example.org.\n" SOA_TEXT(
							    "17.2.0.192.in-addr.arpa."));
	expect_zone("6.1.10.in-addr.arpa.",
		SOA_TEXT(
			"6.1.10.in-addr.arpa.") "6.1.10.in-addr.arpa. 7200 IN NS ns1.example.net.\n"
						"6.1.10.in-addr.arpa. 7200 IN NS ns2.example.net.\n"
						"1.6.1.10.in-addr.arpa. 300 IN PTR ecs-10-1-6-1.compute.example.com.\n" SOA_TEXT(
							"6.1.10.in-addr.arpa."));
	expect_zone("7.1.10.in-addr.arpa.",
		SOA_TEXT(
			"7.1.10.in-addr.arpa.") "7.1.10.in-addr.arpa. 7200 IN NS ns1.example.net.\n"
						"7.1.10.in-addr.arpa. 7200 IN NS ns2.example.net.\n" SOA_TEXT(
							"7.1.10.in-addr.arpa."));
}

/* 23 PTR RRs of 12 addresses, ten of them of 255 bytes; a /16 has owners of two labels. */
static void test_many_names(void **state)
{
	(void)state;
	struct zone zone = read_zone(rig.view, "113.0.203.in-addr.arpa.", 3);

	check_frame(&zone);
	assert_int_equal(count_of(&zone, LDNS_RR_TYPE_PTR), 10 + 1 + 1 + 10 + 10);
	zone_free(&zone);
	zone = read_zone(rig.view, "158.80.in-addr.arpa.", UINT32_MAX);
	check_frame(&zone);
	char *text = section_text(zone.records);

	assert_non_null(
		strstr(text, "\n2.4.158.80.in-addr.arpa. 300 IN PTR ecs-80-158-4-2.compute"));
	assert_non_null(strstr(text, "\n3.4.158.80.in-addr.arpa. 601 IN PTR mail.example.org.\n"));
	assert_int_equal(count_of(&zone, LDNS_RR_TYPE_PTR), 2);
	free(text);
	zone_free(&zone);
}

/* SOA and 13 NS with names of 255 bytes: the longest sets there are. */
static void test_long_names(void **state)
{
	(void)state;
	struct zone zone = read_zone(rig.view, "0.168.192.in-addr.arpa.", UINT32_MAX);

	check_frame(&zone);
	assert_int_equal(count_of(&zone, LDNS_RR_TYPE_NS), 13);
	assert_int_equal(count_of(&zone, LDNS_RR_TYPE_PTR), 1);
	zone_free(&zone);
}

/* Every address once, the custom one with its own name. */
static void test_unbound(void **state)
{
	(void)state;
	struct zone zone = read_zone(rig.view, "100.51.198.in-addr.arpa.", UINT32_MAX);
	char *text = section_text(zone.records);

	check_frame(&zone);
	assert_int_equal(count_of(&zone, LDNS_RR_TYPE_PTR), 256);
	assert_non_null(strstr(text, "\n1.100.51.198.in-addr.arpa. 1 IN PTR mail.example.org.\n"));
	assert_null(strstr(text, "static.1.100"));
	assert_non_null(strstr(text,
		"\n0.100.51.198.in-addr.arpa. 300 IN PTR static.0.100.51.198.compute.example.com.\n"));
	assert_non_null(strstr(text, "\n255.100.51.198.in-addr.arpa. 300 IN PTR static.255."));
	free(text);
	zone_free(&zone);
}

/* A view of one /8 or /16 over a table of its own. */
static struct dns_view *view_of(struct image *image, const char *prefix, bool unbound_default)
{
	static const char *const ns[] = {"ns1.example.net."};
	const struct dns_region_spec spec = {
		.name = "wide",
		.table = image->table,
		.prefixes = &prefix,
		.prefixes_count = 1,
		.suffix = "example.com.",
		.default_name = "a{address}.{suffix}",
		.default_ttl = 300,
		.unbound_default = unbound_default,
		.soa_mname = "ns1.example.net.",
		.soa_rname = "hostmaster.example.net.",
		.ns_names = ns,
		.ns_names_count = 1,
	};
	char error[DNS_VIEW_ERROR_SIZE] = "";
	struct dns_view *view = dns_view_create(1, &spec, 1, error);

	assert_string_equal(error, "");
	return view;
}

static void test_wide(void **state)
{
	static const uint8_t mail[] = "\4mail\7example\3org";
	struct image image;

	(void)state;
	image_create(&image, 800, 200, 4096); /* more buckets than parts */
	for (unsigned i = 0; i < 3000; i++)
		image_bind(&image, ADDRESS(10, 0, 0, 0) + 21 * i, PTRD_REF_DEFAULT);
	image_record(&image, ADDRESS(10, 0, 255, 255), 77, mail, 1);
	struct dns_view *view = view_of(&image, "10.0.0.0/16", true);
	struct zone zone = read_zone(view, "0.10.in-addr.arpa.", 1000);

	assert_int_equal(count_of(&zone, LDNS_RR_TYPE_PTR), 65536);
	/* A message is as full as the next record leaves it. */
	assert_true(zone.messages > 100);
	assert_true(zone.shortest > DNS_TRANSFER_MESSAGE_MAX - 64);
	zone_free(&zone);
	dns_view_free(view);

	view = view_of(&image, "10.0.0.0/16", false);
	zone = read_zone(view, "0.10.in-addr.arpa.", 1000);
	check_frame(&zone);
	assert_int_equal(count_of(&zone, LDNS_RR_TYPE_PTR), 3001);
	zone_free(&zone);
	dns_view_free(view);
	image_free(&image);
}

/* However the records fall on messages, the last SOA is there: alone in one if need be. */
static void test_last_message(void **state)
{
	struct image image;
	unsigned alone = 0, one = 0, two = 0;

	(void)state;
	image_create(&image, 64, 256, 64);
	struct dns_view *view = view_of(&image, "10.0.0.0/16", false);
	for (unsigned bound = 1; bound < 700; bound++) {
		image_bind(&image, ADDRESS(10, 0, 0, 0) + bound, PTRD_REF_DEFAULT);
		struct zone zone = read_zone(view, "0.10.in-addr.arpa.", UINT32_MAX);

		check_frame(&zone);
		assert_int_equal(count_of(&zone, LDNS_RR_TYPE_PTR), bound);
		alone += zone.last_records == 1;
		one += zone.messages == 1;
		two += zone.messages == 2;
		zone_free(&zone);
	}
	assert_true(alone > 0 && one > 0 && two > 0);
	dns_view_free(view);
	image_free(&image);
}

/* RFC 1982: older than our 42 are the 2^31 - 1 serials before it; of the one that is as far in both
 * directions nothing is known, so that its holder gets the zone. */
static void test_serials(void **state)
{
	static const struct {
		uint32_t serial;
		enum ptrd_outcome outcome;
	} cases[] = {
		{42, PTRD_IXFR_SOA},
		{43, PTRD_IXFR_SOA},
		{41, PTRD_TRANSFER},
		{0, PTRD_TRANSFER},
		{UINT32_MAX, PTRD_TRANSFER},
		{42 + 0x7fffffffu, PTRD_IXFR_SOA},
		{42 + 0x80000000u, PTRD_TRANSFER},
		{42 + 0x80000001u, PTRD_TRANSFER},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct query q;

		query_header(&q, 0, 1, 0, 1, 0);
		query_question(&q, "113.0.203.in-addr.arpa.", IXFR, 1);
		query_bytes(&q, "\xc0\x0c\0\6\0\1\0\0\0\0\0\26\0\0", 14);
		query_u16(&q, cases[i].serial >> 16);
		query_u16(&q, cases[i].serial & 0xffff);
		query_bytes(&q, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
		assert_int_equal(ask_zone(rig.view, &q, true).outcome, cases[i].outcome);
		/* What needs no transfer gets its answer all the same. */
		const struct dns_request r = ask_zone(rig.view, &q, false);

		if (cases[i].outcome == PTRD_IXFR_SOA)
			assert_int_equal(r.outcome, PTRD_IXFR_SOA);
		else
			assert_int_equal(r.outcome, PTRD_SERVFAIL_TRANSFER);
		assert_int_equal(r.msg[3] & 15, cases[i].outcome == PTRD_IXFR_SOA ? 0 : 2);
		assert_true(r.reply_len > 0);
	}
}

/* One byte too little at every amount that is: the transfer fails, and gives back what it had. */
static void test_memory(void **state)
{
	const char *why;
	bool copied = false;
	unsigned refused = 0;

	(void)state;
	for (size_t amount = 0; !copied; amount += 97) {
		size_t memory = amount;
		struct dns_transfer *transfer
			= begin(rig.view, "100.51.198.in-addr.arpa.", &memory);

		if (transfer != NULL) {
			enum dns_transfer_state outcome
				= dns_transfer_copy(transfer, rig.view, UINT32_MAX, &why);

			if (outcome == DNS_TRANSFER_WAITING)
				outcome = dns_transfer_copy(transfer, rig.view, UINT32_MAX, &why);

			copied = outcome == DNS_TRANSFER_COPIED;
			if (!copied) {
				assert_int_equal(outcome, DNS_TRANSFER_FAILED);
				assert_non_null(strstr(why, "memory"));
				refused++;
			}
			assert_true(memory <= amount);
			dns_transfer_free(transfer);
		}
		assert_int_equal(memory, amount);
	}
	assert_true(refused > 0);
}

/* The zone goes: the transfer fails; another table takes over: it is that table's zone. */
static void test_views(void **state)
{
	struct image images[2];
	struct dns_view *views[2];
	size_t memory = MEMORY;
	const char *why;
	uint8_t *msg = malloc(DNS_TRANSFER_MESSAGE_MAX);
	enum dns_transfer_state state_now;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		image_create(&images[i], 500, 0, 64);
		image_bind(&images[i], ADDRESS(10, 0, 0, i), PTRD_REF_DEFAULT);
		images[i].table.hash_key[1] += i; /* each table has a key of its own */
		image_header(&images[i])->revision = 10 + i;
		views[i] = view_of(&images[i], "10.0.0.0/24", false);
	}
	struct dns_transfer *transfer = begin(views[0], "0.0.10.in-addr.arpa.", &memory);
	for (unsigned i = 0; i < 600; i++)
		assert_int_equal(
			dns_transfer_copy(transfer, views[0], 1, &why), DNS_TRANSFER_COPYING);
	while ((state_now = dns_transfer_copy(transfer, views[1], 1, &why)) == DNS_TRANSFER_COPYING)
		;
	assert_int_equal(state_now, DNS_TRANSFER_COPIED);
	/* Neither view is looked into any more. */
	const struct zone none = {.records = ldns_rr_list_new()};
	struct zone zone = none;
	image_free(&images[1]);
	dns_view_free(views[1]);
	take_message(&zone, msg, dns_transfer_message(transfer, msg), "0.0.10.in-addr.arpa.");
	char *text = section_text(zone.records);
	assert_non_null(strstr(text, " 11 0 0 0 0\n"));
	assert_non_null(strstr(text, "\n1.0.0.10.in-addr.arpa."));
	assert_null(strstr(text, "\n0.0.0.10.in-addr.arpa."));
	free(text);
	zone_free(&zone);
	dns_transfer_free(transfer);

	transfer = begin(views[0], "0.0.10.in-addr.arpa.", &memory);
	assert_int_equal(dns_transfer_copy(transfer, views[0], 1, &why), DNS_TRANSFER_COPYING);
	assert_int_equal(dns_transfer_copy(transfer, rig.view, 1, &why), DNS_TRANSFER_FAILED);
	assert_non_null(strstr(why, "no longer served"));
	dns_transfer_free(transfer);
	assert_int_equal(memory, MEMORY);
	free(msg);
	dns_view_free(views[0]);
	image_free(&images[0]);
}

/*
 * Settings change with a table that stays: directory and table come to say so one after the other,
 * in either order, and nothing is sent between.
 */
static void test_settings(void **state)
{
	static const struct {
		bool after; /* the view that is served */
		uint64_t settings, revision;
		enum dns_transfer_state state;
	} steps[] = {
		{true, 40, 42, DNS_TRANSFER_WAITING},  /* the directory first */
		{true, 43, 42, DNS_TRANSFER_WAITING},  /* of a revision that is not there yet */
		{false, 43, 42, DNS_TRANSFER_WAITING}, /* the table first */
		{false, 43, 43, DNS_TRANSFER_WAITING},
		{false, 43, 44, DNS_TRANSFER_WAITING},
		{true, 43, 45, DNS_TRANSFER_COPIED},
		{false, 40, 42, DNS_TRANSFER_COPIED},
		{true, 43, 43, DNS_TRANSFER_COPIED},
	};
	struct image image;
	size_t memory = MEMORY;
	const char *why;
	uint8_t *msg = malloc(DNS_TRANSFER_MESSAGE_MAX);

	(void)state;
	image_create(&image, 64, 0, 64);
	struct dns_view *before = view_of(&image, "10.0.0.0/24", false);
	struct dns_view *after = view_of(&image, "10.0.0.0/24", true);

	before->regions[0].revision = 40;
	after->regions[0].revision = 43;
	struct dns_transfer *transfer = NULL;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct dns_view *view = steps[i].after ? after : before;
		char serial[64];

		if (transfer == NULL)
			transfer = begin(view, "0.0.10.in-addr.arpa.", &memory);
		image_header(&image)->settings_revision = steps[i].settings;
		image_header(&image)->revision = steps[i].revision;
		assert_int_equal(
			dns_transfer_copy(transfer, view, UINT32_MAX, &why), steps[i].state);
		if (steps[i].state != DNS_TRANSFER_COPIED)
			continue;
		struct zone zone = {.records = ldns_rr_list_new()};

		take_message(
			&zone, msg, dns_transfer_message(transfer, msg), "0.0.10.in-addr.arpa.");
		assert_int_equal(count_of(&zone, LDNS_RR_TYPE_PTR), steps[i].after ? 256 : 0);
		char *text = section_text(zone.records);

		snprintf(serial, sizeof(serial), "hostmaster.example.net. %llu ",
			(unsigned long long)steps[i].revision);
		assert_non_null(strstr(text, serial));
		free(text);
		zone_free(&zone);
		dns_transfer_free(transfer);
		transfer = NULL;
	}
	dns_view_free(before);
	dns_view_free(after);
	image_free(&image);
	free(msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_unbound),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_last_message),
		cmocka_unit_test(test_serials),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
