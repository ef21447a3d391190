#include <stdio.h>
#include <string.h>

#include "region_spec.h"

/* Objects of the description that are changed member by member. */
static bool is_group(const char *name)
{
	return strcmp(name, "soa") == 0 || strcmp(name, "ns") == 0;
}

/* Texts that may be taken away: given as "", they are as if they had never been given. */
static bool is_taken_away(const char *name, const json_t *value)
{
	return (strcmp(name, "rfc2317") == 0 || strcmp(name, "default_name6") == 0)
		&& strcmp(json_string_value(value), "") == 0;
}

/* Parameters of region.create for what the region is afterwards. */
static json_t *merge(const struct region *region, const json_t *changes)
{
	json_t *merged = json_copy(region->spec), *value;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)changes, name, value)
	{
		if (is_group(name)) {
			json_t *group = json_copy(json_object_get(region->spec, name));

			json_object_update(group, value);
			json_object_set_new(merged, name, group);
		} else if (is_taken_away(name, value)) {
			json_object_del(merged, name);
		} else {
			json_object_set(merged, name, value);
		}
	}
	return merged;
}

json_t *region_respec(
	struct call *call, const struct region *region, const json_t *changes, size_t prefixes_min)
{
	const json_t *params = call->params;
	json_t *merged = merge(region, changes);

	/* A value that is refused is one of the request's or of the region's: it outlives the
	 * merged object. */
	call->params = merged;
	json_t *spec = region_spec(call, prefixes_min);
	call->params = params;
	json_decref(merged);
	return spec;
}

/* EIPs in `old` that are in none of the new prefixes. */
static bool count_lost(
	struct call *call, const struct region *region, const struct prefix *old, uint64_t *lost)
{
	struct store *store = call->control->store;
	uint64_t kept;

	*lost = 0;
	for (unsigned i = 0; i < region->info.prefixes_count; i++)
		if (prefix_covers(&region->prefixes[i], old))
			return true;
	if (!store_prefix_count(store, old, lost))
		return call_store_failed(call);
	for (unsigned i = 0; i < region->info.prefixes_count; i++) {
		if (!prefix_overlaps(&region->prefixes[i], old))
			continue;
		if (!store_prefix_count(store, &region->prefixes[i], &kept))
			return call_store_failed(call);
		*lost -= kept;
	}
	return true;
}

static bool no_eip_lost(struct call *call, const struct region *old, const struct region *region)
{
	char text[PREFIX_TEXT_MAX];
	uint64_t lost;

	for (unsigned i = 0; i < old->info.prefixes_count; i++) {
		if (!count_lost(call, region, &old->prefixes[i], &lost))
			return false;
		if (lost == 0)
			continue;
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"%llu EIPs of %s would be in no prefix; unbind them, or give them to another "
			"region with region.move_prefix",
			(unsigned long long)lost, prefix_format(&old->prefixes[i], text));
		return refuse_field(&call->why, "prefixes", NULL);
	}
	return true;
}

/* An EIP's names are served here, those of a delegated address at other name servers. */
static bool no_eip_delegated(struct call *call, const struct region *region)
{
	uint64_t count;

	for (unsigned i = 0; i < region->info.delegations_count; i++) {
		if (!store_prefix_count(call->control->store, &region->delegated[i], &count))
			return call_store_failed(call);
		if (count == 0)
			continue;
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"%llu EIPs are bound in %s; unbind them before it is delegated",
			(unsigned long long)count, region->info.delegations[i].prefix);
		return refuse_field(&call->why, "delegations", NULL);
	}
	return true;
}

static bool update(struct call *call, const struct region *old, json_t *spec)
{
	struct control *control = call->control;
	const bool attached = old->attached;
	struct region *region = region_new(old->name, spec);

	if (region == NULL)
		return refuse(&call->why, PTRD_ERR_INTERNAL, "out of memory");
	if (!region_check(call, region, NULL) || !no_eip_lost(call, old, region)
		|| !no_eip_delegated(call, region)) {
		region_free(region);
		return false;
	}
	if (!store_region_update(control->store, region))
		return call_store_failed(call);
	/* No EIP comes or goes with it: the table stays. */
	if (attached && publisher_update(control->publisher, &region->info) < 0)
		return call_publisher_failed(call);
	return call_show_region(call, region);
}

bool region_update(struct call *call)
{
	const struct region *region;
	bool updated = true;

	if (!call_region(call, "name", &region))
		return false;
	json_t *changes = json_copy((json_t *)(uintptr_t)call->params);
	json_object_del(changes, "name");
	json_t *spec = region_respec(
		call, region, changes, json_object_get(changes, "prefixes") != NULL);
	json_decref(changes);
	if (spec == NULL)
		return false;
	if (json_equal(spec, region->spec)) {
		call_repeated(call, region);
		updated = call_show_region(call, region);
	} else {
		updated = update(call, region, spec);
	}
	json_decref(spec);
	return updated;
}

bool region_delete(struct call *call)
{
	struct control *control = call->control;
	const bool force = json_is_true(json_object_get(call->params, "force"));
	const json_t *name = json_object_get(call->params, "name");
	const struct region *region;
	struct region_figures f;

	if (!call_region(call, "name", &region))
		return false;
	if (!store_region_figures(control->store, region, &f))
		return call_store_failed(call);
	if (f.eips > 0 && !force) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"region %s has %llu EIPs; unbind them, or give force to delete them with it",
			region->name, (unsigned long long)f.eips);
		return refuse_field(&call->why, "name", name);
	}
	if (region->attached && publisher_detach(control->publisher, region->name) < 0)
		return call_publisher_failed(call);
	if (!store_region_delete(control->store, region))
		return call_store_failed(call);
	if (!call->quiet)
		call->result = json_pack("{s:O}", "name", name);
	return true;
}
