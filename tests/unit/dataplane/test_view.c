/* The directory's reader, field by field, and the mapping of table files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "directory.h"
#include "table_image.h"
#include "tables.h"

static char folder[] = "/tmp/test_view.XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static const char good[]
	= "{'format': 2, 'generation': 17, 'regions': [{'name': 'eu-demo', 'revision': 4711,"
	  " 'table': '/t/eu-demo.17',"
	  " 'prefixes': ['203.0.113.0/24', '198.18.0.0/15'], 'suffix': 'compute.example.com.',"
	  " 'default_name': 'ecs-{a}.{suffix}', 'default_ttl': 300, 'unbound': 'nxdomain',"
	  " 'soa': {'mname': 'ns1.example.com.', 'rname': 'root.example.com.', 'refresh': 1, 'retry': 2,"
	  " 'expire': 3, 'minimum': 4, 'ttl': 5},"
	  " 'ns': {'names': ['ns1.example.com.', 'ns2.example.com.'], 'ttl': 6}}]}";

/* JSON with the convenience of single quotes. */
static json_t *parse(const char *text)
{
	char *json = strdup(text);

	assert_non_null(json);
	for (char *at = json; *at != '\0'; at++)
		if (*at == '\'')
			*at = '"';
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	assert_non_null(value);
	free(json);
	return value;
}

static int read_text(struct directory *directory, const char *text, char *error)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	(void)fputs(text, file);
	assert_int_equal(fclose(file), 0);
	return directory_read(directory, path, error);
}

static int read_json(struct directory *directory, const json_t *json, char *error)
{
	char *text = json_dumps(json, JSON_ENCODE_ANY);

	assert_non_null(text);
	const int err = read_text(directory, text, error);
	free(text);
	return err;
}

static void test_good(void **state)
{
	char error[DIRECTORY_ERROR_SIZE];
	struct directory directory;
	json_t *json = parse(good);

	(void)state;
	assert_int_equal(read_json(&directory, json, error), 0);
	assert_string_equal(error, "");
	assert_int_equal(directory.generation, 17);
	assert_int_equal(directory.count, 1);
	assert_string_equal(directory.regions[0].table, "/t/eu-demo.17");
	const struct dns_region_spec *spec = &directory.regions[0].spec;
	assert_string_equal(spec->name, "eu-demo");
	assert_int_equal(spec->prefixes_count, 2);
	assert_string_equal(spec->prefixes[1], "198.18.0.0/15");
	assert_string_equal(spec->suffix, "compute.example.com.");
	assert_string_equal(spec->default_name, "ecs-{a}.{suffix}");
	assert_int_equal(spec->default_ttl, 300);
	assert_int_equal(spec->revision, 4711);
	assert_false(spec->unbound_default);
	assert_string_equal(spec->soa_mname, "ns1.example.com.");
	assert_string_equal(spec->soa_rname, "root.example.com.");
	assert_int_equal(spec->soa_refresh, 1);
	assert_int_equal(spec->soa_retry, 2);
	assert_int_equal(spec->soa_expire, 3);
	assert_int_equal(spec->soa_minimum, 4);
	assert_int_equal(spec->soa_ttl, 5);
	assert_int_equal(spec->ns_names_count, 2);
	assert_string_equal(spec->ns_names[1], "ns2.example.com.");
	assert_int_equal(spec->ns_ttl, 6);
	assert_null(spec->default_name6);
	assert_null(spec->rfc2317);
	assert_int_equal(spec->delegations_count, 0);
	directory_free(&directory);
	json_decref(json);
}

/* What a region need not have. */
static void test_optional(void **state)
{
	char error[DIRECTORY_ERROR_SIZE];
	struct directory directory;
	json_t *json = parse(good);
	json_t *region = json_array_get(json_object_get(json, "regions"), 0);

	(void)state;
	assert_int_equal(
		json_object_set_new(region, "default_name6", parse("'v6-{address}.{suffix}'")), 0);
	assert_int_equal(
		json_object_set_new(region, "rfc2317", parse("'64/26.100.51.198.in-addr.arpa.'")),
		0);
	assert_int_equal(
		json_object_set_new(region, "delegations",
			parse("[{'prefix': '203.0.113.64/26', 'name': 'a.example.'},"
			      " {'prefix': '203.0.113.8/29', 'name': '8/29.113.0.203.in-addr.arpa.',"
			      "  'ns': ['ns1.a.example.', 'ns2.a.example.']}]")),
		0);
	assert_int_equal(read_json(&directory, json, error), 0);
	const struct dns_region_spec *spec = &directory.regions[0].spec;
	assert_string_equal(spec->default_name6, "v6-{address}.{suffix}");
	assert_string_equal(spec->rfc2317, "64/26.100.51.198.in-addr.arpa.");
	assert_int_equal(spec->delegations_count, 2);
	assert_string_equal(spec->delegations[0].prefix, "203.0.113.64/26");
	assert_string_equal(spec->delegations[0].name, "a.example.");
	assert_int_equal(spec->delegations[0].ns_count, 0);
	assert_string_equal(spec->delegations[1].name, "8/29.113.0.203.in-addr.arpa.");
	assert_int_equal(spec->delegations[1].ns_count, 2);
	assert_string_equal(spec->delegations[1].ns[1], "ns2.a.example.");
	directory_free(&directory);
	assert_int_equal(json_object_set_new(region, "delegations", json_array()), 0);
	assert_int_equal(read_json(&directory, json, error), 0);
	assert_int_equal(directory.regions[0].spec.delegations_count, 0);
	directory_free(&directory);
	json_decref(json);
}

static void test_no_regions(void **state)
{
	char error[DIRECTORY_ERROR_SIZE];
	struct directory directory;

	(void)state;
	assert_int_equal(
		read_text(&directory, "{\"format\": 2, \"generation\": 1, \"regions\": []}", error),
		0);
	assert_int_equal(directory.count, 0);
	directory_free(&directory);
}

/* Object of the good directory that `where` names. */
static json_t *part(json_t *top, const char *where)
{
	json_t *region = json_array_get(json_object_get(top, "regions"), 0);

	if (strcmp(where, "directory") == 0)
		return top;
	return strcmp(where, "region") == 0 ? region : json_object_get(region, where);
}

static const struct {
	const char *where, *key;
	const char *value; /* NULL: the field is left out */
	const char *error;
} bad[] = {
	{"directory", "format", NULL, "directory: format: missing"},
	{"directory", "format", "1", "directory: format: must be 2"},
	{"directory", "format", "'1'", "directory: format: must be a whole number"},
	{"directory", "generation", NULL, "generation: missing"},
	{"directory", "generation", "0", "generation: must be at least 1"},
	{"directory", "generation", "-1", "generation: must be a whole number from 0"},
	{"directory", "generation", "1.5", "generation: must be a whole number"},
	{"directory", "regions", NULL, "regions: missing"},
	{"directory", "regions", "{}", "regions: must be an array"},
	{"directory", "regions", "[1]", "region 1: value: must be an object"},
	{"region", "name", NULL, "region 1: name: missing"},
	{"region", "name", "''", "region 1: name: must have 1 to 63 characters, has 0"},
	{"region", "revision", NULL, "region eu-demo: revision: missing"},
	{"region", "revision", "-1", "region eu-demo: revision: must be a whole number from 0"},
	{"region", "table", NULL, "region eu-demo: table: missing"},
	{"region", "table", "'tables/x'", "region eu-demo: table: must be an absolute path"},
	{"region", "table", "7", "region eu-demo: table: must be a string"},
	{"region", "prefixes", NULL, "prefixes: missing"},
	{"region", "prefixes", "[]", "prefixes: must be an array of 1 to 256 strings"},
	{"region", "prefixes", "'10.0.0.0/8'", "prefixes: must be an array"},
	{"region", "prefixes", "[1]", "prefixes: must be a string"},
	{"region", "suffix", NULL, "suffix: missing"},
	{"region", "suffix", "null", "suffix: must be a string"},
	{"region", "default_name", NULL, "default_name: missing"},
	{"region", "default_name", "''", "default_name: must have 1 to 255"},
	{"region", "default_ttl", NULL, "default_ttl: missing"},
	{"region", "default_ttl", "4294967296",
		"default_ttl: must be a whole number from 0 to 4294967295"},
	{"region", "unbound", NULL, "unbound: missing"},
	{"region", "unbound", "'other'", "unbound: must be \"nxdomain\" or \"default\""},
	{"region", "soa", NULL, "soa: missing"},
	{"region", "soa", "[]", "soa: must be an object"},
	{"region", "ns", NULL, "ns: missing"},
	{"region", "ns", "1", "ns: must be an object"},
	{"region", "default_name6", "''", "default_name6: must have 1 to 255 characters, has 0"},
	{"region", "default_name6", "1", "default_name6: must be a string"},
	{"region", "rfc2317", "null", "rfc2317: must be a string"},
	{"region", "delegations", "{}", "delegations: must be an array of at most 256 objects"},
	{"region", "delegations", "null", "delegations: must be an array"},
	{"region", "delegations", "['x']",
		"region eu-demo: delegation 1: value: must be an object"},
	{"region", "delegations", "[{'prefix': '10.0.0.0/26', 'name': 'a.'}, {'name': 'a.'}]",
		"region eu-demo: delegation 2: prefix: missing"},
	{"region", "delegations", "[{'prefix': '10.0.0.0/26'}]", "delegation 1: name: missing"},
	{"region", "delegations", "[{'prefix': '10.0.0.0/26', 'name': 'a.', 'ns': 'x.'}]",
		"delegation 1: ns: must be an array of 1 to 13 strings"},
	{"region", "delegations", "[{'prefix': '10.0.0.0/26', 'name': 'a.', 'ns': [1]}]",
		"delegation 1: ns: must be a string"},
	{"soa", "mname", NULL, "region eu-demo: soa: mname: missing"},
	{"soa", "rname", "2", "soa: rname: must be a string"},
	{"soa", "refresh", NULL, "soa: refresh: missing"},
	{"soa", "retry", "-1", "soa: retry: must be"},
	{"soa", "expire", "true", "soa: expire: must be"},
	{"soa", "minimum", NULL, "soa: minimum: missing"},
	{"soa", "ttl", "'5'", "soa: ttl: must be"},
	{"ns", "names", NULL, "ns: names: missing"},
	{"ns", "names", "[]", "ns: names: must be an array of 1 to 13 strings"},
	{"ns", "names", "['1','2','3','4','5','6','7','8','9','10','11','12','13','14']",
		"ns: names: must be an array of 1 to 13 strings"},
	{"ns", "ttl", NULL, "ns: ttl: missing"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char error[DIRECTORY_ERROR_SIZE];
		struct directory directory;
		json_t *json = parse(good);
		json_t *object = part(json, bad[i].where);

		if (bad[i].value == NULL)
			assert_int_equal(json_object_del(object, bad[i].key), 0);
		else
			assert_int_equal(
				json_object_set_new(object, bad[i].key, parse(bad[i].value)), 0);
		const int err = read_json(&directory, json, error);
		json_decref(json);
		if (err == 0 || strstr(error, bad[i].error) == NULL)
			fail_msg("%s.%s: %d \"%s\"", bad[i].where, bad[i].key, err, error);
	}
}

static void test_not_json(void **state)
{
	static const char *const texts[] = {"", "{", "[]", "1", "{\"format\": 1, \"format\": 1}"};
	char error[DIRECTORY_ERROR_SIZE];
	struct directory directory;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(read_text(&directory, texts[i], error) < 0);
		assert_true(strlen(error) > 0);
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(directory_read(&directory, path, error), -ENOENT);
}

/* One mapping for one file, whatever its name, until the last reference. */
static void test_tables_share(void **state)
{
	char error[TABLE_ERROR_SIZE], other[64];
	struct tables tables = {0};
	struct ptrd_table a, b;
	int err;

	(void)state;
	(void)snprintf(other, sizeof(other), "%s/other", folder);
	table_image_write(path, "eu-demo");
	assert_int_equal(link(path, other), 0);
	struct table_file *first = tables_get(&tables, path, "eu-demo", &a, &err, error);
	assert_non_null(first);
	assert_ptr_equal(tables_get(&tables, other, "eu-demo", &b, &err, error), first);
	assert_ptr_equal(a.header, b.header);
	/* A file of the same name that has come later is another. */
	assert_int_equal(unlink(path), 0);
	table_image_write(path, "eu-demo");
	struct table_file *second = tables_get(&tables, path, "eu-demo", &b, &err, error);
	assert_non_null(second);
	assert_ptr_not_equal(second, first);
	tables_put(&tables, first);
	assert_string_equal(a.header->region, "eu-demo"); /* still mapped */
	tables_put(&tables, first);
	tables_put(&tables, second);
	assert_null(tables.first);
	assert_int_equal(unlink(other), 0);
}

static void test_tables_refuse(void **state)
{
	char error[TABLE_ERROR_SIZE];
	struct tables tables = {0};
	struct ptrd_table table;
	int err;

	(void)state;
	table_image_write(path, "eu-demo");
	assert_null(tables_get(&tables, path, "us-demo", &table, &err, error));
	assert_int_equal(err, -EINVAL);
	assert_non_null(strstr(error, "region us-demo: table "));
	assert_non_null(strstr(error, "another region's"));
	assert_int_equal(truncate(path, PTRD_TABLE_HEADER_SIZE), 0);
	assert_null(tables_get(&tables, path, "eu-demo", &table, &err, error));
	assert_non_null(strstr(error, "size differs"));
	assert_int_equal(truncate(path, 0), 0);
	assert_null(tables_get(&tables, path, "eu-demo", &table, &err, error));
	assert_true(err < 0);
	assert_int_equal(unlink(path), 0);
	assert_null(tables_get(&tables, path, "eu-demo", &table, &err, error));
	assert_int_equal(err, -ENOENT);
	assert_null(tables.first); /* nothing stays mapped */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_no_regions),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_not_json),
		cmocka_unit_test(test_tables_share),
		cmocka_unit_test(test_tables_refuse),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
