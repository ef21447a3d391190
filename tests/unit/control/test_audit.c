/* Every revision has its audit row, with who, what, before and after; and what PTRs are found by
 * follows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"
#include "store_private.h"

static int set_up(void **state)
{
	struct rig *rig = rig_new();

	json_decref(rig_ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'compute.example.com'}"));
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

static void test_rows(void **state)
{
	static const char *const requests[][2] = {
		{"eip.bind", "{'address':'203.0.113.7','id':'e','project':'a'}"},
		{"eip.bind", "{'address':'203.0.113.7','id':'e','project':'a'}"}, /* holds */
		{"ptr.set", "{'address':'203.0.113.7','names':['B.example','a.example'],'ttl':60}"},
		{"ptr.set",
			"{'address':'203.0.113.7','names':['a.example','b.example.'],'ttl':60}"},
		{"ptr.set",
			"{'address':'203.0.113.7','names':['a.example'],'description':'x \\\\ y',"
			"'tags':[{'key':'z','value':''},{'key':'k','value':'v'}]}"},
		{"eip.bind", "{'address':'203.0.113.7','id':'e','project':'b'}"},
		{"ptr.set", "{'address':'203.0.113.7','names':['c.example']}"},
		{"ptr.unset", "{'address':'203.0.113.7'}"},
		{"eip.unbind", "{'address':'203.0.113.7'}"},
		{"region.detach", "{'name':'eu'}"},
	};
	static const char *const rows[] = {
		"2|operator|eip.bind|eu|cb007107|a|-|-|{'id':'e','project':'a','ptr':null}",
		"3|operator|ptr.set|eu|cb007107|a|-|{'id':'e','project':'a','ptr':null}|"
		"{'id':'e','project':'a','ptr':{'names':['b.example.','a.example.'],'ttl':60}}",
		"4|operator|ptr.set|eu|cb007107|a|-|"
		"{'id':'e','project':'a','ptr':{'names':['b.example.','a.example.'],'ttl':60}}|"
		"{'id':'e','project':'a','ptr':{'names':['a.example.'],'ttl':300,'description':'x \\\\ y',"
		"'tags':[{'key':'k','value':'v'},{'key':'z','value':''}]}}",
		"5|operator|eip.bind|eu|cb007107|b|a|"
		"{'id':'e','project':'a','ptr':{'names':['a.example.'],'ttl':300,'description':'x \\\\ y',"
		"'tags':[{'key':'k','value':'v'},{'key':'z','value':''}]}}|"
		"{'id':'e','project':'b','ptr':null}",
		"6|operator|ptr.set|eu|cb007107|b|-|{'id':'e','project':'b','ptr':null}|"
		"{'id':'e','project':'b','ptr':{'names':['c.example.'],'ttl':300}}",
		"7|operator|ptr.unset|eu|cb007107|b|-|"
		"{'id':'e','project':'b','ptr':{'names':['c.example.'],'ttl':300}}|"
		"{'id':'e','project':'b','ptr':null}",
		"8|operator|eip.unbind|eu|cb007107|b|-|{'id':'e','project':'b','ptr':null}|-",
		"9|operator|region.detach|eu||-|-|{'state':'attached'}|{'state':'detached'}",
		NULL,
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		json_decref(rig_ok(rig, requests[i][0], requests[i][1]));
	rig_expect_rows(rig,
		"SELECT revision, actor, action, region, lower(hex(address)), project, old_project,"
		" before, after FROM audit WHERE revision > 1 ORDER BY revision",
		rows);
	/* What is kept is what can be read back. */
	rig_expect_rows(rig,
		"SELECT count(*) FROM audit WHERE NOT json_valid(coalesce(after, '{}'))",
		(const char *const[]){"0", NULL});
}

/* A region that changes has one row, whatever is in it. */
static void test_regions(void **state)
{
	static const char *const requests[][2] = {
		{"region.create", "{'name':'us','prefixes':['192.0.2.0/24'],'suffix':'y.example'}"},
		{"eip.bind", "{'address':'203.0.113.7','id':'s'}"},
		{"eip.bind", "{'address':'203.0.113.8','id':'e','project':'a'}"},
		{"ptr.set", "{'address':'203.0.113.8','names':['a.example']}"},
		{"region.update", "{'name':'eu','default_ttl':5,'suffix':'compute.example.com'}"},
		{"region.update", "{'name':'eu','default_ttl':5}"}, /* holds */
		{"region.update",
			"{'name':'eu','default_name6':'{reverse}.{suffix}','default_ttl':300}"},
		{"region.update", "{'name':'eu','default_name6':''}"},
		{"region.move_prefix", "{'prefix':'203.0.113.0/28','to':'us'}"},
		{"region.move_prefix", "{'prefix':'203.0.113.0/28','to':'us'}"}, /* holds */
		{"region.delete", "{'name':'us','force':true}"},
	};
	static const char *const rows[] = {
		"6|operator|region.update|eu|-|-|-|{'default_ttl':300}|{'default_ttl':5}",
		"7|operator|region.update|eu|-|-|-|{'default_ttl':5}|"
		"{'default_name6':'{reverse}.{suffix}','default_ttl':300}",
		"8|operator|region.update|eu|-|-|-|{'default_name6':'{reverse}.{suffix}'}|{}",
		"9|operator|region.move_prefix|eu|-|-|-|"
		"{'region':'eu','prefix':'203.0.113.0/28','eips':2}|"
		"{'region':'us','prefix':'203.0.113.0/28','eips':2}",
		"10|operator|region.delete|us|cb007107|default|-|"
		"{'id':'s','project':'default','ptr':null}|-",
		"11|operator|region.delete|us|cb007108|a|-|"
		"{'id':'e','project':'a','ptr':{'names':['a.example.'],'ttl':300}}|-",
		"12|operator|region.delete|us|-|-|-|attached 2 1|-",
		NULL,
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		json_decref(rig_ok(rig, requests[i][0], requests[i][1]));
	rig_expect_rows(rig,
		"SELECT revision, actor, action, region,"
		" iif(address IS NULL, NULL, lower(hex(address))), project, old_project,"
		" coalesce(counts, before), after FROM (SELECT *,"
		" (before ->> 'state') || ' ' || (before ->> 'eips') || ' ' || (before ->> 'ptrs')"
		" AS counts FROM audit) WHERE revision > 5 ORDER BY revision",
		rows);
	/* Either of its two regions finds a move. */
	for (int i = 0; i < 2; i++) {
		json_t *page = rig_ok(rig, "node.audit",
			i == 0 ? "{'region':'eu','action':'region.move_prefix'}"
			       : "{'region':'us','action':'region.move_prefix'}");

		assert_int_equal(json_array_size(rig_at(page, "changes")), 1);
		assert_int_equal(rig_number(page, "changes.0.revision"), 9);
		json_decref(page);
	}
}

/* A refused request leaves no row, in a batch or alone; the next one has the next revision. */
static void test_refused(void **state)
{
	struct rig *rig = *state;

	json_decref(rig_refused(rig, "batch",
		"{'requests':[{'method':'eip.bind','params':{'address':'203.0.113.1'}},"
		"{'method':'ptr.set','params':{'address':'203.0.113.2','names':['a.example']}}]}",
		"DNS.0502"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'192.0.2.1'}", "DNS.0601"));
	json_decref(rig_ok(rig, "batch",
		"{'requests':[{'method':'eip.bind','params':{'address':'203.0.113.1'}},"
		"{'method':'ptr.set','params':{'address':'203.0.113.1','names':['a.example']}}]}"));
	rig_expect_rows(rig, "SELECT revision, action FROM audit ORDER BY revision",
		(const char *const[]){"1|region.create", "2|eip.bind", "3|ptr.set", NULL});
}

static void test_actor(void **state)
{
	static const struct actor alice = {.role = ROLE_OPERATOR, .name = "uid 1000 (alice)"};
	struct rig *rig = *state;

	rig->actor = &alice;
	json_decref(rig_ok(rig, "eip.bind", "{'address':'203.0.113.1'}"));
	rig_expect_rows(rig, "SELECT actor FROM audit ORDER BY revision",
		(const char *const[]){"operator", "uid 1000 (alice)", NULL});
}

/* Names and tags that PTRs are found by: those of the PTRs that there are, and no others. */
static void test_index(void **state)
{
	static const char names[] = "SELECT key, lower(hex(address)) FROM ptr_name ORDER BY 1, 2";
	static const char tags[] = "SELECT key, value FROM ptr_tag ORDER BY 1, 2";
	static const char *const none[] = {NULL};
	struct rig *rig = *state;

	json_decref(rig_ok(rig, "eip.bind", "{'address':'203.0.113.7','project':'a'}"));
	json_decref(rig_ok(
		rig, "ptr.set", "{'address':'203.0.113.7','names':['mail.Example.org','x']}"));
	rig_expect_rows(rig, names,
		(const char *const[]){"org.example.mail.|cb007107", "x.|cb007107", NULL});
	json_decref(rig_ok(rig, "ptr.set",
		"{'address':'203.0.113.7','names':['y','x'],'tags':[{'key':'k','value':'v'}]}"));
	rig_expect_rows(rig, names, (const char *const[]){"x.|cb007107", "y.|cb007107", NULL});
	rig_expect_rows(rig, tags, (const char *const[]){"k|v", NULL});
	json_decref(rig_ok(rig, "eip.bind", "{'address':'203.0.113.7','project':'b'}"));
	rig_expect_rows(rig, names, none);
	rig_expect_rows(rig, tags, none);
	json_decref(rig_ok(rig, "ptr.set",
		"{'address':'203.0.113.7','names':['y'],'tags':[{'key':'k','value':'w'}]}"));
	json_decref(rig_ok(rig, "eip.unbind", "{'address':'203.0.113.7'}"));
	rig_expect_rows(rig, names, none);
	rig_expect_rows(rig, tags, none);
	rig_expect_rows(rig, "SELECT * FROM ptr", none);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_rows),
		TEST(test_regions),
		TEST(test_refused),
		TEST(test_actor),
		TEST(test_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
