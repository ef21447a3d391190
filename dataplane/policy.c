#include "policy.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define LIMITER_ALIGNMENT 64

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

static bool make_limiters(struct policy *policy, unsigned readers)
{
	const size_t size = dns_limiter_size(&policy->settings);

	if (policy->settings.limit_rate == 0)
		return true;
	for (unsigned reader = 0; reader < readers; reader++) {
		policy->limiters[reader] = aligned_alloc(LIMITER_ALIGNMENT, size);
		if (policy->limiters[reader] == NULL)
			return false;
		dns_limiter_init(policy->limiters[reader], &policy->settings);
	}
	return true;
}

struct policy *policy_create(const struct ptrd_config_dns *config, uint32_t tcp_idle_timeout,
	unsigned readers, const uint8_t secret[DNS_COOKIE_SECRET_SIZE])
{
	struct policy *policy = calloc(1, sizeof(*policy));

	if (policy != NULL && copy_texts(&policy->settings, config)) {
		copy_secrets(&policy->settings, config, secret);
		copy_limit(&policy->settings, config->rate_limit);
		policy->settings.tcp_keepalive = (uint16_t)(tcp_idle_timeout * 10);
		if (make_limiters(policy, readers))
			return policy;
	}
	policy_free(policy);
	log_line("out of memory for dataplane.dns");
	return NULL;
}

void policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	free_text(policy->settings.version);
	free_text(policy->settings.hostname);
	free_text(policy->settings.id);
	for (unsigned reader = 0; reader < PTRD_READERS_MAX; reader++)
		free(policy->limiters[reader]);
	free(policy);
}
