#include "zone_plan.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "arpa.h"
#include "prefix.h"
#include "view.h"

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static uint32_t number_of(const json_t *object, const char *name)
{
	return (uint32_t)json_integer_value(json_object_get(object, name));
}

/* Texts of an array, in `texts` of its size. Returns how many. */
static unsigned texts_of(const json_t *array, const char **texts)
{
	size_t i;
	const json_t *value;

	json_array_foreach(array, i, value)
	{
		texts[i] = json_string_value(value);
	}
	return (unsigned)json_array_size(array);
}

/* A region's texts that are lists; the texts themselves belong to the JSON. */
struct lists {
	const char *prefixes[PTRD_REGION_PREFIXES_MAX];
	const char *ns[PTRD_REGION_NS_MAX];
	struct dns_delegation_spec delegations[PTRD_REGION_DELEGATIONS_MAX];
	const char *delegation_ns[PTRD_REGION_DELEGATIONS_MAX][PTRD_REGION_NS_MAX];
};

static bool fits(const json_t *region)
{
	const json_t *delegations = json_object_get(region, "delegations"), *delegation;
	size_t i;

	json_array_foreach(delegations, i, delegation)
	{
		if (json_array_size(json_object_get(delegation, "ns")) > PTRD_REGION_NS_MAX)
			return false;
	}
	return json_array_size(delegations) <= PTRD_REGION_DELEGATIONS_MAX
		&& json_array_size(json_object_get(region, "prefixes")) <= PTRD_REGION_PREFIXES_MAX
		&& json_array_size(json_object_get(json_object_get(region, "ns"), "names"))
		<= PTRD_REGION_NS_MAX;
}

static unsigned make_delegations(const json_t *region, struct lists *lists)
{
	const json_t *delegations = json_object_get(region, "delegations"), *delegation;
	size_t i;

	json_array_foreach(delegations, i, delegation)
	{
		lists->delegations[i] = (struct dns_delegation_spec){
			.prefix = text_of(delegation, "prefix"),
			.name = text_of(delegation, "name"),
			.ns = lists->delegation_ns[i],
			.ns_count
			= texts_of(json_object_get(delegation, "ns"), lists->delegation_ns[i]),
		};
	}
	return (unsigned)json_array_size(delegations);
}

static void make_spec(const json_t *region, struct lists *lists, struct dns_region_spec *spec)
{
	const json_t *soa = json_object_get(region, "soa"), *ns = json_object_get(region, "ns");

	*spec = (struct dns_region_spec){
		.name = text_of(region, "name"),
		.prefixes = lists->prefixes,
		.prefixes_count = texts_of(json_object_get(region, "prefixes"), lists->prefixes),
		.suffix = text_of(region, "suffix"),
		.default_name = text_of(region, "default_name"),
		.default_name6 = text_of(region, "default_name6"),
		.default_ttl = number_of(region, "default_ttl"),
		.unbound_default = strcmp(text_of(region, "unbound"), "default") == 0,
		.rfc2317 = text_of(region, "rfc2317"),
		.delegations = lists->delegations,
		.delegations_count = make_delegations(region, lists),
		.soa_mname = text_of(soa, "mname"),
		.soa_rname = text_of(soa, "rname"),
		.soa_refresh = number_of(soa, "refresh"),
		.soa_retry = number_of(soa, "retry"),
		.soa_expire = number_of(soa, "expire"),
		.soa_minimum = number_of(soa, "minimum"),
		.soa_ttl = number_of(soa, "ttl"),
		.ns_names = lists->ns,
		.ns_names_count = texts_of(json_object_get(ns, "names"), lists->ns),
		.ns_ttl = number_of(ns, "ttl"),
	};
}

/* The view keeps copies of what the specifications say. */
static struct dns_view *make_view(const json_t *regions)
{
	const size_t count = json_array_size(regions);
	struct dns_region_spec *specs = calloc(count + 1, sizeof(*specs));
	struct lists *lists = calloc(count + 1, sizeof(*lists));
	char error[DNS_VIEW_ERROR_SIZE] = "out of memory";
	struct dns_view *view = NULL;
	bool fit = specs != NULL && lists != NULL;

	for (size_t i = 0; fit && i < count; i++) {
		const json_t *region = json_array_get(regions, i);

		fit = fits(region);
		if (fit)
			make_spec(region, &lists[i], &specs[i]);
		else
			snprintf(error, sizeof(error), "a region has more than this version knows");
	}
	if (fit)
		view = dns_view_create(1, specs, (unsigned)count, error);
	if (view == NULL)
		fprintf(stderr, "ptrctl: zones: %s\n", error);
	free(specs);
	free(lists);
	return view;
}

static void put_label(char *text, size_t *used, bool ipv6, unsigned value)
{
	*used += (size_t)snprintf(text + *used, ZONE_NAME_MAX - *used, ipv6 ? "%x." : "%u.", value);
}

/* Octet or nibble `i` of an address, 0 the first. */
static unsigned part(bool ipv6, zone_address address, unsigned i)
{
	return ipv6 ? (unsigned)(address >> (124 - 4 * i)) & 15
		    : (unsigned)(address >> (24 - 8 * i)) & 255;
}

static void name_apex(struct zone_plan_zone *zone)
{
	size_t used = 0;

	for (unsigned i = zone->labels; i-- > 0;)
		put_label(zone->name, &used, zone->ipv6, part(zone->ipv6, zone->first, i));
	snprintf(zone->name + used, sizeof(zone->name) - used, "%s",
		zone->ipv6 ? "ip6.arpa." : "in-addr.arpa.");
}

static struct zone_plan_zone *add(struct zone_plan *plan, const json_t *regions,
	const struct dns_region *compiled, zone_address first, zone_address size)
{
	struct zone_plan_zone *zone = &plan->zones[plan->count++];

	*zone = (struct zone_plan_zone){
		.first = first,
		.last = first + (size - 1),
		.compiled = compiled,
		.region = json_array_get(regions, (size_t)(compiled - plan->view->regions)),
	};
	return zone;
}

static int compare(const void *a, const void *b)
{
	const struct zone_plan_zone *x = a, *y = b;

	if (x->ipv6 != y->ipv6)
		return x->ipv6 ? 1 : -1;
	return (x->first > y->first) - (x->first < y->first);
}

bool zone_plan_make(struct zone_plan *plan, const json_t *regions)
{
	struct dns_view *view = make_view(regions);
	struct zone_plan_zone *zone;

	*plan = (struct zone_plan){.view = view};
	if (view == NULL)
		return false;
	plan->zones = calloc((size_t)view->zone_count + view->zone6_count + view->named_count + 1,
		sizeof(*plan->zones));
	if (plan->zones == NULL) {
		fputs("ptrctl: zones: out of memory\n", stderr);
		zone_plan_free(plan);
		return false;
	}
	for (unsigned i = 0; i < view->zone_count; i++) {
		const struct dns_zone *z = &view->zones[i];

		zone = add(plan, regions, z->region, z->first,
			(zone_address)1 << (32 - 8 * z->labels));
		zone->labels = z->labels;
		name_apex(zone);
	}
	for (unsigned i = 0; i < view->zone6_count; i++) {
		const struct dns_zone6 *z = &view->zones6[i];

		zone = add(plan, regions, z->zone.region, z->first,
			(zone_address)1 << (128 - 4 * z->zone.labels));
		zone->ipv6 = true;
		zone->labels = z->zone.labels;
		name_apex(zone);
	}
	for (unsigned i = 0; i < view->named_count; i++) {
		const struct dns_named *named = &view->named[i];

		if (named->delegation != NULL)
			continue;
		zone = add(plan, regions, named->zone.region, named->first,
			(zone_address)named->last - named->first + 1);
		zone->classless = true;
		zone_name_text(named->name, zone->name);
	}
	qsort(plan->zones, plan->count, sizeof(*plan->zones), compare);
	return true;
}

void zone_plan_free(struct zone_plan *plan)
{
	dns_view_free(plan->view);
	free(plan->zones);
	*plan = (struct zone_plan){.view = NULL};
}

bool zone_plan_delegation(
	const struct zone_plan *plan, zone_address address, char name[static ZONE_NAME_MAX])
{
	const struct dns_delegation *delegation
		= dns_view_delegation(plan->view, (uint32_t)address);

	if (delegation != NULL)
		zone_name_text(delegation->name, name);
	return delegation != NULL;
}

void zone_name_text(const uint8_t *wire, char text[static ZONE_NAME_MAX])
{
	for (; *wire != 0; wire += 1 + *wire) {
		memcpy(text, wire + 1, *wire);
		text += *wire;
		*text++ = '.';
	}
	*text = '\0';
}

void zone_default_name(
	const struct zone_plan_zone *zone, zone_address address, char text[static ZONE_NAME_MAX])
{
	uint8_t wire[PTRD_NAME_WIRE_MAX], bytes[16];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(address >> (120 - 8 * i));
	if (zone->ipv6)
		dns_template_expand6(&zone->compiled->default_name6, bytes, wire);
	else
		dns_template_expand(&zone->compiled->default_name, (uint32_t)address, wire);
	zone_name_text(wire, text);
}

void zone_put_owner(const struct zone_plan_zone *zone, zone_address address, FILE *out)
{
	const unsigned all = zone->ipv6 ? ARPA_NIBBLES : ARPA_OCTETS;
	const unsigned fixed = zone->classless ? all - 1 : zone->labels;

	if (fixed == all) {
		putc('@', out);
		return;
	}
	for (unsigned i = all; i-- > fixed;)
		fprintf(out, zone->ipv6 ? "%x%s" : "%u%s", part(zone->ipv6, address, i),
			i > fixed ? "." : "");
}

bool zone_address_parse(const char *text, bool *ipv6, zone_address *address)
{
	uint8_t bytes[16];

	*ipv6 = strchr(text, ':') != NULL;
	*address = 0;
	if (inet_pton(*ipv6 ? AF_INET6 : AF_INET, text, bytes) != 1)
		return false;
	for (unsigned i = 0; i < (*ipv6 ? 16 : 4); i++)
		*address = *address << 8 | bytes[i];
	return true;
}
