#include "policy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "prefix.h"

#define MIB ((size_t)1024 * 1024)

/* The settings' texts are constant to all but this file. */
static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

static bool copy_text(const char **copy, const char *text)
{
	*copy = text != NULL ? strdup(text) : NULL;
	return text == NULL || *copy != NULL;
}

static bool copy_texts(struct dns_settings *settings, const struct ptrd_config_dns *config)
{
	if (config->nsid != NULL) {
		settings->nsid_len = (uint8_t)strlen(config->nsid);
		memcpy(settings->nsid, config->nsid, settings->nsid_len);
	}
	return copy_text(&settings->version, config->version)
		&& copy_text(&settings->hostname, config->hostname)
		&& copy_text(&settings->id, config->id);
}

static void copy_secrets(struct dns_settings *settings, const struct ptrd_config_dns *config,
	const uint8_t random[DNS_COOKIE_SECRET_SIZE])
{
	if (config->cookie_random) {
		memcpy(settings->cookie_secret[0], random, DNS_COOKIE_SECRET_SIZE);
		settings->cookie_secrets = 1;
		return;
	}
	for (uint32_t i = 0; i < config->cookie_secrets_count; i++) {
		for (unsigned byte = 0; byte < DNS_COOKIE_SECRET_SIZE; byte++) {
			const char *digits = &config->cookie_secrets[i][2 * byte];
			const char pair[3] = {digits[0], digits[1]};

			settings->cookie_secret[i][byte] = (uint8_t)strtoul(pair, NULL, 16);
		}
		settings->cookie_secrets++;
	}
}

static void copy_limit(struct dns_settings *settings, const struct ptrd_config_rate_limit *config)
{
	settings->limit_rate = config->responses_per_second;
	settings->limit_slip = config->slip;
	settings->limit_ipv4 = (uint8_t)config->ipv4_prefix;
	settings->limit_ipv6 = (uint8_t)config->ipv6_prefix;
	settings->limit_buckets = config->buckets;
}

static bool copy_transfers(struct policy *policy, const struct ptrd_config_dns *config)
{
	struct dns_prefix *clients = calloc(config->allow_transfer_count + 1, sizeof(*clients));

	if (clients == NULL)
		return false;
	for (uint32_t i = 0; i < config->allow_transfer_count; i++)
		(void)dns_prefix_parse_client(&clients[i], config->allow_transfer[i]);
	policy->settings.transfer_to = clients;
	policy->settings.transfer_to_count = config->allow_transfer_count;
	policy->transfers = config->transfers;
	policy->transfer_memory = config->transfer_memory * MIB;
	return true;
}

static bool same_limit(const struct dns_settings *a, const struct dns_settings *b)
{
	return a->limit_rate == b->limit_rate && a->limit_slip == b->limit_slip
		&& a->limit_ipv4 == b->limit_ipv4 && a->limit_ipv6 == b->limit_ipv6
		&& a->limit_buckets == b->limit_buckets;
}

/* The file was checked for the workers that it has; those that run are those of the start. */
static bool limiters_fit(const struct ptrd_config_rate_limit *limit, unsigned readers)
{
	const uint64_t size = ptrd_config_limiters_size(limit, readers);
	const uint64_t max = ptrd_config_limiters_max();

	if (size <= max)
		return true;
	log_line("dataplane.dns.rate_limit.buckets: %" PRIu32 " for each of the %u workers that "
		 "run and the main lcore take %" PRIu64 " MiB, at most %" PRIu64 " are allowed",
		limit->buckets, readers - 1, size / MIB, max / MIB);
	return false;
}

static bool set_limiters(struct policy *policy, const struct ptrd_config_rate_limit *limit,
	unsigned readers, const struct policy *before)
{
	if (policy->settings.limit_rate == 0)
		return true;
	if (before != NULL && same_limit(&before->settings, &policy->settings))
		policy->limiters = limiters_hold(before->limiters);
	else if (limiters_fit(limit, readers))
		policy->limiters = limiters_create(&policy->settings, readers);
	for (unsigned reader = 0; reader < readers && policy->limiters != NULL; reader++)
		policy->limiter[reader] = limiters_of(policy->limiters, reader);
	return policy->limiters != NULL;
}

struct policy *policy_create(const struct ptrd_config_dns *config, uint32_t tcp_idle_timeout,
	unsigned readers, const uint8_t secret[DNS_COOKIE_SECRET_SIZE], const struct policy *before)
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (policy == NULL || !copy_texts(&policy->settings, config)
		|| !copy_transfers(policy, config)) {
		log_line("out of memory for dataplane.dns");
		policy_free(policy);
		return NULL;
	}
	copy_secrets(&policy->settings, config, secret);
	copy_limit(&policy->settings, config->rate_limit);
	policy->settings.tcp_keepalive = (uint16_t)(tcp_idle_timeout * 10);
	if (set_limiters(policy, config->rate_limit, readers, before))
		return policy;
	policy_free(policy);
	return NULL;
}

void policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	free_text(policy->settings.version);
	free_text(policy->settings.hostname);
	free_text(policy->settings.id);
	free((void *)(uintptr_t)policy->settings.transfer_to);
	limiters_release(policy->limiters);
	free(policy);
}
