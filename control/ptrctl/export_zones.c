#include "export_zones.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "pages.h"
#include "progress.h"

/* A zone that is being written. */
struct writer {
	struct export_zones *export;
	const struct zone_plan *plan;
	const struct zone_plan_zone *zone;
	FILE *out;
	zone_address next; /* the first address that has not been dealt with */
};

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static json_int_t number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void put_ns(struct writer *w, const char *owner, json_int_t ttl, const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		fprintf(w->out, "%s %" JSON_INTEGER_FORMAT " IN NS %s\n", owner, ttl,
			json_string_value(name));
		w->export->records++;
	}
}

/* True if `name` lies below the zone. Names are in lower case, with their final dots. */
static bool is_below(const char *name, const char *zone)
{
	const size_t len = strlen(name), tail = strlen(zone);

	return len > tail && name[len - tail - 1] == '.' && strcmp(name + len - tail, zone) == 0;
}

static void put_head(struct writer *w)
{
	const struct zone_plan_zone *zone = w->zone;
	const json_t *region = zone->region, *soa = json_object_get(region, "soa");
	const json_t *ns = json_object_get(region, "ns"), *delegation;
	size_t i;

	fprintf(w->out, "; region %s, revision %" JSON_INTEGER_FORMAT "\n$ORIGIN %s\n",
		text_of(region, "name"), number_of(region, "revision"), zone->name);
	fprintf(w->out, "@ %" JSON_INTEGER_FORMAT " IN SOA %s %s", number_of(soa, "ttl"),
		text_of(soa, "mname"), text_of(soa, "rname"));
	static const char *const numbers[] = {"serial", "refresh", "retry", "expire", "minimum"};
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		fprintf(w->out, " %" JSON_INTEGER_FORMAT, number_of(soa, numbers[i]));
	putc('\n', w->out);
	w->export->records++;
	put_ns(w, "@", number_of(ns, "ttl"), json_object_get(ns, "names"));
	json_array_foreach(json_object_get(region, "delegations"), i, delegation)
	{
		if (is_below(text_of(delegation, "name"), zone->name))
			put_ns(w, text_of(delegation, "name"), number_of(ns, "ttl"),
				json_object_get(delegation, "ns"));
	}
}

static void put_record(
	struct writer *w, zone_address address, json_int_t ttl, const char *type, const char *data)
{
	zone_put_owner(w->zone, address, w->out);
	fprintf(w->out, " %" JSON_INTEGER_FORMAT " IN %s %s\n", ttl, type, data);
	w->export->records++;
}

/* What answers for an address that is not bound. */
static void put_unbound(struct writer *w, zone_address address, bool named)
{
	const struct zone_plan_zone *zone = w->zone;
	const json_int_t ttl = number_of(zone->region, "default_ttl");
	char name[ZONE_NAME_MAX], alias[ZONE_NAME_MAX + 4];

	if (zone_plan_delegation(w->plan, address, name)) {
		snprintf(alias, sizeof(alias), "%u.%s", (unsigned)address & 255, name);
		put_record(w, address, ttl, "CNAME", alias);
	} else if (named) {
		zone_default_name(zone, address, name);
		put_record(w, address, ttl, "PTR", name);
	}
}

/* The unbound addresses from the next one up to before `end`. */
static void put_gap(struct writer *w, zone_address end)
{
	const char *unbound = text_of(w->zone->region, "unbound");
	const bool named = unbound != NULL && strcmp(unbound, "default") == 0;
	const bool delegates = json_array_size(json_object_get(w->zone->region, "delegations")) > 0;

	if (w->zone->ipv6) {
		w->export->unlisted |= named && end > w->next;
		return;
	}
	for (zone_address a = w->next; (named || delegates) && a < end && !ferror(w->out); a++)
		put_unbound(w, a, named);
}

static void put_eip(struct writer *w, zone_address address, const json_t *eip)
{
	const json_t *ptr = json_object_get(eip, "ptr"), *name;
	char text[ZONE_NAME_MAX];
	size_t i;

	put_gap(w, address);
	w->next = address + 1;
	if (json_is_null(ptr)) {
		zone_default_name(w->zone, address, text);
		put_record(w, address, number_of(w->zone->region, "default_ttl"), "PTR", text);
	}
	json_array_foreach(json_object_get(ptr, "names"), i, name)
	{
		put_record(w, address, number_of(ptr, "ttl"), "PTR", json_string_value(name));
	}
}

/* File of a zone in the folder. A name may have a slash, RFC 2317: it becomes an underscore. */
static struct output *open_zone(
	const struct export_zones *export, const struct zone_plan_zone *zone, const char *title)
{
	char path[4096], name[ZONE_NAME_MAX];

	if (export->folder == NULL)
		return output_open(export->file, title);
	snprintf(name, sizeof(name), "%s", zone->name);
	for (char *at = name; (at = strchr(at, '/')) != NULL;)
		*at = '_';
	snprintf(path, sizeof(path), "%s/%szone", export->folder, name);
	return output_open(path, title);
}

/* EIPs from where the zones begin, in the zones' order. */
struct eips {
	struct pages pages;
	const json_t *eip; /* the next one, or NULL */
	bool ipv6;
	zone_address address;
};

static bool advance(struct eips *eips)
{
	eips->eip = pages_next(&eips->pages);
	return eips->eip == NULL
		|| zone_address_parse(text_of(eips->eip, "address"), &eips->ipv6, &eips->address);
}

static bool is_before(const struct eips *eips, bool ipv6, zone_address address)
{
	return eips->ipv6 != ipv6 ? !eips->ipv6 : eips->address < address;
}

/* Writes the zone; `eips` stands at its first one or at one of no zone before it. */
static bool write_zone(struct writer *w, struct eips *eips)
{
	const struct zone_plan_zone *zone = w->zone;
	bool ok = true;

	put_head(w);
	w->next = zone->first;
	while (ok && eips->eip != NULL && is_before(eips, zone->ipv6, zone->first))
		ok = advance(eips);
	while (ok && eips->eip != NULL && !ferror(w->out) && eips->ipv6 == zone->ipv6
		&& eips->address <= zone->last) {
		put_eip(w, eips->address, eips->eip);
		progress_show(0, 0, w->export->records);
		ok = advance(eips);
	}
	if (ok && eips->pages.status == EXIT_OK)
		put_gap(w, zone->last + 1);
	return ok && eips->pages.status == EXIT_OK;
}

static enum export_result write_zones(struct export_zones *export, const struct command *command,
	const struct zone_plan *plan, struct eips *eips)
{
	export->outputs = calloc(plan->count + 1, sizeof(struct output *));
	if (export->outputs == NULL || !advance(eips) || eips->pages.status != EXIT_OK)
		return EXPORT_FAILED;
	for (size_t i = 0; i < plan->count; i++) {
		const struct zone_plan_zone *zone = &plan->zones[i];

		if (export->zone != NULL && strcmp(export->zone, zone->name) != 0)
			continue;
		struct output *output = open_zone(export, zone, command_title(command));

		if (output == NULL)
			return EXPORT_FAILED;
		export->outputs[export->count++] = output;
		struct writer w = {
			.export = export, .plan = plan, .zone = zone, .out = output_stream(output)};

		if (!write_zone(&w, eips) || !output_finish(output))
			return EXPORT_FAILED;
	}
	return EXPORT_DONE;
}

/* How many zones there are to write, and the first of them. */
static size_t choose(const struct export_zones *export, const struct zone_plan *plan,
	const struct zone_plan_zone **first)
{
	size_t chosen = 0;

	for (size_t i = 0; i < plan->count; i++)
		if (export->zone == NULL || strcmp(export->zone, plan->zones[i].name) == 0)
			if (chosen++ == 0)
				*first = &plan->zones[i];
	return chosen;
}

/* True if what was asked for can be written; else says what can. */
static bool check_choice(const struct export_zones *export, const struct command *command,
	const struct zone_plan *plan, size_t chosen)
{
	if (chosen == 1 || (chosen > 1 && export->folder != NULL))
		return true;
	if (chosen == 0)
		fprintf(stderr, "ptrctl: %s: there is no such zone%s%s\n", command_title(command),
			export->zone != NULL ? ": " : "", export->zone != NULL ? export->zone : "");
	else
		fprintf(stderr,
			"ptrctl: %s: these are %zu zones: --dir DIR writes a file for each of "
			"them, --zone ZONE chooses one\n",
			command_title(command), chosen);
	for (size_t i = 0; i < plan->count && i < 10; i++)
		fprintf(stderr, "  %s\n", plan->zones[i].name);
	if (plan->count > 10)
		fprintf(stderr, "  and %zu more\n", plan->count - 10);
	return false;
}

/* A list from just before an address on: the marker is the last one that is not wanted. */
static void start_at(json_t *filters, const struct zone_plan_zone *zone)
{
	const zone_address before = zone->first - 1;
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (zone->first == 0)
		return;
	for (unsigned i = 0; i < 16; i++)
		bytes[i] = (uint8_t)(before >> (120 - 8 * i));
	inet_ntop(zone->ipv6 ? AF_INET6 : AF_INET, zone->ipv6 ? bytes : bytes + 12, text,
		sizeof(text));
	json_object_set_new(filters, "marker", json_string(text));
}

enum export_result export_zones_write(struct export_zones *export, struct session *session,
	const struct command *command, enum exit_status *status)
{
	enum export_result result = EXPORT_FAILED;
	const struct zone_plan_zone *first = NULL;
	json_t *filters = json_object();
	struct eips eips = {.eip = NULL};
	struct zone_plan plan;

	*status = EXIT_REFUSED;
	export->count = 0;
	export->records = 0;
	export->unlisted = false;
	if (zone_plan_make(&plan, export->regions)) {
		const size_t chosen = choose(export, &plan, &first);

		*status = EXIT_USAGE;
		if (check_choice(export, command, &plan, chosen)) {
			if (json_array_size(export->regions) == 1)
				json_object_set(filters, "region",
					json_object_get(
						json_array_get(export->regions, 0), "name"));
			start_at(filters, first);
			pages_begin(&eips.pages, session, command, "eip.list", "eips", filters);
			result = write_zones(export, command, &plan, &eips);
			*status = eips.pages.status != EXIT_OK ? eips.pages.status : EXIT_REFUSED;
			pages_end(&eips.pages);
		}
		zone_plan_free(&plan);
	}
	json_decref(filters);
	return result;
}

bool export_zones_commit(struct export_zones *export)
{
	bool done = true;

	/* What cannot get its name has said so; the others are no worse for it. */
	for (size_t i = 0; i < export->count; i++)
		done = output_commit(export->outputs[i]) && done;
	free(export->outputs);
	export->outputs = NULL;
	export->count = 0;
	return done;
}

void export_zones_drop(struct export_zones *export)
{
	for (size_t i = 0; i < export->count; i++)
		output_drop(export->outputs[i]);
	free(export->outputs);
	export->outputs = NULL;
	export->count = 0;
}
