/*
 * Address prefixes in text.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct dns_prefix {
	bool ipv6;
	unsigned bits;           /* length */
	unsigned __int128 first; /* first address, host byte order; IPv4 in the lowest 32 bits */
};

/* Reads "203.0.113.0/24" or "2001:db8::/32". Returns NULL, or the rule that `text` breaks. */
const char *dns_prefix_parse(struct dns_prefix *prefix, const char *text);

/* The same, and takes an address alone for the prefix that holds nothing else. */
const char *dns_prefix_parse_client(struct dns_prefix *prefix, const char *text);

/* True if `address` (network order; IPv4 in the first 4 bytes) lies in the prefix. */
bool dns_prefix_contains(const struct dns_prefix *prefix, bool ipv6, const uint8_t address[16]);

/* Host byte order of 16 bytes in network order. */
static inline unsigned __int128 dns_address6(const uint8_t address[16])
{
	uint64_t high, low;

	__builtin_memcpy(&high, address, sizeof(high));
	__builtin_memcpy(&low, address + sizeof(high), sizeof(low));
	return (unsigned __int128)__builtin_bswap64(high) << 64 | __builtin_bswap64(low);
}
