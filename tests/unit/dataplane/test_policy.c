/* What the engine is told of the configuration, and by what readers see of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy.h"
#include "serving.h"

#define READERS 3

static const uint8_t random_secret[DNS_COOKIE_SECRET_SIZE] = "a random secret";

static struct ptrd_config_rate_limit no_limit
	= {.slip = 2, .ipv4_prefix = 24, .ipv6_prefix = 56, .buckets = 1024};

static void test_nothing(void **state)
{
	const struct ptrd_config_dns config = {.rate_limit = &no_limit};
	struct policy *policy = policy_create(&config, 10, READERS, random_secret);

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->settings.nsid_len, 0);
	assert_null(policy->settings.version);
	assert_null(policy->settings.hostname);
	assert_null(policy->settings.id);
	assert_int_equal(policy->settings.cookie_secrets, 0);
	assert_int_equal(policy->settings.limit_rate, 0);
	assert_int_equal(policy->settings.tcp_keepalive, 100); /* units of 100 ms */
	for (unsigned i = 0; i < PTRD_READERS_MAX; i++)
		assert_null(policy->limiters[i]);
	policy_free(policy);
}

/* Texts are copies: the configuration goes, the policy stays. */
static void test_texts(void **state)
{
	char nsid[DNS_NSID_MAX + 1], version[] = "v", hostname[] = "h", id[] = "i";
	const struct ptrd_config_dns config = {.nsid = nsid,
		.version = version,
		.hostname = hostname,
		.id = id,
		.rate_limit = &no_limit};

	(void)state;
	memset(nsid, 'n', DNS_NSID_MAX);
	nsid[DNS_NSID_MAX] = '\0';
	struct policy *policy = policy_create(&config, 3600, READERS, random_secret);
	assert_non_null(policy);
	nsid[0] = version[0] = hostname[0] = id[0] = 'x';
	assert_int_equal(policy->settings.nsid_len, DNS_NSID_MAX);
	assert_int_equal(policy->settings.nsid[0], 'n');
	assert_int_equal(policy->settings.nsid[DNS_NSID_MAX - 1], 'n');
	assert_string_equal(policy->settings.version, "v");
	assert_string_equal(policy->settings.hostname, "h");
	assert_string_equal(policy->settings.id, "i");
	assert_int_equal(policy->settings.tcp_keepalive, 36000);
	policy_free(policy);
}

static void test_secrets(void **state)
{
	char first[] = "00112233445566778899aAbBcCdDeEfF",
	     second[] = "ffffffffffffffffffffffffffffff00";
	char *list[] = {first, second};
	struct ptrd_config_dns config = {.cookie_random = true, .rate_limit = &no_limit};
	struct policy *policy = policy_create(&config, 10, READERS, random_secret);

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->settings.cookie_secrets, 1);
	assert_memory_equal(
		policy->settings.cookie_secret[0], random_secret, DNS_COOKIE_SECRET_SIZE);
	policy_free(policy);

	config = (struct ptrd_config_dns){
		.cookie_secrets = list, .cookie_secrets_count = 2, .rate_limit = &no_limit};
	policy = policy_create(&config, 10, READERS, random_secret);
	assert_non_null(policy);
	assert_int_equal(policy->settings.cookie_secrets, 2);
	assert_memory_equal(policy->settings.cookie_secret[0],
		"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff", 16);
	assert_memory_equal(policy->settings.cookie_secret[1],
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00", 16);
	policy_free(policy);
}

/* Each reader has a limiter of its own, aligned as it must be. */
static void test_limiters(void **state)
{
	struct ptrd_config_rate_limit limit = {.responses_per_second = 5,
		.slip = 3,
		.ipv4_prefix = 20,
		.ipv6_prefix = 48,
		.buckets = 1024};
	const struct ptrd_config_dns config = {.rate_limit = &limit};
	struct policy *policy = policy_create(&config, 10, READERS, random_secret);

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->settings.limit_rate, 5);
	assert_int_equal(policy->settings.limit_slip, 3);
	assert_int_equal(policy->settings.limit_ipv4, 20);
	assert_int_equal(policy->settings.limit_ipv6, 48);
	assert_int_equal(policy->settings.limit_buckets, 1024);
	for (unsigned i = 0; i < PTRD_READERS_MAX; i++) {
		assert_int_equal(policy->limiters[i] != NULL, i < READERS);
		assert_int_equal((uintptr_t)policy->limiters[i] % 64, 0);
		for (unsigned j = 0; j < i && i < READERS; j++)
			assert_ptr_not_equal(policy->limiters[i], policy->limiters[j]);
	}
	policy_free(policy);
	policy_free(NULL);
}

/* What a reader answers from: its own limiter, and clocks that go. */
static void test_context(void **state)
{
	struct ptrd_config_rate_limit limit = {.responses_per_second = 5, .buckets = 1024};
	const struct ptrd_config_dns config = {.rate_limit = &limit};
	struct policy *policy = policy_create(&config, 10, READERS, random_secret);
	const struct dns_view view = {.generation = 7};
	struct serving serving = {0};
	const uint32_t before = (uint32_t)time(NULL);

	(void)state;
	assert_non_null(policy);
	atomic_store(&serving.view, &view);
	atomic_store(&serving.policy, policy);
	const struct dns_context first = serving_context(&serving, 1);
	assert_ptr_equal(first.view, &view);
	assert_ptr_equal(first.settings, &policy->settings);
	assert_ptr_equal(first.limiter, policy->limiters[1]);
	assert_true(first.now + 1 >= before && first.now <= (uint32_t)time(NULL));
	struct dns_context later = first;
	for (int i = 0; i < 100000000 && later.now_ms == first.now_ms; i++)
		later = serving_context(&serving, 2);
	assert_true(later.now_ms > first.now_ms);
	assert_ptr_equal(later.limiter, policy->limiters[2]);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_limiters),
		cmocka_unit_test(test_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
