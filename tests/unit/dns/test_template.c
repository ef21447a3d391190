#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "template.h"

#define SUFFIX "compute.example.com."
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L62 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L48 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L57 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char *wire_text(const uint8_t *wire, unsigned len)
{
	ldns_rdf *name = NULL;
	size_t at = 0;

	assert_int_equal(ldns_wire2dname(&name, wire, len, &at), LDNS_STATUS_OK);
	assert_int_equal(at, len);
	char *text = ldns_rdf2str(name);
	ldns_rdf_deep_free(name);
	return text;
}

static void assert_expands(const struct dns_template *t, uint32_t address, const char *expected)
{
	uint8_t *wire = malloc(
		PTRD_NAME_WIRE_MAX + DNS_TEMPLATE_SLACK); /* of just this size, for the sanitizer */

	assert_non_null(wire);
	char *text = wire_text(wire, dns_template_expand(t, address, wire));
	assert_string_equal(text, expected);
	free(text);
	free(wire);
}

static const struct {
	const char *text, *suffix;
	const char *expected; /* for 203.0.113.7 */
} accepted[] = {
	{"ecs-{a}-{b}-{c}-{d}.{suffix}", SUFFIX, "ecs-203-0-113-7.compute.example.com."},
	{"ecs-{a}-{b}-{c}-{d}.{suffix}", "compute.example.com",
		"ecs-203-0-113-7.compute.example.com."},
	{"ecs-{a}-{b}-{c}-{d}.{suffix}.", SUFFIX, "ecs-203-0-113-7.compute.example.com."},
	{"static.{d}.{c}.{b}.{a}.{suffix}", SUFFIX, "static.7.113.0.203.compute.example.com."},
	{"{a}-{b}-{c}-{d}.{suffix}", SUFFIX, "203-0-113-7.compute.example.com."},
	{"{address}.{suffix}", SUFFIX, "203-0-113-7.compute.example.com."},
	{"ip-{reverse}.rev.{suffix}", SUFFIX, "ip-7-113-0-203.rev.compute.example.com."},
	{"{address}.fixed.example", SUFFIX, "203-0-113-7.fixed.example."},
	{"{suffix}", SUFFIX, "compute.example.com."},
	{"{suffix}.{d}", SUFFIX, "compute.example.com.7."},
	{"x{d}y{d}z", SUFFIX, "x7y7z."},
	{"{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}x{d}", SUFFIX,
		"7.7.7.7.7.7.7.7.7.7.7.7.7.7.7.7x7."},
	{"{a}.{suffix}.{suffix}", "e", "203.e.e."},
	{"{d}-{suffix}", SUFFIX, "7-compute.example.com."},
	{L60 "{a}", SUFFIX, L60 "203."},
	{L48 "{address}", SUFFIX, L48 "203-0-113-7."},
	{L48 "{reverse}", SUFFIX, L48 "7-113-0-203."},
	/* 255 bytes with an octet of three digits: 4 + 64 + 64 + 64 + 58 + 1 */
	{"{d}.{suffix}", L63 "." L63 "." L63 "." L57, "7." L63 "." L63 "." L63 "." L57 "."},
	/* 32 parts */
	{"{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}x", "e",
		"7.7.7.7.7.7.7.7.7.7.7.7.7.7.7.7x."},
};

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct dns_template t;
		char error[TEMPLATE_ERROR_SIZE] = "";

		if (dns_template_compile(&t, accepted[i].text, accepted[i].suffix, error) != 0)
			fail_msg("%s: %s", accepted[i].text, error);
		assert_expands(&t, 0xcb007107, accepted[i].expected);
	}
}

static const struct {
	const char *text, *suffix;
	const char *expected; /* for 2001:db8::abcd:7 */
} accepted6[] = {
	{"ecs-{address}.{suffix}", SUFFIX,
		"ecs-2001-0db8-0000-0000-0000-0000-abcd-0007.compute.example.com."},
	{"ecs-{address}.{suffix}.", "compute.example.com",
		"ecs-2001-0db8-0000-0000-0000-0000-abcd-0007.compute.example.com."},
	{"{address}.{suffix}", SUFFIX,
		"2001-0db8-0000-0000-0000-0000-abcd-0007.compute.example.com."},
	{"static.{reverse}.v6.{suffix}", SUFFIX,
		"static.0007-abcd-0000-0000-0000-0000-0db8-2001.v6.compute.example.com."},
	{"{suffix}", SUFFIX, "compute.example.com."},
	{"a{address}.b{reverse}", SUFFIX,
		"a2001-0db8-0000-0000-0000-0000-abcd-0007."
		"b0007-abcd-0000-0000-0000-0000-0db8-2001."},
	/* 24 + 39 characters */
	{"aaaaaaaaaaaaaaaaaaaaaaaa{address}", SUFFIX,
		"aaaaaaaaaaaaaaaaaaaaaaaa2001-0db8-0000-0000-0000-0000-abcd-0007."},
	/* 255 bytes: 40 + 64 + 64 + 64 + 22 + 1 */
	{"{address}.{suffix}", L63 "." L63 "." L63 ".aaaaaaaaaaaaaaaaaaaaa",
		"2001-0db8-0000-0000-0000-0000-abcd-0007." L63 "." L63 "." L63
		".aaaaaaaaaaaaaaaaaaaaa."},
};

static void test_accepted6(void **state)
{
	static const uint8_t address[16] = {0x20, 1, 0x0d, 0xb8, [12] = 0xab, 0xcd, 0, 7};

	(void)state;
	for (size_t i = 0; i < sizeof(accepted6) / sizeof(accepted6[0]); i++) {
		struct dns_template t;
		char error[TEMPLATE_ERROR_SIZE] = "";
		uint8_t *wire = malloc(PTRD_NAME_WIRE_MAX + DNS_TEMPLATE_SLACK);

		assert_non_null(wire);
		if (dns_template_compile6(&t, accepted6[i].text, accepted6[i].suffix, error) != 0)
			fail_msg("%s: %s", accepted6[i].text, error);
		char *text = wire_text(wire, dns_template_expand6(&t, address, wire));

		assert_string_equal(text, accepted6[i].expected);
		free(text);
		free(wire);
	}
}

static void test_refused6(void **state)
{
	static const struct {
		const char *text, *suffix, *rule;
	} cases[] = {
		{"{a}.{suffix}", SUFFIX, "default_name6 \"{a}.{suffix}\": unknown token"},
		{"{d}", SUFFIX, "unknown token"},
		{"", SUFFIX, "default_name6 \"\""},
		{"aaaaaaaaaaaaaaaaaaaaaaaaa{address}", SUFFIX, "longer than 63"},
		{"{address}{reverse}", SUFFIX, "longer than 63"},
		{"{address}.{suffix}", L63 "." L63 "." L63 ".aaaaaaaaaaaaaaaaaaaaaa",
			"longer than 255"},
		{"{address}-.{suffix}", SUFFIX, "hyphen"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dns_template t;
		char error[TEMPLATE_ERROR_SIZE] = "";

		assert_int_equal(
			dns_template_compile6(&t, cases[i].text, cases[i].suffix, error), -EINVAL);
		if (strstr(error, cases[i].rule) == NULL)
			fail_msg("%s: %s", cases[i].text, error);
	}
}

static const struct {
	const char *text, *suffix;
	const char *field, *rule; /* parts of the error text */
} refused[] = {
	{"", SUFFIX, "default_name \"\"", "at least one label"},
	{".", SUFFIX, "default_name", "at least one label"},
	{"{e}.{suffix}", SUFFIX, "default_name \"{e}.{suffix}\"", "unknown token"},
	{"{A}.{suffix}", SUFFIX, "default_name", "unknown token"},
	{"{}.{suffix}", SUFFIX, "default_name", "unknown token"},
	{"{a.{suffix}", SUFFIX, "default_name", "unknown token"},
	{"{a", SUFFIX, "default_name", "unknown token"},
	{"{address", SUFFIX, "default_name", "unknown token"},
	{"{suffix", SUFFIX, "default_name", "unknown token"},
	{"{{a}", SUFFIX, "default_name", "unknown token"},
	{"a}.{suffix}", SUFFIX, "default_name", "only letters, digits"},
	{"ecs_{a}.{suffix}", SUFFIX, "default_name", "only letters, digits"},
	{"ecs {a}.{suffix}", SUFFIX, "default_name", "only letters, digits"},
	{"\xc3\xa9{a}.{suffix}", SUFFIX, "default_name", "only letters, digits"},
	{"*.{suffix}", SUFFIX, "default_name", "only letters, digits"},
	{"-{a}.{suffix}", SUFFIX, "default_name", "begin or end with a hyphen"},
	{"{a}-.{suffix}", SUFFIX, "default_name", "begin or end with a hyphen"},
	{"{a}.-{suffix}", SUFFIX, "default_name", "begin or end with a hyphen"},
	{"{a}.{suffix}-", SUFFIX, "default_name", "begin or end with a hyphen"},
	{".{suffix}", SUFFIX, "default_name", "empty label"},
	{"{a}..{suffix}", SUFFIX, "default_name", "empty label"},
	{"{a}.{suffix}..", SUFFIX, "default_name", "empty label"},
	/* 61 + 3 and 49 + 15 characters: one over */
	{L60 "a{a}", SUFFIX, "default_name", "longer than 63"},
	{L48 "a{address}", SUFFIX, "default_name", "longer than 63"},
	{L48 "a{reverse}", SUFFIX, "default_name", "longer than 63"},
	{"{d}x.{suffix}", L63 "." L63 "." L63 "." L57, "default_name", "longer than 255"},
	{"{suffix}{suffix}{suffix}", L63 "." L63 "." L63, "default_name", "longer than"},
	{"{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}.{d}x{d}.{d}", "e",
		"default_name", "32 at most"},
	{"{a}.{suffix}", "", "suffix \"\"", "at least one label"},
	{"{a}.{suffix}", ".", "suffix \".\"", "at least one label"},
	{"{a}.{suffix}", "a..b", "suffix", "empty label"},
	{"{a}.{suffix}", "a..", "suffix", "empty label"},
	{"{a}.{suffix}", "-a.b.", "suffix", "hyphen"},
	{"{a}.{suffix}", "a b.", "suffix", "only letters"},
	{"{a}.{suffix}", L63 "a.b.", "suffix", "longer than 63"},
	{"{a}.{suffix}", L63 "." L63 "." L63 "." L62, "suffix", "255 bytes"},
	{"{a}.{suffix}", L63 "." L63 "." L63 "." L63 "." L63, "suffix", "255 bytes"},
	{"{a}", "{a}", "suffix", "only letters"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct dns_template t;
		char error[TEMPLATE_ERROR_SIZE] = "";

		if (dns_template_compile(&t, refused[i].text, refused[i].suffix, error) == 0)
			fail_msg("accepted: %s with %s", refused[i].text, refused[i].suffix);
		if (strstr(error, refused[i].field) != error
			|| strstr(error, refused[i].rule) == NULL)
			fail_msg("%s with %s: error is: %s", refused[i].text, refused[i].suffix,
				error);
	}
}

/* 255 characters are accepted, 256 are not. */
static void test_text_length(void **state)
{
	char text[257] = "", error[TEMPLATE_ERROR_SIZE] = "";
	struct dns_template t;

	(void)state;
	for (unsigned i = 0; i < 31; i++)
		memcpy(text + 8 * i, "{suffix}", 8);
	memcpy(text + 248, "aaaaaaa", 8);
	assert_int_equal(strlen(text), 255);
	assert_int_equal(dns_template_compile(&t, text, "e", error), 0);
	assert_expands(&t, 0, "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeaaaaaaa.");
	memcpy(text + 248, "aaaaaaaa", 9);
	assert_true(dns_template_compile(&t, text, "e", error) < 0);
	assert_non_null(strstr(error, "longer than 255 characters"));
}

/* Every value of an octet, at every place. */
static void test_octets(void **state)
{
	struct dns_template t;
	char error[TEMPLATE_ERROR_SIZE];

	(void)state;
	assert_int_equal(
		dns_template_compile(&t, "{address}.{reverse}.{a}.{b}.{c}.{d}", "e", error), 0);
	for (unsigned value = 0; value < 256; value++) {
		const unsigned a = value, b = 255 - value, c = value ^ 0x55, d = (value * 7) & 0xff;
		char expected[80];

		snprintf(expected, sizeof(expected), "%u-%u-%u-%u.%u-%u-%u-%u.%u.%u.%u.%u.", a, b,
			c, d, d, c, b, a, a, b, c, d);
		assert_expands(&t, a << 24 | b << 16 | c << 8 | d, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_text_length),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_accepted6),
		cmocka_unit_test(test_refused6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
