/*
 * One's-complement sums of RFC 1071: big-endian 16-bit words, folded to 16 bits, not inverted.
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

/* Adds a word to a sum that carries around its end. */
static inline uint64_t checksum_add(uint64_t sum, uint64_t word)
{
	sum += word;
	return sum + (sum < word);
}

/* Up to 7 bytes as the word that they begin, the rest 0. */
static inline uint64_t checksum_tail(const uint8_t *data, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)data[i] << (8 * i);
	return htole64(word);
}

/* Sum of `len` bytes that start at an even offset. */
static inline uint16_t checksum_sum(const uint8_t *data, size_t len)
{
	const size_t rest = len % sizeof(uint64_t);
	uint64_t sum = 0, word;

	/* The sum does not depend on byte order until the end: section 2, property B. */
	for (size_t at = 0; at < len - rest; at += sizeof(word)) {
		memcpy(&word, data + at, sizeof(word));
		sum = checksum_add(sum, word);
	}
	if (rest > 0 && len > sizeof(word)) {
		/* The last word, less what has been counted. */
		memcpy(&word, data + len - sizeof(word), sizeof(word));
		word = htole64(le64toh(word) >> (8 * (sizeof(word) - rest)));
		sum = checksum_add(sum, word);
	} else if (rest > 0) {
		sum = checksum_tail(data, rest);
	}
	return be16toh(checksum_fold(sum));
}

#define CHECKSUM_SHORT_MAX 128

/*
 * The same where `readable` bytes may be read: up to CHECKSUM_SHORT_MAX are summed without a branch on
 * how many they are, which no predictor knows of one reply after the other.
 */
static inline uint16_t checksum_sum_short(const uint8_t *data, size_t len, size_t readable)
{
	typedef uint32_t block __attribute__((vector_size(16)));
	static const uint8_t counts[2 * CHECKSUM_SHORT_MAX]
		= {[0 ... CHECKSUM_SHORT_MAX - 1] = 0xff};
	block low = {0}, high = {0}, bytes, mask;

	if (len > CHECKSUM_SHORT_MAX || readable < CHECKSUM_SHORT_MAX)
		return checksum_sum(data, len);
	for (size_t at = 0; at < CHECKSUM_SHORT_MAX; at += sizeof(block)) {
		memcpy(&bytes, data + at, sizeof(bytes));
		memcpy(&mask, counts + CHECKSUM_SHORT_MAX - len + at, sizeof(mask));
		bytes &= mask;
		low += bytes & UINT16_MAX;
		high += bytes >> 16;
	}
	low += high;
	return be16toh(checksum_fold((uint64_t)low[0] + low[1] + low[2] + low[3]));
}
