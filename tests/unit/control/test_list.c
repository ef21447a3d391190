/*
 * Lists: every filter alone and with every other finds what a look at each record finds, page by
 * page, whichever index is taken; and SQLite takes the index that was meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"
#include "store_private.h"

/* A part of the params, and what it asks of a record of eip.list or ptr.list. */
struct choice {
	const char *params;
	bool (*holds)(const json_t *ptr);
};

static const char *text(const json_t *object, const char *member)
{
	const char *value = json_string_value(json_object_get(object, member));

	return value != NULL ? value : "";
}

static bool any(const json_t *ptr)
{
	(void)ptr;
	return true;
}

static bool in_eu(const json_t *ptr)
{
	return strcmp(text(ptr, "region"), "eu") == 0;
}

static bool in_off(const json_t *ptr)
{
	return strcmp(text(ptr, "region"), "off") == 0;
}

static bool not_in_off(const json_t *ptr)
{
	return !in_off(ptr);
}

static bool of_shop(const json_t *ptr)
{
	return strcmp(text(ptr, "project"), "shop") == 0;
}

static bool of_nobody(const json_t *ptr)
{
	(void)ptr;
	return false;
}

static bool has_name(const json_t *ptr, const char *name, bool below)
{
	const json_t *names = json_object_get(ptr, "names");
	json_t *one;
	size_t i;

	json_array_foreach(names, i, one)
	{
		const char *at = json_string_value(one);
		const size_t len = strlen(at), want = strlen(name);

		if (!below && strcmp(at, name) == 0)
			return true;
		if (below && len > want && strcmp(at + len - want, name) == 0
			&& at[len - want - 1] == '.')
			return true;
	}
	return false;
}

static bool named_shared(const json_t *ptr)
{
	return has_name(ptr, "shared.example.org.", false);
}

static bool named_below(const json_t *ptr)
{
	return has_name(ptr, "example.org.", true);
}

static bool named_few(const json_t *ptr)
{
	return has_name(ptr, "few.example.", true);
}

static bool named_deeper(const json_t *ptr)
{
	return has_name(ptr, "a.example.org.", true);
}

/* `address` as text begins so: the prefixes below end at a dot or a group. */
static bool starts(const json_t *ptr, const char *start)
{
	return strncmp(text(ptr, "address"), start, strlen(start)) == 0;
}

static bool in_ten(const json_t *ptr)
{
	return starts(ptr, "10.0.0.");
}

static bool in_quarter(const json_t *ptr)
{
	return in_ten(ptr) && atoi(text(ptr, "address") + strlen("10.0.0.")) < 64;
}

static bool in_six(const json_t *ptr)
{
	return starts(ptr, "2001:db8:");
}

static bool has_tag(const json_t *ptr, const char *key, const char *part, bool contains)
{
	const json_t *tags = json_object_get(ptr, "tags");
	json_t *tag;
	size_t i;

	json_array_foreach(tags, i, tag) if (strcmp(text(tag, "key"), key) == 0
		&& (contains ? strstr(text(tag, "value"), part) != NULL
			     : strcmp(text(tag, "value"), part) == 0)) return true;
	return false;
}

static bool tagged_prod(const json_t *ptr)
{
	return has_tag(ptr, "env", "prod", false);
}

static bool tagged_prod_team(const json_t *ptr)
{
	return tagged_prod(ptr) && has_tag(ptr, "team", "t1", false);
}

static bool tagged_part(const json_t *ptr)
{
	return has_tag(ptr, "env", "o", true);
}

static bool tagged_odd(const json_t *ptr)
{
	return has_tag(ptr, "a,|*\\\"b", "c\"\\,|*d", false);
}

static bool tagged_odd_part(const json_t *ptr)
{
	return has_tag(ptr, "a,|*\\\"b", "\"\\,|*", true);
}

static bool tagged_both(const json_t *ptr)
{
	return tagged_part(ptr) && has_tag(ptr, "team", "", true);
}

#define CHOICES_MAX 8
#define NO_FILTER                                                                                  \
	{                                                                                          \
		"", any                                                                            \
	}

static const struct choice kinds[][CHOICES_MAX] = {
	{NO_FILTER, {",'region':'eu'", in_eu}, {",'region':'off'", in_off}},
	{NO_FILTER, {",'project':'shop'", of_shop}, {",'project':'nobody'", of_nobody}},
	{NO_FILTER, {",'status':'ACTIVE'", not_in_off}, {",'status':'DISABLED'", in_off}},
	{NO_FILTER, {",'name':'Shared.example.ORG'", named_shared},
		{",'name':'*.example.org.'", named_below},
		{",'name':'*.a.example.org'", named_deeper}, {",'name':'*.few.example'", named_few},
		{",'name':'none.example'", of_nobody}},
	{NO_FILTER, {",'prefix':'10.0.0.0/24'", in_ten}, {",'prefix':'10.0.0.0/26'", in_quarter},
		{",'prefix':'2001:db8::/32'", in_six}, {",'prefix':'192.0.2.0/24'", of_nobody}},
	{NO_FILTER, {",'tags':'env,prod'", tagged_prod},
		{",'tags':'team,t1|env,prod'", tagged_prod_team}, {",'tags':'env,*o'", tagged_part},
		{",'tags':'a\\\\,\\\\|\\\\*\\\\\\\\\\\"b,c\\\"\\\\\\\\\\\\,\\\\|\\\\*d'",
			tagged_odd},
		{",'tags':'a\\\\,\\\\|\\\\*\\\\\\\\\\\"b,*\\\"\\\\\\\\\\\\,\\\\|\\\\*'",
			tagged_odd_part},
		{",'tags':'env,*o|team,*'", tagged_both}},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void region(struct rig *rig, const char *name, const char *prefixes)
{
	char params[256];

	snprintf(params, sizeof(params), "{'name':'%s','prefixes':[%s],'suffix':'c.example.com'}",
		name, prefixes);
	json_decref(rig_ok(rig, "region.create", params));
}

/* What the i-th record has; every kind of filter finds some and leaves some. */
static void add(struct rig *rig, const char *address, unsigned i)
{
	static const char *const tags[] = {"", "{'key':'env','value':'prod'}",
		"{'key':'env','value':'prod'},{'key':'team','value':'t1'}",
		"{'key':'env','value':'production'},{'key':'team','value':'t2'}",
		"{'key':'a,|*\\\\\\\"b','value':'c\\\"\\\\,|*d'},{'key':'env','value':'pro'}"};
	char params[1024];

	snprintf(params, sizeof(params), "{'address':'%s','id':'e%u','project':'%s'}", address, i,
		i % 3 == 0 ? "shop" : "other");
	json_decref(rig_ok(rig, "eip.bind", params));
	if (i % 4 == 3)
		return;
	snprintf(params, sizeof(params),
		"{'address':'%s','names':['h%u.a.example.org','h%u.example.org'%s],'tags':[%s]}",
		address, i, i,
		i % 5 == 0
			? ",'shared.example.org','x1.few.example','x2.few.example','x3.few.example'"
			: "",
		tags[i % 5]);
	if (i % 7 == 0)
		snprintf(params, sizeof(params), "{'address':'%s','names':['notexample.org']}",
			address);
	json_decref(rig_ok(rig, "ptr.set", params));
}

static int set_up(void **state)
{
	struct rig *rig = rig_new();
	char address[64];

	region(rig, "eu", "'10.0.0.0/24','10.0.2.0/24','2001:db8::/48'");
	region(rig, "off", "'10.0.1.0/24'");
	region(rig, "us", "'10.0.3.0/24'");
	for (unsigned i = 0; i < 120; i++) {
		if (i % 10 == 9)
			snprintf(address, sizeof(address), "2001:db8::%x", i);
		else
			snprintf(address, sizeof(address), "10.0.%u.%u", i % 4, 2 * i);
		add(rig, address, i);
	}
	json_decref(rig_ok(rig, "region.detach", "{'name':'off'}"));
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

/* All records: for eip.list with what it does not show of the PTR taken from ptr.list. */
static json_t *everything(struct rig *rig, const char *method)
{
	json_t *page = rig_ok(rig, method, "{}");
	json_t *all = json_incref(json_object_get(page, method[0] == 'e' ? "eips" : "ptrs"));

	json_decref(page);
	return all;
}

static const json_t *ptr_of(const json_t *ptrs, const json_t *record)
{
	json_t *ptr;
	size_t i;

	json_array_foreach(ptrs, i,
		ptr) if (strcmp(text(ptr, "address"), text(record, "address")) == 0) return ptr;
	return record;
}

struct listed {
	struct rig *rig;
	const char *method;
	json_t *all, *ptrs;
};

/* Walks the list in pages of `limit`; it must be those of `all` for which the choices hold. */
static void check(
	const struct listed *l, const struct choice *const *choices, size_t count, int limit)
{
	char filters[1024] = "", params[1200], marker[80] = "";
	const char *member = l->method[0] == 'e' ? "eips" : "ptrs";
	json_t *want = json_array(), *got = json_array(), *record, *page;
	size_t i;

	for (size_t j = 0; j < count; j++)
		strcat(filters, choices[j]->params);
	json_array_foreach(l->all, i, record)
	{
		const json_t *ptr = ptr_of(l->ptrs, record);
		bool holds = true;

		for (size_t j = 0; j < count; j++)
			holds &= choices[j]->holds(ptr);
		if (holds)
			json_array_append(want, record);
	}
	do {
		snprintf(params, sizeof(params), "{'limit':%d%s%s}", limit, marker, filters);
		page = rig_ok(l->rig, l->method, params);
		if ((size_t)rig_number(page, "total") != json_array_size(want))
			fail_msg("%s %s: total %lld instead of %zu", l->method, params,
				rig_number(page, "total"), json_array_size(want));
		json_array_extend(got, json_object_get(page, member));
		const char *next = json_string_value(json_object_get(page, "marker"));

		marker[0] = '\0';
		if (next != NULL)
			snprintf(marker, sizeof(marker), ",'marker':'%s'", next);
		json_decref(page);
	} while (marker[0] != '\0');
	if (!json_equal(want, got))
		fail_msg("%s %s: %zu records, not the %zu wanted", l->method, filters,
			json_array_size(got), json_array_size(want));
	/* The rest of them, by offset. */
	snprintf(params, sizeof(params), "{'offset':3,'total':false%s}", filters);
	page = rig_ok(l->rig, l->method, params);
	assert_true(json_is_null(rig_at(page, "total")));
	for (i = 0; i < 3 && json_array_size(want) > 0; i++)
		json_array_remove(want, 0);
	assert_true(json_equal(want, rig_at(page, member)));
	json_decref(page);
	json_decref(want);
	json_decref(got);
}

/* Every combination of one choice of each kind. */
static void check_all(const struct listed *l, int limit)
{
	const struct choice *choices[KINDS];
	size_t place[KINDS] = {0}, kind;

	do {
		for (size_t i = 0; i < KINDS; i++)
			choices[i] = &kinds[i][place[i]];
		check(l, choices, KINDS, limit);
		for (kind = 0; kind < KINDS; kind++) {
			place[kind]++;
			if (place[kind] < CHOICES_MAX && kinds[kind][place[kind]].params != NULL)
				break;
			place[kind] = 0;
		}
	} while (kind < KINDS);
}

static void combinations(struct rig *rig, const char *method)
{
	struct listed l = {rig, method, everything(rig, method), everything(rig, "ptr.list")};

	assert_true(json_array_size(l.all) > 60);
	check_all(&l, 7);
	json_decref(l.all);
	json_decref(l.ptrs);
	memset(rig->control.totals, 0, sizeof(rig->control.totals));
}

static void test_combinations(void **state)
{
	combinations(*state, "eip.list");
	combinations(*state, "ptr.list");
}

/* As if there were so many rows that other indexes are taken. */
static void test_wide_combinations(void **state)
{
	static const int64_t narrow[] = {0, 12};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++) {
		rig->control.store->list_narrow = narrow[i];
		combinations(rig, "ptr.list");
	}
}

/* Every statement there can be finds its rows by the index that it names, in order. */
static void test_plans(void **state)
{
	struct rig *rig = *state;
	char sql[LIST_SQL_MAX + 32] = "EXPLAIN QUERY PLAN ";
	const size_t head = strlen(sql);

	for (unsigned i = 0; i < LIST_PLANS; i++) {
		const struct list_plan plan = {.driver = i / 4 / LIST_MODES,
			.mode = i / 4 % LIST_MODES,
			.check_project = (i & 2) != 0 && i / 4 / LIST_MODES >= DRIVER_TAG,
			.check_ptr = (i & 1) != 0 && i / 4 / LIST_MODES >= DRIVER_PTR};
		sqlite3_stmt *explain;
		bool driven = false;

		list_sql(&plan, sql + head);
		assert_int_equal(
			sqlite3_prepare_v2(rig->control.store->db, sql, -1, &explain, NULL),
			SQLITE_OK);
		while (sqlite3_step(explain) == SQLITE_ROW) {
			const char *step = (const char *)sqlite3_column_text(explain, 3);

			driven |= strncmp(step, "SEARCH k ", 9) == 0;
			/* The rows of the probe, of which there are as many as its limit says. */
			if (strncmp(step, "SCAN", 4) == 0
				&& strncmp(step, "SCAN (subquery", 14) != 0)
				fail_msg("%s: %s", step, sql);
			/* Sorted: no more than the page, or than LIST_NARROW names to be told apart. */
			if (strstr(step, "TEMP B-TREE") != NULL && plan.driver != DRIVER_BELOW
				&& plan.driver != DRIVER_KEY)
				fail_msg("%s: %s", step, sql);
		}
		if (!driven)
			fail_msg("no index for k: %s", sql);
		sqlite3_finalize(explain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_combinations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wide_combinations, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_plans, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
