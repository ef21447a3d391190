#include "upload.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

/*
 * Four requests of a quarter of a megabyte keep the control process busy while rows are read, and
 * none of them keeps it long from what others ask.
 */
#define CHUNKS 4
#define CHUNK_FULL (256 * 1024)
#define CHUNK_ROWS 8192
#define CHUNK_BAD 64
#define TAIL "]}}\n"

/* A request, and the bad rows between its good ones. */
struct chunk {
	char text[PTRD_LINE_MAX];
	size_t used;
	unsigned rows, bad_rows;
	size_t lines[CHUNK_ROWS]; /* of the file, that the rows come from */
	struct row bad[CHUNK_BAD];
};

struct upload {
	struct session *session;
	const struct command *command;
	const struct upload_rules *rules;
	struct upload_sums sums;
	json_t *import;
	char *head;   /* of each request */
	FILE *places; /* the line of each row sent, in a temporary file: there may be any number */
	/* A ring: `sent` chunks from `first` on wait for their replies, the next one is filled. */
	struct chunk chunks[CHUNKS];
	unsigned first, sent;
	bool stopped; /* one bad row has been told, and that is all */
};

static struct chunk *filling(struct upload *upload)
{
	return &upload->chunks[(upload->first + upload->sent) % CHUNKS];
}

static void chunk_begin(const struct upload *upload, struct chunk *chunk)
{
	chunk->used = strlen(upload->head);
	memcpy(chunk->text, upload->head, chunk->used);
	chunk->rows = chunk->bad_rows = 0;
}

struct upload *upload_begin(struct session *session, const struct command *command,
	const struct upload_rules *rules, enum exit_status *status)
{
	struct upload *upload = calloc(1, sizeof(*upload));
	json_t *params = json_pack("{s:s*}", "region", rules->region), *result = NULL;
	char *id = NULL;

	if (upload == NULL) {
		fprintf(stderr, "ptrctl: %s: out of memory\n", command_title(command));
		*status = EXIT_REFUSED;
		return NULL;
	}
	*status = session_call(session, command, "import.begin", params, &result);
	json_decref(params);
	upload->session = session;
	upload->command = command;
	upload->rules = rules;
	upload->places = tmpfile();
	if (*status == EXIT_OK) {
		upload->import = json_incref(json_object_get(result, "import"));
		id = json_dumps(upload->import, JSON_ENCODE_ANY);
	}
	json_decref(result);
	if (id != NULL
		&& asprintf(&upload->head,
			   "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"import.rows\","
			   "\"params\":{\"import\":%s,\"rows\":[",
			   id)
			< 0)
		upload->head = NULL;
	free(id);
	if (upload->head != NULL) {
		chunk_begin(upload, filling(upload));
		return upload;
	}
	if (*status == EXIT_OK) {
		fprintf(stderr, "ptrctl: %s: the import that was begun has no identifier\n",
			command_title(command));
		*status = EXIT_REFUSED;
	}
	upload_free(upload);
	return NULL;
}

void upload_free(struct upload *upload)
{
	if (upload == NULL)
		return;
	json_decref(upload->import);
	free(upload->head);
	if (upload->places != NULL)
		fclose(upload->places);
	free(upload);
}

/* The line of a row by its place in the import; 0: not known. */
static size_t line_of(const struct upload *upload, const json_t *place)
{
	size_t line = 0;

	if (upload->places != NULL && json_is_integer(place) && fflush(upload->places) == 0
		&& pread(fileno(upload->places), &line, sizeof(line),
			   (off_t)json_integer_value(place) * (off_t)sizeof(line))
			!= sizeof(line))
		line = 0;
	return line;
}

static void print_bad_json(
	const char *file, size_t line, const char *code, const char *field, const char *message)
{
	json_t *error = json_pack("{s:i,s:o,s:{s:s,s:o*}}", "code", PTRD_RPC_REFUSED, "message",
		text_json(message), "data", "code", code, "field",
		*field != '\0' ? text_json(field) : NULL);

	print_refusal(
		error, json_pack("{s:o,s:I}", "file", text_json(file), "line", (json_int_t)line));
	json_decref(error);
}

void upload_tell(const struct upload *upload, size_t line, const char *code, const char *field,
	const char *message)
{
	const size_t len = strlen(field);
	/* A message may begin with its field, as those of other refusals do. */
	const bool has_field = strncmp(message, field, len) == 0 && message[len] == ':';
	char text[1024];

	snprintf(text, sizeof(text), "%s%s%s", len == 0 || has_field ? "" : field,
		len == 0 || has_field ? "" : ": ", message);
	progress_clear();
	if (upload->session->json)
		print_bad_json(upload->rules->file, line, code, field, text);
	else
		fprintf(stderr, "%s:%zu: %s: %s\n", upload->rules->file, line, code, text);
}

/* True if the next bad row is to be told, and not only counted. */
static bool count_bad(struct upload *upload)
{
	if (upload->stopped)
		return false;
	upload->sums.bad++;
	upload->stopped = upload->rules->stop;
	return upload->rules->stop || upload->sums.bad <= (uint64_t)upload->rules->shown;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

/* Of a row that repeats one, the message counts rows as they were sent; people count lines. */
static void tell_rejected(struct upload *upload, size_t line, const json_t *why)
{
	const size_t earlier = line_of(upload, json_object_get(why, "earlier"));
	const char *message = text_of(why, "message");
	char repeated[64];

	if (!count_bad(upload))
		return;
	if (earlier > 0) {
		snprintf(repeated, sizeof(repeated), "line %zu has the same one already", earlier);
		message = repeated;
	}
	upload_tell(upload, line, text_of(why, "code"), text_of(why, "field"), message);
}

/* Tells the bad rows of a chunk in order of line: what the reader found, and what was rejected. */
static void tell_chunk(struct upload *upload, const struct chunk *chunk, const json_t *rejected)
{
	size_t r = 0, b = 0;
	const size_t count = json_array_size(rejected);

	while (r < count || b < chunk->bad_rows) {
		const json_t *why = r < count ? json_array_get(rejected, r) : NULL;
		const json_int_t row = json_integer_value(json_object_get(why, "row"));
		const size_t line = row >= 0 && row < chunk->rows ? chunk->lines[row] : 0;

		if (why != NULL && (b == chunk->bad_rows || line < chunk->bad[b].line)) {
			tell_rejected(upload, line, why);
			r++;
		} else {
			const struct row *bad = &chunk->bad[b++];

			if (count_bad(upload))
				upload_tell(upload, bad->line, bad->code, bad->field, bad->message);
		}
	}
}

/* The reply to the oldest chunk. One that has no rows has not been sent. */
static enum exit_status settle(struct upload *upload)
{
	struct chunk *chunk = &upload->chunks[upload->first];
	json_t *reply = NULL;
	enum exit_status status = EXIT_OK;

	upload->first = (upload->first + 1) % CHUNKS;
	upload->sent--;
	if (chunk->rows > 0) {
		reply = client_reply(session_client(upload->session));
		if (reply == NULL)
			return EXIT_NO_DAEMON;
	}
	const json_t *error = json_object_get(reply, "error");
	const json_t *result = json_object_get(reply, "result");

	if (error != NULL) {
		progress_clear();
		report_refusal(
			upload->session, command_title(upload->command), "import.rows", error);
		status = EXIT_REFUSED;
	} else {
		upload->sums.accepted
			+= (uint64_t)json_integer_value(json_object_get(result, "accepted"));
		tell_chunk(upload, chunk, json_object_get(result, "rejected"));
		if (upload->stopped)
			status = EXIT_REFUSED;
	}
	json_decref(reply);
	return status;
}

/* Sends what has been gathered, and makes room for more. */
static enum exit_status flush(struct upload *upload)
{
	struct chunk *chunk = filling(upload);
	struct client *client = session_client(upload->session);

	if (client == NULL)
		return EXIT_NO_DAEMON;
	if (chunk->rows > 0) {
		strcpy(chunk->text + chunk->used, TAIL);
		/* If that fails, the reply will tell. */
		client_send(client, chunk->text, chunk->used + strlen(TAIL));
	}
	upload->sent++;
	const enum exit_status status = upload->sent == CHUNKS ? settle(upload) : EXIT_OK;

	if (status == EXIT_OK)
		chunk_begin(upload, filling(upload));
	return status;
}

enum exit_status upload_end(struct upload *upload)
{
	enum exit_status status = flush(upload);

	while (status == EXIT_OK && upload->sent > 0)
		status = settle(upload);
	return status;
}

void upload_abort(struct upload *upload)
{
	struct client *client = session_client(upload->session);
	json_t *params = json_pack("{s:O}", "import", upload->import);
	json_t *reply = NULL;
	bool connected = client != NULL;

	for (; connected && upload->sent > 0; upload->sent--) {
		if (upload->chunks[upload->first].rows > 0) {
			reply = client_reply(client);
			connected = reply != NULL;
			json_decref(reply);
		}
		upload->first = (upload->first + 1) % CHUNKS;
	}
	/* Its end with the connection would do, too. */
	if (connected)
		json_decref(client_request(client, "import.abort", params));
	json_decref(params);
}

/* A bad row waits for the good ones before it to be looked at; of those, one may be bad too. */
static enum exit_status put_bad(struct upload *upload, const struct row *row)
{
	struct chunk *chunk = filling(upload);

	chunk->bad[chunk->bad_rows++] = *row;
	if (upload->rules->stop)
		return upload_end(upload);
	return chunk->bad_rows == CHUNK_BAD ? flush(upload) : EXIT_OK;
}

static enum exit_status put_good(struct upload *upload, size_t line, const char *text, size_t len)
{
	struct chunk *chunk = filling(upload);

	if (chunk->rows == CHUNK_ROWS || (chunk->rows > 0 && chunk->used + len > CHUNK_FULL)) {
		const enum exit_status status = flush(upload);

		if (status != EXIT_OK)
			return status;
		chunk = filling(upload);
	}
	if (chunk->rows > 0)
		chunk->text[chunk->used++] = ',';
	memcpy(chunk->text + chunk->used, text, len);
	chunk->used += len;
	chunk->lines[chunk->rows++] = line;
	if (upload->places != NULL)
		fwrite(&line, sizeof(line), 1, upload->places);
	return EXIT_OK;
}

enum exit_status upload_row(struct upload *upload, struct row *row)
{
	const char *project = upload->rules->project;

	upload->sums.rows++;
	if (row->members == NULL)
		return put_bad(upload, row);
	if (project != NULL && json_object_get(row->members, "project") == NULL)
		json_object_set_new(row->members, "project", json_string(project));
	char *text = json_dumps(row->members, JSON_COMPACT);
	const size_t len = text != NULL ? strlen(text) : PTRD_LINE_MAX;
	enum exit_status status;

	if (strlen(upload->head) + len + strlen(TAIL) < PTRD_LINE_MAX) {
		status = put_good(upload, row->line, text, len);
	} else {
		row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL, "the row takes %zu bytes as JSON",
			len);
		status = put_bad(upload, row);
	}
	free(text);
	row_clear(row);
	return status;
}

enum exit_status upload_commit(
	struct upload *upload, const char *method, const json_t *params, json_t **result)
{
	struct client *client = session_client(upload->session);
	json_t *all = json_copy((json_t *)(uintptr_t)params);

	json_object_set(all, "import", upload->import);
	progress_full();
	json_t *reply = client != NULL ? client_request(client, method, all) : NULL;
	progress_clear();
	const json_t *error = json_object_get(reply, "error");
	const json_t *data = json_object_get(error, "data");
	const size_t line = line_of(upload, json_object_get(data, "row"));
	enum exit_status status = EXIT_OK;

	*result = json_incref(json_object_get(reply, "result"));
	if (reply == NULL)
		status = EXIT_NO_DAEMON;
	else if (error != NULL)
		status = is_stored(error) ? EXIT_STORED : EXIT_REFUSED;
	if (error != NULL && line > 0)
		upload_tell(upload, line, text_of(data, "code"), text_of(data, "field"),
			text_of(error, "message"));
	else if (error != NULL)
		report_refusal(upload->session, command_title(upload->command), method, error);
	json_decref(reply);
	json_decref(all);
	return status;
}

struct upload_sums upload_sums(const struct upload *upload)
{
	return upload->sums;
}
