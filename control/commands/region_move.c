/*
 * A prefix, or a part of one, goes from the region that has it to another one. With it go its EIPs
 * with their PTRs, the delegations inside of it, and the RFC 2317 zone that it is served under.
 * What stays of a prefix that is split are the largest prefixes without the part; in its new
 * region the prefix and its other half, if that is there, become one again.
 */
#include <stdio.h>
#include <string.h>

#include "load.h"
#include "region_spec.h"

struct move {
	struct prefix prefix;
	const struct prefix *own; /* that it is, or is a part of */
	const struct region *from, *to;
	struct region *from_then, *to_then; /* as they are afterwards */
};

static bool refuse_prefix(struct call *call)
{
	return refuse_field(&call->why, "prefix", json_object_get(call->params, "prefix"));
}

/* Finds the region that has the prefix. */
static bool find_owner(struct call *call, struct move *m)
{
	char text[PREFIX_TEXT_MAX];

	m->from = store_region_overlapping(call->control->store, &m->prefix);
	for (unsigned i = 0; m->from != NULL && i < m->from->info.prefixes_count; i++)
		if (prefix_covers(&m->from->prefixes[i], &m->prefix)) {
			m->own = &m->from->prefixes[i];
			return true;
		}
	prefix_format(&m->prefix, text);
	if (m->from == NULL)
		refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s is in no region", text);
	else
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"%s is neither a prefix of region %s nor a part of one; move those inside of "
			"it one by one",
			text, m->from->name);
	return refuse_prefix(call);
}

static void append_prefix(json_t *array, const struct prefix *prefix)
{
	char text[PREFIX_TEXT_MAX];

	json_array_append_new(array, json_string(prefix_format(prefix, text)));
}

/* The giver's prefixes; of the one that is split, the halves that the part is not in. */
static json_t *prefixes_left(const struct move *m)
{
	json_t *left = json_array();

	for (unsigned i = 0; i < m->from->info.prefixes_count; i++)
		if (&m->from->prefixes[i] != m->own)
			append_prefix(left, &m->from->prefixes[i]);
	for (unsigned length = m->own->length + 1; length <= m->prefix.length; length++) {
		const struct prefix half = prefix_widen(&m->prefix, length);
		const struct prefix stays = prefix_sibling(&half);

		append_prefix(left, &stays);
	}
	return left;
}

static bool has_prefix(const struct region *region, const struct prefix *prefix)
{
	for (unsigned i = 0; i < region->info.prefixes_count; i++)
		if (region->prefixes[i].length == prefix->length
			&& prefix_overlaps(&region->prefixes[i], prefix))
			return true;
	return false;
}

/* The taker's prefixes; halves that meet become one, but for those that have a zone of their own. */
static json_t *prefixes_joined(const struct move *m, bool join)
{
	json_t *joined = json_array();
	struct prefix prefix = m->prefix, sibling;

	while (join && prefix.length > PREFIX_LENGTH_MIN
		&& (sibling = prefix_sibling(&prefix), has_prefix(m->to, &sibling)))
		prefix = prefix_widen(&prefix, prefix.length - 1);
	append_prefix(joined, &prefix);
	for (unsigned i = 0; i < m->to->info.prefixes_count; i++)
		if (!prefix_covers(&prefix, &m->to->prefixes[i]))
			append_prefix(joined, &m->to->prefixes[i]);
	return joined;
}

/* Shares the giver's delegations out between the two. */
static void share_delegations(const struct move *m, json_t *from, json_t *to)
{
	const json_t *all = json_object_get(m->from->spec, "delegations"), *one;
	json_t *stay = json_array(), *go = json_array();
	size_t i;

	json_array_extend(go, json_object_get(m->to->spec, "delegations"));
	json_array_foreach(all, i, one)
	{
		json_array_append(prefix_covers(&m->prefix, &m->from->delegated[i]) ? go : stay,
			(json_t *)(uintptr_t)one);
	}
	json_object_set_new(from, "delegations", stay);
	json_object_set_new(to, "delegations", go);
}

/* A piece of a /24 that has a zone goes with that zone, or not at all. */
static bool share_zone(struct call *call, const struct move *m, json_t *from, json_t *to)
{
	const char *zone = m->from->info.rfc2317;
	char text[PREFIX_TEXT_MAX];

	if (zone == NULL || m->own->first.ipv6 || m->own->length <= 24)
		return true;
	if (m->own->length != m->prefix.length) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"the names of %s are in one zone, %s (rfc2317 of region %s): move all of it",
			prefix_format(m->own, text), zone, m->from->name);
		return refuse_prefix(call);
	}
	json_object_set_new(from, "rfc2317", json_string(""));
	json_object_set_new(to, "rfc2317", json_string(zone));
	return true;
}

/* What keeps one of the regions from being what it would be is a reason against the move. */
static bool refuse_then(struct call *call, const struct region *region)
{
	struct refusal why = call->why;
	const char *colon = why.field[0] != '\0' ? ": " : "";

	if (why.code != PTRD_ERR_INTERNAL) {
		why.rpc = 0;
		refuse(&why, PTRD_ERR_INVALID_REGION, "region %s could not be so: %s%s%s",
			region->name, why.field, colon, call->why.text);
	}
	call->why = why;
	return refuse_prefix(call);
}

/* `region` with these changes; NULL with the reason in call->why. */
static struct region *region_then(
	struct call *call, const struct region *region, const json_t *changes)
{
	json_t *spec = region_respec(call, region, changes, 0);
	struct region *then = NULL;

	if (spec == NULL)
		refuse_then(call, region);
	else if ((then = region_new(region->name, spec)) == NULL)
		refuse(&call->why, PTRD_ERR_INTERNAL, "out of memory");
	json_decref(spec);
	return then;
}

static bool make_regions(struct call *call, struct move *m, json_t *from, json_t *to)
{
	json_object_set_new(from, "prefixes", prefixes_left(m));
	share_delegations(m, from, to);
	if (!share_zone(call, m, from, to))
		return false;
	const bool zoned = json_object_get(to, "rfc2317") != NULL || m->to->info.rfc2317 != NULL;

	json_object_set_new(to, "prefixes", prefixes_joined(m, !zoned));
	m->from_then = region_then(call, m->from, from);
	m->to_then = m->from_then != NULL ? region_then(call, m->to, to) : NULL;
	if (m->to_then == NULL)
		return false;
	if (!region_check(call, m->from_then, m->to_then))
		return refuse_then(call, m->from);
	return region_check(call, m->to_then, m->from_then) || refuse_then(call, m->to);
}

static bool ids_free(struct call *call, const struct move *m)
{
	char address[ADDRESS_TEXT_MAX], other_address[ADDRESS_TEXT_MAX];
	struct eip eip, other;
	const int found
		= store_prefix_conflict(call->control->store, &m->prefix, m->to, &eip, &other);

	if (found < 0)
		return call_store_failed(call);
	if (found == 0)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_EIP_ID,
		"%s, the id of %s, is the id of %s in region %s already; unbind one of them",
		QUOTE(eip.id), address_format(&eip.address, address),
		address_format(&other.address, other_address), m->to->name);
	return refuse_prefix(call);
}

static bool move(struct call *call, struct move *m)
{
	json_t *from = json_object(), *to = json_object();
	const bool made = make_regions(call, m, from, to) && ids_free(call, m);

	json_decref(from);
	json_decref(to);
	if (!made) {
		region_free(m->from_then);
		region_free(m->to_then);
		return false;
	}
	if (!store_region_move(call->control->store, m->from_then, m->to_then, &m->prefix))
		return call_store_failed(call);
	return load_moved(call->control, m->from_then, m->to_then, &m->prefix, &call->why)
		&& call_show_region(call, m->to_then);
}

bool region_move_prefix(struct call *call)
{
	struct move m = {.own = NULL};

	if (!prefix_parse(call_text(call, "prefix", NULL), &m.prefix, &call->why))
		return refuse_prefix(call);
	if (!call_region(call, "to", &m.to) || !find_owner(call, &m))
		return false;
	if (m.from != m.to)
		return move(call, &m);
	call_repeated(call, m.to);
	return call_show_region(call, m.to);
}
