/*
 * batch: many changes from a file, one {"method":..., "params":...} on a line. A request is one
 * line of at most PTRD_LINE_MAX bytes and is done whole or not at all. Lines go into it as they
 * were read: a load of a million need not be written anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ptrd/protocol.h>

#include "command.h"

#define HEAD                                                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"batch\","                                      \
	"\"params\":{\"quiet\":true,\"requests\":["
#define TAIL "]}}\n"

/* "{}," is the shortest that a line could be. */
#define LINES_MAX (PTRD_LINE_MAX / 3)

static const struct argument batch_arguments[] = {
	{"FILE|-", NULL, "file", ARGUMENT_TEXT, .required = true},
	{"--each", "N", "each", ARGUMENT_NUMBER},
	{NULL},
};

struct batch {
	struct session *session;
	const char *file;
	json_int_t each;         /* requests of one batch at most; 0: all in one */
	json_int_t done;         /* requests acknowledged */
	size_t line;             /* of the file, from 1 */
	size_t lines[LINES_MAX]; /* that the requests came from */
	size_t count, used;
	char text[PTRD_LINE_MAX];
};

static void begin(struct batch *batch)
{
	strcpy(batch->text, HEAD);
	batch->used = strlen(HEAD);
	batch->count = 0;
}

/* What stands of the file after the error just written. */
static void report_done(const struct batch *batch)
{
	if (batch->done > 0)
		fprintf(stderr,
			"  done and kept: the %" JSON_INTEGER_FORMAT " requests before its batch\n",
			batch->done);
	else
		fprintf(stderr, "  nothing of the file has been done\n");
}

/* The same for programs: the error, `line` of the file that it is of (0: of none), and how many
 * requests of the file are done. */
static void print_place(
	const struct batch *batch, const json_t *error, size_t line, json_int_t done)
{
	print_refusal(error,
		json_pack("{s:o,s:o*,s:I}", "file", text_json(batch->file), "line",
			line > 0 ? json_integer((json_int_t)line) : NULL, "done", done));
}

/*
 * The batch is kept, but nobody answers from it yet. What follows it in the file is not sent: each
 * batch would wait as long for the same dataplane.
 */
static enum exit_status stored(const struct batch *batch, const json_t *error)
{
	const json_int_t done = batch->done + (json_int_t)batch->count;
	const size_t line = batch->lines[batch->count - 1];
	char title[512];

	if (batch->session->json) {
		print_place(batch, error, line, done);
		return EXIT_STORED;
	}
	snprintf(title, sizeof(title), "batch: %s", batch->file);
	report_refusal(batch->session, title, "batch", error);
	fprintf(stderr,
		"  stored: the %" JSON_INTEGER_FORMAT " requests up to line %zu; what follows, if "
		"anything, has not been sent\n",
		done, line);
	return EXIT_STORED;
}

/* Names the line of the file that the refused request came from. */
static enum exit_status refused(const struct batch *batch, const json_t *error)
{
	const json_t *data = json_object_get(error, "data");
	const json_t *index = json_object_get(data, "index");
	const json_int_t i = json_is_integer(index) ? json_integer_value(index) : -1;
	const size_t line = i >= 0 && (size_t)i < batch->count ? batch->lines[i] : 0;
	char title[512];

	if (batch->session->json) {
		print_place(batch, error, line, batch->done);
		return EXIT_REFUSED;
	}
	if (line > 0)
		snprintf(title, sizeof(title), "batch: %s:%zu", batch->file, line);
	else
		snprintf(title, sizeof(title), "batch: %s", batch->file);
	report_refusal(batch->session, title, "batch", error);
	report_done(batch);
	return EXIT_REFUSED;
}

/* Sends what has been collected. */
static enum exit_status flush(struct batch *batch)
{
	struct client *client = session_client(batch->session);

	if (client == NULL)
		return EXIT_NO_DAEMON;
	strcpy(batch->text + batch->used, TAIL);
	json_t *reply = client_exchange(client, batch->text, batch->used + strlen(TAIL));
	if (reply == NULL) {
		/* The batch under way may have been done: only what came before it is known. */
		fprintf(stderr, "  requests done before it: %" JSON_INTEGER_FORMAT "\n",
			batch->done);
		return EXIT_NO_DAEMON;
	}
	const json_t *error = json_object_get(reply, "error");
	enum exit_status status = EXIT_OK;

	if (error != NULL)
		status = is_stored(error) ? stored(batch, error) : refused(batch, error);
	else
		batch->done += (json_int_t)batch->count;
	json_decref(reply);
	begin(batch);
	return status;
}

static bool check(const struct batch *batch, const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, 0, &error);
	bool ok = json_is_string(json_object_get(request, "method"));

	if (request == NULL)
		fprintf(stderr, "ptrctl: batch: %s:%zu: not JSON at column %d: %s\n", batch->file,
			batch->line, error.column, error.text);
	else if (!ok)
		fprintf(stderr,
			"ptrctl: batch: %s:%zu: want {\"method\": ..., \"params\": {...}}\n",
			batch->file, batch->line);
	json_decref(request);
	return ok;
}

static enum exit_status too_long(const struct batch *batch)
{
	if (batch->count == 0)
		fprintf(stderr, "ptrctl: batch: %s:%zu: the line is longer than a request may be\n",
			batch->file, batch->line);
	else
		fprintf(stderr,
			"ptrctl: batch: %s: more than one request of %d bytes can hold\n"
			"  --each N sends batches of up to N, each done whole or not at all\n",
			batch->file, PTRD_LINE_MAX);
	report_done(batch);
	return EXIT_USAGE;
}

/* Adds a line, sending what was collected before if it has no room besides. */
static enum exit_status add(struct batch *batch, const char *line, size_t len)
{
	if (!check(batch, line, len)) {
		report_done(batch);
		return EXIT_USAGE;
	}
	bool full = batch->used + len + 1 + strlen(TAIL) >= sizeof(batch->text);

	if (full && (batch->each == 0 || batch->count == 0))
		return too_long(batch);
	if (full || (batch->each > 0 && (json_int_t)batch->count == batch->each)) {
		enum exit_status status = flush(batch);

		if (status != EXIT_OK)
			return status;
		return add(batch, line, len);
	}
	if (batch->count > 0)
		batch->text[batch->used++] = ',';
	memcpy(batch->text + batch->used, line, len);
	batch->used += len;
	batch->lines[batch->count++] = batch->line;
	return EXIT_OK;
}

static enum exit_status read_all(struct batch *batch, FILE *in)
{
	enum exit_status status = EXIT_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	begin(batch);
	while (status == EXIT_OK && (len = getline(&line, &size, in)) >= 0) {
		batch->line++;
		while (len > 0 && strchr(" \t\r\n", line[len - 1]) != NULL)
			len--;
		if (len > 0)
			status = add(batch, line, (size_t)len);
	}
	if (status == EXIT_OK && ferror(in)) {
		fprintf(stderr, "ptrctl: batch: %s: %s\n", batch->file, strerror(errno));
		report_done(batch);
		status = EXIT_USAGE;
	}
	free(line);
	if (status == EXIT_OK && batch->count > 0)
		status = flush(batch);
	return status;
}

static enum exit_status run_batch(
	struct session *session, const struct command *command, json_t *params)
{
	const char *file = json_string_value(json_object_get(params, "file"));
	const json_t *each = json_object_get(params, "each");

	if (each != NULL && json_integer_value(each) < 1) {
		fprintf(stderr, "ptrctl: %s: --each: %" JSON_INTEGER_FORMAT " is less than 1\n",
			command_title(command), json_integer_value(each));
		return EXIT_USAGE;
	}
	FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	if (in == NULL) {
		fprintf(stderr, "ptrctl: batch: %s: %s\n", file, strerror(errno));
		return EXIT_USAGE;
	}
	struct batch *batch = calloc(1, sizeof(*batch));
	if (batch == NULL) {
		fprintf(stderr, "ptrctl: batch: out of memory\n");
		return EXIT_REFUSED;
	}
	batch->session = session;
	batch->file = in == stdin ? "standard input" : file;
	batch->each = json_integer_value(each);
	enum exit_status status = read_all(batch, in);

	if (status == EXIT_OK && session->json)
		printf("{\"count\":%" JSON_INTEGER_FORMAT "}\n", batch->done);
	else if (status == EXIT_OK)
		printf("%" JSON_INTEGER_FORMAT " done\n", batch->done);
	free(batch);
	if (in != stdin)
		fclose(in);
	return status;
}

const struct command batch_commands[] = {
	{"batch", NULL, run_batch, NULL, batch_arguments, NULL,
		"do every request in a file of JSON lines: all, or none"},
	{NULL},
};
