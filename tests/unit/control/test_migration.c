/*
 * A store that an earlier version has written: version1.db was made by a ptrd-control of that
 * schema.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine.h"
#include "fake_publisher.h"
#include "rig.h"
#include "store_private.h"

static void copy_file(const char *from, const char *to)
{
	char bytes[4096];
	size_t len;
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");

	assert_non_null(in);
	assert_non_null(out);
	while ((len = fread(bytes, 1, sizeof(bytes), in)) > 0)
		assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
}

static int version_of(struct rig *rig)
{
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(rig->control.store->db, "PRAGMA user_version", -1,
				 &statement, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	const int version = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return version;
}

/* A rig whose store is the file of version 1. */
static int set_up(void **state)
{
	struct rig *rig = rig_new();
	char path[128];

	store_close(rig->control.store);
	snprintf(path, sizeof(path), "%s/ptrd.db", rig->dir);
	assert_int_equal(unlink(path), 0);
	copy_file(VERSION1_DB, path);
	rig->control.store = store_open(rig->dir);
	assert_non_null(rig->control.store);
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

static void test_content(void **state)
{
	struct rig *rig = *state;
	json_t *list;

	assert_int_equal(version_of(rig), SCHEMA_VERSION);
	assert_int_equal(store_revision(rig->control.store), 13);
	list = rig_ok(rig, "region.list", "{}");
	assert_int_equal(rig_number(list, "total"), 3);
	assert_string_equal(rig_text(list, "regions.0.name"), "eu-demo");
	assert_string_equal(rig_text(list, "regions.0.prefixes.1"), "203.0.113.0/24");
	assert_int_equal(rig_number(list, "regions.0.soa.minimum"), 60);
	assert_int_equal(rig_number(list, "regions.0.revision"), 13);
	assert_int_equal(rig_number(list, "regions.0.eips"), 3);
	assert_string_equal(rig_text(list, "regions.1.name"), "long");
	assert_string_equal(rig_text(list, "regions.1.state"), "detached");
	assert_string_equal(rig_text(list, "regions.2.unbound"), "default");
	assert_null(json_object_get(rig_at(list, "regions.0"), "default_name6"));
	json_decref(list);

	list = rig_ok(rig, "eip.list", "{}");
	assert_int_equal(rig_number(list, "total"), 5);
	assert_string_equal(rig_text(list, "eips.0.address"), "32.1.13.184");
	assert_string_equal(
		rig_text(list, "eips.0.default_name"), "static.184.13.1.32.us.example.");
	assert_string_equal(rig_text(list, "eips.1.ptr.names.0"), "kept.example.");
	assert_string_equal(rig_text(list, "eips.3.address"), "203.0.113.7");
	assert_string_equal(rig_text(list, "eips.3.ptr.names.1"), "b.example.org.");
	assert_int_equal(rig_number(list, "eips.3.ptr.ttl"), 600);
	json_decref(list);
}

/*
 * No region is one that the engine refuses, which would keep all of them from being served: "long"
 * has a suffix that leaves no room for names of IPv6 addresses.
 */
static void test_served(void **state)
{
	struct rig *rig = *state;
	char error[ENGINE_ERROR_SIZE];
	size_t count;
	const struct region *const *regions = store_regions(rig->control.store, &count);

	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		if (!engine_check_region(&regions[i]->info, error))
			fail_msg("%s", error);
}

/* It goes on as if it had always been of this version. */
static void test_further(void **state)
{
	struct rig *rig = *state;

	rig_restart(rig);
	rig_check_mirror(rig);
	/* The same command as then: no change. */
	json_decref(rig_ok(rig, "region.create",
		"{'name':'eu-demo','prefixes':['203.0.113.0/24','198.51.100.0/25'],"
		"'suffix':'Compute.example.com','soa':{'minimum':60},"
		"'ns':{'names':['ns1.example.net','ns2.example.net']}}"));
	assert_int_equal(store_revision(rig->control.store), 13);
	json_decref(rig_ok(rig, "region.create",
		"{'name':'six','prefixes':['2001:db8::/32'],'suffix':'six.example'}"));
	json_decref(rig_ok(rig, "eip.bind", "{'address':'2001:db8::1'}"));
	json_decref(rig_ok(rig, "ptr.set", "{'address':'2001:db8::1','names':['a.example']}"));
	json_decref(rig_ok(rig, "region.attach", "{'name':'long'}"));
	json_decref(rig_ok(rig, "eip.unbind", "{'address':'203.0.113.7'}"));
	rig_check_mirror(rig);
	rig_restart(rig);
	rig_check_mirror(rig);
	assert_int_equal(rig->control.publisher->eips_count, 5);
	assert_int_equal(store_revision(rig->control.store), 18);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_content),
		TEST(test_served),
		TEST(test_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
