#include "command.h"

static const struct argument bind_arguments[] = {
	{"ADDRESS", NULL, "address", ARGUMENT_TEXT, .required = true},
	{"--id", "ID", "id", ARGUMENT_TEXT},
	{"--project", "PROJECT", "project", ARGUMENT_TEXT},
	{NULL},
};

static const struct field eip_fields[] = {
	{"address", "address"},
	{"id", "id"},
	{"region", "region"},
	{"project", "project"},
	{"answers", "ptr.names", "default_name"},
	{"custom ttl", "ptr.ttl"},
	{"description", "ptr.description"},
	{"tags", "ptr.tags"},
	{"revision", "revision"},
	{"created", "created"},
	{NULL},
};

static const struct field unbound_fields[] = {
	{"unbound", "address"},
	{NULL},
};

/* The widest last: where a terminal has no room for it, the others still stand in columns. */
static const struct field list_fields[] = {
	{"ADDRESS", "address"},
	{"REGION", "region"},
	{"PROJECT", "project"},
	{"TTL", "ptr.ttl"},
	{"ANSWERS", "ptr.names", "default_name"},
	{"ID", "id"},
	{NULL},
};

const struct command eip_commands[] = {
	{"eip", "bind", run_show, "eip.bind", bind_arguments, eip_fields,
		"make an EIP exist; it answers its default PTR at once"},
	{"eip", "unbind", run_show, "eip.unbind", command_address_arguments, unbound_fields,
		"remove an EIP and its custom PTR"},
	{"eip", "show", run_show, "eip.get", command_address_arguments, eip_fields,
		"show an EIP and what it answers"},
	{"eip", "list", run_list, "eip.list", command_list_arguments, list_fields,
		"list EIPs by address; a TTL marks a custom PTR"},
	{NULL},
};
