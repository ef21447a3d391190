#include <unistd.h>

#include "call.h"

static json_t *show_dataplane(const struct publisher_status *status)
{
	return json_pack("{s:b,s:I,s:o,s:I,s:I}", "alive", status->dataplane_alive, "pid",
		(json_int_t)status->dataplane_pid, "started",
		status->dataplane_alive ? show_time((int64_t)status->dataplane_started)
					: json_null(),
		"applied_generation", (json_int_t)status->applied_generation, "readers",
		(json_int_t)status->readers);
}

static json_t *show_table(const struct publisher *publisher, const struct region *region)
{
	struct publisher_table_status table;

	if (!publisher_table(publisher, region->name, &table))
		return json_null();
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:b}", "path", table.path, "file_size",
		(json_int_t)table.file_size, "records", (json_int_t)table.records,
		"cell_bytes_used", (json_int_t)table.cell_bytes_used, "cell_bytes",
		(json_int_t)table.cell_bytes, "huge_pages", table.huge_pages);
}

static json_t *show_regions(struct control *control)
{
	json_t *shown = json_array();
	struct region_figures f;
	size_t count;
	const struct region *const *regions = store_regions(control->store, &count);

	for (size_t i = 0; i < count; i++) {
		if (!store_region_figures(control->store, regions[i], &f)) {
			json_decref(shown);
			return NULL;
		}
		json_array_append_new(shown,
			json_pack("{s:s,s:s,s:I,s:I,s:I,s:o}", "name", regions[i]->name, "state",
				regions[i]->attached ? "attached" : "detached", "eips",
				(json_int_t)f.eips, "ptrs", (json_int_t)f.ptrs, "serial",
				(json_int_t)(uint32_t)f.revision, "table",
				show_table(control->publisher, regions[i])));
	}
	return shown;
}

static json_t *show_outcomes(const struct publisher_status *status)
{
#define OUTCOME_NAME(id, name, text) [PTRD_##id] = (name),
	static const char *const names[] = { PTRD_OUTCOMES(OUTCOME_NAME) };
#undef OUTCOME_NAME
	json_t *shown = json_object();

	for (int i = 0; i < PTRD_OUTCOME_COUNT; i++)
		json_object_set_new(shown, names[i], json_integer((json_int_t)status->outcome[i]));
	return shown;
}

static json_t *show_events(const struct publisher_status *status)
{
#define EVENT_NAME(id, name, text) [PTRD_EVENT_##id] = (name),
	static const char *const names[] = { PTRD_EVENTS(EVENT_NAME) };
#undef EVENT_NAME
	json_t *shown = json_object();

	for (int i = 0; i < PTRD_EVENT_COUNT; i++)
		json_object_set_new(shown, names[i], json_integer((json_int_t)status->event[i]));
	return shown;
}

/* Where the node is asked: for those who want to see what it answers. */
static json_t *show_service_addresses(const struct ptrd_config *config)
{
	json_t *shown = json_array();

	for (uint32_t i = 0; config != NULL && i < config->dataplane->service_addresses_count; i++)
		json_array_append_new(shown, json_string(config->dataplane->service_addresses[i]));
	return shown;
}

bool node_status(struct call *call)
{
	struct control *control = call->control;
	struct publisher_status status;
	json_t *regions = show_regions(control);

	if (regions == NULL)
		return call_store_failed(call);
	publisher_status(control->publisher, &status);
	call->result = json_pack("{s:s,s:I,s:o,s:I,s:I,s:o,s:o,s:o,s:o,s:o}", "version",
		PTRD_VERSION, "pid", (json_int_t)getpid(), "started", show_time(control->started),
		"revision", (json_int_t)store_revision(control->store), "generation",
		(json_int_t)status.generation, "dataplane", show_dataplane(&status),
		"service_addresses", show_service_addresses(control->config), "regions", regions,
		"outcomes", show_outcomes(&status), "events", show_events(&status));
	return true;
}
