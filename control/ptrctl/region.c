#include "command.h"
#include "delegation.h"

/* clang-format off */

/* Of a region, when it is made and when it is changed. */
#define SETTINGS \
	{"--default-name", "TEMPLATE", "default_name", ARGUMENT_TEXT}, \
	{"--default-name6", "TEMPLATE", "default_name6", ARGUMENT_TEXT}, \
	{"--ttl", "SECONDS", "default_ttl", ARGUMENT_NUMBER}, \
	{"--unbound", "nxdomain|default", "unbound", ARGUMENT_TEXT}, \
	{"--ns", "NAME", "ns.names", ARGUMENT_TEXTS}, \
	{"--ns-ttl", "SECONDS", "ns.ttl", ARGUMENT_NUMBER}, \
	{"--soa-mname", "NAME", "soa.mname", ARGUMENT_TEXT}, \
	{"--soa-rname", "NAME", "soa.rname", ARGUMENT_TEXT}, \
	{"--soa-refresh", "SECONDS", "soa.refresh", ARGUMENT_NUMBER}, \
	{"--soa-retry", "SECONDS", "soa.retry", ARGUMENT_NUMBER}, \
	{"--soa-expire", "SECONDS", "soa.expire", ARGUMENT_NUMBER}, \
	{"--soa-minimum", "SECONDS", "soa.minimum", ARGUMENT_NUMBER}, \
	{"--soa-ttl", "SECONDS", "soa.ttl", ARGUMENT_NUMBER}, \
	{"--rfc2317", "ZONE", "rfc2317", ARGUMENT_TEXT}, \
	{"--delegate", DELEGATION_FORM, "delegations", ARGUMENT_OBJECTS, .object = delegation_parse}

/* clang-format on */

static const struct argument create_arguments[] = {
	{"NAME", NULL, "name", ARGUMENT_TEXT, .required = true},
	{"--prefix", "PREFIX", "prefixes", ARGUMENT_TEXTS, .required = true},
	{"--suffix", "DOMAIN", "suffix", ARGUMENT_TEXT, .required = true},
	SETTINGS,
	{"--detached", NULL, "state", ARGUMENT_FLAG, .flag = "detached"},
	{NULL},
};

static const struct argument update_arguments[] = {
	{"REGION", NULL, "name", ARGUMENT_TEXT, .required = true},
	{"--prefix", "PREFIX", "prefixes", ARGUMENT_TEXTS},
	{"--suffix", "DOMAIN", "suffix", ARGUMENT_TEXT},
	SETTINGS,
	{"--no-delegations", NULL, "delegations", ARGUMENT_NONE},
	{NULL},
};

static const struct argument delete_arguments[] = {
	{"REGION", NULL, "name", ARGUMENT_TEXT, .required = true},
	{"--force", NULL, "force", ARGUMENT_FLAG},
	{NULL},
};

static const struct argument move_arguments[] = {
	{"PREFIX", NULL, "prefix", ARGUMENT_TEXT, .required = true},
	{"REGION", NULL, "to", ARGUMENT_TEXT, .required = true},
	{NULL},
};

static const struct argument name_arguments[] = {
	{"REGION", NULL, "name", ARGUMENT_TEXT, .required = true},
	{NULL},
};

static const struct argument list_arguments[] = {
	{"--name", "NAME", "name", ARGUMENT_TEXT},
	{"--status", "ACTIVE|DISABLED", "status", ARGUMENT_TEXT},
	{"--prefix", "PREFIX", "prefix", ARGUMENT_TEXT},
	{"--limit", "N", "limit", ARGUMENT_NUMBER},
	{"--marker", "NAME", "marker", ARGUMENT_TEXT},
	{NULL},
};

static const struct field region_fields[] = {
	{"name", "name"},
	{"state", "state"},
	{"prefixes", "prefixes"},
	{"suffix", "suffix"},
	{"default name", "default_name"},
	{"default name6", "default_name6"},
	{"default ttl", "default_ttl"},
	{"unbound", "unbound"},
	{"soa mname", "soa.mname"},
	{"soa rname", "soa.rname"},
	{"soa serial", "soa.serial"},
	{"soa minimum", "soa.minimum"},
	{"ns", "ns.names"},
	{"rfc 2317 zone", "rfc2317"},
	{"delegations", "delegations"},
	{"eips", "eips"},
	{"ptrs", "ptrs"},
	{"revision", "revision"},
	{"created", "created"},
	{"updated", "updated"},
	{NULL},
};

static const struct field list_fields[] = {
	{"REGION", "name"},
	{"STATE", "state"},
	{"EIPS", "eips"},
	{"PTRS", "ptrs"},
	{"SERIAL", "soa.serial"},
	{"SUFFIX", "suffix"},
	{"PREFIXES", "prefixes"},
	{NULL},
};

static const struct field delete_fields[] = {
	{"deleted", "name"},
	{NULL},
};

const struct command region_commands[] = {
	{"region", "create", run_show, "region.create", create_arguments, region_fields,
		"make a region: prefixes, and the suffix of default names"},
	{"region", "show", run_show, "region.get", name_arguments, region_fields, "show a region"},
	{"region", "list", run_list, "region.list", list_arguments, list_fields,
		"list the regions"},
	{"region", "update", run_show, "region.update", update_arguments, region_fields,
		"change settings or all prefixes; what is not given stays"},
	{"region", "move-prefix", run_show, "region.move_prefix", move_arguments, region_fields,
		"move a prefix, or a part, with its EIPs to another region"},
	{"region", "delete", run_show, "region.delete", delete_arguments, delete_fields,
		"delete a region; --force: with all its EIPs"},
	{"region", "attach", run_show, "region.attach", name_arguments, region_fields,
		"serve a region on this node"},
	{"region", "detach", run_show, "region.detach", name_arguments, region_fields,
		"keep a region, but serve it no more"},
	{NULL},
};
