#include <string.h>

#include "changes_private.h"

/* A row for the EIP, if the import has one: it becomes another project's, or gets or loses a PTR. */
static void choose_row(struct stream *stream, const struct state *state, unsigned i)
{
	struct import *import = &stream->import;
	struct eip *then = &import->rows[i];

	*then = state->eips[i];
	import->kinds[i] = ROW_NONE;
	if (region_of(state, i) == NULL
		|| (import->whole != NO_REGION && state->owner[i / BLOCK_EIPS] != import->whole)
		|| stream_random(stream, 2) == 0)
		return;
	if (stream_random(stream, 8) == 0) {
		import->kinds[i] = ROW_UNBIND;
		*then = (struct eip){.bound = false};
		return;
	}
	import->kinds[i] = ROW_BECOME;
	if (!then->bound || stream_random(stream, 4) == 0) {
		then->project = stream_random(stream, PROJECTS);
		then->bound = then->bound && then->project == state->eips[i].project;
	}
	if (!then->bound)
		then->id = ++stream->last;
	then->bound = true;
	if (stream_random(stream, 5) > 0)
		then->ptr = stream_random(stream, 3) > 0 ? ++stream->last : 0;
	else if (then->id != state->eips[i].id)
		then->ptr = 0;
}

static json_t *row_json(const struct stream *stream, const struct eip *eip, unsigned i)
{
	const struct import *import = &stream->import;
	const struct eip *then = &import->rows[i];
	char text[TEXT_MAX];
	json_t *row = json_pack("{s:s}", "address", address_text(stream, i, text));

	if (import->kinds[i] == ROW_UNBIND) {
		json_object_set_new(row, "unbind", json_true());
		return row;
	}
	json_object_set_new(row, "project", json_string(project_text(stream, then->project, text)));
	if (!eip->bound || then->id != eip->id)
		json_object_set_new(row, "id", json_string(id_text(stream, then->id, text)));
	if (then->ptr == 0) {
		json_object_set_new(row, "default", json_true());
		return row;
	}
	json_t *ptr = ptr_json(stream, then->ptr);

	json_object_update(row, ptr);
	json_decref(ptr);
	return row;
}

static bool any_region(const struct state *state, int *region, unsigned first)
{
	for (unsigned i = 0; i < REGIONS; i++) {
		*region = (int)((first + i) % REGIONS);
		if (state->regions[*region].exists)
			return true;
	}
	return false;
}

static void make_rows(struct stream *stream, struct step *step)
{
	struct import *import = &stream->import;
	json_t *rows = json_array();

	import->whole = NO_REGION;
	if (stream_random(stream, 2) == 0
		&& !any_region(&step->after, &import->whole, stream_random(stream, REGIONS)))
		import->whole = NO_REGION;
	for (unsigned i = 0; i < EIPS; i++) {
		choose_row(stream, &step->after, i);
		if (import->kinds[i] != ROW_NONE)
			json_array_append_new(rows, row_json(stream, &step->after.eips[i], i));
	}
	step_request(
		step, "import.rows", json_pack("{s:s,s:o}", "import", import->id, "rows", rows));
}

/* Of all EIPs: those that are to be unbound, in order of address, or the others. */
static void become(const struct stream *stream, struct step *step, enum row_kind kind)
{
	const struct import *import = &stream->import;

	for (unsigned i = 0; i < EIPS; i++)
		if (import->kinds[i] == kind)
			step_become(stream, step, step->method, i, &import->rows[i]);
}

static void unbind_missing(const struct stream *stream, struct step *step)
{
	const struct import *import = &stream->import;

	for (unsigned i = 0; i < EIPS; i++)
		if (import->kinds[i] == ROW_NONE
			&& step->after.owner[i / BLOCK_EIPS] == import->whole)
			step_become(stream, step, step->method, i, &(struct eip){.bound = false});
}

static bool more_than_quota(const struct state *before, const struct state *after)
{
	for (int i = 0; i < PROJECTS; i++) {
		const unsigned ptrs = count_ptrs(after, -1, i);

		if (after->quota[i] > 0 && ptrs > (unsigned)after->quota[i]
			&& ptrs > count_ptrs(before, -1, i))
			return true;
	}
	return false;
}

static void make_commit(struct stream *stream, struct step *step)
{
	struct import *import = &stream->import;
	json_t *params = json_pack("{s:s}", "import", import->id);
	char name[TEXT_MAX];

	step_request(step, import->whole != NO_REGION ? "region.load" : "import.commit", params);
	if (import->whole != NO_REGION) {
		region_text(stream, (unsigned)import->whole, name);
		json_object_set_new(params, "name", json_string(name));
		unbind_missing(stream, step);
	}
	become(stream, step, ROW_UNBIND);
	become(stream, step, ROW_BECOME);
	import->refused = more_than_quota(&stream->now, &step->after);
	if (!import->refused)
		return;
	step->after = stream->now;
	json_array_clear(step->rows);
	step_refuse(step, "DNS.0405");
}

/* There is one to abort if its commit was refused. */
static void make_abort(struct stream *stream, struct step *step)
{
	step_request(step, "import.abort", json_pack("{s:s}", "import", stream->import.id));
	if (!stream->import.refused)
		step_refuse(step, "DNS.0002");
}

void make_of_import(struct stream *stream, struct step *step)
{
	struct import *import = &stream->import;

	switch (import->phase) {
	case IMPORT_NONE:
		step_request(step, "import.begin", json_object());
		import->phase = IMPORT_BEGUN;
		break;
	case IMPORT_BEGUN:
		make_rows(stream, step);
		import->phase = IMPORT_SENT;
		break;
	case IMPORT_SENT:
		make_commit(stream, step);
		import->phase = IMPORT_ENDED;
		break;
	case IMPORT_ENDED:
		make_abort(stream, step);
		import->phase = IMPORT_NONE;
		import->id[0] = '\0';
	}
}
