#include "config_dns.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "prefix.h"

#define SECRETS_MAX 2
#define TRANSFER_CLIENTS_MAX 256
#define SECRET_DIGITS 32 /* 128 bits, RFC 9018 section 4.4 */
#define NSID_MAX 128
#define TEXT_MAX 255 /* a character-string of TXT, RFC 1035 section 3.3 */
#define BUCKETS_MIN 1024
#define BUCKETS_MAX 16777216
#define BUCKET_SIZE 16 /* bytes, dns/limiter.c */
#define MIB (1024 * 1024)
#define LIMITERS_MAX (UINT64_C(1024) * MIB)

/* Its length is checked here, so that no error shows it. */
static const cyaml_schema_value_t secret_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, 4096),
};

/* What it may hold is checked here, so that the error tells the rule. */
static const cyaml_schema_value_t client_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, 255),
};

static const cyaml_schema_field_t rate_limit_fields[] = {
	CYAML_FIELD_UINT("responses_per_second", CYAML_FLAG_OPTIONAL, struct ptrd_config_rate_limit,
		responses_per_second),
	CYAML_FIELD_UINT("slip", CYAML_FLAG_OPTIONAL, struct ptrd_config_rate_limit, slip),
	CYAML_FIELD_UINT(
		"ipv4_prefix", CYAML_FLAG_OPTIONAL, struct ptrd_config_rate_limit, ipv4_prefix),
	CYAML_FIELD_UINT(
		"ipv6_prefix", CYAML_FLAG_OPTIONAL, struct ptrd_config_rate_limit, ipv6_prefix),
	CYAML_FIELD_UINT("buckets", CYAML_FLAG_OPTIONAL, struct ptrd_config_rate_limit, buckets),
	CYAML_FIELD_END,
};

const cyaml_schema_field_t config_dns_fields[] = {
	CYAML_FIELD_STRING_PTR(
		"nsid", CYAML_FLAG_OPTIONAL, struct ptrd_config_dns, nsid, 1, NSID_MAX),
	CYAML_FIELD_STRING_PTR(
		"version", CYAML_FLAG_OPTIONAL, struct ptrd_config_dns, version, 1, TEXT_MAX),
	CYAML_FIELD_STRING_PTR(
		"hostname", CYAML_FLAG_OPTIONAL, struct ptrd_config_dns, hostname, 1, TEXT_MAX),
	CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_OPTIONAL, struct ptrd_config_dns, id, 1, TEXT_MAX),
	CYAML_FIELD_SEQUENCE("cookie_secrets", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
		struct ptrd_config_dns, cookie_secrets, &secret_schema, 0, SECRETS_MAX),
	CYAML_FIELD_SEQUENCE("allow_transfer", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER,
		struct ptrd_config_dns, allow_transfer, &client_schema, 0, TRANSFER_CLIENTS_MAX),
	CYAML_FIELD_UINT("transfers", CYAML_FLAG_OPTIONAL, struct ptrd_config_dns, transfers),
	CYAML_FIELD_UINT(
		"transfer_memory", CYAML_FLAG_OPTIONAL, struct ptrd_config_dns, transfer_memory),
	CYAML_FIELD_MAPPING_PTR("rate_limit", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL,
		struct ptrd_config_dns, rate_limit, rate_limit_fields),
	CYAML_FIELD_END,
};

static bool check_secrets(const struct config_source *source, struct ptrd_config_dns *dns)
{
	bool good = true;

	dns->cookie_random = config_source_line(source, "dataplane.dns.cookie_secrets") == 0;
	for (uint32_t i = 0; i < dns->cookie_secrets_count; i++) {
		const char *secret = dns->cookie_secrets[i];
		char key[64];

		(void)snprintf(key, sizeof(key), "dataplane.dns.cookie_secrets.%" PRIu32, i);
		if (strlen(secret) != SECRET_DIGITS
			|| strspn(secret, "0123456789abcdefABCDEF") != SECRET_DIGITS)
			good = config_source_error(source, key,
				"must be %d hexadecimal digits (openssl rand -hex 16 makes them)",
				SECRET_DIGITS);
	}
	return good;
}

static bool check_transfers(const struct config_source *source, struct ptrd_config_dns *dns)
{
	bool good = config_number(source, &dns->transfers, 10, 1, 100, "dataplane.dns.transfers");

	good &= config_number(
		source, &dns->transfer_memory, 256, 1, 1048576, "dataplane.dns.transfer_memory");
	for (uint32_t i = 0; i < dns->allow_transfer_count; i++) {
		const char *client = dns->allow_transfer[i];
		struct dns_prefix prefix;
		const char *rule = dns_prefix_parse_client(&prefix, client);
		char key[64];

		(void)snprintf(key, sizeof(key), "dataplane.dns.allow_transfer.%" PRIu32, i);
		if (rule != NULL)
			good = config_source_error(source, key, "\"%s\": %s", client, rule);
	}
	return good;
}

static uint64_t limiter_size(uint32_t buckets)
{
	uint64_t taken = 1;

	while (taken < buckets) /* rounded up to a power of two: settings.h */
		taken *= 2;
	return taken * BUCKET_SIZE;
}

uint64_t ptrd_config_limiters_size(const struct ptrd_config_rate_limit *limit, unsigned readers)
{
	return readers * limiter_size(limit->buckets);
}

uint64_t config_limiters_max(uint64_t memory)
{
	return memory / 4 < LIMITERS_MAX ? memory / 4 : LIMITERS_MAX;
}

uint64_t ptrd_config_limiters_max(void)
{
	return config_limiters_max(
		(uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
}

/* Memory is taken as floods come and not at once: too much of it would end the process then. */
static bool check_limiters(const struct config_source *source,
	const struct ptrd_config_rate_limit *limit, unsigned workers)
{
	const uint64_t size = ptrd_config_limiters_size(limit, workers + 1);
	const uint64_t max = ptrd_config_limiters_max();
	uint32_t fit = BUCKETS_MAX;

	if (limit->responses_per_second == 0 || size <= max)
		return true;
	while ((workers + 1) * limiter_size(fit) > max)
		fit /= 2;
	return config_source_error(source, "dataplane.dns.rate_limit.buckets",
		"%" PRIu32 " for each of %u workers and the main lcore take %" PRIu64
		" MiB, all together may take %" PRIu64
		" (1024, and a quarter of this host's memory): set at most %" PRIu32,
		limit->buckets, workers, size / MIB, max / MIB, fit);
}

bool config_dns_check(
	const struct config_source *source, struct ptrd_config_dns *dns, unsigned workers)
{
	struct ptrd_config_rate_limit *limit = dns->rate_limit;
	bool good = check_secrets(source, dns) & check_transfers(source, dns);

	good &= config_number(source, &limit->responses_per_second, 0, 0, 1000000,
		"dataplane.dns.rate_limit.responses_per_second");
	good &= config_number(source, &limit->slip, 2, 0, 100, "dataplane.dns.rate_limit.slip");
	good &= config_number(
		source, &limit->ipv4_prefix, 24, 1, 32, "dataplane.dns.rate_limit.ipv4_prefix");
	good &= config_number(
		source, &limit->ipv6_prefix, 56, 1, 128, "dataplane.dns.rate_limit.ipv6_prefix");
	return config_number(source, &limit->buckets, 65536, BUCKETS_MIN, BUCKETS_MAX,
		       "dataplane.dns.rate_limit.buckets")
		&& check_limiters(source, limit, workers) && good;
}
