/*
 * Files of each format to rows: good ones as the JSON that is sent, bad ones with their line, field
 * and reason; and what comes after a bad one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "csv.h"
#include "reader.h"
#include "tag_text.h"
#include "zone_line.h"
#include "zone_rows.h"

#define ROWS_MAX 6

/* What a file gives: rows of a line and either JSON, or '!', field, space, part of the message. */
struct file {
	const char *text;
	size_t len; /* 0: up to the NUL */
	struct {
		size_t line;
		const char *row;
	} rows[ROWS_MAX];
	const char *failed; /* part of why it ends early, or NULL */
};

/* An open file of any of the formats. */
struct reader {
	FILE *file;
	struct source source;
	enum reader_format format;
	struct reader_csv *csv;
	struct reader_zone *zone;
};

static enum row_result next(struct reader *reader, struct row *row)
{
	return reader->csv != NULL     ? reader_csv_next(reader->csv, row)
		: reader->zone != NULL ? reader_zone_next(reader->zone, row)
				       : reader_jsonl_next(&reader->source, row);
}

static void open_reader(
	struct reader *reader, enum reader_format format, const char *text, size_t len)
{
	struct row why = {.line = 0};

	*reader = (struct reader){.format = format};
	reader->file
		= len > 0 ? fmemopen((char *)(uintptr_t)text, len, "r") : fopen("/dev/null", "r");
	assert_non_null(reader->file);
	assert_true(source_open(&reader->source, reader->file));
	if (format == READER_CSV)
		assert_non_null(reader->csv = reader_csv_open(&reader->source));
	if (format == READER_ZONE)
		assert_non_null(
			reader->zone = reader_zone_open(&reader->source, NULL, false, &why));
}

static void close_reader(struct reader *reader)
{
	reader_csv_close(reader->csv);
	reader_zone_close(reader->zone);
	source_close(&reader->source);
	fclose(reader->file);
}

static void check_good(const struct file *file, const struct row *row, const char *want)
{
	json_t *expected = json_loads(want, 0, NULL);

	assert_non_null(expected);
	if (!json_equal(row->members, expected)) {
		char *got = json_dumps(row->members, JSON_COMPACT);

		fail_msg("%s\nwant %s\ngot  %s", file->text, want, got);
	}
	json_decref(expected);
}

static void check_bad(const struct file *file, const struct row *row, const char *want)
{
	const size_t field = strcspn(want, " ");

	assert_int_equal(*want, '!');
	if (strlen(row->field) != field - 1 || memcmp(row->field, want + 1, field - 1) != 0
		|| strstr(row->message, want + field + 1) == NULL)
		fail_msg("%s\nwant %s\ngot  !%s %s", file->text, want, row->field, row->message);
	assert_int_equal(strncmp(row->code, "DNS.", 4), 0);
}

static void check(enum reader_format format, const struct file *file)
{
	struct reader reader;
	struct row row = {.line = 0};
	enum row_result result;
	size_t i = 0;

	open_reader(&reader, format, file->text, file->len > 0 ? file->len : strlen(file->text));
	while ((result = next(&reader, &row)) == ROW_GOOD || result == ROW_BAD) {
		if (i == ROWS_MAX || file->rows[i].row == NULL)
			fail_msg("%s\none row too many: line %zu %s", file->text, row.line,
				row.message);
		if ((result == ROW_GOOD) != (*file->rows[i].row != '!'))
			fail_msg("%s\nrow %zu is %s: %s", file->text, i,
				result == ROW_GOOD ? "good" : "bad", row.message);
		if (row.line != file->rows[i].line)
			fail_msg("%s\nrow %zu is on line %zu, not %zu", file->text, i, row.line,
				file->rows[i].line);
		(result == ROW_GOOD ? check_good : check_bad)(file, &row, file->rows[i].row);
		i++;
	}
	if (i < ROWS_MAX && file->rows[i].row != NULL)
		fail_msg("%s\nrow %zu does not come: %s", file->text, i, row.message);
	assert_int_equal(result, file->failed != NULL ? ROW_FAILED : ROW_END);
	if (file->failed != NULL && strstr(row.message, file->failed) == NULL)
		fail_msg("%s\nwant %s\ngot  %s", file->text, file->failed, row.message);
	row_clear(&row);
	close_reader(&reader);
}

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

#define Z "$TTL 300\n$ORIGIN 0.0.10.in-addr.arpa.\n"
#define N(...) ",\"names\":[" __VA_ARGS__ "],\"ttl\":"

static const struct file zone_files[] = {
	{Z "1 PTR a.example.\n2 60 IN PTR b.example.\n", 0,
		{{3, A N("\"a.example.\"") "300}"}, {4, B N("\"b.example.\"") "60}"}}, NULL},
	/* class and TTL in either order; units; relative and escaped names; names of the line before */
	{Z "1 IN 1h30m PTR a\n 60 PTR b.example.\n2.0.0.10.IN-ADDR.ARPA. PTR c\\.d.example.\n", 0,
		{{3, A N("\"a.0.0.10.in-addr.arpa.\",\"b.example.\"") "60}"},
			{5, B N("\"c\\\\.d.example.\"") "300}"}},
		NULL},
	/* the records of one name need not stand together, and come in order of address */
	{Z "2 PTR b.\n1 PTR a.\n2 PTR c. ; more\n", 0,
		{{4, A N("\"a.\"") "300}"}, {3, B N("\"b.\",\"c.\"") "300}"}}, NULL},
	/* several lines, comments, other records; quotes */
	{Z "@ SOA ns. host. ( 1 ; serial\n 2 3\n 4 5 )\n NS ns.\n"
	   "1 TXT \"; ( not\" \"closed\"\n1 PTR ( ; the\nname.example. )\n",
		0, {{8, A N("\"name.example.\"") "300}"}}, NULL},
	/* TTL: the one before, RFC 1035; that of the SOA; none */
	{"$ORIGIN 0.0.10.in-addr.arpa.\n1 60 PTR a.\n2 PTR b.\n", 0,
		{{2, A N("\"a.\"") "60}"}, {3, B N("\"b.\"") "60}"}}, NULL},
	{"$ORIGIN 0.0.10.in-addr.arpa.\n@ SOA n. h. 1 2 3 4 77\n1 PTR a.\n", 0,
		{{3, A N("\"a.\"") "77}"}}, NULL},
	{"1.0.0.10.in-addr.arpa. PTR a.\n", 0, {{1, "!ttl there is none"}}, NULL},
	{"$TTL 5\r\n$ORIGIN 10.in-addr.arpa.\r\n$ORIGIN 0.0\r\n1 PTR a.\r\n", 0,
		{{4, A N("\"a.\"") "5}"}}, NULL},
	/* IPv6; RFC 2317 */
	{"$TTL 5\n$ORIGIN 0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.\n"
	 "@ PTR a.\n0 PTR b.\nA.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6."
	 "arpa. PTR c.\n",
		0,
		{{4, "!owner is not the name of one address"},
			{3, "{\"address\":\"2001:db8::\"" N("\"a.\"") "5}"},
			{5, "{\"address\":\"2001:db8::a\"" N("\"c.\"") "5}"}},
		NULL},
	{"$TTL 5\n$ORIGIN 0/25.0.0.10.in-addr.arpa.\n1 PTR a.\n2.x PTR b.\n1.1.0.0 PTR c.\n"
	 "2.3.0.0.10.in-addr.arpa. PTR d.\n",
		0,
		{{4, "!owner is not"}, {5, "!owner is not"}, {6, "!owner is not"},
			{3, A N("\"a.\"") "5}"}},
		NULL},
	/* bad ones */
	{Z "01 PTR a.\n256 PTR a.\nx PTR a.\n@ PTR a.\nb._dns-sd._udp PTR a.\n", 0,
		{{3, "!owner is not"}, {4, "!owner is not"}, {5, "!owner is not"},
			{6, "!owner is not"}, {7, "!owner is not"}},
		NULL},
	{Z "1 PTR\n1 PTR a. b.\n1 CH PTR a.\n1 FOO a.\n1\n2 PTR b.\n", 0,
		{{3, "! is no record"}, {4, "! is no record"}, {5, "!class must be IN"},
			{6, "!type 'FOO' is not known"}, {7, "!type is missing"},
			{8, B N("\"b.\"") "300}"}},
		NULL},
	{Z "1 PTR ( a.\n2 PTR b.\n", 0,
		{{3, "! a parenthesis is not closed"}, {4, B N("\"b.\"") "300}"}}, NULL},
	{Z "1 PTR a. )\n1 TXT \"x\n2 PTR b.\n", 0,
		{{3, "! closed that was not opened"}, {4, "! quoted text is not closed"},
			{5, B N("\"b.\"") "300}"}},
		NULL},
	{"$TTL x\n$TTL 99999999999\n$INCLUDE f\n$GENERATE 1-9 $ PTR h$.e.\n$ORIGIN\n", 0,
		{{1, "!$TTL is no time"}, {2, "!$TTL is no time"}, {3, "! '$INCLUDE' is not read"},
			{4, "! '$GENERATE' is not read"}, {5, "!$ORIGIN is no domain"}},
		NULL},
	{"$TTL 5\n1 PTR a.\n PTR a.\n", 0,
		{{2, "!owner no $ORIGIN"}, {3, "!owner there is no record before"}}, NULL},
	{Z "1 PTR a\0b.\n2 PTR b.\n", sizeof(Z "1 PTR a\0b.\n2 PTR b.\n") - 1,
		{{3, "! NUL byte"}, {4, B N("\"b.\"") "300}"}}, NULL},
	{"", 0, {{0, NULL}}, NULL},
	{"; nothing\n\n  \n", 0, {{0, NULL}}, NULL},
};

#define CHECK_ALL(format, files)                                                                   \
	for (size_t i = 0; i < sizeof(files) / sizeof((files)[0]); i++)                            \
	check(format, &(files)[i])

static void test_csv(void **state)
{
	(void)state;
	CHECK_ALL(READER_CSV, csv_files);
}

static void test_jsonl(void **state)
{
	(void)state;
	CHECK_ALL(READER_JSONL, jsonl_files);
}

static void test_zone(void **state)
{
	(void)state;
	CHECK_ALL(READER_ZONE, zone_files);
}

/* A line of `len` bytes between two good ones: `before` and `after` it, and x's. */
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
	open_reader(&reader, format, text, size);
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

/* Records that are no PTR records, and what --strict makes of them. */
static void test_strict(void **state)
{
	static const char text[] = Z "@ SOA ns. host. 1 2 3 4 5\n@ NS ns.\n3 NS ns.\n"
				     "4 CNAME 4.x\n1 PTR a.\n";
	struct row row = {.line = 0};
	char list[64];

	(void)state;
	for (int strict = 0; strict < 2; strict++) {
		FILE *file = fmemopen((char *)(uintptr_t)text, strlen(text), "r");
		FILE *out = fmemopen(list, sizeof(list), "w");
		struct source source;

		assert_true(source_open(&source, file));
		struct reader_zone *reader = reader_zone_open(&source, NULL, strict, &row);

		assert_non_null(reader);
		if (strict) {
			assert_int_equal(reader_zone_next(reader, &row), ROW_BAD);
			assert_int_equal(row.line, 5);
			assert_non_null(strstr(row.message, "is NS"));
			assert_int_equal(reader_zone_next(reader, &row), ROW_BAD);
			assert_int_equal(row.line, 6);
		}
		assert_int_equal(reader_zone_next(reader, &row), ROW_GOOD);
		assert_int_equal(row.line, 7);
		assert_int_equal(reader_zone_total(reader), 1);
		assert_true(zone_rows_passed_over(reader_zone_rows(reader), out));
		fclose(out);
		assert_string_equal(list, strict ? "1 SOA, 1 NS" : "1 SOA, 2 NS, 1 CNAME");
		row_clear(&row);
		reader_zone_close(reader);
		source_close(&source);
		fclose(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),
		cmocka_unit_test(test_jsonl),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
