/*
 * Files of each format to rows: good ones as the JSON that is sent, bad ones with their line, field
 * and reason; and what comes after a bad one.
 */
#include "csv.h"
#include "readers_rig.h"
#include "tag_text.h"
#include "zone_line.h"

#define A "{\"address\":\"10.0.0.1\""
#define B "{\"address\":\"10.0.0.2\""

static const struct file csv_files[] = {
	{"address\n10.0.0.1\n10.0.0.2", 0, {{2, A "}"}, {3, B "}"}}, NULL},
	{"address,names,ttl\r\n10.0.0.1,a.example b.example,60\r\n\r\n10.0.0.2,,\r\n", 0,
		{{2, A ",\"names\":[\"a.example\",\"b.example\"],\"ttl\":60}"},
			{4, B ",\"default\":true}"}},
		NULL},
	{"\xef\xbb\xbfTTL,Address\n60,10.0.0.1\n", 0, {{2, A ",\"ttl\":60}"}}, NULL},
	{"project,id,address,description,tags\nshop,e-1,10.0.0.1,\"one, \"\"two\"\"\",a=b;c=\n", 0,
		{{2,
			A
			",\"project\":\"shop\",\"id\":\"e-1\",\"description\":\"one, \\\"two\\\"\","
			"\"tags\":[{\"key\":\"a\",\"value\":\"b\"},{\"key\":\"c\",\"value\":\"\"}]}"}},
		NULL},
	/* a field of two lines moves what follows */
	{"address,description\n10.0.0.1,\"x\ny\"\n10.0.0.2,z\n", 0,
		{{2, A ",\"description\":\"x\\ny\"}"}, {4, B ",\"description\":\"z\"}"}}, NULL},
	{"\"address\"\n\"10.0.0.1\"\n", 0, {{2, A "}"}}, NULL},
	/* numbers */
	{"address,ttl\n10.0.0.1,-1\n10.0.0.1,1.5\n10.0.0.1, 5\n10.0.0.1,+5\n"
	 "10.0.0.1,9223372036854775808\n",
		0,
		{{2, A ",\"ttl\":-1}"}, {3, "!ttl '1.5' is not a whole"}, {4, "!ttl ' 5'"},
			{5, "!ttl '+5'"}, {6, "!ttl '92233"}},
		NULL},
	/* what is wrong costs one line */
	{"address,description\n10.0.0.1,\"x\n10.0.0.2,z\n", 0,
		{{2, "! a quoted field is not closed"}, {3, B ",\"description\":\"z\"}"}}, NULL},
	{"address,description\n10.0.0.1,x\"\n10.0.0.1,\"x\"y\n10.0.0.2,z\n", 0,
		{{2, "! a quote stands in"}, {3, "! something stands between"},
			{4, B ",\"description\":\"z\"}"}},
		NULL},
	{"address,description\n10.0.0.1,\"x\n10.0.0.2,\"z\"\n10.0.0.2,z\n", 0,
		{{2, "! something stands"}, {3, B ",\"description\":\"z\"}"},
			{4, B ",\"description\":\"z\"}"}},
		NULL},
	{"address,ttl\n10.0.0.1\n10.0.0.1,5,6\n10.0.0.2,5\n", 0,
		{{2, "! has 1 fields, the first line names 2"}, {3, "! has 3 fields"},
			{4, B ",\"ttl\":5}"}},
		NULL},
	{"address,description\n10.0.0.1,\xff\n", 0, {{2, "!description is not UTF-8"}}, NULL},
	{"address,names\n10.0.0.1,a \xff\n", 0, {{2, "!names is not UTF-8"}}, NULL},
	{"address,tags\n10.0.0.1,a\n10.0.0.1,a=b;\n10.0.0.1,a=\\\n10.0.0.1,a=\xff\n", 0,
		{{2, "!tags not of the form"}, {3, "!tags not of the form"},
			{4, "!tags a backslash"}, {5, "!tags not UTF-8"}},
		NULL},
	{"address\n10.0.0.1\0002\n10.0.0.2\n", 28, {{2, "! NUL byte"}, {3, B "}"}}, NULL},
	{"address\n\"10.0.0.1\0\"\n10.0.0.2\n", 28, {{2, "! NUL byte"}, {3, B "}"}}, NULL},
	{"address\n10.0.0.1\r10.0.0.2\n", 0, {{2, "! something stands between"}}, NULL},
	/* the first line */
	{"", 0, {{0, NULL}}, "is empty"},
	{"10.0.0.1,a\n", 0, {{0, NULL}}, "'10.0.0.1' is no column; there are: address,"},
	{"address,name\n", 0, {{0, NULL}}, "'name' is no column"},
	{"names,ttl\n10.0.0.1,a\n", 0, {{0, NULL}}, "no column address"},
	{"address,ttl,TTL\n", 0, {{0, NULL}}, "column TTL is there twice"},
	{"address,\"ttl\n10.0.0.1,5\n", 0, {{0, NULL}}, "a quoted field is not closed"},
};

static const struct file jsonl_files[] = {
	{A "}\n" B "}", 0, {{1, A "}"}, {2, B "}"}}, NULL},
	{"\xef\xbb\xbf" A "}\r\n \t\r\n\n" B ",\"default\":true}\n", 0,
		{{1, A "}"}, {4, B ",\"default\":true}"}}, NULL},
	{"", 0, {{0, NULL}}, NULL},
	{A ",\"names\":[\"a\"],\"ttl\":0,\"description\":\"\",\"tags\":[],\"project\":\"p\","
	   "\"id\":\"i\",\"unbind\":false}\n",
		0,
		{{1,
			A ",\"names\":[\"a\"],\"ttl\":0,\"description\":\"\",\"tags\":[],"
			  "\"project\":\"p\",\"id\":\"i\",\"unbind\":false}"}},
		NULL},
	{A ",\"name\":\"a\"}\n" B "}\n", 0, {{1, "!name is no member of a row"}, {2, B "}"}}, NULL},
	{A ",\"ttl\":\"5\"}\n" B ",\"ttl\":5.0}\n" B ",\"default\":1}\n", 0,
		{{1, "!ttl must be an integer"}, {2, "!ttl must be an integer"},
			{3, "!default must be true or false"}},
		NULL},
	{A ",\"names\":\"a\"}\n" B ",\"tags\":{}}\n{\"address\":1}\n", 0,
		{{1, "!names must be an array"}, {2, "!tags must be an array"},
			{3, "!address must be a string"}},
		NULL},
	{A "}}\n" B "\n[]\n5\nnull\n" B "}\n", 0,
		{{1, "! not JSON at column"}, {2, "! not JSON"}, {3, "! not a JSON object"},
			{4, "! not JSON"}, {5, "! not JSON"}, {6, B "}"}},
		NULL},
	{A ",\"ttl\":1,\"ttl\":2}\n", 0, {{1, "! duplicate"}}, NULL},
	{"{\"address\":\"\xff\"}\n" B "}\n", 0, {{1, "! not JSON"}, {2, B "}"}}, NULL},
	{"{\"address\":\"\\u0000\"}\n", 0, {{1, "! not JSON"}}, NULL},
	{"{\"address\":\"\0\"}\n" B "}\n", sizeof("{\"address\":\"\0\"}\n" B "}\n") - 1,
		{{1, "! not JSON"}, {2, B "}"}}, NULL},
};

static void test_csv(void **state)
{
	(void)state;
	CHECK_ALL(READER_CSV, csv_files, false);
}

static void test_jsonl(void **state)
{
	(void)state;
	CHECK_ALL(READER_JSONL, jsonl_files, false);
}

static void check_long(enum reader_format format, const char *head, const char *before, size_t len,
	const char *after, bool good)
{
	const size_t size = strlen(head) + len + 1 + strlen(after);
	char *text = malloc(size + 1);
	struct row row = {.line = 0};
	struct reader reader;
	enum row_result result;

	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, head, strlen(head));
	memcpy(text + strlen(head), before, strlen(before));
	strcpy(text + strlen(head) + len, "\n");
	strcpy(text + strlen(head) + len + 1, after);
	open_reader(&reader, format, text, size, false);
	result = next(&reader, &row);
	assert_int_equal(row.line, 2);
	assert_int_equal(result, good ? ROW_GOOD : ROW_BAD);
	if (!good)
		assert_non_null(strstr(row.message, "longer than 262144 bytes"));
	assert_int_equal(next(&reader, &row), ROW_GOOD);
	assert_int_equal(row.line, 3);
	assert_int_equal(next(&reader, &row), ROW_END);
	row_clear(&row);
	close_reader(&reader);
	free(text);
}

/* The longest row with its line break is as long as the buffer; what is longer costs its line. */
static void test_long(void **state)
{
	static const size_t lens[] = {ROW_TEXT_MAX - 1, ROW_TEXT_MAX, ROW_TEXT_MAX + 1, 10 << 20};

	(void)state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		check_long(READER_CSV, "address,description\n", "10.0.0.1,", lens[i], "10.0.0.2,\n",
			lens[i] < ROW_TEXT_MAX);
	/* A quote that is never closed looks just the same. */
	check_long(
		READER_CSV, "address,description\n", "10.0.0.1,\"", 10 << 20, "10.0.0.2,\n", false);
	for (size_t i = 1; i < sizeof(lens) / sizeof(lens[0]); i++)
		check_long(READER_JSONL, "\n", "{\"address\":\"", lens[i], B "}\n", false);
	check_long(READER_ZONE, "$TTL 5\n", ";", ROW_TEXT_MAX, "2.0.0.10.in-addr.arpa. PTR a.\n",
		false);
}

static void test_formats(void **state)
{
	static const struct {
		const char *path;
		int format;
	} paths[] = {
		{"a.csv", READER_CSV},
		{"/x.y/a.JSONL", READER_JSONL},
		{"a.ndjson", READER_JSONL},
		{"a.json", READER_JSONL},
		{"a.zone", READER_ZONE},
		{"a.csv.bak", -1},
		{"csv", -1},
		{"-", -1},
	};
	static const struct {
		const char *text;
		enum reader_format format;
	} texts[] = {
		{"{\"address\"", READER_JSONL},
		{"\n \t{}", READER_JSONL},
		{"address", READER_CSV},
		{"names,Address\r\n1", READER_CSV},
		{"\"address\",names\n", READER_CSV},
		{"addresses,names\n", READER_ZONE},
		{"names\naddress\n", READER_ZONE},
		{"", READER_ZONE},
		{"$TTL 5\n", READER_ZONE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_int_equal(reader_format_of_path(paths[i].path), paths[i].format);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(reader_format_of_text(texts[i].text, strlen(texts[i].text)),
			texts[i].format);
	assert_int_equal(reader_format_of_name("csv"), READER_CSV);
	assert_int_equal(reader_format_of_name("json"), -1);
}

/* What is written is read as what it was. */
static void test_round_trips(void **state)
{
	static const char *const fields[] = {"", "a", "a,b", "\"", "a\r\nb", " a ", "\"a\",\"b\""};
	static const char *const tags[] = {
		"[{\"key\":\"a\",\"value\":\"b\"}]",
		"[{\"key\":\"a=b;c\\\\\",\"value\":\"=;\\\\d\"},{\"key\":\"e\",\"value\":\"\"}]",
	};
	char text[64], room[sizeof(text) + 1];
	struct csv_record record = {.text = room};
	const char *error;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		FILE *out = fmemopen(text, sizeof(text), "w");

		csv_put(out, fields[i]);
		fputs(",x\r\n", out);
		const size_t len = (size_t)ftell(out);
		fclose(out);
		for (size_t cut = 0; cut < len - 1; cut++)
			assert_int_equal(csv_scan(text, cut, false, &record), CSV_MORE);
		assert_int_equal(csv_scan(text, len, false, &record), CSV_RECORD);
		assert_int_equal(record.count, 2);
		assert_int_equal(record.len, len);
		assert_string_equal(record.fields[0], fields[i]);
		assert_string_equal(record.fields[1], "x");
	}
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		json_t *array = json_loads(tags[i], 0, NULL);
		char *cell = tag_text_format(array);
		json_t *again = tag_text_parse(cell, &error);

		assert_true(json_equal(array, again));
		json_decref(array);
		json_decref(again);
		free(cell);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_jsonl),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
