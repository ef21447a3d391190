/* Publisher: addresses that go from one region's table to another's. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "publisher_rig.h"

/* Which addresses of a /24 go with a range of it. */
static const struct {
	uint32_t first, last;
} ranges[] = {
	{0, 255}, {0, 127}, {128, 255}, {7, 7}, {1, 1}, {199, 199},
	{200, 255}, /* nobody is bound there */
};

static bool moves(size_t i, uint32_t n)
{
	return n >= ranges[i].first && n <= ranges[i].last;
}

#define BASE (A1 - 1)
#define ELSEWHERE 0x0a000000u

/* Two regions: a third of the EIPs of the first one has a custom PTR. */
static void attach_two(
	struct publisher *p, const struct region_info *from, const struct region_info *to)
{
	publisher_begin(p);
	assert_int_equal(publisher_attach(p, from, 1, 0, 0), 0);
	assert_int_equal(publisher_attach(p, to, 1, 0, 0), 0);
	fill(p, "to", ELSEWHERE, 99);
	for (uint32_t n = 0; n < FILLED; n++) {
		const struct address a = v4(BASE + n);
		const struct record_wire wire = record_of(n + 1);

		assert_int_equal(publisher_fill(p, "from", &a, n % 3 == 0 ? &wire : NULL), 0);
	}
	publisher_commit(p, 2);
}

static void change_some(struct publisher *p)
{
	for (uint32_t n = 0; n < FILLED; n++) {
		const struct address a = v4(BASE + n);
		const struct record_wire wire = record_of(n + 1000);

		if (n % 10 == 1)
			publisher_unbind(p, "from", &a);
		if (n % 20 == 1)
			publisher_bind(p, "from", &a);
		if (n % 10 == 2)
			publisher_set(p, "from", &a, &wire);
		if (n % 10 == 3)
			publisher_unset(p, "from", &a);
	}
}

/* What these two have made of address number `n`; -1: not bound. */
static int64_t expected_of(uint32_t n)
{
	if (n >= FILLED || n % 20 == 11)
		return -1;
	if (n % 20 == 1 || n % 10 == 3)
		return 0;
	if (n % 10 == 2)
		return n + 1000;
	return n % 3 == 0 ? n + 1 : 0;
}

static void check_moved(struct publisher *p, size_t i)
{
	struct publisher_table_status s;
	uint32_t moved = 0;

	for (uint32_t n = 0; n < 256; n++) {
		const int64_t expected = expected_of(n);

		assert_int_equal(served("to", BASE + n), moves(i, n) ? expected : (int64_t)-1);
		assert_int_equal(served("from", BASE + n), moves(i, n) ? (int64_t)-1 : expected);
		moved += moves(i, n) && expected >= 0;
	}
	assert_int_equal(served("to", ELSEWHERE + FILLED - 1), 99);
	publisher_table(p, "to", &s);
	assert_int_equal(s.eips, FILLED + moved);
	publisher_table(p, "from", &s);
	assert_int_equal(s.eips, FILLED - FILLED / 20 - moved);
	assert_int_equal(publisher_serial(p, "from"), 3);
	assert_int_equal(publisher_serial(p, "to"), 3);
}

/* Both regions are attached, and the transaction has changed some EIPs before. */
static void a_move_takes_what_is_in_the_range(void **state)
{
	(void)state;
	const struct region_info from = info_of("from"), to = info_of("to");
	struct publisher *p = start();

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct address_range range
			= {v4(BASE + ranges[i].first), v4(BASE + ranges[i].last)};

		attach_two(p, &from, &to);
		publisher_begin(p);
		change_some(p);
		assert_int_equal(publisher_move(p, &from, &to, &range), 0);
		assert_int_equal(publisher_prepare(p, 3), 0);
		publisher_commit(p, 3);
		check_moved(p, i);
		publisher_begin(p);
		publisher_detach(p, "from");
		publisher_detach(p, "to");
		publisher_commit(p, 4);
		publisher_reclaim(p);
		assert_int_equal(table_files(), 0);
	}
	publisher_close(p);
}

/* Only one of the two is attached. */
static void a_move_to_or_from_what_is_not_served(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct region_info info = info_of("eu-demo"), other = info_of("eu-other");
	const struct address_range range = {v4(A1), v4(A1)};
	const struct address a = v4(A1), b = v4(A2);
	const struct record_wire wire = record_of(5);

	attach_and_bind(p, A1);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &b), 0);
	assert_int_equal(publisher_move(p, &info, &other, &range), 0);
	publisher_commit(p, 11);
	assert_int_equal(served("eu-demo", A1), -1);
	assert_int_equal(served("eu-demo", A2), 0);
	assert_int_equal(served("eu-other", A1), -2);

	publisher_begin(p);
	assert_int_equal(publisher_move(p, &other, &info, &range), 0);
	assert_int_equal(publisher_fill(p, "eu-demo", &a, &wire), 0);
	publisher_commit(p, 12);
	assert_int_equal(served("eu-demo", A1), 5);
	assert_int_equal(served("eu-demo", A2), 0);
	publisher_close(p);
}

static struct address v6(uint32_t n)
{
	struct address a = {.ipv6 = true, .bytes = {0x20, 1, 0xd, 0xb8}};

	a.bytes[14] = (uint8_t)(n >> 8);
	a.bytes[15] = (uint8_t)n;
	return a;
}

/* -1: not bound, 0: default, else the record's tag. */
static int64_t served6(const char *region, uint32_t n)
{
	const struct address a = v6(n);
	struct ptrd_record record;
	struct mapping m;
	uint32_t tag = 0;

	assert_true(map_served(&m, region));
	const uint32_t ref = ptrd_table_find6(&m.table, ptrd_key6(&m.table, a.bytes), a.bytes);

	if (ref != PTRD_REF_NONE) {
		assert_true(ptrd_table_record(&m.table, ref, &record));
		if (!record.is_default)
			memcpy(&tag, record.wire, sizeof(tag));
	}
	unmap(&m);
	return ref == PTRD_REF_NONE ? -1 : (int64_t)tag;
}

/* Records of the largest size and IPv6 defaults, whose cells are counted; IPv4 stays. */
static void a_move_of_ipv6_and_large_records(void **state)
{
	(void)state;
	enum {
		COUNT = 3000,
		FIRST = 1000,
		LAST = 1999
	};
	struct publisher *p = start();
	const struct region_info from = info_of("from"), to = info_of("to");
	const struct address_range range = {v6(FIRST), v6(LAST)};
	const struct address four = v4(A1);

	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &from, 1, 0, 0), 0);
	assert_int_equal(publisher_attach(p, &to, 1, 0, 0), 0);
	publisher_commit(p, 2);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "from", &four), 0);
	for (uint32_t n = 1; n <= COUNT; n++) {
		const struct address a = v6(n);
		struct record_wire wire = record_of(n);

		wire.len = PTRD_RECORD_WIRE_MAX;
		assert_int_equal(publisher_bind(p, "from", &a), 0);
		if (n % 2 == 1)
			assert_int_equal(publisher_set(p, "from", &a, &wire), 0);
	}
	/* All of it is only reserved yet. */
	assert_int_equal(publisher_move(p, &from, &to, &range), 0);
	publisher_commit(p, 3);
	for (uint32_t n = 1; n <= COUNT; n += n == FIRST - 1 || n == LAST ? 1 : 7) {
		const bool moved = n >= FIRST && n <= LAST;
		const int64_t expected = n % 2 == 1 ? n : 0;

		assert_int_equal(served6("to", n), moved ? expected : -1);
		assert_int_equal(served6("from", n), moved ? -1 : expected);
	}
	assert_int_equal(served("from", A1), 0);
	publisher_close(p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, publisher_setup, publisher_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_move_takes_what_is_in_the_range),
		TEST(a_move_to_or_from_what_is_not_served),
		TEST(a_move_of_ipv6_and_large_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
