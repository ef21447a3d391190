/* EIPs and custom PTRs: what is accepted beside what is refused. */
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

static void test_eip(void **state)
{
	struct rig *rig = *state;
	json_t *eip = rig_ok(rig, "eip.bind", "{'address':'203.0.113.7/32','project':'shop'}");

	assert_string_equal(rig_text(eip, "address"), "203.0.113.7");
	assert_string_equal(rig_text(eip, "region"), "eu");
	assert_string_equal(rig_text(eip, "project"), "shop");
	assert_int_equal(strlen(rig_text(eip, "id")), 36);
	assert_true(json_is_null(rig_at(eip, "ptr")));
	assert_string_equal(rig_text(eip, "default_name"), "ecs-203-0-113-7.compute.example.com.");
	assert_int_equal(rig_number(eip, "revision"), 2);
	json_t *got = rig_ok(rig, "eip.get", "{'address':'203.0.113.7'}");
	assert_true(json_equal(eip, got));
	json_decref(got);

	/* A repeat gives the same EIP and takes no revision. */
	got = rig_ok(rig, "eip.bind", "{'address':'203.0.113.7','project':'shop'}");
	assert_true(json_equal(eip, got));
	assert_int_equal(store_revision(rig->control.store), 2);
	json_decref(got);
	json_decref(eip);
	json_decref(rig_refused(rig, "eip.bind",
		"{'address':'203.0.113.7','project':'shop','id':'other'}", "DNS.0504"));

	eip = rig_ok(rig, "eip.bind", "{'address':'203.0.113.8','id':'mine'}");
	assert_string_equal(rig_text(eip, "project"), "default");
	assert_string_equal(rig_text(eip, "id"), "mine");
	json_decref(eip);
	ok(rig, "eip.bind", "{'address':'203.0.113.8','id':'mine'}");
	json_decref(
		rig_refused(rig, "eip.bind", "{'address':'203.0.113.9','id':'mine'}", "DNS.0504"));
	json_decref(
		rig_refused(rig, "eip.bind", "{'address':'203.0.113.9','id':'a b'}", "DNS.0504"));
	json_decref(
		rig_refused(rig, "eip.bind", "{'address':'203.0.113.8','id':'a b'}", "DNS.0504"));
	json_decref(
		rig_refused(rig, "eip.bind", "{'address':'203.0.113.9','project':''}", "DNS.0002"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'203.0.114.0'}", "DNS.0601"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'203.0.112.255'}", "DNS.0601"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'198.51.100.128'}", "DNS.0601"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'203.0.113.0/24'}", "DNS.0602"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'2001:db8::1'}", "DNS.0601"));
	json_decref(rig_refused(rig, "eip.get", "{'address':'203.0.113.9'}", "DNS.0502"));
	json_decref(rig_refused(rig, "eip.unbind", "{'address':'203.0.113.9'}", "DNS.0502"));
	json_decref(rig_refused(rig, "eip.unbind", "{'address':'203.0.113'}", "DNS.0602"));

	/* First and last address of a prefix. */
	ok(rig, "eip.bind", "{'address':'198.51.100.0'}");
	ok(rig, "eip.bind", "{'address':'198.51.100.127'}");
	ok(rig, "eip.bind", "{'address':'203.0.113.255'}");
	ok(rig, "eip.unbind", "{'address':'203.0.113.8'}");
	ok(rig, "eip.bind", "{'address':'203.0.113.9','id':'mine'}");
}

/* The same for IPv6, in whatever spelling. */
static void test_ipv6(void **state)
{
	struct rig *rig = *state;
	json_t *eip, *got;

	ok(rig, "region.create",
		"{'name':'six','prefixes':['2001:db8::/64','192.0.2.0/24'],'suffix':'six.example'}");
	eip = rig_ok(rig, "eip.bind", "{'address':'2001:0DB8:0:0:0::7','id':'x'}");
	assert_string_equal(rig_text(eip, "address"), "2001:db8::7");
	assert_string_equal(rig_text(eip, "region"), "six");
	assert_string_equal(rig_text(eip, "default_name"),
		"ecs-2001-0db8-0000-0000-0000-0000-0000-0007.six.example.");
	got = rig_ok(rig, "eip.get", "{'address':'2001:db8::0.0.0.7/128'}");
	assert_true(json_equal(eip, got));
	json_decref(got);
	json_decref(eip);
	eip = rig_ok(rig, "eip.bind", "{'address':'192.0.2.7'}");
	assert_string_equal(rig_text(eip, "default_name"), "ecs-192-0-2-7.six.example.");
	json_decref(eip);

	json_decref(rig_refused(rig, "eip.bind", "{'address':'2001:db8::8/64'}", "DNS.0602"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'::ffff:192.0.2.8'}", "DNS.0602"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'2001:db8:0:1::'}", "DNS.0601"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'2001:db8::8','id':'x'}", "DNS.0504"));
	ok(rig, "eip.bind", "{'address':'2001:db8::'}");
	ok(rig, "eip.bind", "{'address':'2001:db8::ffff:ffff:ffff:ffff'}");

	got = rig_ok(rig, "ptr.set", "{'address':'2001:db8::7','names':['a.example']}");
	assert_string_equal(rig_text(got, "address"), "2001:db8::7");
	assert_string_equal(rig_text(got, "id"), "six:x");
	json_decref(got);
	assert_true(fake_find(rig->control.publisher, "2001:db8::7")->has_record);
	got = rig_ok(rig, "ptr.get", "{'id':'six:x'}");
	assert_string_equal(rig_text(got, "names.0"), "a.example.");
	json_decref(got);
	ok(rig, "ptr.unset", "{'address':'2001:DB8::7'}");
	assert_false(fake_find(rig->control.publisher, "2001:db8::7")->has_record);
	got = rig_ok(rig, "eip.unbind", "{'address':'2001:db8:0::7'}");
	assert_string_equal(rig_text(got, "address"), "2001:db8::7");
	json_decref(got);
	json_decref(rig_refused(rig, "eip.get", "{'address':'2001:db8::7'}", "DNS.0502"));
	assert_null(fake_find(rig->control.publisher, "2001:db8::7"));
}

/* Default names of both families by three templates each. */
static void test_default_names(void **state)
{
	static const struct {
		const char *name, *name6, *wanted, *wanted6;
	} checks[] = {
		{"ecs-{a}-{b}-{c}-{d}.{suffix}", "ecs-{address}.{suffix}",
			"ecs-10-0-20-255.x.example.",
			"ecs-2001-0db8-0000-0000-0000-0000-abcd-00ff.x.example."},
		{"static.{d}.{c}.{b}.{a}.{suffix}", "{reverse}.static.{suffix}",
			"static.255.20.0.10.x.example.",
			"00ff-abcd-0000-0000-0000-0000-0db8-2001.static.x.example."},
		{"{address}.{suffix}", "v6-{address}.pool.example.net", "10-0-20-255.x.example.",
			"v6-2001-0db8-0000-0000-0000-0000-abcd-00ff.pool.example.net."},
	};
	struct rig *rig = *state;
	char params[512];
	json_t *eip;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		snprintf(params, sizeof(params),
			"{'requests':[{'method':'region.create','params':{'name':'r','suffix':'x.example',"
			"'prefixes':['10.0.20.0/24','2001:db8::/32'],'default_name':'%s',"
			"'default_name6':'%s'}},"
			"{'method':'eip.bind','params':{'address':'10.0.20.255'}},"
			"{'method':'eip.bind','params':{'address':'2001:db8::abcd:ff'}}]}",
			checks[i].name, checks[i].name6);
		if (i > 0) {
			tear_down(state);
			set_up(state);
			rig = *state;
		}
		eip = rig_ok(rig, "batch", params);
		assert_string_equal(rig_text(eip, "results.1.default_name"), checks[i].wanted);
		assert_string_equal(rig_text(eip, "results.2.default_name"), checks[i].wanted6);
		json_decref(eip);
	}
}

static void test_rebind(void **state)
{
	struct rig *rig = *state;
	json_t *before = rig_ok(rig, "eip.bind", "{'address':'203.0.113.7','project':'old'}");
	json_t *after;

	ok(rig, "ptr.set", "{'address':'203.0.113.7','names':['old.example']}");
	after = rig_ok(rig, "eip.bind", "{'address':'203.0.113.7','project':'new'}");
	assert_string_equal(rig_text(after, "project"), "new");
	assert_string_not_equal(rig_text(after, "id"), rig_text(before, "id"));
	assert_true(json_is_null(rig_at(after, "ptr")));
	assert_int_equal(rig_number(after, "revision"), 4);
	assert_false(fake_find(rig->control.publisher, "203.0.113.7")->has_record);
	json_decref(rig_refused(rig, "ptr.get", "{'address':'203.0.113.7'}", "DNS.0507"));
	json_decref(before);
	json_decref(after);

	/* With the id that it has, with a given one, and with one that is taken. */
	ok(rig, "eip.bind", "{'address':'203.0.113.7','project':'third','id':'x'}");
	ok(rig, "eip.bind", "{'address':'203.0.113.7','project':'fourth','id':'x'}");
	ok(rig, "eip.bind", "{'address':'203.0.113.8','id':'y'}");
	json_decref(rig_refused(rig, "eip.bind",
		"{'address':'203.0.113.7','project':'fifth','id':'y'}", "DNS.0504"));
	after = rig_ok(rig, "eip.list", "{'project':'old'}");
	assert_int_equal(rig_number(after, "total"), 0);
	json_decref(after);
	after = rig_ok(rig, "eip.list", "{'project':'fourth'}");
	assert_int_equal(rig_number(after, "total"), 1);
	json_decref(after);
}

static void test_ptr(void **state)
{
	struct rig *rig = *state;
	json_t *ptr, *got;

	json_decref(rig_refused(
		rig, "ptr.set", "{'address':'203.0.113.7','names':['a.example']}", "DNS.0502"));
	ok(rig, "eip.bind", "{'address':'203.0.113.7','id':'x','project':'shop'}");
	json_decref(rig_refused(rig, "ptr.get", "{'address':'203.0.113.7'}", "DNS.0507"));
	json_decref(rig_refused(rig, "ptr.get", "{'id':'eu:x'}", "DNS.0507"));
	json_decref(rig_refused(rig, "ptr.unset", "{'address':'203.0.113.8'}", "DNS.0502"));

	ptr = rig_ok(rig, "ptr.set",
		"{'address':'203.0.113.7','names':['B.example.','a.example','b.EXAMPLE','b.example.x']}");
	assert_string_equal(rig_text(ptr, "id"), "eu:x");
	assert_string_equal(rig_text(ptr, "names.0"), "b.example.");
	assert_string_equal(rig_text(ptr, "names.1"), "a.example.");
	assert_string_equal(rig_text(ptr, "names.2"), "b.example.x.");
	assert_int_equal(json_array_size(rig_at(ptr, "names")), 3);
	assert_int_equal(rig_number(ptr, "ttl"), 300);
	assert_string_equal(rig_text(ptr, "status"), "ACTIVE");
	assert_string_equal(rig_text(ptr, "project"), "shop");
	got = rig_ok(rig, "ptr.get", "{'id':'eu:x'}");
	assert_true(json_equal(got, ptr));
	json_decref(got);
	got = rig_ok(rig, "ptr.get", "{'address':'203.0.113.7/32'}");
	assert_true(json_equal(got, ptr));
	json_decref(got);

	/* The same set takes no revision; another TTL or name does. */
	const uint64_t revision = store_revision(rig->control.store);
	got = rig_ok(rig, "ptr.set",
		"{'address':'203.0.113.7','names':['a.example','b.example','b.example.x'],'ttl':300}");
	assert_true(json_equal(got, ptr));
	assert_int_equal(store_revision(rig->control.store), revision);
	json_decref(got);
	json_decref(ptr);
	ok(rig, "ptr.set", "{'address':'203.0.113.7','names':['a.example'],'ttl':1}");
	ok(rig, "ptr.set", "{'address':'203.0.113.7','names':['a.example'],'ttl':2147483647}");
	assert_int_equal(store_revision(rig->control.store), revision + 2);
	got = rig_ok(rig, "eip.get", "{'address':'203.0.113.7'}");
	assert_int_equal(rig_number(got, "ptr.ttl"), 2147483647);
	assert_string_equal(rig_text(got, "ptr.names.0"), "a.example.");
	json_decref(got);

	ok(rig, "ptr.unset", "{'address':'203.0.113.7'}");
	assert_false(fake_find(rig->control.publisher, "203.0.113.7")->has_record);
	/* A client that lost the reply repeats it. */
	got = rig_ok(rig, "ptr.unset", "{'address':'203.0.113.7'}");
	assert_string_equal(rig_text(got, "address"), "203.0.113.7");
	assert_int_equal(store_revision(rig->control.store), revision + 3);
	json_decref(got);
	/* No PTR outlives its EIP. */
	ok(rig, "ptr.set", "{'address':'203.0.113.7','names':['a.example']}");
	ok(rig, "eip.unbind", "{'address':'203.0.113.7'}");
	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	json_decref(rig_refused(rig, "ptr.get", "{'address':'203.0.113.7'}", "DNS.0507"));
}

static void test_ptr_refused(void **state)
{
	static const struct {
		const char *params, *code, *field;
	} checks[] = {
		{"{'address':'203.0.113.7','names':['a'],'ttl':0}", "DNS.0506", "ttl"},
		{"{'address':'203.0.113.7','names':['a'],'ttl':-1}", "DNS.0506", "ttl"},
		{"{'address':'203.0.113.7','names':['a'],'ttl':2147483648}", "DNS.0506", "ttl"},
		{"{'address':'203.0.113.7','names':[]}", "DNS.0505", "names"},
		{"{'address':'203.0.113.7','names':['a','*']}", "DNS.0505", "names[1]"},
		{"{'address':'203.0.113.7','names':['a',1]}", "DNS.0002", "names[1]"},
		{"{'address':'203.0.113.7','names':['a','b','c','d','e','f','g','h','i','j','k']}",
			"DNS.0505", "names"},
		{"{'address':'203.0.113.0/24','names':['a']}", "DNS.0602", "address"},
		{"{'address':'203.0.113.8','names':['a']}", "DNS.0502", "address"},
	};
	struct rig *rig = *state;

	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		json_t *error = rig_refused(rig, "ptr.set", checks[i].params, checks[i].code);

		assert_string_equal(rig_text(error, "data.field"), checks[i].field);
		json_decref(error);
	}
	/* Eleven of which two are one. */
	ok(rig, "ptr.set",
		"{'address':'203.0.113.7','names':['a','b','c','d','e','f','g','h','i','j','J.']}");
	/* One name 40 times, and once more. */
#define TEN "'a','A','a.','a','a','a','a','a','a','a'"
	ok(rig, "ptr.set", "{'address':'203.0.113.7','names':[" TEN "," TEN "," TEN "," TEN "]}");
	json_decref(rig_refused(rig, "ptr.set",
		"{'address':'203.0.113.7','names':[" TEN "," TEN "," TEN "," TEN ",'a']}",
		"DNS.0505"));
	json_decref(rig_refused(rig, "ptr.get", "{}", "DNS.0002"));
	json_decref(
		rig_refused(rig, "ptr.get", "{'id':'eu:x','address':'203.0.113.7'}", "DNS.0002"));
	json_decref(rig_refused(rig, "ptr.get", "{'id':'eu'}", "DNS.0501"));
	json_decref(rig_refused(rig, "ptr.get", "{'id':'us:x'}", "DNS.0502"));
	json_decref(rig_refused(rig, "ptr.get", "{'id':'eu:nobody'}", "DNS.0502"));
}

/* The error says what was wrong where: message, field, value. */
static void test_error_text(void **state)
{
	json_t *error;

	ok(*state, "eip.bind", "{'address':'203.0.113.7'}");
	error = rig_refused(
		*state, "ptr.set", "{'address':'203.0.113.7','names':['a'],'ttl':0}", "DNS.0506");
	assert_int_equal(rig_number(error, "code"), PTRD_RPC_REFUSED);
	assert_string_equal(rig_text(error, "message"), "ttl: 0 is outside 1 to 2147483647");
	assert_int_equal(rig_number(error, "data.value"), 0);
	json_decref(error);
	/* Text that is not ASCII, and long, does not break the reply. */
	error = rig_refused(*state, "ptr.set",
		"{'address':'203.0.113.7','names':"
		"['\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4'"
		"]}",
		"DNS.0505");
	json_decref(error);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_eip),
		TEST(test_ipv6),
		TEST(test_default_names),
		TEST(test_rebind),
		TEST(test_ptr),
		TEST(test_ptr_refused),
		TEST(test_error_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
