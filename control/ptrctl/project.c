#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define BY_DEFAULT "default"

static const struct argument set_arguments[] = {
	{"PROJECT", NULL, "project", ARGUMENT_TEXT, .required = true},
	{"--quota", "N|" BY_DEFAULT, "quota", ARGUMENT_TEXT, .required = true},
	{NULL},
};

static const struct argument show_arguments[] = {
	{"PROJECT", NULL, "project", ARGUMENT_TEXT, .required = true},
	{NULL},
};

static const struct argument list_arguments[] = {
	{"--limit", "N", "limit", ARGUMENT_NUMBER},
	{"--marker", "PROJECT", "marker", ARGUMENT_TEXT},
	{NULL},
};

static const struct field project_fields[] = {
	{"project", "project"},
	{"eips", "eips"},
	{"ptrs", "ptrs"},
	{"quota of ptrs", "quota"},
	{"by default", "default"},
	{NULL},
};

static const struct field list_fields[] = {
	{"PROJECT", "project"},
	{"EIPS", "eips"},
	{"PTRS", "ptrs"},
	{"QUOTA", "quota"},
	{"DEFAULT", "default"},
	{NULL},
};

/* A number, or null for the word; NULL if it is neither. */
static json_t *parse_quota(const char *text)
{
	char *end;

	if (strcmp(text, BY_DEFAULT) == 0)
		return json_null();
	errno = 0;
	const long long number = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' ? json_integer(number) : NULL;
}

static enum exit_status run_set(
	struct session *session, const struct command *command, json_t *params)
{
	const char *text = json_string_value(json_object_get(params, "quota"));
	json_t *quota = parse_quota(text);

	if (quota == NULL) {
		fprintf(stderr, "ptrctl: %s: --quota: '%s' is neither a number nor '%s'\n",
			command_title(command), text, BY_DEFAULT);
		return EXIT_USAGE;
	}
	json_object_set_new(params, "quota", quota);
	return run_show(session, command, params);
}

const struct command project_commands[] = {
	{"project", "set", run_set, "project.set", set_arguments, project_fields,
		"give a project a quota of custom PTRs; 0: no limit"},
	{"project", "show", run_show, "project.get", show_arguments, project_fields,
		"show what a project has, and may have"},
	{"project", "list", run_list, "project.list", list_arguments, list_fields,
		"list the projects that have EIPs or a quota of their own"},
	{NULL},
};
