#include "view.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arpa.h"
#include "build.h"
#include "prefix.h"

/* Labels that the apex of a prefix's zones fixes, each of `label_bits` bits. */
static unsigned zone_labels(unsigned bits, unsigned label_bits)
{
	return bits <= label_bits ? 1 : (bits + label_bits - 1) / label_bits;
}

static uint32_t zone_size(unsigned octets)
{
	return UINT32_C(1) << (32 - 8 * octets);
}

static unsigned __int128 zone6_size(unsigned nibbles)
{
	return (unsigned __int128)1 << (128 - 4 * nibbles);
}

static int add_zones(struct dns_view *view, const struct dns_region *region,
	const struct dns_prefix *prefix, char *error)
{
	const unsigned octets = zone_labels(prefix->bits, 8);
	const unsigned count = 1u << (8 * octets - prefix->bits);
	struct dns_zone *zones
		= reallocarray(view->zones, view->zone_count + count, sizeof(*zones));

	if (zones == NULL)
		return dns_build_refuse(error, "region %s: no memory for its zones", region->name);
	view->zones = zones;
	for (unsigned i = 0; i < count; i++) {
		zones[view->zone_count++] = (struct dns_zone){
			.region = region,
			.first = (uint32_t)prefix->first + i * zone_size(octets),
			.labels = (uint8_t)octets,
		};
	}
	return 0;
}

static int add_zones6(struct dns_view *view, const struct dns_region *region,
	const struct dns_prefix *prefix, char *error)
{
	const unsigned nibbles = zone_labels(prefix->bits, 4);
	const unsigned count = 1u << (4 * nibbles - prefix->bits);
	struct dns_zone6 *zones
		= reallocarray(view->zones6, view->zone6_count + count, sizeof(*zones));

	if (zones == NULL)
		return dns_build_refuse(error, "region %s: no memory for its zones", region->name);
	view->zones6 = zones;
	for (unsigned i = 0; i < count; i++) {
		zones[view->zone6_count++] = (struct dns_zone6){
			.first = prefix->first + i * zone6_size(nibbles),
			.zone = {.region = region, .labels = (uint8_t)nibbles},
		};
	}
	return 0;
}

static int compare_zones(const void *a, const void *b)
{
	const struct dns_zone *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

static int compare_zones6(const void *a, const void *b)
{
	const struct dns_zone6 *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

static int refuse_overlap(const struct dns_region *a, const struct dns_region *b, int family,
	const void *address, char *error)
{
	char text[INET6_ADDRSTRLEN];

	return dns_build_refuse(error, "regions %s and %s: prefixes overlap at %s", a->name,
		b->name, inet_ntop(family, address, text, sizeof(text)));
}

static int sort_zones(struct dns_view *view, char *error)
{
	if (view->zone_count > 1)
		qsort(view->zones, view->zone_count, sizeof(*view->zones), compare_zones);
	for (unsigned i = 1; i < view->zone_count; i++) {
		const struct dns_zone *a = &view->zones[i - 1], *b = &view->zones[i];
		const uint32_t address = htonl(b->first);

		if (b->first - a->first < zone_size(a->labels))
			return refuse_overlap(a->region, b->region, AF_INET, &address, error);
	}
	return 0;
}

static int sort_zones6(struct dns_view *view, char *error)
{
	if (view->zone6_count > 1)
		qsort(view->zones6, view->zone6_count, sizeof(*view->zones6), compare_zones6);
	for (unsigned i = 1; i < view->zone6_count; i++) {
		const struct dns_zone6 *a = &view->zones6[i - 1], *b = &view->zones6[i];
		const uint64_t address[2]
			= {htobe64((uint64_t)(b->first >> 64)), htobe64((uint64_t)b->first)};

		if (b->first - a->first < zone6_size(a->zone.labels))
			return refuse_overlap(
				a->zone.region, b->zone.region, AF_INET6, address, error);
	}
	return 0;
}

static int add_prefix(struct dns_view *view, const struct dns_region *region,
	const struct dns_region_spec *spec, const struct dns_prefix *prefix, char *error)
{
	if (prefix->ipv6)
		return add_zones6(view, region, prefix, error);
	if (spec->rfc2317 == NULL || prefix->bits <= 24)
		return add_zones(view, region, prefix, error);
	return dns_build_rfc2317(view, region, spec, (uint32_t)prefix->first,
		(uint32_t)prefix->first + (UINT32_MAX >> (prefix->bits - 1) >> 1), error);
}

static int build_zones(struct dns_view *view, const struct dns_region *region,
	const struct dns_region_spec *spec, char *error)
{
	unsigned long_prefixes = 0;

	for (unsigned i = 0; i < spec->prefixes_count; i++) {
		struct dns_prefix prefix;
		const char *rule = dns_prefix_parse(&prefix, spec->prefixes[i]);

		if (rule != NULL)
			return dns_build_refuse(error, "region %s: prefix \"%.60s\": %s",
				spec->name, spec->prefixes[i], rule);
		long_prefixes += !prefix.ipv6 && prefix.bits > 24;
		if (add_prefix(view, region, spec, &prefix, error) < 0)
			return -1;
	}
	if (spec->rfc2317 != NULL && long_prefixes != 1)
		return dns_build_refuse(error,
			"region %s: rfc2317 \"%.60s\": must have one IPv4 prefix longer than "
			"/24 to name, has %u",
			spec->name, spec->rfc2317, long_prefixes);
	return 0;
}

struct dns_view *dns_view_create(
	uint64_t generation, const struct dns_region_spec *specs, unsigned count, char *error)
{
	struct dns_view *view = calloc(1, sizeof(*view));

	if (view == NULL) {
		dns_build_refuse(error, "no memory for a view");
		return NULL;
	}
	view->generation = generation;
	view->region_count = count;
	view->regions = calloc(count > 0 ? count : 1, sizeof(*view->regions));
	if (view->regions == NULL) {
		dns_build_refuse(error, "no memory for %u regions", count);
		goto fail;
	}
	for (unsigned i = 0; i < count; i++) {
		if (dns_build_region(&view->regions[i], &specs[i], error) < 0
			|| build_zones(view, &view->regions[i], &specs[i], error) < 0)
			goto fail;
	}
	if (sort_zones(view, error) < 0 || sort_zones6(view, error) < 0
		|| dns_build_delegations(view, specs, error) < 0
		|| dns_build_names(view, error) < 0)
		goto fail;
	return view;

fail:
	dns_view_free(view);
	return NULL;
}

void dns_view_free(struct dns_view *view)
{
	if (view == NULL)
		return;
	for (unsigned i = 0; i < view->delegation_count; i++)
		free(view->delegations[i].ns_wire);
	free(view->delegations);
	free(view->named);
	free(view->zones6);
	free(view->zones);
	free(view->regions);
	free(view);
}

const struct dns_zone *dns_view_zone(const struct dns_view *view, uint32_t address)
{
	const struct dns_zone *base = view->zones;
	unsigned count = view->zone_count;

	/* The last zone that begins at or before the address. */
	while (count > 1) {
		const unsigned half = count / 2;

		if (base[half].first <= address)
			base += half;
		count -= half;
	}
	if (count == 0 || address < base->first || address - base->first >= zone_size(base->labels))
		return NULL;
	return base;
}

const struct dns_zone *dns_view_zone6(const struct dns_view *view, const uint8_t address[16])
{
	const unsigned __int128 wanted = dns_address6(address);
	const struct dns_zone6 *base = view->zones6;
	unsigned count = view->zone6_count;

	while (count > 1) {
		const unsigned half = count / 2;

		if (base[half].first <= wanted)
			base += half;
		count -= half;
	}
	if (count == 0 || wanted < base->first
		|| wanted - base->first >= zone6_size(base->zone.labels))
		return NULL;
	return &base->zone;
}
