/*
 * Sums of RFC 1071 of every short length, by every kernel that this processor can run, beside the same
 * computed byte by byte; and SipHash beside libsodium's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checksum.h"
#include "image.h"
#include "siphash.h"

#define LENGTH_MAX (2 * CHECKSUM_SHORT_MAX + 9)

static void fill(uint8_t *bytes, size_t len, int with)
{
	if (with >= 0)
		memset(bytes, with, len);
	else
		randombytes_buf(bytes, len);
}

/* In a block of the heap of just what may be read. What lies behind the summed bytes is no matter. */
static void check_length(size_t len, size_t readable, int with)
{
	uint8_t *bytes = malloc(readable + 1);

	assert_non_null(bytes);
	fill(bytes, readable + 1, -1);
	fill(bytes + 1, len, with);
	/* At an odd place. */
	const uint16_t expected = plain_sum(bytes + 1, len);

	assert_int_equal(checksum_sum(bytes + 1, len), expected);
	assert_int_equal(
		be16toh(checksum_fold(checksum_words_short(bytes + 1, len, readable))), expected);
	free(bytes);
}

/* Kernels have their part where so many bytes more may be read as they can go too far. */
static void test_lengths(void **state)
{
	static const int contents[] = {-1, 0, 0xff, 0x80};

	(void)state;
	for (size_t len = 0; len <= LENGTH_MAX; len++)
		for (size_t c = 0; c < sizeof(contents) / sizeof(contents[0]); c++)
			for (size_t more = 0; more <= CHECKSUM_SHORT_MAX; more += 8)
				check_length(len, len + more, contents[c]);
}

/* At each place in a cache line, in front of bytes that change and must not count. */
static void check_kernel(const struct checksum_kernel *kernel, size_t len, int with)
{
	uint8_t bytes[64 + CHECKSUM_SHORT_MAX];

	for (size_t start = 0; start < 64; start++) {
		fill(bytes, sizeof(bytes), -1);
		fill(bytes + start, len, with);
		assert_int_equal(be16toh(checksum_fold(kernel->sum(bytes + start, len))),
			plain_sum(bytes + start, len));
	}
}

static void test_kernels(void **state)
{
	static const int contents[] = {-1, 0, 0xff, 0x80, 0x7f};
	const struct checksum_kernel *kernel;

	(void)state;
	for (unsigned i = 0; (kernel = checksum_kernel_at(i)) != NULL; i++)
		for (size_t len = 0; len <= CHECKSUM_SHORT_MAX; len++)
			for (size_t c = 0; c < sizeof(contents) / sizeof(contents[0]); c++)
				check_kernel(kernel, len, contents[c]);
}

/* What a kernel may read ends where a page does that is not there. */
static void test_page_end(void **state)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages
		= mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct checksum_kernel *kernel;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	fill(pages, page, -1);
	for (unsigned i = 0; (kernel = checksum_kernel_at(i)) != NULL; i++)
		for (size_t len = 0; len <= CHECKSUM_SHORT_MAX; len++) {
			const size_t readable = kernel->exact ? len : CHECKSUM_SHORT_MAX;
			const uint8_t *bytes = pages + page - readable;

			assert_int_equal(be16toh(checksum_fold(kernel->sum(bytes, len))),
				plain_sum(bytes, len));
		}
	assert_int_equal(munmap(pages, 2 * page), 0);
}

/* A run that asks for a kernel is one of that kernel, any other of the fastest. */
static void test_choice(void **state)
{
	const char *wanted = getenv(CHECKSUM_KERNEL_VARIABLE);
	unsigned count = 0;

	(void)state;
	while (checksum_kernel_at(count) != NULL)
		count++;
	assert_int_not_equal(count, 0);
	if (wanted == NULL || *wanted == '\0')
		wanted = checksum_kernel_at(count - 1)->name;
	assert_string_equal(checksum_kernel.name, wanted);
}

static void test_fold(void **state)
{
	static const struct {
		uint64_t sum;
		uint16_t folded;
	} rows[] = {
		{0, 0},
		{1, 1},
		{0xffff, 0xffff},
		{0x10000, 1},
		{0x1fffe, 0xffff},
		{0xffff0000, 0xffff},
		{0xffffffff, 0xffff},
		{UINT64_C(0x100000000), 1},
		{UINT64_C(0x1ffffffff), 1},
		{UINT64_C(0xffffffff00000000), 0xffff},
		{UINT64_C(0xffffffff00000001), 1},
		{UINT64_MAX, 0xffff},
		{UINT64_C(0x0001000200030004), 10},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(checksum_fold(rows[i].sum), rows[i].folded);
}

static void test_siphash(void **state)
{
	uint8_t key[SIPHASH_KEY_SIZE], input[40], expected[crypto_shorthash_BYTES];

	(void)state;
	static_assert(sizeof(key) == crypto_shorthash_KEYBYTES, "SipHash-2-4");
	for (unsigned round = 0; round < 100; round++) {
		randombytes_buf(key, sizeof(key));
		randombytes_buf(input, sizeof(input));
		for (unsigned len = 0; len <= sizeof(input); len++) {
			struct siphash s = siphash_start(key);
			uint64_t rest = 0;
			unsigned at = 0;

			for (; len - at >= 8; at += 8)
				siphash_word(&s, le64toh(load_word(input + at)));
			for (unsigned i = 0; at + i < len; i++)
				rest |= (uint64_t)input[at + i] << (8 * i);
			const uint64_t hash = htole64(siphash_end(&s, rest, len));

			crypto_shorthash(expected, input, len, key);
			assert_memory_equal(&hash, expected, sizeof(hash));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_page_end),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_siphash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
