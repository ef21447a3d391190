/* Regions that change and go, with what is in them: what is accepted beside what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"

#define NS "'ns':['ns1.customer.example']"

static void ok(struct rig *rig, const char *method, const char *params)
{
	json_decref(rig_ok(rig, method, params));
}

static int set_up(void **state)
{
	struct rig *rig = rig_new();

	ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24','10.0.0.0/16','2001:db8::/32'],"
		"'suffix':'x.example','soa':{'retry':77}}");
	ok(rig, "region.create", "{'name':'us','prefixes':['192.0.2.0/24'],'suffix':'y.example'}");
	ok(rig, "eip.bind", "{'address':'203.0.113.7','project':'a','id':'e7'}");
	ok(rig, "ptr.set",
		"{'address':'203.0.113.7','names':['a.example','b.example'],"
		"'tags':[{'key':'k','value':'v'},{'key':'l','value':''}]}");
	ok(rig, "eip.bind", "{'address':'203.0.113.200','project':'b'}");
	ok(rig, "eip.bind", "{'address':'2001:db8::7','project':'a'}");
	ok(rig, "eip.bind", "{'address':'192.0.2.1','project':'a'}");
	ok(rig, "ptr.set", "{'address':'192.0.2.1','names':['a.example']}");
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_check_mirror(*state);
	rig_free(*state);
	return 0;
}

/* What region `eu` is made to be, one after the other; what is not given stays. */
static const struct {
	const char *change, *member, *value;
	bool holds; /* is so already */
} accepted[] = {
	{"{}", "suffix", "'x.example.'", true},
	{"'suffix':'X.example'", "suffix", "'x.example.'", true},
	{"'suffix':'z.example'", "suffix", "'z.example.'", false},
	/* Names that were made from the old suffix have been kept since. */
	{"'suffix':'z.example.'", "soa.rname", "'hostmaster.x.example.'", true},
	{"'default_name':'{a}-{b}-{c}-{d}.{suffix}'", "default_name", "'{a}-{b}-{c}-{d}.{suffix}'",
		false},
	{"'default_name6':'{reverse}.{suffix}'", "default_name6", "'{reverse}.{suffix}'", false},
	{"'default_name6':''", "default_name6", "'ecs-{address}.{suffix}'", false},
	{"'default_ttl':60", "default_ttl", "60", false},
	{"'unbound':'default'", "unbound", "'default'", false},
	{"'soa':{'minimum':5}", "soa.minimum", "5", false},
	{"'soa':{'minimum':5}", "soa.retry", "77", true},
	{"'soa':{}", "soa.retry", "77", true},
	{"'soa':{'mname':'NS9.example','refresh':1}", "soa.mname", "'ns9.example.'", false},
	{"'ns':{'names':['b.example','a.example']}", "ns.names", "['b.example.','a.example.']",
		false},
	{"'ns':{'ttl':9}", "ns.names.0", "'b.example.'", false},
	{"'delegations':[{'prefix':'203.0.113.64/26','name':'64/26.113.0.203.in-addr.arpa'," NS
	 "}]",
		"delegations.0.prefix", "'203.0.113.64/26'", false},
	{"'delegations':[]", "soa.minimum", "5", false},
	/* Prefixes come and go; those of 203.0.113.0/24 that go have no EIP. */
	{"'prefixes':['2001:db8::/32','203.0.113.0/24','198.51.100.0/24']", "prefixes",
		"['198.51.100.0/24','203.0.113.0/24','2001:db8::/32']", false},
	{"'prefixes':['2001:db8::/33','203.0.113.0/25','203.0.113.192/26']", "prefixes",
		"['203.0.113.0/25','203.0.113.192/26','2001:db8::/33']", false},
	{"'prefixes':['2001:db8::/30','203.0.112.0/22']", "prefixes",
		"['203.0.112.0/22','2001:db8::/30']", false},
	{"'prefixes':['2001:db8::/32','203.0.113.7/32','203.0.113.200/32']", "prefixes.1",
		"'203.0.113.200/32'", false},
	{"'prefixes':['2001:db8::/32','203.0.113.0/26','203.0.113.200/32'],'rfc2317':''",
		"prefixes.0", "'203.0.113.0/26'", false},
	{"'prefixes':['2001:db8::/32','203.0.113.0/24']", "prefixes.0", "'203.0.113.0/24'", false},
};

static void test_accepted(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		const uint64_t revision = store_revision(rig->control.store);
		char params[512];
		const bool nothing = strcmp(accepted[i].change, "{}") == 0;

		snprintf(params, sizeof(params), "{'name':'eu'%s%s}", nothing ? "" : ",",
			nothing ? "" : accepted[i].change);
		print_message("%s\n", params);
		json_t *region = rig_ok(rig, "region.update", params);
		json_t *value = rig_json(accepted[i].value);

		assert_true(json_equal(rig_at(region, accepted[i].member), value));
		assert_int_equal(store_revision(rig->control.store) - revision, !accepted[i].holds);
		json_decref(value);
		json_decref(region);
		/* The same once more holds already; so it does after a restart. */
		ok(rig, "region.update", params);
		if (i % 4 == 0)
			rig_restart(rig);
		ok(rig, "region.update", params);
		assert_int_equal(store_revision(rig->control.store) - revision, !accepted[i].holds);
		rig_check_mirror(rig);
	}
	/* It is not what else there is that has changed. */
	json_t *eip = rig_ok(rig, "eip.get", "{'address':'203.0.113.7'}");
	assert_string_equal(rig_text(eip, "default_name"), "203-0-113-7.z.example.");
	assert_string_equal(rig_text(eip, "ptr.names.1"), "b.example.");
	json_decref(eip);
}

#define D(prefix) "'delegations':[{'prefix':'" prefix "','name':'a.113.0.203.in-addr.arpa'," NS "}]"

static const struct {
	const char *change, *code, *field, *words;
} refused[] = {
	{"'prefixes':[]", "DNS.0601", "prefixes", "has 0 prefixes, must have 1 to 256"},
	{"'prefixes':['203.0.113.0/24']", "DNS.0601", "prefixes", "1 EIPs of 2001:db8::/32"},
	{"'prefixes':['2001:db8::/32']", "DNS.0601", "prefixes", "2 EIPs of 203.0.113.0/24"},
	{"'prefixes':['2001:db8::/32','203.0.113.0/25']", "DNS.0601", "prefixes",
		"1 EIPs of 203.0.113.0/24"},
	{"'prefixes':['2001:db8::/32','203.0.113.7/32','203.0.113.201/32']", "DNS.0601", "prefixes",
		"1 EIPs of 203.0.113.0/24"},
	{"'prefixes':['2001:db8::/32','203.0.113.0/24','192.0.2.128/25']", "DNS.0601", "prefixes",
		"overlaps with a prefix of region us"},
	{"'prefixes':['2001:db8::/32','203.0.113.0/24','10.0.0.1/8']", "DNS.0601", "prefixes[2]",
		"bits set behind"},
	{D("203.0.113.0/26"), "DNS.0601", "delegations", "1 EIPs are bound in 203.0.113.0/26"},
	{D("203.0.113.7/32"), "DNS.0601", "delegations", "1 EIPs are bound in 203.0.113.7/32"},
	{D("203.0.113.128/25"), "DNS.0601", "delegations", "1 EIPs are bound"},
	{D("198.51.100.0/25"), "DNS.0601", "delegations[0].prefix", "in no prefix of the region"},
	{"'rfc2317':'64/26.113.0.203.in-addr.arpa'", "DNS.0601", "rfc2317", "the region has none"},
	{"'suffix':''", "DNS.0505", "suffix", ""},
	{"'default_name':'-{a}.{suffix}'", "DNS.0601", "", "default_name"},
	{"'default_name':''", "DNS.0601", "", "default_name"},
	{"'default_ttl':0", "DNS.0506", "default_ttl", "1 to 2147483647"},
	{"'unbound':'servfail'", "DNS.0601", "unbound", ""},
	{"'soa':{'serial':1}", "DNS.0002", "soa.serial", "no such parameter"},
	{"'soa':{'minimum':0}", "DNS.0506", "soa.minimum", "1 to 2147483647"},
	{"'soa':{'minimum':'1'}", "DNS.0002", "soa.minimum", "is a string"},
	{"'ns':{'names':[]}", "DNS.0601", "ns.names", "1 to 13"},
	{"'state':'detached'", "DNS.0002", "state", "no such parameter"},
	{"'rfc2317':null", "DNS.0002", "rfc2317", "is null"},
};

static void test_refused(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char params[512];

		snprintf(params, sizeof(params), "{'name':'eu',%s}", refused[i].change);
		print_message("%s\n", params);
		json_t *before = rig_ok(rig, "region.get", "{'name':'eu'}");
		json_t *error = rig_refused(rig, "region.update", params, refused[i].code);
		json_t *after = rig_ok(rig, "region.get", "{'name':'eu'}");

		if (refused[i].field[0] != '\0')
			assert_string_equal(rig_text(error, "data.field"), refused[i].field);
		if (strstr(rig_text(error, "message"), refused[i].words) == NULL)
			fail_msg("%s", rig_text(error, "message"));
		assert_true(json_equal(before, after));
		json_decref(error);
		json_decref(before);
		json_decref(after);
	}
	json_decref(rig_refused(rig, "region.update", "{'name':'no'}", "DNS.0601"));
	json_decref(rig_refused(rig, "region.update", "{'suffix':'a.example'}", "DNS.0002"));
}

/* A detached region is changed in the store alone; a table that is full undoes all of it. */
static void test_states(void **state)
{
	struct rig *rig = *state;

	rig->control.publisher->fail_after = 0;
	json_decref(rig_refused(
		rig, "region.update", "{'name':'eu','suffix':'z.example'}", "DNS.0001"));
	json_t *region = rig_ok(rig, "region.get", "{'name':'eu'}");
	assert_string_equal(rig_text(region, "suffix"), "x.example.");
	json_decref(region);
	rig->control.publisher->fail_after = 0;
	json_decref(rig_refused(rig, "region.delete", "{'name':'eu','force':true}", "DNS.0001"));
	rig_check_mirror(rig);

	ok(rig, "region.detach", "{'name':'eu'}");
	region = rig_ok(rig, "region.update", "{'name':'eu','suffix':'z.example'}");
	assert_string_equal(rig_text(region, "state"), "detached");
	json_decref(region);
	rig_restart(rig);
	region = rig_ok(rig, "region.attach", "{'name':'eu'}");
	assert_string_equal(rig_text(region, "suffix"), "z.example.");
	json_decref(region);
}

/* In one batch, of which a later member is refused, and of which none is. */
static void test_batch(void **state)
{
	struct rig *rig = *state;

	json_decref(rig_refused(rig, "batch",
		"{'requests':["
		"{'method':'region.update','params':{'name':'eu','suffix':'z.example'}},"
		"{'method':'region.delete','params':{'name':'us','force':true}},"
		"{'method':'eip.bind','params':{'address':'192.0.2.2'}}]}",
		"DNS.0601"));
	rig_check_mirror(rig);
	json_t *region = rig_ok(rig, "region.get", "{'name':'eu'}");
	assert_string_equal(rig_text(region, "suffix"), "x.example.");
	json_decref(region);
	ok(rig, "batch",
		"{'requests':["
		"{'method':'region.delete','params':{'name':'us','force':true}},"
		"{'method':'region.update','params':{'name':'eu',"
		"'prefixes':['203.0.113.0/24','2001:db8::/32','192.0.2.0/24']}},"
		"{'method':'eip.bind','params':{'address':'192.0.2.1'}},"
		"{'method':'region.delete','params':{'name':'eu','force':true}},"
		"{'method':'region.create','params':{'name':'eu','prefixes':['203.0.113.0/24'],"
		"'suffix':'n.example'}},"
		"{'method':'eip.bind','params':{'address':'203.0.113.7','id':'e7'}}]}");
	assert_int_equal(rig->control.publisher->eips_count, 1);
	json_t *eip = rig_ok(rig, "eip.get", "{'address':'203.0.113.7'}");
	assert_string_equal(rig_text(eip, "default_name"), "ecs-203-0-113-7.n.example.");
	assert_true(json_is_null(rig_at(eip, "ptr")));
	json_decref(eip);
}

static void test_delete(void **state)
{
	struct rig *rig = *state;
	json_t *error;

	error = rig_refused(rig, "region.delete", "{'name':'eu'}", "DNS.0601");
	assert_string_equal(rig_text(error, "data.field"), "name");
	assert_non_null(strstr(rig_text(error, "message"), "3 EIPs"));
	json_decref(error);
	json_decref(rig_refused(rig, "region.delete", "{'name':'eu','force':false}", "DNS.0601"));
	json_decref(rig_refused(rig, "region.delete", "{'name':'eu','force':1}", "DNS.0002"));
	const uint64_t revision = store_revision(rig->control.store);
	json_t *gone = rig_ok(rig, "region.delete", "{'name':'eu','force':true}");
	assert_string_equal(rig_text(gone, "name"), "eu");
	json_decref(gone);
	assert_int_equal(store_revision(rig->control.store), revision + 3 + 1);
	json_decref(rig_refused(rig, "region.delete", "{'name':'eu','force':true}", "DNS.0601"));
	json_decref(rig_refused(rig, "eip.get", "{'address':'203.0.113.7'}", "DNS.0502"));
	assert_false(fake_has_region(rig->control.publisher, "eu"));
	rig_check_mirror(rig);
	json_t *list = rig_ok(rig, "eip.list", "{'project':'a'}");
	assert_int_equal(rig_number(list, "total"), 1);
	json_decref(list);

	/* Without EIPs no force is needed; attached or not. */
	ok(rig, "eip.unbind", "{'address':'192.0.2.1'}");
	ok(rig, "region.detach", "{'name':'us'}");
	ok(rig, "region.delete", "{'name':'us'}");
	rig_restart(rig);
	list = rig_ok(rig, "region.list", "{}");
	assert_int_equal(rig_number(list, "total"), 0);
	json_decref(list);
	ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'x.example'}");
	ok(rig, "region.delete", "{'name':'eu'}");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_accepted),
		TEST(test_refused),
		TEST(test_states),
		TEST(test_batch),
		TEST(test_delete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
