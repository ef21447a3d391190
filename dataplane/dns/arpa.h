/*
 * Reverse names: `7.113.0.203.in-addr.arpa`, RFC 1035 section 3.5. A pure scanner: wire bytes of a
 * name in, the address and how much of it the name fixes out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum arpa_tree {
	ARPA_NONE,
	ARPA_IPV4, /* in-addr.arpa or below it */
};

#define ARPA_OCTETS 4

struct arpa_name {
	uint8_t tree;     /* enum arpa_tree; ARPA_NONE: nothing else is set */
	uint8_t octets;   /* canonical octet labels counted from in-addr.arpa: 0 to 4 */
	bool extra;       /* more labels stand before them, or one that is no canonical octet */
	uint32_t address; /* host byte order; octets that the name does not fix are 0 */
	/* Where in the name the suffix that fixes n octets begins, for n up to `octets`:
	 * suffix[0] is in-addr.arpa itself. */
	uint8_t suffix[ARPA_OCTETS + 1];
};

/*
 * Reads the uncompressed name of `len` bytes at `wire`, its root label included; it has been
 * checked to be well formed (label lengths, 255 bytes). Letters in any case, RFC 4343. An octet is
 * canonical as RFC 1035 section 3.5 has it: decimal, 0 to 255, no leading zero.
 */
void arpa_parse(struct arpa_name *name, const uint8_t *wire, unsigned len);
