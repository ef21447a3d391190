/*
 * How queries are answered, whatever the tables hold: the configuration's dataplane.dns as the
 * engine takes it, with a rate limiter for each reader. Made by the main lcore, replaced as a whole.
 */
#pragma once

#include <stddef.h>

#include <ptrd/config.h>
#include <ptrd/node.h>

#include "limiters.h"
#include "settings.h"

struct policy {
	struct dns_settings settings;
	/* Each the reader's own of that number: it alone reads and writes it. NULL: no limit. */
	struct dns_limiter *limiter[PTRD_READERS_MAX];
	struct limiters *limiters; /* what they are a part of. Main lcore alone */
	unsigned transfers;        /* at a time */
	size_t transfer_memory;    /* bytes, of all of them */
};

/*
 * Copies what it needs of `config`, which has been checked. TCP clients are told of the time-out
 * `tcp_idle_timeout`, seconds. `secret` signs cookies where the configuration has no list of
 * secrets. Limiters are made for the readers 0 to `readers` - 1. `before` is the policy in force,
 * with as many readers, or NULL: its limiters, and what they know of the clients, go over to the new
 * one as well if their settings are the same.
 * Returns NULL, and leaves `before` as it was, after log_line() if memory is short or the limiters
 * would take more of it than ptrd_config_limiters_max() allows. Main lcore.
 */
struct policy *policy_create(const struct ptrd_config_dns *config, uint32_t tcp_idle_timeout,
	unsigned readers, const uint8_t secret[DNS_COOKIE_SECRET_SIZE],
	const struct policy *before);

/* NULL is allowed. No reader may use it any more. */
void policy_free(struct policy *policy);
