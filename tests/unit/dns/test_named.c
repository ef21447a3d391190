/*
 * Views with IPv6 zones, RFC 2317 zones and delegations: what they are made of, and what is
 * refused.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const char *const ns_names[] = {"ns1.example.net.", "a..b", "c.", "d.", "e.", "f.", "g.",
	"h.", "i.", "j.", "k.", "l.", "m.", "n."};
static const char *const one_ns[] = {"ns1.customer.example."};

static struct dns_region_spec spec_of(const char *const *prefixes, unsigned count)
{
	return (struct dns_region_spec){
		.name = "eu-de",
		.prefixes = prefixes,
		.prefixes_count = count,
		.suffix = "compute.example.com.",
		.default_name = "ecs-{address}.{suffix}",
		.default_ttl = 300,
		.soa_mname = "ns1.example.net.",
		.soa_rname = "hostmaster.example.net.",
		.soa_minimum = 300,
		.soa_ttl = 3600,
		.ns_names = ns_names,
		.ns_names_count = 1,
		.ns_ttl = 7200,
	};
}

static struct dns_view *create(const struct dns_region_spec *specs, unsigned count)
{
	char error[DNS_VIEW_ERROR_SIZE] = "";
	struct dns_view *view = dns_view_create(1, specs, count, error);

	if (view == NULL)
		fail_msg("%s", error);
	return view;
}

static void assert_refused(
	const struct dns_region_spec *specs, unsigned count, const char *value, const char *rule)
{
	char error[DNS_VIEW_ERROR_SIZE] = "";

	assert_null(dns_view_create(1, specs, count, error));
	if (strstr(error, "eu-de") == NULL || strstr(error, value) == NULL
		|| strstr(error, rule) == NULL)
		fail_msg("expected \"%s\" and \"%s\" in: %s", value, rule, error);
}

static const struct {
	const char *prefix;
	unsigned zones, nibbles;
	const char *first, *last;    /* addresses of the prefix */
	const char *before, *behind; /* just outside, or NULL */
} prefixes[] = {
	{"2001:db8::/32", 1, 8, "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
	{"2a0a:4::/30", 4, 8, "2a0a:4::", "2a0a:7:ffff:ffff:ffff:ffff:ffff:ffff",
		"2a0a:3:ffff:ffff:ffff:ffff:ffff:ffff", "2a0a:8::"},
	{"2a0a::/29", 8, 8, "2a0a::", "2a0a:7:ffff:ffff:ffff:ffff:ffff:ffff",
		"2a09:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2a0a:8::"},
	{"2a0a:2::/31", 2, 8, "2a0a:2::", "2a0a:3:ffff:ffff:ffff:ffff:ffff:ffff",
		"2a0a:1:ffff:ffff:ffff:ffff:ffff:ffff", "2a0a:4::"},
	{"2001:db8:1:8000::/49", 8, 13, "2001:db8:1:8000::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff",
		"2001:db8:1:7fff:ffff:ffff:ffff:ffff", "2001:db8:2::"},
	{"2001:db8::10/124", 1, 31, "2001:db8::10", "2001:db8::1f", "2001:db8::f", "2001:db8::20"},
	{"2001:db8::8/125", 8, 32, "2001:db8::8", "2001:db8::f", "2001:db8::7", "2001:db8::10"},
	{"2001:db8::7/128", 1, 32, "2001:db8::7", "2001:db8::7", "2001:db8::6", "2001:db8::8"},
	{"::/1", 8, 1, "::", "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, "8000::"},
	{"8000::/1", 8, 1, "8000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL},
	{"2000::/4", 1, 1, "2000::", "2fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3000::"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 1, 32,
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", NULL},
	{"::/0", 16, 1, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL, NULL},
};

static const struct dns_zone *zone_at(const struct dns_view *view, const char *text)
{
	uint8_t address[16];

	assert_int_equal(inet_pton(AF_INET6, text, address), 1);
	return dns_view_zone6(view, address);
}

static void test_zones6(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		const struct dns_region_spec spec = spec_of(&prefixes[i].prefix, 1);
		struct dns_view *view = create(&spec, 1);

		print_message("%s\n", prefixes[i].prefix);
		assert_int_equal(view->zone_count, 0);
		assert_int_equal(view->zone6_count, prefixes[i].zones);
		for (unsigned z = 0; z < view->zone6_count; z++)
			assert_int_equal(view->zones6[z].zone.labels, prefixes[i].nibbles);
		assert_ptr_equal(zone_at(view, prefixes[i].first), &view->zones6[0].zone);
		assert_ptr_equal(
			zone_at(view, prefixes[i].last), &view->zones6[view->zone6_count - 1].zone);
		if (prefixes[i].before != NULL)
			assert_null(zone_at(view, prefixes[i].before));
		if (prefixes[i].behind != NULL)
			assert_null(zone_at(view, prefixes[i].behind));
		dns_view_free(view);
	}
}

static void test_overlaps6(void **state)
{
	static const char *const pairs[][2] = {
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:db8::/32", "2001:db8:ffff::/48"},
		{"::/0", "2001:db8::7/128"},
		{"2001:db8::8/125", "2001:db8::f/128"},
	};
	static const char *const apart[] = {"::/96", "0.0.0.0/0", "0:0:0:0:0:1::/96"};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct dns_region_spec both = spec_of(pairs[i], 2);

		assert_refused(&both, 1, "overlap at 2001:db8", "overlap");
	}
	const struct dns_region_spec spec = spec_of(apart, 3);

	dns_view_free(create(&spec, 1)); /* the families do not meet */
}

static void test_rfc2317(void **state)
{
	static const char *const given[] = {"192.0.2.128/26", "10.0.0.0/24", "2001:db8::/127"};
	static const char *const two[] = {"192.0.2.128/26", "192.0.2.64/26"};
	struct dns_region_spec spec = spec_of(given, 3), specs[2];
	unsigned at = 99;

	(void)state;
	spec.rfc2317 = "128/26.2.0.192.IN-addr.arpa.";
	struct dns_view *view = create(&spec, 1);
	static const uint8_t name[] = "\003129\006128/26\0012\0010\003192\7in-addr\4ARPA";

	assert_int_equal(view->zone_count, 1);
	assert_int_equal(view->named_count, 1);
	assert_ptr_equal(dns_view_named(view, name, sizeof(name), &at), &view->named[0]);
	assert_int_equal(at, 4);
	assert_ptr_equal(dns_view_named(view, name + 4, sizeof(name) - 4, &at), &view->named[0]);
	assert_int_equal(at, 0);
	assert_null(dns_view_named(view, name + 5, sizeof(name) - 5, &at));
	dns_view_free(view);

	specs[0] = specs[1] = spec_of(two, 1);
	specs[0].rfc2317 = specs[1].rfc2317 = "x.example.";
	specs[1].name = "other";
	assert_refused(specs, 2, "other", "the same name twice");
	spec = spec_of(two, 2);
	spec.rfc2317 = "x.example.";
	assert_refused(&spec, 1, "has 2", "one IPv4 prefix longer than /24");
	spec = spec_of(&given[1], 2);
	spec.rfc2317 = "x.example.";
	assert_refused(&spec, 1, "has 0", "one IPv4 prefix longer than /24");
	spec = spec_of(given, 1);
	spec.rfc2317 = "a..b";
	assert_refused(&spec, 1, "rfc2317 \"a..b\"", "domain name");
}

static void test_delegations(void **state)
{
	static const char *const given[] = {"203.0.113.0/24", "80.158.0.0/16", "192.0.2.0/25"};
	const struct dns_delegation_spec good[] = {
		{"203.0.113.64/26", "64/26.113.0.203.in-addr.arpa.", one_ns, 1},
		{"80.158.4.128/25", "a.4.158.80.in-addr.arpa.", ns_names, 1},
		{"203.0.113.7/32", "rev.customer.example.", NULL, 0},
		{"203.0.113.192/26", "64/26.113.0.203.in-addr.arpa.", one_ns, 1},
	};
	struct dns_region_spec spec = spec_of(given, 3);

	(void)state;
	spec.delegations = good;
	spec.delegations_count = 4;
	struct dns_view *view = create(&spec, 1);

	assert_int_equal(view->delegation_count, 4);
	assert_int_equal(view->named_count, 3);
	assert_null(dns_view_delegation(view, ADDRESS(203, 0, 113, 63)));
	assert_null(dns_view_delegation(view, ADDRESS(203, 0, 113, 128)));
	assert_null(dns_view_delegation(view, 0));
	assert_null(dns_view_delegation(view, UINT32_MAX));
	assert_non_null(dns_view_delegation(view, ADDRESS(203, 0, 113, 64)));
	assert_ptr_equal(dns_view_delegation(view, ADDRESS(203, 0, 113, 64)),
		dns_view_delegation(view, ADDRESS(203, 0, 113, 127)));
	assert_true(dns_view_delegation(view, ADDRESS(80, 158, 4, 255))->inside);
	assert_false(dns_view_delegation(view, ADDRESS(203, 0, 113, 7))->inside);
	dns_view_free(view);
}

static void test_bad_delegations(void **state)
{
	static const char *const given[] = {"203.0.113.0/24", "80.158.0.0/16", "192.0.2.0/25"};
	static const struct {
		struct dns_delegation_spec delegation;
		const char *rule;
	} rows[] = {
		{{"203.0.113.0/24", "a.113.0.203.in-addr.arpa.", one_ns, 1}, "longer than /24"},
		{{"2001:db8::/64", "a.example.", one_ns, 1}, "must be an IPv4 prefix"},
		{{"203.0.113.1/26", "a.example.", one_ns, 1}, "bits of the address"},
		{{"x", "a.example.", one_ns, 1}, "must be an IPv4 or IPv6 address"},
		{{"203.0.114.0/26", "a.example.", one_ns, 1}, "zone of the region's"},
		{{"192.0.2.0/26", "a.example.", one_ns, 1}, "no single address"},
		{{"203.0.113.64/26", "a..b", one_ns, 1}, "domain name"},
		{{"203.0.113.64/26", "64.113.0.203.in-addr.arpa.", one_ns, 1}, "no octet"},
		{{"203.0.113.64/26", "113.0.203.in-addr.arpa.", one_ns, 1}, "no octet"},
		{{"203.0.113.64/26", "a.64.113.0.203.in-addr.arpa.", one_ns, 1}, "no octet"},
		{{"203.0.113.64/26", "b.a.113.0.203.in-addr.arpa.", one_ns, 1}, "one label"},
		{{"203.0.113.64/26", "a.113.0.203.in-addr.arpa.", one_ns, 0}, "1 to 13"},
		{{"203.0.113.64/26", "a.113.0.203.in-addr.arpa.", ns_names, 14}, "1 to 13"},
		{{"203.0.113.64/26", "a.113.0.203.in-addr.arpa.", ns_names, 2},
			"delegation ns name \"a..b\""},
	};
	const struct dns_delegation_spec twice[] = {
		{"203.0.113.64/26", "a.example.", NULL, 0},
		{"203.0.113.127/32", "b.example.", NULL, 0},
	};
	struct dns_region_spec spec = spec_of(given, 3);

	(void)state;
	spec.delegations_count = 1;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec.delegations = &rows[i].delegation;
		assert_refused(&spec, 1, "delegation", rows[i].rule);
	}
	spec.delegations = twice;
	spec.delegations_count = 2;
	assert_refused(&spec, 1, "delegations", "the same address");
}

/* One node serves both sides: the region that delegates, and the customer's. The customer's zone is
 * found by its name; the alias still comes with the way there, for other resolvers to follow. */
static void test_both_sides(void **state)
{
	static const char *const parent[] = {"192.0.2.0/25", "203.0.113.0/24"};
	static const char *const child[] = {"198.51.100.64/26"};
	const struct dns_delegation_spec delegation
		= {"203.0.113.64/26", "64/26.113.0.203.in-addr.arpa.", one_ns, 1};
	struct dns_region_spec specs[] = {spec_of(parent, 2), spec_of(child, 1)};
	struct image image;
	struct query q;
	struct reply reply;

	(void)state;
	image_create(&image, 2, 2, 256);
	image_bind(&image, ADDRESS(198, 51, 100, 65), PTRD_REF_DEFAULT);
	specs[0].table = specs[1].table = image.table;
	specs[0].delegations = &delegation;
	specs[0].delegations_count = 1;
	specs[1].rfc2317 = delegation.name;
	struct dns_view *view = create(specs, 2);

	query_simple(&q, "65.64/26.113.0.203.in-addr.arpa.", 12);
	ask(&reply, view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_PTR_DEFAULT);
	assert_true(ldns_pkt_aa(reply.pkt));
	reply_free(&reply);
	query_simple(&q, "65.113.0.203.in-addr.arpa.", 12);
	ask(&reply, view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_CNAME);
	reply_free(&reply);
	query_simple(&q, "64/26.113.0.203.in-addr.arpa.", 6);
	ask(&reply, view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_SOA);
	reply_free(&reply);
	dns_view_free(view);
	image_free(&image);
}

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

/* A referral that does not fit: left out behind an alias, truncated where it is the answer. */
static void test_sizes(void **state)
{
	static const char *const prefix = "203.0.113.0/24";
	static const char *const long_ns[] = {L63 "." L63 "." L63 ".a.", L63 "." L63 "." L63 ".b.",
		L63 "." L63 "." L63 ".c.", L63 "." L63 "." L63 ".d.", L63 "." L63 "." L63 ".e.",
		L63 "." L63 "." L63 ".f.", L63 "." L63 "." L63 ".g."};
	const struct dns_delegation_spec delegation
		= {"203.0.113.64/26", "64/26.113.0.203.in-addr.arpa.", long_ns, 7};
	struct dns_region_spec spec = spec_of(&prefix, 1);
	struct image image;

	(void)state;
	image_create(&image, 2, 2, 64);
	spec.table = image.table;
	spec.delegations = &delegation;
	spec.delegations_count = 1;
	struct dns_view *view = create(&spec, 1);

	for (int transport = DNS_UDP; transport <= DNS_TCP; transport++) {
		const unsigned whole = transport == DNS_TCP ? 7 : 0;
		struct query q;
		struct reply reply;

		query_simple(&q, "65.113.0.203.in-addr.arpa.", 12);
		ask(&reply, view, &q, (enum dns_transport)transport);
		assert_int_equal(reply.request.outcome, PTRD_CNAME);
		assert_false(ldns_pkt_tc(reply.pkt));
		assert_int_equal(ldns_pkt_ancount(reply.pkt), 1);
		assert_int_equal(ldns_pkt_nscount(reply.pkt), whole);
		reply_free(&reply);
		query_simple(&q, "65.64/26.113.0.203.in-addr.arpa.", 12);
		ask(&reply, view, &q, (enum dns_transport)transport);
		assert_int_equal(reply.request.outcome, PTRD_REFERRAL);
		assert_int_equal(ldns_pkt_tc(reply.pkt), transport == DNS_UDP);
		assert_int_equal(ldns_pkt_nscount(reply.pkt), whole);
		reply_free(&reply);
	}
	dns_view_free(view);
	image_free(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones6),
		cmocka_unit_test(test_overlaps6),
		cmocka_unit_test(test_rfc2317),
		cmocka_unit_test(test_delegations),
		cmocka_unit_test(test_bad_delegations),
		cmocka_unit_test(test_both_sides),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
