/* The store's file and its lists. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "lock.h"
#include "rig.h"
#include "store_private.h"

static int set_up(void **state)
{
	*state = rig_new();
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

/*
 * Two regions whose prefixes lie between each other, 20 EIPs in each, every fourth with a PTR, in
 * two projects.
 */
static void fill(struct rig *rig)
{
	char params[256];

	json_decref(rig_ok(rig, "region.create",
		"{'name':'odd','prefixes':['10.1.0.0/16','10.3.0.0/16'],'suffix':'odd.example'}"));
	json_decref(rig_ok(rig, "region.create",
		"{'name':'even','prefixes':['10.0.0.0/16','10.2.0.0/16'],'suffix':'even.example'}"));
	for (int i = 0; i < 40; i++) {
		snprintf(params, sizeof(params),
			"{'address':'10.%d.0.%d','project':'p%d','id':'e%d'}", i / 10, i % 10,
			i % 2, i);
		json_decref(rig_ok(rig, "eip.bind", params));
		snprintf(params, sizeof(params),
			"{'address':'10.%d.0.%d','names':['n%d.example'],'ttl':%d}", i / 10, i % 10,
			i, i + 1);
		if (i % 4 == 0)
			json_decref(rig_ok(rig, "ptr.set", params));
	}
}

/* Walks a list page by page; returns the number of items and checks their order and the totals. */
static int walk(struct rig *rig, const char *method, const char *filter, int limit, int total)
{
	const char *member = strcmp(method, "eip.list") == 0 ? "eips" : "ptrs";
	char params[256], marker[64] = "", path[48];
	unsigned last = 0;
	int count = 0;

	for (;;) {
		snprintf(params, sizeof(params), "{'limit':%d%s%s%s%s}", limit, filter,
			marker[0] ? ",'marker':'" : "", marker, marker[0] ? "'" : "");
		json_t *page = rig_ok(rig, method, params);
		const size_t size = json_array_size(rig_at(page, member));

		assert_int_equal(rig_number(page, "total"), total);
		for (size_t i = 0; i < size; i++) {
			unsigned a, b, c, d;

			snprintf(path, sizeof(path), "%s.%zu.address", member, i);
			assert_int_equal(
				sscanf(rig_text(page, path), "%u.%u.%u.%u", &a, &b, &c, &d), 4);
			const unsigned address = a << 24 | b << 16 | c << 8 | d;
			assert_true(address > last);
			last = address;
		}
		count += (int)size;
		if (json_is_null(rig_at(page, "marker"))) {
			json_decref(page);
			return count;
		}
		assert_int_equal(size, limit);
		snprintf(marker, sizeof(marker), "%s", rig_text(page, "marker"));
		json_decref(page);
	}
}

static void test_lists(void **state)
{
	static const struct {
		const char *method, *filter;
		int total;
	} lists[] = {
		{"eip.list", "", 40},
		{"eip.list", ",'region':'odd'", 20},
		{"eip.list", ",'project':'p1'", 20},
		{"eip.list", ",'region':'even','project':'p0'", 10},
		{"eip.list", ",'project':'nobody'", 0},
		{"ptr.list", "", 10},
		{"ptr.list", ",'region':'even'", 6},
		{"ptr.list", ",'project':'p0'", 10},
		{"ptr.list", ",'project':'p1'", 0},
		{"ptr.list", ",'region':'odd','project':'p0'", 4},
	};
	static const int limits[] = {1, 3, 5, 10, 20, 40, 41, 500};
	struct rig *rig = *state;

	fill(rig);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t j = 0; j < sizeof(limits) / sizeof(limits[0]); j++)
			assert_int_equal(walk(rig, lists[i].method, lists[i].filter, limits[j],
						 lists[i].total),
				lists[i].total);
}

static void test_list_offset(void **state)
{
	struct rig *rig = *state;
	json_t *page;

	fill(rig);
	page = rig_ok(rig, "eip.list", "{'region':'odd','offset':9,'limit':2}");
	assert_string_equal(rig_text(page, "eips.0.address"), "10.1.0.9");
	assert_string_equal(rig_text(page, "eips.1.address"), "10.3.0.0");
	json_decref(page);
	page = rig_ok(rig, "eip.list", "{'marker':'10.0.0.255','offset':1,'limit':1}");
	assert_string_equal(rig_text(page, "eips.0.address"), "10.1.0.1");
	assert_string_equal(rig_text(page, "marker"), "10.1.0.1");
	json_decref(page);
	page = rig_ok(rig, "ptr.list", "{'offset':40}");
	assert_int_equal(json_array_size(rig_at(page, "ptrs")), 0);
	assert_int_equal(rig_number(page, "total"), 10);
	json_decref(page);

	json_decref(rig_refused(rig, "eip.list", "{'limit':0}", "DNS.0006"));
	json_decref(rig_refused(rig, "eip.list", "{'limit':501}", "DNS.0006"));
	json_decref(rig_refused(rig, "eip.list", "{'marker':'x'}", "DNS.0007"));
	json_decref(rig_refused(rig, "eip.list", "{'offset':-1}", "DNS.0017"));
	json_decref(rig_refused(rig, "eip.list", "{'region':'no'}", "DNS.0601"));
	json_decref(rig_refused(rig, "ptr.list", "{'project':'a b'}", "DNS.0002"));
	json_decref(rig_refused(rig, "region.list", "{'limit':501}", "DNS.0006"));
	json_decref(rig_refused(rig, "region.list", "{'marker':'A'}", "DNS.0007"));
	json_decref(rig_refused(rig, "region.list", "{'offset':-1}", "DNS.0017"));
}

static void test_region_list(void **state)
{
	struct rig *rig = *state;
	json_t *page;

	fill(rig);
	page = rig_ok(rig, "region.list", "{'limit':1}");
	assert_string_equal(rig_text(page, "regions.0.name"), "even");
	assert_string_equal(rig_text(page, "marker"), "even");
	assert_int_equal(rig_number(page, "total"), 2);
	assert_int_equal(rig_number(page, "regions.0.eips"), 20);
	assert_int_equal(rig_number(page, "regions.0.ptrs"), 6);
	json_decref(page);
	page = rig_ok(rig, "region.list", "{'limit':1,'marker':'even'}");
	assert_string_equal(rig_text(page, "regions.0.name"), "odd");
	assert_true(json_is_null(rig_at(page, "marker")));
	json_decref(page);
	page = rig_ok(rig, "region.list", "{'offset':2}");
	assert_int_equal(json_array_size(rig_at(page, "regions")), 0);
	json_decref(page);
}

static void test_restart(void **state)
{
	struct rig *rig = *state;
	json_t *before, *after;

	fill(rig);
	json_decref(rig_ok(rig, "region.detach", "{'name':'odd'}"));
	before = rig_ok(rig, "eip.list", "{}");
	rig_restart(rig);
	after = rig_ok(rig, "eip.list", "{}");
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
	rig_check_mirror(rig);
	assert_int_equal(rig->control.publisher->eips_count, 20);
	assert_int_equal(store_revision(rig->control.store), 53);
	json_decref(rig_ok(rig, "region.attach", "{'name':'odd'}"));
	rig_check_mirror(rig);
}

static void run_sql(const char *dir, const char *sql)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/ptrd.db", dir);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void set_version(const char *dir, int version)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
	run_sql(dir, sql);
}

static char *read_file(const char *dir, long *size)
{
	char path[128], *bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/ptrd.db", dir);
	file = fopen(path, "rb");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	*size = ftell(file);
	rewind(file);
	bytes = malloc((size_t)*size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, (size_t)*size, file), *size);
	fclose(file);
	return bytes;
}

static void test_newer_version(void **state)
{
	struct rig *rig = *state;
	long size_before, size_after;

	store_close(rig->control.store);
	run_sql(rig->dir, "PRAGMA journal_mode = DELETE");
	set_version(rig->dir, SCHEMA_VERSION + 1);
	char *before = read_file(rig->dir, &size_before);
	assert_null(store_open(rig->dir));
	char *after = read_file(rig->dir, &size_after);
	assert_int_equal(size_before, size_after);
	assert_memory_equal(before, after, (size_t)size_before);
	free(before);
	free(after);
	set_version(rig->dir, SCHEMA_VERSION);
	rig->control.store = store_open(rig->dir);
	assert_non_null(rig->control.store);
}

static void test_not_a_database(void **state)
{
	struct rig *rig = *state;
	char path[128];

	store_close(rig->control.store);
	snprintf(path, sizeof(path), "%s/ptrd.db", rig->dir);
	assert_int_equal(truncate(path, 0), 0);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++)
		fputs("this is not a database\n", file);
	fclose(file);
	assert_null(store_open(rig->dir));
	assert_int_equal(unlink(path), 0);
	rig->control.store = store_open(rig->dir);
	assert_non_null(rig->control.store);
}

/*
 * Regions whose change is undone are read back. While that fails nothing is answered from what is
 * left of them; a table of them that something else has damaged stands for a read error.
 */
static void test_regions_unreadable(void **state)
{
	static const char undone[] = "{'requests':[{'method':'region.create','params':"
				     "{'name':'us','prefixes':['11.0.0.0/8'],'suffix':'x'}},"
				     "{'method':'eip.unbind','params':{'address':'11.0.0.1'}}]}";
	static const struct {
		const char *method, *params;
	} asked[] = {
		{"region.get", "{'name':'eu'}"},
		{"eip.get", "{'address':'10.0.0.1'}"},
		{"eip.bind", "{'address':'10.0.0.2'}"},
		{"region.create", "{'name':'us','prefixes':['11.0.0.0/8'],'suffix':'x'}"},
		{"region.list", "{}"},
		{"node.status", "{}"},
	};
	struct rig *rig = *state;
	json_t *error;

	json_decref(rig_ok(
		rig, "region.create", "{'name':'eu','prefixes':['10.0.0.0/8'],'suffix':'x'}"));
	json_decref(rig_ok(rig, "eip.bind", "{'address':'10.0.0.1'}"));
	run_sql(rig->dir, "UPDATE region SET spec = 'x' || spec");
	json_decref(rig_refused(rig, "batch", undone, "DNS.0001"));
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		error = rig_refused(rig, asked[i].method, asked[i].params, "DNS.0001");
		assert_non_null(strstr(rig_text(error, "message"), "region eu in "));
		json_decref(error);
	}
	run_sql(rig->dir, "UPDATE region SET spec = substr(spec, 2)");
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		json_decref(rig_ok(rig, asked[i].method, asked[i].params));
	rig_check_mirror(rig);
}

static void test_second_store(void **state)
{
	struct rig *rig = *state;

	/* The lock belongs to the open file, so one process can stand for two. */
	assert_null(store_open(rig->dir));
	store_close(rig->control.store);
	rig->control.store = store_open(rig->dir);
	assert_non_null(rig->control.store);
}

static void test_lock_directory(void **state)
{
	struct rig *rig = *state;
	char path[160];
	struct stat stat_;

	snprintf(path, sizeof(path), "%s/a/b", rig->dir);
	const int fd = lock_directory(path, 0750, "x.lock");
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &stat_), 0);
	assert_true(S_ISDIR(stat_.st_mode));
	assert_int_equal(lock_directory(path, 0750, "x.lock"), -1);
	const int other = lock_directory(path, 0750, "y.lock");
	assert_true(other >= 0);
	close(other);
	close(fd);
	const int again = lock_directory(path, 0750, "x.lock");
	assert_true(again >= 0);
	close(again);
	/* A file in the way. */
	snprintf(path, sizeof(path), "%s/ptrd.db/x", rig->dir);
	assert_int_equal(lock_directory(path, 0750, "x.lock"), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_lists),
		TEST(test_list_offset),
		TEST(test_region_list),
		TEST(test_restart),
		TEST(test_newer_version),
		TEST(test_not_a_database),
		TEST(test_regions_unreadable),
		TEST(test_second_store),
		TEST(test_lock_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
