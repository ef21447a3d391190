/*
 * Addresses and prefixes as text and as the tables key them, IPv4 and IPv6. Pure functions. An
 * IPv4-mapped IPv6 address is refused rather than taken for the IPv4 one: they have different names
 * in different trees.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "publisher.h"
#include "refusal.h"

#define ADDRESS_TEXT_MAX 46 /* INET6_ADDRSTRLEN */
#define PREFIX_TEXT_MAX (ADDRESS_TEXT_MAX + 4)
#define PREFIX_LENGTH_MIN 8 /* shorter is no cloud's pool but a slip */

struct prefix {
	struct address first, last; /* both inclusive */
	unsigned length;
};

/*
 * "203.0.113.7" or "2001:db8::7" in any spelling of RFC 4291 section 2.2, alone or with the mask of
 * one address, /32 or /128. Refuses with DNS.0602.
 */
bool address_parse(const char *text, struct address *address, struct refusal *why);

/* Canonical text, with no mask: IPv6 as RFC 5952 has it. */
const char *address_format(const struct address *address, char text[static ADDRESS_TEXT_MAX]);

/* Bytes of the address: 4 or 16. */
size_t address_size(const struct address *address);

/* Order of addresses: IPv4 before IPv6, then by number; as strcmp(). */
int address_compare(const struct address *a, const struct address *b);

/* "203.0.113.0/24", host bits zero, length 8 to 32, or 8 to 128 for IPv6. Refuses with DNS.0601. */
bool prefix_parse(const char *text, struct prefix *prefix, struct refusal *why);
const char *prefix_format(const struct prefix *prefix, char text[static PREFIX_TEXT_MAX]);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
bool prefix_holds(const struct prefix *prefix, const struct address *address);

/* True if `outer` is `inner`, or holds all of it. */
bool prefix_covers(const struct prefix *outer, const struct prefix *inner);

/* The prefix of `length` bits, which are not more than it has, that holds it. */
struct prefix prefix_widen(const struct prefix *prefix, unsigned length);

/* The other half of the prefix that is one bit shorter. The length is not 0. */
struct prefix prefix_sibling(const struct prefix *prefix);
