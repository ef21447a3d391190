/* node.audit: what is found by which filter, who sees what of it, pages, times, and what is pruned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"
#include "store_private.h"

static const struct actor alice = {.role = ROLE_PROJECT, .project = "a", .name = "alice"};
static const struct actor bob = {.role = ROLE_PROJECT, .project = "b", .name = "bob"};
static const struct actor olga = {.role = ROLE_OPERATOR, .name = "olga"};
static const struct actor viewer = {.role = ROLE_VIEWER, .name = "v"};

static void run_sql(struct rig *rig, const char *sql)
{
	assert_int_equal(sqlite3_exec(rig->control.store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Revisions 1 to 9, at the times 1000 to 9000. */
static int set_up(void **state)
{
	struct rig *rig = rig_new();

	json_decref(rig_ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'c.example.com'}"));
	json_decref(rig_ok(rig, "region.create",
		"{'name':'us','prefixes':['198.51.100.0/24'],'suffix':'c.example.com'}"));
	json_decref(rig_ok(rig, "eip.bind", "{'address':'203.0.113.1','id':'e','project':'a'}"));
	rig->actor = &alice;
	json_decref(rig_ok(rig, "ptr.set", "{'address':'203.0.113.1','names':['a.example']}"));
	rig->actor = &olga;
	json_decref(rig_ok(rig, "eip.bind", "{'address':'203.0.113.1','id':'e','project':'b'}"));
	rig->actor = &actor_operator;
	json_decref(rig_ok(rig, "eip.bind", "{'address':'198.51.100.1','id':'f','project':'b'}"));
	rig->actor = &bob;
	json_decref(rig_ok(rig, "ptr.set", "{'address':'203.0.113.1','names':['b.example']}"));
	rig->actor = &actor_operator;
	json_decref(rig_ok(rig, "eip.unbind", "{'address':'198.51.100.1'}"));
	json_decref(rig_ok(rig, "region.detach", "{'name':'us'}"));
	run_sql(rig, "UPDATE audit SET time = 1000 * revision");
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

static const char *text(const json_t *object, const char *member)
{
	const char *value = json_string_value(json_object_get(object, member));

	return value != NULL ? value : "-";
}

/* Revisions of a page, "9 8 7". */
static void revisions_of(const json_t *page, char *revisions)
{
	json_t *change;
	size_t i;

	*revisions = '\0';
	json_array_foreach(rig_at(page, "changes"), i, change)
	{
		sprintf(revisions + strlen(revisions), i > 0 ? " %lld" : "%lld",
			rig_number(change, "revision"));
	}
}

static void test_filters(void **state)
{
	static const struct {
		const char *params, *revisions;
	} rows[] = {
		{"{}", "9 8 7 6 5 4 3 2 1"},
		{"{'limit':2}", "9 8"},
		{"{'limit':2,'marker':8}", "7 6"},
		{"{'marker':1}", ""},
		{"{'marker':2}", "1"},
		{"{'marker':9223372036854775807}", "9 8 7 6 5 4 3 2 1"},
		{"{'address':'203.0.113.1'}", "7 5 4 3"},
		{"{'address':'203.0.113.1/32','project':'b'}", "7 5"},
		{"{'address':'203.0.113.2'}", ""},
		{"{'project':'a'}", "5 4 3"},
		{"{'project':'b'}", "8 7 6 5"},
		{"{'project':'none'}", ""},
		{"{'region':'us'}", "9 8 6 2"},
		{"{'region':'gone'}", ""},
		{"{'action':'eip.bind'}", "6 5 3"},
		{"{'action':'ptr.set','project':'b'}", "7"},
		{"{'since':'5000'}", "9 8 7 6 5"},
		{"{'since':'5001'}", "9 8 7 6"},
		{"{'until':'5000'}", "5 4 3 2 1"},
		{"{'until':'4999'}", "4 3 2 1"},
		{"{'until':'999'}", ""},
		{"{'since':'9001'}", ""},
		{"{'since':'1970-01-01T01:23:20Z','until':'1970-01-01T03:53:20.5+02:00'}", "6 5"},
		{"{'since':'3000','until':'7000','project':'a','marker':5}", "4 3"},
	};
	char revisions[128];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *page = rig_ok(*state, "node.audit", rows[i].params);

		revisions_of(page, revisions);
		if (strcmp(revisions, rows[i].revisions) != 0)
			fail_msg("%s: %s instead of %s", rows[i].params, revisions,
				rows[i].revisions);
		assert_int_equal(rig_number(page, "oldest"), 1);
		json_decref(page);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *params, *code, *field;
	} rows[] = {
		{"{'limit':0}", "DNS.0006", "limit"},
		{"{'limit':501}", "DNS.0006", "limit"},
		{"{'marker':0}", "DNS.0007", "marker"},
		{"{'address':'203.0.113.0/24'}", "DNS.0602", "address"},
		{"{'project':''}", "DNS.0002", "project"},
		{"{'region':'A'}", "DNS.0601", "region"},
		{"{'action':'none'}", "DNS.0002", "action"},
		{"{'since':''}", "DNS.0002", "since"},
		{"{'since':'yesterday'}", "DNS.0002", "since"},
		{"{'since':'123456789012'}", "DNS.0002", "since"},
		{"{'since':'2026-11-24'}", "DNS.0002", "since"},
		{"{'since':'2026-11-24T19:00:00'}", "DNS.0002", "since"},
		{"{'until':'2026-13-24T19:00:00Z'}", "DNS.0002", "until"},
		{"{'until':'2026-02-29T19:00:00Z'}", "DNS.0002", "until"},
		{"{'until':'2026-11-24T24:00:00Z'}", "DNS.0002", "until"},
		{"{'until':'2026-11-24T19:00:00.Z'}", "DNS.0002", "until"},
		{"{'until':'2026-11-24T19:00:00Zx'}", "DNS.0002", "until"},
		{"{'until':'2026-11-24T19:00:00+24:00'}", "DNS.0002", "until"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *error = rig_refused(*state, "node.audit", rows[i].params, rows[i].code);

		assert_string_equal(rig_text(error, "data.field"), rows[i].field);
		json_decref(error);
	}
}

static void test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
		{"0", 0},
		{"99999999999", 99999999999},
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01t00:00:01z", 1},
		{"1969-12-31T23:59:59Z", -1},
		{"2024-02-29T12:00:00.999Z", 1709208000},
		{"2024-02-29T12:00:00+01:30", 1709202600},
		{"2024-02-29T12:00:00-01:30", 1709213400},
		{"2016-12-31T23:59:60Z", 1483228800},
		{"2000-02-29 00:00:00Z", 951782400},
	};
	struct refusal why;
	int64_t seconds;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(time_parse(rows[i].text, &seconds, &why));
		assert_int_equal(seconds, rows[i].seconds);
	}
}

/* "revision action actor project old_project before after", the states as "-" or their project. */
static void expect_seen(struct rig *rig, const struct actor *actor, const char *const *rows)
{
	json_t *page, *change;
	char row[256];
	size_t i;

	rig->actor = actor;
	page = rig_ok(rig, "node.audit", "{}");
	json_array_foreach(rig_at(page, "changes"), i, change)
	{
		snprintf(row, sizeof(row), "%lld %s %s %s %s %s %s", rig_number(change, "revision"),
			text(change, "action"), text(change, "actor"), text(change, "project"),
			text(change, "old_project"), text(rig_at(change, "before"), "project"),
			text(rig_at(change, "after"), "project"));
		assert_non_null(rows[i]);
		assert_string_equal(row, rows[i]);
	}
	assert_null(rows[i]);
	json_decref(page);
	rig->actor = &actor_operator;
}

static void test_who_sees_what(void **state)
{
	static const char *const everything[] = {
		"9 region.detach operator - - - -",
		"8 eip.unbind operator b - b -",
		"7 ptr.set bob (project:b) b - b b",
		"6 eip.bind operator b - - b",
		"5 eip.bind olga b a a b",
		"4 ptr.set alice (project:a) a - a a",
		"3 eip.bind operator a - - a",
		"2 region.create operator - - - -",
		"1 region.create operator - - - -",
		NULL,
	};
	static const char *const of_a[] = {
		"5 eip.unbind operator a - a -",
		"4 ptr.set alice a - a a",
		"3 eip.bind operator a - - a",
		NULL,
	};
	static const char *const of_b[] = {
		"8 eip.unbind operator b - b -",
		"7 ptr.set bob b - b b",
		"6 eip.bind operator b - - b",
		"5 eip.bind operator b - - b",
		NULL,
	};

	expect_seen(*state, &actor_operator, everything);
	expect_seen(*state, &viewer, everything);
	expect_seen(*state, &alice, of_a);
	expect_seen(*state, &bob, of_b);
}

/* Another's project is refused, and what another did at the same address is not there. */
static void test_project(void **state)
{
	struct rig *rig = *state;
	char revisions[64];
	json_t *page;

	rig->actor = &alice;
	json_decref(rig_refused(rig, "node.audit", "{'project':'b'}", "DNS.0013"));
	json_decref(rig_refused(rig, "node.audit", "{'project':'none'}", "DNS.0013"));
	page = rig_ok(rig, "node.audit", "{'address':'203.0.113.1'}");
	revisions_of(page, revisions);
	assert_string_equal(revisions, "5 4 3");
	json_decref(page);
	/* As it is shown, so it is found. */
	page = rig_ok(rig, "node.audit", "{'action':'eip.unbind'}");
	revisions_of(page, revisions);
	assert_string_equal(revisions, "5");
	json_decref(page);
	page = rig_ok(rig, "node.audit", "{'region':'us'}");
	assert_int_equal(json_array_size(rig_at(page, "changes")), 0);
	json_decref(page);
}

/* Each page goes on where the last one ended, also where it found less than it might. */
static void test_pages(void **state)
{
	struct rig *rig = *state;
	char params[64] = "{'limit':2}", all[128] = "", revisions[64];
	int pages = 0;
	json_t *page;

	for (;;) {
		page = rig_ok(rig, "node.audit", params);
		revisions_of(page, revisions);
		sprintf(all + strlen(all), "[%s]", revisions);
		pages++;
		if (json_is_null(rig_at(page, "marker")))
			break;
		snprintf(params, sizeof(params), "{'limit':2,'marker':%lld}",
			rig_number(page, "marker"));
		json_decref(page);
	}
	json_decref(page);
	assert_string_equal(all, "[9 8][7 6][5 4][3 2][1]");
	assert_int_equal(pages, 5);
	/* So many that one page does not look at all of them. */
	run_sql(rig,
		"INSERT INTO audit WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n"
		" WHERE i < 25008) SELECT i, 9000, 'operator', 'ptr.set', 'eu', NULL, NULL, NULL,"
		" NULL, NULL FROM n");
	run_sql(rig, "UPDATE meta SET revision = 25008");
	rig_restart(rig);
	page = rig_ok(rig, "node.audit", "{'region':'us'}");
	assert_int_equal(json_array_size(rig_at(page, "changes")), 0);
	assert_int_equal(rig_number(page, "marker"), 5009);
	json_decref(page);
	page = rig_ok(rig, "node.audit", "{'region':'us','marker':5009}");
	revisions_of(page, revisions);
	assert_string_equal(revisions, "9 8 6 2");
	assert_true(json_is_null(rig_at(page, "marker")));
	json_decref(page);
}

static uint64_t oldest(struct rig *rig)
{
	uint64_t revision;

	assert_true(store_changes_oldest(rig->control.store, &revision));
	return revision;
}

static void expect_watch(struct rig *rig, int64_t revision, const char *code)
{
	char params[64];

	snprintf(params, sizeof(params), "{'revision':%lld}", (long long)revision);
	if (code == NULL)
		json_decref(rig_ok(rig, "watch", params));
	else
		json_decref(rig_refused(rig, "watch", params, code));
}

/* From the oldest on, a few at a time, up to the first that is young enough: never a hole. */
static void test_prune(void **state)
{
	struct rig *rig = *state;
	struct store *s = rig->control.store;
	char revisions[64];

	/* The clock was set back for 4. */
	run_sql(rig, "UPDATE audit SET time = 100 WHERE revision = 6");
	assert_true(store_changes_prune(s, 1000, 100));
	assert_int_equal(oldest(rig), 1);
	assert_true(store_changes_prune(s, 5000, 2));
	assert_int_equal(oldest(rig), 3);
	assert_true(store_changes_prune(s, 5000, 2));
	assert_int_equal(oldest(rig), 5);
	assert_true(store_changes_prune(s, 5000, 2));
	assert_int_equal(oldest(rig), 5);
	json_t *page = rig_ok(rig, "node.audit", "{}");
	revisions_of(page, revisions);
	assert_string_equal(revisions, "9 8 7 6 5");
	assert_int_equal(rig_number(page, "oldest"), 5);
	json_decref(page);
	expect_watch(rig, 3, "DNS.0007");
	expect_watch(rig, 4, NULL);
	json_t *error = rig_refused(rig, "watch", "{'revision':0}", "DNS.0007");
	assert_non_null(strstr(rig_text(error, "message"), "revision 5"));
	json_decref(error);
	/* All of them; then the next one is the oldest, before and after a restart. */
	assert_true(store_changes_prune(s, 99999, 1000));
	assert_int_equal(oldest(rig), 10);
	assert_int_equal(store_revision(s), 9);
	expect_watch(rig, 8, "DNS.0007");
	expect_watch(rig, 9, NULL);
	rig_restart(rig);
	assert_int_equal(oldest(rig), 10);
	json_decref(rig_ok(rig, "region.attach", "{'name':'us'}"));
	assert_int_equal(oldest(rig), 10);
	assert_int_equal(store_revision(rig->control.store), 10);
}

static void test_watch_from(void **state)
{
	json_t *result = rig_ok(*state, "watch", "{}");

	assert_int_equal(rig_number(result, "revision"), 9);
	json_decref(result);
	expect_watch(*state, 0, NULL);
	expect_watch(*state, 9, NULL);
	expect_watch(*state, 10, "DNS.0007");
	expect_watch(*state, -1, "DNS.0007");
	expect_watch(*state, INT64_MAX, "DNS.0007");
}

/* What SQLite takes for each of the queries: an index, in order. */
static void test_plans(void **state)
{
	struct rig *rig = *state;

	for (unsigned i = 0; i < CHANGES_QUERIES; i++) {
		char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", changes_sql(i));
		sqlite3_stmt *plan;

		assert_int_equal(sqlite3_prepare_v2(rig->control.store->db, sql, -1, &plan, NULL),
			SQLITE_OK);
		while (sqlite3_step(plan) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(plan, 3);

			if (strncmp(step, "SCAN", 4) == 0 || strstr(step, "TEMP B-TREE") != NULL
				|| (strncmp(step, "SEARCH", 6) == 0
					&& strstr(step, "rowid>? AND rowid<?") == NULL))
				fail_msg("%s: %s", step, sql);
		}
		sqlite3_finalize(plan);
		sqlite3_free(sql);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_filters),
		TEST(test_refusals),
		TEST(test_times),
		TEST(test_who_sees_what),
		TEST(test_project),
		TEST(test_pages),
		TEST(test_prune),
		TEST(test_watch_from),
		TEST(test_plans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
