/*
 * ptrctl import against a control process that the test plays: it rejects rows of TTL 0, and notes
 * what it is asked.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ptrctl_rig.h"

/* Shared with the child. */
struct played {
	char asked[256];     /* first letters of the methods, one for a run of import.rows */
	char begin[256];     /* params of import.begin */
	char commit[256];    /* params of import.commit or region.load */
	char row[1024];      /* the last one */
	unsigned rows, most; /* in all, and in one request */
	unsigned names;      /* of all rows */
	unsigned requests;
	const char *refuse; /* error of the commit, or NULL */
	unsigned close_at;  /* closes the connection at that request, 0: never */
	unsigned hang_at;   /* never answers that request, nor any later one */
};

static struct played *play;

static void note(const char *method)
{
	const size_t len = strlen(play->asked);
	const char letter = method[7]; /* import.begin; region.load has an l there */

	if (len > 0 && play->asked[len - 1] == 'r' && letter == 'r')
		return;
	assert_true(len + 1 < sizeof(play->asked));
	play->asked[len] = letter;
}

static json_t *look_at(const json_t *rows)
{
	json_t *rejected = json_array(), *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		const json_t *ttl = json_object_get(row, "ttl");
		char *text = json_dumps(row, JSON_COMPACT);

		play->names += (unsigned)json_array_size(json_object_get(row, "names"));
		snprintf(play->row, sizeof(play->row), "%s", text);
		free(text);
		if (json_is_integer(ttl) && json_integer_value(ttl) == 0)
			json_array_append_new(rejected,
				json_pack("{s:I,s:s,s:s,s:s}", "row", (json_int_t)i, "code",
					"DNS.0506", "field", "ttl", "message",
					"ttl: 0 is outside 1 to 2147483647"));
		/* Place 0 of the import is the row that this one repeats. */
		if (json_is_integer(ttl) && json_integer_value(ttl) == 1)
			json_array_append_new(rejected,
				json_pack("{s:I,s:s,s:s,s:s,s:I}", "row", (json_int_t)i, "code",
					"DNS.0602", "field", "address", "message",
					"address: \"10.0.0.1\" is in row 0", "earlier",
					(json_int_t)0));
	}
	play->rows += (unsigned)json_array_size(rows);
	if (json_array_size(rows) > play->most)
		play->most = (unsigned)json_array_size(rows);
	return json_pack("{s:I,s:o}", "accepted",
		(json_int_t)(json_array_size(rows) - json_array_size(rejected)), "rejected",
		rejected);
}

static bool answer(const char *line, FILE *out, void *context)
{
	json_t *request = json_loads(line, 0, NULL), *reply = NULL;
	const char *method = json_string_value(json_object_get(request, "method"));
	json_t *params = json_object_get(request, "params");

	(void)context;
	if (strlen(line) > 1024 * 1024 || method == NULL)
		return false;
	play->requests++;
	note(method);
	if (play->requests == play->close_at)
		return false;
	while (play->hang_at > 0 && play->requests >= play->hang_at)
		pause();
	if (strcmp(method, "import.begin") == 0) {
		json_dumpb(params, play->begin, sizeof(play->begin) - 1, JSON_COMPACT);
		reply = json_pack("{s:{s:s}}", "result", "import", "i-1");
	} else if (strcmp(method, "import.rows") == 0) {
		reply = json_pack("{s:o}", "result", look_at(json_object_get(params, "rows")));
	} else if (strcmp(method, "import.abort") == 0) {
		reply = json_pack("{s:{}}", "result");
	} else {
		json_dumpb(params, play->commit, sizeof(play->commit) - 1,
			JSON_COMPACT | JSON_SORT_KEYS);
		reply = play->refuse != NULL
			? json_loads(play->refuse, 0, NULL)
			: json_pack("{s:{s:i,s:i}}", "result", "bound", 1, "revision", 7);
	}
	json_dumpf(reply, out, JSON_COMPACT);
	putc('\n', out);
	json_decref(reply);
	json_decref(request);
	return true;
}

static int set_up(void **state)
{
	play = mmap(NULL, sizeof(*play), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(play != MAP_FAILED);
	return rig_set_up(state);
}

static int tear_down(void **state)
{
	munmap(play, sizeof(*play));
	return rig_tear_down(state);
}

#define CSV "address,names,ttl\n"
#define GOOD "10.0.0.1,a.example,5\n"
#define BAD "10.0.0.2,b.example,0\n"
#define BROKEN "10.0.0.3,\"c\n"
#define ZONE(records) "$ORIGIN 0.0.10.in-addr.arpa.\n" records
#define ONE "1 5 PTR a.example.\n"
#define TWO "2 5 PTR b.example.\n"
#define NINE "9 5 PTR c.example.\n"
#define BAD_TTL "3 0 PTR d.example.\n"
#define BAD_TYPE "4 FOO e.example.\n"
#define JSON_ROW "{\"address\":\"10.0.0.1\",\"names\":[\"a.example\"],\"ttl\":5}"
#define REFUSAL                                                                                    \
	"{\"error\":{\"code\":-32000,\"message\":\"project: has 50\",\"data\":{\"code\":"          \
	"\"DNS.0405\",\"field\":\"project\",\"row\":1}}}"
#define STORED                                                                                     \
	"{\"error\":{\"code\":-32000,\"message\":\"stored\",\"data\":{\"code\":\"DNS.0503\","      \
	"\"stored\":true,\"revision\":9}}}"

static const struct test {
	const char *content;
	const char *options[5];
	enum exit_status status;
	const char *asked;
	const char *says[3]; /* FILE: the file's name */
	const char *refuse;
} tests[] = {
	{CSV GOOD, {NULL}, EXIT_OK, "brc", {NULL}, NULL},
	{JSON_ROW, {NULL}, EXIT_OK, "brc", {NULL}, NULL},
	{"1.0.0.10.in-addr.arpa. 5 PTR a.example.\n@ NS ns.\n", {"--zone", "e."}, EXIT_OK, "brc",
		{"no PTR records: 1 NS\n"}, NULL},
	/* a zone in order of address, and the same out of it */
	{ZONE(ONE BAD_TTL TWO), {NULL}, EXIT_REFUSED, "bra", {"FILE:3: DNS.0506: ttl: 0 "}, NULL},
	{ZONE(TWO BAD_TTL ONE), {NULL}, EXIT_REFUSED, "bra", {"FILE:3: DNS.0506: ttl: 0 "}, NULL},
	{ZONE(ONE TWO BAD_TYPE NINE), {NULL}, EXIT_REFUSED, "bra",
		{"FILE:4: DNS.0002: type: 'FOO' is not known\n  nothing has been changed\n"}, NULL},
	{ZONE(TWO ONE BAD_TYPE NINE), {NULL}, EXIT_REFUSED, "ba",
		{"FILE:4: DNS.0002: type: 'FOO' is not known\n  nothing has been changed\n"}, NULL},
	{ZONE(ONE BAD_TTL BAD_TYPE NINE), {"--on-error", "skip"}, EXIT_REFUSED, "brc",
		{"FILE:3: DNS.0506: ttl: 0 is outside 1 to 2147483647\nFILE:4: DNS.0002: type: 'FOO' "
		 "is not known\n"},
		NULL},
	{ZONE(NINE BAD_TTL BAD_TYPE ONE), {"--on-error", "skip"}, EXIT_REFUSED, "brc",
		{"FILE:3: DNS.0506: ttl: 0 is outside 1 to 2147483647\nFILE:4: DNS.0002: type: 'FOO' "
		 "is not known\n"},
		NULL},
	{CSV, {NULL}, EXIT_OK, "ba", {NULL}, NULL},
	{CSV GOOD, {"--dry-run"}, EXIT_OK, "bra", {NULL}, NULL},
	/* stop: the first bad row is told, and no other */
	{CSV GOOD BAD BAD, {NULL}, EXIT_REFUSED, "bra",
		{"FILE:3: DNS.0506: ttl: 0 is outside 1 to 2147483647\n  nothing has been changed\n"},
		NULL},
	{CSV GOOD BROKEN BAD, {NULL}, EXIT_REFUSED, "bra",
		{"FILE:3: DNS.0002: a quoted field is not closed", "  nothing has been changed\n"},
		NULL},
	{CSV BAD BROKEN, {NULL}, EXIT_REFUSED, "bra", {"FILE:2: DNS.0506: ttl: 0 "}, NULL},
	{CSV BROKEN, {NULL}, EXIT_REFUSED, "ba", {"FILE:2: DNS.0002: a quoted field"}, NULL},
	/* skip: all are told, in order, and the rest is loaded */
	{CSV GOOD BAD "x,y\n" GOOD BAD, {"--on-error", "skip"}, EXIT_REFUSED, "brc",
		{"FILE:3: DNS.0506: ttl: 0 is outside 1 to 2147483647\nFILE:4: DNS.0002: the row has 2 "
		 "fields, the first line names 3\nFILE:6: DNS.0506: ttl: 0"},
		NULL},
	{CSV GOOD BAD BAD BAD, {"--on-error", "skip", "--max-errors", "1"}, EXIT_REFUSED, "brc",
		{"FILE:3: DNS.0506: ttl: 0 is outside 1 to 2147483647\n  and 2 more"}, NULL},
	{CSV BAD BAD, {"--on-error", "skip"}, EXIT_REFUSED, "bra", {"FILE:2: ", "FILE:3: "}, NULL},
	{CSV GOOD BAD, {"--on-error", "skip", "--dry-run"}, EXIT_REFUSED, "bra", {"FILE:3: "},
		NULL},
	/* a row that repeats one names that one's line */
	{CSV GOOD "10.0.0.1,a,1\n", {NULL}, EXIT_REFUSED, "bra",
		{"FILE:3: DNS.0602: address: line 2 has the same one already\n"}, NULL},
	/* a file that is none */
	{"address,name\n", {NULL}, EXIT_REFUSED, "ba", {"FILE:1: DNS.0002: the first line: "},
		NULL},
	/* the commit */
	{CSV GOOD "10.0.0.9,b,5\n", {NULL}, EXIT_REFUSED, "brc",
		{"FILE:3: DNS.0405: project: has 50\n  nothing has been changed\n"}, REFUSAL},
	{CSV GOOD, {NULL}, EXIT_STORED, "brc", {"DNS.0503: stored\n"}, STORED},
};

static void check(struct fixture *f, const struct test *test, const char *const *noun, int count)
{
	static char text[RIG_TEXT_MAX];
	const char *words[10] = {noun[0], count > 1 ? noun[1] : NULL, count > 2 ? noun[2] : NULL};

	words[count++] = f->file;
	for (int i = 0; i < 5 && test->options[i] != NULL; i++)
		words[count++] = test->options[i];
	memset(play, 0, sizeof(*play));
	play->refuse = test->refuse;
	rig_write(f, test->content);
	rig_start(f, answer, NULL);
	const enum exit_status status = rig_run(f, words, count, text);

	rig_name_file(f, text);
	if (status != test->status || strcmp(play->asked, test->asked) != 0)
		fail_msg("%s: status %d, asked %s: %s", test->content, (int)status, play->asked,
			text);
	for (int i = 0; i < 3 && test->says[i] != NULL; i++)
		assert_says(text, test->says[i]);
	if (test->status == EXIT_OK && test->says[0] == NULL)
		assert_string_equal(text, "");
	rig_stop(f);
}

static void test_import(void **state)
{
	static const char *const noun[] = {"import"};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		check(*state, &tests[i], noun, 1);
}

/* What is sent, and what becomes of rows without a project. */
static void test_sent(void **state)
{
	static const char *const noun[] = {"import"}, *const load[] = {"region", "load", "eu"};
	static const struct test with_project
		= {CSV GOOD, {"--project", "shop"}, EXIT_OK, "brc", {NULL}, NULL},
		has_project = {"address,project\n10.0.0.1,own\n", {"--project", "shop"}, EXIT_OK,
			"brc", {NULL}, NULL},
		region = {CSV GOOD, {NULL}, EXIT_OK, "brl", {NULL}, NULL},
		empty = {CSV, {NULL}, EXIT_REFUSED, "ba", {"--allow-empty"}, NULL},
		allowed = {CSV, {"--allow-empty"}, EXIT_OK, "bl", {NULL}, NULL};

	check(*state, &with_project, noun, 1);
	assert_string_equal(play->begin, "{}");
	assert_string_equal(play->commit, "{\"import\":\"i-1\"}");
	assert_string_equal(play->row,
		"{\"address\":\"10.0.0.1\",\"names\":[\"a.example\"],\"ttl\":5,\"project\":\"shop\"}");
	check(*state, &has_project, noun, 1);
	assert_string_equal(play->row, "{\"address\":\"10.0.0.1\",\"project\":\"own\"}");
	check(*state, &region, load, 3);
	assert_string_equal(play->begin, "{\"region\":\"eu\"}");
	assert_string_equal(play->commit, "{\"import\":\"i-1\",\"name\":\"eu\"}");
	check(*state, &empty, load, 3);
	check(*state, &allowed, load, 3);
}

/*
 * More rows than any number of requests on their way can hold, each rejected with more bytes than
 * it has: neither side waits for ever for the other one to read.
 */
static void test_many(void **state)
{
	const int count = 200000;
	struct fixture *f = *state;
	const char *words[] = {"import", f->file, "--on-error", "skip", "--max-errors", "3"};
	static char text[RIG_TEXT_MAX];
	FILE *file = fopen(f->file, "w");

	assert_non_null(file);
	fputs(CSV, file);
	for (int i = 0; i < count; i++)
		fprintf(file, "10.%d.%d.%d,a,%d\n", i >> 16, i >> 8 & 255, i & 255,
			i % 1000 == 999);
	assert_int_equal(fclose(file), 0);
	rig_start(f, answer, NULL);
	assert_int_equal(rig_run(f, words, 6, text), EXIT_REFUSED);
	assert_int_equal(play->rows, count);
	assert_true(play->most > 1000 && play->most <= 8192);
	/* All but those of TTL 1, which are rejected too. */
	assert_says(text, "  and 199997 more that --max-errors 3 hides\n");
	assert_string_equal(play->asked, "bra");
}

/* Two records of each name, the second beyond the border of a request for some of them. */
static void test_many_records(void **state)
{
	const int count = 50000;
	struct fixture *f = *state;
	const char *words[] = {"import", f->file};
	static char text[RIG_TEXT_MAX];

	for (int ordered = 0; ordered < 2; ordered++) {
		FILE *file = fopen(f->file, "w");

		assert_non_null(file);
		fputs("$ORIGIN 10.in-addr.arpa.\n", file);
		for (int i = 0; i < count; i++)
			fprintf(file, "%d.%d.%d 7 PTR a%d.\n 5 PTR b%d.\n", i & 255, i >> 8 & 255,
				i >> 16, i, i);
		if (!ordered)
			fputs("0.0.0 PTR c.\n", file);
		assert_int_equal(fclose(file), 0);
		memset(play, 0, sizeof(*play));
		rig_start(f, answer, NULL);
		assert_int_equal(rig_run(f, words, 2, text), EXIT_OK);
		assert_int_equal(play->rows, count);
		assert_int_equal(play->names, 2 * count + !ordered);
		assert_string_equal(play->row,
			"{\"address\":\"10.0.195.79\",\"names\":[\"a49999.\",\"b49999.\"],\"ttl\":5}");
		rig_stop(f);
	}
}

/* With --json each bad row is an object, the file's own ones too, and what has been done is one. */
static void test_json(void **state)
{
	struct fixture *f = *state;
	const char *words[] = {"import", f->file, "--on-error", "skip"};
	static char text[RIG_TEXT_MAX];

	rig_write(f, CSV GOOD BAD "x,y\n");
	rig_start(f, answer, NULL);
	assert_int_equal(rig_run_json(f, words, 4, text), EXIT_REFUSED);
	rig_name_file(f, text);
	assert_string_equal(text,
		"{\"error\":{\"code\":-32000,\"message\":\"ttl: 0 is outside 1 to 2147483647\","
		"\"data\":{\"code\":\"DNS.0506\",\"field\":\"ttl\",\"file\":\"FILE\",\"line\":3}}}\n"
		"{\"error\":{\"code\":-32000,\"message\":\"the row has 2 fields, the first line names "
		"3\",\"data\":{\"code\":\"DNS.0002\",\"file\":\"FILE\",\"line\":4}}}\n"
		"{\"rows\":3,\"accepted\":1,\"refused\":2,\"dry_run\":false,\"bound\":1,\"revision\":7}"
		"\n");
	rig_stop(f);
	/* What it quotes may be no UTF-8. */
	rig_write(f, "address,n\xff\n");
	rig_start(f, answer, NULL);
	assert_int_equal(rig_run_json(f, words, 4, text), EXIT_REFUSED);
	assert_says(text, "\"the first line: 'n?' is no column");
}

static void test_lost(void **state)
{
	static const struct {
		unsigned close_at;
		const char *says;
	} cases[] = {
		{1, "lost the control process"},
		{2, "lost the control process"},
		{3, "a change under way may have been made or not"},
	};
	struct fixture *f = *state;
	const char *words[] = {"import", f->file};
	static char text[RIG_TEXT_MAX];

	rig_write(f, CSV GOOD);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(play, 0, sizeof(*play));
		play->close_at = cases[i].close_at;
		rig_start(f, answer, NULL);
		assert_int_equal(rig_run(f, words, 2, text), EXIT_NO_DAEMON);
		assert_says(text, cases[i].says);
		rig_stop(f);
	}
}

/* Until the child has been asked that often, or the runner's patience ends. */
static void wait_for_requests(unsigned requests)
{
	while (((volatile struct played *)play)->requests < requests)
		usleep(1000);
}

/*
 * A signal while rows are looked at ends the program; while the commit is under way it waits for
 * how that ends.
 */
static void test_interrupt(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct fixture *f = *state;
	const char *words[] = {"import", f->file};
	static char text[RIG_TEXT_MAX];
	int status;

	rig_write(f, CSV GOOD);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		memset(play, 0, sizeof(*play));
		play->hang_at = 2;
		rig_start(f, answer, NULL);
		fflush(NULL);
		const pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0) {
			rig_run(f, words, 2, text);
			_exit(0);
		}
		wait_for_requests(2);
		kill(child, signals[i]);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 128 + signals[i]);
		assert_string_equal(play->asked, "br");
		rig_stop(f);
	}
}

static void test_usage(void **state)
{
	static const struct {
		const char *words[8];
		const char *says;
	} cases[] = {
		{{"import"}, "give a file"},
		{{"import", "f", "--axfr", "s", "--zone", "z"}, "give a file"},
		{{"import", "--axfr", "s"}, "--axfr needs --zone"},
		{{"import", "--axfr", "s", "--zone", "z", "--format", "csv"},
			"--format is of a file"},
		{{"import", "f", "--tsig", "a:hmac-sha256:AAAA"}, "are for --axfr"},
		{{"import", "--axfr", "::1#1", "--zone", "z", "--tsig", "a"},
			"name:algorithm:secret"},
		{{"import", "--axfr", "::1#1", "--zone", "z", "--tsig", "a:hmac-md5:AAAA"},
			"neither hmac-sha256 nor"},
		{{"import", "--axfr", "::1#1", "--zone", "z", "--tsig", "a:hmac-sha256:A"},
			"not base64"},
		{{"import", "--axfr", "::1#1", "--zone", "z"},
			"::1#1/z: ::1#1: Connection refused"},
		{{"import", "--axfr", "::1#1", "--zone", "a..b"}, "'a..b' is no domain name"},
		{{"import", "f", "--format", "xml"}, "must be csv, jsonl or zone"},
		{{"import", "f", "--on-error", "x"}, "must be stop or skip"},
		{{"import", "f", "--max-errors", "-1"}, "must be 0 or more"},
		{{"import", "/nonexistent/f"}, "/nonexistent/f: No such file"},
		{{"import", "/"}, "/: Is a directory"},
	};
	static char text[RIG_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int count = 0;

		while (count < 8 && cases[i].words[count] != NULL)
			count++;
		assert_int_equal(rig_run(*state, cases[i].words, count, text), EXIT_USAGE);
		assert_says(text, cases[i].says);
	}
}

/* What no reader could make rows of is told from bad rows. */
static void test_foreign(void **state)
{
	static const struct {
		const char *content, *says;
	} cases[] = {
		{"\xff\xfe"
		 "a",
			"UTF-16"},
		{"\xfe\xff", "UTF-16"},
		{"\x1f\x8b\x08", "compressed"},
		{"PK\x03\x04", "ZIP"},
	};
	struct fixture *f = *state;
	const char *words[] = {"import", f->file};
	static char text[RIG_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_write(f, cases[i].content);
		assert_int_equal(rig_run(f, words, 2, text), EXIT_USAGE);
		assert_says(text, cases[i].says);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest all[] = {
		TEST(test_import),
		TEST(test_sent),
		TEST(test_many),
		TEST(test_many_records),
		TEST(test_json),
		TEST(test_lost),
		TEST(test_interrupt),
		TEST(test_usage),
		TEST(test_foreign),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
