/*
 * How queries are answered, whatever the tables hold: the configuration's dataplane.dns as the
 * engine takes it, with a rate limiter for each reader. Made by the main lcore, replaced as a whole.
 */
#pragma once

#include <ptrd/config.h>
#include <ptrd/node.h>

#include "limiter.h"
#include "settings.h"

struct policy {
	struct dns_settings settings;
	/* Each the reader's own of that number: it alone reads and writes it. NULL: no limit. */
	struct dns_limiter *limiters[PTRD_READERS_MAX];
};

/*
 * Copies what it needs of `config`, which has been checked. TCP clients are told of the time-out
 * `tcp_idle_timeout`, seconds. `secret` signs cookies where the configuration has no list of
 * secrets. Limiters are made for the readers 0 to `readers` - 1.
 * Returns NULL after log_line() if memory is short. Main lcore.
 */
struct policy *policy_create(const struct ptrd_config_dns *config, uint32_t tcp_idle_timeout,
	unsigned readers, const uint8_t secret[DNS_COOKIE_SECRET_SIZE]);

/* NULL is allowed. No reader may use it any more. */
void policy_free(struct policy *policy);
