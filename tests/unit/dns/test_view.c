#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const char *const ns_names[] = {"ns1.example.net.", "ns2.example.net.", "a.", "b.", "c.",
	"d.", "e.", "f.", "g.", "h.", "i.", "j.", "k.", "l."};

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
		.soa_rname = "first\\.last.example.net.",
		.soa_refresh = 3600,
		.soa_retry = 900,
		.soa_expire = 604800,
		.soa_minimum = 300,
		.soa_ttl = 3600,
		.ns_names = ns_names,
		.ns_names_count = 2,
		.ns_ttl = 7200,
	};
}

static struct dns_view *view_of(const char *prefix)
{
	const struct dns_region_spec spec = spec_of(&prefix, 1);
	char error[DNS_VIEW_ERROR_SIZE] = "";
	struct dns_view *view = dns_view_create(7, &spec, 1, error);

	if (view == NULL) {
		print_error("%s\n", error);
		abort();
	}
	assert_int_equal(view->generation, 7);
	return view;
}

static const struct {
	const char *prefix;
	unsigned zones, octets;
	uint32_t first, last; /* addresses of the prefix */
} prefixes[] = {
	{"0.0.0.0/0", 256, 1, 0, UINT32_MAX},
	{"128.0.0.0/1", 128, 1, ADDRESS(128, 0, 0, 0), UINT32_MAX},
	{"10.0.0.0/7", 2, 1, ADDRESS(10, 0, 0, 0), ADDRESS(11, 255, 255, 255)},
	{"10.0.0.0/8", 1, 1, ADDRESS(10, 0, 0, 0), ADDRESS(10, 255, 255, 255)},
	{"10.128.0.0/9", 128, 2, ADDRESS(10, 128, 0, 0), ADDRESS(10, 255, 255, 255)},
	{"10.16.0.0/12", 16, 2, ADDRESS(10, 16, 0, 0), ADDRESS(10, 31, 255, 255)},
	{"80.158.0.0/16", 1, 2, ADDRESS(80, 158, 0, 0), ADDRESS(80, 158, 255, 255)},
	{"80.158.128.0/17", 128, 3, ADDRESS(80, 158, 128, 0), ADDRESS(80, 158, 255, 255)},
	{"10.1.4.0/22", 4, 3, ADDRESS(10, 1, 4, 0), ADDRESS(10, 1, 7, 255)},
	{"203.0.113.0/24", 1, 3, ADDRESS(203, 0, 113, 0), ADDRESS(203, 0, 113, 255)},
	{"203.0.113.128/25", 128, 4, ADDRESS(203, 0, 113, 128), ADDRESS(203, 0, 113, 255)},
	{"192.0.2.16/28", 16, 4, ADDRESS(192, 0, 2, 16), ADDRESS(192, 0, 2, 31)},
	{"203.0.113.7/32", 1, 4, ADDRESS(203, 0, 113, 7), ADDRESS(203, 0, 113, 7)},
	{"255.255.255.255/32", 1, 4, UINT32_MAX, UINT32_MAX},
};

static void test_zones_of_prefix(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		const uint32_t first = prefixes[i].first, last = prefixes[i].last;
		struct dns_view *view = view_of(prefixes[i].prefix);

		print_message("%s\n", prefixes[i].prefix);
		assert_int_equal(view->zone_count, prefixes[i].zones);
		for (unsigned z = 0; z < view->zone_count; z++)
			assert_int_equal(view->zones[z].labels, prefixes[i].octets);
		assert_non_null(dns_view_zone(view, first));
		assert_int_equal(dns_view_zone(view, first)->first, first);
		assert_non_null(dns_view_zone(view, last));
		assert_non_null(dns_view_zone(view, first + (last - first) / 2));
		if (first > 0)
			assert_null(dns_view_zone(view, first - 1));
		if (last < UINT32_MAX)
			assert_null(dns_view_zone(view, last + 1));
		dns_view_free(view);
	}
}

static void test_search(void **state)
{
	static const char *const a[] = {"10.1.4.0/22", "203.0.113.0/24", "9.0.0.0/8"};
	static const char *const b[] = {"192.0.2.16/28", "80.158.0.0/16"};
	const struct dns_region_spec specs[] = {spec_of(a, 3), spec_of(b, 2)};
	char error[DNS_VIEW_ERROR_SIZE] = "";
	struct dns_view *view = dns_view_create(1, specs, 2, error);

	(void)state;
	assert_non_null(view);
	assert_int_equal(view->zone_count, 4 + 1 + 1 + 16 + 1);
	for (unsigned i = 0; i < view->zone_count; i++) {
		const struct dns_zone *zone = &view->zones[i];
		const uint32_t size
			= zone->labels == 4 ? 1 : UINT32_C(1) << (32 - 8 * zone->labels);

		assert_ptr_equal(dns_view_zone(view, zone->first), zone);
		assert_ptr_equal(dns_view_zone(view, zone->first + size - 1), zone);
	}
	assert_ptr_equal(dns_view_zone(view, ADDRESS(80, 158, 1, 1))->region, &view->regions[1]);
	assert_ptr_equal(dns_view_zone(view, ADDRESS(9, 1, 1, 1))->region, &view->regions[0]);
	assert_null(dns_view_zone(view, ADDRESS(10, 1, 8, 0)));
	assert_null(dns_view_zone(view, 0));
	assert_null(dns_view_zone(view, UINT32_MAX));
	dns_view_free(view);
}

static void test_empty(void **state)
{
	const struct dns_region_spec spec = spec_of(NULL, 0);
	char error[DNS_VIEW_ERROR_SIZE] = "";
	struct dns_view *none = dns_view_create(1, NULL, 0, error);
	struct dns_view *bare = dns_view_create(1, &spec, 1, error);

	(void)state;
	assert_non_null(none);
	assert_null(dns_view_zone(none, 0));
	assert_non_null(bare);
	assert_null(dns_view_zone(bare, ADDRESS(10, 0, 0, 1)));
	dns_view_free(none);
	dns_view_free(bare);
	dns_view_free(NULL);
}

static const struct {
	const char *prefix, *rule;
} bad_prefixes[] = {
	{"", "must be an IPv4 or IPv6 address"},
	{"203.0.113.0", "must be an IPv4 or IPv6 address"},
	{"203.0.113/24", "must be an IPv4 or IPv6 address"},
	{"203.0.113.256/32", "must be an IPv4 or IPv6 address"},
	{"203.0.113.00/24", "must be an IPv4 or IPv6 address"},
	{"203.0.113.0/", "must be an IPv4 or IPv6 address"},
	{"203.0.113.0/x", "must be an IPv4 or IPv6 address"},
	{"203.0.113.0/24x", "must be an IPv4 or IPv6 address"},
	{"203.0.113.0/+24", "must be an IPv4 or IPv6 address"},
	{"203.0.113.0/ 24", "must be an IPv4 or IPv6 address"},
	{"203.0.113.0/240", "0 to 32"},
	{"203.0.113.0/2400", "must be an IPv4 or IPv6 address"},
	{"1203.0.113.0000000000/24", "must be an IPv4 or IPv6 address"},
	{"203.0.113.0/33", "0 to 32"},
	{"203.0.113.1/24", "bits of the address"},
	{"203.0.113.0/23", "bits of the address"},
	{"128.0.0.0/0", "bits of the address"},
	{"2001:db8::", "must be an IPv4 or IPv6 address"},
	{"2001:db8::g/32", "must be an IPv4 or IPv6 address"},
	{"2001:db8:::/32", "must be an IPv4 or IPv6 address"},
	{"2001:db8::/1280", "must be an IPv4 or IPv6 address"},
	{"2001:db8::/129", "0 to 128"},
	{"2001:db8::1/127", "bits of the address"},
	{"2001:db8:8000::/32", "bits of the address"},
	{"8000::/0", "bits of the address"},
};

static void assert_refused(
	const struct dns_region_spec *specs, unsigned count, const char *value, const char *rule)
{
	char error[DNS_VIEW_ERROR_SIZE] = "";

	assert_null(dns_view_create(1, specs, count, error));
	if (strstr(error, "eu-de") == NULL || strstr(error, value) == NULL
		|| strstr(error, rule) == NULL)
		fail_msg("expected \"%s\" and \"%s\" in: %s", value, rule, error);
}

static void test_bad_prefixes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_prefixes) / sizeof(bad_prefixes[0]); i++) {
		const struct dns_region_spec spec = spec_of(&bad_prefixes[i].prefix, 1);

		assert_refused(&spec, 1, bad_prefixes[i].prefix, bad_prefixes[i].rule);
	}
	const struct dns_region_spec many = spec_of(&bad_prefixes[0].prefix, 257);

	assert_refused(&many, 1, "257", "at most 256");
}

static void test_overlaps(void **state)
{
	static const char *const pairs[][2] = {
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"10.0.0.0/8", "10.255.255.255/32"},
		{"10.1.4.0/22", "10.1.7.0/24"},
		{"0.0.0.0/0", "203.0.113.7/32"},
		{"10.1.0.0/16", "10.0.0.0/12"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct dns_region_spec specs[]
			= {spec_of(&pairs[i][0], 1), spec_of(&pairs[i][1], 1)};
		const struct dns_region_spec both = spec_of(pairs[i], 2);

		assert_refused(&both, 1, "overlap", "overlap");
		specs[1].name = "other";
		assert_refused(specs, 2, "other", "overlap");
	}
}

static void test_bad_fields(void **state)
{
	static const char *const prefix = "203.0.113.0/24";
	static const char *const bad_name = "a..b";
	const struct dns_region_spec good = spec_of(&prefix, 1);
	struct dns_region_spec spec;

	(void)state;
#define REFUSED(field, bad, value, rule)                                                           \
	do {                                                                                       \
		spec = good;                                                                       \
		spec.field = bad;                                                                  \
		assert_refused(&spec, 1, value, rule);                                             \
	} while (0)
	REFUSED(suffix, "-x.", "suffix \"-x.\"", "hyphen");
	REFUSED(default_name, "{q}", "default_name \"{q}\"", "unknown token");
	REFUSED(soa_mname, "a..b", "soa mname \"a..b\"", "domain name");
	REFUSED(soa_rname, "", "soa rname \"\"", "domain name");
	REFUSED(ns_names, &bad_name, "ns name \"a..b\"", "domain name");
	REFUSED(ns_names_count, 0, "0 names", "1 to 13");
	REFUSED(ns_names_count, 14, "14 names", "1 to 13");
	REFUSED(default_ttl, 2147483648, "default_ttl 2147483648", "at most 2147483647");
	REFUSED(soa_ttl, UINT32_MAX, "soa ttl 4294967295", "at most 2147483647");
	REFUSED(soa_minimum, 2147483648, "soa minimum 2147483648", "at most 2147483647");
	REFUSED(ns_ttl, 2147483648, "ns ttl 2147483648", "at most 2147483647");
#undef REFUSED
	spec = good;
	spec.default_ttl = spec.soa_ttl = spec.soa_minimum = spec.ns_ttl = 2147483647;
	spec.ns_names_count = 13;
	char error[DNS_VIEW_ERROR_SIZE];
	struct dns_view *view = dns_view_create(1, &spec, 1, error);

	assert_non_null(view);
	dns_view_free(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_of_prefix),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bad_prefixes),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_bad_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
