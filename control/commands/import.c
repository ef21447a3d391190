#include <stdio.h>
#include <string.h>

#include "import_rows.h"

/* As many valid rows as a line has room for. */
#define ROWS_MAX 32768

bool import_begin(struct call *call)
{
	struct control *control = call->control;
	const char *mode = call_text(call, "mode", "merge");
	const struct region *region = NULL;

	if (strcmp(mode, "merge") != 0) {
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST,
			"%s is not a mode; there is merge, and region.load for a region's whole content",
			QUOTE(mode));
		return refuse_field(&call->why, "mode", json_object_get(call->params, "mode"));
	}
	if (!call_region(call, "region", &region))
		return false;
	const struct import *import = import_new(
		&control->imports, call->actor, store_dir(control->store), region, &call->why);

	if (import == NULL)
		return false;
	call->result = json_pack("{s:s}", "import", import->id);
	return true;
}

static struct import *find(struct call *call)
{
	const char *id = call_text(call, "import", "");
	struct import *import = import_find(&call->control->imports, call->actor, id);

	if (import != NULL)
		return import;
	refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "this connection has no import %s", QUOTE(id));
	refuse_field(&call->why, "import", json_object_get(call->params, "import"));
	return NULL;
}

static void reject(json_t *rejected, const struct refusal *why, size_t i, int64_t earlier)
{
	char text[REFUSAL_TEXT_MAX];
	json_t *one;

	refusal_text(why, text);
	one = json_pack("{s:I,s:s,s:s}", "row", (json_int_t)i, "code", refusal_code(why->code),
		"message", text);
	if (why->field[0] != '\0')
		json_object_set_new(one, "field", json_string(why->field));
	if (earlier >= 0)
		json_object_set_new(one, "earlier", json_integer(earlier));
	json_array_append_new(rejected, one);
}

/* Names the earlier row that has the address or the id. */
static void refuse_taken(
	struct refusal *why, const json_t *row, enum staging_result result, uint64_t earlier)
{
	const bool address = result == STAGING_ADDRESS_TAKEN;
	const json_t *value = json_object_get(row, address ? "address" : "id");

	refuse(why, address ? PTRD_ERR_INVALID_ADDRESS : PTRD_ERR_INVALID_EIP_ID,
		"%s is what row %llu of this import has already", QUOTE(json_string_value(value)),
		(unsigned long long)earlier);
	refuse_field(why, address ? "address" : "id", value);
}

/* Puts one row by, or tells why not. False: none can be any more, with call->why set. */
static bool take_row(
	struct call *call, struct import *import, const json_t *params, size_t i, json_t *rejected)
{
	struct call row = {.control = call->control,
		.actor = call->actor,
		.command = call->command,
		.params = params};
	const struct region *region;
	struct staged_row staged = {.place = import->rows++};
	struct row_texts texts;
	uint64_t earlier;

	if (!import_row_read(&row, import, &texts, &staged, &region)) {
		reject(rejected, &row.why, i, -1);
		return true;
	}
	const enum staging_result result = staging_add(import->staging, &staged, region, &earlier);

	if (result == STAGING_FAILED)
		return refuse(&call->why, PTRD_ERR_INTERNAL,
			"cannot keep the rows, so the import is aborted: %s",
			staging_error(import->staging));
	if (result != STAGING_ADDED) {
		refuse_taken(&row.why, params, result, earlier);
		reject(rejected, &row.why, i, (int64_t)earlier);
	}
	return true;
}

bool import_rows(struct call *call)
{
	const json_t *rows = json_object_get(call->params, "rows"), *row;
	struct import *import = find(call);
	size_t i;

	if (import == NULL)
		return false;
	if (json_array_size(rows) > ROWS_MAX) {
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "has %zu rows; the most is %d",
			json_array_size(rows), ROWS_MAX);
		return refuse_field(&call->why, "rows", NULL);
	}
	json_t *rejected = json_array();

	json_array_foreach(rows, i, row) if (!take_row(call, import, row, i, rejected))
	{
		/* What the file takes up is what others are short of. */
		import_free(&call->control->imports, import);
		json_decref(rejected);
		return false;
	}
	call->result = json_pack("{s:I,s:o}", "accepted",
		(json_int_t)(i - json_array_size(rejected)), "rejected", rejected);
	return true;
}

bool import_abort(struct call *call)
{
	struct import *import = find(call);

	if (import == NULL)
		return false;
	call->result = json_pack("{s:s}", "import", import->id);
	import_free(&call->control->imports, import);
	return true;
}

static bool commit(struct call *call, struct import *import, const struct region *whole)
{
	struct import_figures f = {0};

	if (!import_apply(call, import, whole, &f)) {
		/* Nothing is left of the rows. */
		if (staging_failed(import->staging))
			import_free(&call->control->imports, import);
		return false;
	}
	import_free(&call->control->imports, import);
	call->result = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "bound", (json_int_t)f.bound,
		"rebound", (json_int_t)f.rebound, "unbound", (json_int_t)f.unbound, "set",
		(json_int_t)f.set, "unset", (json_int_t)f.unset, "unchanged",
		(json_int_t)f.unchanged, "revision",
		(json_int_t)store_revision(call->control->store));
	return true;
}

bool import_commit(struct call *call)
{
	struct import *import = find(call);

	return import != NULL && commit(call, import, NULL);
}

bool region_load(struct call *call)
{
	const struct region *region = NULL;
	struct import *import;

	if (!call_region(call, "name", &region) || (import = find(call)) == NULL)
		return false;
	if (import->region[0] == '\0' || strcmp(import->region, region->name) == 0)
		return commit(call, import, region);
	refuse(&call->why, PTRD_ERR_INVALID_REGION, "the import is of region %s", import->region);
	return refuse_field(&call->why, "name", json_object_get(call->params, "name"));
}
