#include <stdio.h>
#include <string.h>

#include "call.h"

/* clang-format off */

#define PAGE \
	{"limit", JSON_INTEGER, false}, \
	{"marker", JSON_STRING, false}, \
	{"offset", JSON_INTEGER, false}
#define FILTERS \
	{"total", JSON_TRUE, false}, \
	{"region", JSON_STRING, false}, \
	{"project", JSON_STRING, false}, \
	{"status", JSON_STRING, false}, \
	{"name", JSON_STRING, false}, \
	{"prefix", JSON_STRING, false}, \
	{"tags", JSON_STRING, false}
#define RECORD \
	{"address", JSON_STRING, false}, \
	{"id", JSON_STRING, false}
/* Of a region: what it may be made with, and changed in. */
#define REGION_SETTINGS \
	{"default_name", JSON_STRING, false}, \
	{"default_name6", JSON_STRING, false}, \
	{"default_ttl", JSON_INTEGER, false}, \
	{"unbound", JSON_STRING, false}, \
	{"soa", JSON_OBJECT, false}, \
	{"ns", JSON_OBJECT, false}, \
	{"rfc2317", JSON_STRING, false}, \
	{"delegations", JSON_ARRAY, false}
#define INTEGER_OR_NULL JSON_NULL
#define BATCH true
#define ALONE false

/*
 * The most frequent first. Who may call a method is asked for here and nowhere else; what a project
 * then finds is up to call_eip_at(), call_project() and show_region().
 */
static const struct command commands[] = {
	{"ptr.set", WRITES, BATCH, OWNERS, ptr_set, {
		RECORD,
		{"names", JSON_ARRAY, true},
		{"ttl", JSON_INTEGER, false},
		{"description", JSON_STRING, false},
		{"tags", JSON_ARRAY, false}}},
	{"eip.bind", WRITES, BATCH, OPERATORS, eip_bind, {
		{"address", JSON_STRING, true},
		{"id", JSON_STRING, false},
		{"project", JSON_STRING, false}}},
	{"ptr.unset", WRITES, BATCH, OWNERS, ptr_unset, {
		RECORD}},
	{"eip.unbind", WRITES, BATCH, OPERATORS, eip_unbind, {
		{"address", JSON_STRING, true}}},
	{"ptr.get", READS, BATCH, EVERYBODY, ptr_get, {
		RECORD}},
	{"eip.get", READS, BATCH, EVERYBODY, eip_get, {
		{"address", JSON_STRING, true}}},
	{"batch", WRITES, ALONE, EVERYBODY, batch, {
		{"requests", JSON_ARRAY, true},
		{"quiet", JSON_TRUE, false}}},
	{"ptr.list", READS, ALONE, EVERYBODY, ptr_list, {
		PAGE,
		FILTERS}},
	{"eip.list", READS, ALONE, EVERYBODY, eip_list, {
		PAGE,
		FILTERS}},
	{"region.create", WRITES, BATCH, OPERATORS, region_create, {
		{"name", JSON_STRING, true},
		{"prefixes", JSON_ARRAY, true},
		{"suffix", JSON_STRING, true},
		REGION_SETTINGS,
		{"state", JSON_STRING, false}}},
	{"region.update", WRITES, BATCH, OPERATORS, region_update, {
		{"name", JSON_STRING, true},
		{"prefixes", JSON_ARRAY, false},
		{"suffix", JSON_STRING, false},
		REGION_SETTINGS}},
	{"region.delete", WRITES, BATCH, OPERATORS, region_delete, {
		{"name", JSON_STRING, true},
		{"force", JSON_TRUE, false}}},
	{"region.move_prefix", WRITES, BATCH, OPERATORS, region_move_prefix, {
		{"prefix", JSON_STRING, true},
		{"to", JSON_STRING, true}}},
	{"region.get", READS, BATCH, EVERYBODY, region_get, {
		{"name", JSON_STRING, true}}},
	{"region.list", READS, ALONE, EVERYBODY, region_list, {
		PAGE,
		{"name", JSON_STRING, false},
		{"status", JSON_STRING, false},
		{"prefix", JSON_STRING, false}}},
	{"region.attach", WRITES, BATCH, OPERATORS, region_attach, {
		{"name", JSON_STRING, true}}},
	{"region.detach", WRITES, BATCH, OPERATORS, region_detach, {
		{"name", JSON_STRING, true}}},
	{"project.set", WRITES, BATCH, OPERATORS, project_set, {
		{"project", JSON_STRING, true},
		{"quota", INTEGER_OR_NULL, true}}},
	{"project.get", READS, BATCH, EVERYBODY, project_get, {
		{"project", JSON_STRING, true}}},
	{"project.list", READS, ALONE, READERS, project_list, {
		PAGE}},
	{"import.begin", ACTS, ALONE, OWNERS, import_begin, {
		{"mode", JSON_STRING, false},
		{"region", JSON_STRING, false}}},
	{"import.rows", ACTS, ALONE, OWNERS, import_rows, {
		{"import", JSON_STRING, true},
		{"rows", JSON_ARRAY, true}}},
	{"import.commit", BULK, ALONE, OWNERS, import_commit, {
		{"import", JSON_STRING, true}}},
	{"import.abort", ACTS, ALONE, OWNERS, import_abort, {
		{"import", JSON_STRING, true}}},
	{"region.load", BULK, ALONE, OPERATORS, region_load, {
		{"name", JSON_STRING, true},
		{"import", JSON_STRING, true}}},
	{"node.status", READS, ALONE, READERS, node_status, {
		{NULL, JSON_NULL, false}}},
	{"node.stats", READS, ALONE, READERS, node_stats, {
		{NULL, JSON_NULL, false}}},
	{"node.backup", ACTS, ALONE, OPERATORS, node_backup, {
		{"path", JSON_STRING, false}}},
	{"node.audit", READS, ALONE, EVERYBODY, node_audit, {
		{"limit", JSON_INTEGER, false},
		{"marker", JSON_INTEGER, false},
		{"address", JSON_STRING, false},
		{"project", JSON_STRING, false},
		{"region", JSON_STRING, false},
		{"action", JSON_STRING, false},
		{"since", JSON_STRING, false},
		{"until", JSON_STRING, false}}},
	{"watch", READS, ALONE, EVERYBODY, watch, {
		{"revision", JSON_INTEGER, false}}},
};

/* clang-format on */

const struct command *command_find(const char *method)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].method, method) == 0)
			return &commands[i];
	return NULL;
}

const struct command *command_all(size_t *count)
{
	*count = sizeof(commands) / sizeof(commands[0]);
	return commands;
}

bool command_run(struct call *call)
{
	static char who[ACTOR_TEXT_MAX]; /* until the next call; there is one thread */
	const struct command *command = call->command;

	call->result = NULL;
	call->generation = 0;
	refusal_init(&call->why);
	if (!actor_may(call->actor, command->roles, command->method, &call->why))
		return false;
	if (!store_ready(call->control->store))
		return call_store_failed(call);
	store_origin(call->control->store, actor_text(call->actor, who), command->method);
	if (params_check(command->params, "", call->params, &call->why) && command->run(call))
		return true;
	json_decref(call->result);
	call->result = NULL;
	return false;
}

static const char *type_text(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number with a fraction or an exponent";
	case JSON_NULL:
		return "null";
	default:
		return "true or false";
	}
}

static const char *wanted_text(json_type type)
{
	return type == INTEGER_OR_NULL ? "an integer or null" : type_text(type);
}

static bool same_type(json_type wanted, const json_t *value)
{
	return json_typeof(value) == wanted || (wanted == JSON_TRUE && json_is_false(value))
		|| (wanted == INTEGER_OR_NULL && json_is_integer(value));
}

static bool refuse_param(
	struct refusal *why, const char *path, const char *name, const json_t *value)
{
	char field[sizeof(why->field)];

	why->rpc = PTRD_RPC_INVALID_PARAMS;
	snprintf(field, sizeof(field), "%s%s", path, name);
	return refuse_field(why, field, value);
}

static const struct param *param_find(const struct param *params, const char *name)
{
	for (; params->name != NULL; params++)
		if (strcmp(params->name, name) == 0)
			return params;
	return NULL;
}

bool params_check(
	const struct param *params, const char *path, const json_t *object, struct refusal *why)
{
	const char *name;
	json_t *value;

	/* jansson's iteration macro takes an object that is not const, and does not change it. */
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		const struct param *param = param_find(params, name);

		if (param == NULL) {
			refuse(why, PTRD_ERR_INVALID_REQUEST, "there is no such parameter");
			return refuse_param(why, path, name, NULL);
		}
		if (!same_type(param->type, value)) {
			refuse(why, PTRD_ERR_INVALID_REQUEST, "is %s, must be %s",
				type_text(json_typeof(value)), wanted_text(param->type));
			return refuse_param(why, path, name, value);
		}
	}
	for (; params->name != NULL; params++)
		if (params->required && json_object_get(object, params->name) == NULL) {
			refuse(why, PTRD_ERR_INVALID_REQUEST, "is missing, must be %s",
				wanted_text(params->type));
			return refuse_param(why, path, params->name, NULL);
		}
	return true;
}
