/*
 * One's-complement sums of RFC 1071: big-endian 16-bit words, folded to 16 bits, not inverted. Such
 * sums of parts add up to the sum of the whole, a part that starts at an odd offset having its two
 * bytes swapped (section 2, property B).
 */
#pragma once

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & UINT32_MAX) + (sum >> 32); /* at most 33 bits */
	sum = (sum & UINT16_MAX) + (sum >> 16); /* 18 */
	sum = (sum & UINT16_MAX) + (sum >> 16); /* 17 */
	return (uint16_t)((sum & UINT16_MAX) + (sum >> 16));
}

/* Sum of `len` bytes, at most 2^32, that start at an even offset. */
static inline uint16_t checksum_sum(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;
	uint32_t word;

	/* The sum does not depend on byte order until the end: section 2, property B again. */
	for (; len >= sizeof(word); len -= sizeof(word), data += sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		sum += word;
	}
	word = 0;
	memcpy(&word, data, len);
	return be16toh(checksum_fold(sum + word));
}

/* Sum of a part as it counts at `offset` of the whole. */
static inline uint16_t checksum_at(uint16_t sum, size_t offset)
{
	return offset % 2 == 0 ? sum : __builtin_bswap16(sum);
}
