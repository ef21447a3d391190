/* Regions: what is accepted beside what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"

#define REGION                                                                                     \
	"{'name':'eu','prefixes':['203.0.113.0/24','198.51.100.0/25'],'suffix':'Compute.example.com'}"

static int set_up(void **state)
{
	struct rig *rig = rig_new();

	json_decref(rig_ok(rig, "region.create", REGION));
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_check_mirror(*state);
	rig_free(*state);
	return 0;
}

static void ok(struct rig *rig, const char *method, const char *params)
{
	json_decref(rig_ok(rig, method, params));
}

static void test_region_defaults(void **state)
{
	json_t *region = rig_ok(*state, "region.get", "{'name':'eu'}");

	assert_string_equal(rig_text(region, "prefixes.0"), "198.51.100.0/25");
	assert_string_equal(rig_text(region, "prefixes.1"), "203.0.113.0/24");
	assert_string_equal(rig_text(region, "suffix"), "compute.example.com.");
	assert_string_equal(rig_text(region, "default_name"), "ecs-{a}-{b}-{c}-{d}.{suffix}");
	assert_int_equal(rig_number(region, "default_ttl"), 300);
	assert_string_equal(rig_text(region, "unbound"), "nxdomain");
	assert_string_equal(rig_text(region, "soa.mname"), "ns1.compute.example.com.");
	assert_string_equal(rig_text(region, "soa.rname"), "hostmaster.compute.example.com.");
	assert_int_equal(rig_number(region, "soa.serial"), 1);
	assert_int_equal(rig_number(region, "soa.refresh"), 3600);
	assert_int_equal(rig_number(region, "soa.retry"), 900);
	assert_int_equal(rig_number(region, "soa.expire"), 604800);
	assert_int_equal(rig_number(region, "soa.minimum"), 300);
	assert_int_equal(rig_number(region, "soa.ttl"), 3600);
	assert_string_equal(rig_text(region, "ns.names.0"), "ns1.compute.example.com.");
	assert_int_equal(rig_number(region, "ns.ttl"), 3600);
	assert_string_equal(rig_text(region, "state"), "attached");
	assert_int_equal(rig_number(region, "eips"), 0);
	assert_int_equal(strlen(rig_text(region, "created")), strlen("2026-01-01T00:00:00Z"));
	json_decref(region);
}

static const struct {
	const char *member, *value, *code, *field;
} refused_members[] = {
	{"name", "'EU'", "DNS.0601", "name"},
	{"name", "''", "DNS.0601", "name"},
	{"prefixes", "[]", "DNS.0601", "prefixes"},
	{"prefixes", "[1]", "DNS.0002", "prefixes[0]"},
	{"prefixes", "['10.0.0.0/8','10.1.0.0/33']", "DNS.0601", "prefixes[1]"},
	{"prefixes", "['10.0.0.1/8']", "DNS.0601", "prefixes[0]"},
	{"prefixes", "['2001:db8::/129']", "DNS.0601", "prefixes[0]"},
	{"prefixes", "['2001:db8::1/64']", "DNS.0601", "prefixes[0]"},
	{"prefixes", "['10.0.0.0/8','::ffff:11.0.0.0/104']", "DNS.0601", "prefixes[1]"},
	{"prefixes", "['2001:db8:1::/48','10.0.0.0/8','2001:db8::/32']", "DNS.0601", "prefixes"},
	{"prefixes", "['2001:db8:ffff::/48']", "DNS.0601", "prefixes"},
	{"prefixes", "['2001:d00::/24']", "DNS.0601", "prefixes"},
	{"prefixes", "['10.0.0.0/8','10.1.0.0/16']", "DNS.0601", "prefixes"},
	{"prefixes", "['10.0.0.0/8','10.0.0.0/8']", "DNS.0601", "prefixes"},
	{"prefixes", "['203.0.113.9/32']", "DNS.0601", "prefixes"},
	{"prefixes", "['203.0.0.0/16']", "DNS.0601", "prefixes"},
	{"suffix", "'a..b'", "DNS.0505", "suffix"},
	{"suffix", "''", "DNS.0505", "suffix"},
	{"suffix", "'*.example'", "DNS.0505", "suffix"},
	{"default_name", "'ecs-{e}.{suffix}'", "DNS.0601", "default_name"},
	{"default_name", "'-{a}.{suffix}'", "DNS.0601", "default_name"},
	{"default_name", "''", "DNS.0601", "default_name"},
	{"default_name6", "'ecs-{e}.{suffix}'", "DNS.0601", "default_name6"},
	{"default_name6", "'-{address}.{suffix}'", "DNS.0601", "default_name6"},
	{"default_name6", "'ecs-{a}.{suffix}'", "DNS.0601", "default_name6"},
	{"default_ttl", "0", "DNS.0506", "default_ttl"},
	{"default_ttl", "2147483648", "DNS.0506", "default_ttl"},
	{"unbound", "'servfail'", "DNS.0601", "unbound"},
	{"state", "'gone'", "DNS.0601", "state"},
	{"soa", "{'mname':'a b'}", "DNS.0505", "soa.mname"},
	{"soa", "{'rname':'x@y'}", "DNS.0505", "soa.rname"},
	{"soa", "{'refresh':0}", "DNS.0506", "soa.refresh"},
	{"soa", "{'serial':1}", "DNS.0002", "soa.serial"},
	{"soa", "{'ttl':'1'}", "DNS.0002", "soa.ttl"},
	{"ns", "{'names':[]}", "DNS.0601", "ns.names"},
	{"ns", "{'names':['ns1.x','-']}", "DNS.0505", "ns.names[1]"},
	{"ns", "{'names':[3]}", "DNS.0002", "ns.names[0]"},
	{"ns", "{'names':['a','b','c','d','e','f','g','h','i','j','k','l','m','n']}", "DNS.0601",
		"ns.names"},
	{"ns", "{'ttl':0}", "DNS.0506", "ns.ttl"},
};

/* region.create with one member changed. */
static void test_region_refused(void **state)
{
	ok(*state, "region.create",
		"{'name':'six','prefixes':['2001:db8::/32'],'suffix':'six.example'}");
	for (size_t i = 0; i < sizeof(refused_members) / sizeof(refused_members[0]); i++) {
		json_t *params
			= rig_json("{'name':'b','prefixes':['10.0.0.0/8'],'suffix':'x.example'}");

		print_message("%s %s\n", refused_members[i].member, refused_members[i].value);
		json_object_set_new(
			params, refused_members[i].member, rig_json(refused_members[i].value));
		char *text = json_dumps(params, 0);
		json_t *error = rig_refused(*state, "region.create", text, refused_members[i].code);

		if (refused_members[i].field != NULL)
			assert_string_equal(
				rig_text(error, "data.field"), refused_members[i].field);
		json_decref(error);
		json_decref(params);
		free(text);
	}
	/* What they were changed from is accepted. */
	ok(*state, "region.create", "{'name':'b','prefixes':['10.0.0.0/8'],'suffix':'x.example'}");
}

/* Prefixes of both families; the template of the second one is there when it is of use. */
static void test_region_families(void **state)
{
	struct rig *rig = *state;
	char suffix[256], params[512];
	json_t *region;

	region = rig_ok(rig, "region.get", "{'name':'eu'}");
	assert_null(json_object_get(region, "default_name6"));
	json_decref(region);
	region = rig_ok(rig, "region.create",
		"{'name':'both','suffix':'x.example','prefixes':"
		"['2001:DB8:2:0::/47','192.0.2.0/24','2001:db8:1::/48','2001:db8::7/128']}");
	assert_string_equal(rig_text(region, "prefixes.0"), "192.0.2.0/24");
	assert_string_equal(rig_text(region, "prefixes.1"), "2001:db8::7/128");
	assert_string_equal(rig_text(region, "prefixes.2"), "2001:db8:1::/48");
	assert_string_equal(rig_text(region, "prefixes.3"), "2001:db8:2::/47");
	assert_string_equal(rig_text(region, "default_name6"), "ecs-{address}.{suffix}");
	json_decref(region);
	region = rig_ok(rig, "region.create",
		"{'name':'given','suffix':'x.example','prefixes':['192.0.3.0/24'],"
		"'default_name6':'{reverse}.{suffix}'}");
	assert_string_equal(rig_text(region, "default_name6"), "{reverse}.{suffix}");
	json_decref(region);
	/* Another value, or none, is another region. */
	json_t *error = rig_refused(rig, "region.create",
		"{'name':'given','suffix':'x.example','prefixes':['192.0.3.0/24']}", "DNS.0601");
	assert_string_equal(rig_text(error, "data.field"), "default_name6");
	json_decref(error);

	/* The longest suffix that IPv4 names leave room for, 254 - 20: IPv6 names need 24 more. */
	memset(suffix, 'a', 234);
	for (int i = 63; i < 234; i += 64)
		suffix[i] = '.';
	suffix[233] = '\0';
	snprintf(params, sizeof(params), "{'name':'l4','suffix':'%s','prefixes':['192.0.4.0/24']}",
		suffix);
	ok(rig, "region.create", params);
	snprintf(params, sizeof(params), "{'name':'l6','suffix':'%s','prefixes':['2001:db9::/32']}",
		suffix);
	json_decref(rig_refused(rig, "region.create", params, "DNS.0601"));
}

static void test_region_prefix_bounds(void **state)
{
	json_t *params = rig_json("{'name':'b','suffix':'x.example'}"), *prefixes = json_array();
	char text[32], *line;

	for (int i = 0; i < 256; i++) {
		snprintf(text, sizeof(text), "10.%d.0.0/16", i);
		json_array_append_new(prefixes, json_string(text));
	}
	json_object_set(params, "prefixes", prefixes);
	line = json_dumps(params, 0);
	ok(*state, "region.create", line);
	free(line);

	json_array_append_new(prefixes, json_string("11.0.0.0/16"));
	json_object_set_new(params, "name", json_string("c"));
	line = json_dumps(params, 0);
	json_decref(rig_refused(*state, "region.create", line, "DNS.0601"));
	free(line);
	json_decref(prefixes);
	json_decref(params);
}

static void test_region_again(void **state)
{
	struct rig *rig = *state;
	const uint64_t revision = store_revision(rig->control.store);
	json_t *error;

	/* The same in other words. */
	ok(rig, "region.create",
		"{'name':'eu','prefixes':['198.51.100.0/25','203.0.113.0/24'],"
		"'suffix':'compute.example.com.','soa':{'ttl':3600},'state':'attached'}");
	assert_int_equal(store_revision(rig->control.store), revision);

	error = rig_refused(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'compute.example.com'}",
		"DNS.0601");
	assert_string_equal(rig_text(error, "data.field"), "prefixes");
	json_decref(error);
	error = rig_refused(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24','198.51.100.0/25'],'suffix':'other.example'}",
		"DNS.0601");
	json_decref(error);
	error = rig_refused(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24','198.51.100.0/25'],"
		"'suffix':'compute.example.com','state':'detached'}",
		"DNS.0601");
	assert_string_equal(rig_text(error, "data.field"), "state");
	json_decref(error);
}

static void test_region_states(void **state)
{
	struct rig *rig = *state;
	json_t *region;

	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	ok(rig, "eip.bind", "{'address':'198.51.100.7'}");
	ok(rig, "ptr.set", "{'address':'203.0.113.7','names':['a.example']}");
	region = rig_ok(rig, "region.detach", "{'name':'eu'}");
	assert_string_equal(rig_text(region, "state"), "detached");
	assert_int_equal(rig_number(region, "eips"), 2);
	assert_int_equal(rig_number(region, "ptrs"), 1);
	json_decref(region);
	assert_int_equal(rig->control.publisher->eips_count, 0);

	/* A repeat is no change. Records of a detached region can be changed. */
	const uint64_t revision = store_revision(rig->control.store);
	ok(rig, "region.detach", "{'name':'eu'}");
	assert_int_equal(store_revision(rig->control.store), revision);
	ok(rig, "eip.bind", "{'address':'203.0.113.8'}");
	ok(rig, "ptr.set", "{'address':'203.0.113.8','names':['b.example']}");
	ok(rig, "ptr.unset", "{'address':'203.0.113.7'}");
	ok(rig, "eip.unbind", "{'address':'198.51.100.7'}");
	assert_int_equal(rig->control.publisher->eips_count, 0);

	ok(rig, "region.attach", "{'name':'eu'}");
	ok(rig, "region.attach", "{'name':'eu'}");
	assert_int_equal(rig->control.publisher->eips_count, 2);
	assert_false(fake_find(rig->control.publisher, "203.0.113.7")->has_record);
	assert_true(fake_find(rig->control.publisher, "203.0.113.8")->has_record);
	json_decref(rig_refused(rig, "region.attach", "{'name':'no'}", "DNS.0601"));
	json_decref(rig_refused(rig, "region.detach", "{'name':'no'}", "DNS.0601"));
	json_decref(rig_refused(rig, "region.get", "{'name':'no'}", "DNS.0601"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_region_defaults),
		TEST(test_region_refused),
		TEST(test_region_families),
		TEST(test_region_prefix_bounds),
		TEST(test_region_again),
		TEST(test_region_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
