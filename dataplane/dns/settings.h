/*
 * What the engine is told by the configuration.
 */
#pragma once

#include <stdint.h>

struct dns_prefix;

#define DNS_NSID_MAX 128          /* bytes */
#define DNS_COOKIE_SECRET_SIZE 16 /* bytes, RFC 9018 section 4.4 */

/* Filled by the caller, and constant while any reader may use it. All zero: everything off. */
struct dns_settings {
	uint8_t nsid[DNS_NSID_MAX]; /* RFC 5001 */
	uint8_t nsid_len;           /* 0: the option is ignored */

	/* Answers to CH TXT queries, at most 255 bytes of each; NULL: REFUSED. */
	const char *version;  /* version.bind, version.server */
	const char *hostname; /* hostname.bind */
	const char *id;       /* id.server */

	/* The first signs, both are accepted. The same on each node of a fleet. */
	uint8_t cookie_secret[2][DNS_COOKIE_SECRET_SIZE];
	unsigned cookie_secrets; /* 0 to 2; 0: the option is ignored */

	/* Clients that may have whole zones. */
	const struct dns_prefix *transfer_to;
	unsigned transfer_to_count; /* 0: every AXFR and IXFR is REFUSED */

	uint16_t tcp_keepalive; /* units of 100 ms, RFC 7828; 0: the option is ignored */

	/* Response rate limiting: see limiter.h. */
	uint32_t limit_rate;    /* responses a second of a kind to a client prefix; 0: off */
	uint32_t limit_slip;    /* of the responses over the rate, every Nth is slipped; 0: none */
	uint8_t limit_ipv4;     /* length of a client prefix, 0 to 32; usually 24 */
	uint8_t limit_ipv6;     /* 0 to 128; usually 56 */
	uint32_t limit_buckets; /* how many are kept, at least 4; rounded up to a power of two */
};
