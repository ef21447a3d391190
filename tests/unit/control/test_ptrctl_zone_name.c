/*
 * Names of zone files: what is read without ldns is what ldns reads, to the byte, and all else is left
 * to it; keys are in the order of addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zone_name.h"

#define L63 "a23456789-123456789_123456789/123456789012345678901234567890123"
#define L192 L63 "." L63 "." L63 "." /* bytes of text and on the wire */
#define ORIGIN "0.0.10.in-addr.arpa."

static ldns_rdf *by_ldns(const char *text, const char *origin)
{
	ldns_rdf *name = ldns_dname_new_frm_str(strcmp(text, "@") == 0 ? origin : text);
	ldns_rdf *below = ldns_dname_new_frm_str(origin);

	if (name != NULL && strcmp(text, "@") != 0 && !ldns_dname_str_absolute(text)
		&& ldns_dname_cat(name, below) != LDNS_STATUS_OK) {
		ldns_rdf_deep_free(name);
		name = NULL;
	}
	ldns_rdf_deep_free(below);
	return name;
}

static void check_name(const char *text, bool plain)
{
	ldns_rdf *origin = ldns_dname_new_frm_str(ORIGIN), *want = by_ldns(text, ORIGIN);
	struct zone_name below, name;

	zone_name_of(origin, &below);
	if (zone_name_read(text, &below, &name) != plain)
		fail_msg("%s is %s", text, plain ? "not read" : "read");
	if (plain) {
		if (want == NULL)
			fail_msg("%s is no name to ldns", text);
		assert_int_equal(name.len, ldns_rdf_size(want));
		assert_memory_equal(name.wire, ldns_rdf_data(want), name.len);
	}
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(want);
}

static void test_read(void **state)
{
	static const char *const plain[] = {
		"a",
		"a.",
		"A-b_c.0/25.",
		"@",
		"1.2.3",
		L63,
		L63 ".",
		/* 255 bytes on the wire: 192, 62, the root's; and with an origin of 21 */
		L192 "1234567890123456789012345678901234567890123456789012345678901.",
		L192 "12345678901234567890123456789012345678901",
	};
	static const char *const others[] = {
		"",
		".",
		"..",
		"a..b.",
		".a",
		"a..",
		"*",
		"a\\.b",
		"a\\049",
		"a b",
		"\"a\"",
		"@.a",
		"a@",
		"\xc3\xa4",
		"a" L63,
		"a" L63 ".",
		L192 "12345678901234567890123456789012345678901234567890123456789012.",
		L192 "123456789012345678901234567890123456789012",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		check_name(plain[i], true);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		check_name(others[i], false);
}

static void test_no_origin(void **state)
{
	static const struct zone_name none = {.len = 0};
	struct zone_name name;

	(void)state;
	assert_true(zone_name_read("a.", &none, &name));
	assert_false(zone_name_read("a", &none, &name));
	assert_false(zone_name_read("@", &none, &name));
}

static void test_write(void **state)
{
	static const struct {
		const char *text;
		bool plain;
	} names[] = {{"Mail-1_x.example.", true}, {"a/b.", false}, {"a\\.b.", false}, {".", false}};
	char text[ZONE_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ldns_rdf *rdf = ldns_dname_new_frm_str(names[i].text);
		struct zone_name name;

		zone_name_of(rdf, &name);
		assert_int_equal(zone_name_write(&name, text), names[i].plain);
		if (names[i].plain)
			assert_string_equal(text, names[i].text);
		ldns_rdf_deep_free(rdf);
	}
}

static void test_keys(void **state)
{
	/* In order. */
	static const char *const owners[] = {
		"255.0.0.10.in-addr.arpa.",
		"0.1.0.10.in-addr.arpa.",
		"9.1.0.10.in-addr.arpa.",
		"10.1.0.10.IN-ADDR.ARPA.",
		"0.0.0.11.in-addr.arpa.",
		"0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
		"a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
	};
	static const char *const none[]
		= {"0.10.in-addr.arpa.", "01.0.0.10.in-addr.arpa.", "1.2.3.4.5.in-addr.arpa.",
			"a.ip6.arpa.", "a.example.", "1.a.b.0.0.10.in-addr.arpa."};
	const struct zone_name origin = {.len = 0};
	struct zone_key last = {.bytes = {0}}, key;
	struct zone_name name;

	(void)state;
	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		assert_true(zone_name_read(owners[i], &origin, &name));
		assert_true(zone_key_read(&name, &key));
		assert_true(zone_key_compare(&last, &key) < 0);
		last = key;
		/* What was there before is no part of the next. */
		assert_true(zone_name_read(none[i % 6], &origin, &name));
		assert_false(zone_key_read(&name, &key));
	}
	assert_true(zone_name_read("7.0/25.0.0.10.in-addr.arpa.", &origin, &name));
	assert_true(zone_key_read(&name, &last));
	assert_true(zone_name_read("7.0.0.10.in-addr.arpa.", &origin, &name));
	assert_true(zone_key_read(&name, &key));
	assert_int_equal(zone_key_compare(&last, &key), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_no_origin),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
