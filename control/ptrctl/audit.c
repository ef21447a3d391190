#include <stdint.h>
#include <string.h>

#include "change.h"
#include "command.h"

#define PAGE_MAX 500 /* changes that the control process gives in one reply */

static const struct argument audit_arguments[] = {
	{"--limit", "N", "limit", ARGUMENT_NUMBER},
	{"--marker", "REVISION", "marker", ARGUMENT_NUMBER},
	{"--address", "ADDRESS", "address", ARGUMENT_TEXT},
	{"--project", "PROJECT", "project", ARGUMENT_TEXT},
	{"--region", "REGION", "region", ARGUMENT_TEXT},
	{"--action", "METHOD", "action", ARGUMENT_TEXT},
	{"--since", "TIME", "since", ARGUMENT_TEXT},
	{"--until", "TIME", "until", ARGUMENT_TEXT},
	{NULL},
};

static const struct argument watch_arguments[] = {
	{"--since", "REVISION", "revision", ARGUMENT_NUMBER},
	{NULL},
};

static const struct field change_fields[] = {
	{"REVISION", "revision"},
	{"WHEN", "time"},
	{"WHO", "actor"},
	{"WHAT", "action"},
	{"WHERE", "address", "region"},
	{"BEFORE -> AFTER", "change"},
	{NULL},
};

/* Shows a page; returns where the next one starts, or NULL. */
static json_t *show_page(
	const struct session *session, struct table *table, json_t *page, json_int_t *left)
{
	json_t *changes = json_object_get(page, "changes"),
	       *marker = json_object_get(page, "marker");
	json_t *change;
	size_t i;

	*left -= (json_int_t)json_array_size(changes);
	if (session->json) {
		print_json(page);
	} else {
		json_array_foreach(changes, i, change)
		{
			change_describe(change);
		}
		view_table(table, changes);
	}
	return json_is_integer(marker) && *left > 0 && !ferror(stdout) ? json_incref(marker) : NULL;
}

/* The newest change first, page after page up to --limit. */
static enum exit_status run_audit(
	struct session *session, const struct command *command, json_t *params)
{
	const json_t *limit = json_object_get(params, "limit");
	json_int_t left = limit != NULL ? json_integer_value(limit) : INT64_MAX;
	struct table table = {.fields = change_fields};
	json_t *page, *marker;

	do {
		json_object_set_new(
			params, "limit", json_integer(left < PAGE_MAX ? left : PAGE_MAX));
		enum exit_status status
			= session_call(session, command, command->method, params, &page);

		if (status != EXIT_OK)
			return status;
		marker = show_page(session, &table, page, &left);
		json_decref(page);
		if (marker != NULL)
			json_object_set_new(params, "marker", marker);
	} while (marker != NULL);
	return EXIT_OK;
}

/* Writes one notification. False: it was the last. */
static bool show_notification(const struct session *session, const struct command *command,
	struct table *table, json_t *line)
{
	const char *method = json_string_value(json_object_get(line, "method"));
	json_t *params = json_object_get(line, "params");

	if (method == NULL || strcmp(method, "change") != 0) {
		report_refusal(session, command_title(command), command->method, params);
		return false;
	}
	if (session->json) {
		print_json(params);
	} else {
		json_t *row = json_pack("[O]", params);

		change_describe(params);
		view_table(table, row);
		json_decref(row);
	}
	/* Whoever reads it wants it now. */
	return fflush(stdout) == 0;
}

static enum exit_status run_watch(
	struct session *session, const struct command *command, json_t *params)
{
	/* Rows that come one by one stay aligned if they begin as wide as they usually are. */
	struct table table = {.fields = change_fields, .width = {8, 20, 8, 18, 15}};
	json_int_t revision;
	json_t *result, *line;
	enum exit_status status = session_call(session, command, command->method, params, &result);

	if (status != EXIT_OK)
		return status;
	revision = json_integer_value(json_object_get(result, "revision"));
	json_decref(result);
	while ((line = client_receive(session->client)) != NULL) {
		const json_t *seen = json_object_get(json_object_get(line, "params"), "revision");
		const bool more = show_notification(session, command, &table, line);

		if (json_is_integer(seen))
			revision = json_integer_value(seen);
		json_decref(line);
		if (!more)
			return ferror(stdout) ? EXIT_OK : EXIT_REFUSED;
	}
	fprintf(stderr, "  to go on: ptrctl watch --since %" JSON_INTEGER_FORMAT "\n", revision);
	return EXIT_NO_DAEMON;
}

const struct command audit_commands[] = {
	{"audit", NULL, run_audit, "node.audit", audit_arguments, NULL,
		"list changes, newest first: who, what, before and after"},
	{"watch", NULL, run_watch, "watch", watch_arguments, NULL,
		"show changes as they are served, or all since a revision"},
	{NULL},
};
