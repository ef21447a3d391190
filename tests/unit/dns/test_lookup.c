/*
 * Look-ups: chains, and tables whose content is broken, in heap blocks of just their size, so that
 * a sanitizer build sees any read outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static const char *const prefix = "10.0.0.0/16";
static const char *const ns_name = "ns.example.";

static struct dns_view *view_of(const struct image *image)
{
	const struct dns_region_spec spec = {
		.name = "test",
		.table = image->table,
		.prefixes = &prefix,
		.prefixes_count = 1,
		.suffix = "e.",
		.default_name = "x{address}.{suffix}",
		.default_ttl = 300,
		.soa_mname = "ns.example.",
		.soa_rname = "root.example.",
		.soa_minimum = 300,
		.soa_ttl = 300,
		.ns_names = &ns_name,
		.ns_names_count = 1,
		.ns_ttl = 300,
	};
	char error[DNS_VIEW_ERROR_SIZE] = "";
	struct dns_view *view = dns_view_create(1, &spec, 1, error);

	assert_non_null(view);
	return view;
}

static enum ptrd_outcome ask_address(const struct dns_view *view, uint32_t address)
{
	char name[80];
	struct query q;
	struct reply reply;

	snprintf(name, sizeof(name), "%u.%u.%u.%u.in-addr.arpa.", address & 255, address >> 8 & 255,
		address >> 16 & 255, address >> 24);
	query_simple(&q, name, 12);
	ask(&reply, view, &q, DNS_UDP);
	const enum ptrd_outcome outcome = reply.request.outcome;

	reply_free(&reply);
	return outcome;
}

/* Every address of a full chain is found, and no other. */
static void test_chains(void **state)
{
	struct image image;

	(void)state;
	image_create(&image, 4, 60, 64);
	for (uint32_t i = 0; i < 350; i++)
		image_bind(&image, ADDRESS(10, 0, 0, 0) + i * 2, PTRD_REF_DEFAULT);
	struct dns_view *view = view_of(&image);

	for (uint32_t i = 0; i < 350; i++) {
		assert_int_equal(ask_address(view, ADDRESS(10, 0, 0, 0) + i * 2), PTRD_PTR_DEFAULT);
		assert_int_equal(ask_address(view, ADDRESS(10, 0, 0, 1) + i * 2), PTRD_NXDOMAIN);
	}
	dns_view_free(view);
	image_free(&image);
}

static void test_chain_loop(void **state)
{
	struct image image;

	(void)state;
	image_create(&image, 1, 2, 64);
	image_buckets(&image)[0].next = 1;
	image_buckets(&image)[1].next = 2;
	image_buckets(&image)[2].next = 1;
	struct dns_view *view = view_of(&image);

	assert_int_equal(ask_address(view, ADDRESS(10, 0, 0, 1)), PTRD_NXDOMAIN);
	image_buckets(&image)[2].next = 3; /* one behind the last */
	assert_int_equal(ask_address(view, ADDRESS(10, 0, 0, 1)), PTRD_NXDOMAIN);
	image_buckets(&image)[2].next = UINT64_MAX;
	assert_int_equal(ask_address(view, ADDRESS(10, 0, 0, 1)), PTRD_NXDOMAIN);
	dns_view_free(view);
	image_free(&image);
}

/* One field of a good cell broken at a time. */
static void test_broken_cell(void **state)
{
	struct image image;
	uint8_t name[255]; /* long enough that eleven RRs could hide in its record */

	(void)state;
	wire_of_length(name, sizeof(name), 'a');
	image_create(&image, 1, 0, 512);
	const uint32_t address = ADDRESS(10, 0, 0, 1);
	const uint32_t ref = image_record(&image, address, 60, name, 1);
	struct ptrd_cell *cell = image_cell(&image, ref), good = *cell;
	struct dns_view *view = view_of(&image);

#define BROKEN(field, value)                                                                       \
	do {                                                                                       \
		cell->field = value;                                                               \
		assert_int_equal(ask_address(view, address), PTRD_SERVFAIL);                       \
		memcpy(cell, &good, sizeof(good));                                                 \
		assert_int_equal(ask_address(view, address), PTRD_PTR_CUSTOM);                     \
	} while (0)
	BROKEN(key, address + 1);
	BROKEN(ancount, 0);
	BROKEN(ancount, 11);
	BROKEN(ancount, 255);
	BROKEN(wire_len, 0);
	BROKEN(wire_len, 12);
	BROKEN(wire_len, 512 - 2 * PTRD_GRANULE - sizeof(good) + 1);
	BROKEN(wire_len, UINT16_MAX);
	BROKEN(flags, PTRD_CELL_IPV6);
#undef BROKEN
	dns_view_free(view);
	image_free(&image);
}

static void test_broken_ref(void **state)
{
	static const uint32_t refs[]
		= {4, 5, 0x7fffffff}; /* an arena of 64 bytes has granules 0 to 3 */
	struct image image;

	(void)state;
	image_create(&image, 1, 0, 64);
	for (uint32_t i = 0; i < 3; i++)
		image_bind(&image, ADDRESS(10, 0, 0, i), refs[i]);
	image_bind(&image, ADDRESS(10, 0, 1, 0), PTRD_REF_NONE | PTRD_REF_IPV6);
	image_bind(&image, ADDRESS(10, 0, 1, 1), PTRD_REF_DEFAULT | PTRD_REF_IPV6);
	struct dns_view *view = view_of(&image);

	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(ask_address(view, ADDRESS(10, 0, 0, i)), PTRD_SERVFAIL);
	assert_int_equal(ask_address(view, ADDRESS(10, 0, 1, 0)), PTRD_NXDOMAIN);
	assert_int_equal(ask_address(view, ADDRESS(10, 0, 1, 1)), PTRD_NXDOMAIN);
	dns_view_free(view);
	image_free(&image);
}

/* xorshift: the same bytes in every run. */
static uint64_t random_bits(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Buckets and cells of random bytes, with slots that name the addresses asked for. */
static void test_random_tables(void **state)
{
	uint64_t seed = UINT64_C(0x123456789abcdef1);

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct image image;
		const uint32_t buckets = 1 + (uint32_t)(random_bits(&seed) % 4);

		image_create(&image, buckets, 2, 64 * (random_bits(&seed) % 20));
		for (size_t i = PTRD_TABLE_HEADER_SIZE; i < image.size; i++)
			image.base[i] = (uint8_t)random_bits(&seed);
		for (unsigned i = 0; i < 7 * (buckets + 2); i++) {
			const uint64_t ref = random_bits(&seed) % (image.table.cell_granules + 3u);

			image_buckets(&image)[i / 7].slot[i % 7]
				= (uint64_t)ADDRESS(10, 0, 0, i % 16) << 32 | ref;
		}
		for (unsigned i = 0; i < buckets + 2; i++)
			image_buckets(&image)[i].next = random_bits(&seed) % (buckets + 4);
		struct dns_view *view = view_of(&image);

		for (uint32_t i = 0; i < 17; i++) {
			uint8_t *msg = calloc(1, DNS_REPLY_MAX);
			struct query q;
			char name[40];

			assert_non_null(msg);
			snprintf(name, sizeof(name), "%u.0.0.10.in-addr.arpa.", i);
			query_simple(&q, name, 12);
			memcpy(msg, q.bytes, q.len);
			struct dns_request r = {.msg = msg,
				.len = (uint16_t)q.len,
				.room = DNS_REPLY_MAX,
				.port = 40000,
				.transport = DNS_TCP};

			dns_answer(view, &r, 1);
			assert_in_range(r.reply_len, q.len, DNS_REPLY_MAX);
			assert_true(r.outcome == PTRD_NXDOMAIN || r.outcome == PTRD_PTR_DEFAULT
				|| r.outcome == PTRD_PTR_CUSTOM || r.outcome == PTRD_SERVFAIL);
			free(msg);
		}
		dns_view_free(view);
		image_free(&image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_chain_loop),
		cmocka_unit_test(test_broken_cell),
		cmocka_unit_test(test_broken_ref),
		cmocka_unit_test(test_random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
