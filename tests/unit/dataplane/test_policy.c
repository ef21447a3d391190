/* What the engine is told of the configuration, and by what readers see of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy.h"
#include "prefix.h"
#include "serving.h"

#define READERS 3

static const uint8_t random_secret[DNS_COOKIE_SECRET_SIZE] = "a random secret";

static struct ptrd_config_rate_limit no_limit
	= {.slip = 2, .ipv4_prefix = 24, .ipv6_prefix = 56, .buckets = 1024};

static void test_nothing(void **state)
{
	const struct ptrd_config_dns config = {.rate_limit = &no_limit};
	struct policy *policy = policy_create(&config, 10, READERS, random_secret, NULL);

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->settings.nsid_len, 0);
	assert_null(policy->settings.version);
	assert_null(policy->settings.hostname);
	assert_null(policy->settings.id);
	assert_int_equal(policy->settings.cookie_secrets, 0);
	assert_int_equal(policy->settings.transfer_to_count, 0);
	assert_int_equal(policy->settings.limit_rate, 0);
	assert_int_equal(policy->settings.tcp_keepalive, 100); /* units of 100 ms */
	for (unsigned i = 0; i < PTRD_READERS_MAX; i++)
		assert_null(policy->limiter[i]);
	assert_null(policy->limiters);
	policy_free(policy);
}

/* Clients are read once; the text goes with the configuration. */
static void test_transfers(void **state)
{
	static const uint8_t in[16] = {192, 0, 2, 255}, in6[16] = {0x20, 1, 0xd, 0xb8};
	char ipv4[] = "192.0.2.0/24", ipv6[] = "2001:db8::";
	char *clients[] = {ipv4, ipv6};
	const struct ptrd_config_dns config = {.allow_transfer = clients,
		.allow_transfer_count = 2,
		.transfers = 7,
		.transfer_memory = 5000,
		.rate_limit = &no_limit};
	struct policy *policy = policy_create(&config, 10, READERS, random_secret, NULL);

	(void)state;
	assert_non_null(policy);
	ipv4[0] = ipv6[0] = 'x';
	assert_int_equal(policy->settings.transfer_to_count, 2);
	assert_true(dns_prefix_contains(&policy->settings.transfer_to[0], false, in));
	assert_true(dns_prefix_contains(&policy->settings.transfer_to[1], true, in6));
	assert_int_equal(policy->transfers, 7);
	assert_true(policy->transfer_memory == (size_t)5000 * 1024 * 1024);
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
	struct policy *policy = policy_create(&config, 3600, READERS, random_secret, NULL);
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
	struct policy *policy = policy_create(&config, 10, READERS, random_secret, NULL);

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->settings.cookie_secrets, 1);
	assert_memory_equal(
		policy->settings.cookie_secret[0], random_secret, DNS_COOKIE_SECRET_SIZE);
	policy_free(policy);

	config = (struct ptrd_config_dns){
		.cookie_secrets = list, .cookie_secrets_count = 2, .rate_limit = &no_limit};
	policy = policy_create(&config, 10, READERS, random_secret, NULL);
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
	struct policy *policy = policy_create(&config, 10, READERS, random_secret, NULL);

	(void)state;
	assert_non_null(policy);
	assert_int_equal(policy->settings.limit_rate, 5);
	assert_int_equal(policy->settings.limit_slip, 3);
	assert_int_equal(policy->settings.limit_ipv4, 20);
	assert_int_equal(policy->settings.limit_ipv6, 48);
	assert_int_equal(policy->settings.limit_buckets, 1024);
	for (unsigned i = 0; i < PTRD_READERS_MAX; i++) {
		assert_int_equal(policy->limiter[i] != NULL, i < READERS);
		assert_int_equal((uintptr_t)policy->limiter[i] % 64, 0);
		for (unsigned j = 0; j < i && i < READERS; j++)
			assert_ptr_not_equal(policy->limiter[i], policy->limiter[j]);
	}
	policy_free(policy);
	policy_free(NULL);
}

static const uint8_t client[16] = {192, 0, 2, 1};

/* Takes until nothing is left of the rate. Returns how many were sent. */
static unsigned exhaust(const struct policy *policy, unsigned reader)
{
	unsigned sent = 0;

	while (dns_limiter_take(policy->limiter[reader],
		       dns_limiter_client(policy->limiter[reader], client, false), LIMIT_ANSWER, 0)
		== LIMIT_SEND)
		sent++;
	return sent;
}

/* A policy that takes the place of another: which settings keep what the limiters know. */
static void test_handed_over(void **state)
{
	static const struct {
		struct ptrd_config_rate_limit limit;
		bool kept;
	} rows[] = {
		{{5, 3, 20, 48, 1024}, true},
		{{6, 3, 20, 48, 1024}, false},
		{{5, 4, 20, 48, 1024}, false},
		{{5, 3, 21, 48, 1024}, false},
		{{5, 3, 20, 49, 1024}, false},
		{{5, 3, 20, 48, 2048}, false},
	};
	char nsid[] = "n";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ptrd_config_rate_limit limit = rows[0].limit, next = rows[i].limit;
		const struct ptrd_config_dns before = {.rate_limit = &limit};
		const struct ptrd_config_dns after = {.nsid = nsid, .rate_limit = &next};
		struct policy *old = policy_create(&before, 10, READERS, random_secret, NULL);

		assert_non_null(old);
		for (unsigned reader = 0; reader < READERS; reader++)
			assert_int_equal(exhaust(old, reader), 5);
		struct policy *new = policy_create(&after, 10, READERS, random_secret, old);

		assert_non_null(new);
		/* Both are in use until the last reader has moved on. */
		for (unsigned reader = 0; reader < READERS; reader++)
			assert_int_equal(exhaust(old, reader), 0);
		policy_free(old);
		assert_int_equal(new->settings.nsid_len, 1);
		for (unsigned reader = 0; reader < READERS; reader++)
			assert_int_equal(
				exhaust(new, reader), rows[i].kept ? 0 : next.responses_per_second);
		policy_free(new);
	}
}

/* Off and on again is a new start. */
static void test_switched_off(void **state)
{
	struct ptrd_config_rate_limit limit = {5, 3, 20, 48, 1024}, off = {0, 3, 20, 48, 1024};
	const struct ptrd_config_dns with = {.rate_limit = &limit}, without = {.rate_limit = &off};
	struct policy *first = policy_create(&with, 10, READERS, random_secret, NULL);
	struct policy *second = policy_create(&without, 10, READERS, random_secret, first);

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	assert_int_equal(exhaust(first, 0), 5);
	assert_null(second->limiter[0]);
	policy_free(first);
	struct policy *third = policy_create(&without, 10, READERS, random_secret, second);
	struct policy *fourth = policy_create(&with, 10, READERS, random_secret, third);

	assert_non_null(third);
	assert_non_null(fourth);
	assert_int_equal(exhaust(fourth, 0), 5);
	policy_free(second);
	policy_free(third);
	policy_free(fourth);
}

/* Bytes from `at` on that are in memory by now. */
static size_t resident(const void *at, size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = size / page;
	unsigned char *there = malloc(pages);
	size_t count = 0;

	assert_non_null(there);
	assert_int_equal(mincore((void *)(uintptr_t)at, pages * page, there), 0);
	for (size_t i = 0; i < pages; i++)
		count += there[i] & 1;
	free(there);
	return count * page;
}

/* The largest tables there are cost nothing until they are used: they are made between two queries
 * of the main lcore. */
static void test_untouched(void **state)
{
	struct ptrd_config_rate_limit limit = {5, 3, 20, 48, 16777216 / 4};
	const struct ptrd_config_dns config = {.rate_limit = &limit};
	struct policy *policy = policy_create(&config, 10, READERS, random_secret, NULL);
	const size_t huge_page = 2 * 1024 * 1024; /* that the first bytes may lie in */

	(void)state;
	assert_non_null(policy);
	const size_t size = dns_limiter_size(&policy->settings);

	assert_true(size > 16 * huge_page);
	for (unsigned reader = 0; reader < READERS; reader++) {
		assert_true(resident(policy->limiter[reader], size) <= huge_page);
		assert_int_equal(exhaust(policy, reader), 5);
	}
	policy_free(policy);
}

/* Bytes of data mappings, as RLIMIT_DATA counts them. */
static rlim_t data_size(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[256];
	unsigned long long kib = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL && sscanf(line, "VmData: %llu", &kib) != 1)
		;
	(void)fclose(file);
	assert_true(kib > 0);
	return kib * 1024;
}

/* What the last call wrote to standard error is at the start of `said`. */
static struct policy *create_captured(const struct ptrd_config_dns *config, unsigned readers,
	const struct policy *before, char said[512])
{
	FILE *capture = tmpfile();
	const int stderr_copy = dup(STDERR_FILENO);

	assert_non_null(capture);
	assert_true(dup2(fileno(capture), STDERR_FILENO) >= 0);
	struct policy *policy = policy_create(config, 10, readers, random_secret, before);

	assert_true(dup2(stderr_copy, STDERR_FILENO) >= 0);
	close(stderr_copy);
	rewind(capture);
	said[fread(said, 1, 511, capture)] = '\0';
	(void)fclose(capture);
	return policy;
}

/* No memory: no policy, a line that says of what there is too little, and the one before as it was.
 */
static void test_no_memory(void **state)
{
	struct ptrd_config_rate_limit small = {5, 3, 20, 48, 1024}, large = {5, 3, 20, 48, 4194304};
	const struct ptrd_config_dns before = {.rate_limit = &small},
				     after = {.rate_limit = &large};
	struct policy *old = policy_create(&before, 10, READERS, random_secret, NULL);
	struct rlimit limits;
	char said[512];

	(void)state;
	assert_non_null(old);
	assert_int_equal(exhaust(old, 1), 5);
	assert_int_equal(getrlimit(RLIMIT_DATA, &limits), 0);
	const struct rlimit tight
		= {.rlim_cur = data_size() + 32 * 1024 * 1024, .rlim_max = limits.rlim_max};

	assert_int_equal(setrlimit(RLIMIT_DATA, &tight), 0);
	struct policy *new = create_captured(&after, READERS, old, said);

	assert_int_equal(setrlimit(RLIMIT_DATA, &limits), 0);
	assert_null(new);
	assert_non_null(strstr(said,
		"dataplane.dns.rate_limit.buckets: 4194304 for each of 3 readers take 192 MiB: "
		"Cannot allocate memory\n"));
	assert_int_equal(exhaust(old, 1), 0);
	assert_int_equal(exhaust(old, 2), 5);
	new = create_captured(&after, READERS, old, said);
	assert_non_null(new);
	assert_string_equal(said, "");
	policy_free(new);
	policy_free(old);
}

/* The workers that run are more than those of the file that is read now. */
static void test_too_much(void **state)
{
	struct ptrd_config_rate_limit limit = {5, 3, 20, 48, 16777216};
	const struct ptrd_config_dns config = {.rate_limit = &limit};
	char said[512];

	(void)state;
	assert_null(create_captured(&config, PTRD_READERS_MAX, NULL, said));
	assert_non_null(strstr(said,
		"dataplane.dns.rate_limit.buckets: 16777216 for each of the 63 workers that run "
		"and the main lcore take 16384 MiB, at most "));
}

/* What the configuration reckons with is what the limiters take. */
static void test_size(void **state)
{
	static const uint32_t buckets[] = {1024, 1025, 65535, 65536, 65537, 16777216};

	(void)state;
	for (size_t i = 0; i < sizeof(buckets) / sizeof(buckets[0]); i++) {
		const struct dns_settings settings = {.limit_buckets = buckets[i]};
		const struct ptrd_config_rate_limit limit = {.buckets = buckets[i]};
		const uint64_t size = dns_limiter_size(&settings);

		assert_in_range(size - ptrd_config_limiters_size(&limit, 1), 1, 4096);
		assert_int_equal(ptrd_config_limiters_size(&limit, 64),
			64 * ptrd_config_limiters_size(&limit, 1));
	}
}

/* What a reader answers from: its own limiter, and clocks that go. */
static void test_context(void **state)
{
	struct ptrd_config_rate_limit limit = {.responses_per_second = 5, .buckets = 1024};
	const struct ptrd_config_dns config = {.rate_limit = &limit};
	struct policy *policy = policy_create(&config, 10, READERS, random_secret, NULL);
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
	assert_ptr_equal(first.limiter, policy->limiter[1]);
	assert_true(first.now + 1 >= before && first.now <= (uint32_t)time(NULL));
	struct dns_context later = first;
	for (int i = 0; i < 100000000 && later.now_ms == first.now_ms; i++)
		later = serving_context(&serving, 2);
	assert_true(later.now_ms > first.now_ms);
	assert_ptr_equal(later.limiter, policy->limiter[2]);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_transfers),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_limiters),
		cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_switched_off),
		cmocka_unit_test(test_untouched),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
