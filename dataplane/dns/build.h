/*
 * What the makers of a view's parts share. Each returns 0, or -1 after writing to `error`
 * (DNS_VIEW_ERROR_SIZE bytes).
 */
#pragma once

#include "view.h"

/* Writes the error text; returns -1. */
__attribute__((format(printf, 2, 3))) int dns_build_refuse(char *error, const char *format, ...);

/* Length of the name on the wire, or -1. */
int dns_build_name(
	const char *region, const char *field, const char *text, uint8_t *wire, char *error);

/* Bytes of an NS set of `count` names at most. */
#define DNS_NS_WIRE_MAX(count) ((size_t)(count) * (12 + PTRD_NAME_WIRE_MAX))

/* Writes NS RRs, owner C0 0C, to `wire` (DNS_NS_WIRE_MAX(count) bytes). Returns their length, or
 * -1. */
int dns_build_ns(const struct dns_region_spec *spec, const char *field, const char *const *names,
	unsigned count, uint8_t *wire, char *error);

/* region.c: all of a region but its zones. */
int dns_build_region(struct dns_region *region, const struct dns_region_spec *spec, char *error);

/* named.c: delegations and RFC 2317 zones of all regions, whose zones are there and sorted.
 * dns_build_rfc2317() takes the one prefix that goes without zones of its own. */
int dns_build_delegations(struct dns_view *view, const struct dns_region_spec *specs, char *error);
int dns_build_rfc2317(struct dns_view *view, const struct dns_region *region,
	const struct dns_region_spec *spec, uint32_t first, uint32_t last, char *error);
int dns_build_names(struct dns_view *view, char *error);
