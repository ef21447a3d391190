/* A region's description, decoded. */
#include <stdlib.h>
#include <string.h>

#include "store.h"

static const char *member_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static uint32_t member_number(const json_t *object, const char *name)
{
	return (uint32_t)json_integer_value(json_object_get(object, name));
}

/* Array of the strings' texts, which stay the JSON's; free() it. */
static const char **texts_of(const json_t *array, unsigned *count)
{
	const char **texts = calloc(json_array_size(array) + 1, sizeof(*texts));
	const json_t *text;
	size_t i;

	if (texts == NULL)
		return NULL;
	json_array_foreach(array, i, text) texts[i] = json_string_value(text);
	*count = (unsigned)json_array_size(array);
	return texts;
}

static void info_scalars(struct region_info *info, const json_t *spec)
{
	const json_t *soa = json_object_get(spec, "soa"), *ns = json_object_get(spec, "ns");
	const char *unbound = member_text(spec, "unbound");

	info->suffix = member_text(spec, "suffix");
	info->default_name = member_text(spec, "default_name");
	info->default_name6 = member_text(spec, "default_name6");
	info->rfc2317 = member_text(spec, "rfc2317");
	info->default_ttl = member_number(spec, "default_ttl");
	info->unbound_default = unbound != NULL && strcmp(unbound, "default") == 0;
	info->soa_mname = member_text(soa, "mname");
	info->soa_rname = member_text(soa, "rname");
	info->soa_refresh = member_number(soa, "refresh");
	info->soa_retry = member_number(soa, "retry");
	info->soa_expire = member_number(soa, "expire");
	info->soa_minimum = member_number(soa, "minimum");
	info->soa_ttl = member_number(soa, "ttl");
	info->ns_ttl = member_number(ns, "ttl");
}

/* The array is the region's own, whatever the const in struct region_info says to the publisher. */
static struct region_delegation *own_delegations(const struct region *region)
{
	return (struct region_delegation *)(uintptr_t)region->info.delegations;
}

static bool info_delegations(struct region *region)
{
	const json_t *array = json_object_get(region->spec, "delegations"), *member;
	const size_t count = json_array_size(array);
	struct refusal why;
	size_t i;

	region->info.delegations = calloc(count + 1, sizeof(*region->info.delegations));
	region->delegated = calloc(count + 1, sizeof(*region->delegated));
	if (region->info.delegations == NULL || region->delegated == NULL)
		return false;
	json_array_foreach(array, i, member)
	{
		struct region_delegation *delegation = &own_delegations(region)[i];

		delegation->prefix = member_text(member, "prefix");
		delegation->name = member_text(member, "name");
		delegation->ns = texts_of(json_object_get(member, "ns"), &delegation->ns_count);
		region->info.delegations_count++;
		if (delegation->prefix == NULL || delegation->name == NULL || delegation->ns == NULL
			|| !prefix_parse(delegation->prefix, &region->delegated[i], &why))
			return false;
	}
	return true;
}

/* An unreadable prefix can only come from a file that something else has written. */
static bool info_lists(struct region *region)
{
	struct region_info *info = &region->info;
	struct refusal why;

	info->prefixes = texts_of(json_object_get(region->spec, "prefixes"), &info->prefixes_count);
	info->ns_names = texts_of(json_object_get(json_object_get(region->spec, "ns"), "names"),
		&info->ns_names_count);
	region->prefixes = calloc(info->prefixes_count + 1, sizeof(*region->prefixes));
	if (info->prefixes == NULL || info->ns_names == NULL || region->prefixes == NULL)
		return false;
	for (unsigned i = 0; i < info->prefixes_count; i++)
		if (info->prefixes[i] == NULL
			|| !prefix_parse(info->prefixes[i], &region->prefixes[i], &why))
			return false;
	return true;
}

struct region *region_new(const char *name, json_t *spec)
{
	struct region *region = calloc(1, sizeof(*region));

	if (region == NULL)
		return NULL;
	region->spec = json_incref(spec);
	snprintf(region->name, sizeof(region->name), "%s", name);
	region->info.name = region->name;
	info_scalars(&region->info, spec);
	if (!info_lists(region) || !info_delegations(region)) {
		region_free(region);
		return NULL;
	}
	return region;
}

void region_free(struct region *region)
{
	if (region == NULL)
		return;
	/* The arrays are ours, whatever the const in struct region_info says to the publisher. */
	free((void *)(uintptr_t)region->info.prefixes);
	free((void *)(uintptr_t)region->info.ns_names);
	for (unsigned i = 0; i < region->info.delegations_count; i++)
		free((void *)(uintptr_t)region->info.delegations[i].ns);
	free(own_delegations(region));
	free(region->prefixes);
	free(region->delegated);
	json_decref(region->spec);
	free(region);
}

const struct region_delegation *region_delegation_of(
	const struct region *region, const struct address *address)
{
	for (unsigned i = 0; i < region->info.delegations_count; i++)
		if (prefix_holds(&region->delegated[i], address))
			return &region->info.delegations[i];
	return NULL;
}
