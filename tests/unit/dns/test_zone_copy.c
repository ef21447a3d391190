/* A zone's copy while its table changes, and when it is corrupt. Changes are made as the writer makes
 * them: `changed`, the slot, and the revision when all are done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image.h"
#include "zone_copy.h"

#define BUCKETS (4 * PTRD_TABLE_PARTS)
#define FIRST UINT32_C(0x0a000000) /* 10.0.0.0 */
#define MEMORY ((size_t)1 << 20)

static const struct zone_range range = {.first = FIRST, .last = FIRST + 255};
static const uint8_t mail[] = "\4mail\7example\3org";

struct rig {
	struct image image;
	struct zone_copy copy;
	size_t memory;
};

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	if (rig == NULL)
		return -1;
	*state = rig;
	rig->memory = MEMORY;
	image_create(&rig->image, BUCKETS, 16, 4096);
	for (unsigned i = 0; i < 64; i++)
		image_bind(&rig->image, FIRST + i, PTRD_REF_DEFAULT);
	zone_copy_init(&rig->copy, &rig->memory);
	zone_copy_restart(&rig->copy, &range);
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	zone_copy_free(&rig->copy);
	assert_int_equal(rig->memory, MEMORY);
	image_free(&rig->image);
	free(rig);
	return 0;
}

static unsigned part_of(const struct rig *rig, uint32_t address)
{
	return ptrd_table_part(&rig->image.table, ptrd_key4(&rig->image.table, address).bucket);
}

static void touch(struct rig *rig, uint32_t address, uint64_t revision)
{
	image_header(&rig->image)->changed[part_of(rig, address)] = revision;
}

static void commit(struct rig *rig, uint64_t revision)
{
	image_header(&rig->image)->revision = revision;
}

static void bind(struct rig *rig, uint32_t address, uint64_t revision)
{
	touch(rig, address, revision);
	image_bind(&rig->image, address, PTRD_REF_DEFAULT);
}

static enum zone_copy_result step(struct rig *rig, unsigned work)
{
	return zone_copy_step(&rig->copy, &rig->image.table, work);
}

static unsigned entries(const struct rig *rig)
{
	struct zone_copy_cursor cursor = {0};
	struct copied_entry entry;
	unsigned count = 0;

	while (zone_copy_next(&rig->copy, &cursor, &entry))
		count++;
	return count;
}

static bool has(const struct rig *rig, uint32_t address)
{
	struct zone_copy_cursor cursor = {0};
	struct copied_entry entry;

	while (zone_copy_next(&rig->copy, &cursor, &entry))
		if ((uint32_t)(entry.address[0] << 24 | entry.address[1] << 16
			    | entry.address[2] << 8 | entry.address[3])
			== address)
			return true;
	return false;
}

static void expect_whole(struct rig *rig, uint32_t serial, unsigned count)
{
	enum zone_copy_result result;

	while ((result = step(rig, 100)) == ZONE_COPY_MORE)
		;
	assert_int_equal(result, ZONE_COPY_WHOLE);
	assert_int_equal(rig->copy.revision, serial);
	assert_int_equal(entries(rig), count);
}

/* What lies outside of the range, of the other family or in a reserved slot is not in it. */
static void test_range(void **state)
{
	struct rig *rig = *state;
	static const uint8_t address6[16] = {0x0a};

	image_bind(&rig->image, FIRST - 1, PTRD_REF_DEFAULT);
	image_bind(&rig->image, FIRST + 255, PTRD_REF_DEFAULT);
	image_bind(&rig->image, FIRST + 256, PTRD_REF_DEFAULT);
	image_bind(&rig->image, FIRST + 254, PTRD_REF_RESERVED);
	image_record6(&rig->image, address6, 300, mail, 1);
	expect_whole(rig, 42, 65);
	assert_true(has(rig, FIRST) && has(rig, FIRST + 63) && has(rig, FIRST + 255));
}

static void test_ipv6(void **state)
{
	struct rig *rig = *state;
	struct zone_range range6 = {.ipv6 = true, .first = 1};
	uint8_t address[16] = {0};

	range6.first = range6.first << 64 | 16;
	range6.last = range6.first + 15;
	address[7] = 1;
	for (unsigned i = 15; i <= 32; i++) {
		address[15] = (uint8_t)i;
		image_record6(&rig->image, address, 300, mail, i % 2);
	}
	zone_copy_restart(&rig->copy, &range6);
	expect_whole(rig, 42, 16);
	struct zone_copy_cursor cursor = {0};
	struct copied_entry entry;

	while (zone_copy_next(&rig->copy, &cursor, &entry)) {
		assert_in_range(entry.address[15], 16, 31);
		assert_int_equal(entry.wire != NULL, entry.address[15] % 2);
	}
}

/* After every possible number of steps one change: in a part that is copied, that is being, or that
 * is to be. It is in the copy, and so is its serial. */
static void test_change_at_any_time(void **state)
{
	struct rig *rig = *state;
	uint64_t revision = 42;
	unsigned steps = 0, bound = 64;

	for (bool ended = false; !ended; steps += 7) {
		const uint32_t address = FIRST + 64 + steps % 190;

		zone_copy_restart(&rig->copy, &range);
		for (unsigned i = 0; i < steps && !ended; i++)
			ended = step(rig, 1) == ZONE_COPY_WHOLE;
		if (ended)
			break;
		const bool is_new
			= ptrd_table_find4(&rig->image.table, ptrd_key4(&rig->image.table, address))
			== PTRD_REF_NONE;

		revision++;
		touch(rig, address, revision);
		if (is_new)
			bind(rig, address, revision);
		bound += is_new;
		commit(rig, revision);
		expect_whole(rig, (uint32_t)revision, bound);
		assert_true(has(rig, address));
	}
	assert_true(steps > BUCKETS);
}

/* While a transaction is published, with the part that it changes copied or not, the copy is never
 * whole; then it has both of its changes. */
static void test_transaction(void **state)
{
	struct rig *rig = *state;
	enum zone_copy_result result = ZONE_COPY_MORE;

	for (unsigned copied = 0; copied < 2; copied++) {
		const uint32_t one = FIRST + 100 + 2 * copied;
		const uint64_t revision = 43 + copied;

		zone_copy_restart(&rig->copy, &range);
		while (copied && rig->copy.part <= part_of(rig, one))
			assert_int_equal(step(rig, 1), ZONE_COPY_MORE);
		bind(rig, one, revision);
		while ((result = step(rig, 100)) == ZONE_COPY_MORE)
			;
		assert_int_equal(result, ZONE_COPY_WAIT);
		bind(rig, one + 1, revision);
		assert_int_equal(step(rig, 100), ZONE_COPY_WAIT);
		commit(rig, revision);
		expect_whole(rig, (uint32_t)revision, 66 + 2 * copied);
		assert_true(has(rig, one) && has(rig, one + 1));
	}
}

/* One change with every few steps, never a rest: the copy ends all the same, and is of one revision. */
static void test_changes_all_the_time(void **state)
{
	struct rig *rig = *state;
	enum zone_copy_result result = ZONE_COPY_MORE;
	uint64_t revision = 42;
	unsigned steps = 0;

	for (; result == ZONE_COPY_MORE; steps++) {
		assert_true(steps < 100000);
		revision++;
		touch(rig, FIRST + (uint32_t)(revision % 64), revision);
		commit(rig, revision);
		result = step(rig, 16); /* a part has four buckets */
	}
	assert_int_equal(result, ZONE_COPY_WHOLE);
	assert_int_equal(rig->copy.revision, revision);
	assert_int_equal(entries(rig), 64);
}

/* Each copy takes what is there, and no more: a step is bounded. */
static void test_work(void **state)
{
	struct rig *rig = *state;
	unsigned steps = 0;

	while (step(rig, 1) == ZONE_COPY_MORE)
		steps++;
	assert_in_range(steps, BUCKETS, BUCKETS + 64 + 2 * PTRD_TABLE_PARTS);
}

static void test_records(void **state)
{
	struct rig *rig = *state;
	struct zone_copy_cursor cursor = {0};
	struct copied_entry entry;
	unsigned custom = 0;

	image_record(&rig->image, FIRST + 200, 600, mail, 1);
	expect_whole(rig, 42, 65);
	while (zone_copy_next(&rig->copy, &cursor, &entry)) {
		if (entry.wire == NULL)
			continue;
		custom++;
		assert_int_equal(entry.address[3], 200);
		assert_int_equal(entry.len, 12 + sizeof(mail));
		assert_memory_equal(entry.wire, "\xc0\x0c\0\14\0\1\0\0\2\x58\0\22", 12);
		assert_memory_equal(entry.wire + 12, mail, sizeof(mail));
	}
	assert_int_equal(custom, 1);
}

static void restore(struct ptrd_cell *cell, const struct ptrd_cell *good)
{
	*cell = *good;
	cell->data[10] = 0;
	cell->data[11] = sizeof(mail);
}

/* What cannot be a record is found, wherever it is wrong. */
static void test_corrupt(void **state)
{
	struct rig *rig = *state;
	const uint32_t ref = image_record(&rig->image, FIRST + 200, 600, mail, 1);
	struct ptrd_cell *cell = image_cell(&rig->image, ref);
	const struct ptrd_cell good = *cell;

	for (unsigned wrong = 0; wrong < 9; wrong++) {
		restore(cell, &good);
		switch (wrong) {
		case 0:
			cell->key++;
			break;
		case 1:
			cell->wire_len = PTRD_RECORD_WIRE_MAX + 1;
			break;
		case 2:
			cell->wire_len--;
			break;
		case 3:
			cell->wire_len++;
			break;
		case 4:
			cell->ancount = 0;
			break;
		case 5:
			cell->ancount = 2;
			break;
		case 6:
			cell->ancount = 11;
			break;
		case 7:
			cell->data[11] = 17;
			break;
		case 8:
			cell->data[10] = 1; /* RDLENGTH over 255 */
			break;
		}
		zone_copy_restart(&rig->copy, &range);
		assert_int_equal(step(rig, UINT32_MAX), ZONE_COPY_CORRUPT);
	}
	restore(cell, &good);
	cell->flags |= PTRD_CELL_IPV6; /* of another family than its slot */
	zone_copy_restart(&rig->copy, &range);
	assert_int_equal(step(rig, UINT32_MAX), ZONE_COPY_CORRUPT);
	restore(cell, &good);
	zone_copy_restart(&rig->copy, &range);
	expect_whole(rig, 42, 65);
}

/* Chains that go round, or out of the table, end. */
static void test_corrupt_chains(void **state)
{
	struct rig *rig = *state;
	struct ptrd_bucket *buckets = image_buckets(&rig->image);

	for (unsigned i = 0; i < BUCKETS; i++)
		buckets[i].next = i % 2 != 0 ? i : UINT64_MAX - i;
	assert_int_equal(step(rig, UINT32_MAX), ZONE_COPY_WHOLE);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_range),
		TEST(test_ipv6),
		TEST(test_change_at_any_time),
		TEST(test_transaction),
		TEST(test_changes_all_the_time),
		TEST(test_work),
		TEST(test_records),
		TEST(test_corrupt),
		TEST(test_corrupt_chains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
