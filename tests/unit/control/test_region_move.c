/* Prefixes that go from one region to another, with what is in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"

static void ok(struct rig *rig, const char *method, const char *params)
{
	json_decref(rig_ok(rig, method, params));
}

static int set_up(void **state)
{
	static const char *const eips[] = {
		"{'address':'203.0.113.7','id':'x','project':'a'}",
		"{'address':'203.0.113.64','id':'y','project':'b'}",
		"{'address':'203.0.113.200','id':'z','project':'a'}",
		"{'address':'198.51.100.1','id':'free','project':'a'}",
		"{'address':'198.51.100.2','id':'taken','project':'a'}",
		"{'address':'2001:db8::7','id':'six','project':'c'}",
		"{'address':'192.0.2.1','id':'taken','project':'a'}",
	};
	struct rig *rig = rig_new();

	ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24','198.51.100.0/24','2001:db8::/32'],"
		"'suffix':'x.example'}");
	ok(rig, "region.create", "{'name':'us','prefixes':['192.0.2.0/24'],'suffix':'y.example'}");
	for (size_t i = 0; i < sizeof(eips) / sizeof(eips[0]); i++)
		ok(rig, "eip.bind", eips[i]);
	ok(rig, "ptr.set", "{'address':'203.0.113.64','names':['b.example'],'ttl':9}");
	ok(rig, "ptr.set", "{'address':'2001:db8::7','names':['six.example']}");
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_check_mirror(*state);
	rig_free(*state);
	return 0;
}

static void expect_prefixes(struct rig *rig, const char *region, const char *expected)
{
	char params[64];

	snprintf(params, sizeof(params), "{'name':'%s'}", region);
	json_t *shown = rig_ok(rig, "region.get", params), *value = rig_json(expected);

	if (!json_equal(rig_at(shown, "prefixes"), value))
		fail_msg("%s: %s", region, json_dumps(rig_at(shown, "prefixes"), 0));
	json_decref(shown);
	json_decref(value);
}

/* Number of EIPs that the region has by its counters, by the list, and by the publisher. */
static void expect_eips(struct rig *rig, const char *region, json_int_t count)
{
	char params[64];

	snprintf(params, sizeof(params), "{'region':'%s'}", region);
	json_t *list = rig_ok(rig, "eip.list", params);

	assert_int_equal(rig_number(list, "total"), count);
	assert_int_equal(json_array_size(rig_at(list, "eips")), count);
	json_decref(list);
}

/* One after the other. */
static const struct {
	const char *prefix, *to, *eu, *us;
	json_int_t us_eips;
	bool holds;
} accepted[] = {
	{"203.0.113.0/24", "us", "['198.51.100.0/24','2001:db8::/32']",
		"['192.0.2.0/24','203.0.113.0/24']", 4, false},
	{"203.0.113.0/24", "us", "['198.51.100.0/24','2001:db8::/32']",
		"['192.0.2.0/24','203.0.113.0/24']", 4, true},
	/* A part of what is there already is there already. */
	{"203.0.113.128/25", "us", "['198.51.100.0/24','2001:db8::/32']",
		"['192.0.2.0/24','203.0.113.0/24']", 4, true},
	{"203.0.113.0/24", "eu", "['198.51.100.0/24','203.0.113.0/24','2001:db8::/32']",
		"['192.0.2.0/24']", 1, false},
	/* Parts: what stays are the largest prefixes without it. */
	{"203.0.113.64/26", "us",
		"['198.51.100.0/24','203.0.113.0/26','203.0.113.128/25','2001:db8::/32']",
		"['192.0.2.0/24','203.0.113.64/26']", 2, false},
	{"203.0.113.7/32", "us",
		"['198.51.100.0/24','203.0.113.0/30','203.0.113.4/31','203.0.113.6/32',"
		"'203.0.113.8/29','203.0.113.16/28','203.0.113.32/27','203.0.113.128/25',"
		"'2001:db8::/32']",
		"['192.0.2.0/24','203.0.113.7/32','203.0.113.64/26']", 3, false},
	/* Halves that meet again become one. */
	{"203.0.113.7/32", "eu",
		"['198.51.100.0/24','203.0.113.0/26','203.0.113.128/25','2001:db8::/32']",
		"['192.0.2.0/24','203.0.113.64/26']", 2, false},
	{"203.0.113.64/26", "eu", "['198.51.100.0/24','203.0.113.0/24','2001:db8::/32']",
		"['192.0.2.0/24']", 1, false},
	/* Neighbours that are not halves of one do not. */
	{"192.0.2.0/25", "eu",
		"['192.0.2.0/25','198.51.100.0/24','203.0.113.0/24','2001:db8::/32']",
		"['192.0.2.128/25']", 0, false},
	{"192.0.2.0/25", "us", "['198.51.100.0/24','203.0.113.0/24','2001:db8::/32']",
		"['192.0.2.0/24']", 1, false},
	/* IPv6, the first of it in its region. */
	{"2001:db8::/33", "us", "['198.51.100.0/24','203.0.113.0/24','2001:db8:8000::/33']",
		"['192.0.2.0/24','2001:db8::/33']", 2, false},
	{"2001:db8::/34", "eu",
		"['198.51.100.0/24','203.0.113.0/24','2001:db8::/34','2001:db8:8000::/33']",
		"['192.0.2.0/24','2001:db8:4000::/34']", 1, false},
	{"2001:db8:4000::/34", "eu", "['198.51.100.0/24','203.0.113.0/24','2001:db8::/32']",
		"['192.0.2.0/24']", 1, false},
	/* A region may be left with none, and get some back. */
	{"198.51.100.0/25", "us", "['198.51.100.128/25','203.0.113.0/24','2001:db8::/32']",
		"['192.0.2.0/24','198.51.100.0/25']", 3, false},
	{"198.51.100.128/25", "us", "['203.0.113.0/24','2001:db8::/32']",
		"['192.0.2.0/24','198.51.100.0/24']", 3, false},
	{"203.0.113.0/24", "us", "['2001:db8::/32']",
		"['192.0.2.0/24','198.51.100.0/24','203.0.113.0/24']", 6, false},
	{"2001:db8::/32", "us", "[]",
		"['192.0.2.0/24','198.51.100.0/24','203.0.113.0/24','2001:db8::/32']", 7, false},
	{"203.0.113.7/32", "eu", "['203.0.113.7/32']", NULL, 6, false},
	{"203.0.113.7/32", "us", "[]",
		"['192.0.2.0/24','198.51.100.0/24','203.0.113.0/24','2001:db8::/32']", 7, false},
};

static void test_accepted(void **state)
{
	struct rig *rig = *state;
	json_t *eip;

	/* Of the two EIPs with that id, one is in the way. */
	ok(rig, "eip.unbind", "{'address':'198.51.100.2'}");
	ok(rig, "eip.bind", "{'address':'198.51.100.2','id':'other'}");
	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		const uint64_t revision = store_revision(rig->control.store);
		char params[128];

		snprintf(params, sizeof(params), "{'prefix':'%s','to':'%s'}", accepted[i].prefix,
			accepted[i].to);
		print_message("%s\n", params);
		json_t *region = rig_ok(rig, "region.move_prefix", params);
		assert_string_equal(rig_text(region, "name"), accepted[i].to);
		json_decref(region);
		if (i % 3 == 0)
			rig_restart(rig);
		ok(rig, "region.move_prefix", params);
		assert_int_equal(store_revision(rig->control.store) - revision, !accepted[i].holds);
		expect_prefixes(rig, "eu", accepted[i].eu);
		if (accepted[i].us != NULL)
			expect_prefixes(rig, "us", accepted[i].us);
		expect_eips(rig, "us", accepted[i].us_eips);
		expect_eips(rig, "eu", 7 - accepted[i].us_eips);
		rig_check_mirror(rig);
	}
	eip = rig_ok(rig, "eip.get", "{'address':'203.0.113.7'}");
	assert_string_equal(rig_text(eip, "default_name"), "ecs-203-0-113-7.y.example.");
	json_decref(eip);
	eip = rig_ok(rig, "ptr.get", "{'id':'us:y'}");
	assert_string_equal(rig_text(eip, "names.0"), "b.example.");
	assert_int_equal(rig_number(eip, "ttl"), 9);
	json_decref(eip);
	json_decref(rig_refused(rig, "ptr.get", "{'id':'eu:y'}", "DNS.0502"));
	/* What is left of a region can be changed, restarted, attached, and deleted. */
	ok(rig, "region.update", "{'name':'eu','default_ttl':5}");
	ok(rig, "region.detach", "{'name':'eu'}");
	ok(rig, "region.attach", "{'name':'eu'}");
	json_decref(rig_refused(rig, "region.update", "{'name':'eu','prefixes':[]}", "DNS.0601"));
	ok(rig, "region.delete", "{'name':'eu'}");
}

#define NS "'ns':['ns1.customer.example']"
/* 250 characters: an IPv4 name fits before it, an IPv6 one does not. */
#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG                                                                                       \
	A63 "." A63 "." A63 "."                                                                    \
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *prefix, *to, *code, *field, *words;
} refused[] = {
	{"203.0.113.0", "us", "DNS.0601", "prefix", "is not an IPv4 prefix"},
	{"203.0.113.1/24", "us", "DNS.0601", "prefix", "bits set"},
	{"203.0.112.0/23", "us", "DNS.0601", "prefix", "neither a prefix of region eu nor a part"},
	{"100.64.0.0/16", "us", "DNS.0601", "prefix", "in no region"},
	{"203.0.113.0/24", "no", "DNS.0601", "to", "no region"},
	{"198.51.100.0/24", "us", "DNS.0504", "prefix",
		"\"taken\", the id of 198.51.100.2, is the id of 192.0.2.1 in region us"},
	{"198.51.100.2/32", "us", "DNS.0504", "prefix", "taken"},
	{"192.0.2.0/24", "eu", "DNS.0504", "prefix", "taken"},
	{"203.0.113.0/24", "full", "DNS.0601", "prefix",
		"region full could not be so: prefixes: has 257 prefixes"},
	/* 254 more pieces of eu than may be. */
	{"2001:db8::/32", "long", "DNS.0601", "prefix", "region long could not be so: "},
	/* The zones of pieces of a /24. */
	{"192.0.3.64/27", "us", "DNS.0601", "prefix",
		"the names of 192.0.3.64/26 are in one zone, 64/26.3.0.192.in-addr.arpa."},
	{"192.0.3.64/26", "piece2", "DNS.0601", "prefix", "both longer than /24"},
	{"192.0.5.0/25", "us", "DNS.0601", "prefix",
		"region customers could not be so: delegations[0].prefix: \"192.0.5.128/26\" is in "
		"no prefix of the region that holds its /24"},
	{"192.0.5.128/26", "us", "DNS.0601", "prefix", "region us could not be so: delegations"},
	{"192.0.5.128/27", "us", "DNS.0601", "prefix", "region customers could not be so"},
};

static void test_refused(void **state)
{
	struct rig *rig = *state;
	json_t *full = rig_json("{'name':'full','suffix':'f.example','prefixes':[]}");

	for (int i = 0; i < 256; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.0.%d.0/25", i);
		json_array_append_new(json_object_get(full, "prefixes"), json_string(text));
	}
	char *line = json_dumps(full, 0);
	ok(rig, "region.create", line);
	free(line);
	json_decref(full);
	ok(rig, "region.create", "{'name':'long','prefixes':['10.9.0.0/16'],'suffix':'" LONG "'}");
	ok(rig, "region.create",
		"{'name':'piece','prefixes':['192.0.3.64/26'],'suffix':'p.example',"
		"'rfc2317':'64/26.3.0.192.in-addr.arpa'}");
	ok(rig, "region.create",
		"{'name':'piece2','prefixes':['192.0.4.64/26'],'suffix':'p.example',"
		"'rfc2317':'64/26.4.0.192.in-addr.arpa'}");
	ok(rig, "region.create",
		"{'name':'customers','prefixes':['192.0.5.0/24'],'suffix':'p.example','delegations':["
		"{'prefix':'192.0.5.128/26','name':'128/26.5.0.192.in-addr.arpa'," NS "}]}");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		char params[128];

		snprintf(params, sizeof(params), "{'prefix':'%s','to':'%s'}", refused[i].prefix,
			refused[i].to);
		print_message("%s\n", params);
		json_t *error = rig_refused(rig, "region.move_prefix", params, refused[i].code);
		const char *value = json_string_value(
			json_object_get(json_object_get(error, "data"), "value"));

		assert_string_equal(rig_text(error, "data.field"), refused[i].field);
		assert_string_equal(value,
			strcmp(refused[i].field, "to") == 0 ? refused[i].to : refused[i].prefix);
		if (strstr(rig_text(error, "message"), refused[i].words) == NULL)
			fail_msg("%s", rig_text(error, "message"));
		json_decref(error);
		rig_check_mirror(rig);
	}
	expect_prefixes(rig, "eu", "['198.51.100.0/24','203.0.113.0/24','2001:db8::/32']");
}

/* Zones go with the addresses whose names they hold. */
static void test_zones(void **state)
{
	struct rig *rig = *state;
	json_t *region;

	ok(rig, "region.create",
		"{'name':'piece','prefixes':['192.0.3.64/26'],'suffix':'p.example',"
		"'rfc2317':'64/26.3.0.192.in-addr.arpa'}");
	ok(rig, "region.create",
		"{'name':'customers','prefixes':['192.0.4.0/22'],'suffix':'p.example','delegations':["
		"{'prefix':'192.0.5.128/26','name':'128/26.5.0.192.in-addr.arpa'," NS "},"
		"{'prefix':'192.0.6.0/25','name':'0/25.6.0.192.in-addr.arpa'," NS "}]}");
	region = rig_ok(rig, "region.move_prefix", "{'prefix':'192.0.3.64/26','to':'us'}");
	assert_string_equal(rig_text(region, "rfc2317"), "64/26.3.0.192.in-addr.arpa.");
	json_decref(region);
	region = rig_ok(rig, "region.get", "{'name':'piece'}");
	assert_null(json_object_get(region, "rfc2317"));
	json_decref(region);
	region = rig_ok(rig, "region.move_prefix", "{'prefix':'192.0.5.0/24','to':'us'}");
	assert_int_equal(json_array_size(rig_at(region, "delegations")), 1);
	assert_string_equal(rig_text(region, "delegations.0.prefix"), "192.0.5.128/26");
	json_decref(region);
	region = rig_ok(rig, "region.get", "{'name':'customers'}");
	assert_int_equal(json_array_size(rig_at(region, "delegations")), 1);
	assert_string_equal(rig_text(region, "delegations.0.prefix"), "192.0.6.0/25");
	json_decref(region);
	json_decref(rig_refused(rig, "eip.bind", "{'address':'192.0.5.130'}", "DNS.0602"));
	ok(rig, "eip.bind", "{'address':'192.0.5.1'}");
	ok(rig, "region.move_prefix", "{'prefix':'192.0.5.0/24','to':'customers'}");
	ok(rig, "region.move_prefix", "{'prefix':'192.0.3.64/26','to':'piece'}");
	expect_prefixes(rig, "customers", "['192.0.4.0/22']");
	expect_eips(rig, "customers", 1);
	/* It is the same region as it was made. */
	ok(rig, "region.create",
		"{'name':'piece','prefixes':['192.0.3.64/26'],'suffix':'p.example',"
		"'rfc2317':'64/26.3.0.192.in-addr.arpa'}");
}

/* Each of the two attached or not; and a publisher that fails, which undoes all of it. */
static void test_states(void **state)
{
	struct rig *rig = *state;

	for (int i = 0; i < 8; i++) {
		const char *to = i % 2 == 0 ? "us" : "eu";
		char params[64];

		ok(rig, (i & 2) == 0 ? "region.attach" : "region.detach", "{'name':'eu'}");
		ok(rig, (i & 4) == 0 ? "region.attach" : "region.detach", "{'name':'us'}");
		snprintf(params, sizeof(params), "{'prefix':'203.0.113.0/24','to':'%s'}", to);
		if ((i & 6) != 6) {
			rig->control.publisher->fail_after = 0;
			json_decref(rig_refused(rig, "region.move_prefix", params, "DNS.0001"));
			rig_check_mirror(rig);
			rig->control.publisher->unprepared = 2;
			json_decref(rig_refused(rig, "region.move_prefix", params, "DNS.0001"));
			rig->control.publisher->unprepared = 0;
			rig_check_mirror(rig);
		}
		rig->control.publisher->fail_after = -1;
		ok(rig, "region.move_prefix", params);
		expect_eips(rig, "us", i % 2 == 0 ? 4 : 1);
		rig_check_mirror(rig);
		rig_restart(rig);
		rig_check_mirror(rig);
	}
}

/* In one transaction with changes of what moves, before and after; and undone by what follows. */
static void test_batch(void **state)
{
	struct rig *rig = *state;
	static const char steps[]
		= "{'method':'eip.bind','params':{'address':'203.0.113.9','id':'n','project':'a'}},"
		  "{'method':'ptr.set','params':{'address':'203.0.113.7','names':['n.example']}},"
		  "{'method':'region.move_prefix','params':{'prefix':'203.0.113.0/25','to':'us'}},"
		  "{'method':'eip.bind','params':{'address':'203.0.113.10','project':'a'}},"
		  "{'method':'eip.unbind','params':{'address':'203.0.113.64'}},"
		  "{'method':'eip.bind','params':{'address':'203.0.113.7','project':'q'}},"
		  "{'method':'region.move_prefix','params':{'prefix':'203.0.113.8/29','to':'eu'}}";
	char params[1024];

	snprintf(params, sizeof(params),
		"{'requests':[%s,{'method':'region.move_prefix','params':{'prefix':'203.0.113.8/29',"
		"'to':'none'}}]}",
		steps);
	json_decref(rig_refused(rig, "batch", params, "DNS.0601"));
	expect_eips(rig, "eu", 6);
	expect_eips(rig, "us", 1);
	rig_check_mirror(rig);
	snprintf(params, sizeof(params), "{'requests':[%s]}", steps);
	ok(rig, "batch", params);
	expect_eips(rig, "eu", 6);
	expect_eips(rig, "us", 2);
	json_t *eip = rig_ok(rig, "eip.get", "{'address':'203.0.113.7'}");
	assert_string_equal(rig_text(eip, "region"), "us");
	assert_true(json_is_null(rig_at(eip, "ptr")));
	json_decref(eip);
	eip = rig_ok(rig, "eip.get", "{'address':'203.0.113.9'}");
	assert_string_equal(rig_text(eip, "region"), "eu");
	json_decref(eip);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_accepted),
		TEST(test_refused),
		TEST(test_zones),
		TEST(test_states),
		TEST(test_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
