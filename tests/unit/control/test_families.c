/*
 * Both families in one store: keys, order, pages and ranges. The addresses are such that the bytes
 * of IPv6 ones lie between those of IPv4 ones: 2001:db8:: begins as 32.1.13.184 does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"
#include "store_private.h"

/* In order of address. */
static const char *const addresses[] = {
	"0.0.0.0",
	"32.0.0.0",
	"32.1.13.184",
	"32.255.255.255",
	"33.0.0.0",
	"255.255.255.254",
	"255.255.255.255",
	"::",
	"::1",
	"2001:db8::",
	"2001:db8::1",
	"2001:db8::1:0:0:1",
	"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
	"2001:db9::",
	"ffff:ffff::",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
};
#define ADDRESSES (sizeof(addresses) / sizeof(addresses[0]))

static struct address parse(const char *text)
{
	struct address address;
	struct refusal why;

	if (!address_parse(text, &address, &why))
		fail_msg("%s", why.text);
	return address;
}

/* As SQLite compares blobs. */
static int blob_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
	const int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

	return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_keys(void **state)
{
	uint8_t a[KEY_MAX], b[KEY_MAX];

	(void)state;
	for (size_t i = 0; i < ADDRESSES; i++)
		for (size_t j = 0; j < ADDRESSES; j++) {
			const struct address x = parse(addresses[i]), y = parse(addresses[j]);
			const size_t a_size = address_key(&x, a), b_size = address_key(&y, b);
			const int wanted = (i > j) - (i < j);

			assert_int_equal(sign(address_compare(&x, &y)), wanted);
			assert_int_equal(sign(blob_compare(a, a_size, b, b_size)), wanted);
		}
	/* What an earlier version has written is read as it was. */
	const struct address ipv4 = parse("203.0.113.7");
	assert_int_equal(address_key(&ipv4, a), 4);
	assert_memory_equal(a, ipv4.bytes, 4);
}

static int set_up(void **state)
{
	*state = rig_new();
	return 0;
}

static int tear_down(void **state)
{
	rig_check_mirror(*state);
	rig_free(*state);
	return 0;
}

static void ok(struct rig *rig, const char *method, const char *params)
{
	json_decref(rig_ok(rig, method, params));
}

/* Four regions: IPv4, IPv6, and two of both, whose prefixes lie between each other as bytes. */
static void fill(struct rig *rig)
{
	static const char *const binds[] = {
		"32.1.0.1", "32.1.0.2", "32.1.255.255",               /* four */
		"2001:db8::1", "2001:db8::2", "2001:db8:ffff::",      /* six */
		"32.2.0.1", "33.0.0.1", "2001:db9::1", "2001:dba::1", /* both */
		"32.3.0.1", "2002:303:303::1", "2002:303:303::2",     /* more */
	};
	char params[160];

	ok(rig, "region.create", "{'name':'four','prefixes':['32.1.0.0/16'],'suffix':'x'}");
	ok(rig, "region.create", "{'name':'six','prefixes':['2001:db8::/32'],'suffix':'x'}");
	ok(rig, "region.create",
		"{'name':'both','prefixes':['2001:db9::/32','2001:dba::/48','33.0.0.0/8','32.2.0.0/16'],"
		"'suffix':'x'}");
	ok(rig, "region.create",
		"{'name':'more','prefixes':['2002::/16','32.3.0.0/16'],'suffix':'x'}");
	for (size_t i = 0; i < sizeof(binds) / sizeof(binds[0]); i++) {
		snprintf(params, sizeof(params), "{'address':'%s','project':'p%zu'}", binds[i],
			i % 2);
		ok(rig, "eip.bind", params);
		snprintf(
			params, sizeof(params), "{'address':'%s','names':['n%zu.x']}", binds[i], i);
		if (i % 3 == 0)
			ok(rig, "ptr.set", params);
	}
}

/*
 * Walks a list page by page, which must give exactly the addresses of `wanted`, separated by
 * spaces.
 */
static void walk(
	struct rig *rig, const char *method, const char *filter, int limit, const char *wanted)
{
	const char *member = strcmp(method, "eip.list") == 0 ? "eips" : "ptrs";
	char params[256], marker[ADDRESS_TEXT_MAX] = "", path[48], got[1024] = "";

	for (;;) {
		snprintf(params, sizeof(params), "{'limit':%d%s%s%s%s}", limit, filter,
			marker[0] ? ",'marker':'" : "", marker, marker[0] ? "'" : "");
		json_t *page = rig_ok(rig, method, params);

		for (size_t i = 0; i < json_array_size(rig_at(page, member)); i++) {
			snprintf(path, sizeof(path), "%s.%zu.address", member, i);
			if (got[0] != '\0')
				strcat(got, " ");
			strcat(got, rig_text(page, path));
		}
		const json_t *next = rig_at(page, "marker");
		snprintf(marker, sizeof(marker), "%s",
			json_is_null(next) ? "" : json_string_value(next));
		json_decref(page);
		assert_true(strlen(got) <= strlen(wanted));
		if (marker[0] == '\0')
			break;
	}
	assert_string_equal(got, wanted);
}

static void test_lists(void **state)
{
	static const struct {
		const char *method, *filter, *wanted;
	} lists[] = {
		{"eip.list", "",
			"32.1.0.1 32.1.0.2 32.1.255.255 32.2.0.1 32.3.0.1 33.0.0.1 2001:db8::1 2001:db8::2 "
			"2001:db8:ffff:: 2001:db9::1 2001:dba::1 2002:303:303::1 2002:303:303::2"},
		{"eip.list", ",'region':'four'", "32.1.0.1 32.1.0.2 32.1.255.255"},
		{"eip.list", ",'region':'six'", "2001:db8::1 2001:db8::2 2001:db8:ffff::"},
		{"eip.list", ",'region':'both'", "32.2.0.1 33.0.0.1 2001:db9::1 2001:dba::1"},
		{"eip.list", ",'region':'more'", "32.3.0.1 2002:303:303::1 2002:303:303::2"},
		{"eip.list", ",'project':'p0'",
			"32.1.0.1 32.1.255.255 32.2.0.1 32.3.0.1 2001:db8::2 2001:db9::1 2002:303:303::2"},
		{"eip.list", ",'region':'both','project':'p1'", "33.0.0.1 2001:dba::1"},
		{"ptr.list", "", "32.1.0.1 32.2.0.1 2001:db8::1 2001:dba::1 2002:303:303::2"},
		{"ptr.list", ",'region':'both'", "32.2.0.1 2001:dba::1"},
		{"ptr.list", ",'region':'both','project':'p1'", "2001:dba::1"},
	};
	struct rig *rig = *state;

	fill(rig);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		print_message("%s%s\n", lists[i].method, lists[i].filter);
		for (int limit = 1; limit <= 14; limit++)
			walk(rig, lists[i].method, lists[i].filter, limit, lists[i].wanted);
	}
}

/* A marker need not be bound, nor of the family of what follows. */
static void test_markers(void **state)
{
	static const struct {
		const char *marker, *first;
	} checks[] = {
		{"32.1.0.2", "32.1.255.255"},
		{"255.255.255.255", "2001:db8::1"},
		{"::", "2001:db8::1"},
		{"2001:0DB8:0::0001", "2001:db8::2"},
		{"2001:db8::1/128", "2001:db8::2"},
		{"2001:db8::ffff", "2001:db8:ffff::"},
		{"2002:303:303::1", "2002:303:303::2"},
	};
	struct rig *rig = *state;
	char params[128];

	fill(rig);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		snprintf(params, sizeof(params), "{'limit':1,'marker':'%s'}", checks[i].marker);
		json_t *page = rig_ok(rig, "eip.list", params);

		assert_string_equal(rig_text(page, "eips.0.address"), checks[i].first);
		json_decref(page);
	}
	json_t *page = rig_ok(rig, "eip.list", "{'marker':'2002:303:303::2'}");
	assert_int_equal(json_array_size(rig_at(page, "eips")), 0);
	json_decref(page);
	json_decref(rig_refused(rig, "eip.list", "{'marker':'2001:db8::/64'}", "DNS.0007"));
	json_decref(rig_refused(rig, "eip.list", "{'marker':'::ffff:1.2.3.4'}", "DNS.0007"));
}

/* What fills a table has one region's EIPs only: after a restart, and when a region is attached. */
static void test_scans(void **state)
{
	static const char *const regions[] = {"four", "six", "both", "more"};
	static const size_t sizes[] = {3, 3, 4, 3};
	struct rig *rig = *state;
	char params[64];

	fill(rig);
	rig_restart(rig);
	rig_check_mirror(rig);
	for (size_t i = 0; i < 4; i++) {
		snprintf(params, sizeof(params), "{'name':'%s'}", regions[i]);
		ok(rig, "region.detach", params);
		assert_int_equal(rig->control.publisher->eips_count, 13 - sizes[i]);
		ok(rig, "region.attach", params);
		assert_int_equal(rig->control.publisher->eips_count, 13);
		rig_check_mirror(rig);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		TEST(test_lists),
		TEST(test_markers),
		TEST(test_scans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
