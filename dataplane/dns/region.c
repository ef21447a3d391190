/*
 * A region as the readers need it: what can be written ahead is written here once.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "build.h"
#include "bytes.h"
#include "message.h"
#include "name.h"

#define TTL_MAX INT32_MAX /* RFC 2181 section 8 */
#define DEFAULT_NAME6 "ecs-{address}.{suffix}"

int dns_build_refuse(char *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, DNS_VIEW_ERROR_SIZE, format, arguments);
	va_end(arguments);
	return -1;
}

static int check_ttl(const char *region, const char *field, uint32_t value, char *error)
{
	if (value > TTL_MAX)
		return dns_build_refuse(error, "region %s: %s %u: must be at most %d", region,
			field, value, TTL_MAX);
	return 0;
}

int dns_build_name(
	const char *region, const char *field, const char *text, uint8_t *wire, char *error)
{
	uint8_t name[PTRD_NAME_WIRE_MAX];
	const int len = name_to_wire(text, name);

	if (len < 0)
		return dns_build_refuse(error,
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
	if ((len = dns_build_name(spec->name, "soa mname", spec->soa_mname, at, error)) < 0)
		return -1;
	at += len;
	if ((len = dns_build_name(spec->name, "soa rname", spec->soa_rname, at, error)) < 0)
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

int dns_build_ns(const struct dns_region_spec *spec, const char *field, const char *const *names,
	unsigned count, uint8_t *wire, char *error)
{
	char name_field[32];
	uint8_t *at = wire;

	snprintf(name_field, sizeof(name_field), "%s name", field);
	if (count < 1 || count > PTRD_REGION_NS_MAX)
		return dns_build_refuse(error, "region %s: %s: has %u names, must have 1 to %d",
			spec->name, field, count, PTRD_REGION_NS_MAX);
	for (unsigned i = 0; i < count; i++) {
		const int len = dns_build_name(
			spec->name, name_field, names[i], at + RR_HEAD_SIZE, error);

		if (len < 0)
			return -1;
		store16(at, POINTER_QNAME);
		store16(at + 2, TYPE_NS);
		store16(at + 4, CLASS_IN);
		store32(at + 6, spec->ns_ttl);
		store16(at + 10, (uint16_t)len);
		at += RR_HEAD_SIZE + len;
	}
	return (int)(at - wire);
}

/* Names of IPv6 addresses are the longest: they must not limit the suffix of a region that has
 * none. */
static bool needs_name6(const struct dns_region_spec *spec)
{
	bool ipv6 = spec->default_name6 != NULL;

	for (unsigned i = 0; i < spec->prefixes_count; i++)
		ipv6 |= strchr(spec->prefixes[i], ':') != NULL;
	return ipv6;
}

static int build_templates(
	struct dns_region *region, const struct dns_region_spec *spec, char *error)
{
	const char *name6 = spec->default_name6 != NULL ? spec->default_name6 : DEFAULT_NAME6;
	char why[TEMPLATE_ERROR_SIZE];

	if (dns_template_compile(&region->default_name, spec->default_name, spec->suffix, why) < 0
		|| (needs_name6(spec)
			&& dns_template_compile6(&region->default_name6, name6, spec->suffix, why)
				< 0))
		return dns_build_refuse(error, "region %s: %s", spec->name, why);
	return 0;
}

int dns_build_region(struct dns_region *region, const struct dns_region_spec *spec, char *error)
{
	if (spec->prefixes_count > PTRD_REGION_PREFIXES_MAX)
		return dns_build_refuse(error, "region %s: prefixes: has %u, must have at most %d",
			spec->name, spec->prefixes_count, PTRD_REGION_PREFIXES_MAX);
	snprintf(region->name, sizeof(region->name), "%s", spec->name);
	region->revision = spec->revision;
	region->table = spec->table;
	region->default_ttl = spec->default_ttl;
	region->unbound_default = spec->unbound_default;
	if (check_ttl(spec->name, "default_ttl", spec->default_ttl, error) < 0
		|| check_ttl(spec->name, "ns ttl", spec->ns_ttl, error) < 0
		|| build_templates(region, spec, error) < 0 || build_soa(region, spec, error) < 0)
		return -1;

	const int len = dns_build_ns(
		spec, "ns", spec->ns_names, spec->ns_names_count, region->ns_wire, error);

	if (len < 0)
		return -1;
	region->ns_wire_len = (uint16_t)len;
	region->ns_count = (uint8_t)spec->ns_names_count;
	return 0;
}
