/* Pieces of a /24: the region's own under a name, and those delegated to customers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"

static int set_up(void **state)
{
	*state = rig_new();
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

#define LABEL63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
/* Below 113.0.203.in-addr.arpa. 250 characters in all, which leaves room for an octet in front. */
#define LONGEST LABEL63 "." LABEL63 "." LABEL63 ".bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define D(prefix, name, ns) "{'prefix':'" prefix "','name':'" name "','ns':[" ns "]}"
#define NAME "64/26.113.0.203.in-addr.arpa"
#define NS "'ns1.customer.example'"

static void test_delegations(void **state)
{
	struct rig *rig = *state;
	json_t *region = rig_ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.112.0/22','2001:db8::/32'],'suffix':'x.example',"
		"'delegations':[" D("203.0.113.128/25", "128-255.113.0.203.IN-ADDR.arpa.",
			"'NS2.customer.example','ns1.customer.example','ns2.customer.example.'") "," D("203.0.113.64/26",
			"64/26.113.0.203.in-addr.arpa",
			NS) "," D("203.0.112.9/32", "c.112.0.203.in-addr.arpa", NS) "]}");

	/* In order of address, canonical, no name server twice. */
	assert_int_equal(json_array_size(rig_at(region, "delegations")), 3);
	assert_string_equal(rig_text(region, "delegations.0.prefix"), "203.0.112.9/32");
	assert_string_equal(rig_text(region, "delegations.1.name"), NAME ".");
	assert_string_equal(
		rig_text(region, "delegations.2.name"), "128-255.113.0.203.in-addr.arpa.");
	assert_int_equal(json_array_size(rig_at(region, "delegations.2.ns")), 2);
	assert_string_equal(rig_text(region, "delegations.2.ns.0"), "ns2.customer.example.");
	json_decref(region);

	/* The customer's zone may be in a domain of their own, which has its own name servers. */
	json_decref(rig_ok(rig, "region.create",
		"{'name':'far','prefixes':['198.51.100.0/24'],'suffix':'x.example','delegations':[" D(
			"198.51.100.64/26", "rev.customer.example",
			"'ns.rev.customer.example'") "," D("198.51.100.128/26",
			LONGEST ".cccccccccccccccccccc.x", NS) "]}"));

	/* They outlive a restart, and are part of what makes a region the same. */
	rig_restart(rig);
	region = rig_ok(rig, "region.get", "{'name':'eu'}");
	assert_string_equal(rig_text(region, "delegations.1.ns.0"), "ns1.customer.example.");
	json_decref(region);
	json_t *error = rig_refused(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.112.0/22','2001:db8::/32'],'suffix':'x.example'}",
		"DNS.0601");
	assert_string_equal(rig_text(error, "data.field"), "delegations");
	json_decref(error);
}

/* The addresses of a delegation are the customer's. */
static void test_bind(void **state)
{
	static const char *const delegated[] = {"203.0.113.64", "203.0.113.100", "203.0.113.127"};
	struct rig *rig = *state;
	char params[128];

	ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'x.example',"
		"'delegations':[" D("203.0.113.64/26", NAME, NS) "]}");
	for (size_t i = 0; i < 3; i++) {
		snprintf(params, sizeof(params), "{'address':'%s'}", delegated[i]);
		json_t *error = rig_refused(rig, "eip.bind", params, "DNS.0602");

		assert_string_equal(rig_text(error, "data.field"), "address");
		assert_non_null(strstr(rig_text(error, "message"), "203.0.113.64/26"));
		assert_non_null(strstr(rig_text(error, "message"), NAME "."));
		json_decref(error);
	}
	ok(rig, "eip.bind", "{'address':'203.0.113.63'}");
	ok(rig, "eip.bind", "{'address':'203.0.113.128'}");
	json_decref(rig_refused(rig, "batch",
		"{'requests':[{'method':'eip.bind','params':{'address':'203.0.113.1'}},"
		"{'method':'eip.bind','params':{'address':'203.0.113.64'}}]}",
		"DNS.0602"));
	json_decref(rig_refused(rig, "eip.get", "{'address':'203.0.113.1'}", "DNS.0502"));
}

static const struct {
	const char *delegations, *code, *field, *reason;
} refused_delegations[] = {
	{"'x'", "DNS.0002", "delegations[0]", "object"},
	{"{'prefix':'203.0.113.64/26','name':'" NAME "'}", "DNS.0002", "delegations[0].ns",
		"missing"},
	{"{'prefix':1,'name':'" NAME "','ns':[" NS "]}", "DNS.0002", "delegations[0].prefix",
		"string"},
	{"{'prefix':'203.0.113.64/26','name':'" NAME "','ns':[" NS "],'ttl':1}", "DNS.0002",
		"delegations[0].ttl", "no such"},
	/* prefix */
	{D("203.0.113.64", NAME, NS), "DNS.0601", "delegations[0].prefix", "prefix"},
	{D("203.0.113.65/26", NAME, NS), "DNS.0601", "delegations[0].prefix", "holds it"},
	{D("203.0.113.0/24", NAME, NS), "DNS.0601", "delegations[0].prefix", "longer than /24"},
	{D("2001:db8::/64", NAME, NS), "DNS.0601", "delegations[0].prefix", "longer than /24"},
	{D("203.0.114.0/25", "0/25.114.0.203.in-addr.arpa", NS), "DNS.0601",
		"delegations[0].prefix", "no prefix of the region"},
	{D("198.51.100.0/26", "0/26.100.51.198.in-addr.arpa", NS), "DNS.0601",
		"delegations[0].prefix", "no prefix of the region"},
	/* name */
	{D("203.0.113.64/26", "a b", NS), "DNS.0505", "delegations[0].name", "character"},
	{D("203.0.113.64/26", "113.0.203.in-addr.arpa", NS), "DNS.0601", "delegations[0].name",
		"not below 113.0.203.in-addr.arpa."},
	{D("203.0.113.64/26", "64/26.112.0.203.in-addr.arpa", NS), "DNS.0601",
		"delegations[0].name", "not below 113.0.203.in-addr.arpa."},
	{D("203.0.113.64/26", "x113.0.203.in-addr.arpa", NS), "DNS.0601", "delegations[0].name",
		"not below"},
	{D("203.0.113.64/26", LONGEST ".cccccccccccccccccccccccc", NS), "DNS.0601",
		"delegations[0].name", "at most 250"},
	{D("203.0.113.64/26", "64.113.0.203.in-addr.arpa", NS), "DNS.0601", "delegations[0].name",
		"is a number"},
	{D("203.0.113.64/26", "x.300.113.0.203.in-addr.arpa", NS), "DNS.0601",
		"delegations[0].name", "is a number"},
	{D("203.0.113.64/26", "y.x.113.0.203.in-addr.arpa", NS), "DNS.0601", "delegations[0].name",
		"more than one label"},
	/* name servers */
	{D("203.0.113.64/26", NAME, ""), "DNS.0601", "delegations[0].ns", "1 to 13"},
	{D("203.0.113.64/26", NAME, "'a','b','c','d','e','f','g','h','i','j','k','l','m','n'"),
		"DNS.0601", "delegations[0].ns", "1 to 13"},
	{D("203.0.113.64/26", NAME, NS ",1"), "DNS.0002", "delegations[0].ns[1]", "string"},
	{D("203.0.113.64/26", NAME, "'a/b'"), "DNS.0505", "delegations[0].ns[0]", "character"},
	{D("203.0.113.64/26", "x.113.0.203.in-addr.arpa", "'ns.x.113.0.203.in-addr.arpa'"),
		"DNS.0601", "delegations[0].ns", "lies in the zone"},
	/* two */
	{D("203.0.113.64/26", NAME, NS) ",1", "DNS.0002", "delegations[1]", "object"},
	{D("203.0.113.64/26", NAME, NS) "," D("203.0.113.0/25", "0/25.113.0.203.in-addr.arpa", NS),
		"DNS.0601", "delegations", "203.0.113.0/25 and 203.0.113.64/26 overlap"},
	{D("203.0.113.64/26", NAME, NS) "," D("203.0.113.0/26", NAME, NS), "DNS.0601",
		"delegations", "at or below another"},
};

static void test_delegations_refused(void **state)
{
	char params[2048];

	for (size_t i = 0; i < sizeof(refused_delegations) / sizeof(refused_delegations[0]); i++) {
		print_message("%s\n", refused_delegations[i].delegations);
		snprintf(params, sizeof(params),
			"{'name':'eu','prefixes':['203.0.113.0/24','203.0.114.0/25','2001:db8::/32'],"
			"'suffix':'x.example','delegations':[%s]}",
			refused_delegations[i].delegations);
		json_t *error
			= rig_refused(*state, "region.create", params, refused_delegations[i].code);

		assert_string_equal(rig_text(error, "data.field"), refused_delegations[i].field);
		assert_non_null(strstr(rig_text(error, "message"), refused_delegations[i].reason));
		json_decref(error);
	}
	/* What they were changed from, as many name servers as may be, and none at all. */
	ok(*state, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24','203.0.114.0/25'],'suffix':'x.example',"
		"'delegations':[" D("203.0.113.64/26", "64-127.113.0.203.in-addr.arpa", NS) "," D(
			"203.0.113.0/26", NAME,
			"'a','b','c','d','e','f','g','h','i','j','k','l','m'") "]}");
	json_t *region = rig_ok(*state, "region.create",
		"{'name':'b','prefixes':['10.0.0.0/8'],'suffix':'x.example','delegations':[]}");
	assert_null(json_object_get(region, "delegations"));
	json_decref(region);
}

static void test_delegation_bounds(void **state)
{
	json_t *params = rig_json("{'name':'b','suffix':'x','prefixes':['10.0.0.0/8']}");
	json_t *delegations = json_array();
	char text[256], *line;

	for (int i = 0; i < 256; i++) {
		snprintf(text, sizeof(text),
			"{'prefix':'10.0.%d.0/25','name':'0/25.%d.0.10.in-addr.arpa','ns':['n%d.x']}",
			i, i, i);
		json_array_append_new(delegations, rig_json(text));
	}
	json_object_set(params, "delegations", delegations);
	json_array_append_new(delegations,
		rig_json("{'prefix':'10.1.0.0/25','name':'0/25.0.1.10.in-addr.arpa','ns':['n']}"));
	line = json_dumps(params, 0);
	json_t *error = rig_refused(*state, "region.create", line, "DNS.0601");
	assert_string_equal(rig_text(error, "data.field"), "delegations");
	json_decref(error);
	free(line);
	json_array_remove(delegations, 256);
	line = json_dumps(params, 0);
	ok(*state, "region.create", line);
	free(line);
	json_decref(delegations);
	json_decref(params);
}

static void test_own(void **state)
{
	static const struct {
		const char *prefixes, *rfc2317, *code, *reason;
	} checks[] = {
		{"'203.0.113.64/26'", NAME, NULL, NULL},
		{"'203.0.113.64/26'", "Cloud." NAME ".", NULL, NULL},
		{"'203.0.113.7/32'", "7/32.113.0.203.in-addr.arpa", NULL, NULL},
		{"'203.0.113.64/26','10.0.0.0/8','2001:db8::/64'", NAME, NULL, NULL},
		{"'203.0.113.64/26'", LONGEST ".113.0.203.in-addr.arpa", NULL, NULL},
		{"'203.0.113.64/26'", "", "DNS.0505", "empty label"},
		{"'203.0.113.64/26'", "*.113.0.203.in-addr.arpa", "DNS.0505", "wildcard"},
		{"'203.0.113.64/26'", "113.0.203.in-addr.arpa", "DNS.0601", "not below"},
		{"'203.0.113.64/26'", "64/26.114.0.203.in-addr.arpa", "DNS.0601", "not below"},
		{"'203.0.113.64/26'", "64.113.0.203.in-addr.arpa", "DNS.0601", "is a number"},
		{"'203.0.113.64/26'", LONGEST "c.113.0.203.in-addr.arpa", "DNS.0601", "in front"},
		{"'203.0.113.0/24'", NAME, "DNS.0601", "has none"},
		{"'2001:db8::/64'", NAME, "DNS.0601", "has none"},
		{"'203.0.113.64/26','203.0.113.192/26'", NAME, "DNS.0601", "both longer than /24"},
		{"'203.0.113.64/26','203.0.114.0/26'", NAME, "DNS.0601", "both longer than /24"},
	};
	char params[512];

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		print_message("%s %s\n", checks[i].prefixes, checks[i].rfc2317);
		snprintf(params, sizeof(params),
			"{'name':'eu','prefixes':[%s],'suffix':'x.example','rfc2317':'%s'}",
			checks[i].prefixes, checks[i].rfc2317);
		if (checks[i].code == NULL) {
			json_t *region = rig_ok(*state, "region.create", params);

			assert_string_equal(rig_text(region, "name"), "eu");
			assert_non_null(json_string_value(rig_at(region, "rfc2317")));
			json_decref(region);
			tear_down(state);
			set_up(state);
			continue;
		}
		json_t *error = rig_refused(*state, "region.create", params, checks[i].code);

		assert_string_equal(rig_text(error, "data.field"), "rfc2317");
		assert_non_null(strstr(rig_text(error, "message"), checks[i].reason));
		json_decref(error);
	}
}

/* Zones of different regions are apart from each other too. */
static void test_names_taken(void **state)
{
	struct rig *rig = *state;
	json_t *error;

	ok(rig, "region.create",
		"{'name':'one','prefixes':['203.0.113.64/26'],'suffix':'x','rfc2317':'" NAME "'}");
	error = rig_refused(rig, "region.create",
		"{'name':'two','prefixes':['203.0.113.0/26'],'suffix':'x','rfc2317':'" NAME "'}",
		"DNS.0601");
	assert_string_equal(rig_text(error, "data.field"), "rfc2317");
	assert_non_null(strstr(rig_text(error, "message"), "region one"));
	json_decref(error);
	json_decref(rig_refused(rig, "region.create",
		"{'name':'two','prefixes':['203.0.113.0/26'],'suffix':'x','rfc2317':'x." NAME "'}",
		"DNS.0601"));
	ok(rig, "region.create",
		"{'name':'two','prefixes':['203.0.113.0/26'],'suffix':'x',"
		"'rfc2317':'0/26.113.0.203.in-addr.arpa'}");
	/* The same region once more is no change. */
	const uint64_t revision = store_revision(rig->control.store);
	ok(rig, "region.create",
		"{'name':'two','prefixes':['203.0.113.0/26'],'suffix':'x',"
		"'rfc2317':'0/26.113.0.203.IN-ADDR.ARPA.'}");
	assert_int_equal(store_revision(rig->control.store), revision);
	error = rig_refused(rig, "region.create",
		"{'name':'two','prefixes':['203.0.113.0/26'],'suffix':'x'}", "DNS.0601");
	assert_string_equal(rig_text(error, "data.field"), "rfc2317");
	json_decref(error);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_delegations),
		TEST(test_bind),
		TEST(test_delegations_refused),
		TEST(test_delegation_bounds),
		TEST(test_own),
		TEST(test_names_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
