/*
 * RRs of one owner, on their way into the messages of a transfer. Every message has the apex as its
 * question, so that owners are the labels before it and a compression pointer.
 */
#pragma once

#include <stdint.h>

#include <ptrd/directory.h>

struct rr_set {
	const uint8_t *wire; /* RRs, the owner of each a compression pointer */
	unsigned len, at;    /* bytes in all, and of those that have been written */
	uint8_t owner[PTRD_NAME_WIRE_MAX];
	unsigned owner_len;
	unsigned owner_at; /* where it stands in the message; 0: not yet */
};

/* Each sets the owner: `label_bytes` that stand in it already, or what is before an apex of so many
 * octets or nibbles in the name of an address (IPv4 in host byte order, IPv6 in network order). */
void rr_set_apex(struct rr_set *set, unsigned label_bytes);
void rr_set_ipv4(struct rr_set *set, uint32_t address, unsigned apex_octets);
void rr_set_ipv6(struct rr_set *set, const uint8_t address[16], unsigned apex_nibbles);

/*
 * Writes the next RR, of which there is one, at offset `at` (below 16384) of the message. Returns its
 * length, or 0 with nothing written if it does not fit before `end`.
 */
unsigned rr_set_put(struct rr_set *set, uint8_t *msg, unsigned at, unsigned end);
