/* Publisher: changes of whole regions, each served all at once or not at all. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "publisher_rig.h"

static uint64_t replace(struct publisher *p, uint32_t tag, uint32_t serial)
{
	const struct region_info info = info_of("eu-demo");

	publisher_begin(p);
	assert_int_equal(publisher_replace(p, &info, serial, FILLED, FILLED), 0);
	fill(p, "eu-demo", A1, tag);
	assert_int_equal(publisher_prepare(p, serial), 0);
	return publisher_commit(p, serial);
}

static void a_replaced_table_is_served_until_the_switch(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	struct mapping old;
	const struct region_info info = info_of("eu-demo");
	const struct address a = v4(A1), other = v4(A1 + FILLED);

	apply(&d, attach_and_bind(p, A1));
	assert_true(map_served(&old, "eu-demo"));
	publisher_begin(p);
	const struct record_wire three = record_of(3);
	/* What came before in the transaction is in the old table, what follows in the new one. */
	assert_int_equal(publisher_set(p, "eu-demo", &a, &three), 0);
	assert_int_equal(publisher_replace(p, &info, 11, FILLED, FILLED), 0);
	fill(p, "eu-demo", A1, 4);
	assert_int_equal(publisher_bind(p, "eu-demo", &other), 0);
	assert_int_equal(publisher_prepare(p, 12), 0);
	assert_int_equal(look_up(&old.table, A1), 0);
	assert_int_equal(served("eu-demo", A1), 0);
	const uint64_t generation = publisher_commit(p, 12);

	assert_int_equal(generation, generation_on_disk());
	assert_int_equal(look_up(&old.table, A1), 3);
	assert_int_equal(look_up(&old.table, A1 + FILLED), -1);
	/* It never becomes one of a revision of which it has a part. */
	assert_int_equal(ptrd_table_serial(&old.table), 10);
	assert_int_equal(served("eu-demo", A1), 4);
	assert_int_equal(served("eu-demo", A1 + FILLED - 1), 4);
	assert_int_equal(served("eu-demo", A1 + FILLED), 0);
	assert_int_equal(publisher_serial(p, "eu-demo"), 12);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 2);
	apply(&d, generation);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 1);
	unmap(&old);
	dataplane_kill(&d);
	publisher_close(p);
}

/* Reads the directory again and again: every look shows one generation. */
struct looker {
	_Atomic bool stop;
	_Atomic uint64_t looks;
	uint64_t mixtures;
};

static void *look(void *arg)
{
	struct looker *l = arg;
	struct mapping m;

	while (!atomic_load(&l->stop)) {
		if (!map_served(&m, "eu-demo"))
			continue;
		const int64_t first = look_up(&m.table, A1);

		for (uint32_t i = 1; i < FILLED; i++)
			l->mixtures += look_up(&m.table, A1 + i) != first;
		unmap(&m);
		atomic_fetch_add(&l->looks, 1);
	}
	return NULL;
}

static void no_reader_sees_a_mixture(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	struct looker l = {0};
	pthread_t thread;
	uint32_t turn;

	attach_and_bind(p, A1);
	replace(p, 1, 11);
	assert_int_equal(pthread_create(&thread, NULL, look, &l), 0);
	for (turn = 2; turn < 100 || atomic_load(&l.looks) < 100; turn++) {
		const uint64_t made = replace(p, turn, 10 + turn);
		const uint64_t looks = atomic_load(&l.looks);

		/* The old file goes when it is applied: by then the reader is in a new look. */
		while (atomic_load(&l.looks) < looks + 2)
			;
		apply(&d, made);
		publisher_reclaim(p);
	}
	atomic_store(&l.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(l.mixtures, 0);
	dataplane_kill(&d);
	publisher_close(p);
}

static json_t *entry_of(const char *region)
{
	json_t *root = directory(), *entry, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(root, "regions"), i, entry)
	{
		if (strcmp(json_string_value(json_object_get(entry, "name")), region) == 0)
			found = json_incref(entry);
	}
	json_decref(root);
	assert_non_null(found);
	return found;
}

static void assert_suffix(const char *region, const char *suffix)
{
	json_t *entry = entry_of(region);

	assert_string_equal(json_string_value(json_object_get(entry, "suffix")), suffix);
	json_decref(entry);
}

static uint64_t settings_revision(const char *region)
{
	json_t *entry = entry_of(region);
	const json_int_t revision = json_integer_value(json_object_get(entry, "revision"));
	struct mapping m;

	/* The table says the same. */
	assert_true(map_served(&m, region));
	unmap(&m);
	json_decref(entry);
	return (uint64_t)revision;
}

static void an_update_keeps_the_table(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	struct region_info info = info_of("eu-demo");
	const struct address a = v4(A2);
	struct publisher_table_status before, after;

	apply(&d, attach_and_bind(p, A1));
	const uint64_t first = generation_on_disk();
	publisher_table(p, "eu-demo", &before);
	info.suffix = "one.example.";
	publisher_begin(p);
	assert_int_equal(publisher_update(p, &info), 0);
	info.suffix = "two.example.";
	assert_int_equal(publisher_update(p, &info), 0);
	assert_int_equal(publisher_prepare(p, 11), 0);
	assert_suffix("eu-demo", "compute.example.com.");
	assert_int_equal(publisher_commit(p, 11), first + 1);
	assert_suffix("eu-demo", "two.example.");
	publisher_table(p, "eu-demo", &after);
	assert_string_equal(before.path, after.path);
	assert_int_equal(table_files(), 1);
	assert_int_equal(publisher_serial(p, "eu-demo"), 11);
	assert_int_equal(settings_revision("eu-demo"), 11);

	/* Until the new settings are served, so is nothing that comes after them. */
	assert_int_equal(publisher_generation(p, "eu-demo"), first + 1);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_commit(p, 12), first + 1);
	apply(&d, first + 1);
	change(p, A2, 5, 13);
	assert_int_equal(settings_revision("eu-demo"), 11);

	const struct region_info other = info_of("eu-other");
	publisher_begin(p);
	assert_int_equal(publisher_update(p, &other), -ENOENT);
	assert_int_equal(publisher_commit(p, 14), 0);
	dataplane_kill(&d);
	publisher_close(p);
}

/* Each undone alone, behind a change that stays. */
static void what_is_undone_leaves_nothing(void **state)
{
	(void)state;
	struct publisher *p = start();
	struct region_info info = info_of("eu-demo"), other = info_of("eu-other");
	const struct address_range range = {v4(A1), v4(A2)};
	struct publisher_table_status before, after;
	const struct address a = v4(A1), b = v4(A2);

	attach_and_bind(p, A1);
	publisher_table(p, "eu-demo", &before);
	info.suffix = "one.example.";
	for (uint32_t turn = 1; turn <= 4; turn++) {
		const struct record_wire wire = record_of(turn);

		publisher_begin(p);
		assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
		const size_t mark = publisher_mark(p);

		if (turn == 1) {
			assert_int_equal(publisher_replace(p, &info, 20, FILLED, 0), 0);
			fill(p, "eu-demo", A2, 9);
			assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
		} else if (turn == 2) {
			assert_int_equal(publisher_update(p, &info), 0);
			assert_int_equal(publisher_bind(p, "eu-demo", &b), 0);
		} else if (turn == 3) {
			assert_int_equal(publisher_attach(p, &other, 20, 0, 0), 0);
			assert_int_equal(publisher_move(p, &info, &other, &range), 0);
			assert_int_equal(publisher_bind(p, "eu-other", &b), 0);
		} else {
			assert_int_equal(publisher_move(p, &info, &other, &range), 0);
			assert_int_equal(publisher_move(p, &other, &info, &range), 0);
			assert_int_equal(publisher_update(p, &info), 0);
			assert_int_equal(publisher_detach(p, "eu-demo"), 0);
		}
		assert_int_equal(publisher_prepare(p, 10 + turn), 0);
		publisher_rollback_to(p, mark);
		assert_int_equal(publisher_commit(p, 10 + turn), 0);
		assert_int_equal(served("eu-demo", A1), turn);
		assert_int_equal(served("eu-demo", A2), -1);
		assert_int_equal(served("eu-other", A1), -2);
		assert_suffix("eu-demo", "compute.example.com.");
		publisher_table(p, "eu-demo", &after);
		assert_string_equal(before.path, after.path);
		assert_int_equal(after.eips, 1);
		publisher_reclaim(p);
		assert_int_equal(table_files(), 1);
		assert_int_equal(cells_used(p), 64);
	}
	publisher_close(p);
}

/* A dataplane that hangs keeps each replaced table: their number has a bound. */
static void a_hung_dataplane_bounds_what_waits(void **state)
{
	(void)state;
	static const enum {
		REPLACE,
		MOVE,
		ATTACH
	} kinds[] = {REPLACE, MOVE, ATTACH};
	const struct region_info info = info_of("eu-demo"), other = info_of("eu-other");
	const struct address_range range = {v4(A1), v4(A1)};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct dataplane d = dataplane_start(true);
		struct publisher *p = start();
		unsigned turns = 0;
		int error = 0;

		attach_and_bind(p, A1);
		while (error == 0 && turns++ < 100) {
			publisher_begin(p);
			if (kinds[i] == REPLACE)
				error = publisher_replace(p, &info, 11, 0, 0);
			else if (kinds[i] == MOVE)
				error = publisher_move(p, &info, &other, &range);
			else if ((error = publisher_detach(p, "eu-demo")) == 0)
				error = publisher_attach(p, &info, 11, 0, 0);
			if (error < 0)
				publisher_rollback(p);
			else
				publisher_commit(p, 11 + turns);
		}
		assert_int_equal(error, -EBUSY);
		assert_non_null(strstr(publisher_error(p), "hung"));
		assert_in_range(table_files(), 2, 12);
		assert_int_not_equal(served("eu-demo", A1), -2);
		apply(&d, generation_on_disk());
		publisher_begin(p);
		assert_int_equal(publisher_replace(p, &info, 200, 0, 0), 0);
		publisher_commit(p, 200);
		dataplane_kill(&d);
		publisher_close(p);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, publisher_setup, publisher_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_replaced_table_is_served_until_the_switch),
		TEST(no_reader_sees_a_mixture),
		TEST(an_update_keeps_the_table),
		TEST(what_is_undone_leaves_nothing),
		TEST(a_hung_dataplane_bounds_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
