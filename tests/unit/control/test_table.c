/* Table writer and ptrd/table.h's reader, arena included: they are two halves of one contract. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena.h"
#include "table.h"
#include "table_copy.h"

static char path[64];

static struct table *make(uint64_t eips, uint64_t cell_bytes)
{
	const struct table_shape shape
		= {.region = "eu-test", .generation = 3, .eips = eips, .cell_bytes = cell_bytes};

	unlink(path);
	struct table *t = table_create(path, &shape);
	assert_non_null(t);
	return t;
}

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/dev/shm/ptrd-test-table.%d", getpid());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static struct address v4(uint32_t a)
{
	return (struct address){
		.bytes = {(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a}};
}

static struct address v6(uint64_t low)
{
	struct address a = {.ipv6 = true, .bytes = {0x20, 0x01, 0x0d, 0xb8}};

	for (int i = 0; i < 8; i++)
		a.bytes[15 - i] = (uint8_t)(low >> (8 * i));
	return a;
}

static struct record_wire record_of(uint16_t len, uint8_t fill)
{
	struct record_wire r = {.len = len, .ancount = 1};

	memset(r.bytes, fill, len);
	return r;
}

static uint32_t find(const struct table *t, const struct address *a)
{
	const struct ptrd_table *view = table_view(t);

	if (a->ipv6)
		return ptrd_table_find6(view, ptrd_key6(view, a->bytes), a->bytes);
	const uint32_t host = (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16
		| (uint32_t)a->bytes[2] << 8 | a->bytes[3];

	return ptrd_table_find4(view, ptrd_key4(view, host));
}

static bool bind(struct table *t, const struct address *a)
{
	const uint32_t ref = a->ipv6 ? table_cell_create(t, a, NULL) : PTRD_REF_DEFAULT;

	if (ref == PTRD_REF_NONE)
		return false;
	_Atomic uint64_t *slot = table_reserve(t, a);
	if (slot == NULL)
		return false;
	table_fill(t, slot, a, ref);
	return true;
}

static void bound_addresses_are_found_and_no_others(void **state)
{
	(void)state;
	struct table *t = make(50000, 0);
	struct ptrd_record record;

	for (uint32_t i = 0; i < 50000; i++) {
		const struct address a = v4(0x0a000000u + 2 * i);
		assert_true(bind(t, &a));
	}
	for (uint32_t i = 0; i < 100000; i++) {
		const struct address a = v4(0x0a000000u + i);
		assert_int_equal(find(t, &a), i % 2 == 0 ? PTRD_REF_DEFAULT : PTRD_REF_NONE);
	}
	assert_int_equal(table_eips(t), 50000);
	assert_true(table_crowded(t));
	assert_true(ptrd_table_record(table_view(t), PTRD_REF_DEFAULT, &record));
	assert_true(record.is_default);
	table_close(t);
}

/* Whatever the hash key: a pool of neighbours, at any stride, spreads over the buckets. */
static void neighbours_fit_in_the_table_made_for_them(void **state)
{
	(void)state;
	enum {
		EIPS = 100000
	};

	for (uint32_t round = 0; round < 20; round++) {
		struct table *t = make(EIPS, 0);

		for (uint32_t i = 0; i < EIPS; i++) {
			const struct address a = v4(0x0a000000u + (i << (round % 4 * 4)));
			assert_true(bind(t, &a));
		}
		table_close(t);
	}
}

/* The addresses whose slots could be taken for an empty one. */
static void first_and_last_address(void **state)
{
	(void)state;
	static const uint32_t edges[] = {0, 1, 0x80000000u, 0xffffffffu};
	struct table *t = make(100, 0);

	for (unsigned i = 0; i < 4; i++) {
		const struct address a = v4(edges[i]);

		assert_int_equal(find(t, &a), PTRD_REF_NONE);
		_Atomic uint64_t *slot = table_reserve(t, &a);
		assert_non_null(slot);
		assert_int_equal(find(t, &a), PTRD_REF_NONE);
		assert_ptr_not_equal(table_reserve(t, &a), slot);
		table_fill(t, slot, &a, PTRD_REF_DEFAULT);
		assert_int_equal(find(t, &a), PTRD_REF_DEFAULT);
		assert_int_equal(table_remove(t, &a), PTRD_REF_DEFAULT);
		assert_int_equal(find(t, &a), PTRD_REF_NONE);
	}
	table_close(t);
}

static void ipv6_addresses_are_compared_whole(void **state)
{
	(void)state;
	struct table *t = make(20000, 20000 * 32);

	for (uint64_t i = 0; i < 20000; i++) {
		const struct address a = v6(i << 7);
		assert_true(bind(t, &a));
	}
	for (uint64_t i = 0; i < 20000; i++) {
		const struct address a = v6(i << 7), other = v6((i << 7) + 1);
		struct ptrd_record record;
		const uint32_t ref = find(t, &a);

		assert_int_not_equal(ref, PTRD_REF_NONE);
		assert_true(ptrd_table_record(table_view(t), ref, &record));
		assert_true(record.is_default);
		assert_memory_equal(record.address, a.bytes, 16);
		assert_int_equal(find(t, &other), PTRD_REF_NONE);
	}
	table_close(t);
}

/* Two IPv6 addresses with one fingerprint in one bucket: made by copying a slot, as chance would. */
static void a_fingerprint_alone_is_no_match(void **state)
{
	(void)state;
	struct table *t = make(100, 4096);
	const struct address a = v6(1), b = v6(2);

	assert_true(bind(t, &a));
	struct ptrd_record record;

	assert_true(ptrd_table_record(table_view(t), find(t, &a), &record));
	memcpy((void *)(uintptr_t)record.address, b.bytes,
		16); /* the slot keeps a's fingerprint, the cell says b */
	assert_int_equal(find(t, &a), PTRD_REF_NONE);
	table_close(t);
}

static void set_replace_and_remove(void **state)
{
	(void)state;
	struct table *t = make(100, 4096);
	const struct address a = v4(0xcb007107), unknown = v4(0xcb007108);
	const struct record_wire one = record_of(37, 0xab),
				 two = record_of(PTRD_RECORD_WIRE_MAX, 0xff);
	struct ptrd_record record;

	assert_true(bind(t, &a));
	const uint32_t first = table_cell_create(t, &a, &one);
	assert_int_equal(table_replace(t, &a, first), PTRD_REF_DEFAULT);
	assert_int_equal(table_records(t), 1);
	assert_true(ptrd_table_record(table_view(t), find(t, &a), &record));
	assert_int_equal(record.wire_len, 37);
	assert_memory_equal(record.wire, one.bytes, 37);

	const uint32_t second = table_cell_create(t, &a, &two);
	assert_int_equal(table_replace(t, &a, second), first);
	assert_true(ptrd_table_record(table_view(t), find(t, &a), &record));
	assert_int_equal(record.wire_len, PTRD_RECORD_WIRE_MAX);
	assert_int_equal(table_replace(t, &unknown, PTRD_REF_DEFAULT), PTRD_REF_NONE);
	assert_int_equal(table_remove(t, &unknown), PTRD_REF_NONE);
	assert_int_equal(table_remove(t, &a), second);
	assert_int_equal(table_eips(t), 0);
	assert_int_equal(table_records(t), 0);
	table_close(t);
}

static void a_full_arena_refuses_and_reuses_after_the_grace_period(void **state)
{
	(void)state;
	struct table *t = make(100, 0);
	const struct address a = v4(1);
	const struct record_wire wire = record_of(1000, 1);
	uint32_t refs[1000], count = 0, ref;

	while ((ref = table_cell_create(t, &a, &wire)) != 0)
		refs[count++] = ref;
	assert_in_range(count, 60, 90);
	table_retire(t, refs[0], 5);
	table_retire(t, refs[1], 7);
	assert_int_equal(table_oldest_token(t), 5);
	assert_int_equal(table_newest_token(t), 7);
	table_reclaim(t, 4);
	assert_int_equal(table_cell_create(t, &a, &wire), 0);
	table_reclaim(t, 6);
	assert_int_equal(table_cell_create(t, &a, &wire), refs[0]);
	assert_int_equal(table_cell_create(t, &a, &wire), 0);
	table_reclaim(t, 7);
	assert_int_equal(table_oldest_token(t), 0);
	assert_int_equal(table_cell_create(t, &a, &wire), refs[1]);
	table_close(t);
}

static void copy_keeps_every_entry(void **state)
{
	(void)state;
	struct table *from = make(9000, 9000 * 64);
	const struct table_shape shape
		= {.region = "eu-test", .eips = 20000, .cell_bytes = 9000 * 64};
	char other[80];

	for (uint32_t i = 0; i < 3000; i++) {
		const struct address a = v4(i), b = v4(0x10000 + i), c = v6(i);
		const struct record_wire wire = record_of((uint16_t)(20 + i % 30), (uint8_t)i);

		assert_true(bind(from, &a) && bind(from, &b) && bind(from, &c));
		table_replace(from, &b, table_cell_create(from, &b, &wire));
	}
	table_begin(from, 77);
	table_end(from);
	snprintf(other, sizeof(other), "%s.copy", path);
	unlink(other);
	struct table *t = table_create(other, &shape);
	unlink(other);
	assert_true(table_copy(t, from));
	table_close(from);
	assert_int_equal(table_eips(t), 9000);
	assert_int_equal(table_records(t), 6000);
	assert_int_equal(ptrd_table_serial(table_view(t)), 77);
	for (uint32_t i = 0; i < 3000; i++) {
		const struct address a = v4(i), b = v4(0x10000 + i), c = v6(i);
		struct ptrd_record record;

		assert_int_equal(find(t, &a), PTRD_REF_DEFAULT);
		assert_int_not_equal(find(t, &c), PTRD_REF_NONE);
		assert_true(ptrd_table_record(table_view(t), find(t, &b), &record));
		assert_int_equal(record.wire_len, 20 + i % 30);
		assert_int_equal(record.wire[0], i % 256);
	}
	table_close(t);
}

/* What a reader that copies goes by: each change marks its part, and no other, before the revision
 * is the table's. */
static void changes_mark_their_parts(void **state)
{
	struct table *t = make(20000, 9000 * 64);
	const struct ptrd_table *view = table_view(t);
	const uint64_t first = UINT64_C(0x700000001);
	const struct record_wire wire = record_of(20, 1);

	(void)state;
	for (uint32_t i = 0; i < 1200; i++) {
		const struct address a = i % 2 != 0 ? v4(i / 4 * 977) : v6(i / 4);
		const struct ptrd_key key
			= i % 2 != 0 ? ptrd_key4(view, i / 4 * 977) : ptrd_key6(view, a.bytes);
		const unsigned part = ptrd_table_part(view, key.bucket);
		const uint64_t revision = first + i;

		assert_true(key.bucket >= ptrd_table_part_start(view, part)
			&& key.bucket < ptrd_table_part_start(view, part + 1));
		table_begin(t, revision);
		if (find(t, &a) == PTRD_REF_NONE)
			assert_true(bind(t, &a));
		else if (i % 3 == 0)
			table_remove(t, &a);
		else
			table_replace(t, &a, table_cell_create(t, &a, &wire));
		assert_true(table_revision(t) < revision);
		for (unsigned p = 0; p < PTRD_TABLE_PARTS; p++)
			assert_int_equal(view->header->changed[p] == revision, p == part);
		table_end(t);
		assert_true(table_revision(t) == revision);
		assert_int_equal(ptrd_table_serial(view), 1 + i);
	}
	assert_int_equal(ptrd_table_part_start(view, 0), 0);
	assert_int_equal(ptrd_table_part_start(view, PTRD_TABLE_PARTS), view->bucket_count);
	table_close(t);
}

static void chains_end_at_the_writers_limit(void **state)
{
	(void)state;
	struct table *t = make(1, 0);
	uint64_t reserved = 0;

	/* One address again and again: the same bucket until the chain or the overflow buckets end. */
	const struct address a = v4(42);
	while (table_reserve(t, &a) != NULL)
		reserved++;
	assert_int_equal(reserved, PTRD_CHAIN_MAX / 2 * PTRD_BUCKET_SLOTS);
	assert_int_equal(find(t, &a), PTRD_REF_NONE);
	table_close(t);
}

static void damaged_files_are_refused_with_a_reason(void **state)
{
	(void)state;
	struct table *t = make(100, 4096);
	const struct ptrd_table_header good = *table_view(t)->header;
	const uint64_t size = table_bytes(t);
	struct ptrd_table view;
	const char *why;
	uint8_t *copy = calloc(1, size);
	struct ptrd_table_header *h = (void *)copy;

	*h = good;
	assert_int_equal(ptrd_table_map(&view, copy, size, &why), 0);
	assert_int_equal(ptrd_table_map(&view, copy, sizeof(*h) - 1, &why), -EINVAL);
	assert_int_equal(ptrd_table_map(&view, copy, size - 1, &why), -EINVAL);
#define DAMAGE(field, value)                                                                       \
	do {                                                                                       \
		*h = good;                                                                         \
		h->field = (value);                                                                \
		assert_int_equal(ptrd_table_map(&view, copy, size, &why), -EINVAL);                \
		assert_non_null(why);                                                              \
	} while (0)
	DAMAGE(magic, good.magic + 1);
	DAMAGE(file_size, size + 1);
	DAMAGE(bucket_count, 0);
	DAMAGE(bucket_count, UINT32_MAX);
	DAMAGE(overflow_count, UINT32_MAX);
	DAMAGE(bucket_offset, good.bucket_offset + 8);
	DAMAGE(bucket_offset, 0);
	DAMAGE(bucket_offset, UINT64_MAX - 63);
	DAMAGE(cell_offset, 64);
	DAMAGE(cell_offset, good.cell_offset + 1);
	DAMAGE(cell_offset, UINT64_MAX - 63);
	DAMAGE(cell_size, UINT64_MAX);
	DAMAGE(cell_size, good.cell_size + 64);
	*h = good;
	memset(h->region, 'a', sizeof(h->region));
	assert_int_equal(ptrd_table_map(&view, copy, size, &why), -EINVAL);
	free(copy);
	table_close(t);
}

static void a_file_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	const struct table_shape huge = {.region = "eu-test", .eips = UINT64_C(1) << 40};
	struct table *t = make(100, 0);
	const struct table_shape shape = {.region = "eu-test", .eips = 100};

	assert_null(table_create(path, &shape)); /* the path exists */
	assert_int_equal(errno, EEXIST);
	table_close(t);
	unlink(path);
	assert_null(table_create(path, &huge));
	assert_int_not_equal(access(path, F_OK), 0);
	assert_null(table_create("/nonexistent/x.1", &shape));
}

static void arena_hands_out_each_granule_once(void **state)
{
	(void)state;
	enum {
		GRANULES = 2000
	};
	struct arena *a = arena_create(GRANULES);
	uint8_t owner[GRANULES] = {0};
	struct {
		uint32_t granule;
		unsigned len;
	} held[GRANULES];
	unsigned count = 0;
	uint32_t used = 0, random = 1;

	for (int turn = 0; turn < 20000; turn++) {
		random = random * 1664525u + 1013904223u;
		const unsigned len = 1 + (random >> 8) % (turn % 100 == 0 ? ARENA_CELL_MAX : 12);
		uint32_t granule = 0;

		if (random >> 31)
			granule = arena_alloc(a, len);
		if (granule != 0) {
			assert_true(granule >= PTRD_REF_FIRST_CELL && granule + len <= GRANULES);
			for (unsigned i = 0; i < len; i++)
				assert_int_equal(owner[granule + i]++, 0);
			held[count].granule = granule;
			held[count++].len = len;
			used += len;
		} else if (count > 0) {
			const unsigned victim = (random >> 4) % count;

			for (unsigned i = 0; i < held[victim].len; i++)
				assert_int_equal(owner[held[victim].granule + i]--, 1);
			arena_free(a, held[victim].granule, held[victim].len);
			used -= held[victim].len;
			held[victim] = held[--count];
		}
		assert_int_equal(arena_used(a), used);
	}
	arena_destroy(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bound_addresses_are_found_and_no_others),
		cmocka_unit_test(neighbours_fit_in_the_table_made_for_them),
		cmocka_unit_test(first_and_last_address),
		cmocka_unit_test(ipv6_addresses_are_compared_whole),
		cmocka_unit_test(a_fingerprint_alone_is_no_match),
		cmocka_unit_test(set_replace_and_remove),
		cmocka_unit_test(a_full_arena_refuses_and_reuses_after_the_grace_period),
		cmocka_unit_test(copy_keeps_every_entry),
		cmocka_unit_test(changes_mark_their_parts),
		cmocka_unit_test(chains_end_at_the_writers_limit),
		cmocka_unit_test(damaged_files_are_refused_with_a_reason),
		cmocka_unit_test(a_file_that_does_not_fit_is_refused),
		cmocka_unit_test(arena_hands_out_each_granule_once),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
