/*
 * Server cookies: the examples of RFC 9018, ages around each limit, secrets, addresses.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "cookie.h"

#define SECRET "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define OLD_SECRET "dd3bdf9344b678b185a6f5cb60fca715"
#define NEW_SECRET "445536bcd2513298075a5d379663c962"

static unsigned from_hex(uint8_t *out, size_t size, const char *text)
{
	size_t len;

	assert_int_equal(sodium_hex2bin(out, size, text, strlen(text), NULL, &len, NULL), 0);
	return (unsigned)len;
}

static struct dns_settings settings_of(const char *secret, const char *previous)
{
	struct dns_settings settings = {.cookie_secrets = previous != NULL ? 2 : 1};

	from_hex(settings.cookie_secret[0], DNS_COOKIE_SECRET_SIZE, secret);
	if (previous != NULL)
		from_hex(settings.cookie_secret[1], DNS_COOKIE_SECRET_SIZE, previous);
	return settings;
}

static void assert_cookie(const struct dns_settings *settings, const char *client, uint32_t now,
	const char *sent, enum dns_cookie expected, const char *answered)
{
	uint8_t address[16] = {0}, option[64], reply[COOKIE_SIZE], wanted[COOKIE_SIZE];
	const bool ipv6 = inet_pton(AF_INET6, client, address) == 1;

	if (!ipv6)
		assert_int_equal(inet_pton(AF_INET, client, address), 1);
	const unsigned len = from_hex(option, sizeof(option), sent);

	from_hex(wanted, sizeof(wanted), answered);
	assert_true(cookie_length_valid(len));
	assert_int_equal(cookie_check(settings, address, ipv6, now, option, len, reply), expected);
	assert_memory_equal(reply, wanted, sizeof(reply));
}

/* RFC 9018 appendix A; A.2 is answered as A.1 was, made anew for its age. */
static void test_examples(void **state)
{
	const struct dns_settings settings = settings_of(SECRET, NULL);
	const struct dns_settings rolled = settings_of(NEW_SECRET, OLD_SECRET);

	(void)state;
	assert_cookie(&settings, "198.51.100.100", 1559731985, "2464c4abcf10c957",
		DNS_COOKIE_CLIENT, "2464c4abcf10c957010000005cf79f111f8130c3eee29480");
	assert_cookie(&settings, "198.51.100.100", 1559734385,
		"2464c4abcf10c957010000005cf79f111f8130c3eee29480", DNS_COOKIE_VALID,
		"2464c4abcf10c957010000005cf7a871d4a564a1442aca77");
	/* Reserved bytes that are set are part of the hash; and the example is nearly two hours
	 * old. */
	assert_cookie(&settings, "203.0.113.203", 1559734700,
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", DNS_COOKIE_INVALID,
		"fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e");
	assert_cookie(&settings, "203.0.113.203", 0x5cf78f71 + 60,
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", DNS_COOKIE_VALID,
		"fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5");
	assert_cookie(&rolled, "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961,
		"22681ab97d52c298010000005cf7c57926556bd0934c72f8", DNS_COOKIE_VALID,
		"22681ab97d52c298010000005cf7c609a6bb79d16625507a");
}

static void test_ages(void **state)
{
	static const struct {
		int age;
		enum dns_cookie expected;
		bool renewed;
	} rows[] = {
		{0, DNS_COOKIE_VALID, false},
		{1800, DNS_COOKIE_VALID, false},
		{1801, DNS_COOKIE_VALID, true},
		{3600, DNS_COOKIE_VALID, true},
		{3601, DNS_COOKIE_INVALID, true},
		{-300, DNS_COOKIE_VALID, false},
		{-301, DNS_COOKIE_INVALID, true},
		{INT32_MAX, DNS_COOKIE_INVALID, true},
		{INT32_MIN, DNS_COOKIE_INVALID, true},
	};
	/* Serial arithmetic: the same where the seconds wrap. */
	static const uint32_t times[] = {1559731985, 0, 1000, UINT32_MAX, UINT32_MAX - 1000};
	const struct dns_settings settings = settings_of(SECRET, OLD_SECRET);
	const uint8_t client[16] = {192, 0, 2, 1};

	(void)state;
	for (size_t t = 0; t < sizeof(times) / sizeof(times[0]); t++) {
		uint8_t made[COOKIE_SIZE], reply[COOKIE_SIZE];

		assert_int_equal(cookie_check(&settings, client, false, times[t],
					 (const uint8_t *)"12345678", 8, made),
			DNS_COOKIE_CLIENT);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			const uint32_t now = times[t] + (uint32_t)rows[i].age;

			assert_int_equal(cookie_check(&settings, client, false, now, made,
						 sizeof(made), reply),
				rows[i].expected);
			assert_int_equal(memcmp(reply, made, sizeof(made)) != 0, rows[i].renewed);
		}
	}
}

/* Any bit turned, another address or family, an unknown secret: not valid. */
static void test_forged(void **state)
{
	const struct dns_settings settings = settings_of(SECRET, OLD_SECRET);
	const struct dns_settings others = settings_of(NEW_SECRET, NULL);
	uint8_t client[16] = {192, 0, 2, 1}, made[COOKIE_SIZE], reply[COOKIE_SIZE];

	(void)state;
	cookie_check(&settings, client, false, 1000, (const uint8_t *)"12345678", 8, made);
	for (unsigned bit = 0; bit < COOKIE_SIZE * 8; bit++) {
		made[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(
			cookie_check(&settings, client, false, 1000, made, sizeof(made), reply),
			DNS_COOKIE_INVALID);
		made[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(cookie_check(&others, client, false, 1000, made, sizeof(made), reply),
		DNS_COOKIE_INVALID);
	assert_int_equal(cookie_check(&settings, client, true, 1000, made, sizeof(made), reply),
		DNS_COOKIE_INVALID);
	client[3]++;
	assert_int_equal(cookie_check(&settings, client, false, 1000, made, sizeof(made), reply),
		DNS_COOKIE_INVALID);
	client[3]--;
	client[4]++; /* behind an IPv4 address: not part of it */
	assert_int_equal(cookie_check(&settings, client, false, 1000, made, sizeof(made), reply),
		DNS_COOKIE_VALID);
}

static void test_lengths(void **state)
{
	(void)state;
	for (unsigned len = 0; len < 100; len++)
		assert_int_equal(cookie_length_valid(len), len == 8 || (len >= 16 && len <= 40));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
