/*
 * What the engine sees of the served regions: an immutable snapshot of one directory generation.
 * Built by the main lcore, read by every reader, freed after a grace period.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/directory.h>
#include <ptrd/table.h>

#include "template.h"

/* What a region is made of, in text as the directory holds it; the engine copies what it needs. */
struct dns_region_spec {
	const char *name;
	struct ptrd_table table; /* mapped; the mapping must outlive the view */
	const char *const *prefixes;
	unsigned prefixes_count;
	const char *suffix;
	const char *default_name;
	uint32_t default_ttl;
	bool unbound_default; /* an unbound address answers its default PTR instead of NXDOMAIN */
	const char *soa_mname, *soa_rname;
	uint32_t soa_refresh, soa_retry, soa_expire, soa_minimum, soa_ttl;
	const char *const *ns_names;
	unsigned ns_names_count;
	uint32_t ns_ttl;
};

struct dns_region {
	char name[PTRD_TABLE_REGION_MAX];
	struct ptrd_table table;
	uint32_t default_ttl;
	bool unbound_default;
	struct dns_template default_name;
	/* SOA RDATA on the wire, names uncompressed; the serial is patched in from the table. */
	uint8_t soa_rdata[2 * PTRD_NAME_WIRE_MAX + 20];
	uint16_t soa_rdata_len;
	uint16_t soa_serial_offset; /* in soa_rdata */
	uint32_t soa_ttl, negative_ttl;
	/* NS RRs on the wire, owner C0 0C: an answer for the apex, ready to send. */
	uint8_t ns_wire[PTRD_REGION_NS_MAX * (12 + PTRD_NAME_WIRE_MAX)];
	uint16_t ns_wire_len;
	uint8_t ns_count;
};

/*
 * A reverse zone. A prefix gives the zones that cover it, cut at octet boundaries: a /24 one zone,
 * a /22 four, a /12 sixteen of two octets. A prefix longer than /24 gives one zone for each of its
 * addresses, as the parent can delegate nothing between.
 */
struct dns_zone {
	uint32_t first; /* first address, host byte order */
	uint8_t octets; /* octets that the apex fixes: 1 to 4 */
	const struct dns_region *region;
};

struct dns_view {
	uint64_t generation;
	unsigned region_count, zone_count;
	struct dns_region *regions;
	struct dns_zone *zones; /* sorted by first address; they do not overlap */
};

#define DNS_VIEW_ERROR_SIZE 256 /* bytes that an error text takes at most, NUL included */

/*
 * Builds a view. The tables are copied, not read: a specification can be checked before its table
 * exists. Returns NULL with `error` (DNS_VIEW_ERROR_SIZE bytes) naming the region, the field, the
 * value and the rule if a specification is not valid, or that memory is short. Release with
 * dns_view_free() (which takes NULL). Any thread.
 */
struct dns_view *dns_view_create(
	uint64_t generation, const struct dns_region_spec *specs, unsigned count, char *error);
void dns_view_free(struct dns_view *view);

/* Zone that `address` (host byte order) lies in, or NULL. A name that fixes fewer octets than the
 * zone does not lie in it: the caller compares them. */
const struct dns_zone *dns_view_zone(const struct dns_view *view, uint32_t address);
