/*
 * RFC 2317: zones and delegations whose names are no octets, so that they are found by name; and
 * the addresses that are handed to a customer.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arpa.h"
#include "build.h"
#include "name.h"
#include "prefix.h"

#define OCTET_LABEL_MAX 4 /* bytes of an octet's label, its length included */

static void lower(uint8_t *out, const uint8_t *name, unsigned len)
{
	/* Label lengths are at most 63, below any letter. */
	for (unsigned i = 0; i < len; i++)
		out[i] = (uint8_t)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] | 0x20 : name[i]);
}

/* Sorted by length, then bytes, then zones before delegations. */
static int compare_bytes(const struct dns_named *named, const uint8_t *name, unsigned len)
{
	if (named->name_len != len)
		return named->name_len < len ? -1 : 1;
	return memcmp(named->name, name, len);
}

static int compare_named(const void *a, const void *b)
{
	const struct dns_named *left = a, *right = b;
	const int order = compare_bytes(left, right->name, right->name_len);

	return order != 0 ? order : (left->delegation != NULL) - (right->delegation != NULL);
}

static struct dns_named *add_named(struct dns_view *view, const uint8_t *name, unsigned len)
{
	struct dns_named *named = reallocarray(view->named, view->named_count + 1, sizeof(*named));

	if (named == NULL)
		return NULL;
	view->named = named;
	named += view->named_count++;
	*named = (struct dns_named){.name_len = (uint8_t)len};
	lower(named->name, name, len);
	return named;
}

int dns_build_rfc2317(struct dns_view *view, const struct dns_region *region,
	const struct dns_region_spec *spec, uint32_t first, uint32_t last, char *error)
{
	uint8_t wire[PTRD_NAME_WIRE_MAX];
	const int len = dns_build_name(spec->name, "rfc2317", spec->rfc2317, wire, error);

	if (len < 0)
		return -1;
	if (len + OCTET_LABEL_MAX > PTRD_NAME_WIRE_MAX)
		return dns_build_refuse(error,
			"region %s: rfc2317 \"%.60s...\": no room for an octet before it, 255 "
			"bytes in all",
			spec->name, spec->rfc2317);
	struct dns_named *named = add_named(view, wire, (unsigned)len);

	if (named == NULL)
		return dns_build_refuse(error, "region %s: no memory for its zones", spec->name);
	named->zone.region = region;
	named->first = first;
	named->last = last;
	return 0;
}

/* Whether the delegation's name lies in a zone of its region, and then the rule that it breaks. */
static const char *place_name(const struct dns_view *view, struct dns_delegation *delegation)
{
	struct arpa_name name;

	arpa_parse(&name, delegation->name, delegation->name_len);
	if (name.tree != ARPA_IPV4)
		return NULL;
	const struct dns_zone *zone = dns_view_zone(view, name.address);

	if (zone == NULL || zone->region != delegation->region || name.labels < zone->labels)
		return NULL;
	delegation->inside = true;
	if (!name.extra || name.labels == ARPA_OCTETS
		|| name.suffix[name.labels] != 1 + delegation->name[0])
		return "in the region's zone it must be one label that is no octet, before the "
		       "octets";
	return NULL;
}

/* The rule that the prefix breaks, or NULL. */
static const char *place_prefix(
	const struct dns_view *view, struct dns_delegation *delegation, const char *text)
{
	struct dns_prefix prefix;
	const char *rule = dns_prefix_parse(&prefix, text);

	if (rule != NULL)
		return rule;
	if (prefix.ipv6 || prefix.bits <= 24)
		return "must be an IPv4 prefix longer than /24";
	delegation->first = (uint32_t)prefix.first;
	delegation->last = delegation->first + (UINT32_MAX >> (prefix.bits - 1) >> 1);

	const struct dns_zone *zone = dns_view_zone(view, delegation->first);

	if (zone == NULL || zone->region != delegation->region || zone->labels == ARPA_OCTETS)
		return "must lie in a zone of the region's that is no single address";
	return NULL;
}

static int build_delegation(const struct dns_view *view, struct dns_delegation *delegation,
	const struct dns_region_spec *spec, const struct dns_delegation_spec *given, char *error)
{
	const char *rule = place_prefix(view, delegation, given->prefix);

	if (rule != NULL)
		return dns_build_refuse(error, "region %s: delegation prefix \"%.60s\": %s",
			spec->name, given->prefix, rule);
	const int len = dns_build_name(
		spec->name, "delegation name", given->name, delegation->name, error);

	if (len < 0)
		return -1;
	delegation->name_len = (uint8_t)len;
	rule = len + OCTET_LABEL_MAX > PTRD_NAME_WIRE_MAX
		? "no room for an octet before it, 255 bytes in all"
		: place_name(view, delegation);
	if (rule != NULL)
		return dns_build_refuse(error, "region %s: delegation name \"%.60s\": %s",
			spec->name, given->name, rule);
	if (!delegation->inside)
		return 0;

	delegation->ns_wire = malloc(DNS_NS_WIRE_MAX(PTRD_REGION_NS_MAX));
	if (delegation->ns_wire == NULL)
		return dns_build_refuse(
			error, "region %s: no memory for its delegations", spec->name);
	const int ns_len = dns_build_ns(
		spec, "delegation ns", given->ns, given->ns_count, delegation->ns_wire, error);

	if (ns_len < 0)
		return -1;
	delegation->ns_wire_len = (uint16_t)ns_len;
	delegation->ns_count = (uint8_t)given->ns_count;
	return 0;
}

static int compare_delegations(const void *a, const void *b)
{
	const struct dns_delegation *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

int dns_build_delegations(struct dns_view *view, const struct dns_region_spec *specs, char *error)
{
	size_t count = 0;

	for (unsigned i = 0; i < view->region_count; i++)
		count += specs[i].delegations_count;
	if (count == 0)
		return 0;
	view->delegations = calloc(count, sizeof(*view->delegations));
	if (view->delegations == NULL)
		return dns_build_refuse(error, "no memory for %zu delegations", count);

	for (unsigned i = 0; i < view->region_count; i++) {
		for (unsigned j = 0; j < specs[i].delegations_count; j++) {
			struct dns_delegation *delegation
				= &view->delegations[view->delegation_count++];

			delegation->region = &view->regions[i];
			if (build_delegation(
				    view, delegation, &specs[i], &specs[i].delegations[j], error)
				< 0)
				return -1;
		}
	}
	qsort(view->delegations, count, sizeof(*view->delegations), compare_delegations);
	for (unsigned i = 1; i < view->delegation_count; i++) {
		if (view->delegations[i].first <= view->delegations[i - 1].last)
			return dns_build_refuse(error,
				"region %s: delegations: two hold the same address",
				view->delegations[i].region->name);
	}
	return 0;
}

int dns_build_names(struct dns_view *view, char *error)
{
	for (unsigned i = 0; i < view->delegation_count; i++) {
		const struct dns_delegation *delegation = &view->delegations[i];

		if (!delegation->inside)
			continue;
		struct dns_named *named = add_named(view, delegation->name, delegation->name_len);

		if (named == NULL)
			return dns_build_refuse(error, "no memory for %u names", i);
		named->delegation = delegation;
	}
	if (view->named_count > 1)
		qsort(view->named, view->named_count, sizeof(*view->named), compare_named);
	for (unsigned i = 0; i < view->named_count; i++) {
		const struct dns_named *named = &view->named[i];

		view->named_lengths[named->name_len / 64] |= UINT64_C(1) << named->name_len % 64;
		if (i > 0 && named->delegation == NULL && compare_named(named - 1, named) == 0)
			return dns_build_refuse(error,
				"regions %s and %s: rfc2317: the same name twice",
				named[-1].zone.region->name, named->zone.region->name);
	}
	return 0;
}

const struct dns_delegation *dns_view_delegation(const struct dns_view *view, uint32_t address)
{
	const struct dns_delegation *base = view->delegations;
	unsigned count = view->delegation_count;

	while (count > 1) {
		const unsigned half = count / 2;

		if (base[half].first <= address)
			base += half;
		count -= half;
	}
	return count == 1 && base->first <= address && address <= base->last ? base : NULL;
}

/* The first entry of just this name, or NULL. */
static const struct dns_named *find(const struct dns_view *view, const uint8_t *name, unsigned len)
{
	unsigned low = 0, high = view->named_count;

	if ((view->named_lengths[len / 64] >> len % 64 & 1) == 0)
		return NULL;
	while (low < high) {
		const unsigned middle = low + (high - low) / 2;

		if (compare_bytes(&view->named[middle], name, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < view->named_count && compare_bytes(&view->named[low], name, len) == 0
		? &view->named[low]
		: NULL;
}

const struct dns_named *dns_view_named(
	const struct dns_view *view, const uint8_t *name, unsigned len, unsigned *at)
{
	const struct dns_named *nearest = NULL;
	uint8_t folded[PTRD_NAME_WIRE_MAX];

	lower(folded, name, len);
	for (unsigned label = 0; label < len; label += 1u + folded[label]) {
		const struct dns_named *named = find(view, folded + label, len - label);

		if (named == NULL)
			continue;
		nearest = named;
		*at = label;
		if (named->delegation == NULL)
			break;
	}
	return nearest;
}
