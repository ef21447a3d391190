#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpc.h"

/* The object as text and a newline. Takes it over. */
static char *object_line(json_t *object, size_t *len)
{
	/* With room for the newline, so that the text needs no copy. */
	const size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);
	char *line = size > 0 ? malloc(size + 1) : NULL;

	if (line != NULL) {
		json_dumpb(object, line, size, JSON_COMPACT);
		line[size] = '\n';
		*len = size + 1;
	}
	json_decref(object);
	return line;
}

/* {"jsonrpc":"2.0","id":...,"<member>":<value>} and a newline. Takes over `value`. */
static char *envelope(const json_t *id, const char *member, json_t *value, size_t *len)
{
	json_t *reply = json_object();

	json_object_set_new(reply, "jsonrpc", json_string("2.0"));
	json_object_set_new(
		reply, "id", id != NULL ? json_copy((json_t *)(uintptr_t)id) : json_null());
	json_object_set_new(reply, member, value);
	return object_line(reply, len);
}

/*
 * Values that tell something are shown; long ones are cut short in the text of the message
 * already.
 */
static bool worth_showing(const json_t *value)
{
	return value != NULL && !json_is_array(value) && !json_is_object(value)
		&& json_string_length(value) <= 256;
}

static json_t *error_object(const struct refusal *why)
{
	json_t *data = json_pack("{s:s}", "code", refusal_code(why->code));
	char text[REFUSAL_TEXT_MAX];

	if (why->stored) {
		json_object_set_new(data, "stored", json_true());
		json_object_set_new(data, "revision", json_integer((json_int_t)why->revision));
	}
	if (why->index >= 0)
		json_object_set_new(data, "index", json_integer(why->index));
	if (why->row >= 0)
		json_object_set_new(data, "row", json_integer(why->row));
	if (why->field[0] != '\0') {
		json_t *field = json_string(why->field);

		json_object_set_new(data, "field", field != NULL ? field : json_string("?"));
	}
	if (worth_showing(why->value))
		json_object_set(data, "value", (json_t *)(uintptr_t)why->value);
	refusal_text(why, text);
	return json_pack("{s:i,s:s,s:o}", "code", why->rpc != 0 ? why->rpc : PTRD_RPC_REFUSED,
		"message", text, "data", data);
}

static void set_reply(struct request *request, const char *member, json_t *value)
{
	free(request->reply);
	request->refused = strcmp(member, "error") == 0;
	request->reply_len = 0;
	request->reply = envelope(request->id, member, value, &request->reply_len);
}

void request_result(struct request *request, json_t *result)
{
	struct refusal why;

	if (request->id == NULL) {
		json_decref(result);
		return;
	}
	if (result != NULL) {
		set_reply(request, "result", result);
		return;
	}
	refusal_init(&why);
	refuse(&why, PTRD_ERR_INTERNAL, "done, but out of memory for the reply");
	set_reply(request, "error", error_object(&why));
}

void request_refused(struct request *request, const struct refusal *why)
{
	/* What cannot be read as a request has no id, and is answered with a null one. */
	if (request->id != NULL || request->command == NULL)
		set_reply(request, "error", error_object(why));
}

static bool refuse_request(struct refusal *why, int rpc, const char *field, const json_t *value)
{
	why->rpc = rpc;
	return refuse_field(why, field, value);
}

static bool parse_root(struct request *request, const char *line, size_t len, struct refusal *why)
{
	json_error_t error;

	request->root = json_loadb(line, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (request->root == NULL) {
		refuse(why, PTRD_ERR_INVALID_REQUEST, "not JSON: %s, at byte %d", error.text,
			error.position);
		return refuse_request(why, PTRD_RPC_PARSE_ERROR, "", NULL);
	}
	if (json_is_object(request->root))
		return true;
	refuse(why, PTRD_ERR_INVALID_REQUEST, "a request is one JSON object%s",
		json_is_array(request->root) ? "; for several in one, use the method \"batch\""
					     : "");
	return refuse_request(why, PTRD_RPC_INVALID_REQUEST, "", NULL);
}

static bool parse_id(struct request *request, struct refusal *why)
{
	const json_t *id = json_object_get(request->root, "id");

	if (id != NULL && !json_is_string(id) && !json_is_number(id) && !json_is_null(id)) {
		refuse(why, PTRD_ERR_INVALID_REQUEST, "must be a string, a number or null");
		return refuse_request(why, PTRD_RPC_INVALID_REQUEST, "id", NULL);
	}
	request->id = id;
	return true;
}

static bool parse_envelope(struct request *request, struct refusal *why)
{
	const char *version = json_string_value(json_object_get(request->root, "jsonrpc"));
	const char *name;
	json_t *value;

	json_object_foreach(request->root, name, value) if (strcmp(name, "jsonrpc") != 0
		&& strcmp(name, "id") != 0 && strcmp(name, "method") != 0
		&& strcmp(name, "params") != 0)
	{
		refuse(why, PTRD_ERR_INVALID_REQUEST, "a request has no such member");
		return refuse_request(why, PTRD_RPC_INVALID_REQUEST, name, NULL);
	}
	if (version == NULL || strcmp(version, "2.0") != 0) {
		refuse(why, PTRD_ERR_INVALID_REQUEST, "must be \"2.0\"");
		return refuse_request(why, PTRD_RPC_INVALID_REQUEST, "jsonrpc", NULL);
	}
	return true;
}

static bool parse_method(struct request *request, struct refusal *why)
{
	const json_t *method = json_object_get(request->root, "method");

	if (!json_is_string(method)) {
		refuse(why, PTRD_ERR_INVALID_REQUEST, "must be a string");
		return refuse_request(why, PTRD_RPC_INVALID_REQUEST, "method", NULL);
	}
	request->params = json_object_get(request->root, "params");
	if (request->params == NULL)
		request->params = request->no_params = json_object();
	if (!json_is_object(request->params)) {
		refuse(why, PTRD_ERR_INVALID_REQUEST, "must be an object");
		return refuse_request(why, PTRD_RPC_INVALID_PARAMS, "params", NULL);
	}
	request->command = command_find(json_string_value(method));
	if (request->command != NULL)
		return true;
	refuse(why, PTRD_ERR_INVALID_REQUEST, "there is no method %s",
		QUOTE(json_string_value(method)));
	return refuse_request(why, PTRD_RPC_METHOD_NOT_FOUND, "method", method);
}

void request_parse(struct request *request, const struct actor *actor, const char *line, size_t len)
{
	struct refusal why;

	*request = (struct request){.actor = actor};
	refusal_init(&why);
	if (!parse_root(request, line, len, &why) || !parse_id(request, &why)
		|| !parse_envelope(request, &why) || !parse_method(request, &why))
		request_refused(request, &why);
}

void request_forget(struct request *request)
{
	json_t *id = json_incref((json_t *)(uintptr_t)request->id);

	json_decref(request->root);
	json_decref(request->no_params);
	request->root = id;
	request->params = request->no_params = NULL;
}

void request_free(struct request *request)
{
	json_decref(request->root);
	json_decref(request->no_params);
	free(request->reply);
}

char *rpc_notification(const char *method, json_t *params, size_t *len)
{
	if (params == NULL)
		return NULL;
	json_t *line
		= json_pack("{s:s,s:s,s:o}", "jsonrpc", "2.0", "method", method, "params", params);

	return line != NULL ? object_line(line, len) : NULL;
}

char *rpc_watch_ended(const struct refusal *why, size_t *len)
{
	return rpc_notification("watch.ended", error_object(why), len);
}

char *rpc_line_too_long(size_t *len)
{
	struct refusal why;

	refusal_init(&why);
	why.rpc = PTRD_RPC_INVALID_REQUEST;
	refuse(&why, PTRD_ERR_INVALID_REQUEST,
		"line longer than %d bytes, its newline included; it was skipped", PTRD_LINE_MAX);
	return envelope(NULL, "error", error_object(&why), len);
}

char *rpc_too_many_connections(const struct actor *actor, unsigned own, size_t *len)
{
	struct refusal why;

	refusal_init(&why);
	refuse(&why, PTRD_ERR_INTERNAL,
		"%s has %u connections open and gets no more now: close one, or try again later",
		actor->name, own);
	return envelope(NULL, "error", error_object(&why), len);
}
