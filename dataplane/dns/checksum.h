/*
 * One's-complement sums of RFC 1071. Those of words as they lie in memory are sums of big-endian words
 * with their two bytes swapped (section 2, property B): whoever adds a number to one adds it in network
 * byte order, and stores the outcome as it is.
 */
#pragma once

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Folds a sum to 16 bits, neither inverted nor swapped. */
static inline uint16_t checksum_fold(uint64_t sum)
{
	/* Each half is added to the other one: the upper ends as their sum with its carry. */
	sum += sum << 32 | sum >> 32;
	uint32_t half = (uint32_t)(sum >> 32);

	half += half << 16 | half >> 16;
	return (uint16_t)(half >> 16);
}

/* Sum of `len` (below 16 GiB) bytes as they lie in memory, not folded: it takes less than 64 bits. */
static inline uint64_t checksum_words(const uint8_t *data, size_t len)
{
	const size_t rest = len % sizeof(uint32_t);
	uint64_t sum = 0;
	uint32_t word;

	for (size_t at = 0; at < len - rest; at += sizeof(word)) {
		memcpy(&word, data + at, sizeof(word));
		sum += word;
	}
	word = 0;
	for (size_t i = 0; i < rest; i++)
		word |= (uint32_t)data[len - rest + i] << (8 * i);
	return sum + htole32(word);
}

/* Sum of `len` bytes that start at an even offset, as big-endian words, folded. */
static inline uint16_t checksum_sum(const uint8_t *data, size_t len)
{
	return be16toh(checksum_fold(checksum_words(data, len)));
}

#define CHECKSUM_SHORT_MAX 128
#define CHECKSUM_SHORTER 80 /* bytes: of UDP in most queries */

/* Sum of those bits of `len` bytes, a multiple of 16, that are set in `mask`. */
#ifdef __SSE2__
static inline uint32_t checksum_masked(const uint8_t *data, const uint8_t *mask, size_t len)
{
	/* The instruction that adds neighbours takes words for signed. */
	const __m128i bias = _mm_set1_epi16(INT16_MIN), ones = _mm_set1_epi16(1);
	__m128i sum = _mm_setzero_si128();

#pragma GCC unroll 8
	for (size_t at = 0; at < len; at += sizeof(sum)) {
		const __m128i words = _mm_and_si128(_mm_loadu_si128((const void *)(data + at)),
			_mm_loadu_si128((const void *)(mask + at)));

		sum = _mm_add_epi32(sum, _mm_madd_epi16(_mm_xor_si128(words, bias), ones));
	}
	sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(1, 0, 3, 2)));
	sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, _MM_SHUFFLE(2, 3, 0, 1)));
	return (uint32_t)_mm_cvtsi128_si32(sum) + (uint32_t)len / 2 * 0x8000;
}
#else
static inline uint32_t checksum_masked(const uint8_t *data, const uint8_t *mask, size_t len)
{
	uint32_t sum = 0;

	for (size_t at = 0; at < len; at += sizeof(uint16_t)) {
		uint16_t word, bits;

		memcpy(&word, data + at, sizeof(word));
		memcpy(&bits, mask + at, sizeof(bits));
		sum += word & bits;
	}
	return sum;
}
#endif

/*
 * As checksum_words() where `readable` bytes may be read: up to CHECKSUM_SHORT_MAX are summed with no
 * branch but one on how many they are, which no predictor knows of one message after the other.
 */
static inline uint64_t checksum_words_short(const uint8_t *data, size_t len, size_t readable)
{
	static const uint8_t counts[2 * CHECKSUM_SHORT_MAX]
		= {[0 ... CHECKSUM_SHORT_MAX - 1] = 0xff};

	if (len > CHECKSUM_SHORT_MAX || readable < CHECKSUM_SHORT_MAX)
		return checksum_words(data, len);
	const uint8_t *mask = counts + (CHECKSUM_SHORT_MAX - len);

	return len > CHECKSUM_SHORTER ? checksum_masked(data, mask, CHECKSUM_SHORT_MAX)
				      : checksum_masked(data, mask, CHECKSUM_SHORTER);
}
