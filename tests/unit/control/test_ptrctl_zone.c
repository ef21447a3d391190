/*
 * Zone files to rows: those whose records stand in order of address, and those of which all have to be
 * read first.
 */
#include "readers_rig.h"
#include "zone_rows.h"

#define A "{\"address\":\"10.0.0.1\""
#define B "{\"address\":\"10.0.0.2\""

#define Z "$TTL 300\n$ORIGIN 0.0.10.in-addr.arpa.\n"
#define N(...) ",\"names\":[" __VA_ARGS__ "],\"ttl\":"
#define L63 "123456789-123456789-123456789-123456789-123456789-123456789-123"
#define L192 L63 "." L63 "." L63 /* bytes on the wire */

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
	/* in order, until one comes again after others, or a lower one */
	{Z "1 PTR a.\n2 PTR b.\n1 60 PTR c.\n", 0,
		{{3, A N("\"a.\",\"c.\"") "60}"}, {4, B N("\"b.\"") "300}"}}, NULL},
	{Z "2 PTR a.\n2 PTR b.\n3 FOO\n1 PTR c.\n", 0,
		{{5, "!type 'FOO' is not known"}, {6, A N("\"c.\"") "300}"},
			{3, B N("\"a.\",\"b.\"") "300}"}},
		NULL},
	/* one address by two names; a bad record between two of one name */
	{Z "1 PTR a.\n1.0/25 PTR b.\n1.0/25 PTR c\n", 0,
		{{3, A N("\"a.\",\"b.\",\"c.0.0.10.in-addr.arpa.\"") "300}"}}, NULL},
	{Z "1 PTR a.\n1 FOO\n 60 PTR b.\n\\050 PTR b.\n", 0,
		{{4, "!type 'FOO' is not known"}, {3, A N("\"a.\",\"b.\"") "60}"},
			{6, B N("\"b.\"") "300}"}},
		NULL},
	/* a name outside of both trees after one that was good */
	{Z "1 PTR a.\nx.example. PTR b.\n", 0,
		{{4, "!owner is not the name of one address"}, {3, A N("\"a.\"") "300}"}}, NULL},
	{Z "1 IN 5 ptr A-b_c.Example.\t \n2 PTR @\n", 0,
		{{3, A N("\"A-b_c.Example.\"") "5}"}, {4, B N("\"0.0.10.in-addr.arpa.\"") "300}"}},
		NULL},
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
	/* Names that are too long with the origin: none of them is the owner of the next line. */
	{Z "$ORIGIN " L192 ".\n1.0.0.10.in-addr.arpa. PTR " L192 "\n" L192
	   " PTR a.\n PTR a.\n2.0.0.10.in-addr.arpa. PTR b.\n$ORIGIN " L192 "\n",
		0,
		{{4, "!names more than 255 bytes"}, {5, "!owner is not"},
			{6, "!owner there is no record before"}, {8, "!$ORIGIN is no domain"},
			{7, B N("\"b.\"") "300}"}},
		NULL},
	/* nor is anything below the origin before one that is none */
	{Z "$ORIGIN 1..0.10.in-addr.arpa.\n1 PTR a.\n$ORIGIN 10.in-addr.arpa.\n2.0.0 PTR b.\n", 0,
		{{3, "!$ORIGIN is no domain"}, {4, "!owner no $ORIGIN"}, {6, B N("\"b.\"") "300}"}},
		NULL},
	/* A refused line's owner is that of the next one, and nobody's if it could not be read. */
	{Z "1 PTR a.\n2 FOO x\n PTR b.\n", 0,
		{{4, "!type 'FOO' is not known"}, {3, A N("\"a.\"") "300}"},
			{5, B N("\"b.\"") "300}"}},
		NULL},
	{Z "1 PTR a.\n2 TXT \"x\n PTR b.\n1 PTR c.\n\\050 FOO x\n PTR b.\n", 0,
		{{4, "! quoted text is not closed"}, {5, "!owner there is no record before"},
			{7, "!type 'FOO' is not known"}, {8, "!owner there is no record before"},
			{3, A N("\"a.\",\"c.\"") "300}"}},
		NULL},
	/* a blank at the end of a name is one of its characters if it is escaped */
	{Z "1 PTR a\\ \n2 PTR a\\ b.\\  ; more\n", 0,
		{{3, A N("\"a\\\\032.0.0.10.in-addr.arpa.\"") "300}"},
			{4, B N("\"a\\\\032b.\\\\032.0.0.10.in-addr.arpa.\"") "300}"}},
		NULL},
	{"", 0, {{0, NULL}}, NULL},
	{"; nothing\n\n  \n", 0, {{0, NULL}}, NULL},
};

static void test_zone(void **state)
{
	(void)state;
	CHECK_ALL(READER_ZONE, zone_files, false);
	CHECK_ALL(READER_ZONE, zone_files, true);
}

/* Rows come while the file is read, those before a bad record before it, and the last one at the end. */
static void test_zone_in_order(void **state)
{
	static const struct file files[] = {
		{Z "1 PTR a.\n2 PTR b.\n2 FOO c.\n 60 PTR c.\n@ TXT x\n4 PTR d.\n", 0,
			{{3, A N("\"a.\"") "300}"}, {5, "!type 'FOO' is not known"},
				{4, B N("\"b.\",\"c.\"") "60}"},
				{8, "{\"address\":\"10.0.0.4\"" N("\"d.\"") "300}"}},
			NULL},
		/* of two origins, and IPv4 before IPv6 */
		{Z "9 PTR a.\n$ORIGIN 10.in-addr.arpa.\n0.1.0 PTR b.\n$ORIGIN ip6.arpa.\n"
		   "A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 PTR c.\n",
			0,
			{{3, "{\"address\":\"10.0.0.9\"" N("\"a.\"") "300}"},
				{5, "{\"address\":\"10.0.1.0\"" N("\"b.\"") "300}"},
				{7, "{\"address\":\"2001:db8::a\"" N("\"c.\"") "300}"}},
			NULL},
	};

	(void)state;
	CHECK_ALL(READER_ZONE, files, true);
}

/* The file is another one by the time that it is read. */
static void test_zone_changed(void **state)
{
	static const char seen[] = Z "1 PTR a.\n2 PTR b.\n", now[] = Z "2 PTR b.\n1 PTR a.\n";
	FILE *file = open_text(now, strlen(now)), *again = open_text(seen, strlen(seen));
	struct row row = {.line = 0};
	struct source source;

	(void)state;
	assert_true(source_open(&source, file));
	struct reader_zone *reader = reader_zone_open(&source, NULL, false, again, &row);

	assert_non_null(reader);
	assert_int_equal(reader_zone_next(reader, &row), ROW_FAILED);
	assert_string_equal(row.message, "the file has changed while it was read");
	reader_zone_close(reader);
	source_close(&source);
	fclose(file);
	fclose(again);
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
		struct reader_zone *reader = reader_zone_open(&source, NULL, strict, NULL, &row);

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
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_zone_in_order),
		cmocka_unit_test(test_zone_changed),
		cmocka_unit_test(test_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
