/*
 * ptrctl export while others change what it reads: a control process that the test plays gives its
 * region another revision after some of the looks at it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ptrctl_rig.h"

/* Shared with the child. */
struct played {
	unsigned looks;     /* at the regions */
	unsigned changes;   /* there is one after each of the first looks, this many */
	unsigned torn;      /* the first so many lists of PTRs lack one */
	unsigned ptr_lists; /* asked for */
	bool fails;         /* lists of EIPs are refused */
	bool unseen;        /* revisions are not shown */
};

static struct played *play;

#define EIP(n, ptr)                                                                                \
	"{\"address\":\"10.0.0." #n "\",\"id\":\"e-" #n "\",\"project\":\"p\",\"ptr\":" ptr "}"
#define PTR(n, more) "{\"address\":\"10.0.0." #n "\",\"names\":[\"a.\",\"b.\"],\"ttl\":5" more "}"

static const char eips[] = "{\"result\":{\"total\":3,\"marker\":null,\"eips\":[" EIP(
	1, "{\"ttl\":5}") "," EIP(2, "null") "," EIP(10, "{\"ttl\":5}") "]}}";
static const char ptrs[] = "{\"result\":{\"total\":2,\"marker\":null,\"ptrs\":[" PTR(1,
	",\"description\":\"x, \\\"y\\\"\",\"tags\":[{\"key\":\"k;\",\"value\":\"v\"}]") "," PTR(10,
	",\"description\":\"\",\"tags\":[]") "]}}";
static const char fewer[] = "{\"result\":{\"total\":1,\"marker\":null,\"ptrs\":[" PTR(10, "") "]}}";
static const char refusal[] = "{\"error\":{\"message\":\"no\",\"data\":{\"code\":\"DNS.0013\"}}}";

static const char csv[] = "address,project,id,names,ttl,description,tags\r\n"
			  "10.0.0.1,p,e-1,a. b.,5,\"x, \"\"y\"\"\",k\\;=v\r\n"
			  "10.0.0.2,p,e-2,,,,\r\n"
			  "10.0.0.10,p,e-10,a. b.,5,,\r\n";
static const char jsonl[]
	= "{\"address\":\"10.0.0.1\",\"project\":\"p\",\"id\":\"e-1\",\"names\":[\"a.\",\"b.\"],"
	  "\"ttl\":5,\"description\":\"x, \\\"y\\\"\",\"tags\":[{\"key\":\"k;\",\"value\":\"v\"}]}\n"
	  "{\"address\":\"10.0.0.2\",\"project\":\"p\",\"id\":\"e-2\",\"default\":true}\n"
	  "{\"address\":\"10.0.0.10\",\"project\":\"p\",\"id\":\"e-10\",\"names\":[\"a.\",\"b.\"],"
	  "\"ttl\":5}\n";

static bool answer(const char *line, FILE *out, void *context)
{
	(void)context;
	if (strstr(line, "\"region.list\"") != NULL) {
		play->looks++;
		fprintf(out, "{\"result\":{\"marker\":null,\"regions\":[{\"%s\":%u}]}}\n",
			play->unseen ? "eips" : "revision",
			play->looks <= play->changes ? play->looks : 1000);
	} else if (strstr(line, "\"eip.list\"") != NULL) {
		fprintf(out, "%s\n", play->fails ? refusal : eips);
	} else {
		fprintf(out, "%s\n", ++play->ptr_lists <= play->torn ? fewer : ptrs);
	}
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

static const struct test {
	struct played play;
	const char *options[3];
	enum exit_status status;
	unsigned looks;
	const char *content; /* of the file, or NULL: there is none */
	const char *says;
} tests[] = {
	{{.changes = 0}, {NULL}, EXIT_OK, 2, csv, "3 rows\n"},
	{{.changes = 0}, {"--quiet"}, EXIT_OK, 2, csv, NULL},
	{{.changes = 0}, {"--format", "jsonl"}, EXIT_OK, 2, jsonl, "3 rows\n"},
	/* Each attempt takes two looks. A change between two attempts does not matter. */
	{{.changes = 1}, {NULL}, EXIT_OK, 4, csv, "3 rows\n"},
	{{.changes = 2}, {NULL}, EXIT_OK, 4, csv, "3 rows\n"},
	{{.changes = 3}, {NULL}, EXIT_OK, 6, csv, "3 rows\n"},
	{{.changes = 4}, {NULL}, EXIT_OK, 6, csv, "3 rows\n"},
	{{.changes = 5}, {NULL}, EXIT_REFUSED, 6, NULL, "changed each of the 3 times"},
	{{.changes = 5}, {"--mixed"}, EXIT_OK, 6, csv, "warning: something was changed"},
	/* The two lists do not fit: it begins anew at once. */
	{{.torn = 1}, {NULL}, EXIT_OK, 3, csv, "3 rows\n"},
	{{.torn = 3}, {NULL}, EXIT_REFUSED, 3, NULL, "changed each of the 3 times"},
	{{.unseen = true}, {NULL}, EXIT_OK, 2, csv, "warning: this role does not see"},
	{{.unseen = true}, {"--format", "zone"}, EXIT_REFUSED, 1, NULL,
		"all projects, and this role"},
	{{.fails = true}, {NULL}, EXIT_REFUSED, 1, NULL, "DNS.0013: no"},
};

static void check_file(const struct fixture *f, const char *want)
{
	FILE *file = fopen(f->file, "r");
	char text[1024];

	if (want == NULL) {
		assert_null(file);
		return;
	}
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, want);
}

static void test_export(void **state)
{
	static char text[RIG_TEXT_MAX];
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		const char *words[5] = {"export", f->file};
		int count = 2;

		for (int j = 0; j < 3 && tests[i].options[j] != NULL; j++)
			words[count++] = tests[i].options[j];
		*play = tests[i].play;
		rig_start(f, answer, NULL);
		assert_int_equal(rig_run(f, words, count, text), tests[i].status);
		assert_int_equal(play->looks, tests[i].looks);
		if (tests[i].says != NULL)
			assert_says(text, tests[i].says);
		else
			assert_string_equal(text, "");
		check_file(f, tests[i].content);
		unlink(f->file);
		rig_stop(f);
	}
}

static void test_usage(void **state)
{
	static const struct {
		const char *words[6];
		const char *says;
	} cases[] = {
		{{"export", "f", "--format", "xml"}, "must be csv, jsonl or zone"},
		{{"export", "f.csv", "--zone", "z"}, "--zone and --dir are for --format zone"},
		{{"export", "--dir", "/tmp", "--project", "p"}, "not with --project"},
		{{"export", "f.zone", "--dir", "/tmp"}, "give one of --dir and a file"},
		{{"export", "--dir", "/nonexistent"}, "no such directory"},
	};
	static char text[RIG_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int count = 0;

		while (count < 6 && cases[i].words[count] != NULL)
			count++;
		assert_int_equal(rig_run(*state, cases[i].words, count, text), EXIT_USAGE);
		assert_says(text, cases[i].says);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest all[] = {
		TEST(test_export),
		TEST(test_usage),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}
