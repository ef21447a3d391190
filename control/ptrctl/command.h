/*
 * Commands of ptrctl: one row each, in the file of its noun. Parsing, help and dispatch read the
 * rows.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "arguments.h"
#include "client.h"
#include "view.h"

enum exit_status {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
	EXIT_STORED = 4, /* done for good, but not served yet */
};

/* What the options before the noun chose. */
struct session {
	const char *socket;
	bool json;
	struct client *client; /* NULL until the first request */
};

struct command {
	const char *noun;
	const char *verb; /* NULL: the noun is the whole command */
	/* Does the command; `params` are its arguments (borrowed). Returns an exit status. */
	enum exit_status (*run)(
		struct session *session, const struct command *command, json_t *params);
	const char *method;               /* that `run` calls, if it is one */
	const struct argument *arguments; /* ends with a NULL word */
	const struct field *fields;       /* that `run` shows of the result, or NULL */
	const char *help;                 /* one line */
	const char *details;              /* lines that follow it, or NULL */
};

/* Rows of each noun, each ending with a NULL noun. */
extern const struct command region_commands[], load_commands[], eip_commands[], ptr_commands[],
	project_commands[], batch_commands[], import_commands[], export_commands[],
	status_commands[], top_commands[], verify_commands[], backup_commands[], restore_commands[],
	audit_commands[], call_commands[], completion_commands[];

/* "ptr set": how messages name a command. */
const char *command_title(const struct command *command);

/* Row of `noun` and `verb` (may be NULL), or NULL. `words`: how many of the two it takes. */
const struct command *command_find(const char *noun, const char *verb, int *words);

/* The rows one after the other; NULL behind the last. */
const struct command *command_at(unsigned index);

/* True if commands begin with the word. */
bool command_is_noun(const char *word);

/* Writes the commands of `noun`, or of all nouns if it is NULL. Returns how many. */
unsigned command_help(FILE *out, const char *noun);
void command_usage(FILE *out, const struct command *command);

/* The control process, connected to when first needed; NULL after saying why not. */
struct client *session_client(struct session *session);

/*
 * Calls a method. EXIT_OK: `result` is the caller's. Otherwise the error has been written,
 * by report_refusal() if it is a refusal.
 */
enum exit_status session_call(struct session *session, const struct command *command,
	const char *method, json_t *params, json_t **result);

/* True if the error is that what was asked for is stored and not served yet. */
bool is_stored(const json_t *error);

/*
 * Writes an error object of a reply: to standard error as "ptrctl: <title>: DNS.0506: ttl: ..."
 * with a hint where a next step is obvious, or, if the session is for JSON, by print_refusal().
 */
void report_refusal(
	const struct session *session, const char *title, const char *method, const json_t *error);

/*
 * Writes {"error": ...} on one line of standard output; `place` (taken, may be NULL) has members
 * that join those of its data.
 */
void print_refusal(const json_t *error, json_t *place);

/* A string of any bytes: if they are no UTF-8, what is not ASCII becomes '?'. */
json_t *text_json(const char *text);

/* Writes an object on one line of standard output. */
void print_json(const json_t *object);

/* Handlers that most rows share: call the method, show the result. */
enum exit_status run_show(struct session *session, const struct command *command, json_t *params);
/* The result is an array in the member `fields` are of; pages follow one another up to --limit. */
enum exit_status run_list(struct session *session, const struct command *command, json_t *params);

/* Arguments of the commands for one address, and of those that list what addresses have. */
extern const struct argument command_address_arguments[];
extern const struct argument command_list_arguments[];
