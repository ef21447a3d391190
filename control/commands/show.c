#include <stdio.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "engine.h"

json_t *show_time(int64_t seconds)
{
	const time_t time = (time_t)seconds;
	char text[sizeof("2147483647-12-31T23:59:59Z")] = "";
	struct tm utc;

	if (gmtime_r(&time, &utc) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
	return json_string(text);
}

json_t *show_address(const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	return json_string(address_format(address, text));
}

static json_t *show_names(const char *names)
{
	json_t *array = json_array();

	while (*names != '\0') {
		const size_t len = strcspn(names, " ");

		json_array_append_new(array, json_stringn(names, len));
		names += len;
		names += *names == ' ';
	}
	return array;
}

static json_t *show_default_name(const struct eip *eip)
{
	char name[NAME_TEXT_MAX];

	return engine_default_name(&eip->region->info, &eip->address, name) ? json_string(name)
									    : json_null();
}

static json_t *show_tags(const char *tags)
{
	return *tags != '\0' ? json_loads(tags, 0, NULL) : json_array();
}

static json_t *show_eip_ptr(const struct eip *eip)
{
	if (!eip->has_ptr)
		return json_null();
	return json_pack("{s:o,s:I,s:s,s:o}", "names", show_names(eip->ptr_names), "ttl",
		(json_int_t)eip->ptr_ttl, "description", eip->ptr_description, "tags",
		show_tags(eip->ptr_tags));
}

json_t *show_eip(const struct eip *eip)
{
	return json_pack("{s:o,s:s,s:s,s:s,s:o,s:o,s:I,s:o}", "address",
		show_address(&eip->address), "id", eip->id, "region", eip->region->name, "project",
		eip->project, "ptr", show_eip_ptr(eip), "default_name", show_default_name(eip),
		"revision", (json_int_t)eip->revision, "created", show_time(eip->created));
}

json_t *show_ptr(const struct eip *eip)
{
	char id[REGION_NAME_MAX + EIP_ID_MAX];

	snprintf(id, sizeof(id), "%s:%s", eip->region->name, eip->id);
	return json_pack("{s:s,s:o,s:s,s:s,s:o,s:I,s:s,s:o,s:s,s:s,s:I,s:o,s:o}", "id", id,
		"address", show_address(&eip->address), "region", eip->region->name, "project",
		eip->project, "names", show_names(eip->ptr_names), "ttl", (json_int_t)eip->ptr_ttl,
		"description", eip->ptr_description, "tags", show_tags(eip->ptr_tags), "status",
		eip->region->attached ? "ACTIVE" : "DISABLED", "action", eip->ptr_action,
		"revision", (json_int_t)eip->ptr_revision, "created", show_time(eip->ptr_created),
		"updated", show_time(eip->ptr_updated));
}

/* What tells of everybody's changes. */
static bool show_figures(struct store *store, const struct region *region, json_t *shown)
{
	struct region_figures figures;

	if (!store_region_figures(store, region, &figures))
		return false;
	json_object_set_new(
		json_object_get(shown, "soa"), "serial", json_integer((uint32_t)figures.revision));
	json_t *rest = json_pack("{s:I,s:I,s:I,s:o,s:o}", "eips", (json_int_t)figures.eips, "ptrs",
		(json_int_t)figures.ptrs, "revision", (json_int_t)figures.revision, "created",
		show_time(figures.created), "updated", show_time(figures.updated));

	json_object_update(shown, rest);
	json_decref(rest);
	return true;
}

static bool show_own(
	struct store *store, const struct region *region, const char *project, json_t *shown)
{
	struct eip_query query = {.region = region, .project = project};
	uint64_t eips, ptrs;

	if (!store_eip_count(store, &query, &eips))
		return false;
	query.ptrs_only = true;
	if (!store_eip_count(store, &query, &ptrs))
		return false;
	json_object_set_new(shown, "eips", json_integer((json_int_t)eips));
	json_object_set_new(shown, "ptrs", json_integer((json_int_t)ptrs));
	return true;
}

json_t *show_region(const struct call *call, const struct region *region)
{
	const char *own = actor_project(call->actor);
	struct store *store = call->control->store;
	json_t *shown = json_pack("{s:s}", "name", region->name);
	json_t *spec = json_deep_copy(region->spec);

	json_object_update(shown, spec);
	json_decref(spec);
	json_object_set_new(
		shown, "state", json_string(region->attached ? "attached" : "detached"));
	if (own != NULL ? show_own(store, region, own, shown) : show_figures(store, region, shown))
		return shown;
	json_decref(shown);
	return NULL;
}

void eip_record(const struct eip *eip, struct record_wire *record)
{
	record_encode(eip->ptr_names, eip->ptr_ttl, record);
}

bool call_show_region(struct call *call, const struct region *region)
{
	if (call->quiet)
		return true;
	call->result = show_region(call, region);
	return call->result != NULL || call_store_failed(call);
}
