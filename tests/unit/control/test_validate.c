#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "address.h"
#include "validate.h"

#define LABEL63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL61 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

struct check {
	const char *text;
	const char *expected; /* canonical form, or NULL if refused */
	const char *reason;   /* part of the refusal */
};

static const struct check address_checks[] = {
	{"203.0.113.7", "203.0.113.7", NULL},
	{"203.0.113.7/32", "203.0.113.7", NULL},
	{"0.0.0.0", "0.0.0.0", NULL},
	{"255.255.255.255", "255.255.255.255", NULL},
	{"203.0.113.7/24", NULL, "only a 32-bit mask"},
	{"203.0.113.0/24", NULL, "only a 32-bit mask"},
	{"203.0.113.7/", NULL, "only a 32-bit mask"},
	{"203.0.113.7/032", NULL, "only a 32-bit mask"},
	{"203.0.113.7/32/32", NULL, "only a 32-bit mask"},
	{"203.0.113.7/33", NULL, "only a 32-bit mask"},
	{"203.0.113.07", NULL, "four decimal octets"},
	{"203.0.113.256", NULL, "four decimal octets"},
	{"203.0.113", NULL, "four decimal octets"},
	{"203.0.113.7.1", NULL, "four decimal octets"},
	{"203.0.113.", NULL, "four decimal octets"},
	{" 203.0.113.7", NULL, "four decimal octets"},
	{"203.0.113.7 ", NULL, "four decimal octets"},
	{"0xcb.0.113.7", NULL, "four decimal octets"},
	{"3405803783", NULL, "four decimal octets"},
	{"", NULL, "four decimal octets"},
	{"/32", NULL, "four decimal octets"},
	{"203.0.113.7/128", NULL, "only a 32-bit mask"},
	{"2001:db8::7", "2001:db8::7", NULL},
	{"2001:db8::7/128", "2001:db8::7", NULL},
	/* Spellings of RFC 4291 section 2.2; RFC 5952 section 4 tells the one shown. */
	{"2001:0DB8:0000:0000:0000:0000:0000:0007", "2001:db8::7", NULL},
	{"2001:db8:0:0:0:0:203.0.113.7", "2001:db8::cb00:7107", NULL},
	{"2001:db8::203.0.113.7", "2001:db8::cb00:7107", NULL},
	{"::", "::", NULL},
	{"::1", "::1", NULL},
	{"1::", "1::", NULL},
	{"2001:DB8::AbCd:eF", "2001:db8::abcd:ef", NULL},
	{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", NULL},
	{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", NULL},
	{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1", NULL},
	{"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1", NULL},
	{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		NULL},
	{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", NULL, "not an IPv6 address"},
	{"2001:db8::7/64", NULL, "only a 128-bit mask"},
	{"2001:db8::7/127", NULL, "only a 128-bit mask"},
	{"2001:db8::7/129", NULL, "only a 128-bit mask"},
	{"2001:db8::7/32", NULL, "only a 128-bit mask"},
	{"2001:db8::7/", NULL, "only a 128-bit mask"},
	{"2001:db8::7/0128", NULL, "only a 128-bit mask"},
	{"2001:db8:7", NULL, "not an IPv6 address"},
	{"2001:db8:::7", NULL, "not an IPv6 address"},
	{"2001::db8::7", NULL, "not an IPv6 address"},
	{"2001:db8::00007", NULL, "not an IPv6 address"},
	{"2001:db8::g", NULL, "not an IPv6 address"},
	{"1:2:3:4:5:6:7:8:9", NULL, "not an IPv6 address"},
	{"1:2:3:4::5:6:7:8", NULL, "not an IPv6 address"},
	{"1:2:3:4:5:6:7:203.0.113.7", NULL, "not an IPv6 address"},
	{"2001:db8::203.0.113.07", NULL, "not an IPv6 address"},
	{"fe80::1%eth0", NULL, "not an IPv6 address"},
	{"[2001:db8::7]", NULL, "not an IPv6 address"},
	{":", NULL, "not an IPv6 address"},
	{"::/128/128", NULL, "only a 128-bit mask"},
	{"::ffff:203.0.113.7", NULL, "give the IPv4 address 203.0.113.7"},
	{"::FFFF:cb00:7107/128", NULL, "give the IPv4 address 203.0.113.7"},
	{"::fffe:cb00:7107", "::fffe:cb00:7107", NULL},
};

static void test_address(void **state)
{
	struct refusal why;
	struct address address;
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(address_checks) / sizeof(address_checks[0]); i++) {
		const struct check *c = &address_checks[i];

		print_message("%s\n", c->text);
		refusal_init(&why);
		assert_int_equal(address_parse(c->text, &address, &why), c->expected != NULL);
		if (c->expected != NULL) {
			assert_string_equal(address_format(&address, text), c->expected);
			continue;
		}
		assert_int_equal(why.code, PTRD_ERR_INVALID_ADDRESS);
		assert_non_null(strstr(why.text, c->reason));
	}
}

static void test_prefix(void **state)
{
	static const struct check checks[] = {
		{"203.0.113.0/24", "203.0.113.0/24", NULL},
		{"203.0.113.7/32", "203.0.113.7/32", NULL},
		{"10.0.0.0/8", "10.0.0.0/8", NULL},
		{"203.0.112.0/22", "203.0.112.0/22", NULL},
		{"203.0.113.128/25", "203.0.113.128/25", NULL},
		{"203.0.113.1/24", NULL, "the prefix that holds it is 203.0.113.0/24"},
		{"203.0.113.127/25", NULL, "the prefix that holds it is 203.0.113.0/25"},
		{"10.0.0.0/7", NULL, "too wide"},
		{"0.0.0.0/0", NULL, "too wide"},
		{"203.0.113.0/33", NULL, "not an IPv4 prefix"},
		{"203.0.113.0/024", NULL, "not an IPv4 prefix"},
		{"203.0.113.0/", NULL, "not an IPv4 prefix"},
		{"203.0.113.0/2x", NULL, "not an IPv4 prefix"},
		{"203.0.113.0/-1", NULL, "not an IPv4 prefix"},
		{"203.0.113.0/99999999999", NULL, "not an IPv4 prefix"},
		{"203.0.113.0", NULL, "not an IPv4 prefix"},
		{"203.0.113/24", NULL, "not an IPv4 prefix"},
		{"203.0.113.0/128", NULL, "not an IPv4 prefix"},
		{"2001:db8::/32", "2001:db8::/32", NULL},
		{"2001:0DB8:0:0::/33", "2001:db8::/33", NULL},
		{"2001:db8:8000::/33", "2001:db8:8000::/33", NULL},
		{"2001:db8::7/128", "2001:db8::7/128", NULL},
		{"2001:db8::6/127", "2001:db8::6/127", NULL},
		{"2000::/8", "2000::/8", NULL},
		{"2000::/7", NULL, "a length of 8 to 128"},
		{"::/0", NULL, "too wide"},
		{"10.0.0.0/7", NULL, "a length of 8 to 32"},
		{"2001:db8::/129", NULL, "nor an IPv6 prefix"},
		{"2001:db8::", NULL, "nor an IPv6 prefix"},
		{"2001:db8::/", NULL, "nor an IPv6 prefix"},
		{"2001:db8:/32", NULL, "nor an IPv6 prefix"},
		{"2001:db8::7/127", NULL, "the prefix that holds it is 2001:db8::6/127"},
		{"2001:db8:8000::/32", NULL, "the prefix that holds it is 2001:db8::/32"},
		{"2001:db8::1/64", NULL, "the prefix that holds it is 2001:db8::/64"},
		{"::ffff:203.0.113.0/120", NULL, "give the IPv4 prefix 203.0.113.0/24"},
		{"::ffff:0:0/96", NULL, "give the IPv4 prefix 0.0.0.0/0"},
		{"", NULL, "not an IPv4 prefix"},
	};
	struct refusal why;
	struct prefix prefix;
	char text[PREFIX_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct check *c = &checks[i];

		print_message("%s\n", c->text);
		refusal_init(&why);
		assert_int_equal(prefix_parse(c->text, &prefix, &why), c->expected != NULL);
		if (c->expected != NULL) {
			assert_string_equal(prefix_format(&prefix, text), c->expected);
			continue;
		}
		assert_int_equal(why.code, PTRD_ERR_INVALID_REGION);
		assert_non_null(strstr(why.text, c->reason));
	}
}

static void test_prefix_overlap(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap;
	} checks[] = {
		{"203.0.113.0/24", "203.0.113.0/24", true},
		{"203.0.113.0/24", "203.0.113.255/32", true},
		{"203.0.113.0/24", "203.0.114.0/32", false},
		{"203.0.113.0/25", "203.0.113.128/25", false},
		{"203.0.0.0/16", "203.0.113.0/24", true},
		{"203.1.0.0/16", "203.0.255.255/32", false},
		{"2001:db8::/32", "2001:db8::/32", true},
		{"2001:db8::/32", "2001:db8:ffff::/48", true},
		{"2001:db8::/32", "2001:db9::/32", false},
		{"2001:db8::/127", "2001:db8::2/128", false},
		{"2001:db8::2/127", "2001:db8::3/128", true},
		{"32.0.0.0/8", "2001:db8::/32", false},
		{"2000::/8", "32.1.13.184/32", false},
	};
	struct refusal why;
	struct prefix a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		assert_true(prefix_parse(checks[i].a, &a, &why));
		assert_true(prefix_parse(checks[i].b, &b, &why));
		assert_int_equal(prefix_overlaps(&a, &b), checks[i].overlap);
		assert_int_equal(prefix_overlaps(&b, &a), checks[i].overlap);
		/* Of two prefixes that overlap one holds the other. */
		assert_int_equal(prefix_holds(&a, &b.first) || prefix_holds(&b, &a.first),
			checks[i].overlap);
		assert_int_equal(
			prefix_holds(&a, &b.last) || prefix_holds(&b, &a.last), checks[i].overlap);
	}
}

static void test_name(void **state)
{
	static const struct check checks[] = {
		{"mail.example.org", "mail.example.org.", NULL},
		{"Mail.EXAMPLE.org.", "mail.example.org.", NULL},
		{"localhost", "localhost.", NULL},
		{"a.b-c.d", "a.b-c.d.", NULL},
		{"_dmarc.x_y.example", "_dmarc.x_y.example.", NULL},
		{"203.0.113.7", "203.0.113.7.", NULL},
		{"xn--mnchen-3ya.example", "xn--mnchen-3ya.example.", NULL},
		{LABEL63 ".example", LABEL63 ".example.", NULL},
		{"a" LABEL63 ".example", NULL, "a label of 64 characters; the most is 63"},
		/* 254 with the final dot, then one more. */
		{LABEL63 "." LABEL63 "." LABEL63 "." LABEL61,
			LABEL63 "." LABEL63 "." LABEL63 "." LABEL61 ".", NULL},
		{LABEL63 "." LABEL63 "." LABEL63 "." LABEL61 ".",
			LABEL63 "." LABEL63 "." LABEL63 "." LABEL61 ".", NULL},
		{LABEL63 "." LABEL63 "." LABEL63 "." LABEL61 "b", NULL, "longer than 254"},
		{LABEL63 "." LABEL63 "." LABEL63 "." LABEL61 "b.", NULL, "longer than 254"},
		{LABEL63 "." LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, NULL, "longer than 254"},
		{"*.example.org", NULL, "wildcard"},
		{"mail.*", NULL, "wildcard"},
		{"m\xc3\xbcnchen.example", NULL, "A-label"},
		{"-a.example", NULL, "hyphen"},
		{"a-.example", NULL, "hyphen"},
		{"a.-", NULL, "hyphen"},
		{"", NULL, "empty label"},
		{".", NULL, "empty label"},
		{"a..b", NULL, "empty label"},
		{".a", NULL, "empty label"},
		{"a.b..", NULL, "empty label"},
		{"a b.example", NULL, "character other than"},
		{"a\\.b", NULL, "character other than"},
		{"a/b", NULL, "character other than"},
		{"a\tb", NULL, "character other than"},
		{"a@b", NULL, "character other than"},
	};
	struct refusal why;
	char name[NAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		const struct check *c = &checks[i];

		print_message("%s\n", c->text);
		refusal_init(&why);
		assert_int_equal(name_canonical(c->text, name, &why), c->expected != NULL);
		if (c->expected != NULL) {
			assert_string_equal(name, c->expected);
			continue;
		}
		assert_int_equal(why.code, PTRD_ERR_INVALID_NAME);
		assert_non_null(strstr(why.text, c->reason));
	}
}

static void test_zone_name(void **state)
{
	static const char *const good[] = {"64/26.113.0.203.in-addr.arpa.", "64-127.x.", "a/b_c."};
	struct refusal why;
	char name[NAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(zone_name_canonical(good[i], name, &why));
		assert_string_equal(name, good[i]);
	}
	assert_true(zone_name_canonical("A/B.X", name, &why));
	assert_string_equal(name, "a/b.x.");
	assert_false(zone_name_canonical("a\\b.x", name, &why));
	assert_non_null(strstr(why.text, "underscores and slashes"));
	assert_false(zone_name_canonical("*.x", name, &why));
	assert_false(zone_name_canonical("", name, &why));

	assert_true(name_at_or_below("a.b.", "a.b."));
	assert_true(name_at_or_below("c.a.b.", "a.b."));
	assert_false(name_at_or_below("ca.b.", "a.b."));
	assert_false(name_at_or_below("b.", "a.b."));
	assert_false(name_at_or_below("a.c.", "a.b."));
}

static char *repeat(char *buffer, char c, size_t n)
{
	memset(buffer, c, n);
	buffer[n] = '\0';
	return buffer;
}

static void test_words(void **state)
{
	char text[200];
	struct refusal why;

	(void)state;
	assert_true(region_name_check("eu-de", &why));
	assert_true(region_name_check("0", &why));
	assert_true(region_name_check(repeat(text, 'a', 63), &why));
	assert_false(region_name_check(repeat(text, 'a', 64), &why));
	assert_int_equal(why.code, PTRD_ERR_INVALID_REGION);
	assert_false(region_name_check("", &why));
	assert_false(region_name_check("-eu", &why));
	assert_false(region_name_check("EU", &why));
	assert_false(region_name_check("eu_de", &why));
	assert_false(region_name_check("../eu", &why));

	assert_true(eip_id_check("Az09._-", &why));
	assert_true(eip_id_check(repeat(text, 'a', 100), &why));
	assert_false(eip_id_check(repeat(text, 'a', 101), &why));
	assert_int_equal(why.code, PTRD_ERR_INVALID_EIP_ID);
	assert_false(eip_id_check("", &why));
	assert_false(eip_id_check("a:b", &why));
	assert_false(eip_id_check("a b", &why));

	assert_true(project_check("Shop_1.x-y", &why));
	assert_true(project_check(repeat(text, 'a', 64), &why));
	assert_false(project_check(repeat(text, 'a', 65), &why));
	assert_int_equal(why.code, PTRD_ERR_INVALID_REQUEST);
	assert_false(project_check("", &why));
	assert_false(project_check("a/b", &why));
}

static void test_ttl(void **state)
{
	struct refusal why;

	(void)state;
	assert_true(ttl_check(1, &why));
	assert_true(ttl_check(2147483647, &why));
	assert_false(ttl_check(0, &why));
	assert_int_equal(why.code, PTRD_ERR_INVALID_TTL);
	assert_non_null(strstr(why.text, "0 is outside 1 to 2147483647"));
	assert_false(ttl_check(2147483648, &why));
	assert_false(ttl_check(-1, &why));
	assert_false(ttl_check(INT64_MAX, &why));
	assert_false(ttl_check(INT64_MIN, &why));
}

static void test_ptr_id(void **state)
{
	static const char *const bad[] = {"", ":", "eu", "eu:", ":id", "EU:id", "eu:a b", "eu:a:b"};
	char region[REGION_NAME_MAX], id[EIP_ID_MAX], text[200];
	struct refusal why;

	(void)state;
	assert_true(ptr_id_split("eu-de:01a2-x", region, id, &why));
	assert_string_equal(region, "eu-de");
	assert_string_equal(id, "01a2-x");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(ptr_id_split(bad[i], region, id, &why));
		assert_int_equal(why.code, PTRD_ERR_INVALID_PTR_ID);
	}
	repeat(text, 'a', 63);
	strcat(text, ":");
	repeat(text + 64, 'b', 100);
	assert_true(ptr_id_split(text, region, id, &why));
	strcat(text, "b");
	assert_false(ptr_id_split(text, region, id, &why));
	repeat(text, 'a', 64);
	strcat(text, ":b");
	assert_false(ptr_id_split(text, region, id, &why));
}

static void test_names_equal(void **state)
{
	(void)state;
	assert_true(names_equal("a. b.", "b. a."));
	assert_true(names_equal("a.", "a."));
	assert_false(names_equal("a. b.", "a."));
	assert_false(names_equal("a.", "a. b."));
	assert_false(names_equal("a. bb.", "aa. b."));
	assert_false(names_equal("ab.", "b."));
}

static void test_record(void **state)
{
	static const uint8_t two[] = {
		0xc0,
		0x0c,
		0,
		12,
		0,
		1,
		0,
		0,
		1,
		44,
		0,
		8,
		1,
		'a',
		4,
		't',
		'e',
		's',
		't',
		0,
		0xc0,
		0x0c,
		0,
		12,
		0,
		1,
		0,
		0,
		1,
		44,
		0,
		3,
		1,
		'b',
		0,
	};
	static const char longest[] = LABEL63 "." LABEL63 "." LABEL63 "." LABEL61 ".";
	char names[NAMES_TEXT_MAX];
	struct record_wire record;
	size_t used = 0;

	(void)state;
	record_encode("a.test. b.", 300, &record);
	assert_int_equal(record.ancount, 2);
	assert_int_equal(record.len, sizeof(two));
	assert_memory_equal(record.bytes, two, sizeof(two));

	/* Ten of the longest fill the text and the record exactly. */
	for (int i = 0; i < PTRD_RECORD_NAMES_MAX; i++)
		used += (size_t)snprintf(
			names + used, sizeof(names) - used, "%s%s", i > 0 ? " " : "", longest);
	assert_int_equal(used, NAMES_TEXT_MAX - 1);
	record_encode(names, TTL_MAX, &record);
	assert_int_equal(record.ancount, 10);
	assert_int_equal(record.len, PTRD_RECORD_WIRE_MAX);
	assert_int_equal(record.bytes[6], 0x7f);
	assert_int_equal(record.bytes[9], 0xff);
}

static void test_uuid(void **state)
{
	char a[37], b[37], c[37];
	struct refusal why;

	(void)state;
	uuid_text(UINT64_C(0x0123456789ab), a);
	assert_memory_equal(a, "01234567-89ab-7", 15);
	assert_int_equal(strlen(a), 36);
	assert_non_null(strchr("89ab", a[19]));
	assert_true(eip_id_check(a, &why));
	uuid_text(UINT64_C(0x0123456789ab), b);
	assert_string_not_equal(a, b);
	uuid_text(UINT64_C(0x0123456789ac), c);
	assert_true(strcmp(a, c) < 0);
	/* Random bytes are fetched for 64 at a time. */
	char many[200][37];

	for (int i = 0; i < 200; i++) {
		uuid_text(1, many[i]);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(many[i], many[j]);
	}
}

static void test_quote(void **state)
{
	char text[200];

	(void)state;
	assert_string_equal(QUOTE("a b"), "\"a b\"");
	assert_string_equal(QUOTE("\x01\xff"), "\"\\x01\\xff\"");
	assert_string_equal(QUOTE(""), "\"\"");
	/* The longest possible ends within the buffer, with dots. */
	memset(text, 0xff, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	const char *quoted = QUOTE(text);
	assert_true(strlen(quoted) < sizeof(struct quoted));
	assert_string_equal(quoted + strlen(quoted) - 4, "...\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_prefix_overlap),
		cmocka_unit_test(test_name),
		cmocka_unit_test(test_zone_name),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_ptr_id),
		cmocka_unit_test(test_names_equal),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
