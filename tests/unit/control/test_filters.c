/* The words of filters: what is refused, limits, kept totals, a project's own, and regions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"
#include "validate.h"

static void region(struct rig *rig, const char *name, const char *prefixes)
{
	char params[256];

	snprintf(params, sizeof(params), "{'name':'%s','prefixes':[%s],'suffix':'c.example.com'}",
		name, prefixes);
	json_decref(rig_ok(rig, "region.create", params));
}

static int set_up(void **state)
{
	struct rig *rig = rig_new();
	char params[256];

	region(rig, "eu", "'10.0.0.0/24','10.0.2.0/24','2001:db8::/48'");
	region(rig, "off", "'10.0.1.0/24'");
	region(rig, "us", "'10.0.3.0/24'");
	for (int i = 1; i <= 9; i++) {
		snprintf(params, sizeof(params), "{'address':'10.0.3.%d','project':'%s'}", i,
			i % 3 == 0 ? "shop" : "other");
		json_decref(rig_ok(rig, "eip.bind", params));
		snprintf(params, sizeof(params),
			"{'address':'10.0.3.%d','names':['h%d.example.org'],"
			"'tags':[{'key':'env','value':'%s'}]}",
			i, i, i < 6 ? "prod" : "dev");
		json_decref(rig_ok(rig, "ptr.set", params));
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

static const char *text(const json_t *object, const char *member)
{
	const char *value = json_string_value(json_object_get(object, member));

	return value != NULL ? value : "";
}

static void test_refusals(void **state)
{
	static const struct {
		const char *params, *code, *field;
	} rows[] = {
		{"{'limit':0}", "DNS.0006", "limit"},
		{"{'limit':501}", "DNS.0006", "limit"},
		{"{'marker':'10.0.0.0/24'}", "DNS.0007", "marker"},
		{"{'offset':-1}", "DNS.0017", "offset"},
		{"{'region':'none'}", "DNS.0601", "region"},
		{"{'prefix':'10.0.0.1/24'}", "DNS.0602", "prefix"},
		{"{'prefix':'10.0.0.1'}", "DNS.0602", "prefix"},
		{"{'prefix':'10.0.0.0/33'}", "DNS.0602", "prefix"},
		{"{'project':'a b'}", "DNS.0002", "project"},
		{"{'status':'active'}", "DNS.0002", "status"},
		{"{'name':'a..b'}", "DNS.0505", "name"},
		{"{'name':'*'}", "DNS.0505", "name"},
		{"{'name':'*.'}", "DNS.0505", "name"},
		{"{'name':'a.*.b'}", "DNS.0505", "name"},
		{"{'tags':''}", "DNS.0002", "tags"},
		{"{'tags':'env'}", "DNS.0002", "tags"},
		{"{'tags':'env,a|'}", "DNS.0002", "tags"},
		{"{'tags':'env,a|team'}", "DNS.0002", "tags"},
		{"{'tags':'env,a\\\\'}", "DNS.0002", "tags"},
		{"{'tags':'e\\\\nv,a'}", "DNS.0002", "tags"},
		{"{'tags':',a'}", "DNS.1002", "tags"},
		{"{'tags':'_sys_x,a'}", "DNS.1002", "tags"},
		{"{'tags':'env, a'}", "DNS.1003", "tags"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *error = rig_refused(*state, "ptr.list", rows[i].params, rows[i].code);

		assert_string_equal(rig_text(error, "data.field"), rows[i].field);
		json_decref(error);
		json_decref(rig_refused(*state, "eip.list", rows[i].params, rows[i].code));
	}
}

/* 20 tags are the most. */
static void test_many_tags(void **state)
{
	char params[512] = "{'tags':'env,prod";
	json_t *page;

	for (int i = 1; i < TAGS_MAX; i++)
		strcat(params, "|env,*p");
	strcat(params, "'}");
	page = rig_ok(*state, "ptr.list", params);
	assert_true(rig_number(page, "total") > 0);
	json_decref(page);
	strcpy(params + strlen(params) - 2, "|env,*p'}");
	json_decref(rig_refused(*state, "ptr.list", params, "DNS.1001"));
}

/* A total that is kept is the one of these filters, and of no earlier revision. */
static void test_totals(void **state)
{
	struct rig *rig = *state;
	json_t *page = rig_ok(rig, "ptr.list", "{'tags':'env,prod'}");
	const json_int_t before = rig_number(page, "total");

	json_decref(page);
	page = rig_ok(rig, "ptr.list", "{'tags':'env,prod','limit':1,'offset':2}");
	assert_int_equal(rig_number(page, "total"), before);
	json_decref(page);
	page = rig_ok(rig, "ptr.list", "{'tags':'env,dev'}");
	assert_int_not_equal(rig_number(page, "total"), before);
	json_decref(page);
	json_decref(rig_ok(rig, "ptr.set",
		"{'address':'10.0.3.7','names':['x.example'],'tags':[{'key':'env','value':'prod'}]}"));
	page = rig_ok(rig, "ptr.list", "{'tags':'env,prod'}");
	assert_int_equal(rig_number(page, "total"), before + 1);
	json_decref(page);
}

static json_int_t total(struct rig *rig, const char *method, const char *params)
{
	json_t *page = rig_ok(rig, method, params);
	const json_int_t count = rig_number(page, "total");

	json_decref(page);
	return count;
}

/* A project's lists hold its own, and a kept total is not another's. */
static void test_project(void **state)
{
	static const struct actor shop = {.role = ROLE_PROJECT, .project = "shop", .name = "s"};
	struct rig *rig = *state;
	const json_int_t all = total(rig, "ptr.list", "{'name':'*.example.org'}");
	const json_int_t own = total(rig, "ptr.list", "{'name':'*.example.org','project':'shop'}");

	rig->actor = &shop;
	assert_int_equal(total(rig, "ptr.list", "{'name':'*.example.org'}"), own);
	assert_true(own > 0 && own < all);
	json_decref(rig_refused(rig, "ptr.list", "{'project':'other'}", "DNS.0013"));
	rig->actor = &actor_operator;
	assert_int_equal(total(rig, "ptr.list", "{'name':'*.example.org'}"), all);
}

/* The greatest offset is behind everything, with any index. */
static void test_far_offset(void **state)
{
	static const char *const filters[] = {"", ",'name':'*.example.org'", ",'tags':'env,*o'",
		",'region':'us'", ",'status':'ACTIVE','project':'shop'"};
	char params[160];

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		snprintf(params, sizeof(params), "{'offset':9223372036854775807%s}", filters[i]);
		json_t *page = rig_ok(*state, "ptr.list", params);

		assert_int_equal(json_array_size(rig_at(page, "ptrs")), 0);
		assert_true(rig_number(page, "total") > 0);
		assert_true(json_is_null(rig_at(page, "marker")));
		json_decref(page);
	}
}

static void test_regions(void **state)
{
	static const struct {
		const char *params, *names;
	} rows[] = {
		{"{}", "eu off us "},
		{"{'name':'us'}", "us "},
		{"{'name':'none'}", ""},
		{"{'status':'ACTIVE'}", "eu us "},
		{"{'status':'DISABLED'}", "off "},
		{"{'prefix':'10.0.0.0/23'}", "eu off "},
		{"{'prefix':'10.0.1.128/25'}", "off "},
		{"{'prefix':'2001:db8::/32','status':'ACTIVE'}", "eu "},
		{"{'prefix':'192.0.2.0/24'}", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *page = rig_ok(*state, "region.list", rows[i].params), *one;
		char names[64] = "";
		size_t j;

		json_array_foreach(rig_at(page, "regions"), j, one)
		{
			strcat(names, text(one, "name"));
			strcat(names, " ");
		}
		assert_string_equal(names, rows[i].names);
		assert_int_equal(rig_number(page, "total"), j);
		json_decref(page);
	}
	json_decref(rig_refused(*state, "region.list", "{'name':'A'}", "DNS.0601"));
	json_decref(rig_refused(*state, "region.list", "{'status':'attached'}", "DNS.0002"));
	json_decref(rig_refused(*state, "region.list", "{'prefix':'x'}", "DNS.0602"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_refusals),
		TEST(test_many_tags),
		TEST(test_totals),
		TEST(test_project),
		TEST(test_far_offset),
		TEST(test_regions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
