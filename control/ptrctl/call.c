#include "command.h"

static const struct argument call_arguments[] = {
	{"METHOD", NULL, "method", ARGUMENT_TEXT, .required = true},
	{"JSON", NULL, "params", ARGUMENT_JSON},
	{NULL},
};

static enum exit_status run_call(
	struct session *session, const struct command *command, json_t *arguments)
{
	const char *method = json_string_value(json_object_get(arguments, "method"));
	json_t *params = json_object_get(arguments, "params");
	json_t *result;

	params = params != NULL ? json_incref(params) : json_object();
	enum exit_status status = session_call(session, command, method, params, &result);
	json_decref(params);
	if (status != EXIT_OK)
		return status;
	if (session->json) {
		print_json(result);
	} else {
		json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
		putchar('\n');
	}
	json_decref(result);
	return EXIT_OK;
}

const struct command call_commands[] = {
	{"call", NULL, run_call, NULL, call_arguments, NULL,
		"call any method and show its result as JSON"},
	{NULL},
};
