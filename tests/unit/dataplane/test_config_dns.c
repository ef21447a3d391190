/* The configuration's dataplane.dns, and exception ports. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_dns.h"
#include "config_rig.h"

#define SECRET "00112233445566778899aAbBcCdDeEfF"

static void test_dns(void **state)
{
	char said[4096];
	struct ptrd_config *config
		= load(LEAST LEAST_PORT "  dns:\n"
					"    nsid: node 1\n"
					"    version: ptrd\n"
					"    hostname: edge\n"
					"    id: '7'\n"
					"    cookie_secrets: [" SECRET ", " SECRET "]\n"
					"    rate_limit: {responses_per_second: 10, slip: 0,\n"
					"      ipv4_prefix: 32, ipv6_prefix: 128, buckets: 1024}\n",
			said);

	(void)state;
	assert_string_equal(said, "");
	assert_non_null(config);
	const struct ptrd_config_dns *dns = config->dataplane->dns;
	assert_string_equal(dns->nsid, "node 1");
	assert_string_equal(dns->version, "ptrd");
	assert_string_equal(dns->hostname, "edge");
	assert_string_equal(dns->id, "7");
	assert_false(dns->cookie_random);
	assert_int_equal(dns->cookie_secrets_count, 2);
	assert_string_equal(dns->cookie_secrets[1], SECRET);
	assert_int_equal(dns->rate_limit->responses_per_second, 10);
	assert_int_equal(dns->rate_limit->slip, 0);
	assert_int_equal(dns->rate_limit->ipv4_prefix, 32);
	assert_int_equal(dns->rate_limit->ipv6_prefix, 128);
	assert_int_equal(dns->rate_limit->buckets, 1024);
	ptrd_config_free(config);

	config = load(LEAST LEAST_PORT "  dns: {cookie_secrets: []}\n", said);
	assert_string_equal(said, "");
	assert_non_null(config);
	assert_false(config->dataplane->dns->cookie_random);
	assert_int_equal(config->dataplane->dns->cookie_secrets_count, 0);
	ptrd_config_free(config);

	config = load(LEAST LEAST_PORT "  dns:\n    rate_limit:\n", said);
	assert_non_null(config);
	assert_int_equal(config->dataplane->dns->rate_limit->slip, 2);
	ptrd_config_free(config);
}

/* A list of `count` clients. */
static void make_clients(char *text, size_t size, int count)
{
	int at = snprintf(text, size, LEAST LEAST_PORT "  dns:\n    allow_transfer:\n");

	for (int i = 0; i < count; i++)
		at += snprintf(text + at, size - (size_t)at, "    - 10.0.0.%d\n", i % 256);
}

static void test_transfers(void **state)
{
	static char text[16384];
	char said[4096];
	struct ptrd_config *config = load(LEAST LEAST_PORT "  dns: {nsid: x}\n", said);

	(void)state;
	assert_non_null(config);
	assert_int_equal(config->dataplane->dns->allow_transfer_count, 0);
	assert_int_equal(config->dataplane->dns->transfers, 10);
	assert_int_equal(config->dataplane->dns->transfer_memory, 256);
	ptrd_config_free(config);
	config = load(LEAST LEAST_PORT
		"  dns: {transfers: 100, transfer_memory: 1048576, allow_transfer: [0.0.0.0/0,\n"
		"    203.0.113.7, 203.0.113.0/24, '2001:db8::1', '2001:db8::/32']}\n",
		said);
	assert_string_equal(said, "");
	assert_non_null(config);
	assert_int_equal(config->dataplane->dns->allow_transfer_count, 5);
	assert_string_equal(config->dataplane->dns->allow_transfer[4], "2001:db8::/32");
	assert_int_equal(config->dataplane->dns->transfers, 100);
	assert_int_equal(config->dataplane->dns->transfer_memory, 1048576);
	ptrd_config_free(config);
	for (int count = 256; count <= 257; count++) {
		make_clients(text, sizeof(text), count);
		config = load(text, said);
		assert_int_equal(config != NULL, count == 256);
		ptrd_config_free(config);
	}
}

/* An NSID of 128 bytes is taken, one of 129 is not. */
static void test_nsid_bound(void **state)
{
	char text[1024], said[4096];

	(void)state;
	for (int len = 128; len <= 129; len++) {
		(void)snprintf(
			text, sizeof(text), LEAST LEAST_PORT "  dns: {nsid: '%0*d'}\n", len, 0);
		struct ptrd_config *config = load(text, said);
		assert_int_equal(config != NULL, len == 128);
		ptrd_config_free(config);
	}
}

/* What a host's memory allows. */
static void test_limiters_max(void **state)
{
	static const uint64_t mib = 1024 * 1024;

	(void)state;
	assert_int_equal(config_limiters_max(256 * mib), 64 * mib);
	assert_int_equal(config_limiters_max(4095 * mib), 4095 * mib / 4);
	assert_int_equal(config_limiters_max(4096 * mib), 1024 * mib);
	assert_int_equal(config_limiters_max(1024 * 1024 * mib), 1024 * mib);
	assert_in_range(ptrd_config_limiters_max(), 1, 1024 * mib);
}

/* Writes a configuration of `workers` on two ports. */
static void write_limited(
	char *text, size_t size, unsigned workers, unsigned rate, uint32_t buckets)
{
	size_t len = (size_t)snprintf(text, size, "%s  ports:\n  - vdev: a\n    cores: [", LEAST);

	for (unsigned core = 1; core < workers; core++)
		len += (size_t)snprintf(text + len, size - len, "%u,", core);
	(void)snprintf(text + len, size - len,
		"]\n  - {vdev: b, cores: [%u]}\n  dns:\n    rate_limit:\n"
		"      responses_per_second: %u\n      buckets: %" PRIu32 "\n",
		workers, rate, buckets);
}

/* The memory of all workers' limiters together is bounded: the most that fits, and one more. */
static void test_limiters_bound(void **state)
{
	const uint64_t max = ptrd_config_limiters_max();
	char text[1024], said[4096], rule[256];

	(void)state;
	for (unsigned workers = 2; workers <= 63; workers = workers * 2 + 1) {
		uint32_t fit = 16777216;

		while ((uint64_t)(workers + 1) * fit * 16 > max)
			fit /= 2;
		write_limited(text, sizeof(text), workers, 1, fit);
		struct ptrd_config *config = load(text, said);

		assert_string_equal(said, "");
		assert_non_null(config);
		ptrd_config_free(config);
		if (fit == 16777216)
			continue;
		write_limited(text, sizeof(text), workers, 1, fit + 1);
		assert_null(load(text, said));
		(void)snprintf(rule, sizeof(rule),
			":12: dataplane.dns.rate_limit.buckets: %" PRIu32
			" for each of %u workers and the main lcore take ",
			fit + 1, workers);
		assert_non_null(strstr(said, rule));
		(void)snprintf(rule, sizeof(rule), ": set at most %" PRIu32 "\n", fit);
		assert_non_null(strstr(said, rule));
		/* Without a rate there are no limiters. */
		write_limited(text, sizeof(text), workers, 0, fit + 1);
		config = load(text, said);
		assert_non_null(config);
		ptrd_config_free(config);
	}
	/* The largest that there may be at all: 16 GiB. */
	write_limited(text, sizeof(text), 63, 1, 16777216);
	assert_null(load(text, said));
}

/* On by itself where the kernel is not behind the port. */
static void test_exception(void **state)
{
	char said[4096];
	struct ptrd_config *config = load(LEAST
		"  ports:\n"
		"  - {interface: eth0, cores: [1], exception: false}\n"
		"  - {vdev: net_null0, cores: [2]}\n"
		"  - {vdev: net_null1, cores: [3], exception: false}\n"
		"  - {pci: '0000:01:00.0,x=1', cores: [4], exception_interface: abcdefghijklmno}\n",
		said);

	(void)state;
	assert_string_equal(said, "");
	assert_non_null(config);
	const struct ptrd_config_port *ports = config->dataplane->ports;
	assert_false(ports[0].exception);
	assert_true(ports[1].exception);
	assert_string_equal(ports[1].exception_interface, "ptrd-x1");
	assert_false(ports[2].exception);
	assert_true(ports[3].exception);
	assert_string_equal(ports[3].exception_interface, "abcdefghijklmno");
	assert_string_equal(ports[3].pci, "0000:01:00.0,x=1");
	ptrd_config_free(config);
}

static const struct refused refused[] = {
	{LEAST LEAST_PORT "  dns: {nsid: ''}\n", ":6: dataplane.dns.nsid: "},
	{LEAST LEAST_PORT "  dns: {version: [1]}\n", ":6: dataplane.dns.version: "},
	{LEAST LEAST_PORT "  dns: {bogus: 1}\n", ":6: dataplane.dns: Unexpected key: bogus"},
	{LEAST LEAST_PORT "  dns: {cookie_secrets: [00112233445566778899aabbccddeef]}\n",
		":6: dataplane.dns.cookie_secrets.0: must be 32 hexadecimal digits"},
	{LEAST LEAST_PORT "  dns: {cookie_secrets: [00112233445566778899aabbccddeeff0]}\n",
		":6: dataplane.dns.cookie_secrets.0: must be 32 hexadecimal digits"},
	{LEAST LEAST_PORT "  dns: {cookie_secrets: [" SECRET
			  ", x0112233445566778899aabbccddeeff]}\n",
		":6: dataplane.dns.cookie_secrets.1: must be 32 hexadecimal digits"},
	{LEAST LEAST_PORT "  dns: {cookie_secrets: [" SECRET ", " SECRET ", " SECRET "]}\n",
		":6: dataplane.dns.cookie_secrets"},
	{LEAST LEAST_PORT "  dns:\n    rate_limit: {responses_per_second: 1000001}\n",
		":7: dataplane.dns.rate_limit.responses_per_second: must be 0 to 1000000"},
	{LEAST LEAST_PORT "  dns:\n    allow_transfer: [192.0.2.1, 192.0.2.1/24]\n",
		":7: dataplane.dns.allow_transfer.1: \"192.0.2.1/24\": bits of the address are set "
		"behind the prefix length"},
	{LEAST LEAST_PORT "  dns:\n    allow_transfer:\n    - 192.0.2.0/33\n",
		":8: dataplane.dns.allow_transfer.0: \"192.0.2.0/33\": the prefix length must be 0"},
	{LEAST LEAST_PORT "  dns:\n    allow_transfer: [secondary.example.net]\n",
		":7: dataplane.dns.allow_transfer.0: \"secondary.example.net\": must be an IPv4 or "
		"IPv6 address, alone or with a slash and a prefix length"},
	{LEAST LEAST_PORT "  dns:\n    allow_transfer: ['']\n",
		":7: dataplane.dns.allow_transfer.0: \"\": must be an IPv4 or IPv6 address, alone"},
	{LEAST LEAST_PORT "  dns:\n    allow_transfer: 192.0.2.1\n",
		":7: dataplane.dns.allow_transfer: "},
	{LEAST LEAST_PORT "  dns:\n    transfers: 0\n",
		":7: dataplane.dns.transfers: must be 1 to 100, is 0"},
	{LEAST LEAST_PORT "  dns:\n    transfers: 101\n",
		":7: dataplane.dns.transfers: must be 1 to 100, is 101"},
	{LEAST LEAST_PORT "  dns:\n    transfer_memory: 1048577\n",
		":7: dataplane.dns.transfer_memory: must be 1 to 1048576"},
	{LEAST LEAST_PORT "  dns:\n    rate_limit: {slip: 101}\n",
		":7: dataplane.dns.rate_limit.slip: must be 0 to 100, is 101"},
	{LEAST LEAST_PORT "  dns:\n    rate_limit: {ipv4_prefix: 33}\n",
		":7: dataplane.dns.rate_limit.ipv4_prefix: must be 1 to 32"},
	{LEAST LEAST_PORT "  dns:\n    rate_limit: {ipv6_prefix: 0}\n",
		":7: dataplane.dns.rate_limit.ipv6_prefix: must be 1 to 128, is 0"},
	{LEAST LEAST_PORT "  dns:\n    rate_limit: {buckets: 1023}\n",
		":7: dataplane.dns.rate_limit.buckets: must be 1024 to"},
	{LEAST "  ports:\n  - interface: a\n    cores: [1]\n    exception: true\n",
		":8: dataplane.ports.0.exception: an interface has none"},
	{LEAST "  ports:\n  - interface: a\n    cores: [1]\n    exception_interface: x\n",
		":8: dataplane.ports.0.exception_interface: an interface has none"},
	{LEAST "  ports:\n  - vdev: a\n    cores: [1]\n    exception: perhaps\n",
		":8: dataplane.ports.0.exception: must be true or false"},
	{LEAST "  ports:\n  - vdev: a\n    cores: [1]\n    exception_interface: abcdefghijklmnop\n",
		":8: dataplane.ports.0.exception_interface: \"abcdefghijklmnop\" is no interface"},
	{LEAST "  ports:\n  - vdev: a\n    cores: [1]\n    exception_interface: a,b\n",
		":8: dataplane.ports.0.exception_interface: \"a,b\" is no interface name"},
	{LEAST "  ports:\n  - {vdev: a, cores: [1]}\n"
	       "  - {vdev: b, cores: [2], exception_interface: ptrd-x0}\n",
		":7: dataplane.ports.1.exception_interface: ptrd-x0 is another port's"},
	{LEAST "  ports:\n  - {interface: eth0, cores: [1]}\n"
	       "  - {vdev: b, cores: [2], exception_interface: eth0}\n",
		":7: dataplane.ports.1.exception_interface: eth0 is another port's"},
};

static void test_refused(void **state)
{
	(void)state;
	check_refused(refused, sizeof(refused) / sizeof(refused[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dns),
		cmocka_unit_test(test_transfers),
		cmocka_unit_test(test_nsid_bound),
		cmocka_unit_test(test_limiters_max),
		cmocka_unit_test(test_limiters_bound),
		cmocka_unit_test(test_exception),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
