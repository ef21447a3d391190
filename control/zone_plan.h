/*
 * The reverse zones that regions are served as, worked out by the DNS engine's own code.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

struct dns_view;
struct dns_region;

#define ZONE_NAME_MAX 256 /* an absolute name with its final dot, and a NUL */

typedef unsigned __int128 zone_address; /* a number; IPv4 in the lowest 32 bits */

struct zone_plan_zone {
	char name[ZONE_NAME_MAX];
	bool ipv6;
	bool classless;  /* RFC 2317: an owner is one octet before the name */
	unsigned labels; /* octets or nibbles that the name fixes, if it is not classless */
	zone_address first, last; /* addresses */
	const json_t *region;     /* as region.get gives it */
	const struct dns_region *compiled;
};

struct zone_plan {
	struct dns_view *view;
	struct zone_plan_zone *zones; /* in order of address, IPv4 first, as EIPs are listed */
	size_t count;
};

/*
 * Plans the zones of an array of regions, which outlives the plan. Returns false after writing to
 * standard error why not.
 */
bool zone_plan_make(struct zone_plan *plan, const json_t *regions);
void zone_plan_free(struct zone_plan *plan);

/* Whether an IPv4 address is delegated, and then the name of the customer's zone. */
bool zone_plan_delegation(
	const struct zone_plan *plan, zone_address address, char name[static ZONE_NAME_MAX]);

/* Text of a name on the wire, with its final dot. */
void zone_name_text(const uint8_t *wire, char text[static ZONE_NAME_MAX]);

/* Default name of an address of the zone. */
void zone_default_name(
	const struct zone_plan_zone *zone, zone_address address, char text[static ZONE_NAME_MAX]);

/* Writes the owner of an address as it stands in the zone's file behind its $ORIGIN. */
void zone_put_owner(const struct zone_plan_zone *zone, zone_address address, FILE *out);

/* An address as a number. False: the text is none. */
bool zone_address_parse(const char *text, bool *ipv6, zone_address *address);
