/*
 * EDNS(0), RFC 6891: the OPT pseudo-RR of a query, and of its reply.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "message.h"

#define EDNS_OPT_SIZE 11 /* bytes of an OPT with no options: root owner and fixed fields */

enum edns_state {
	EDNS_NONE,
	EDNS_OK,
	EDNS_BADVERS,   /* a version that we do not speak */
	EDNS_MALFORMED, /* a second OPT, an owner that is not the root, overrunning options */
};

/* What an OPT says. Options are looked at in version 0 only; of each kind the first one counts
 * (RFC 7873 section 5.2 demands it for cookies). */
struct edns {
	uint8_t state; /* enum edns_state */
	bool dnssec_ok;
	bool nsid, keepalive, cookie; /* there is such an option */
	uint16_t udp_size;            /* as the client says it */
	uint16_t keepalive_len, cookie_len;
	unsigned cookie_at; /* offset in the message */
};

/* Takes in an OPT of the message; `edns` is all zero before the first one. */
void edns_read(struct edns *edns, const uint8_t *msg, const struct message_record *opt);

/* Takes in the options from `at` to `end`, offsets within the message. Returns true if they end there. */
bool edns_read_options(struct edns *edns, const uint8_t *msg, unsigned at, unsigned end);

/* Bytes of the reply's OPT, 0 if it has none. */
unsigned edns_size(const struct dns_context *context, const struct dns_request *r);

/*
 * Write the reply's OPT, for a request whose outcome is known: the first one all but the options, of
 * an OPT of `size` bytes as edns_size() says, the second one the options, EDNS_OPT_SIZE bytes behind.
 */
void edns_write(uint8_t *at, const struct dns_request *r, unsigned size);
void edns_write_options(
	uint8_t *at, const struct dns_context *context, const struct dns_request *r);
