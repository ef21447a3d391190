#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

#define POLL_NANOSECONDS 100000000

static const struct argument backup_arguments[] = {
	{"FILE", NULL, "path", ARGUMENT_TEXT, .required = true},
	{NULL},
};

static const struct field backup_fields[] = {
	{"backup", "path"},
	{"revision", "revision"},
	{"pages", "pages"},
	{"started", "started"},
	{"finished", "finished"},
	{NULL},
};

/* The daemon's working directory is not ours. */
static bool make_absolute(json_t *params)
{
	const char *path = json_string_value(json_object_get(params, "path"));

	if (path[0] == '/')
		return true;
	char *directory = getcwd(NULL, 0);

	if (directory == NULL) {
		perror("ptrctl: backup: the working directory");
		return false;
	}
	json_object_set_new(params, "path", json_sprintf("%s/%s", directory, path));
	free(directory);
	return true;
}

static bool in_state(const json_t *backup, const char *state)
{
	const char *text = json_string_value(json_object_get(backup, "state"));

	return text != NULL && strcmp(text, state) == 0;
}

static enum exit_status finish(
	struct session *session, const struct command *command, const json_t *backup)
{
	const char *why = json_string_value(json_object_get(backup, "error"));

	if (!in_state(backup, "done")) {
		json_t *error
			= json_pack("{s:s}", "message", why != NULL ? why : "it has vanished");

		report_refusal(session, command_title(command), command->method, error);
		json_decref(error);
		return EXIT_REFUSED;
	}
	if (session->json)
		print_json(backup);
	else
		view_object(backup_fields, backup);
	return EXIT_OK;
}

/* Starts the backup, and waits for its end. */
static enum exit_status run_backup(
	struct session *session, const struct command *command, json_t *params)
{
	const struct timespec pause = {.tv_nsec = POLL_NANOSECONDS};
	json_t *backup = NULL, *nothing = json_object();
	enum exit_status status = EXIT_REFUSED;

	if (make_absolute(params))
		status = session_call(session, command, command->method, params, &backup);
	while (status == EXIT_OK && in_state(backup, "running")) {
		nanosleep(&pause, NULL);
		json_decref(backup);
		status = session_call(session, command, command->method, nothing, &backup);
	}
	if (status == EXIT_OK) {
		status = finish(session, command, backup);
		json_decref(backup);
	}
	json_decref(nothing);
	return status;
}

const struct command backup_commands[] = {
	{"backup", NULL, run_backup, "node.backup", backup_arguments, NULL,
		"copy the store to a new FILE on the node, while it serves"},
	{NULL},
};
