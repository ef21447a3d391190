#include "rr_set.h"

#include <string.h>

#include "arpa.h"
#include "bytes.h"
#include "message.h"
#include "template.h"

#define OWNER_SIZE 2 /* of an owner that is a compression pointer */

void rr_set_apex(struct rr_set *set, unsigned label_bytes)
{
	store16(set->owner + label_bytes, POINTER_QNAME);
	set->owner_len = label_bytes + OWNER_SIZE;
}

void rr_set_ipv4(struct rr_set *set, uint32_t address, unsigned apex_octets)
{
	unsigned at = 0;

	for (unsigned octet = ARPA_OCTETS; octet-- > apex_octets;) {
		const unsigned len = dns_put_octet(
			set->owner + at + 1, (uint8_t)(address >> (8 * (ARPA_OCTETS - 1 - octet))));

		set->owner[at] = (uint8_t)len;
		at += 1 + len;
	}
	rr_set_apex(set, at);
}

void rr_set_ipv6(struct rr_set *set, const uint8_t address[16], unsigned apex_nibbles)
{
	static const char digits[] = "0123456789abcdef";
	unsigned at = 0;

	for (unsigned nibble = ARPA_NIBBLES; nibble-- > apex_nibbles;) {
		set->owner[at++] = 1;
		set->owner[at++]
			= (uint8_t)digits[address[nibble / 2] >> (nibble % 2 == 0 ? 4 : 0) & 15];
	}
	rr_set_apex(set, at);
}

unsigned rr_set_put(struct rr_set *set, uint8_t *msg, unsigned at, unsigned end)
{
	const uint8_t *rr = set->wire + set->at;
	const unsigned rest = RR_FIXED_SIZE + load16(rr + RR_HEAD_SIZE - 2);
	const unsigned owner_len = set->owner_at != 0 ? OWNER_SIZE : set->owner_len;

	if (owner_len + rest > end - at)
		return 0;
	if (set->owner_at != 0) {
		store16(msg + at, (uint16_t)(0xc000u | set->owner_at));
	} else {
		memcpy(msg + at, set->owner, owner_len);
		set->owner_at = at;
	}
	memcpy(msg + at + owner_len, rr + OWNER_SIZE, rest);
	set->at += OWNER_SIZE + rest;
	return owner_len + rest;
}
