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

static const char *const prefixes[] = {"10.0.0.0/16", "2001:db8::/32"};
static const char *const ns_name = "ns.example.";

static struct dns_view *view_of(const struct image *image)
{
	const struct dns_region_spec spec = {
		.name = "test",
		.table = image->table,
		.prefixes = prefixes,
		.prefixes_count = 2,
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

/* Address number `i` under 2001:db8::/32. */
static void make_address6(uint8_t address[16], uint32_t i)
{
	const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [12] = (uint8_t)(i >> 24),
		(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

	memcpy(address, bytes, sizeof(bytes));
}

static enum ptrd_outcome ask_address6(const struct dns_view *view, const uint8_t address[16])
{
	char name[80];
	struct query q;
	struct reply reply;

	for (unsigned i = 0; i < 32; i++) {
		const unsigned byte = address[15 - i / 2];

		snprintf(name + 2 * i, sizeof(name) - 2 * i, "%x.",
			i % 2 == 0 ? byte & 15 : byte >> 4);
	}
	memcpy(name + 64, "ip6.arpa.", sizeof("ip6.arpa."));
	query_simple(&q, name, 12);
	ask(&reply, view, &q, DNS_UDP);
	const enum ptrd_outcome outcome = reply.request.outcome;

	reply_free(&reply);
	return outcome;
}

static void test_chains6(void **state)
{
	static const uint8_t name[] = "\4mail\7example\3org";
	struct image image;
	uint8_t address[16];

	(void)state;
	image_create(&image, 4, 60, 65536);
	for (uint32_t i = 0; i < 300; i++) {
		make_address6(address, 2 * i);
		image_record6(&image, address, 60, name, i % 2);
	}
	struct dns_view *view = view_of(&image);

	for (uint32_t i = 0; i < 300; i++) {
		make_address6(address, 2 * i);
		assert_int_equal(ask_address6(view, address),
			i % 2 == 0 ? PTRD_PTR_DEFAULT : PTRD_PTR_CUSTOM);
		make_address6(address, 2 * i + 1);
		assert_int_equal(ask_address6(view, address), PTRD_NXDOMAIN);
	}
	dns_view_free(view);
	image_free(&image);
}

/* Slots with the address's fingerprint that belong to others stand before its own. */
static void test_same_fingerprint(void **state)
{
	static const uint8_t name[] = "\4mail\7example\3org";
	struct image image;
	uint8_t address[16], other[16];

	(void)state;
	image_create(&image, 1, 4, 4096);
	make_address6(address, 1);
	const struct ptrd_key key = ptrd_key6(&image.table, address);

	for (uint32_t i = 0; i < 20; i++) {
		make_address6(other, 100 + i);
		image_cell(&image, image_record6(&image, other, 60, name, 1))->key = key.tag;
	}
	for (unsigned i = 0; i < 3 * PTRD_BUCKET_SLOTS; i++) {
		_Atomic uint64_t *slot
			= &image_buckets(&image)[i / PTRD_BUCKET_SLOTS].slot[i % PTRD_BUCKET_SLOTS];

		if (*slot != 0)
			*slot = (uint64_t)key.tag << 32 | (uint32_t)*slot;
	}
	struct dns_view *view = view_of(&image);

	assert_int_equal(ask_address6(view, address), PTRD_NXDOMAIN);
	image_record6(&image, address, 60, name, 1);
	assert_int_equal(ask_address6(view, address), PTRD_PTR_CUSTOM);
	dns_view_free(view);
	image_free(&image);
}

/* A cell that does not hold the address, or points outside, is as good as none; one whose record is
 * broken is an error. */
static void test_broken6(void **state)
{
	static const uint8_t name[] = "\4mail\7example\3org";
	struct image image;
	uint8_t address[16];

	(void)state;
	image_create(&image, 1, 0, 512);
	make_address6(address, 1);
	struct ptrd_cell *cell = image_cell(&image, image_record6(&image, address, 60, name, 1));
	const struct ptrd_cell good = *cell;
	_Atomic uint64_t *slot = &image_buckets(&image)[0].slot[0];
	const uint64_t good_slot = *slot;
	struct dns_view *view = view_of(&image);

#define BROKEN(field, value, expected)                                                             \
	do {                                                                                       \
		cell->field = value;                                                               \
		assert_int_equal(ask_address6(view, address), expected);                           \
		memcpy(cell, &good, sizeof(good));                                                 \
		assert_int_equal(ask_address6(view, address), PTRD_PTR_CUSTOM);                    \
	} while (0)
	BROKEN(flags, 0, PTRD_NXDOMAIN);
	BROKEN(flags, PTRD_CELL_DEFAULT, PTRD_NXDOMAIN);
	BROKEN(flags, PTRD_CELL_IPV6 | PTRD_CELL_DEFAULT, PTRD_PTR_DEFAULT);
	BROKEN(wire_len, UINT16_MAX, PTRD_NXDOMAIN);
	BROKEN(wire_len, 512 - 2 * PTRD_GRANULE - sizeof(good) - 16 + 1, PTRD_NXDOMAIN);
	BROKEN(wire_len, 12, PTRD_SERVFAIL);
	BROKEN(ancount, 0, PTRD_SERVFAIL);
	BROKEN(ancount, 11, PTRD_SERVFAIL);
	BROKEN(key, good.key + 1, PTRD_SERVFAIL);
#undef BROKEN
	static const uint32_t refs[] = {
		PTRD_REF_IPV6, PTRD_REF_IPV6 | PTRD_REF_DEFAULT, PTRD_REF_IPV6 | 32, UINT32_MAX, 2};

	for (size_t i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		*slot = (good_slot & ~(uint64_t)UINT32_MAX) | refs[i];
		assert_int_equal(ask_address6(view, address), PTRD_NXDOMAIN);
	}
	dns_view_free(view);
	image_free(&image);
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

/* A burst whose entries are in every bucket of chains, and those that are in none. */
static void test_chains_burst(void **state)
{
	static struct dns_request requests[DNS_BURST];
	static const struct dns_settings settings;
	static struct query q[DNS_BURST];
	struct image image;

	(void)state;
	image_create(&image, 2, 60, 64);
	for (uint32_t i = 0; i < 100; i++)
		image_bind(&image, ADDRESS(10, 0, 0, 0) + i, PTRD_REF_DEFAULT);
	struct dns_view *view = view_of(&image);
	const struct dns_context context = {.view = view, .settings = &settings};

	for (unsigned i = 0; i < DNS_BURST; i++) {
		char name[80];

		snprintf(name, sizeof(name),
			i % 8 == 5 ? "%u.in-addr.arpa." : "%u.0.0.10.in-addr.arpa.", i * 3);
		query_simple(&q[i], name, 12);
		requests[i] = (struct dns_request){.msg = q[i].bytes,
			.len = (uint16_t)q[i].len,
			.room = DNS_UDP_SIZE,
			.port = 40000,
			.transport = DNS_UDP};
	}
	dns_answer(&context, requests, DNS_BURST);
	for (unsigned i = 0; i < DNS_BURST; i++)
		assert_int_equal(requests[i].outcome,
			i % 8 == 5            ? PTRD_REFUSED_ZONE
				: i * 3 < 100 ? PTRD_PTR_DEFAULT
					      : PTRD_NXDOMAIN);
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

			dns_answer(&(struct dns_context){.view = view, .settings = &ask_settings},
				&r, 1);
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
		cmocka_unit_test(test_chains_burst),
		cmocka_unit_test(test_chains6),
		cmocka_unit_test(test_same_fingerprint),
		cmocka_unit_test(test_broken6),
		cmocka_unit_test(test_chain_loop),
		cmocka_unit_test(test_broken_cell),
		cmocka_unit_test(test_broken_ref),
		cmocka_unit_test(test_random_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
