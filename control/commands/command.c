#include <stdio.h>
#include <string.h>

#include "call.h"

/* clang-format off */

#define PAGE \
	{"limit", JSON_INTEGER, false}, \
	{"marker", JSON_STRING, false}, \
	{"offset", JSON_INTEGER, false}
#define WRITES true
#define READS false
#define BATCH true
#define ALONE false

/* The most frequent first. */
static const struct command commands[] = {
	{"ptr.set", WRITES, BATCH, ptr_set, {
		{"address", JSON_STRING, true},
		{"names", JSON_ARRAY, true},
		{"ttl", JSON_INTEGER, false},
		{"description", JSON_STRING, false},
		{"tags", JSON_ARRAY, false}}},
	{"eip.bind", WRITES, BATCH, eip_bind, {
		{"address", JSON_STRING, true},
		{"id", JSON_STRING, false},
		{"project", JSON_STRING, false}}},
	{"ptr.unset", WRITES, BATCH, ptr_unset, {
		{"address", JSON_STRING, true}}},
	{"eip.unbind", WRITES, BATCH, eip_unbind, {
		{"address", JSON_STRING, true}}},
	{"ptr.get", READS, BATCH, ptr_get, {
		{"address", JSON_STRING, false},
		{"id", JSON_STRING, false}}},
	{"eip.get", READS, BATCH, eip_get, {
		{"address", JSON_STRING, true}}},
	{"batch", WRITES, ALONE, batch, {
		{"requests", JSON_ARRAY, true},
		{"quiet", JSON_TRUE, false}}},
	{"ptr.list", READS, ALONE, ptr_list, {
		PAGE,
		{"region", JSON_STRING, false},
		{"project", JSON_STRING, false}}},
	{"eip.list", READS, ALONE, eip_list, {
		PAGE,
		{"region", JSON_STRING, false},
		{"project", JSON_STRING, false}}},
	{"region.create", WRITES, BATCH, region_create, {
		{"name", JSON_STRING, true},
		{"prefixes", JSON_ARRAY, true},
		{"suffix", JSON_STRING, true},
		{"default_name", JSON_STRING, false},
		{"default_name6", JSON_STRING, false},
		{"default_ttl", JSON_INTEGER, false},
		{"unbound", JSON_STRING, false},
		{"soa", JSON_OBJECT, false},
		{"ns", JSON_OBJECT, false},
		{"rfc2317", JSON_STRING, false},
		{"delegations", JSON_ARRAY, false},
		{"state", JSON_STRING, false}}},
	{"region.update", WRITES, BATCH, region_update, {
		{"name", JSON_STRING, true},
		{"prefixes", JSON_ARRAY, false},
		{"suffix", JSON_STRING, false},
		{"default_name", JSON_STRING, false},
		{"default_name6", JSON_STRING, false},
		{"default_ttl", JSON_INTEGER, false},
		{"unbound", JSON_STRING, false},
		{"soa", JSON_OBJECT, false},
		{"ns", JSON_OBJECT, false},
		{"rfc2317", JSON_STRING, false},
		{"delegations", JSON_ARRAY, false}}},
	{"region.delete", WRITES, BATCH, region_delete, {
		{"name", JSON_STRING, true},
		{"force", JSON_TRUE, false}}},
	{"region.move_prefix", WRITES, BATCH, region_move_prefix, {
		{"prefix", JSON_STRING, true},
		{"to", JSON_STRING, true}}},
	{"region.get", READS, BATCH, region_get, {
		{"name", JSON_STRING, true}}},
	{"region.list", READS, ALONE, region_list, {
		PAGE}},
	{"region.attach", WRITES, BATCH, region_attach, {
		{"name", JSON_STRING, true}}},
	{"region.detach", WRITES, BATCH, region_detach, {
		{"name", JSON_STRING, true}}},
	{"node.status", READS, ALONE, node_status, {
		{NULL, JSON_NULL, false}}},
	{"node.backup", READS, ALONE, node_backup, {
		{"path", JSON_STRING, false}}},
};

/* clang-format on */

const struct command *command_find(const char *method)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].method, method) == 0)
			return &commands[i];
	return NULL;
}

bool command_run(struct call *call)
{
	call->result = NULL;
	call->generation = 0;
	refusal_init(&call->why);
	if (!store_ready(call->control->store))
		return call_store_failed(call);
	store_origin(call->control->store, call->actor->name, call->command->method);
	if (params_check(call->command->params, "", call->params, &call->why)
		&& call->command->run(call))
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

static bool same_type(json_type wanted, const json_t *value)
{
	return json_typeof(value) == wanted || (wanted == JSON_TRUE && json_is_false(value));
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
				type_text(json_typeof(value)), type_text(param->type));
			return refuse_param(why, path, name, value);
		}
	}
	for (; params->name != NULL; params++)
		if (params->required && json_object_get(object, params->name) == NULL) {
			refuse(why, PTRD_ERR_INVALID_REQUEST, "is missing, must be %s",
				type_text(params->type));
			return refuse_param(why, path, params->name, NULL);
		}
	return true;
}
