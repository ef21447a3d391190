/* Projects: how many PTRs one may have, and what is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"
#include "store_private.h"

/* Two regions: a project's PTRs count wherever they are. */
static int set_up(void **state)
{
	struct rig *rig = rig_new();

	rig->control.ptr_quota = 3;
	json_decref(rig_ok(rig, "region.create",
		"{'name':'eu','prefixes':['10.0.0.0/24'],'suffix':'compute.example.com'}"));
	json_decref(rig_ok(rig, "region.create",
		"{'name':'us','prefixes':['10.0.1.0/24'],'suffix':'compute.example.com'}"));
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

static void bind(struct rig *rig, const char *address, const char *project)
{
	char params[128];

	snprintf(params, sizeof(params), "{'address':'%s','project':'%s'}", address, project);
	json_decref(rig_ok(rig, "eip.bind", params));
}

/* Sets the PTR of an address; `code` NULL: it has to work. */
static void set(struct rig *rig, const char *address, const char *name, const char *code)
{
	char params[256];

	snprintf(params, sizeof(params), "{'address':'%s','names':['%s']}", address, name);
	json_decref(code == NULL ? rig_ok(rig, "ptr.set", params)
				 : rig_refused(rig, "ptr.set", params, code));
}

/* Gives a project a quota of its own; "null" takes it away. */
static void give(struct rig *rig, const char *project, const char *quota)
{
	char params[128];

	snprintf(params, sizeof(params), "{'project':'%s','quota':%s}", project, quota);
	json_decref(rig_ok(rig, "project.set", params));
}

static void expect_project(
	struct rig *rig, const char *name, int quota, bool by_default, int eips, int ptrs)
{
	char params[128];

	snprintf(params, sizeof(params), "{'project':'%s'}", name);
	json_t *project = rig_ok(rig, "project.get", params);

	assert_string_equal(rig_text(project, "project"), name);
	assert_int_equal(rig_number(project, "quota"), quota);
	assert_int_equal(json_is_true(rig_at(project, "default")), by_default);
	assert_int_equal(rig_number(project, "eips"), eips);
	assert_int_equal(rig_number(project, "ptrs"), ptrs);
	json_decref(project);
}

/* Four EIPs of a project, in both regions. */
static void bind_four(struct rig *rig, const char *project)
{
	static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2"};

	for (size_t i = 0; i < 4; i++)
		bind(rig, addresses[i], project);
}

static void test_limit(void **state)
{
	struct rig *rig = *state;

	bind_four(rig, "shop");
	bind(rig, "10.0.0.9", "other");
	set(rig, "10.0.0.1", "a.example", NULL);
	set(rig, "10.0.1.1", "b.example", NULL);
	set(rig, "10.0.0.2", "c.example", NULL);
	expect_project(rig, "shop", 3, true, 4, 3);
	json_t *error = rig_refused(
		rig, "ptr.set", "{'address':'10.0.1.2','names':['d.example']}", "DNS.0405");
	assert_string_equal(rig_text(error, "message"),
		"project shop has 3 PTR records, and may have 3: its quota has no room for 1 more");
	json_decref(error);
	/* The old one in another form, the same once more, and another project's are no more. */
	set(rig, "10.0.0.1", "z.example", NULL);
	set(rig, "10.0.0.1", "z.example", NULL);
	set(rig, "10.0.0.9", "d.example", NULL);
	/* Whatever takes one away makes room for one. */
	json_decref(rig_ok(rig, "ptr.unset", "{'address':'10.0.0.1'}"));
	set(rig, "10.0.1.2", "d.example", NULL);
	set(rig, "10.0.0.1", "z.example", "DNS.0405");
	json_decref(rig_ok(rig, "eip.unbind", "{'address':'10.0.1.2'}"));
	set(rig, "10.0.0.1", "z.example", NULL);
	set(rig, "10.0.1.2", "d.example", "DNS.0502");
	bind(rig, "10.0.0.1", "other");
	bind(rig, "10.0.1.2", "shop");
	set(rig, "10.0.1.2", "d.example", NULL);
	expect_project(rig, "shop", 3, true, 3, 3);
	expect_project(rig, "other", 3, true, 2, 1);
	/* Counters are what there is. */
	rig_restart(rig);
	expect_project(rig, "shop", 3, true, 3, 3);
	set(rig, "10.0.0.1", "a.example", NULL);
}

static void test_own_quota(void **state)
{
	struct rig *rig = *state;

	bind_four(rig, "shop");
	give(rig, "shop", "1");
	set(rig, "10.0.0.1", "a.example", NULL);
	set(rig, "10.0.0.2", "b.example", "DNS.0405");
	expect_project(rig, "shop", 1, false, 4, 1);
	give(rig, "shop", "2");
	set(rig, "10.0.0.2", "b.example", NULL);
	set(rig, "10.0.1.1", "c.example", "DNS.0405");
	/* Less than it has: it keeps that, may change it, and gets no more. */
	give(rig, "shop", "1");
	expect_project(rig, "shop", 1, false, 4, 2);
	set(rig, "10.0.0.2", "z.example", NULL);
	json_decref(rig_ok(rig, "ptr.unset", "{'address':'10.0.0.1'}"));
	set(rig, "10.0.0.1", "a.example", "DNS.0405");
	/* 0 is no limit; null is what the configuration says. */
	give(rig, "shop", "0");
	set(rig, "10.0.0.1", "a.example", NULL);
	set(rig, "10.0.1.1", "b.example", NULL);
	set(rig, "10.0.1.2", "c.example", NULL);
	give(rig, "shop", "null");
	expect_project(rig, "shop", 3, true, 4, 4);
	json_decref(rig_ok(rig, "ptr.unset", "{'address':'10.0.0.1'}"));
	set(rig, "10.0.0.1", "a.example", "DNS.0405");
	/* It outlives a restart, and its project's last EIP. */
	give(rig, "shop", "7");
	give(rig, "nobody", "1000000000");
	rig_restart(rig);
	expect_project(rig, "shop", 7, false, 4, 3);
	expect_project(rig, "nobody", 1000000000, false, 0, 0);
	expect_project(rig, "stranger", 3, true, 0, 0);
}

static void test_no_limit(void **state)
{
	struct rig *rig = *state;

	rig->control.ptr_quota = 0;
	bind_four(rig, "shop");
	give(rig, "shop", "1");
	set(rig, "10.0.0.1", "a.example", NULL);
	set(rig, "10.0.0.2", "b.example", "DNS.0405");
	give(rig, "shop", "null");
	set(rig, "10.0.0.2", "b.example", NULL);
	expect_project(rig, "shop", 0, true, 4, 2);
}

#define SET(address) "{'method':'ptr.set','params':{'address':'" address "','names':['a.example']}}"
#define UNSET(address) "{'method':'ptr.unset','params':{'address':'" address "'}}"
#define GIVE(quota) "{'method':'project.set','params':{'project':'shop','quota':" quota "}}"
#define BATCH(requests) "{'requests':[" requests "]}"

/* What a batch has done so far counts, and what one that was refused has done does not. */
static void test_batch(void **state)
{
	struct rig *rig = *state;

	bind_four(rig, "shop");
	json_t *error = rig_refused(rig, "batch",
		BATCH(SET("10.0.0.1") "," SET("10.0.1.1") "," SET("10.0.0.2") "," SET("10.0.1.2")),
		"DNS.0405");
	assert_int_equal(rig_number(error, "data.index"), 3);
	json_decref(error);
	expect_project(rig, "shop", 3, true, 4, 0);
	json_decref(rig_ok(rig, "batch",
		BATCH(SET("10.0.0.1") "," SET("10.0.1.1") "," SET("10.0.0.2") "," UNSET(
			"10.0.1.1") "," SET("10.0.1.2") "," SET("10.0.1.2"))));
	expect_project(rig, "shop", 3, true, 4, 3);
	json_decref(rig_refused(rig, "batch", BATCH(SET("10.0.1.1")), "DNS.0405"));
	json_decref(rig_ok(rig, "batch", BATCH(GIVE("4") "," SET("10.0.1.1") "," GIVE("null"))));
	expect_project(rig, "shop", 3, true, 4, 4);
}

/* Requests of several clients in one round, one of them refused after it has done something. */
static void test_round(void **state)
{
	static const struct {
		const char *method, *params;
		bool accepted;
	} asked[] = {
		{"ptr.set", "{'address':'10.0.0.1','names':['a.example']}", true},
		{"batch", BATCH(SET("10.0.0.2") "," SET("10.0.0.77")), false},
		{"ptr.set", "{'address':'10.0.1.1','names':['a.example']}", true},
		{"ptr.set", "{'address':'10.0.0.9','names':['a.example']}", true},
		{"ptr.set", "{'address':'10.0.1.2','names':['a.example']}", true},
		{"ptr.set", "{'address':'10.0.0.2','names':['a.example']}", false},
		{"ptr.unset", "{'address':'10.0.1.1'}", true},
		{"ptr.set", "{'address':'10.0.0.2','names':['a.example']}", true},
	};
	struct request requests[sizeof(asked) / sizeof(asked[0])];
	const size_t count = sizeof(asked) / sizeof(asked[0]);
	struct rig *rig = *state;

	bind_four(rig, "shop");
	bind(rig, "10.0.0.9", "other");
	round_begin(&rig->round);
	for (size_t i = 0; i < count; i++) {
		json_t *params = rig_json(asked[i].params);
		json_t *request = json_pack("{s:s,s:i,s:s,s:o}", "jsonrpc", "2.0", "id", 1,
			"method", asked[i].method, "params", params);
		char *line = json_dumps(request, 0);

		request_parse(&requests[i], rig->actor, line, strlen(line));
		round_execute(&rig->round, &requests[i]);
		free(line);
		json_decref(request);
	}
	round_commit(&rig->round);
	for (size_t i = 0; i < count; i++) {
		const bool accepted
			= memmem(requests[i].reply, requests[i].reply_len, "\"result\"", 8) != NULL;

		if (accepted != asked[i].accepted)
			fail_msg("%zu: %.*s", i, (int)requests[i].reply_len, requests[i].reply);
		request_free(&requests[i]);
	}
	expect_project(rig, "shop", 3, true, 4, 3);
	rig_check_mirror(rig);
}

static void test_rules(void **state)
{
	static const struct {
		const char *params, *code, *field;
	} cases[] = {
		{"{'project':'shop','quota':-1}", "DNS.0002", "quota"},
		{"{'project':'shop','quota':1000000001}", "DNS.0002", "quota"},
		{"{'project':'shop','quota':'7'}", "DNS.0002", "quota"},
		{"{'project':'shop','quota':7.5}", "DNS.0002", "quota"},
		{"{'project':'shop'}", "DNS.0002", "quota"},
		{"{'quota':7}", "DNS.0002", "project"},
		{"{'project':'a b','quota':7}", "DNS.0002", "project"},
		{"{'project':'','quota':7}", "DNS.0002", "project"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *error = rig_refused(rig, "project.set", cases[i].params, cases[i].code);

		assert_string_equal(rig_text(error, "data.field"), cases[i].field);
		json_decref(error);
	}
	json_decref(rig_refused(rig, "project.get", "{'project':'a b'}", "DNS.0002"));
	json_decref(rig_refused(rig, "project.get", "{}", "DNS.0002"));
}

/* One revision and one audit row for each change, none for what holds already. */
static void test_audit(void **state)
{
	struct rig *rig = *state;
	sqlite3 *db = rig->control.store->db;
	const uint64_t revision = store_revision(rig->control.store);
	sqlite3_stmt *rows;

	give(rig, "shop", "null");
	give(rig, "shop", "7");
	give(rig, "shop", "7");
	give(rig, "shop", "3");
	give(rig, "shop", "null");
	assert_int_equal(store_revision(rig->control.store), revision + 3);
	assert_int_equal(
		sqlite3_prepare_v2(db,
			"SELECT group_concat(action || project || before || after || coalesce(region, '-'))"
			" FROM audit WHERE action = 'project.set' ORDER BY revision",
			-1, &rows, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
	assert_string_equal(sqlite3_column_text(rows, 0),
		"project.setshop{\"quota\":null}{\"quota\":7}-,"
		"project.setshop{\"quota\":7}{\"quota\":3}-,"
		"project.setshop{\"quota\":3}{\"quota\":null}-");
	sqlite3_finalize(rows);
}

/* The names of a page, each with a comma behind it, and its marker. */
static void expect_page(struct rig *rig, const char *params, const char *names, const char *marker)
{
	json_t *list = rig_ok(rig, "project.list", params), *project;
	char text[512] = "";
	size_t i;

	json_array_foreach(rig_at(list, "projects"), i, project)
	{
		strcat(text, rig_text(project, "project"));
		strcat(text, ",");
	}
	assert_string_equal(text, names);
	assert_int_equal(rig_number(list, "total"), 5);
	if (marker != NULL)
		assert_string_equal(rig_text(list, "marker"), marker);
	else
		assert_true(json_is_null(rig_at(list, "marker")));
	json_decref(list);
}

static void test_list(void **state)
{
	struct rig *rig = *state;

	/* In both regions, in one, by a quota alone, by both; the last EIP of one has gone. */
	bind(rig, "10.0.0.1", "both");
	bind(rig, "10.0.1.1", "both");
	bind(rig, "10.0.1.2", "alpha");
	bind(rig, "10.0.0.2", "Zulu");
	bind(rig, "10.0.0.3", "gone");
	json_decref(rig_ok(rig, "eip.unbind", "{'address':'10.0.0.3'}"));
	give(rig, "quota", "9");
	give(rig, "zebra", "9");
	give(rig, "zebra", "null");
	bind(rig, "10.0.0.4", "yankee");
	give(rig, "yankee", "0");
	set(rig, "10.0.1.1", "a.example", NULL);
	expect_page(rig, "{}", "Zulu,alpha,both,quota,yankee,", NULL);
	expect_page(rig, "{'limit':5}", "Zulu,alpha,both,quota,yankee,", NULL);
	expect_page(rig, "{'limit':4}", "Zulu,alpha,both,quota,", "quota");
	expect_page(rig, "{'limit':2,'marker':'alpha'}", "both,quota,", "quota");
	expect_page(rig, "{'limit':1,'marker':'quota'}", "yankee,", NULL);
	expect_page(rig, "{'marker':'yankee'}", "", NULL);
	expect_page(rig, "{'marker':'c'}", "quota,yankee,", NULL);
	expect_page(rig, "{'offset':3}", "quota,yankee,", NULL);
	expect_page(rig, "{'offset':1,'limit':1,'marker':'alpha'}", "quota,", "quota");
	expect_page(rig, "{'offset':5}", "", NULL);
	json_t *list = rig_ok(rig, "project.list", "{}");
	json_t *one = rig_json("{'project':'both','quota':3,'default':true,'eips':2,'ptrs':1}");
	assert_true(json_equal(rig_at(list, "projects.2"), one));
	json_decref(one);
	one = rig_json("{'project':'yankee','quota':0,'default':false,'eips':1,'ptrs':0}");
	assert_true(json_equal(rig_at(list, "projects.4"), one));
	json_decref(one);
	json_decref(list);
	json_decref(rig_refused(rig, "project.list", "{'limit':0}", "DNS.0006"));
	json_decref(rig_refused(rig, "project.list", "{'offset':-1}", "DNS.0017"));
	json_decref(rig_refused(rig, "project.list", "{'marker':'a b'}", "DNS.0007"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_limit),
		TEST(test_own_quota),
		TEST(test_no_limit),
		TEST(test_batch),
		TEST(test_round),
		TEST(test_rules),
		TEST(test_audit),
		TEST(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
