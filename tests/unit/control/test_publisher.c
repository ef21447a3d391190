/* Publisher: transactions, growth and what a reader sees of them. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <ptrd/directory.h>

#include "publisher_rig.h"

static void a_change_is_seen_when_commit_returns(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct address a = v4(A1);

	assert_int_equal(served("eu-demo", A1), -2);
	assert_int_equal(attach_and_bind(p, A1), 0);
	assert_int_equal(served("eu-demo", A1), 0);
	assert_int_equal(publisher_serial(p, "eu-demo"), 10);
	change(p, A1, 77, 11);
	assert_int_equal(served("eu-demo", A1), 77);
	change(p, A1, 78, 12);
	assert_int_equal(served("eu-demo", A1), 78);
	assert_int_equal(publisher_serial(p, "eu-demo"), 12);

	publisher_begin(p);
	assert_int_equal(publisher_unset(p, "eu-demo", &a), 0);
	assert_int_equal(served("eu-demo", A1), 78); /* not before the commit */
	assert_int_equal(publisher_commit(p, 13), 0);
	assert_int_equal(served("eu-demo", A1), 0);

	publisher_begin(p);
	assert_int_equal(publisher_unbind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_commit(p, 14), 0);
	assert_int_equal(served("eu-demo", A1), -1);
	publisher_close(p);
}

static void the_directory_holds_the_region(void **state)
{
	(void)state;
	struct publisher *p = start();
	const char *name, *suffix, *template, *unbound, *mname, *rname, *ns, *prefix, *table;
	json_int_t format, revision, ttl, minimum, ns_ttl;

	attach_and_bind(p, A1);
	json_t *root = directory();
	assert_int_equal(
		json_unpack(root,
			"{s:I, s:[{s:s, s:I, s:s, s:s, s:s, s:[s], s:s, s:I, s:{s:s, s:s, s:I}, s:{s:[s], s:I}}]}",
			"format", &format, "regions", "name", &name, "revision", &revision,
			"suffix", &suffix, "default_name", &template, "unbound", &unbound,
			"prefixes", &prefix, "table", &table, "default_ttl", &ttl, "soa", "mname",
			&mname, "rname", &rname, "minimum", &minimum, "ns", "names", &ns, "ttl",
			&ns_ttl),
		0);
	assert_int_equal(format, PTRD_DIRECTORY_FORMAT);
	assert_string_equal(name, "eu-demo");
	assert_int_equal(revision, 10);
	assert_string_equal(prefix, "203.0.113.0/24");
	assert_string_equal(template, "ecs-{a}-{b}-{c}-{d}.{suffix}");
	assert_string_equal(unbound, "nxdomain");
	assert_string_equal(mname, "ns1.example.com.");
	assert_int_equal(ttl, 300);
	assert_int_equal(minimum, 4);
	assert_int_equal(ns_ttl, 6);
	assert_int_equal(table[0], '/');
	json_decref(root);
	publisher_close(p);
}

static void rolled_back_changes_leave_nothing(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct region_info other = info_of("eu-other");
	const struct address a = v4(A1), b = v4(A2);
	const struct record_wire wire = record_of(5);
	struct publisher_table_status before, after;

	attach_and_bind(p, A1);
	publisher_table(p, "eu-demo", &before);
	publisher_begin(p);
	assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
	const size_t mark = publisher_mark(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &b), 0);
	assert_int_equal(publisher_set(p, "eu-demo", &b, &wire), 0);
	assert_int_equal(publisher_detach(p, "eu-demo"), 0);
	assert_int_equal(publisher_bind(p, "eu-demo", &b), -ENOENT);
	assert_int_equal(publisher_attach(p, &other, 1, 0, 0), 0);
	publisher_rollback_to(p, mark);
	assert_int_equal(publisher_commit(p, 11), 0);
	assert_int_equal(served("eu-demo", A1), 5);
	assert_int_equal(served("eu-demo", A2), -1);
	assert_int_equal(served("eu-other", A2), -2);

	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &b), 0);
	assert_int_equal(publisher_unset(p, "eu-demo", &a), 0);
	publisher_rollback(p);
	assert_int_equal(served("eu-demo", A1), 5);
	assert_int_equal(served("eu-demo", A2), -1);
	publisher_table(p, "eu-demo", &after);
	assert_int_equal(after.eips, before.eips);
	assert_int_equal(after.cell_bytes_used - before.cell_bytes_used, 64);
	publisher_close(p);
}

static void changes_of_one_transaction_apply_in_order(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct address a = v4(A2);
	const struct record_wire one = record_of(1), two = record_of(2);

	attach_and_bind(p, A1);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_set(p, "eu-demo", &a, &one), 0);
	assert_int_equal(publisher_unbind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_set(p, "eu-demo", &a, &two), 0);
	publisher_commit(p, 11);
	assert_int_equal(served("eu-demo", A2), 2);
	publisher_close(p);
}

static void a_table_grows_with_what_the_transaction_reserved(void **state)
{
	(void)state;
	enum {
		EIPS = 60000
	};
	struct publisher *p = start();
	const struct region_info info = info_of("eu-demo");
	struct publisher_table_status status;

	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &info, 1, 0, 0), 0);
	for (uint32_t i = 1; i <= EIPS; i++) {
		const struct address a = v4(0x0a000000u + i);
		const struct record_wire wire = record_of(i);

		assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
		if (i % 3 == 0)
			assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
		if (i == EIPS / 2)
			publisher_commit(p, 2); /* the second half grows a table that is served */
	}
	publisher_commit(p, 3);
	for (uint32_t i = 1; i <= EIPS; i += 97)
		assert_int_equal(served("eu-demo", 0x0a000000u + i), i % 3 == 0 ? (int64_t)i : 0);
	assert_true(publisher_table(p, "eu-demo", &status));
	assert_int_equal(status.eips, EIPS);
	assert_int_equal(status.records, EIPS / 3);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 1);
	publisher_close(p);
}

struct watch {
	struct mapping mapping;
	_Atomic bool stop;
	_Atomic uint64_t looks;
	uint64_t missing;
};

static void *watch_address(void *arg)
{
	struct watch *w = arg;

	while (!atomic_load(&w->stop)) {
		w->missing += look_up(&w->mapping.table, A1) < 0;
		atomic_fetch_add(&w->looks, 1);
	}
	return NULL;
}

/* Nobody sees the state between the changes of one address in one transaction. */
static void an_address_changes_by_one_store(void **state)
{
	(void)state;
	enum {
		OTHERS = 200,
		TURNS = 200
	};
	struct publisher *p = start();
	const struct address a = v4(A1);
	const struct record_wire wire = record_of(7);
	struct watch w = {0};
	pthread_t thread;

	attach_and_bind(p, A1);
	publisher_begin(p);
	for (uint32_t i = 1; i <= OTHERS; i++) {
		const struct address other = v4(0x0a000000u + i);
		assert_int_equal(publisher_bind(p, "eu-demo", &other), 0);
	}
	publisher_commit(p, 11);
	assert_true(map_served(&w.mapping, "eu-demo"));
	assert_int_equal(pthread_create(&thread, NULL, watch_address, &w), 0);
	for (uint32_t turn = 0; turn < TURNS || atomic_load(&w.looks) < 1000; turn++) {
		publisher_begin(p);
		assert_int_equal(publisher_unbind(p, "eu-demo", &a), 0);
		for (uint32_t i = 1; i <= OTHERS; i++) {
			const struct address other = v4(0x0a000000u + i);
			assert_int_equal(publisher_set(p, "eu-demo", &other, &wire), 0);
		}
		assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
		if (turn % 2 == 0)
			assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
		publisher_commit(p, 12 + turn);
		publisher_reclaim(p);
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(w.missing, 0);
	unmap(&w.mapping);
	publisher_close(p);
}

/* Every way in which the changes of one address may follow each other ends as the last one says. */
static void any_sequence_of_changes_has_its_last_state(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct address a = v4(A2);
	struct publisher_table_status status;
	bool bound = false;
	int64_t expected = -1;
	uint32_t random = 3;

	attach_and_bind(p, A1);
	for (uint32_t turn = 0; turn < 3000; turn++) {
		publisher_begin(p);
		for (uint32_t i = 0; i < 1 + turn % 6; i++) {
			random = random * 1664525u + 1013904223u;
			const struct record_wire wire = record_of(turn * 8 + i + 1);

			if (!bound) {
				assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
				bound = true;
				expected = 0;
			} else if (random >> 30 == 0) {
				assert_int_equal(publisher_unbind(p, "eu-demo", &a), 0);
				bound = false;
				expected = -1;
			} else if (random >> 30 == 1) {
				assert_int_equal(publisher_unset(p, "eu-demo", &a), 0);
				expected = 0;
			} else {
				assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
				expected = turn * 8 + i + 1;
			}
		}
		publisher_commit(p, 11 + turn);
		publisher_reclaim(p);
		assert_int_equal(served("eu-demo", A2), expected);
		assert_true(publisher_table(p, "eu-demo", &status));
		assert_int_equal(status.eips, 1 + bound);
		assert_int_equal(status.cell_bytes_used, expected > 0 ? 64 : 0);
	}
	publisher_close(p);
}

static void a_loaded_table_has_room_for_the_next_change(void **state)
{
	(void)state;
	struct publisher *p = publisher_open(run_dir, NULL);
	const struct region_info info = info_of("eu-demo");
	const struct record_wire wire = record_of(1);
	struct publisher_table_status before, after;

	const struct region_info other = info_of("eu-other");
	const struct address a1 = v4(A1);

	assert_int_equal(publisher_load_region(p, &other, 7, 1, 0), 0);
	assert_int_equal(publisher_fill(p, "eu-other", &a1, NULL), 0);
	assert_int_equal(publisher_load_region(p, &info, 1, 20000, 20000), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		const struct address a = v4(i + 1);
		assert_int_equal(publisher_fill(p, "eu-demo", &a, &wire), 0);
	}
	assert_int_equal(publisher_start(p), 0);
	publisher_table(p, "eu-demo", &before);
	publisher_begin(p);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct address a = v4(0x0a000000u + i);
		assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
		assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
	}
	publisher_commit(p, 2);
	publisher_table(p, "eu-demo", &after);
	assert_string_equal(after.path, before.path);
	assert_int_equal(publisher_serial(p, "eu-demo"), 2);
	assert_int_equal(publisher_serial(p, "eu-other"), 7); /* loaded, not changed */
	publisher_close(p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, publisher_setup, publisher_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_change_is_seen_when_commit_returns),
		TEST(the_directory_holds_the_region),
		TEST(rolled_back_changes_leave_nothing),
		TEST(changes_of_one_transaction_apply_in_order),
		TEST(a_table_grows_with_what_the_transaction_reserved),
		TEST(an_address_changes_by_one_store),
		TEST(any_sequence_of_changes_has_its_last_state),
		TEST(a_loaded_table_has_room_for_the_next_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
