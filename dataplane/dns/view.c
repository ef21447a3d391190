#include "view.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "message.h"
#include "name.h"

#define TTL_MAX INT32_MAX /* RFC 2181 section 8 */

__attribute__((format(printf, 2, 3))) static int refuse(char *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, DNS_VIEW_ERROR_SIZE, format, arguments);
	va_end(arguments);
	return -1;
}

struct prefix {
	uint32_t first; /* host byte order */
	unsigned bits;
};

/* Returns NULL, or the rule that `text` breaks. */
static const char *parse_prefix(struct prefix *prefix, const char *text)
{
	const char *slash = strchr(text, '/');
	char address_text[INET_ADDRSTRLEN] = "";
	struct in_addr address;
	int end = 0;

	if (strchr(text, ':') != NULL)
		return "IPv6 prefixes are not served by this version";
	if (slash == NULL || (size_t)(slash - text) >= sizeof(address_text))
		return "must be an IPv4 address, a slash and a prefix length";
	memcpy(address_text, text, (size_t)(slash - text));
	if (inet_pton(AF_INET, address_text, &address) != 1 || strspn(slash + 1, "0123456789") == 0
		|| sscanf(slash + 1, "%2u%n", &prefix->bits, &end) != 1 || slash[1 + end] != '\0')
		return "must be an IPv4 address, a slash and a prefix length";
	if (prefix->bits > 32)
		return "the prefix length must be 0 to 32";
	prefix->first = ntohl(address.s_addr);
	if (prefix->bits < 32 && (prefix->first & (UINT32_MAX >> prefix->bits)) != 0)
		return "bits of the address are set behind the prefix length";
	return NULL;
}

/* Octets that the apex of a prefix's zones fixes. */
static unsigned zone_octets(unsigned bits)
{
	return bits <= 8 ? 1 : (bits + 7) / 8;
}

static uint32_t zone_size(unsigned octets)
{
	return UINT32_C(1) << (32 - 8 * octets);
}

static int add_zones(struct dns_view *view, const struct dns_region *region,
	const struct prefix *prefix, char *error)
{
	const unsigned octets = zone_octets(prefix->bits);
	const unsigned count = 1u << (8 * octets - prefix->bits);
	struct dns_zone *zones
		= reallocarray(view->zones, view->zone_count + count, sizeof(*zones));

	if (zones == NULL)
		return refuse(error, "region %s: no memory for its zones", region->name);
	view->zones = zones;
	for (unsigned i = 0; i < count; i++) {
		zones[view->zone_count++] = (struct dns_zone){
			.first = prefix->first + i * zone_size(octets),
			.octets = (uint8_t)octets,
			.region = region,
		};
	}
	return 0;
}

static int compare_zones(const void *a, const void *b)
{
	const struct dns_zone *left = a, *right = b;

	return (left->first > right->first) - (left->first < right->first);
}

static int sort_zones(struct dns_view *view, char *error)
{
	if (view->zone_count > 1)
		qsort(view->zones, view->zone_count, sizeof(*view->zones), compare_zones);
	for (unsigned i = 1; i < view->zone_count; i++) {
		const struct dns_zone *a = &view->zones[i - 1], *b = &view->zones[i];
		const struct in_addr address = {.s_addr = htonl(b->first)};
		char text[INET_ADDRSTRLEN];

		if (b->first - a->first < zone_size(a->octets))
			return refuse(error, "regions %s and %s: prefixes overlap at %s",
				a->region->name, b->region->name,
				inet_ntop(AF_INET, &address, text, sizeof(text)));
	}
	return 0;
}

static int check_ttl(const char *region, const char *field, uint32_t value, char *error)
{
	if (value > TTL_MAX)
		return refuse(error, "region %s: %s %u: must be at most %d", region, field, value,
			TTL_MAX);
	return 0;
}

/* Length of the name on the wire, or -1. */
static int put_name(
	const char *region, const char *field, const char *text, uint8_t *wire, char *error)
{
	uint8_t name[PTRD_NAME_WIRE_MAX];
	const int len = name_to_wire(text, name);

	if (len < 0)
		return refuse(error,
			"region %s: %s \"%.60s%s\": not a domain name of 1 to 63 bytes a label, "
			"255 in all",
			region, field, text, strlen(text) > 60 ? "..." : "");
	memcpy(wire, name, (size_t)len);
	return len;
}

static int build_soa(struct dns_region *region, const struct dns_region_spec *spec, char *error)
{
	uint8_t *at = region->soa_rdata;
	int len;

	if (check_ttl(spec->name, "soa ttl", spec->soa_ttl, error) < 0
		|| check_ttl(spec->name, "soa minimum", spec->soa_minimum, error) < 0)
		return -1;
	if ((len = put_name(spec->name, "soa mname", spec->soa_mname, at, error)) < 0)
		return -1;
	at += len;
	if ((len = put_name(spec->name, "soa rname", spec->soa_rname, at, error)) < 0)
		return -1;
	at += len;

	region->soa_serial_offset = (uint16_t)(at - region->soa_rdata);
	store32(at, 0);
	store32(at + 4, spec->soa_refresh);
	store32(at + 8, spec->soa_retry);
	store32(at + 12, spec->soa_expire);
	store32(at + 16, spec->soa_minimum);
	region->soa_rdata_len = (uint16_t)(at + 20 - region->soa_rdata);
	region->soa_ttl = spec->soa_ttl;
	/* RFC 2308 section 3 */
	region->negative_ttl
		= spec->soa_ttl < spec->soa_minimum ? spec->soa_ttl : spec->soa_minimum;
	return 0;
}

static int build_ns(struct dns_region *region, const struct dns_region_spec *spec, char *error)
{
	uint8_t *at = region->ns_wire;

	if (spec->ns_names_count < 1 || spec->ns_names_count > PTRD_REGION_NS_MAX)
		return refuse(error, "region %s: ns: has %u names, must have 1 to %d", spec->name,
			spec->ns_names_count, PTRD_REGION_NS_MAX);
	if (check_ttl(spec->name, "ns ttl", spec->ns_ttl, error) < 0)
		return -1;
	for (unsigned i = 0; i < spec->ns_names_count; i++) {
		const int len = put_name(
			spec->name, "ns name", spec->ns_names[i], at + RR_HEAD_SIZE, error);

		if (len < 0)
			return -1;
		store16(at, POINTER_QNAME);
		store16(at + 2, TYPE_NS);
		store16(at + 4, CLASS_IN);
		store32(at + 6, spec->ns_ttl);
		store16(at + 10, (uint16_t)len);
		at += RR_HEAD_SIZE + len;
	}
	region->ns_wire_len = (uint16_t)(at - region->ns_wire);
	region->ns_count = (uint8_t)spec->ns_names_count;
	return 0;
}

static int build_region(struct dns_region *region, const struct dns_region_spec *spec, char *error)
{
	char why[TEMPLATE_ERROR_SIZE];

	snprintf(region->name, sizeof(region->name), "%s", spec->name);
	region->table = spec->table;
	region->default_ttl = spec->default_ttl;
	region->unbound_default = spec->unbound_default;
	if (check_ttl(spec->name, "default_ttl", spec->default_ttl, error) < 0)
		return -1;
	if (dns_template_compile(&region->default_name, spec->default_name, spec->suffix, why) < 0)
		return refuse(error, "region %s: %s", spec->name, why);
	if (build_soa(region, spec, error) < 0 || build_ns(region, spec, error) < 0)
		return -1;
	return 0;
}

static int build_zones(struct dns_view *view, const struct dns_region *region,
	const struct dns_region_spec *spec, char *error)
{
	if (spec->prefixes_count > PTRD_REGION_PREFIXES_MAX)
		return refuse(error, "region %s: prefixes: has %u, must have at most %d",
			spec->name, spec->prefixes_count, PTRD_REGION_PREFIXES_MAX);
	for (unsigned i = 0; i < spec->prefixes_count; i++) {
		struct prefix prefix;
		const char *rule = parse_prefix(&prefix, spec->prefixes[i]);

		if (rule != NULL)
			return refuse(error, "region %s: prefix \"%.60s\": %s", spec->name,
				spec->prefixes[i], rule);
		if (add_zones(view, region, &prefix, error) < 0)
			return -1;
	}
	return 0;
}

struct dns_view *dns_view_create(
	uint64_t generation, const struct dns_region_spec *specs, unsigned count, char *error)
{
	struct dns_view *view = calloc(1, sizeof(*view));

	if (view == NULL) {
		refuse(error, "no memory for a view");
		return NULL;
	}
	view->generation = generation;
	view->region_count = count;
	view->regions = calloc(count > 0 ? count : 1, sizeof(*view->regions));
	if (view->regions == NULL) {
		refuse(error, "no memory for %u regions", count);
		goto fail;
	}
	for (unsigned i = 0; i < count; i++) {
		if (build_region(&view->regions[i], &specs[i], error) < 0
			|| build_zones(view, &view->regions[i], &specs[i], error) < 0)
			goto fail;
	}
	if (sort_zones(view, error) < 0)
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
	if (count == 0 || address < base->first || address - base->first >= zone_size(base->octets))
		return NULL;
	return base;
}
