/* What holds for every method, batches, and a publisher that refuses. */
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

/* Methods with all their parameters, each of its right type. */
struct shape {
	const char *method, *params;
	const char *required[4];
};

#define SETTINGS                                                                                    \
	"'default_name':'{a}.x','default_name6':'{address}.x','default_ttl':1,'unbound':'default'," \
	"'soa':{},'ns':{},'rfc2317':'0/25.0.0.10.in-addr.arpa','delegations':[]"
#define PAGE "'limit':1,'marker':'203.0.113.1','offset':0"
#define FILTERS                                                                                    \
	"'total':true,'region':'eu','project':'p','status':'ACTIVE','name':'a.example',"           \
	"'prefix':'203.0.113.0/24','tags':'k,v'"

static const struct shape shapes[] = {
	{"region.create",
		"{'name':'a','prefixes':['10.0.0.0/8'],'suffix':'x'," SETTINGS
		",'state':'detached'}",
		{"name", "prefixes", "suffix"}},
	{"region.update", "{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'x'," SETTINGS "}",
		{"name"}},
	{"region.delete", "{'name':'eu','force':true}", {"name"}},
	{"region.get", "{'name':'eu'}", {"name"}},
	{"region.list",
		"{'limit':1,'marker':'a','offset':0,'name':'eu','status':'attached',"
		"'prefix':'203.0.113.0/24'}",
		{NULL}},
	{"region.attach", "{'name':'eu'}", {"name"}},
	{"region.detach", "{'name':'eu'}", {"name"}},
	{"region.move_prefix", "{'prefix':'203.0.113.0/24','to':'eu'}", {"prefix", "to"}},
	{"region.load", "{'name':'eu','import':'x'}", {"name", "import"}},
	{"eip.bind", "{'address':'203.0.113.1','id':'x','project':'p'}", {"address"}},
	{"eip.unbind", "{'address':'203.0.113.1'}", {"address"}},
	{"eip.get", "{'address':'203.0.113.1'}", {"address"}},
	{"eip.list", "{" PAGE "," FILTERS "}", {NULL}},
	{"ptr.set", "{'address':'203.0.113.1','names':['x'],'ttl':1,'description':'x','tags':[]}",
		{"address", "names"}},
	{"ptr.set", "{'id':'eu:x','names':['x']}", {"names"}},
	{"ptr.unset", "{'address':'203.0.113.1'}", {"address"}},
	{"ptr.unset", "{'id':'eu:x'}", {NULL}},
	{"ptr.get", "{'address':'203.0.113.1'}", {"address"}},
	{"ptr.get", "{'id':'eu:x'}", {NULL}},
	{"ptr.list", "{" PAGE "," FILTERS "}", {NULL}},
	{"batch", "{'requests':[],'quiet':true}", {"requests"}},
	{"project.set", "{'project':'p','quota':1}", {"project", "quota"}},
	{"project.get", "{'project':'p'}", {"project"}},
	{"project.list", "{'limit':1,'marker':'p','offset':0}", {NULL}},
	{"import.begin", "{'mode':'merge','region':'eu'}", {NULL}},
	{"import.rows", "{'import':'x','rows':[]}", {"import", "rows"}},
	{"import.commit", "{'import':'x'}", {"import"}},
	{"import.abort", "{'import':'x'}", {"import"}},
	{"node.status", "{}", {NULL}},
	{"node.stats", "{}", {NULL}},
	{"node.backup", "{'path':'/tmp/x'}", {NULL}},
	{"node.audit",
		"{'limit':1,'marker':1,'address':'203.0.113.1','project':'p','region':'eu',"
		"'action':'ptr.set','since':'2026-01-01','until':'2026-01-02'}",
		{NULL}},
	{"watch", "{'revision':1}", {NULL}},
};

/* Asks with `params`, which must be refused because of `field`. */
static void refused_field(struct rig *rig, const char *method, json_t *params, const char *field)
{
	char *text = json_dumps(params, 0);
	json_t *error = rig_refused(rig, method, text, "DNS.0002");

	assert_int_equal(rig_number(error, "code"), PTRD_RPC_INVALID_PARAMS);
	assert_string_equal(rig_text(error, "data.field"), field);
	json_decref(error);
	free(text);
}

static bool may_be_null(const struct shape *shape, const char *name)
{
	return strcmp(shape->method, "project.set") == 0 && strcmp(name, "quota") == 0;
}

static void wrong_types(struct rig *rig, const struct shape *shape, const json_t *params)
{
	const char *name;
	json_t *value, *copy;

	json_object_foreach((json_t *)(uintptr_t)params, name, value)
	{
		json_t *others[] = {json_null(), json_integer(1), json_real(1.0), json_true(),
			json_string("x"), json_array(), json_object()};

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
			if (json_typeof(others[i]) != json_typeof(value)
				&& !(json_is_null(others[i]) && may_be_null(shape, name))) {
				copy = json_copy((json_t *)(uintptr_t)params);
				json_object_set(copy, name, others[i]);
				refused_field(rig, shape->method, copy, name);
				json_decref(copy);
			}
			json_decref(others[i]);
		}
	}
}

static void test_shapes(void **state)
{
	struct rig *rig = *state;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *shape = &shapes[i];
		json_t *params = rig_json(shape->params), *copy;

		print_message("%s\n", shape->method);
		wrong_types(rig, shape, params);
		for (int j = 0; shape->required[j] != NULL; j++) {
			copy = json_copy(params);
			json_object_del(copy, shape->required[j]);
			refused_field(rig, shape->method, copy, shape->required[j]);
			json_decref(copy);
		}
		copy = json_copy(params);
		json_object_set_new(copy, "colour", json_string("blue"));
		refused_field(rig, shape->method, copy, "colour");
		json_decref(copy);
		json_decref(params);
	}
}

/* One that is forgotten above is missed here. */
static void test_all_shapes(void **state)
{
	size_t count;
	const struct command *commands = command_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct param *param = commands[i].params;
		bool found = false;

		for (; found = false, param->name != NULL; param++) {
			for (size_t j = 0; j < sizeof(shapes) / sizeof(shapes[0]); j++) {
				json_t *params = rig_json(shapes[j].params);

				found |= strcmp(shapes[j].method, commands[i].method) == 0
					&& json_object_get(params, param->name) != NULL;
				json_decref(params);
			}
			if (!found)
				fail_msg("%s: no shape has %s", commands[i].method, param->name);
		}
		for (size_t j = 0; j < sizeof(shapes) / sizeof(shapes[0]); j++)
			found |= strcmp(shapes[j].method, commands[i].method) == 0;
		if (!found)
			fail_msg("no shape of %s", commands[i].method);
	}
}

static void test_unknown_method(void **state)
{
	json_t *error = rig_refused(*state, "ptr.paint", "{}", "DNS.0002");

	assert_int_equal(rig_number(error, "code"), PTRD_RPC_METHOD_NOT_FOUND);
	json_decref(error);
}

static void test_batch(void **state)
{
	struct rig *rig = *state;
	json_t *result, *error;

	result = rig_ok(rig, "batch",
		"{'requests':[{'method':'eip.bind','params':{'address':'203.0.113.7'}},"
		"{'method':'ptr.set','params':{'address':'203.0.113.7','names':['a.example']}},"
		"{'method':'ptr.get','params':{'address':'203.0.113.7'}}]}");
	assert_int_equal(json_array_size(rig_at(result, "results")), 3);
	assert_string_equal(rig_text(result, "results.0.address"), "203.0.113.7");
	assert_string_equal(rig_text(result, "results.2.names.0"), "a.example.");
	json_decref(result);
	result = rig_ok(rig, "batch",
		"{'quiet':true,'requests':[{'method':'eip.bind','params':{'address':'203.0.113.8'}},"
		"{'method':'region.create','params':"
		"{'name':'us','prefixes':['10.0.0.0/8'],'suffix':'us.example'}},"
		"{'method':'eip.bind','params':{'address':'10.0.0.1'}}]}");
	assert_int_equal(rig_number(result, "count"), 3);
	assert_null(json_object_get(result, "results"));
	json_decref(result);
	result = rig_ok(rig, "batch", "{'requests':[]}");
	assert_int_equal(json_array_size(rig_at(result, "results")), 0);
	json_decref(result);

	/* All or nothing, a region included. */
	error = rig_refused(rig, "batch",
		"{'requests':[{'method':'region.create','params':"
		"{'name':'ap','prefixes':['11.0.0.0/8'],'suffix':'ap.example'}},"
		"{'method':'eip.bind','params':{'address':'11.0.0.1'}},"
		"{'method':'ptr.unset','params':{'address':'203.0.113.7'}},"
		"{'method':'ptr.set','params':{'address':'11.0.0.1','names':['a'],'ttl':0}}]}",
		"DNS.0506");
	assert_int_equal(rig_number(error, "data.index"), 3);
	assert_string_equal(rig_text(error, "data.field"), "ttl");
	assert_string_equal(rig_text(error, "message"),
		"requests[3] (ptr.set): ttl: 0 is outside 1 to 2147483647");
	json_decref(error);
	json_decref(rig_refused(rig, "region.get", "{'name':'ap'}", "DNS.0601"));
	json_decref(rig_refused(rig, "eip.bind", "{'address':'11.0.0.1'}", "DNS.0601"));
	ok(rig, "ptr.get", "{'address':'203.0.113.7'}");
	ok(rig, "eip.get", "{'address':'10.0.0.1'}");
}

/* What a batch may make the process write in one line is bounded, and no change stays of one beyond it. */
static void test_batch_results(void **state)
{
#define LABEL "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff"
#define LONG(c) "'" c "." LABEL "." LABEL "." LABEL "." LABEL "'"
	struct rig *rig = *state;
	char *requests = NULL;
	size_t size;

	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	ok(rig, "ptr.set",
		"{'address':'203.0.113.7','names':[" LONG("a") "," LONG("b") "," LONG("c") "," LONG(
			"d") "," LONG("e") "," LONG("f") "," LONG("g") "," LONG("h") "]}");
	const uint64_t revision = store_revision(rig->control.store);

	for (int quiet = 0; quiet < 2; quiet++) {
		FILE *out = open_memstream(&requests, &size);

		fprintf(out, "{'quiet':%s,'requests':[", quiet ? "true" : "false");
		fprintf(out, "{'method':'eip.bind','params':{'address':'203.0.113.8'}}");
		for (int i = 0; i < 3000; i++)
			fprintf(out, ",{'method':'ptr.get','params':{'address':'203.0.113.7'}}");
		fprintf(out, "]}");
		fclose(out);
		if (quiet) {
			ok(rig, "batch", requests);
		} else {
			json_t *error = rig_refused(rig, "batch", requests, "DNS.0002");

			assert_non_null(strstr(rig_text(error, "message"), "4194304 bytes"));
			assert_in_range(rig_number(error, "data.index"), 1500, 2500);
			json_decref(error);
			assert_int_equal(store_revision(rig->control.store), revision);
		}
		free(requests);
	}
}

static void test_batch_refused(void **state)
{
	static const char *const bad[] = {
		"{'requests':[1]}",
		"{'requests':[{}]}",
		"{'requests':[{'method':1}]}",
		"{'requests':[{'method':'eip.get','params':[]}]}",
		"{'requests':[{'method':'eip.get','params':{'address':'203.0.113.7'},'id':1}]}",
		"{'requests':[{'method':'eip.paint'}]}",
		"{'requests':[{'method':'batch','params':{'requests':[]}}]}",
		"{'requests':[{'method':'node.status'}]}",
		"{'requests':[{'method':'eip.list'}]}",
		"{'requests':[{'method':'eip.get'}]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *error = rig_refused(*state, "batch", bad[i], "DNS.0002");

		assert_int_equal(rig_number(error, "data.index"), 0);
		json_decref(error);
	}
}

static void test_status(void **state)
{
	struct rig *rig = *state;
	json_t *status;

	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	ok(rig, "region.create",
		"{'name':'us','prefixes':['10.0.0.0/8'],'suffix':'x','state':'detached'}");
	status = rig_ok(rig, "node.status", "{}");
	assert_int_equal(rig_number(status, "revision"), 3);
	assert_int_equal(rig_number(status, "dataplane.readers"), 3);
	assert_int_equal(rig_number(status, "outcomes.nodata"), 17);
	assert_int_equal(rig_number(status, "events.tx"), 18);
	assert_int_equal(rig_number(status, "regions.0.eips"), 1);
	assert_int_equal(rig_number(status, "regions.0.serial"), 2);
	assert_string_equal(rig_text(status, "regions.0.table.path"), "fake");
	assert_true(json_is_null(rig_at(status, "regions.1.table")));
	json_decref(status);
}

static void test_stats(void **state)
{
	struct rig *rig = *state;

	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	json_t *stats = rig_ok(rig, "node.stats", "{}");

	assert_true(rig_number(stats, "time_us") > 0);
	assert_int_equal(rig_number(stats, "control.revision"), 2);
	assert_int_equal(json_array_size(rig_at(stats, "readers")), 3);
	assert_int_equal(rig_number(stats, "readers.0.cpu"), 4);
	assert_null(json_object_get(rig_at(stats, "readers.0"), "port"));
	assert_int_equal(rig_number(stats, "readers.2.cpu"), 6);
	assert_string_equal(rig_text(stats, "readers.2.port"), "fake0");
	assert_int_equal(rig_number(stats, "readers.2.queue"), 0);
	assert_int_equal(rig_number(stats, "readers.2.busy_cycles"), 50);
	assert_int_equal(rig_number(stats, "readers.2.outcomes.ptr_custom"), 20);
	assert_int_equal(rig_number(stats, "readers.2.events.rx"), 200);
	json_decref(stats);
}

/* The publisher refuses: the store forgets the change. */
static void test_publisher_full(void **state)
{
	static const struct {
		const char *method, *params;
	} changes[] = {
		{"eip.bind", "{'address':'203.0.113.8'}"},
		{"eip.bind", "{'address':'203.0.113.7','project':'other'}"},
		{"eip.unbind", "{'address':'203.0.113.7'}"},
		{"ptr.set", "{'address':'203.0.113.7','names':['b.example']}"},
		{"ptr.unset", "{'address':'203.0.113.7'}"},
		{"region.detach", "{'name':'eu'}"},
		{"region.attach", "{'name':'us'}"},
		{"region.create", "{'name':'ap','prefixes':['11.0.0.0/8'],'suffix':'x'}"},
	};
	struct rig *rig = *state;

	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	ok(rig, "ptr.set", "{'address':'203.0.113.7','names':['a.example']}");
	ok(rig, "region.create",
		"{'name':'us','prefixes':['10.0.0.0/8'],'suffix':'x','state':'detached'}");
	ok(rig, "eip.bind", "{'address':'10.0.0.1'}");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		print_message("%s\n", changes[i].method);
		rig->control.publisher->fail_after = 0;
		json_t *error = rig_refused(rig, changes[i].method, changes[i].params, "DNS.0001");

		assert_non_null(strstr(rig_text(error, "message"), "the fake's table is full"));
		json_decref(error);
		rig_check_mirror(rig);
	}
	/* In the middle of an attach. */
	rig->control.publisher->fail_after = 1;
	json_decref(rig_refused(rig, "region.attach", "{'name':'us'}", "DNS.0001"));
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		json_t *reply = rig_ask(rig, changes[i].method, changes[i].params);

		json_decref(reply);
		rig_check_mirror(rig);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_shapes),
		TEST(test_all_shapes),
		TEST(test_unknown_method),
		TEST(test_batch),
		TEST(test_batch_results),
		TEST(test_batch_refused),
		TEST(test_status),
		TEST(test_stats),
		TEST(test_publisher_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
