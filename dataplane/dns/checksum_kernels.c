/*
 * Sums of short messages, one kernel for each set of instructions, and the choice of one of them. A mask
 * takes out what lies behind the message, where a loop would end with a branch that nothing predicts;
 * what has no masks of its own makes do with one branch.
 */
#include <stdlib.h>

#include "checksum.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define CHECKSUM_SHORTER 80 /* bytes: of UDP in most queries */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* From CHECKSUM_SHORT_MAX - len on: a mask of `len` bytes. */
static const uint8_t counts[2 * CHECKSUM_SHORT_MAX] = {[0 ... CHECKSUM_SHORT_MAX - 1] = 0xff};

/* Sum of those bits of `len` bytes, an even number, that are set in `mask`. */
static inline uint32_t masked_plain(const uint8_t *data, const uint8_t *mask, size_t len)
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

static uint64_t sum_plain(const uint8_t *data, size_t len)
{
	const uint8_t *mask = counts + (CHECKSUM_SHORT_MAX - len);

	return len > CHECKSUM_SHORTER ? masked_plain(data, mask, CHECKSUM_SHORT_MAX)
				      : masked_plain(data, mask, CHECKSUM_SHORTER);
}

#ifdef __x86_64__

/* The instruction that multiplies words and adds neighbours takes them for signed: the kernels take
 * 0x8000 from each, as a bit that they turn over, and add it again in the end. */

/* As masked_plain(), `len` a multiple of 16. */
static inline uint32_t masked_sse2(const uint8_t *data, const uint8_t *mask, size_t len)
{
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

static uint64_t sum_sse2(const uint8_t *data, size_t len)
{
	const uint8_t *mask = counts + (CHECKSUM_SHORT_MAX - len);

	return len > CHECKSUM_SHORTER ? masked_sse2(data, mask, CHECKSUM_SHORT_MAX)
				      : masked_sse2(data, mask, CHECKSUM_SHORTER);
}

/* Of AVX-512 only its masks, on registers of 256 bits: wider ones slow the clock of some processors.
 * Bytes that a mask leaves out are not read, so that they may lie on a page that is not there. */
__attribute__((target("avx512f,avx512bw,avx512vl"))) static uint64_t sum_avx512(
	const uint8_t *data, size_t len)
{
	const uint8_t *mask = counts + (CHECKSUM_SHORT_MAX - len);
	const __m256i bias = _mm256_set1_epi16(INT16_MIN), ones = _mm256_set1_epi16(1);
	/* Each of the 8 lanes adds up 8 words. */
	__m256i sum = _mm256_set1_epi32(8 * 0x8000);

#pragma GCC unroll 4
	for (size_t at = 0; at < CHECKSUM_SHORT_MAX; at += sizeof(sum)) {
		const __mmask32 taken
			= _mm256_movepi8_mask(_mm256_loadu_si256((const void *)(mask + at)));
		const __m256i words = _mm256_maskz_loadu_epi8(taken, data + at);

		sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_xor_si256(words, bias), ones));
	}
	__m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
	half = _mm_add_epi32(half, _mm_unpackhi_epi64(half, half));
	/* Two lanes are left: 2^32 counts as 1 in a one's-complement sum, so that both may go as one. */
	return (uint64_t)_mm_cvtsi128_si64(half);
}

#endif

/* Each can be run where the next one can. */
static const struct checksum_kernel kernels[] = {
	{.name = "plain", .sum = sum_plain},
#ifdef __x86_64__
	{.name = "sse2", .sum = sum_sse2},
	{.name = "avx512", .sum = sum_avx512, .exact = true},
#endif
};

struct checksum_kernel checksum_kernel = {.name = "plain", .sum = sum_plain};

static size_t kernels_count(void)
{
#ifdef __x86_64__
	__builtin_cpu_init();
	if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw")
		|| !__builtin_cpu_supports("avx512vl"))
		return COUNT_OF(kernels) - 1;
#endif
	return COUNT_OF(kernels);
}

const struct checksum_kernel *checksum_kernel_at(unsigned index)
{
	return index < kernels_count() ? &kernels[index] : NULL;
}

/* A constructor: whatever program the engine is part of, none has to remember it. */
__attribute__((constructor)) static void choose_kernel(void)
{
	const char *wanted = getenv(CHECKSUM_KERNEL_VARIABLE);
	const struct checksum_kernel *kernel;

	for (unsigned i = 0; (kernel = checksum_kernel_at(i)) != NULL; i++) {
		checksum_kernel = *kernel;
		if (wanted != NULL && strcmp(wanted, kernel->name) == 0)
			return;
	}
}
