/* Imports: each rule for a row, what a commit does, and that it does all or nothing. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"
#include "store_private.h"

static const struct actor shop = {.role = ROLE_PROJECT, .project = "shop", .name = "shop"};

static int set_up(void **state)
{
	static const char *const requests[][2] = {
		{"region.create",
			"{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'c.example.com',"
			"'delegations':[{'prefix':'203.0.113.128/28','name':'128/"
			"28.113.0.203.in-addr.arpa','ns':['ns.example.net']}]}"},
		{"region.create",
			"{'name':'us','prefixes':['198.51.100.0/24','2001:db8::/32'],"
			"'suffix':'c.example.com'}"},
		{"region.create",
			"{'name':'off','prefixes':['192.0.2.0/24'],"
			"'suffix':'c.example.com','state':'detached'}"},
		{"eip.bind", "{'address':'203.0.113.1','id':'one','project':'shop'}"},
		{"eip.bind", "{'address':'203.0.113.2','id':'two','project':'shop'}"},
		{"eip.bind", "{'address':'203.0.113.3','id':'three','project':'blog'}"},
		{"ptr.set", "{'address':'203.0.113.2','names':['two.example']}"},
		{"ptr.set",
			"{'address':'203.0.113.3','names':['three.example'],'description':'d',"
			"'tags':[{'key':'k','value':'v'}]}"},
	};
	struct rig *rig = rig_new();

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		json_decref(rig_ok(rig, requests[i][0], requests[i][1]));
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;

	rig_check_mirror(rig);
	rig_free(rig);
	return 0;
}

/* A method with an import, and `rest` as further parameters. */
static char *with(const char *import, const char *rest)
{
	char *params;

	assert_true(asprintf(&params, "{'import':'%s'%s}", import, rest) > 0);
	return params;
}

static char *begin(struct rig *rig, const char *params)
{
	json_t *result = rig_ok(rig, "import.begin", params);
	char *id = strdup(rig_text(result, "import"));

	json_decref(result);
	return id;
}

/* The result of import.rows. */
static json_t *send(struct rig *rig, const char *import, const char *rows)
{
	char *rest, *params;

	assert_true(asprintf(&rest, ",'rows':[%s]", rows) > 0);
	params = with(import, rest);
	json_t *result = rig_ok(rig, "import.rows", params);

	free(params);
	free(rest);
	return result;
}

/* A new import of these rows, all of them good. */
static char *staged(struct rig *rig, const char *params, const char *rows)
{
	char *id = begin(rig, params);
	json_t *result = send(rig, id, rows);

	if (json_array_size(rig_at(result, "rejected")) > 0)
		fail_msg("%s: %s", rows, json_dumps(result, 0));
	json_decref(result);
	return id;
}

/* Files of imports in the store's directory. */
static unsigned files(struct rig *rig)
{
	DIR *dir = opendir(rig->dir);
	const struct dirent *entry;
	unsigned count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL)
		count += strncmp(entry->d_name, "import-", 7) == 0;
	closedir(dir);
	return count;
}

#define LABEL63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"

static const struct {
	const struct actor *actor;
	const char *row, *code, *field; /* code NULL: is accepted */
} rules[] = {
	{&actor_operator, "{'address':'203.0.113.9','names':['a.example']}", NULL, NULL},
	{&actor_operator,
		"{'address':'203.0.113.9/32','names':['a.example'],'ttl':2147483647,"
		"'description':'d','tags':[{'key':'k','value':'v'}],'project':'p','id':'i'}",
		NULL, NULL},
	{&actor_operator, "{'address':'203.0.113.9','default':true}", NULL, NULL},
	{&actor_operator, "{'address':'2001:db8::9','default':true,'project':'p'}", NULL, NULL},
	{&actor_operator, "{'address':'192.0.2.9','default':true}", NULL, NULL},
	{&actor_operator, "{'address':'203.0.113.9','unbind':true}", NULL, NULL},
	{&actor_operator, "{'address':'203.0.113.1','unbind':true,'default':false}", NULL, NULL},
	{&actor_operator, "7", "DNS.0002", NULL},
	{&actor_operator, "{'names':['a.example']}", "DNS.0002", "address"},
	{&actor_operator, "{'address':'203.0.113.9'}", "DNS.0002", NULL},
	{&actor_operator, "{'address':'203.0.113.9','default':false}", "DNS.0002", NULL},
	{&actor_operator, "{'address':'203.0.113.9','default':true,'unbind':true}", "DNS.0002",
		NULL},
	{&actor_operator, "{'address':'203.0.113.9','default':true,'names':['a.example']}",
		"DNS.0002", NULL},
	{&actor_operator, "{'address':'203.0.113.9','default':true,'ttl':5}", "DNS.0002", "ttl"},
	{&actor_operator, "{'address':'203.0.113.9','unbind':true,'id':'x'}", "DNS.0002", "id"},
	{&actor_operator, "{'address':'203.0.113.9','default':1}", "DNS.0002", "default"},
	{&actor_operator, "{'address':'203.0.113.9','default':true,'x':1}", "DNS.0002", "x"},
	{&actor_operator, "{'address':'203.0.113.9/24','default':true}", "DNS.0602", "address"},
	{&actor_operator, "{'address':'10.0.0.1','default':true}", "DNS.0601", "address"},
	{&actor_operator, "{'address':'203.0.113.127','default':true}", NULL, NULL},
	{&actor_operator, "{'address':'203.0.113.128','default':true}", "DNS.0602", "address"},
	{&actor_operator, "{'address':'203.0.113.9','names':[]}", "DNS.0505", "names"},
	{&actor_operator, "{'address':'203.0.113.9','names':['a.example','*.b']}", "DNS.0505",
		"names[1]"},
	{&actor_operator, "{'address':'203.0.113.9','names':['" LABEL63 ".example']}", NULL, NULL},
	{&actor_operator, "{'address':'203.0.113.9','names':['" LABEL63 "h.example']}", "DNS.0505",
		"names[0]"},
	{&actor_operator, "{'address':'203.0.113.9','names':['a.example'],'ttl':0}", "DNS.0506",
		"ttl"},
	{&actor_operator,
		"{'address':'203.0.113.9','names':['a.example'],"
		"'tags':[{'key':'_sys_','value':''}]}",
		"DNS.1002", "tags[0].key"},
	{&actor_operator, "{'address':'203.0.113.9','default':true,'project':''}", "DNS.0002",
		"project"},
	{&actor_operator, "{'address':'203.0.113.9','default':true,'id':'a b'}", "DNS.0504", "id"},
	/* Ids that are there: the same; another for it; another's. */
	{&actor_operator, "{'address':'203.0.113.1','default':true,'id':'one'}", NULL, NULL},
	{&actor_operator, "{'address':'203.0.113.1','default':true,'id':'uno'}", "DNS.0504", "id"},
	{&actor_operator, "{'address':'203.0.113.1','default':true,'id':'uno','project':'blog'}",
		NULL, NULL},
	{&actor_operator, "{'address':'203.0.113.9','default':true,'id':'one'}", "DNS.0504", "id"},
	{&actor_operator, "{'address':'198.51.100.9','default':true,'id':'one'}", NULL, NULL},
	/* A project's own, another's, nobody's; and what it may not say. */
	{&shop, "{'address':'203.0.113.1','names':['a.example']}", NULL, NULL},
	{&shop, "{'address':'203.0.113.1','default':true}", NULL, NULL},
	{&shop, "{'address':'203.0.113.9','names':['a.example']}", "DNS.0502", "address"},
	{&shop, "{'address':'10.0.0.1','names':['a.example']}", "DNS.0502", "address"},
	{&shop, "{'address':'203.0.113.3','names':['a.example']}", "DNS.0502", "address"},
	{&shop, "{'address':'203.0.113.1','unbind':true}", "DNS.0013", "unbind"},
	{&shop, "{'address':'203.0.113.1','default':true,'project':'blog'}", "DNS.0013", "project"},
	{&shop, "{'address':'203.0.113.1','default':true,'id':'uno'}", "DNS.0013", "id"},
	{&shop, "{'address':'203.0.113.1','default':true,'id':'one','project':'shop'}", NULL, NULL},
};

static void test_rules(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		rig->actor = rules[i].actor;
		char *id = begin(rig, "{}"), *params = with(id, "");
		json_t *result = send(rig, id, rules[i].row);

		if (rig_number(result, "accepted") != (rules[i].code == NULL))
			fail_msg("%s: %s", rules[i].row, json_dumps(result, 0));
		if (rules[i].code != NULL)
			assert_string_equal(rig_text(result, "rejected.0.code"), rules[i].code);
		if (rules[i].field != NULL)
			assert_string_equal(rig_text(result, "rejected.0.field"), rules[i].field);
		json_decref(result);
		json_decref(rig_ok(rig, "import.abort", params));
		json_decref(rig_refused(rig, "import.commit", params, "DNS.0002"));
		free(params);
		free(id);
	}
	rig->actor = &actor_operator;
	assert_int_equal(files(rig), 0);
}

/* Bad rows among good ones are named by their place in the call; the rest is taken. */
static void test_rejected(void **state)
{
	struct rig *rig = *state;
	char *id = staged(rig, "{}",
		"{'address':'203.0.113.10','default':true,'id':'x'},"
		"{'address':'203.0.113.11','default':true}");
	json_t *result = send(rig, id,
		"{'address':'203.0.113.12','default':true},7,"
		"{'address':'203.0.113.11/32','names':['a.example']},"
		"{'address':'203.0.113.13','default':true,'id':'x'},"
		"{'address':'203.0.113.13','default':true,'id':'y'},"
		"{'address':'203.0.113.12','unbind':true}");

	assert_int_equal(rig_number(result, "accepted"), 2);
	assert_int_equal(json_array_size(rig_at(result, "rejected")), 4);
	assert_int_equal(rig_number(result, "rejected.0.row"), 1);
	assert_int_equal(rig_number(result, "rejected.1.row"), 2);
	assert_string_equal(rig_text(result, "rejected.1.code"), "DNS.0602");
	assert_int_equal(rig_number(result, "rejected.1.earlier"), 1);
	assert_string_equal(rig_text(result, "rejected.1.message"),
		"address: \"203.0.113.11/32\" is what row 1 of this import has already");
	assert_int_equal(rig_number(result, "rejected.2.row"), 3);
	assert_string_equal(rig_text(result, "rejected.2.code"), "DNS.0504");
	assert_int_equal(rig_number(result, "rejected.2.earlier"), 0);
	assert_int_equal(rig_number(result, "rejected.3.row"), 5);
	assert_int_equal(rig_number(result, "rejected.3.earlier"), 2);
	json_decref(result);
	free(id);
}

static void expect_figures(const json_t *result, const int figures[6])
{
	static const char *const names[]
		= {"bound", "rebound", "unbound", "set", "unset", "unchanged"};

	for (int i = 0; i < 6; i++)
		if (rig_number(result, names[i]) != figures[i])
			fail_msg("%s: %s", names[i], json_dumps(result, 0));
}

/* One row, and what it does: each takes one revision, or none. */
static void test_commit(void **state)
{
	static const struct {
		const char *row;
		int figures[6];            /* bound, rebound, unbound, set, unset, unchanged */
		const char *project, *ptr; /* afterwards; NULL: not bound, no PTR */
	} cases[] = {
		{"{'address':'203.0.113.9','default':true}", {1, 0, 0, 0, 0, 0}, "default", NULL},
		{"{'address':'203.0.113.9','default':true}", {0, 0, 0, 0, 0, 1}, "default", NULL},
		{"{'address':'203.0.113.9','names':['A.example','b.example']}", {0, 0, 0, 1, 0, 0},
			"default", "a.example. b.example."},
		{"{'address':'203.0.113.9','names':['b.example','a.example']}", {0, 0, 0, 0, 0, 1},
			"default", "a.example. b.example."},
		{"{'address':'203.0.113.9','names':['c.example'],'project':'p'}",
			{0, 1, 0, 1, 0, 0}, "p", "c.example."},
		{"{'address':'203.0.113.9','default':true,'project':'q'}", {0, 1, 0, 0, 0, 0}, "q",
			NULL},
		{"{'address':'203.0.113.9','names':['d.example'],'project':'q'}",
			{0, 0, 0, 1, 0, 0}, "q", "d.example."},
		{"{'address':'203.0.113.9','default':true}", {0, 0, 0, 0, 1, 0}, "q", NULL},
		{"{'address':'203.0.113.9','unbind':true}", {0, 0, 1, 0, 0, 0}, NULL, NULL},
		{"{'address':'203.0.113.9','unbind':true}", {0, 0, 0, 0, 0, 1}, NULL, NULL},
		{"{'address':'203.0.113.9','names':['e.example'],'id':'nine'}", {1, 0, 0, 1, 0, 0},
			"default", "e.example."},
		{"{'address':'192.0.2.9','names':['f.example']}", {1, 0, 0, 1, 0, 0}, "default",
			"f.example."},
		{"{'address':'2001:db8::9','names':['g.example']}", {1, 0, 0, 1, 0, 0}, "default",
			"g.example."},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint64_t before = store_revision(rig->control.store);
		char *id = staged(rig, "{}", cases[i].row), *params = with(id, "");
		json_t *result = rig_ok(rig, "import.commit", params),
		       *row = rig_json(cases[i].row);
		struct address address;
		struct refusal why;
		struct eip eip;

		expect_figures(result, cases[i].figures);
		assert_int_equal(rig_number(result, "revision"), before + !cases[i].figures[5]);
		assert_true(address_parse(rig_text(row, "address"), &address, &why));
		assert_int_equal(
			store_eip(rig->control.store, &address, &eip), cases[i].project != NULL);
		if (cases[i].project != NULL) {
			assert_string_equal(eip.project, cases[i].project);
			assert_int_equal(eip.has_ptr, cases[i].ptr != NULL);
		}
		if (cases[i].ptr != NULL)
			assert_string_equal(eip.ptr_names, cases[i].ptr);
		json_decref(rig_refused(rig, "import.commit", params, "DNS.0002"));
		rig_check_mirror(rig);
		json_decref(row);
		json_decref(result);
		free(params);
		free(id);
	}
	assert_int_equal(files(rig), 0);
}

/* The audit is what single requests' would be, but one revision for each EIP. */
static void test_audit(void **state)
{
	static const char *const audit[] = {
		"9|import.commit|operator|eu|CB007102|shop|-|{'id':'two','project':'shop',"
		"'ptr':{'names':['two.example.'],'ttl':300}}|-",
		"10|import.commit|operator|eu|CB007103|shop|blog|{'id':'three','project':'blog',"
		"'ptr':{'names':['three.example.'],'ttl':300,'description':'d',"
		"'tags':[{'key':'k','value':'v'}]}}|{'id':'x','project':'shop','ptr':null}",
		"11|import.commit|operator|eu|CB007109|default|-|-|{'id':'two','project':'default',"
		"'ptr':{'names':['n.example.'],'ttl':60,'tags':[{'key':'t','value':''}]}}",
		NULL,
	};
	static const char *const names[] = {"example.n.|CB007109", NULL};
	static const char *const tags[] = {"t||CB007109", NULL};
	static const char *const usage[] = {"blog|0|0", "default|1|1", "shop|2|0", NULL};
	struct rig *rig = *state;
	char *id = staged(rig, "{}",
		"{'address':'203.0.113.2','unbind':true},"
		"{'address':'203.0.113.9','names':['n.example'],'id':'two','ttl':60,"
		"'tags':[{'key':'t','value':''}]},"
		"{'address':'203.0.113.3','default':true,'project':'shop','id':'x'},"
		"{'address':'203.0.113.1','default':true}");
	char *params = with(id, "");
	json_t *result = rig_ok(rig, "import.commit", params);

	expect_figures(result, (int[]){1, 1, 1, 1, 0, 1});
	assert_int_equal(rig_number(result, "revision"), 11);
	rig_expect_rows(rig,
		"SELECT revision, action, actor, region, hex(address), project, old_project, before,"
		" after FROM audit WHERE revision > 8",
		audit);
	rig_expect_rows(rig, "SELECT key, hex(address) FROM ptr_name", names);
	rig_expect_rows(rig, "SELECT key, value, hex(address) FROM ptr_tag", tags);
	rig_expect_rows(rig, "SELECT project, eips, ptrs FROM usage ORDER BY project", usage);
	json_decref(result);
	free(params);
	free(id);
}

/* A region's whole content: what is not in it goes, whatever else there is stays. */
static void test_load(void **state)
{
	struct rig *rig = *state;
	char *id = staged(rig, "{'region':'eu'}",
		"{'address':'203.0.113.2','default':true,'id':'one'},"
		"{'address':'203.0.113.3','names':['three.example'],'description':'d',"
		"'tags':[{'key':'k','value':'v'}]},"
		"{'address':'203.0.113.9','names':['nine.example']}");
	char *us = with(id, ",'name':'us'"), *eu = with(id, ",'name':'eu'");

	json_decref(rig_refused(rig, "region.load", us, "DNS.0601"));
	json_t *result = rig_ok(rig, "region.load", eu);

	/* .1 goes, .2 is made anew with the id that .1 had, .3 stays as it is. */
	expect_figures(result, (int[]){1, 1, 1, 1, 0, 1});
	json_decref(result);
	free(us);
	free(eu);
	free(id);
}

static void expect_eip(struct rig *rig, const char *address, const char *id, const char *ptr)
{
	char *params;

	assert_true(asprintf(&params, "{'address':'%s'}", address) > 0);
	json_t *eip = rig_ok(rig, "eip.get", params);

	assert_string_equal(rig_text(eip, "id"), id);
	if (ptr != NULL)
		assert_string_equal(rig_text(eip, "ptr.names.0"), ptr);
	else
		assert_true(json_is_null(rig_at(eip, "ptr")));
	json_decref(eip);
	free(params);
}

/* What was good when the row was sent need not be when it is committed: the row is named, nothing is
 * done, and the import can be completed and committed after all. */
static void test_refused_commit(void **state)
{
	struct rig *rig = *state;
	char *id = staged(rig, "{}",
		"{'address':'203.0.113.1','names':['a.example']},"
		"{'address':'203.0.113.9','default':true,'id':'nine'}");
	char *params = with(id, "");

	json_decref(rig_ok(rig, "eip.bind", "{'address':'203.0.113.20','id':'nine'}"));
	json_t *error = rig_refused(rig, "import.commit", params, "DNS.0504");

	assert_int_equal(rig_number(error, "data.row"), 1);
	assert_string_equal(rig_text(error, "message"),
		"row 1: id: \"nine\" is the id of 203.0.113.20 in region eu already");
	json_decref(error);
	expect_eip(rig, "203.0.113.1", "one", NULL);
	json_decref(send(rig, id, "{'address':'203.0.113.20','unbind':true}"));
	json_t *result = rig_ok(rig, "import.commit", params);

	expect_figures(result, (int[]){1, 0, 1, 1, 0, 0});
	expect_eip(rig, "203.0.113.9", "nine", NULL);
	expect_eip(rig, "203.0.113.1", "one", "a.example.");
	json_decref(result);
	free(params);
	free(id);
}

/* Other things that may have changed meanwhile. */
static void test_stale_rows(void **state)
{
	static const struct {
		const struct actor *actor;
		const char *row, *method, *params, *code;
	} cases[] = {
		{&actor_operator, "{'address':'198.51.100.9','default':true}", "region.delete",
			"{'name':'us','force':true}", "DNS.0601"},
		{&shop, "{'address':'203.0.113.1','names':['a.example']}", "eip.unbind",
			"{'address':'203.0.113.1'}", "DNS.0502"},
		{&shop, "{'address':'203.0.113.2','names':['a.example']}", "eip.bind",
			"{'address':'203.0.113.2','project':'blog'}", "DNS.0502"},
		{&actor_operator, "{'address':'203.0.113.21','default':true,'id':'x'}", "eip.bind",
			"{'address':'203.0.113.21','id':'y'}", "DNS.0504"},
	};
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig->actor = cases[i].actor;
		char *id = staged(rig, "{}", cases[i].row), *params = with(id, "");

		rig->actor = &actor_operator;
		json_decref(rig_ok(rig, cases[i].method, cases[i].params));
		rig->actor = cases[i].actor;
		json_t *error = rig_refused(rig, "import.commit", params, cases[i].code);

		assert_int_equal(rig_number(error, "data.row"), 0);
		json_decref(error);
		rig->actor = &actor_operator;
		rig_check_mirror(rig);
		free(params);
		free(id);
	}
}

/* A prefix that moves between the rows and their commit: what the import was begun for still holds. */
static void test_prefix_moves(void **state)
{
	struct rig *rig = *state;
	char *only = staged(rig, "{'region':'us'}", "{'address':'198.51.100.9','default':true}");
	char *ids = staged(rig, "{}",
		"{'address':'198.51.100.9','default':true,'id':'x'},"
		"{'address':'203.0.113.9','default':true,'id':'x'}");
	char *only_params = with(only, ""), *ids_params = with(ids, "");

	json_decref(rig_ok(rig, "region.move_prefix", "{'prefix':'198.51.100.0/24','to':'eu'}"));
	json_t *error = rig_refused(rig, "import.commit", only_params, "DNS.0601");

	assert_string_equal(rig_text(error, "data.field"), "address");
	json_decref(error);
	error = rig_refused(rig, "import.commit", ids_params, "DNS.0504");
	assert_non_null(strstr(rig_text(error, "message"), "a prefix has moved"));
	json_decref(error);
	free(only_params);
	free(ids_params);
	free(only);
	free(ids);
}

/* No room for the rows when they are wanted: the import is gone, and says so. */
static void test_no_room_for_rows(void **state)
{
	const struct rlimit none = {0, RLIM_INFINITY};
	struct rig *rig = *state;
	char *id = staged(rig, "{}", "{'address':'203.0.113.9','default':true}");
	char *params = with(id, "");
	struct rlimit before;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	json_t *error = rig_refused(rig, "import.commit", params, "DNS.0001");

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(strstr(rig_text(error, "message"), "the import is aborted"));
	json_decref(error);
	json_decref(rig_refused(rig, "import.commit", params, "DNS.0002"));
	assert_int_equal(files(rig), 0);
	free(params);
	free(id);
}

/* Ids that go round: nothing but the end counts. */
static void test_ids_move(void **state)
{
	struct rig *rig = *state;
	char *id = staged(rig, "{'region':'eu'}",
		"{'address':'203.0.113.1','default':true,'id':'two'},"
		"{'address':'203.0.113.2','default':true,'id':'three'},"
		"{'address':'203.0.113.3','default':true,'id':'one'}");
	char *params = with(id, ",'name':'eu'");
	json_t *result = rig_ok(rig, "region.load", params);

	expect_figures(result, (int[]){0, 3, 0, 0, 0, 0});
	expect_eip(rig, "203.0.113.1", "two", NULL);
	expect_eip(rig, "203.0.113.2", "three", NULL);
	expect_eip(rig, "203.0.113.3", "one", NULL);
	json_decref(result);
	free(params);
	free(id);
}

/* A project's is told from others of its name, as after a single request. */
static void test_actor(void **state)
{
	struct rig *rig = *state;

	rig->actor = &shop;
	char *id = staged(rig, "{}", "{'address':'203.0.113.1','names':['a.example']}");
	char *params = with(id, "");

	json_decref(rig_ok(rig, "import.commit", params));
	json_decref(rig_ok(rig, "ptr.unset", "{'address':'203.0.113.1'}"));
	rig_expect_rows(rig, "SELECT actor, action FROM audit ORDER BY revision DESC LIMIT 2",
		(const char *const[]){"shop (project:shop)|ptr.unset",
			"shop (project:shop)|import.commit", NULL});
	free(params);
	free(id);
}

static void test_quota(void **state)
{
	static const struct {
		int quota;
		const char *rows, *code;
	} cases[] = {
		/* -1: none of its own, the configured 2. It has one PTR. */
		{-1, "{'address':'203.0.113.1','names':['z.example']}", NULL},
		{-1, "{'address':'203.0.113.9','names':['a.example'],'project':'shop'}",
			"DNS.0405"},
		{2, "{'address':'203.0.113.1','names':['a.example']}", NULL},
		{2, "{'address':'203.0.113.9','names':['a.example'],'project':'shop'}", "DNS.0405"},
		{3, "{'address':'203.0.113.9','names':['a.example'],'project':'shop'}", NULL},
		/* One that has more than it may can still change them, and have less. */
		{1, "{'address':'203.0.113.1','names':['b.example']}", NULL},
		{1, "{'address':'203.0.113.1','default':true}", NULL},
		{1,
			"{'address':'203.0.113.9','default':true},"
			"{'address':'203.0.113.1','names':['a.example']}",
			NULL},
		{0, "{'address':'203.0.113.9','names':['a.example']}", NULL},
		/* Those of all regions count: there are three in the other one. */
		{3, "{'address':'198.51.100.1','names':['a.example'],'project':'shop'}",
			"DNS.0405"},
		{4, "{'address':'198.51.100.1','names':['a.example'],'project':'shop'}", NULL},
	};
	struct rig *rig = *state;
	char sql[80];

	rig->control.ptr_quota = 2;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(sql, sizeof(sql),
			cases[i].quota < 0
				? "DELETE FROM project WHERE name = 'shop' AND quota <> %d"
				: "INSERT OR REPLACE INTO project VALUES ('shop', %d)",
			cases[i].quota);
		assert_int_equal(
			sqlite3_exec(rig->control.store->db, sql, NULL, NULL, NULL), SQLITE_OK);
		char *id = staged(rig, "{}", cases[i].rows), *params = with(id, "");

		json_decref(cases[i].code == NULL
				? rig_ok(rig, "import.commit", params)
				: rig_refused(rig, "import.commit", params, cases[i].code));
		rig_check_mirror(rig);
		free(params);
		free(id);
	}
}

/* `count` rows from .0 of a /16. */
static char *rows_of(const char *network, unsigned from, unsigned count, const char *rest)
{
	char *rows = calloc(count, 64 + strlen(rest)), *out = rows;

	assert_non_null(rows);
	for (unsigned i = from; i < from + count; i++)
		out += sprintf(out, "%s{'address':'%s.%u.%u',%s}", i > from ? "," : "", network,
			i / 256, i % 256, rest);
	return rows;
}

static void commit_rows(struct rig *rig, char *rows, const char *figure, unsigned count)
{
	char *id = staged(rig, "{}", rows), *params = with(id, "");
	json_t *result = rig_ok(rig, "import.commit", params);

	assert_int_equal(rig_number(result, figure), count);
	rig_check_mirror(rig);
	json_decref(result);
	free(params);
	free(id);
	free(rows);
}

/* On both sides of what is few: into the table that there is, and into a new one. */
static void test_many(void **state)
{
	struct rig *rig = *state;

	json_decref(rig_ok(rig, "region.create",
		"{'name':'big','prefixes':['10.1.0.0/16'],'suffix':'c.example.com'}"));
	commit_rows(rig, rows_of("10.1", 0, 4095, "'default':true"), "bound", 4095);
	commit_rows(rig, rows_of("10.1", 4095, 4096, "'names':['a.example','b.example']"), "bound",
		4096);
	commit_rows(rig, rows_of("10.1", 0, 4096, "'names':['c.example']"), "set", 4096);
	commit_rows(rig, rows_of("10.1", 0, 4096, "'default':true"), "unset", 4096);
	commit_rows(rig, rows_of("10.1", 4095, 4095, "'unbind':true"), "unbound", 4095);
	rig_restart(rig);
	rig_check_mirror(rig);
}

/* What fails on the way to being served leaves the store as it was, and can be tried again. */
static void test_publisher_fails(void **state)
{
	struct rig *rig = *state;
	char *id = staged(rig, "{}",
		"{'address':'203.0.113.1','names':['a.example']},"
		"{'address':'203.0.113.9','names':['b.example']},"
		"{'address':'203.0.113.2','unbind':true}");
	char *params = with(id, "");

	for (int i = 0; i < 4; i++) {
		rig->control.publisher->fail_after = i;
		json_decref(rig_refused(rig, "import.commit", params, "DNS.0001"));
		rig->control.publisher->fail_after = -1;
		rig_check_mirror(rig);
	}
	rig->control.publisher->unprepared = 1;
	json_decref(rig_refused(rig, "import.commit", params, "DNS.0001"));
	rig_check_mirror(rig);
	json_t *result = rig_ok(rig, "import.commit", params);

	expect_figures(result, (int[]){1, 0, 1, 2, 0, 0});
	json_decref(result);
	free(params);
	free(id);
}

/* Before it in the same round, and after it: each sees what the one before has done. */
static void test_round(void **state)
{
	struct rig *rig = *state;
	char *id = staged(rig, "{}",
		"{'address':'203.0.113.9','names':['a.example']},"
		"{'address':'203.0.113.10','default':true,'project':'p'}");
	struct request requests[3];
	char *lines[3];

	assert_true(asprintf(&lines[0],
			    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eip.bind\",\"params\":"
			    "{\"address\":\"203.0.113.10\"}}")
		> 0);
	assert_true(asprintf(&lines[1],
			    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"import.commit\","
			    "\"params\":{\"import\":\"%s\"}}",
			    id)
		> 0);
	assert_true(asprintf(&lines[2],
			    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"ptr.unset\",\"params\":"
			    "{\"address\":\"203.0.113.9\"}}")
		> 0);
	round_begin(&rig->round);
	for (int i = 0; i < 3; i++) {
		request_parse(&requests[i], rig->actor, lines[i], strlen(lines[i]));
		round_execute(&rig->round, &requests[i]);
	}
	round_commit(&rig->round);
	for (int i = 0; i < 3; i++) {
		json_t *reply = json_loadb(requests[i].reply, requests[i].reply_len, 0, NULL);

		if (i == 1)
			expect_figures(rig_at(reply, "result"), (int[]){1, 1, 0, 1, 0, 0});
		assert_int_equal(requests[i].revision, 9 + (i > 0 ? i + 1 : 0));
		json_decref(reply);
		request_free(&requests[i]);
		free(lines[i]);
	}
	rig_check_mirror(rig);
	free(id);
}

/* Begins that many, and then one more, which is refused. */
static void begin_all(struct rig *rig, int count)
{
	for (int i = 0; i < count; i++)
		free(begin(rig, "{'mode':'merge'}"));
	json_decref(rig_refused(rig, "import.begin", "{}", "DNS.0503"));
}

/* Who has begun it, how many there may be, and what a start finds of earlier ones. */
static void test_ownership(void **state)
{
	static const struct actor other = {.role = ROLE_OPERATOR, .name = "other", .uid = 61001};
	struct rig *rig = *state;
	char *id = staged(rig, "{}", "{'address':'203.0.113.9','default':true}");
	char *params = with(id, ""), path[128];

	rig->actor = &other;
	json_decref(rig_refused(rig, "import.commit", params, "DNS.0002"));
	json_decref(rig_refused(rig, "import.abort", params, "DNS.0002"));
	begin_all(rig, IMPORTS_MAX / 2);
	json_decref(rig_refused(rig, "import.begin", "{'mode':'replace'}", "DNS.0002"));
	json_decref(rig_refused(rig, "import.begin", "{'region':'nowhere'}", "DNS.0601"));
	assert_int_equal(files(rig), 1 + IMPORTS_MAX / 2);
	imports_free(&rig->control.imports, &other);
	assert_int_equal(files(rig), 1);
	rig->actor = &actor_operator;
	json_decref(rig_ok(rig, "import.commit", params));

	snprintf(path, sizeof(path), "%s/import-left-behind.db", rig->dir);
	FILE *left = fopen(path, "w");

	assert_non_null(left);
	fclose(left);
	rig_restart(rig);
	assert_int_equal(files(rig), 0);
	free(params);
	free(id);
}

/* No user gets more than half of the imports, and projects do not get the operators' ones. */
static void test_places(void **state)
{
	static const struct actor actors[] = {
		{.role = ROLE_PROJECT, .project = "a", .name = "alice", .uid = 61001},
		{.role = ROLE_PROJECT, .project = "a", .name = "alice", .uid = 61001},
		{.role = ROLE_PROJECT, .project = "b", .name = "bob", .uid = 61002},
		{.role = ROLE_OPERATOR, .name = "olga", .uid = 61003},
	};
	struct rig *rig = *state;

	/* Two connections of one user. */
	rig->actor = &actors[0];
	free(begin(rig, "{}"));
	rig->actor = &actors[1];
	begin_all(rig, IMPORTS_MAX / 2 - 1);
	rig->actor = &actors[2];
	begin_all(rig, IMPORTS_MAX * 3 / 8);
	rig->actor = &actors[3];
	begin_all(rig, IMPORTS_MAX / 8);
	assert_int_equal(files(rig), IMPORTS_MAX);
	/* What goes makes room for operators first. */
	imports_free(&rig->control.imports, &actors[0]);
	rig->actor = &actors[2];
	json_decref(rig_refused(rig, "import.begin", "{}", "DNS.0503"));
	rig->actor = &actors[3];
	begin_all(rig, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rules, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rejected, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_commit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_audit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_load, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_commit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_prefix_moves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_room_for_rows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ids_move, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_actor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_quota, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_publisher_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_round, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ownership, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
