/*
 * Words of a command line to params. What arguments_parse() says on standard error is for people;
 * the tests hold it to saying something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arguments.h"
#include "delegation.h"
#include "tag.h"

#define WORDS_MAX 12

static const struct argument set_arguments[] = {
	{"ADDRESS", NULL, "address", ARGUMENT_TEXT, .required = true, .flag = NULL},
	{"NAME", NULL, "names", ARGUMENT_TEXTS, .required = true, .flag = NULL},
	{"--ttl", "N", "ttl", ARGUMENT_NUMBER, .required = false, .flag = NULL},
	{"--ns", "NAME", "ns.names", ARGUMENT_TEXTS, .required = false, .flag = NULL},
	{"--soa-ttl", "N", "soa.ttl", ARGUMENT_NUMBER, .required = false, .flag = NULL},
	{"--soa-mname", "N", "soa.mname", ARGUMENT_TEXT, .required = false, .flag = NULL},
	{"--detached", NULL, "state", ARGUMENT_FLAG, .required = false, .flag = "detached"},
	{"--force", NULL, "force", ARGUMENT_FLAG, .required = false, .flag = NULL},
	{"--no-delegations", NULL, "delegations", ARGUMENT_NONE, .required = false, .flag = NULL},
	{"--delegate", DELEGATION_FORM, "delegations", ARGUMENT_OBJECTS, .required = false,
		.flag = NULL, .object = delegation_parse},
	{NULL, NULL, NULL, ARGUMENT_TEXT, .required = false, .flag = NULL},
};

static const struct argument call_arguments[] = {
	{"METHOD", NULL, "method", ARGUMENT_TEXT, .required = true, .flag = NULL},
	{"JSON", NULL, "params", ARGUMENT_JSON, .required = false, .flag = NULL},
	{NULL, NULL, NULL, ARGUMENT_TEXT, .required = false, .flag = NULL},
};

static const struct argument record_arguments[] = {
	{"ADDRESS|ID", NULL, "address", ARGUMENT_RECORD, .required = true, .flag = NULL},
	{"NAME", NULL, "names", ARGUMENT_TEXTS, .required = false, .flag = NULL},
	{"--tag", TAG_FORM, "tags", ARGUMENT_OBJECTS, .required = false, .flag = NULL,
		.object = tag_parse},
	{NULL, NULL, NULL, ARGUMENT_TEXT, .required = false, .flag = NULL},
};

struct row {
	const struct argument *arguments;
	const char *words[WORDS_MAX]; /* ends with NULL */
	const char *params;           /* JSON, or NULL: refused */
};

#define E(prefix, name, ns) "{\"prefix\":\"" prefix "\",\"name\":\"" name "\",\"ns\":[" ns "]}"
#define D(prefix, name, ns) ",\"delegations\":[" E(prefix, name, ns)
#define A "{\"address\":\"1.2.3.4\",\"names\":[\"a\"]"

static const struct row rows[] = {
	/* words in their places, the last place collects */
	{set_arguments, {"1.2.3.4", "a"}, A "}"},
	{set_arguments, {"1.2.3.4", "a", "b"}, "{\"address\":\"1.2.3.4\",\"names\":[\"a\",\"b\"]}"},
	{set_arguments, {"1.2.3.4"}, NULL},
	{set_arguments, {NULL}, NULL},
	/* options, in any place, with their value or next to it */
	{set_arguments, {"--ttl", "5", "1.2.3.4", "a"}, A ",\"ttl\":5}"},
	{set_arguments, {"1.2.3.4", "--ttl=5", "a"}, A ",\"ttl\":5}"},
	{set_arguments, {"1.2.3.4", "a", "--ttl"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--ttl="}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--ttl", "5", "--ttl", "6"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--tt", "5"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--ttls", "5"}, NULL},
	/* numbers: any whole one is the control process's to judge */
	{set_arguments, {"1.2.3.4", "a", "--ttl", "0"}, A ",\"ttl\":0}"},
	{set_arguments, {"1.2.3.4", "a", "--ttl", "-1"}, A ",\"ttl\":-1}"},
	{set_arguments, {"1.2.3.4", "a", "--ttl", "9223372036854775807"},
		A ",\"ttl\":9223372036854775807}"},
	{set_arguments, {"1.2.3.4", "a", "--ttl", "9223372036854775808"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--ttl", "5s"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--ttl", "1.5"}, NULL},
	/* members of members, options that may be repeated */
	{set_arguments, {"1.2.3.4", "a", "--soa-ttl", "5", "--soa-mname", "m"},
		A ",\"soa\":{\"ttl\":5,\"mname\":\"m\"}}"},
	{set_arguments, {"1.2.3.4", "a", "--ns", "x", "--ns=y"},
		A ",\"ns\":{\"names\":[\"x\",\"y\"]}}"},
	/* an address or a PTR id: exactly one colon tells */
	{record_arguments, {"1.2.3.4"}, "{\"address\":\"1.2.3.4\"}"},
	{record_arguments, {"eu:e-1"}, "{\"id\":\"eu:e-1\"}"},
	{record_arguments, {"2001:db8"}, "{\"id\":\"2001:db8\"}"},
	{record_arguments, {"::"}, "{\"address\":\"::\"}"},
	{record_arguments, {"2001:db8::1/128"}, "{\"address\":\"2001:db8::1/128\"}"},
	{record_arguments, {":"}, "{\"id\":\":\"}"},
	{record_arguments, {NULL}, NULL},
	{record_arguments, {"eu:e", "a"}, "{\"id\":\"eu:e\",\"names\":[\"a\"]}"},
	{record_arguments, {"--tag", "k=v=w", "eu:e", "--tag=l="},
		"{\"id\":\"eu:e\",\"tags\":[{\"key\":\"k\",\"value\":\"v=w\"},"
		"{\"key\":\"l\",\"value\":\"\"}]}"},
	{record_arguments, {"eu:e", "--tag", "k"}, NULL},
	{record_arguments, {"eu:e", "--tag"}, NULL},
	/* flags */
	{set_arguments, {"1.2.3.4", "a", "--force"}, A ",\"force\":true}"},
	{set_arguments, {"1.2.3.4", "a", "--force=true"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--force", "--force"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--no-delegations"}, A ",\"delegations\":[]}"},
	{set_arguments, {"1.2.3.4", "a", "--no-delegations="}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--detached"}, A ",\"state\":\"detached\"}"},
	{set_arguments, {"1.2.3.4", "a", "--detached=no"}, NULL},
	/* objects of a form of their own */
	{set_arguments, {"1.2.3.4", "a", "--delegate", "10.0.0.0/25=0/25.z,n1"},
		A D("10.0.0.0/25", "0/25.z", "\"n1\"") "]}"},
	{set_arguments, {"1.2.3.4", "a", "--delegate=p=z,n1,n2", "--delegate", "q=y,n"},
		A D("p", "z", "\"n1\",\"n2\"") "," E("q", "y", "\"n\"") "]}"},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p=z"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p,n=z"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "=z,n"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p=,n"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p=z,"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p=z,n,,m"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p=z,n,"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p=z,\xFF"}, NULL},
	{set_arguments, {"1.2.3.4", "a", "--delegate", "p=\xFF,n"}, NULL},
	/* behind -- all are words; text has to be UTF-8 */
	{set_arguments, {"1.2.3.4", "a", "--", "--ttl"},
		"{\"address\":\"1.2.3.4\",\"names\":[\"a\",\"--ttl\"]}"},
	{set_arguments, {"1.2.3.4", "\xFF"}, NULL},
	/* JSON as a word; a place for each word and no more */
	{call_arguments, {"m"}, "{\"method\":\"m\"}"},
	{call_arguments, {"m", "{\"a\":[1]}"}, "{\"method\":\"m\",\"params\":{\"a\":[1]}}"},
	{call_arguments, {"m", "{\"a\":[1]"}, NULL},
	{call_arguments, {"m", "{}", "x"}, NULL},
};

static void check(const struct row *row)
{
	char *words[WORDS_MAX];
	int count = 0;

	for (; row->words[count] != NULL; count++)
		assert_non_null(words[count] = strdup(row->words[count]));
	json_t *params = arguments_parse(row->arguments, "test", count, words);
	json_t *expected = row->params != NULL ? json_loads(row->params, 0, NULL) : NULL;

	assert_true((expected == NULL) == (row->params == NULL));
	if (row->params == NULL ? params != NULL : !json_equal(params, expected)) {
		char *text = json_dumps(params, 0);

		fail_msg("row %td: want %s, got %s", row - rows,
			row->params != NULL ? row->params : "a refusal",
			text != NULL ? text : "a refusal");
	}
	json_decref(params);
	json_decref(expected);
	while (count > 0)
		free(words[--count]);
}

static void test_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
}

static void check_print(int column, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	arguments_print(out, set_arguments, column);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

/* No line is longer than 79 characters: the first one is as it were behind `column` others. */
static void test_print(void **state)
{
	(void)state;
	check_print(3,
		" ADDRESS NAME [NAME..] [--ttl N] [--ns NAME..] [--soa-ttl N] [--soa-mname N]\n"
		"        [--detached] [--force] [--no-delegations]\n"
		"        [--delegate PREFIX=NAME,NS[,NS..]..]");
	check_print(4,
		" ADDRESS NAME [NAME..] [--ttl N] [--ns NAME..] [--soa-ttl N]\n"
		"        [--soa-mname N] [--detached] [--force] [--no-delegations]\n"
		"        [--delegate PREFIX=NAME,NS[,NS..]..]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
