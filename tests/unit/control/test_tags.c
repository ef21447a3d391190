/* Description and tags of a PTR: each rule, accepted and refused side by side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

static int set_up(void **state)
{
	struct rig *rig = rig_new();

	json_decref(rig_ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24'],'suffix':'compute.example.com'}"));
	json_decref(rig_ok(rig, "eip.bind", "{'address':'203.0.113.7'}"));
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

/* ptr.set with this member; `code` NULL: is accepted. The text must name the field. */
static void set_with(struct rig *rig, const char *member, const char *code, const char *field)
{
	char *params;

	assert_true(asprintf(&params, "{'address':'203.0.113.7','names':['a.example'],%s}", member)
		> 0);
	if (code == NULL) {
		json_decref(rig_ok(rig, "ptr.set", params));
	} else {
		json_t *error = rig_refused(rig, "ptr.set", params, code);

		assert_string_equal(rig_text(error, "data.field"), field);
		assert_non_null(strstr(rig_text(error, "message"), field));
		json_decref(error);
	}
	free(params);
}

/* `unit` `count` times, between `before` and `after`. */
static char *filled(const char *before, const char *unit, int count, const char *after)
{
	char *text = calloc((size_t)count + 1, strlen(unit)), *all;

	assert_non_null(text);
	for (int i = 0; i < count; i++)
		strcat(text, unit);
	assert_true(asprintf(&all, "%s%s%s", before, text, after) > 0);
	free(text);
	return all;
}

static void test_lengths(void **state)
{
	/* The second unit has two bytes: characters count. */
	static const char *const units[] = {"x", "ü"};
	static const struct {
		const char *before, *after;
		int most;
		const char *code, *field;
	} cases[] = {
		{"'description':'", "'", 255, "DNS.0508", "description"},
		{"'tags':[{'key':'", "','value':''}]", 128, "DNS.1002", "tags[0].key"},
		{"'tags':[{'key':'k','value':'", "'}]", 255, "DNS.1003", "tags[0].value"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t j = 0; j < 2; j++) {
			char *fits
				= filled(cases[i].before, units[j], cases[i].most, cases[i].after);
			char *over = filled(
				cases[i].before, units[j], cases[i].most + 1, cases[i].after);

			set_with(*state, fits, NULL, NULL);
			set_with(*state, over, cases[i].code, cases[i].field);
			free(fits);
			free(over);
		}
}

static void test_rules(void **state)
{
	static const struct {
		const char *member, *code, *field;
	} cases[] = {
		{"'description':''", NULL, NULL},
		{"'description':'two\\nlines'", NULL, NULL},
		{"'description':7", "DNS.0002", "description"},
		{"'tags':[]", NULL, NULL},
		{"'tags':{}", "DNS.0002", "tags"},
		{"'tags':['k']", "DNS.0002", "tags[0]"},
		{"'tags':[{'key':'k'}]", "DNS.0002", "tags[0].value"},
		{"'tags':[{'key':'k','value':'v','other':''}]", "DNS.0002", "tags[0].other"},
		{"'tags':[{'key':'k','value':7}]", "DNS.0002", "tags[0].value"},
		{"'tags':[{'key':'a b','value':'c d'}]", NULL, NULL},
		{"'tags':[{'key':'','value':'v'}]", "DNS.1002", "tags[0].key"},
		{"'tags':[{'key':' k','value':'v'}]", "DNS.1002", "tags[0].key"},
		{"'tags':[{'key':'k ','value':'v'}]", "DNS.1002", "tags[0].key"},
		{"'tags':[{'key':'_sys_k','value':'v'}]", "DNS.1002", "tags[0].key"},
		{"'tags':[{'key':'_sys','value':'v'}]", NULL, NULL},
		{"'tags':[{'key':'k\\t','value':'v'}]", "DNS.1002", "tags[0].key"},
		{"'tags':[{'key':'k','value':' v'}]", "DNS.1003", "tags[0].value"},
		{"'tags':[{'key':'k','value':'v '}]", "DNS.1003", "tags[0].value"},
		{"'tags':[{'key':'k','value':'\\u0007'}]", "DNS.1003", "tags[0].value"},
		{"'tags':[{'key':'b','value':'1'},{'key':'a','value':'1'},{'key':'b','value':'2'}]",
			"DNS.1002", "tags[2].key"},
		{"'tags':[{'key':'b','value':'1'},{'key':'B','value':'2'}]", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		set_with(*state, cases[i].member, cases[i].code, cases[i].field);
}

/* `count` tags, each as long as a tag can be: every character of four bytes. */
static char *longest_tags(int count)
{
	char *key = filled("", "\U0001F30D", 126, ""), *value = filled("", "\U0001F30D", 255, "");
	char *tags = strdup("'tags':["), *next;

	for (int i = 0; i < count; i++) {
		assert_true(asprintf(&next, "%s%s{'key':'%s%02d','value':'%s'}", tags,
				    i > 0 ? "," : "", key, i, value)
			> 0);
		free(tags);
		tags = next;
	}
	assert_true(asprintf(&next, "%s]", tags) > 0);
	free(tags);
	free(key);
	free(value);
	return next;
}

static void test_count(void **state)
{
	char *most = longest_tags(20), *over = longest_tags(21);
	struct rig *rig = *state;

	set_with(rig, most, NULL, NULL);
	json_t *ptr = rig_ok(rig, "ptr.get", "{'address':'203.0.113.7'}");
	assert_int_equal(json_array_size(rig_at(ptr, "tags")), 20);
	assert_int_equal(strlen(rig_text(ptr, "tags.19.value")), 4 * 255);
	json_decref(ptr);
	set_with(rig, over, "DNS.1001", "tags");
	free(most);
	free(over);
}

static void test_shown(void **state)
{
	struct rig *rig = *state;

	set_with(rig,
		"'description':'say \\\"hi\\\"','tags':[{'key':'z','value':'1'},{'key':'a','value':''}]",
		NULL, NULL);
	json_t *ptr = rig_ok(rig, "ptr.get", "{'address':'203.0.113.7'}");
	assert_string_equal(rig_text(ptr, "description"), "say \"hi\"");
	assert_string_equal(rig_text(ptr, "tags.0.key"), "a");
	assert_string_equal(rig_text(ptr, "tags.0.value"), "");
	assert_string_equal(rig_text(ptr, "tags.1.key"), "z");
	assert_string_equal(rig_text(ptr, "status"), "ACTIVE");
	assert_string_equal(rig_text(ptr, "action"), "CREATE");
	const json_int_t revision = rig_number(ptr, "revision");
	json_decref(ptr);

	/* The same in another order holds already. */
	set_with(rig,
		"'tags':[{'key':'a','value':''},{'key':'z','value':'1'}],'description':'say \\\"hi\\\"'",
		NULL, NULL);
	json_decref(rig_ok(rig, "region.detach", "{'name':'eu'}"));
	ptr = rig_ok(rig, "ptr.get", "{'address':'203.0.113.7'}");
	assert_int_equal(rig_number(ptr, "revision"), revision);
	assert_string_equal(rig_text(ptr, "status"), "DISABLED");
	json_decref(ptr);

	/* A set replaces the record whole. */
	set_with(rig, "'ttl':300", NULL, NULL);
	ptr = rig_ok(rig, "ptr.get", "{'address':'203.0.113.7'}");
	assert_string_equal(rig_text(ptr, "description"), "");
	assert_int_equal(json_array_size(rig_at(ptr, "tags")), 0);
	assert_string_equal(rig_text(ptr, "action"), "UPDATE");
	json_decref(ptr);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_lengths),
		TEST(test_rules),
		TEST(test_count),
		TEST(test_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
