#include "changes.h"

#include <stdlib.h>
#include <string.h>

#include "changes_private.h"

#define BATCH_MAX 6

unsigned stream_random(struct stream *stream, unsigned most)
{
	return (unsigned)rand_r(&stream->seed) % most;
}

void stream_init(struct stream *stream, unsigned number, unsigned seed)
{
	*stream = (struct stream){.number = number, .seed = seed + number};
	for (unsigned i = 0; i < BLOCKS; i++)
		stream->now.owner[i] = NO_REGION;
	for (unsigned i = 0; i < PROJECTS; i++)
		stream->now.quota[i] = NO_QUOTA;
}

void stream_resume(struct stream *stream, const struct state *state)
{
	stream->now = *state;
	stream->import = (struct import){.phase = IMPORT_NONE};
}

void step_init(struct step *step, const struct state *before)
{
	*step = (struct step){.rows = json_array(), .after = *before};
}

void step_release(struct step *step)
{
	json_decref(step->params);
	json_decref(step->rows);
}

void step_request(struct step *step, const char *method, json_t *params)
{
	step->method = method;
	step->params = params;
}

void step_refuse(struct step *step, const char *code)
{
	step->code = code;
}

void step_row(struct step *step, const char *action, const char *region, const char *project,
	json_t *before, json_t *after)
{
	json_array_append_new(step->rows,
		json_pack("{s:s,s:s?,s:n,s:s?,s:n,s:o?,s:o?}", "action", action, "region", region,
			"address", "project", project, "old_project", "before", before, "after",
			after));
}

static json_t *eip_json(const struct stream *stream, const struct eip *eip)
{
	char id[TEXT_MAX], project[TEXT_MAX];

	if (!eip->bound)
		return NULL;
	return json_pack("{s:s,s:s,s:o?}", "id", id_text(stream, eip->id, id), "project",
		project_text(stream, eip->project, project), "ptr",
		eip->ptr != 0 ? ptr_json(stream, eip->ptr) : NULL);
}

void step_become(const struct stream *stream, struct step *step, const char *action, unsigned i,
	const struct eip *then)
{
	struct eip *eip = &step->after.eips[i];
	const unsigned project = then->bound ? then->project : eip->project;
	const bool taken = eip->bound && then->bound && eip->project != then->project;
	char region[TEXT_MAX], address[TEXT_MAX], project_name[TEXT_MAX], old_name[TEXT_MAX];

	if (eip->bound == then->bound
		&& (!eip->bound
			|| (eip->project == then->project && eip->id == then->id
				&& eip->ptr == then->ptr)))
		return;
	json_array_append_new(step->rows,
		json_pack("{s:s,s:s,s:s,s:s,s:s?,s:o?,s:o?}", "action", action, "region",
			region_text(stream, (unsigned)step->after.owner[i / BLOCK_EIPS], region),
			"address", address_text(stream, i, address), "project",
			project_text(stream, project, project_name), "old_project",
			taken ? project_text(stream, eip->project, old_name) : NULL, "before",
			eip_json(stream, eip), "after", eip_json(stream, then)));
	*eip = *then;
}

static void add_member(struct stream *stream, struct step *step, make_step *make, json_t *requests)
{
	struct step member;

	step_init(&member, &step->after);
	make(stream, &member);
	json_array_append_new(
		requests, json_pack("{s:s,s:O}", "method", member.method, "params", member.params));
	step->after = member.after;
	if (step->code == NULL)
		step_refuse(step, member.code);
	json_array_extend(step->rows, member.rows);
	step_release(&member);
}

/*
 * All of the members, or nothing if one is refused. One that has changes of regions and of EIPs always
 * is: the ones are served by the directory and the others by a table, so that readers may see them
 * one after the other.
 */
static void make_batch(struct stream *stream, struct step *step)
{
	static make_step *const makers[] = {make_of_eip, make_of_region};
	const unsigned count = 2 + stream_random(stream, BATCH_MAX - 1);
	const unsigned kind = stream_random(stream, 3);
	const struct state before = step->after;
	json_t *requests = json_array();

	for (unsigned i = 0; i < count; i++)
		add_member(
			stream, step, makers[kind < 2 ? kind : stream_random(stream, 2)], requests);
	if (kind == 2)
		add_member(stream, step, make_wrong, requests);
	if (step->code != NULL) {
		step->after = before;
		json_array_clear(step->rows);
	}
	step_request(step, "batch",
		json_pack("{s:o,s:b}", "requests", requests, "quiet", stream_random(stream, 2)));
}

void stream_next(struct stream *stream, struct step *step)
{
	const struct import *import = &stream->import;
	const unsigned choice = stream_random(stream, 100);

	step_init(step, &stream->now);
	/* Nothing comes between the requests that end an import: what they do is known by then. */
	if (import->phase > IMPORT_BEGUN
		|| (choice < 20 && (import->phase == IMPORT_NONE || import->id[0] != '\0')))
		make_of_import(stream, step);
	else if (choice < 30)
		make_batch(stream, step);
	else if (choice < 36)
		make_wrong(stream, step);
	else if (choice < 45)
		make_of_region(stream, step);
	else
		make_of_eip(stream, step);
	stream->now = step->after;
}
