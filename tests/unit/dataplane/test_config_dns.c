/* The configuration's dataplane.dns, and exception ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
		cmocka_unit_test(test_nsid_bound),
		cmocka_unit_test(test_exception),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
