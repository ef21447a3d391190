#include "command.h"

static const struct argument set_arguments[] = {
	{"ADDRESS", NULL, "address", ARGUMENT_TEXT, .required = true},
	{"NAME", NULL, "names", ARGUMENT_TEXTS, .required = true},
	{"--ttl", "SECONDS", "ttl", ARGUMENT_NUMBER},
	{NULL},
};

static const struct argument address_arguments[] = {
	{"ADDRESS", NULL, "address", ARGUMENT_TEXT, .required = true},
	{NULL},
};

static const struct argument list_arguments[] = {
	{"--region", "NAME", "region", ARGUMENT_TEXT},
	{"--project", "PROJECT", "project", ARGUMENT_TEXT},
	{"--limit", "N", "limit", ARGUMENT_NUMBER},
	{"--marker", "ADDRESS", "marker", ARGUMENT_TEXT},
	{NULL},
};

static const struct field ptr_fields[] = {
	{"address", "address"},
	{"id", "id"},
	{"region", "region"},
	{"project", "project"},
	{"names", "names"},
	{"ttl", "ttl"},
	{"status", "status"},
	{"revision", "revision"},
	{"created", "created"},
	{"updated", "updated"},
	{NULL},
};

static const struct field unset_fields[] = {
	{"default again", "address"},
	{NULL},
};

static const struct field list_fields[] = {
	{"ADDRESS", "address"},
	{"REGION", "region"},
	{"PROJECT", "project"},
	{"TTL", "ttl"},
	{"STATUS", "status"},
	{"NAMES", "names"},
	{NULL},
};

const struct command ptr_commands[] = {
	{"ptr", "set", run_show, "ptr.set", set_arguments, ptr_fields,
		"set the custom PTR of an EIP: 1 to 10 names"},
	{"ptr", "unset", run_show, "ptr.unset", address_arguments, unset_fields,
		"drop the custom PTR: the EIP answers its default again"},
	{"ptr", "show", run_show, "ptr.get", address_arguments, ptr_fields,
		"show the custom PTR of an EIP"},
	{"ptr", "list", run_list, "ptr.list", list_arguments, list_fields,
		"list custom PTRs by address"},
	{NULL},
};
