#include <time.h>
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

static json_t *show_outcomes(const uint64_t *outcomes)
{
#define OUTCOME_NAME(id, name, text) [PTRD_##id] = (name),
	static const char *const names[] = { PTRD_OUTCOMES(OUTCOME_NAME) };
#undef OUTCOME_NAME
	json_t *shown = json_object();

	for (int i = 0; i < PTRD_OUTCOME_COUNT; i++)
		json_object_set_new(shown, names[i], json_integer((json_int_t)outcomes[i]));
	return shown;
}

static json_t *show_events(const uint64_t *events)
{
#define EVENT_NAME(id, name, text) [PTRD_EVENT_##id] = (name),
	static const char *const names[] = { PTRD_EVENTS(EVENT_NAME) };
#undef EVENT_NAME
	json_t *shown = json_object();

	for (int i = 0; i < PTRD_EVENT_COUNT; i++)
		json_object_set_new(shown, names[i], json_integer((json_int_t)events[i]));
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
		"outcomes", show_outcomes(status.outcome), "events", show_events(status.event));
	return true;
}

static json_t *show_reader(const struct publisher_reader *reader, uint32_t number)
{
	const bool has_port = reader->port[0] != '\0';

	return json_pack("{s:I,s:I,s:s*,s:o*,s:I,s:I,s:o,s:o}", "reader", (json_int_t)number, "cpu",
		(json_int_t)reader->cpu, "port", has_port ? reader->port : NULL, "queue",
		has_port ? json_integer((json_int_t)reader->queue) : NULL, "cycles",
		(json_int_t)reader->cycles, "busy_cycles", (json_int_t)reader->busy_cycles,
		"outcomes", show_outcomes(reader->outcome), "events", show_events(reader->event));
}

static json_t *show_control(const struct control *control)
{
	const struct control_stats *stats = &control->stats;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "revision",
		(json_int_t)store_revision(control->store), "requests", (json_int_t)stats->requests,
		"refused", (json_int_t)stats->refused, "transactions",
		(json_int_t)stats->transactions, "connections", (json_int_t)stats->connections,
		"watches", (json_int_t)stats->watches, "imports",
		(json_int_t)control->imports.count);
}

/* For rates: two of these, and the time between them. */
bool node_stats(struct call *call)
{
	struct control *control = call->control;
	struct publisher_status status;
	struct publisher_reader reader;
	struct timespec now;
	json_t *readers = json_array();

	publisher_status(control->publisher, &status);
	for (uint32_t number = 0; publisher_reader(control->publisher, number, &reader); number++)
		json_array_append_new(readers, show_reader(&reader, number));
	clock_gettime(CLOCK_MONOTONIC, &now);
	call->result = json_pack("{s:I,s:I,s:o,s:I,s:o,s:o,s:o}", "time_us",
		(json_int_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, "pid", (json_int_t)getpid(),
		"started", show_time(control->started), "generation", (json_int_t)status.generation,
		"dataplane", show_dataplane(&status), "control", show_control(control), "readers",
		readers);
	return true;
}
