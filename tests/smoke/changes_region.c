#include <string.h>

#include "changes_private.h"

static const char *state_of(const struct region *region)
{
	return region->attached ? "attached" : "detached";
}

static const char *unbound_of(const struct region *region)
{
	return region->unbound_default ? "default" : "nxdomain";
}

static unsigned blocks(const struct state *state, int region)
{
	unsigned count = 0;

	for (unsigned i = 0; i < BLOCKS; i++)
		count += state->owner[i] == region;
	return count;
}

/* The settings, as the request and the audit have them. */
static json_t *region_json(const struct stream *stream, const struct state *state, unsigned r)
{
	const struct region *region = &state->regions[r];
	char suffix[TEXT_MAX];

	return json_pack("{s:o,s:s,s:I,s:s,s:s}", "prefixes",
		region_prefixes(stream, state, (int)r), "suffix", suffix_text(region, suffix),
		"default_ttl", (json_int_t)region->ttl, "unbound", unbound_of(region), "state",
		state_of(region));
}

/* With some of the blocks that no region has. */
static void make_create(struct stream *stream, struct step *step, unsigned r)
{
	struct region *region = &step->after.regions[r];
	char name[TEXT_MAX];

	*region = (struct region){.exists = true,
		.attached = stream_random(stream, 4) > 0,
		.unbound_default = stream_random(stream, 2),
		.suffix = stream_random(stream, 100),
		.ttl = 100 + stream_random(stream, 100)};
	const unsigned left = blocks(&step->after, NO_REGION);

	for (unsigned i = 0, first = BLOCKS; i < BLOCKS; i++) {
		if (step->after.owner[i] != NO_REGION
			|| (first < BLOCKS && stream_random(stream, 4) == 0))
			continue;
		step->after.owner[i] = (int)r;
		first = i;
	}
	json_t *after = region_json(stream, &step->after, r);
	json_t *params = json_deep_copy(after);

	region_text(stream, r, name);
	json_object_set_new(params, "name", json_string(name));
	step_request(step, "region.create", params);
	if (left > 0) {
		step_row(step, "region.create", name, NULL, NULL, after);
		return;
	}
	*region = (struct region){.exists = false};
	json_decref(after);
	step_refuse(step, "DNS.0601");
}

static void make_delete(struct stream *stream, struct step *step, unsigned r)
{
	const bool force = stream_random(stream, 3) == 0;
	const unsigned eips = count_eips(&step->after, (int)r, -1);
	char name[TEXT_MAX];

	step_request(step, "region.delete",
		json_pack("{s:s,s:b}", "name", region_text(stream, r, name), "force", force));
	if (eips > 0 && !force) {
		step_refuse(step, "DNS.0601");
		return;
	}
	json_t *before = region_json(stream, &step->after, r);

	json_object_set_new(before, "eips", json_integer(eips));
	json_object_set_new(before, "ptrs", json_integer(count_ptrs(&step->after, (int)r, -1)));
	/* Its EIPs go first, each by a change of its own. */
	for (unsigned i = 0; i < EIPS; i++)
		if (step->after.owner[i / BLOCK_EIPS] == (int)r)
			step_become(stream, step, step->method, i, &(struct eip){.bound = false});
	step_row(step, step->method, name, NULL, before, NULL);
	step->after.regions[r].exists = false;
	for (unsigned i = 0; i < BLOCKS; i++)
		if (step->after.owner[i] == (int)r)
			step->after.owner[i] = NO_REGION;
}

/* One setting, or the blocks that no region has. */
static void make_update(struct stream *stream, struct step *step, unsigned r)
{
	static const char *const members[] = {"default_ttl", "suffix", "unbound", "prefixes"};
	struct region *region = &step->after.regions[r];
	json_t *before = region_json(stream, &step->after, r);
	const char *member
		= members[stream_random(stream, blocks(&step->after, NO_REGION) > 0 ? 4 : 3)];
	char name[TEXT_MAX];

	region->ttl++;
	region->suffix = (region->suffix + 1) % 100;
	region->unbound_default = !region->unbound_default;
	struct state then = step->after;

	for (unsigned i = 0; i < BLOCKS; i++)
		if (then.owner[i] == NO_REGION)
			then.owner[i] = (int)r;
	json_t *after = region_json(stream, &then, r);
	json_t *value = json_object_get(after, member), *old = json_object_get(before, member);

	region_text(stream, r, name);
	step_request(step, "region.update", json_pack("{s:s,s:O}", "name", name, member, value));
	if (!json_equal(value, old))
		step_row(step, "region.update", name, NULL, json_pack("{s:O}", member, old),
			json_pack("{s:O}", member, value));
	json_decref(before);
	json_decref(after);
	/* Only what was asked for. */
	if (member != members[0])
		region->ttl--;
	if (member != members[1])
		region->suffix = (region->suffix + 99) % 100;
	if (member != members[2])
		region->unbound_default = !region->unbound_default;
	if (member == members[3])
		memcpy(step->after.owner, then.owner, sizeof(then.owner));
}

static void make_attach(struct stream *stream, struct step *step, unsigned r)
{
	struct region *region = &step->after.regions[r];
	const bool attach
		= region->attached ? stream_random(stream, 4) == 0 : stream_random(stream, 4) > 0;
	const char *method = attach ? "region.attach" : "region.detach";
	char name[TEXT_MAX];

	step_request(step, method, json_pack("{s:s}", "name", region_text(stream, r, name)));
	if (region->attached == attach)
		return;
	json_t *before = json_pack("{s:s}", "state", state_of(region));

	region->attached = attach;
	step_row(step, method, name, NULL, before, json_pack("{s:s}", "state", state_of(region)));
}

static unsigned block_eips(const struct state *state, unsigned block)
{
	unsigned count = 0;

	for (unsigned i = 0; i < BLOCK_EIPS; i++)
		count += state->eips[block * BLOCK_EIPS + i].bound;
	return count;
}

static json_t *place_json(const char *region, const char *prefix, unsigned eips)
{
	return json_pack(
		"{s:s,s:s,s:I}", "region", region, "prefix", prefix, "eips", (json_int_t)eips);
}

static void make_move(struct stream *stream, struct step *step, unsigned r)
{
	const unsigned block = stream_random(stream, BLOCKS);
	const unsigned eips = block_eips(&step->after, block);
	const int from = step->after.owner[block];
	json_t *prefix = json_sprintf("10.%u.%u.0/24", stream->number, block);
	char name[TEXT_MAX], from_name[TEXT_MAX];

	step_request(step, "region.move_prefix",
		json_pack("{s:o,s:s}", "prefix", prefix, "to", region_text(stream, r, name)));
	if (from == NO_REGION) {
		step_refuse(step, "DNS.0601");
		return;
	}
	if (from == (int)r)
		return;
	region_text(stream, (unsigned)from, from_name);
	step_row(step, "region.move_prefix", from_name, NULL,
		place_json(from_name, json_string_value(prefix), eips),
		place_json(name, json_string_value(prefix), eips));
	step->after.owner[block] = (int)r;
}

static void make_overlapping(struct stream *stream, struct step *step, unsigned r)
{
	json_t *prefixes = json_array();

	json_array_append_new(prefixes, json_sprintf("10.%u.0.0/16", stream->number));
	step_request(step, "region.create",
		json_pack("{s:o,s:o,s:s}", "name", json_sprintf("other-%u-%u", stream->number, r),
			"prefixes", prefixes, "suffix", "example.com"));
	step_refuse(step, "DNS.0601");
}

void make_of_region(struct stream *stream, struct step *step)
{
	const unsigned r = stream_random(stream, REGIONS), choice = stream_random(stream, 10);

	if (!step->after.regions[r].exists)
		make_create(stream, step, r);
	else if (choice < 1)
		make_delete(stream, step, r);
	else if (choice < 2 && blocks(&step->after, (int)r) > 0)
		make_overlapping(stream, step, r);
	else if (choice < 5)
		make_update(stream, step, r);
	else if (choice < 8)
		make_move(stream, step, r);
	else
		make_attach(stream, step, r);
}
