/* Clients by address and prefix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "prefix.h"

static const struct {
	const char *text;
	bool ipv6;
	uint8_t in[16], out[16];
} clients[] = {
	{"192.0.2.1", false, {192, 0, 2, 1}, {192, 0, 2, 2}},
	{"192.0.2.1/32", false, {192, 0, 2, 1}, {192, 0, 2, 0}},
	{"192.0.2.0/24", false, {192, 0, 2, 255}, {192, 0, 3, 0}},
	{"192.0.2.0/24", false, {192, 0, 2, 0}, {192, 0, 1, 255}},
	{"128.0.0.0/1", false, {255, 255, 255, 255}, {127, 255, 255, 255}},
	{"2001:db8::1", true, {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
		{0x20, 0x01, 0x0d, 0xb8, [15] = 2}},
	{"2001:db8::/32", true, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, {0x20, 0x01, 0x0d, 0xb9}},
	{"8000::/1", true, {0xff, [15] = 0xff}, {0x7f, 0xff, [15] = 0xff}},
};

static void test_clients(void **state)
{
	static const char *const wrong[] = {"", "192.0.2", "192.0.2.1/", "192.0.2.1/33",
		"192.0.2.1/24", "192.0.2.1 ", "2001:db8::/129", "2001:db8::1/64", "::g", "host",
		"192.0.2.0/24/24", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"};
	struct dns_prefix prefix;

	(void)state;
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		assert_null(dns_prefix_parse_client(&prefix, clients[i].text));
		assert_true(dns_prefix_contains(&prefix, clients[i].ipv6, clients[i].in));
		assert_false(dns_prefix_contains(&prefix, clients[i].ipv6, clients[i].out));
		assert_false(dns_prefix_contains(&prefix, !clients[i].ipv6, clients[i].in));
	}
	assert_null(dns_prefix_parse_client(&prefix, "::/0"));
	assert_true(dns_prefix_contains(&prefix, true, clients[5].in));
	assert_false(dns_prefix_contains(&prefix, false, clients[0].in));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_non_null(dns_prefix_parse_client(&prefix, wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
