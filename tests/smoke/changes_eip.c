#include <string.h>

#include "changes_private.h"

static unsigned fresh(struct stream *stream)
{
	return ++stream->last;
}

static json_t *of_address(const struct stream *stream, unsigned i)
{
	char text[TEXT_MAX];

	return json_pack("{s:s}", "address", address_text(stream, i, text));
}

/* Binds it, has another project take it over, or says once more what is so. */
static void make_bind(struct stream *stream, struct step *step, unsigned i)
{
	const struct eip *eip = &step->after.eips[i];
	struct eip then = {.bound = true, .project = stream_random(stream, PROJECTS)};
	json_t *params = of_address(stream, i);
	char text[TEXT_MAX];

	then.id = fresh(stream);
	if (eip->bound && then.project == eip->project)
		then = *eip;
	json_object_set_new(params, "id", json_string(id_text(stream, then.id, text)));
	json_object_set_new(
		params, "project", json_string(project_text(stream, then.project, text)));
	step_request(step, "eip.bind", params);
	if (region_of(&step->after, i) == NULL)
		step_refuse(step, "DNS.0601");
	else
		step_become(stream, step, "eip.bind", i, &then);
}

static void make_unbind(struct stream *stream, struct step *step, unsigned i)
{
	step_request(step, "eip.unbind", of_address(stream, i));
	if (step->after.eips[i].bound)
		step_become(stream, step, "eip.unbind", i, &(struct eip){.bound = false});
	else
		step_refuse(step, "DNS.0502");
}

static bool over_quota(const struct state *state, const struct eip *eip)
{
	const int quota = state->quota[eip->project];

	return eip->ptr == 0 && quota > 0
		&& count_ptrs(state, -1, (int)eip->project) >= (unsigned)quota;
}

static void make_set(struct stream *stream, struct step *step, unsigned i)
{
	struct eip then = step->after.eips[i];
	const bool again = then.ptr != 0 && stream_random(stream, 8) == 0;
	json_t *params = of_address(stream, i), *ptr;

	if (!again)
		then.ptr = fresh(stream);
	ptr = ptr_json(stream, then.ptr);
	json_object_update(params, ptr);
	json_decref(ptr);
	step_request(step, "ptr.set", params);
	if (!then.bound)
		step_refuse(step, "DNS.0502");
	else if (over_quota(&step->after, &step->after.eips[i]))
		step_refuse(step, "DNS.0405");
	else
		step_become(stream, step, "ptr.set", i, &then);
}

static void make_unset(struct stream *stream, struct step *step, unsigned i)
{
	struct eip then = step->after.eips[i];

	then.ptr = 0;
	step_request(step, "ptr.unset", of_address(stream, i));
	if (then.bound)
		step_become(stream, step, "ptr.unset", i, &then);
	else
		step_refuse(step, "DNS.0502");
}

void make_wrong(struct stream *stream, struct step *step)
{
	const unsigned i = stream_random(stream, EIPS);
	json_t *params = of_address(stream, i);

	switch (stream_random(stream, 4)) {
	case 0:
		json_object_set_new(params, "id", json_string("no id"));
		step_request(step, "eip.bind", params);
		/* Which of its faults is told first is no matter here. */
		step_refuse(step, region_of(&step->after, i) == NULL ? "DNS.0601" : "DNS.0504");
		break;
	case 1:
		json_object_set_new(params, "names", json_pack("[s]", "*.example.org"));
		step_request(step, "ptr.set", params);
		step_refuse(step, "DNS.0505");
		break;
	case 2:
		json_object_set_new(params, "names", json_pack("[s]", "a.example.org"));
		json_object_set_new(params, "ttl", json_integer(0));
		step_request(step, "ptr.set", params);
		step_refuse(step, "DNS.0506");
		break;
	default:
		json_object_set_new(params, "unknown", json_true());
		step_request(step, "ptr.unset", params);
		step_refuse(step, "DNS.0002");
	}
}

static json_t *quota_json(int quota)
{
	return quota == NO_QUOTA ? json_null() : json_integer(quota);
}

static void make_quota(struct stream *stream, struct step *step)
{
	const unsigned project = stream_random(stream, PROJECTS);
	int *quota = &step->after.quota[project];
	const int then = stream_random(stream, 3) == 0 ? NO_QUOTA : (int)stream_random(stream, 24);
	char name[TEXT_MAX];

	project_text(stream, project, name);
	step_request(step, "project.set",
		json_pack("{s:s,s:o}", "project", name, "quota", quota_json(then)));
	if (*quota != then)
		step_row(step, "project.set", NULL, name,
			json_pack("{s:o}", "quota", quota_json(*quota)),
			json_pack("{s:o}", "quota", quota_json(then)));
	*quota = then;
}

void make_of_eip(struct stream *stream, struct step *step)
{
	const unsigned i = stream_random(stream, EIPS), choice = stream_random(stream, 100);

	/* More of what is accepted than of what is refused: an EIP has to be bound first. */
	if (choice < 10 || (!step->after.eips[i].bound && stream_random(stream, 8) > 0))
		make_bind(stream, step, i);
	else if (choice < 70)
		make_set(stream, step, i);
	else if (choice < 85)
		make_unset(stream, step, i);
	else if (choice < 97)
		make_unbind(stream, step, i);
	else
		make_quota(stream, step);
}
