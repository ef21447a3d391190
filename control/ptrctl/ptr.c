#include "command.h"
#include "tag.h"

static const struct argument set_arguments[] = {
	{"ADDRESS|ID", NULL, "address", ARGUMENT_RECORD, .required = true},
	{"NAME", NULL, "names", ARGUMENT_TEXTS, .required = true},
	{"--ttl", "SECONDS", "ttl", ARGUMENT_NUMBER},
	{"--description", "TEXT", "description", ARGUMENT_TEXT},
	{"--tag", TAG_FORM, "tags", ARGUMENT_OBJECTS, .object = tag_parse},
	{NULL},
};

static const struct argument record_arguments[] = {
	{"ADDRESS|ID", NULL, "address", ARGUMENT_RECORD, .required = true},
	{NULL},
};

static const struct field ptr_fields[] = {
	{"address", "address"},
	{"id", "id"},
	{"region", "region"},
	{"project", "project"},
	{"names", "names"},
	{"ttl", "ttl"},
	{"description", "description"},
	{"tags", "tags"},
	{"status", "status"},
	{"last action", "action"},
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
		"set the custom PTR of an EIP: 1 to 10 names, and no others"},
	{"ptr", "unset", run_show, "ptr.unset", record_arguments, unset_fields,
		"drop the custom PTR: the EIP answers its default again"},
	{"ptr", "show", run_show, "ptr.get", record_arguments, ptr_fields,
		"show the custom PTR of an EIP"},
	{"ptr", "list", run_list, "ptr.list", command_list_arguments, list_fields,
		"list custom PTRs by address"},
	{NULL},
};
