/*
 * Response rate limiting: token buckets, one for each client prefix and kind of answer, in memory
 * of fixed size. One reader's own: no locks, no allocation.
 *
 * A bucket holds one second's worth of responses at most, and starts full. Buckets are kept in sets
 * of four, a cache line each; in a full set a new bucket takes the place of the one that was used
 * longest ago, so the memory is never full. Which set a prefix falls into depends on a random key:
 * nobody can aim at another's bucket.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings.h"

struct dns_limiter;

#define DNS_LIMITER_RATE_MAX 4000000 /* responses a second; a higher rate counts as this one */

/* Kinds of answers: a flood that asks for one kind does not use up another kind's rate. */
enum dns_limit_kind {
	LIMIT_ANSWER,
	LIMIT_NODATA,
	LIMIT_NXDOMAIN,
	LIMIT_REFERRAL,
	LIMIT_ERROR,
};

enum dns_limit_verdict {
	LIMIT_SEND,
	LIMIT_SLIP, /* send, but nothing that is worth the flood: TC=1 or BADCOOKIE */
	LIMIT_DROP,
};

/* Bytes that a limiter takes, a multiple of 64. */
size_t dns_limiter_size(const struct dns_settings *settings);

/* Makes a limiter of `memory` (dns_limiter_size() bytes, all zero, aligned to 64), with a key of its
 * own. It copies what it needs of the settings, and touches the first bytes alone: pages that the
 * kernel has yet to zero stay so until they are used. Not to be called while a reader uses it. */
void dns_limiter_init(void *memory, const struct dns_settings *settings);

/* What a client (network order; IPv4 in the first four bytes) is counted as: the same for all of its
 * prefix. */
uint64_t dns_limiter_client(
	const struct dns_limiter *limiter, const uint8_t client[16], bool client_ipv6);

/* Starts the load of the bucket of the usual kind, LIMIT_ANSWER. */
void dns_limiter_prefetch(const struct dns_limiter *limiter, uint64_t client);

/*
 * Takes a response of `kind` to `client`, of dns_limiter_client(), off its bucket. `now_ms` is a
 * monotonic clock in milliseconds. With a rate of 0: LIMIT_SEND.
 */
enum dns_limit_verdict dns_limiter_take(
	struct dns_limiter *limiter, uint64_t client, enum dns_limit_kind kind, uint64_t now_ms);
