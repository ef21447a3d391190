/*
 * Reverse names: `7.113.0.203.in-addr.arpa`, RFC 1035 section 3.5, and nibbles under `ip6.arpa`,
 * RFC 3596 section 2.5. A pure scanner: wire bytes of a name in, the address and how much of it the
 * name fixes out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum arpa_tree {
	ARPA_NONE,
	ARPA_IPV4, /* in-addr.arpa or below it */
	ARPA_IPV6, /* ip6.arpa or below it */
};

#define ARPA_OCTETS 4
#define ARPA_NIBBLES 32

struct arpa_name {
	uint8_t tree;   /* enum arpa_tree; ARPA_NONE: nothing else is set */
	uint8_t labels; /* canonical labels, octets or nibbles, counted from the tree's root */
	bool extra;     /* more labels stand before them, or one that is not canonical */
	/* Where in the name the suffix that fixes n octets begins, for n up to `labels`:
	 * suffix[0] is the tree's root, and for IPv6 the only one that is set. */
	uint8_t suffix[ARPA_OCTETS + 1];
	/* What the name does not fix is 0. */
	union {
		uint32_t address;     /* IPv4, host byte order */
		uint8_t address6[16]; /* network order */
	};
};

/* Where in the name the suffix that fixes `labels` of its octets or nibbles begins. */
static inline uint8_t arpa_suffix(const struct arpa_name *name, unsigned labels)
{
	/* A canonical nibble takes two bytes, its length included. */
	return name->tree == ARPA_IPV6 ? (uint8_t)(name->suffix[0] - 2 * labels)
				       : name->suffix[labels];
}

/* True if the name is that of one address. */
static inline bool arpa_is_address(const struct arpa_name *name)
{
	return name->labels == (name->tree == ARPA_IPV6 ? ARPA_NIBBLES : ARPA_OCTETS)
		&& !name->extra;
}

/*
 * Reads the uncompressed name of `len` bytes at `wire`, its root label included; it has been
 * checked to be well formed (label lengths, 255 bytes). Letters in any case, RFC 4343. An octet is
 * canonical as RFC 1035 section 3.5 has it: decimal, 0 to 255, no leading zero; a nibble is one
 * hexadecimal digit.
 */
void arpa_parse(struct arpa_name *name, const uint8_t *wire, unsigned len);

/*
 * Reads the name at `wire` if it is that of one address in canonical form: of the `len` bytes, behind
 * which nothing is read, as many as it takes, which are returned. 0 if it is another one or is not
 * whole. What nearly every query asks for, and so without a loop that goes from label to label.
 */
unsigned arpa_read_address(struct arpa_name *name, const uint8_t *wire, unsigned len);

/* Reads a label (its length first) as a canonical octet. */
bool arpa_scan_octet(const uint8_t *label, uint8_t *octet);
