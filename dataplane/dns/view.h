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

/* Addresses of a region's zone that are handed to a customer, RFC 2317. */
struct dns_delegation_spec {
	/* IPv4, longer than /24, in a zone of the region's that is no single address. */
	const char *prefix;
	/* The customer's zone: each address answers with an alias to its last octet in it. If the
	 * name lies in a zone of the region, then with one label that is no octet before the octets
	 * (64/26.113.0.203.in-addr.arpa.), and names at or below it get a referral to `ns`. */
	const char *name;
	const char *const *ns; /* 1 to 13 names; none are needed for a name that lies elsewhere */
	unsigned ns_count;
};

/* What a region is made of, in text as the directory holds it; the engine copies what it needs. */
struct dns_region_spec {
	const char *name;
	uint64_t revision; /* of all of this but the table: ptrd_table_header.settings_revision */
	struct ptrd_table table; /* mapped; the mapping must outlive the view */
	const char *const *prefixes;
	unsigned prefixes_count;
	const char *suffix;
	const char *default_name;
	const char *default_name6; /* of IPv6 addresses; NULL: "ecs-{address}.{suffix}" */
	uint32_t default_ttl;      /* of default PTRs and of aliases */
	bool unbound_default; /* an unbound address answers its default PTR instead of NXDOMAIN */
	/* Name of the zone that the region's only IPv4 prefix longer than /24 is served under
	 * (RFC 2317), or NULL: its addresses are served as zones of their own. */
	const char *rfc2317;
	const struct dns_delegation_spec *delegations;
	unsigned delegations_count;
	const char *soa_mname, *soa_rname;
	uint32_t soa_refresh, soa_retry, soa_expire, soa_minimum, soa_ttl;
	const char *const *ns_names;
	unsigned ns_names_count;
	uint32_t ns_ttl; /* of delegations too */
};

struct dns_region {
	char name[PTRD_TABLE_REGION_MAX];
	uint64_t revision; /* of the settings */
	struct ptrd_table table;
	uint32_t default_ttl;
	bool unbound_default;
	struct dns_template default_name, default_name6;
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
 * A reverse zone. A prefix gives the zones that cover it, cut at octet (IPv6: nibble) boundaries: a
 * /24 one zone, a /22 four, a /12 sixteen of two octets; an IPv6 /30 four of eight nibbles. An IPv4
 * prefix longer than /24 gives one zone for each of its addresses, as the parent can delegate
 * nothing between, and so does an IPv6 prefix longer than /124; or else one zone with a name of its
 * own (RFC 2317).
 */
struct dns_zone {
	const struct dns_region *region;
	uint32_t first; /* IPv4 zones: first address, host byte order */
	uint8_t labels; /* octets or nibbles that the apex fixes, at least 1; RFC 2317: 0 */
};

struct dns_zone6 {
	unsigned __int128 first; /* host byte order */
	struct dns_zone zone;
};

/* A delegation as the readers use it. */
struct dns_delegation {
	const struct dns_region *region;
	uint32_t first, last; /* addresses, host byte order */
	uint8_t name[PTRD_NAME_WIRE_MAX];
	uint8_t name_len;
	bool inside;      /* the name lies in a zone of the region: what follows is set */
	uint8_t *ns_wire; /* NS RRs, owner to be patched */
	uint16_t ns_wire_len;
	uint8_t ns_count;
};

/* A name that is found as such, because no address leads to it. */
struct dns_named {
	uint8_t name[PTRD_NAME_WIRE_MAX]; /* in lower case */
	uint8_t name_len;
	const struct dns_delegation *delegation; /* what it delegates; or NULL and: */
	struct dns_zone zone;                    /* the zone that it is the apex of, */
	uint32_t first, last;                    /* and that zone's addresses */
};

struct dns_view {
	uint64_t generation; /* 0: no directory yet */
	unsigned region_count, zone_count, zone6_count, delegation_count, named_count;
	struct dns_region *regions;
	struct dns_zone *zones;             /* sorted by first address; they do not overlap */
	struct dns_zone6 *zones6;           /* the same */
	struct dns_delegation *delegations; /* the same */
	struct dns_named *named;            /* sorted: see named.c */
	uint64_t named_lengths[4];          /* bit n: a name of n bytes is among them */
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

/* Zone that `address` (IPv4 in host byte order, IPv6 in network order) lies in, or NULL. A name
 * that fixes fewer labels than the zone does not lie in it: the caller compares them. */
const struct dns_zone *dns_view_zone(const struct dns_view *view, uint32_t address);
const struct dns_zone *dns_view_zone6(const struct dns_view *view, const uint8_t address[16]);

/* Delegation that holds `address` (IPv4, host byte order), or NULL. */
const struct dns_delegation *dns_view_delegation(const struct dns_view *view, uint32_t address);

/*
 * What the names at or above `name` (`len` bytes on the wire) say: the zone nearest above it, else
 * the delegation that is nearest to the root, else NULL. `*at` is set to where in `name` that
 * begins.
 */
const struct dns_named *dns_view_named(
	const struct dns_view *view, const uint8_t *name, unsigned len, unsigned *at);
