/*
 * ptrctl, when the control process refuses a change, or says that it is stored and not served yet:
 * to people and to programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ptrctl_rig.h"

#define DONE "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"count\":2}}\n"
#define STORED                                                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"stored, and more\"," \
	"\"data\":{\"code\":\"DNS.0503\",\"stored\":true,\"revision\":9}}}\n"
#define REFUSED                                                                                    \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no such thing\","  \
	"\"data\":{\"code\":\"DNS.0502\"}}}\n"

#define REFUSED_SECOND                                                                             \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no such thing\","  \
	"\"data\":{\"code\":\"DNS.0502\",\"index\":1}}}\n"

/* Answers one request after another with the replies, then ends. */
static bool answer(const char *line, FILE *out, void *context)
{
	const char *const **next = context;

	(void)line;
	if (**next == NULL)
		return false;
	fputs(*(*next)++, out);
	return true;
}

static void start(struct fixture *f, const char *const *replies)
{
	rig_start(f, answer, &replies);
}

static void test_command(void **state)
{
	static const char *const replies[] = {STORED, REFUSED, NULL};
	static const char *const set[] = {"ptr", "set", "203.0.113.7", "a.example"};
	char text[RIG_TEXT_MAX];

	start(*state, replies);
	assert_int_equal(rig_run(*state, set, 4, text), EXIT_STORED);
	assert_int_equal(EXIT_STORED, 4);
	assert_says(text, "ptrctl: ptr set: DNS.0503: stored, and more\n");
	assert_int_equal(rig_run(*state, set, 4, text), EXIT_REFUSED);
	assert_says(text, "ptrctl: ptr set: DNS.0502: no such thing\n");
}

/* Five requests on lines 1, 3, 4, 5 and 6, two at a time. */
static void write_file(const struct fixture *f)
{
	FILE *file = fopen(f->file, "w");

	assert_non_null(file);
	for (int i = 0; i < 5; i++)
		fprintf(file,
			"{\"method\":\"ptr.unset\",\"params\":{\"address\":\"10.0.0.%d\"}}\n%s", i,
			i == 0 ? "\n" : "");
	assert_int_equal(fclose(file), 0);
}

static void test_batch(void **state)
{
	static const struct {
		const char *replies[4];
		enum exit_status status;
		const char *text;
	} cases[] = {
		{{DONE, DONE, DONE}, EXIT_OK, ""},
		{{STORED}, EXIT_STORED, "stored: the 2 requests up to line 3; what follows"},
		{{DONE, STORED}, EXIT_STORED, "stored: the 4 requests up to line 5; what follows"},
		{{DONE, DONE, STORED}, EXIT_STORED, "stored: the 5 requests up to line 6; "},
		{{DONE, REFUSED}, EXIT_REFUSED, "done and kept: the 2 requests before its batch"},
		{{REFUSED}, EXIT_REFUSED, "nothing of the file has been done"},
	};
	struct fixture *f = *state;
	const char *const words[] = {"batch", f->file, "--each", "2"};
	char text[RIG_TEXT_MAX];

	write_file(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(f, cases[i].replies);
		assert_int_equal(rig_run(f, words, 4, text), cases[i].status);
		assert_says(text, cases[i].text);
		if (cases[i].status == EXIT_STORED)
			assert_null(strstr(text, "nothing of the file"));
		rig_stop(f);
	}
}

#define ERROR(text, code, data)                                                                    \
	"{\"error\":{\"code\":-32000,\"message\":\"" text "\",\"data\":{\"code\":\"" code          \
	"\"" data "}}}\n"

/* With --json it is the object of the protocol, with the place in a file where there is one. */
static void test_json(void **state)
{
	static const char *const refused[] = {REFUSED, NULL}, *const stored[] = {STORED, NULL},
				 *const second[] = {DONE, REFUSED_SECOND, NULL};
	struct fixture *f = *state;
	const char *const set[] = {"ptr", "set", "203.0.113.7", "a.example"};
	const char *const batch[] = {"batch", f->file, "--each", "2"};
	char text[RIG_TEXT_MAX], want[512];

	start(f, refused);
	assert_int_equal(rig_run_json(f, set, 4, text), EXIT_REFUSED);
	assert_string_equal(text, ERROR("no such thing", "DNS.0502", ""));
	rig_stop(f);
	write_file(f);
	start(f, stored);
	assert_int_equal(rig_run_json(f, batch, 4, text), EXIT_STORED);
	snprintf(want, sizeof(want),
		ERROR("stored, and more", "DNS.0503",
			",\"stored\":true,\"revision\":9,\"file\":\"%s\",\"line\":3,\"done\":2"),
		f->file);
	assert_string_equal(text, want);
	rig_stop(f);
	start(f, second);
	assert_int_equal(rig_run_json(f, batch, 4, text), EXIT_REFUSED);
	snprintf(want, sizeof(want),
		ERROR("no such thing", "DNS.0502",
			",\"index\":1,\"file\":\"%s\",\"line\":5,\"done\":2"),
		f->file);
	assert_string_equal(text, want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_command),
		RIG_TEST(test_batch),
		RIG_TEST(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
