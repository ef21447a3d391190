/*
 * Who may do what, and what a project can tell of the others: nothing. Every method of the daemon's
 * own table must have its row here: which roles may call it, and what a project asks of it in two
 * worlds that differ in the other projects alone. It must be told the same in both, byte by byte.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

/* What project a asks, and the code that it has to get; NULL: a result. */
struct probe {
	const char *params, *code;
};
#define PROBES_MOST 16

struct method {
	const char *method;
	unsigned roles; /* that may call it */
	struct probe probes[PROBES_MOST];
};

/* clang-format off */

#define NAMES "'names':['mail.example.org']"
#define ASK(method, params) "{'method':'" method "','params':{" params "}}"

/* 203.0.113.1, .3 and .5 are a's; .2, .4 and 198.51.100.1 are b's in one world and nobody's in the
 * other; .6 is nobody's. */
static const struct method methods[] = {
	{"eip.get", EVERYBODY, {
		{"{'address':'203.0.113.1'}", NULL},
		{"{'address':'203.0.113.2'}", "DNS.0502"},
		{"{'address':'203.0.113.6'}", "DNS.0502"},
		{"{'address':'198.51.100.1'}", "DNS.0502"},
		{"{'address':'192.0.2.1'}", "DNS.0502"}}},
	{"eip.list", EVERYBODY, {
		{"{}", NULL},
		{"{'project':'a'}", NULL},
		{"{'project':'b'}", "DNS.0013"},
		{"{'project':'nobody'}", "DNS.0013"},
		{"{'region':'eu'}", NULL},
		{"{'region':'us'}", NULL},
		{"{'region':'none'}", "DNS.0601"},
		{"{'limit':1}", NULL},
		{"{'limit':1,'offset':1}", NULL},
		{"{'marker':'203.0.113.2'}", NULL},
		{"{'marker':'203.0.113.4','region':'eu'}", NULL}}},
	{"ptr.get", EVERYBODY, {
		{"{'address':'203.0.113.1'}", NULL},
		{"{'id':'eu:a1'}", NULL},
		{"{'address':'203.0.113.3'}", "DNS.0507"},
		{"{'id':'eu:a3'}", "DNS.0507"},
		{"{'address':'203.0.113.2'}", "DNS.0502"},
		{"{'address':'203.0.113.4'}", "DNS.0502"},
		{"{'address':'203.0.113.6'}", "DNS.0502"},
		{"{'id':'eu:b2'}", "DNS.0502"},
		{"{'id':'eu:b4'}", "DNS.0502"},
		{"{'id':'us:b1'}", "DNS.0502"},
		{"{'id':'none:b1'}", "DNS.0502"},
		{"{'id':'b2'}", "DNS.0501"}}},
	{"ptr.list", EVERYBODY, {
		{"{}", NULL},
		{"{'project':'a'}", NULL},
		{"{'project':'b'}", "DNS.0013"},
		{"{'project':'nobody'}", "DNS.0013"},
		{"{'region':'eu'}", NULL},
		{"{'region':'us'}", NULL},
		{"{'limit':1}", NULL},
		{"{'marker':'203.0.113.2'}", NULL},
		{"{'name':'a.example'}", NULL},
		{"{'name':'*.example'}", NULL},
		{"{'tags':'k,v'}", NULL},
		{"{'tags':'k,*'}", NULL},
		{"{'status':'ACTIVE','prefix':'203.0.113.0/24'}", NULL}}},
	{"ptr.set", OWNERS, {
		{"{'address':'203.0.113.1'," NAMES "}", NULL},
		{"{'id':'eu:a1'," NAMES ",'ttl':60}", NULL},
		{"{'address':'203.0.113.3'," NAMES "}", "DNS.0405"},
		{"{'id':'eu:a3'," NAMES "}", "DNS.0405"},
		{"{'address':'203.0.113.2'," NAMES "}", "DNS.0502"},
		{"{'address':'203.0.113.4'," NAMES "}", "DNS.0502"},
		{"{'address':'203.0.113.6'," NAMES "}", "DNS.0502"},
		{"{'id':'eu:b2'," NAMES "}", "DNS.0502"},
		{"{'id':'us:b1'," NAMES "}", "DNS.0502"},
		{"{'id':'eu:'," NAMES "}", "DNS.0501"}}},
	{"ptr.unset", OWNERS, {
		{"{'address':'203.0.113.3'}", NULL},
		{"{'id':'eu:a3'}", NULL},
		{"{'address':'203.0.113.2'}", "DNS.0502"},
		{"{'address':'203.0.113.4'}", "DNS.0502"},
		{"{'address':'203.0.113.6'}", "DNS.0502"},
		{"{'id':'eu:b2'}", "DNS.0502"},
		{"{'id':'eu:b4'}", "DNS.0502"},
		{"{'id':'eu:none'}", "DNS.0502"}}},
	{"batch", EVERYBODY, {
		{"{'requests':[" ASK("eip.get", "'address':'203.0.113.1'") ","
			ASK("ptr.set", "'id':'eu:a5'," NAMES) "]}", NULL},
		{"{'requests':[" ASK("eip.get", "'address':'203.0.113.1'") ","
			ASK("eip.get", "'address':'203.0.113.2'") "]}", "DNS.0502"},
		{"{'requests':[" ASK("ptr.set", "'id':'eu:b2'," NAMES) "]}", "DNS.0502"},
		{"{'requests':[" ASK("eip.bind", "'address':'203.0.113.2'") "]}", "DNS.0013"},
		{"{'requests':[" ASK("eip.unbind", "'address':'203.0.113.2'") "]}", "DNS.0013"},
		{"{'requests':[" ASK("project.get", "'project':'b'") "]}", "DNS.0013"},
		{"{'requests':[" ASK("region.get", "'name':'us'") "],'quiet':true}", NULL}}},
	{"region.get", EVERYBODY, {
		{"{'name':'eu'}", NULL},
		{"{'name':'us'}", NULL},
		{"{'name':'none'}", "DNS.0601"}}},
	{"region.list", EVERYBODY, {
		{"{}", NULL},
		{"{'limit':1,'marker':'eu'}", NULL}}},
	{"project.get", EVERYBODY, {
		{"{'project':'a'}", NULL},
		{"{'project':'b'}", "DNS.0013"},
		{"{'project':'nobody'}", "DNS.0013"}}},
	/* What a project is refused, it is refused whatever it asks. */
	{"eip.bind", OPERATORS, {
		{"{'address':'203.0.113.1','project':'a'}", "DNS.0013"},
		{"{'address':'203.0.113.2','project':'a'}", "DNS.0013"},
		{"{'address':'203.0.113.6','id':'b2'}", "DNS.0013"}}},
	{"eip.unbind", OPERATORS, {
		{"{'address':'203.0.113.1'}", "DNS.0013"},
		{"{'address':'203.0.113.2'}", "DNS.0013"}}},
	{"region.create", OPERATORS, {
		{"{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'compute.example.com'}", "DNS.0013"}}},
	{"region.update", OPERATORS, {{"{'name':'us','default_ttl':60}", "DNS.0013"}}},
	{"region.delete", OPERATORS, {
		{"{'name':'us'}", "DNS.0013"},
		{"{'name':'us','force':true}", "DNS.0013"}}},
	{"region.move_prefix", OPERATORS, {
		{"{'prefix':'203.0.113.0/24','to':'us'}", "DNS.0013"}}},
	{"region.attach", OPERATORS, {{"{'name':'us'}", "DNS.0013"}}},
	{"region.detach", OPERATORS, {{"{'name':'us'}", "DNS.0013"}}},
	{"project.set", OPERATORS, {
		{"{'project':'a','quota':100}", "DNS.0013"},
		{"{'project':'b','quota':77}", "DNS.0013"}}},
	{"node.audit", EVERYBODY, {
		{"{}", NULL},
		{"{'project':'b'}", "DNS.0013"},
		{"{'project':'nobody'}", "DNS.0013"},
		{"{'address':'203.0.113.1'}", NULL},
		{"{'address':'203.0.113.2'}", NULL},
		{"{'region':'us'}", NULL},
		{"{'action':'eip.bind'}", NULL},
		{"{'limit':1}", NULL},
		{"{'marker':5,'since':'0'}", NULL}}},
	{"watch", EVERYBODY, {
		{"{'revision':0}", NULL},
		{"{'revision':99}", "DNS.0007"},
		{"{}", NULL}}},
	{"project.list", READERS, {{"{}", "DNS.0013"}}},
	/* IMPORT: one that the project has begun. What a row is told is told in the reply. */
	{"import.begin", OWNERS, {
		{"{}", NULL},
		{"{'region':'eu'}", NULL},
		{"{'region':'none'}", "DNS.0601"}}},
	{"import.rows", OWNERS, {
		{"{'import':'IMPORT','rows':[{'address':'203.0.113.1'," NAMES "}]}", NULL},
		{"{'import':'IMPORT','rows':[{'address':'203.0.113.2'," NAMES "},"
			"{'address':'203.0.113.6'," NAMES "},{'address':'198.51.100.1'," NAMES "}]}", NULL},
		{"{'import':'IMPORT','rows':[{'address':'203.0.113.2','default':true},"
			"{'address':'203.0.113.4','unbind':true},{'address':'203.0.113.1','id':'b2'}]}", NULL},
		{"{'import':'none','rows':[]}", "DNS.0002"}}},
	{"import.commit", OWNERS, {
		{"{'import':'IMPORT'}", NULL},
		{"{'import':'none'}", "DNS.0002"}}},
	{"import.abort", OWNERS, {
		{"{'import':'IMPORT'}", NULL},
		{"{'import':'none'}", "DNS.0002"}}},
	{"region.load", OPERATORS, {{"{'name':'eu','import':'IMPORT'}", "DNS.0013"}}},
	{"node.status", READERS, {{"{}", "DNS.0013"}}},
	{"node.stats", READERS, {{"{}", "DNS.0013"}}},
	{"node.backup", OPERATORS, {
		{"{}", "DNS.0013"},
		{"{'path':'/tmp/x'}", "DNS.0013"}}},
};

/* What there is of a, in both worlds. */
static const struct probe ours[] = {
	{"region.create", "{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'compute.example.com'}"},
	{"region.create", "{'name':'us','prefixes':['198.51.100.0/24'],'suffix':'compute.example.com'}"},
	{"eip.bind", "{'address':'203.0.113.1','id':'a1','project':'a'}"},
	{"eip.bind", "{'address':'203.0.113.3','id':'a3','project':'a'}"},
	{"eip.bind", "{'address':'203.0.113.5','id':'a5','project':'a'}"},
	{"ptr.set", "{'address':'203.0.113.1','names':['a.example'],'tags':[{'key':'k','value':'v'}]}"},
	{"ptr.set", "{'address':'203.0.113.5','names':['a.example'],'description':'five'}"},
};

/* What there is of b, in one of them. */
static const struct probe theirs[] = {
	{"eip.bind", "{'address':'203.0.113.2','id':'b2','project':'b'}"},
	{"eip.bind", "{'address':'203.0.113.4','id':'b4','project':'b'}"},
	{"eip.bind", "{'address':'198.51.100.1','id':'b1','project':'b'}"},
	{"ptr.set", "{'address':'203.0.113.2','names':['a.example'],'tags':[{'key':'k','value':'v'}]}"},
	{"ptr.set", "{'address':'198.51.100.1','names':['a.example']}"},
	{"project.set", "{'project':'b','quota':77}"},
};

/* As many changes in the other, which leave nothing: revisions are counted for all together. */
static const struct probe traces[] = {
	{"eip.bind", "{'address':'203.0.113.200','project':'c'}"},
	{"eip.unbind", "{'address':'203.0.113.200'}"},
	{"eip.bind", "{'address':'203.0.113.200','project':'c'}"},
	{"eip.unbind", "{'address':'203.0.113.200'}"},
	{"eip.bind", "{'address':'203.0.113.200','project':'c'}"},
	{"eip.unbind", "{'address':'203.0.113.200'}"},
};

/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct actor actors[] = {
	[ROLE_NONE] = {.role = ROLE_NONE, .name = "mallory"},
	[ROLE_OPERATOR] = {.role = ROLE_OPERATOR, .name = "olga"},
	[ROLE_PROJECT] = {.role = ROLE_PROJECT, .project = "a", .name = "alice"},
	[ROLE_VIEWER] = {.role = ROLE_VIEWER, .name = "victor"},
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < COUNT(methods); i++)
		if (strcmp(methods[i].method, name) == 0)
			return &methods[i];
	return NULL;
}

/* One that nobody has thought of here may not be called by anybody but a test that fails. */
static void test_all_methods(void **state)
{
	size_t count;
	const struct command *commands = command_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct method *method = find_method(commands[i].method);

		if (method == NULL)
			fail_msg("%s has no row: who may call it, and what may a project see of "
				 "others by it?",
				commands[i].method);
		else if (method->roles != commands[i].roles)
			fail_msg("%s: roles %x, expected %x", method->method, commands[i].roles,
				method->roles);
	}
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (command_find(methods[i].method) == NULL)
			fail_msg("there is no method %s any more", methods[i].method);
		if (methods[i].probes[0].params == NULL)
			fail_msg("a project asks nothing of %s", methods[i].method);
	}
}

static void run_all(struct rig *rig, const struct probe *steps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_decref(rig_ok(rig, steps[i].params, steps[i].code));
}

static struct rig *new_world(const struct probe *others, size_t count)
{
	struct rig *rig = rig_new();

	rig->control.ptr_quota = 2;
	rig->actor = &actors[ROLE_OPERATOR];
	run_all(rig, ours, COUNT(ours));
	run_all(rig, others, count);
	return rig;
}

static const char *code_of(const json_t *reply)
{
	const json_t *error = json_object_get(reply, "error");

	return error != NULL ? rig_text(error, "data.code") : "";
}

/* True if the actor was let in, whatever became of the request. */
static bool let_in(struct rig *rig, const struct actor *actor, const char *method, bool batch)
{
	char params[256];

	snprintf(params, sizeof(params),
		batch ? "{'requests':[{'method':'%s','params':{}}]}" : "{}", method);
	rig->actor = actor;
	json_t *reply = rig_ask(rig, batch ? "batch" : method, params);
	const bool refused = strcmp(code_of(reply), "DNS.0013") == 0;

	if (refused) {
		/* Nobody's batch is refused as a whole. */
		const bool member = batch && actor->role != ROLE_NONE;
		const char *message = rig_text(reply, "error.message");

		assert_non_null(strstr(message, batch && !member ? "batch" : method));
		assert_non_null(strstr(message, actor->name));
		assert_true(member == (strstr(message, "requests[0]") != NULL));
	}
	json_decref(reply);
	return !refused;
}

/* Each role with each method, alone and as a member of a batch. */
static void test_roles(void **state)
{
	struct rig *rig = new_world(theirs, COUNT(theirs));

	(void)state;
	for (size_t i = 0; i < COUNT(methods); i++)
		for (enum role role = ROLE_NONE; role <= ROLE_VIEWER; role++) {
			const bool may = (methods[i].roles & ROLE_BIT(role)) != 0;
			const char *method = methods[i].method;

			if (let_in(rig, &actors[role], method, false) != may)
				fail_msg("%s by %s", method, actors[role].name);
			if (command_find(method)->in_batch
				&& let_in(rig, &actors[role], method, true) != may)
				fail_msg("%s in a batch by %s", method, actors[role].name);
		}
	rig_free(rig);
}

#define IMPORT "IMPORT"

/* The probe's parameters, for an import that there is. Free it. */
static char *params_of(struct rig *rig, const struct probe *probe)
{
	const char *place = strstr(probe->params, IMPORT);
	char *params = NULL;

	if (place == NULL)
		return strdup(probe->params);
	json_t *import = rig_ok(rig, "import.begin", "{}");
	assert_true(asprintf(&params, "%.*s%s%s", (int)(place - probe->params), probe->params,
			    rig_text(import, "import"), place + strlen(IMPORT))
		> 0);
	json_decref(import);
	return params;
}

/* The reply as text, with every time in it at midnight of no day, and no import's own name. */
static char *told(struct rig *rig, const char *method, const struct probe *probe)
{
	char *params = params_of(rig, probe);
	json_t *reply = rig_ask(rig, method, params);
	json_t *result = json_object_get(reply, "result");

	if (json_object_get(result, "import") != NULL)
		json_object_set_new(result, "import", json_string(IMPORT));
	char *text = json_dumps(reply, JSON_INDENT(1));

	free(params);
	assert_non_null(text);
	if (strcmp(code_of(reply), probe->code != NULL ? probe->code : "") != 0)
		fail_msg("%s %s: %s", method, probe->params, text);
	for (char *t = text; (t = strchr(t, 'T')) != NULL; t++)
		if (t - text > 10 && isdigit(t[-1]) && t[3] == ':' && t[9] == 'Z')
			for (char *c = t - 10; c < t + 9; c++)
				*c = isdigit(*c) ? '0' : *c;
	json_decref(reply);
	return text;
}

static void test_worlds(void **state)
{
	struct rig *alone = new_world(traces, COUNT(traces));
	struct rig *beside = new_world(theirs, COUNT(theirs));

	(void)state;
	assert_int_equal(
		store_revision(alone->control.store), store_revision(beside->control.store));
	alone->actor = beside->actor = &actors[ROLE_PROJECT];
	for (size_t i = 0; i < COUNT(methods); i++)
		for (const struct probe *p = methods[i].probes; p->params != NULL; p++) {
			char *one = told(alone, methods[i].method, p);
			char *other = told(beside, methods[i].method, p);

			if (strcmp(one, other) != 0)
				fail_msg("%s %s:\nalone:\n%s\nbeside b:\n%s", methods[i].method,
					p->params, one, other);
			free(one);
			free(other);
		}
	rig_free(alone);
	rig_free(beside);
}

/* A list and its total, as one text. */
static void expect_list(struct rig *rig, const char *method, const char *member, int total)
{
	json_t *list = rig_ok(rig, method, "{}");

	assert_int_equal(rig_number(list, "total"), total);
	assert_int_equal(json_array_size(rig_at(list, member)), total);
	json_decref(list);
}

/* An EIP that another project gets is gone for the first; a viewer sees them all. */
static void test_taken_away(void **state)
{
	struct rig *rig = new_world(theirs, COUNT(theirs));

	(void)state;
	rig->actor = &actors[ROLE_PROJECT];
	expect_list(rig, "eip.list", "eips", 3);
	expect_list(rig, "ptr.list", "ptrs", 2);
	rig->actor = &actors[ROLE_OPERATOR];
	json_decref(rig_ok(rig, "eip.bind", "{'address':'203.0.113.1','project':'b','id':'a1'}"));
	json_decref(rig_ok(rig, "ptr.set", "{'address':'203.0.113.1','names':['theirs.example']}"));
	rig->actor = &actors[ROLE_PROJECT];
	expect_list(rig, "eip.list", "eips", 2);
	expect_list(rig, "ptr.list", "ptrs", 1);
	json_decref(rig_refused(rig, "ptr.get", "{'id':'eu:a1'}", "DNS.0502"));
	json_decref(rig_refused(rig, "ptr.unset", "{'address':'203.0.113.1'}", "DNS.0502"));
	json_decref(rig_refused(rig, "eip.get", "{'address':'203.0.113.1'}", "DNS.0502"));
	rig->actor = &actors[ROLE_VIEWER];
	expect_list(rig, "eip.list", "eips", 6);
	expect_list(rig, "ptr.list", "ptrs", 4);
	json_decref(rig_ok(rig, "eip.get", "{'address':'203.0.113.2'}"));
	json_decref(rig_ok(rig, "ptr.get", "{'id':'us:b1'}"));
	json_t *region = rig_ok(rig, "region.get", "{'name':'us'}");
	assert_int_equal(rig_number(region, "eips"), 1);
	(void)rig_number(region, "revision");
	json_decref(region);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_methods),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_worlds),
		cmocka_unit_test(test_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
