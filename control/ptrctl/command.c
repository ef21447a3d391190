#include "command.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const struct argument command_address_arguments[] = {
	{"ADDRESS", NULL, "address", ARGUMENT_TEXT, .required = true},
	{NULL},
};

const struct argument command_list_arguments[] = {
	{"--region", "REGION", "region", ARGUMENT_TEXT},
	{"--project", "PROJECT", "project", ARGUMENT_TEXT},
	{"--status", "ACTIVE|DISABLED", "status", ARGUMENT_TEXT},
	{"--name", "NAME|*.DOMAIN", "name", ARGUMENT_TEXT},
	{"--prefix", "PREFIX", "prefix", ARGUMENT_TEXT},
	{"--tag", "KEY,VALUE|KEY,*PART", "tags", ARGUMENT_TEXTS},
	{"--limit", "N", "limit", ARGUMENT_NUMBER},
	{"--marker", "ADDRESS", "marker", ARGUMENT_TEXT},
	{"--offset", "N", "offset", ARGUMENT_NUMBER},
	{NULL},
};

#define PAGE_MAX 500 /* objects that the control process gives in one reply */

static const struct command *const nouns[] = {
	region_commands,
	load_commands,
	eip_commands,
	ptr_commands,
	project_commands,
	batch_commands,
	import_commands,
	export_commands,
	status_commands,
	top_commands,
	verify_commands,
	backup_commands,
	restore_commands,
	audit_commands,
	call_commands,
	completion_commands,
};
#define NOUNS (sizeof(nouns) / sizeof(nouns[0]))

const char *command_title(const struct command *command)
{
	static char title[64];

	snprintf(title, sizeof(title), "%s%s%s", command->noun, command->verb != NULL ? " " : "",
		command->verb != NULL ? command->verb : "");
	return title;
}

const struct command *command_at(unsigned index)
{
	for (size_t i = 0; i < NOUNS; i++)
		for (const struct command *c = nouns[i]; c->noun != NULL; c++)
			if (index-- == 0)
				return c;
	return NULL;
}

const struct command *command_find(const char *noun, const char *verb, int *words)
{
	for (size_t i = 0; i < NOUNS; i++) {
		for (const struct command *c = nouns[i]; c->noun != NULL; c++) {
			if (strcmp(c->noun, noun) != 0)
				continue;
			*words = c->verb == NULL ? 1 : 2;
			if (c->verb == NULL || (verb != NULL && strcmp(c->verb, verb) == 0))
				return c;
		}
	}
	return NULL;
}

bool command_is_noun(const char *word)
{
	for (size_t i = 0; i < NOUNS; i++)
		for (const struct command *c = nouns[i]; c->noun != NULL; c++)
			if (strcmp(c->noun, word) == 0)
				return true;
	return false;
}

unsigned command_help(FILE *out, const char *noun)
{
	unsigned shown = 0;

	for (size_t i = 0; i < NOUNS; i++) {
		for (const struct command *c = nouns[i]; c->noun != NULL; c++) {
			if (noun != NULL && strcmp(c->noun, noun) != 0)
				continue;
			fprintf(out, "  %-18s  %s\n", command_title(c), c->help);
			shown++;
		}
	}
	return shown;
}

void command_usage(FILE *out, const struct command *command)
{
	const int column
		= fprintf(out, "usage: ptrctl [--socket PATH] [--json] %s", command_title(command));

	arguments_print(out, command->arguments, column);
	fprintf(out, "\n  %s\n", command->help);
	if (command->details != NULL)
		fprintf(out, "\n%s\n", command->details);
}

struct client *session_client(struct session *session)
{
	if (session->client == NULL)
		session->client = client_open(session->socket);
	return session->client;
}

/* The obvious next step after an error code; `method` NULL: after any method. */
static const struct hint {
	const char *code, *method, *text;
} hints[] = {
	{"DNS.0013", NULL,
		"an operator can do it, or give you the role: 'control: roles:' in ptrd-control's "
		"configuration"},
	{"DNS.0405", NULL,
		"unset a PTR that is not needed, or let an operator give the project more: "
		"ptrctl project set PROJECT --quota N"},
	{"DNS.0502", NULL, "bind the address first: ptrctl eip bind ADDRESS"},
	{"DNS.0503", NULL,
		"no need to repeat it; 'ptrctl status' shows the dataplane and what it has applied"},
	{"DNS.0507", NULL, "the EIP answers its default PTR: ptrctl eip show ADDRESS"},
	{"DNS.0601", "eip.bind",
		"'ptrctl region list' shows the prefixes served, 'ptrctl region create' adds some"},
	{"DNS.0601", NULL, "'ptrctl region list' shows the regions there are"},
	{"DNS.0505", "ptr.set", "for a name in another script give its A-label (xn--...)"},
};

static const char *find_hint(const char *code, const char *method)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(hints[i].code, code) == 0
			&& (hints[i].method == NULL || strcmp(hints[i].method, method) == 0))
			return hints[i].text;
	return NULL;
}

bool is_stored(const json_t *error)
{
	return json_is_true(json_object_get(json_object_get(error, "data"), "stored"));
}

void print_refusal(const json_t *error, json_t *place)
{
	const json_t *data = json_object_get(error, "data");
	json_t *shown = json_copy((json_t *)(uintptr_t)error), *line = json_object();

	if (place != NULL) {
		json_t *with_place = json_object();

		json_object_update(with_place, (json_t *)(uintptr_t)data);
		json_object_update(with_place, place);
		json_object_set_new(shown, "data", with_place);
		json_decref(place);
	}
	json_object_set_new(line, "error", shown);
	print_json(line);
	json_decref(line);
}

json_t *text_json(const char *text)
{
	json_t *json = json_string(text);
	char *ascii = json == NULL ? strdup(text) : NULL;

	if (ascii == NULL)
		return json;
	for (char *c = ascii; *c != '\0'; c++)
		if ((unsigned char)*c > 0x7f)
			*c = '?';
	json = json_string(ascii);
	free(ascii);
	return json;
}

static void print_refusal_text(const char *title, const char *method, const json_t *error)
{
	const char *code
		= json_string_value(json_object_get(json_object_get(error, "data"), "code"));
	const char *message = json_string_value(json_object_get(error, "message"));
	const char *hint = code != NULL ? find_hint(code, method) : NULL;

	fprintf(stderr, "ptrctl: %s: %s%s%s\n", title, code != NULL ? code : "",
		code != NULL ? ": " : "", message != NULL ? message : "refused without a reason");
	if (hint != NULL)
		fprintf(stderr, "  %s\n", hint);
}

void report_refusal(
	const struct session *session, const char *title, const char *method, const json_t *error)
{
	if (session->json)
		print_refusal(error, NULL);
	else
		print_refusal_text(title, method, error);
}

enum exit_status session_call(struct session *session, const struct command *command,
	const char *method, json_t *params, json_t **result)
{
	struct client *client = session_client(session);
	json_t *reply = client != NULL ? client_request(client, method, params) : NULL;

	if (reply == NULL)
		return EXIT_NO_DAEMON;
	const json_t *error = json_object_get(reply, "error");
	enum exit_status status = EXIT_OK;

	*result = json_incref(json_object_get(reply, "result"));
	if (*result == NULL) {
		report_refusal(session, command_title(command), method, error);
		status = is_stored(error) ? EXIT_STORED : EXIT_REFUSED;
	}
	json_decref(reply);
	return status;
}

void print_json(const json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
	putchar('\n');
}

enum exit_status run_show(struct session *session, const struct command *command, json_t *params)
{
	json_t *result;
	enum exit_status status = session_call(session, command, command->method, params, &result);

	if (status != EXIT_OK)
		return status;
	if (session->json)
		print_json(result);
	else
		view_object(command->fields, result);
	json_decref(result);
	return EXIT_OK;
}

/* A tag of the filter: a '|' in it is its own, unless a backslash says so already. */
static char *escape_tag(char *out, const char *tag)
{
	for (; *tag != '\0'; tag++) {
		if (*tag == '|')
			*out++ = '\\';
		*out++ = *tag;
		if (*tag == '\\' && tag[1] != '\0')
			*out++ = *++tag;
	}
	return out;
}

/* The tags that were given one by one become the filter's one text. */
static void join_tags(json_t *params)
{
	const json_t *tags = json_object_get(params, "tags");
	size_t i, room = 1;
	json_t *tag;

	if (!json_is_array(tags))
		return;
	json_array_foreach(tags, i, tag) room += 2 * json_string_length(tag) + 1;
	char *text = malloc(room), *out = text;

	if (text == NULL)
		return;
	json_array_foreach(tags, i, tag)
	{
		if (i > 0)
			*out++ = '|';
		out = escape_tag(out, json_string_value(tag));
	}
	json_object_set_new(params, "tags", json_stringn(text, (size_t)(out - text)));
	free(text);
}

/* Shows one page. Returns the marker that the next one starts after, or NULL at the end. */
static json_t *show_page(struct session *session, const struct command *command,
	struct table *table, json_t *page, json_int_t *left)
{
	/* region.list gives its rows in "regions", and so do the others. */
	char rows_name[32];
	snprintf(rows_name, sizeof(rows_name), "%ss", command->noun);
	const json_t *rows = json_object_get(page, rows_name);
	json_t *marker = json_object_get(page, "marker");

	if (session->json)
		print_json(page);
	else
		view_table(table, rows);
	*left -= (json_int_t)json_array_size(rows);
	/* No more rows than asked for, and none to a reader that has gone away. */
	if (!json_is_string(marker) || *left <= 0 || ferror(stdout))
		return NULL;
	return json_incref(marker);
}

enum exit_status run_list(struct session *session, const struct command *command, json_t *params)
{
	struct table table = {.fields = command->fields};
	const json_t *limit = json_object_get(params, "limit");
	json_int_t left = limit != NULL ? json_integer_value(limit) : INT64_MAX;
	enum exit_status status;
	json_t *page, *marker;

	join_tags(params);
	/* Nobody sees it in a table, and it may take long to count. */
	if (!session->json && command->arguments == command_list_arguments)
		json_object_set_new(params, "total", json_false());
	do {
		/* A limit that is no count goes to the control process as it is, to be refused. */
		json_object_set_new(
			params, "limit", json_integer(left < PAGE_MAX ? left : PAGE_MAX));
		status = session_call(session, command, command->method, params, &page);
		if (status != EXIT_OK)
			return status;
		marker = show_page(session, command, &table, page, &left);
		json_decref(page);
		if (marker != NULL)
			json_object_set_new(params, "marker", marker);
		json_object_del(params, "offset");
	} while (marker != NULL);
	return EXIT_OK;
}
