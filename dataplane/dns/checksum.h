/*
 * One's-complement sums of RFC 1071. Those of words as they lie in memory are sums of big-endian words
 * with their two bytes swapped (section 2, property B): whoever adds a number to one adds it in network
 * byte order, and stores the outcome as it is.
 */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

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

#define CHECKSUM_SHORT_MAX 128 /* bytes */

/* Of the environment: the name of the kernel to take. Unset or empty: the fastest. */
#define CHECKSUM_KERNEL_VARIABLE "PTRD_CHECKSUM"

/* One way to sum the words of a short message, for one set of instructions. */
struct checksum_kernel {
	const char *name;
	/* Sum of up to CHECKSUM_SHORT_MAX bytes, once folded the same as that of checksum_words(). */
	uint64_t (*sum)(const uint8_t *data, size_t len);
	bool exact; /* reads `len` bytes; the others may read CHECKSUM_SHORT_MAX */
};

/*
 * The kernel in use: written before main() begins, read by any thread. What the environment asks for,
 * or the fastest if this processor has no such kernel: whoever cares compares the names.
 */
extern struct checksum_kernel checksum_kernel;

/* The kernels that this processor can run, from the slowest (0) to the fastest. NULL behind the last. */
const struct checksum_kernel *checksum_kernel_at(unsigned index);

/*
 * As checksum_words() where `readable` bytes may be read: without a loop over how many of the last
 * CHECKSUM_SHORT_MAX are to be summed, which no predictor knows of one message after the other.
 */
static inline uint64_t checksum_words_short(const uint8_t *data, size_t len, size_t readable)
{
	uint64_t sum = 0;

	if (readable < len || readable - len < CHECKSUM_SHORT_MAX)
		return checksum_words(data, len);
	for (; len > CHECKSUM_SHORT_MAX; len -= CHECKSUM_SHORT_MAX, data += CHECKSUM_SHORT_MAX)
		sum += checksum_kernel.sum(data, CHECKSUM_SHORT_MAX);
	return sum + checksum_kernel.sum(data, len);
}
