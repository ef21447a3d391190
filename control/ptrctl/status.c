#include "command.h"

static const struct argument no_arguments[] = {{NULL}};

static const struct field node_fields[] = {
	{"version", "version"},
	{"control pid", "pid"},
	{"started", "started"},
	{"revision", "revision"},
	{"generation", "generation"},
	{"dataplane alive", "dataplane.alive"},
	{"dataplane pid", "dataplane.pid"},
	{"started", "dataplane.started"},
	{"applied", "dataplane.applied_generation"},
	{"readers", "dataplane.readers"},
	{NULL},
};

static const struct field region_fields[] = {
	{"REGION", "name"},
	{"STATE", "state"},
	{"EIPS", "eips"},
	{"PTRS", "ptrs"},
	{"SERIAL", "serial"},
	{"RECORDS", "table.records"},
	{"BYTES USED", "table.cell_bytes_used"},
	{"OF", "table.cell_bytes"},
	{"HUGE PAGES", "table.huge_pages"},
	{"TABLE", "table.path"},
	{NULL},
};

static void show_counters(const char *title, json_t *counters)
{
	printf("\n%s:\n", title);
	if (view_counters(counters) == 0)
		puts("  none so far");
}

static enum exit_status run_status(
	struct session *session, const struct command *command, json_t *params)
{
	struct table table = {.fields = region_fields};
	json_t *result;
	enum exit_status status = session_call(session, command, command->method, params, &result);

	if (status != EXIT_OK)
		return status;
	if (session->json) {
		print_json(result);
	} else {
		view_object(node_fields, result);
		putchar('\n');
		view_table(&table, json_object_get(result, "regions"));
		show_counters("queries by outcome", json_object_get(result, "outcomes"));
		show_counters("events", json_object_get(result, "events"));
	}
	json_decref(result);
	return EXIT_OK;
}

const struct command status_commands[] = {
	{"status", NULL, run_status, "node.status", no_arguments, NULL,
		"show the node: dataplane, regions, counters that are not 0"},
	{NULL},
};
