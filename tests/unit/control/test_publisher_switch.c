/* Publisher: generations, grace periods and what an acknowledgement waits for. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ptrd/directory.h>

#include "publisher_rig.h"

static void a_live_dataplane_is_waited_for(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	struct publisher_status status;

	const uint64_t first = generation_on_disk();
	assert_false(publisher_applied(p, first));
	const uint64_t generation = attach_and_bind(p, A1);
	assert_int_equal(generation, first + 1);
	apply(&d, first);
	assert_false(publisher_applied(p, generation));
	/* A change of a table that is not applied yet waits for the same generation. */
	const struct address a = v4(A1);
	const struct record_wire wire = record_of(8);

	publisher_begin(p);
	publisher_set(p, "eu-demo", &a, &wire);
	assert_int_equal(publisher_commit(p, 11), generation);
	apply(&d, generation);
	assert_true(publisher_applied(p, generation));
	change(p, A1, 9, 12);

	/* A detached table stays until the dataplane has let go of it. */
	publisher_begin(p);
	publisher_detach(p, "eu-demo");
	const uint64_t without = publisher_commit(p, 13);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 1);
	publisher_status(p, &status);
	assert_true(status.dataplane_alive);
	assert_int_equal(status.applied_generation, generation);
	apply(&d, without);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 0);

	dataplane_kill(&d);
	assert_true(publisher_applied(p, without));
	publisher_close(p);
}

static void cells_wait_for_the_grace_period(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();

	apply(&d, attach_and_bind(p, A1));
	rte_rcu_qsbr_quiescent(qsbr(&d), 1);
	change(p, A1, 1, 11);
	change(p, A1, 2, 12);
	change(p, A1, 3, 13);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 3 * 64); /* the reader may hold the two old ones */
	rte_rcu_qsbr_quiescent(qsbr(&d), 1);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);

	/* A dead dataplane is quiescent, whatever its reader last said. */
	change(p, A1, 4, 14);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 2 * 64);
	dataplane_kill(&d);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);

	/* A new segment counts from its own start: nothing waits for it in vain or too little. */
	change(p, A1, 5, 15);
	d = dataplane_start(true);
	apply(&d, generation_on_disk());
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);
	change(p, A1, 6, 16);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 2 * 64);
	rte_rcu_qsbr_quiescent(qsbr(&d), 1);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);
	dataplane_kill(&d);
	publisher_close(p);
}

/* A dataplane that has started since this process last looked may have read what a change unlinks. */
static void a_dataplane_that_has_just_started_is_waited_for(void **state)
{
	(void)state;
	struct publisher *p = start();

	attach_and_bind(p, A1);
	change(p, A1, 1, 11);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);
	struct dataplane d = dataplane_start(true);
	apply(&d, generation_on_disk());
	change(p, A1, 2, 12);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 2 * 64);
	rte_rcu_qsbr_quiescent(qsbr(&d), 1);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);
	dataplane_kill(&d);
	publisher_close(p);
}

static void a_directory_that_cannot_be_prepared_refuses(void **state)
{
	(void)state;
	char blocker[128];
	struct publisher *p = start();
	const struct region_info info = info_of("eu-demo");

	snprintf(blocker, sizeof(blocker), "%s/%s.new", run_dir, PTRD_DIRECTORY_FILE);
	assert_int_equal(mkdir(blocker, 0700), 0);
	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &info, 1, 0, 0), 0);
	assert_int_equal(publisher_prepare(p, 2), -EISDIR);
	assert_non_null(strstr(publisher_error(p), run_dir));
	publisher_rollback(p);
	assert_int_equal(table_files(), 0);
	rmdir(blocker);
	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &info, 1, 0, 0), 0);
	assert_int_equal(publisher_prepare(p, 2), 0);
	assert_int_equal(served("eu-demo", A1), -2); /* only prepared */
	publisher_commit(p, 2);
	assert_int_equal(served("eu-demo", A1), -1);
	publisher_close(p);
}

static void a_dataplane_that_hangs_does_not_take_all_memory(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	uint32_t eips = 0;
	int error = 0;

	attach_and_bind(p, A1);
	while (error == 0 && eips < 10000000) {
		publisher_begin(p);
		for (unsigned i = 0; i < 1000 && error == 0; i++) {
			const struct address a = v4(0x0a000000u + ++eips);
			error = publisher_bind(p, "eu-demo", &a);
		}
		publisher_commit(p, 2);
		publisher_reclaim(p);
	}
	assert_int_equal(error, -EBUSY);
	assert_in_range(table_files(), 2, 10);
	apply(&d, generation_on_disk());
	publisher_begin(p);
	const struct address a = v4(0x0a000000u + eips);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	publisher_commit(p, 3);
	dataplane_kill(&d);
	publisher_close(p);
}

static void a_restart_rises_above_every_generation(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();

	const uint64_t generation = attach_and_bind(p, A1);
	apply(&d, generation + 5); /* as if the directory file were older than the dataplane */
	publisher_close(p);

	p = publisher_open(run_dir, NULL);
	const struct region_info info = info_of("eu-demo");
	const struct address a = v4(A1);
	const struct record_wire wire = record_of(3);

	assert_int_equal(publisher_load_region(p, &info, 40, 10, 10), 0);
	assert_int_equal(publisher_fill(p, "eu-demo", &a, &wire), 0);
	assert_int_equal(served("eu-demo", A1), 0); /* the old table is served on */
	assert_int_equal(publisher_start(p), 0);
	assert_int_equal(generation_on_disk(), generation + 6);
	assert_int_equal(served("eu-demo", A1), 3);
	assert_int_equal(publisher_serial(p, "eu-demo"), 40);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 2); /* the dataplane still has the old one */
	apply(&d, generation + 6);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 1);
	dataplane_kill(&d);
	publisher_close(p);
}

static void each_region_waits_for_its_own_generation(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	const struct region_info other = info_of("us-demo");
	const struct address a = v4(A2);

	const uint64_t first = attach_and_bind(p, A1);
	apply(&d, first);
	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &other, 2, 0, 0), 0);
	assert_int_equal(publisher_commit(p, 2), first + 1);
	/* That one is not applied; what is done to the first region is seen all the same. */
	assert_int_equal(publisher_generation(p, "eu-demo"), first);
	assert_int_equal(publisher_generation(p, "us-demo"), first + 1);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_commit(p, 3), 0);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "us-demo", &a), 0);
	assert_int_equal(publisher_commit(p, 4), first + 1);
	/* What has left the directory is gone with the newest one. */
	publisher_begin(p);
	assert_int_equal(publisher_detach(p, "us-demo"), 0);
	assert_int_equal(publisher_commit(p, 5), first + 2);
	assert_int_equal(publisher_generation(p, "us-demo"), first + 2);
	assert_int_equal(publisher_generation(p, "eu-demo"), first);
	dataplane_kill(&d);
	publisher_close(p);
}

static void a_directory_that_cannot_be_written_is_written_later(void **state)
{
	(void)state;
	char blocker[128], path[160];
	struct publisher *p = start();

	/* A folder in the place of the temporary file: as good as a full disk, also for root. */
	snprintf(blocker, sizeof(blocker), "%s/%s.new", run_dir, PTRD_DIRECTORY_FILE);
	snprintf(path, sizeof(path), "%s/x", blocker);
	assert_int_equal(mkdir(blocker, 0700), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	const uint64_t generation = attach_and_bind(p, A1);
	assert_int_not_equal(generation, 0);
	assert_false(publisher_applied(p, generation));
	assert_int_equal(publisher_generation(p, "eu-demo"), generation);
	assert_int_equal(served("eu-demo", A1), -2);
	rmdir(path);
	rmdir(blocker);
	publisher_reclaim(p);
	assert_true(publisher_applied(p, generation));
	assert_int_equal(served("eu-demo", A1), 0);
	publisher_close(p);
}

static void detach_takes_the_region_out(void **state)
{
	(void)state;
	struct publisher *p = start();

	attach_and_bind(p, A1);
	publisher_begin(p);
	assert_int_equal(publisher_detach(p, "eu-demo"), 0);
	publisher_commit(p, 11);
	assert_int_equal(served("eu-demo", A1), -2);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 0);
	publisher_begin(p);
	assert_int_equal(publisher_detach(p, "eu-demo"), -ENOENT);
	publisher_close(p);
}

static void huge_dir_must_be_on_a_hugetlbfs(void **state)
{
	(void)state;
	char file[128];

	assert_null(publisher_open(run_dir, run_dir));
	assert_null(publisher_open(run_dir, "/nonexistent"));
	/* Files of others in the folders above ours are not ours to delete. */
	snprintf(file, sizeof(file), "%s/other.7", run_dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	struct publisher *p = start();
	publisher_reclaim(p);
	assert_int_equal(access(file, F_OK), 0);
	publisher_close(p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, publisher_setup, publisher_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_live_dataplane_is_waited_for),
		TEST(cells_wait_for_the_grace_period),
		TEST(a_dataplane_that_has_just_started_is_waited_for),
		TEST(a_directory_that_cannot_be_prepared_refuses),
		TEST(a_dataplane_that_hangs_does_not_take_all_memory),
		TEST(a_restart_rises_above_every_generation),
		TEST(each_region_waits_for_its_own_generation),
		TEST(a_directory_that_cannot_be_written_is_written_later),
		TEST(detach_takes_the_region_out),
		TEST(huge_dir_must_be_on_a_hugetlbfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
