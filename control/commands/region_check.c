#include <stdio.h>
#include <string.h>

#include "engine.h"
#include "region_spec.h"

static bool prefixes_apart(
	struct call *call, const struct region *region, const struct region *other)
{
	char text[PREFIX_TEXT_MAX];

	for (unsigned i = 0; i < region->info.prefixes_count; i++)
		for (unsigned j = 0; j < other->info.prefixes_count; j++) {
			if (!prefix_overlaps(&region->prefixes[i], &other->prefixes[j]))
				continue;
			refuse(&call->why, PTRD_ERR_INVALID_REGION,
				"%s overlaps with a prefix of region %s",
				prefix_format(&region->prefixes[i], text), other->name);
			return refuse_field(&call->why, "prefixes", NULL);
		}
	return true;
}

/* The zones that a region names itself: its own by RFC 2317, then those of its delegations. */
static const char *zone_name(const struct region *region, unsigned i)
{
	return i == 0 ? region->info.rfc2317 : region->info.delegations[i - 1].name;
}

static unsigned zone_names(const struct region *region)
{
	return 1 + region->info.delegations_count;
}

/* True if none of the region's zones is at, above or below one of `other`. */
static bool names_apart(struct call *call, const struct region *region, const struct region *other)
{
	for (unsigned i = 0; i < zone_names(region); i++)
		for (unsigned j = 0; j < zone_names(other); j++) {
			const char *name = zone_name(region, i), *taken = zone_name(other, j);

			if (name == NULL || taken == NULL || !names_nested(name, taken))
				continue;
			refuse(&call->why, PTRD_ERR_INVALID_REGION,
				"%s is not apart from %s, a zone of region %s", QUOTE(name),
				QUOTE(taken), other->name);
			return refuse_field(&call->why, i == 0 ? "rfc2317" : "delegations", NULL);
		}
	return true;
}

static bool can_be_served(struct call *call, const struct region *region)
{
	char error[ENGINE_ERROR_SIZE];

	return engine_check_region(&region->info, error)
		|| refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s", error);
}

bool region_check(struct call *call, const struct region *region, const struct region *other)
{
	size_t count;
	const struct region *const *regions = store_regions(call->control->store, &count);

	for (size_t i = 0; i < count; i++) {
		const struct region *one = regions[i];

		if (other != NULL && strcmp(one->name, other->name) == 0)
			one = other;
		if (strcmp(one->name, region->name) != 0
			&& (!prefixes_apart(call, region, one) || !names_apart(call, region, one)))
			return false;
	}
	return can_be_served(call, region);
}
