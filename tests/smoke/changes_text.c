#include <stdio.h>

#include "changes.h"

uint32_t eip_address(const struct stream *stream, unsigned eip)
{
	return UINT32_C(10) << 24 | stream->number << 16 | eip / BLOCK_EIPS << 8
		| (eip % BLOCK_EIPS + 1);
}

const char *address_text(const struct stream *stream, unsigned eip, char text[static TEXT_MAX])
{
	snprintf(text, TEXT_MAX, "10.%u.%u.%u", stream->number, eip / BLOCK_EIPS,
		eip % BLOCK_EIPS + 1);
	return text;
}

const char *id_text(const struct stream *stream, unsigned id, char text[static TEXT_MAX])
{
	snprintf(text, TEXT_MAX, "eip-%u-%u", stream->number, id);
	return text;
}

const char *region_text(const struct stream *stream, unsigned region, char text[static TEXT_MAX])
{
	snprintf(text, TEXT_MAX, "region-%u-%u", stream->number, region);
	return text;
}

const char *project_text(const struct stream *stream, unsigned project, char text[static TEXT_MAX])
{
	snprintf(text, TEXT_MAX, "project-%u-%u", stream->number, project);
	return text;
}

const char *suffix_text(const struct region *region, char text[static TEXT_MAX])
{
	snprintf(text, TEXT_MAX, "s%u.example.com.", region->suffix);
	return text;
}

const char *default_name(const struct stream *stream, const struct region *region, unsigned eip,
	char text[static TEXT_MAX])
{
	char suffix[TEXT_MAX];

	snprintf(text, TEXT_MAX, "ecs-10-%u-%u-%u.%.30s", stream->number, eip / BLOCK_EIPS,
		eip % BLOCK_EIPS + 1, suffix_text(region, suffix));
	return text;
}

unsigned ptr_ttl(unsigned ptr)
{
	return 60 + ptr % 1000;
}

json_t *ptr_names(const struct stream *stream, unsigned ptr)
{
	json_t *names = json_array();

	for (unsigned i = 0; i <= ptr % 3; i++)
		json_array_append_new(
			names, json_sprintf("n%u.p%u.s%u.example.org.", i, ptr, stream->number));
	return names;
}

json_t *ptr_json(const struct stream *stream, unsigned ptr)
{
	json_t *json = json_pack(
		"{s:o,s:I}", "names", ptr_names(stream, ptr), "ttl", (json_int_t)ptr_ttl(ptr));
	json_t *tags = json_array();

	if (ptr % 2 == 1)
		json_object_set_new(json, "description", json_sprintf("change \"%u\"", ptr));
	for (unsigned i = 0; i < ptr / 3 % 3; i++)
		json_array_append_new(tags,
			json_pack("{s:o,s:o}", "key", json_sprintf("key %u", i), "value",
				json_sprintf("%u", ptr)));
	if (json_array_size(tags) > 0)
		json_object_set(json, "tags", tags);
	json_decref(tags);
	return json;
}

static bool has_blocks(const struct state *state, int region, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		if (state->owner[i] != region)
			return false;
	return true;
}

/* The largest ones that there are: neighbours become one. */
json_t *region_prefixes(const struct stream *stream, const struct state *state, int region)
{
	json_t *prefixes = json_array();

	for (unsigned first = 0, count; first < BLOCKS; first += count) {
		for (count = BLOCKS; count > 1; count /= 2)
			if (first % count == 0 && has_blocks(state, region, first, count))
				break;
		if (has_blocks(state, region, first, count))
			json_array_append_new(prefixes,
				json_sprintf("10.%u.%u.0/%d", stream->number, first,
					25 - __builtin_ffs((int)count)));
	}
	return prefixes;
}

const struct region *region_of(const struct state *state, unsigned eip)
{
	const int owner = state->owner[eip / BLOCK_EIPS];

	return owner != NO_REGION ? &state->regions[owner] : NULL;
}

static unsigned count(const struct state *state, int region, int project, bool ptrs_only)
{
	unsigned found = 0;

	for (unsigned i = 0; i < EIPS; i++) {
		const struct eip *eip = &state->eips[i];

		found += eip->bound && (!ptrs_only || eip->ptr != 0)
			&& (region < 0 || state->owner[i / BLOCK_EIPS] == region)
			&& (project < 0 || eip->project == (unsigned)project);
	}
	return found;
}

unsigned count_eips(const struct state *state, int region, int project)
{
	return count(state, region, project, false);
}

unsigned count_ptrs(const struct state *state, int region, int project)
{
	return count(state, region, project, true);
}
