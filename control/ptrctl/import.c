/*
 * import, region load: a file's rows, all or nothing. The control process looks at each row while
 * the next ones are on their way; what has been changed when all have been looked at is still
 * nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "interrupt.h"
#include "progress.h"
#include "upload.h"

#define SHOWN_DEFAULT 20

#define INPUT_ARGUMENTS                                                                            \
	{"--format", "csv|jsonl|zone", "format", ARGUMENT_TEXT},                                   \
		{"--axfr", "SERVER[#PORT]", "axfr", ARGUMENT_TEXT},                                \
		{"--zone", "ZONE", "zone", ARGUMENT_TEXT},                                         \
		{"--tsig", "NAME:ALGORITHM:SECRET", "tsig", ARGUMENT_TEXT},                        \
		{"--tsig-file", "FILE", "tsig_file", ARGUMENT_TEXT},                               \
		{"--strict", NULL, "strict", ARGUMENT_FLAG, .flag = "yes"},                        \
		{"--project", "PROJECT", "project", ARGUMENT_TEXT},                                \
		{"--dry-run", NULL, "dry_run", ARGUMENT_FLAG, .flag = "yes"},                      \
	{                                                                                          \
		"--quiet", NULL, "quiet", ARGUMENT_FLAG, .flag = "yes"                             \
	}

#define FORMS                                                                                      \
	"The form is what --format says, or the end of the file's name (.csv, .jsonl,\n"           \
	"  .ndjson, .json, .zone), or how the file begins.\n"                                      \
	"csv    the first line names the columns: address, and any of project, id, names\n"        \
	"       (separated by spaces; empty: the default PTR), ttl, description, tags\n"           \
	"       (key=value;key=value, a backslash before a ; or = that is part of one)\n"          \
	"jsonl  one object on a line: address, project, id, names [..], ttl, description,\n"       \
	"       tags [{key, value}..], default (true: the default PTR), unbind (true)\n"           \
	"zone   RFC 1035, PTR records; --strict refuses others but the zone's SOA and NS\n"        \
	"--axfr transfers --zone ZONE from its primary server."

static const struct argument import_arguments[] = {
	{"FILE|-", NULL, "file", ARGUMENT_TEXT},
	INPUT_ARGUMENTS,
	{"--on-error", "stop|skip", "on_error", ARGUMENT_TEXT},
	{"--max-errors", "N", "max_errors", ARGUMENT_NUMBER},
	{NULL},
};

static const struct argument load_arguments[] = {
	{"REGION", NULL, "name", ARGUMENT_TEXT, .required = true},
	{"FILE|-", NULL, "file", ARGUMENT_TEXT},
	INPUT_ARGUMENTS,
	{"--allow-empty", NULL, "allow_empty", ARGUMENT_FLAG, .flag = "yes"},
	{NULL},
};

struct import {
	struct session *session;
	const struct command *command;
	const char *region; /* that gets the rows as its whole content, or NULL */
	bool dry_run, quiet, allow_empty;
	struct input_options options;
	struct upload_rules rules;
	struct input *input;
	struct upload *upload;
};

static bool usage(const struct import *import, const char *message)
{
	fprintf(stderr, "ptrctl: %s: %s\n", command_title(import->command), message);
	return false;
}

static const char *text(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

static bool check_options(const struct import *import, const char *on_error)
{
	const struct input_options *o = &import->options;

	if ((o->file == NULL) == (o->server == NULL))
		return usage(import, "give a file, - for standard input, or --axfr SERVER");
	if (o->server != NULL && o->zone == NULL)
		return usage(import, "--axfr needs --zone ZONE, the zone to transfer");
	if (o->server != NULL && o->format != NULL)
		return usage(import, "--format is of a file, not of --axfr");
	if (o->server == NULL && (o->tsig != NULL || o->tsig_file != NULL))
		return usage(import, "--tsig and --tsig-file are for --axfr");
	if (o->tsig != NULL && o->tsig_file != NULL)
		return usage(import, "give one of --tsig and --tsig-file");
	if (o->format != NULL && reader_format_of_name(o->format) < 0)
		return usage(import, "--format: must be csv, jsonl or zone");
	if (strcmp(on_error, "stop") != 0 && strcmp(on_error, "skip") != 0)
		return usage(import, "--on-error: must be stop or skip");
	if (import->rules.shown < 0)
		return usage(import, "--max-errors: must be 0 or more");
	return true;
}

static bool read_options(struct import *import, const json_t *params)
{
	const json_t *shown = json_object_get(params, "max_errors");
	const char *on_error = text(params, "on_error");

	if (on_error == NULL)
		on_error = "stop";
	import->region = text(params, "name");
	import->dry_run = text(params, "dry_run") != NULL;
	import->quiet = text(params, "quiet") != NULL;
	import->allow_empty = text(params, "allow_empty") != NULL;
	import->options = (struct input_options){
		.file = text(params, "file"),
		.format = text(params, "format"),
		.zone = text(params, "zone"),
		.server = text(params, "axfr"),
		.tsig = text(params, "tsig"),
		.tsig_file = text(params, "tsig_file"),
		.strict = text(params, "strict") != NULL,
	};
	import->rules = (struct upload_rules){
		.project = text(params, "project"),
		.region = import->region,
		.stop = strcmp(on_error, "stop") == 0,
		.shown = shown != NULL ? json_integer_value(shown) : SHOWN_DEFAULT,
	};
	return check_options(import, on_error);
}

/* Reads and sends all rows. */
static enum exit_status send_rows(struct import *import)
{
	enum exit_status status = EXIT_OK;
	struct row row = {.line = 0};
	uint64_t done, total;

	while (status == EXIT_OK) {
		const enum row_result result = input_next(import->input, &row);

		if (result == ROW_END)
			return upload_end(import->upload);
		if (result == ROW_FAILED) {
			/* Rows before it may be bad: then that is why it stops. */
			status = upload_end(import->upload);
			if (status != EXIT_OK)
				break;
			upload_tell(import->upload, row.line, row.code, row.field, row.message);
			status = EXIT_REFUSED;
			break;
		}
		status = upload_row(import->upload, &row);
		input_progress(import->input, &done, &total);
		progress_show(done, total, upload_sums(import->upload).rows);
	}
	row_clear(&row);
	return status;
}

static void print_result(const struct import *import, const json_t *result)
{
	const struct upload_sums sums = upload_sums(import->upload);
	json_t *shown = json_pack("{s:I,s:I,s:I,s:b}", "rows", (json_int_t)sums.rows, "accepted",
		(json_int_t)sums.accepted, "refused", (json_int_t)sums.bad, "dry_run",
		import->dry_run);

	json_object_update(shown, (json_t *)(uintptr_t)result);
	print_json(shown);
	json_decref(shown);
}

/* "bound 3, set 2; revision 17" */
static void print_counts(const json_t *result)
{
	const char *name, *comma = "";
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)result, name, value)
	{
		if (!json_is_integer(value) || strcmp(name, "revision") == 0)
			continue;
		printf("%s%s %" JSON_INTEGER_FORMAT, comma, name, json_integer_value(value));
		comma = ", ";
	}
	value = json_object_get(result, "revision");
	if (json_is_integer(value))
		printf("%srevision %" JSON_INTEGER_FORMAT, *comma != '\0' ? "; " : "",
			json_integer_value(value));
	putchar('\n');
}

/* What has been done, or would be: `result` of the commit, NULL without one. */
static void summarize(const struct import *import, const json_t *result)
{
	const struct upload_sums sums = upload_sums(import->upload);

	if (import->session->json) {
		print_result(import, result);
		return;
	}
	if (import->quiet)
		return;
	printf("%llu rows: %llu %s, %llu refused\n", (unsigned long long)sums.rows,
		(unsigned long long)sums.accepted,
		result != NULL            ? "loaded"
			: import->dry_run ? "would be loaded"
					  : "loaded",
		(unsigned long long)sums.bad);
	if (result != NULL)
		print_counts(result);
	else
		puts(import->dry_run ? "dry run: nothing has been changed"
				     : "nothing has been changed");
}

static void report_passed_over(const struct import *import)
{
	const struct upload_sums sums = upload_sums(import->upload);

	if (!import->rules.stop && sums.bad > (uint64_t)import->rules.shown)
		fprintf(stderr,
			"  and %llu more that --max-errors %" JSON_INTEGER_FORMAT " hides\n",
			(unsigned long long)sums.bad - (unsigned long long)import->rules.shown,
			import->rules.shown);
	if (import->quiet || import->session->json)
		return;
	char *list = NULL;
	size_t size;
	FILE *out = open_memstream(&list, &size);
	const bool any = out != NULL && input_passed_over(import->input, out);

	if (out != NULL)
		fclose(out);
	if (any)
		fprintf(stderr, "passed over, as they are no PTR records: %s\n", list);
	free(list);
}

/* A program knows it by the exit status. */
static void tell_unchanged(const struct import *import)
{
	if (!import->session->json)
		fputs("  nothing has been changed\n", stderr);
}

/* All rows are there. From here on it is done or not, and nobody's Ctrl-C leaves that open. */
static enum exit_status commit(struct import *import)
{
	const struct upload_sums sums = upload_sums(import->upload);
	const enum exit_status done = sums.bad > 0 ? EXIT_REFUSED : EXIT_OK;
	json_t *result = NULL;

	if (sums.accepted == 0 && import->region != NULL && !import->allow_empty) {
		fprintf(stderr,
			"ptrctl: %s: %s has no rows, and every EIP of the region would be unbound\n"
			"  --allow-empty does that\n",
			command_title(import->command), import->rules.file);
		upload_abort(import->upload);
		return EXIT_REFUSED;
	}
	if (import->dry_run || (sums.accepted == 0 && import->region == NULL)) {
		upload_abort(import->upload);
		summarize(import, NULL);
		return done;
	}
	json_t *params = json_pack("{s:s*}", "name", import->region);

	interrupt_hold();
	const enum exit_status status = upload_commit(import->upload,
		import->region != NULL ? "region.load" : "import.commit", params, &result);
	interrupt_release();
	json_decref(params);
	if (status == EXIT_REFUSED)
		tell_unchanged(import);
	if (status != EXIT_OK)
		return status;
	summarize(import, result);
	json_decref(result);
	return done;
}

static enum exit_status run_opened(struct import *import)
{
	enum exit_status status;

	import->rules.file = input_name(import->input);
	import->upload = upload_begin(import->session, import->command, &import->rules, &status);
	if (import->upload == NULL)
		return status;
	progress_start(import->region != NULL ? "load" : "import", "rows",
		import->quiet || import->session->json);
	status = send_rows(import);
	progress_clear();
	report_passed_over(import);
	if (status == EXIT_OK) {
		status = commit(import);
	} else if (status == EXIT_REFUSED) {
		upload_abort(import->upload);
		tell_unchanged(import);
	}
	upload_free(import->upload);
	return status;
}

static enum exit_status run_import(
	struct session *session, const struct command *command, json_t *params)
{
	struct import import = {.session = session, .command = command};

	if (!read_options(&import, params))
		return EXIT_USAGE;
	interrupt_catch("ptrctl: interrupted: nothing has been changed\n", NULL);
	import.input = input_open(&import.options, command_title(command));
	if (import.input == NULL)
		return EXIT_USAGE;
	const enum exit_status status = run_opened(&import);

	input_close(import.input);
	return status;
}

const struct command import_commands[] = {
	{"import", NULL, run_import, "import.commit", import_arguments, NULL,
		"bind EIPs and set PTRs from a file or server, all or none", FORMS},
	{NULL},
};

const struct command load_commands[] = {
	{"region", "load", run_import, "region.load", load_arguments, NULL,
		"make a file the whole content of a region, in one step", FORMS},
	{NULL},
};
