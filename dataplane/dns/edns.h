/*
 * EDNS(0), RFC 6891: the OPT pseudo-RR of a query, and of its reply.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "message.h"

#define EDNS_OPT_SIZE 11 /* bytes of an OPT with no options: root owner and fixed fields */

enum edns_state {
	EDNS_NONE,
	EDNS_OK,
	EDNS_BADVERS,   /* a version that we do not speak */
	EDNS_MALFORMED, /* a second OPT, an owner that is not the root, overrunning options */
};

struct edns {
	uint8_t state; /* enum edns_state */
	bool dnssec_ok;
	uint16_t udp_size; /* as the client says it */
};

/* Takes in an OPT of the message; `edns` is all zero before the first one. */
void edns_read(struct edns *edns, const uint8_t *msg, const struct message_record *opt);

/* Writes the reply's OPT (EDNS_OPT_SIZE bytes) with the upper 8 of the 12 bits of `rcode`. */
void edns_write(uint8_t *at, uint16_t rcode, bool dnssec_ok);
