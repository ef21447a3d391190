/*
 * The contract's world in other servers' words: default names and zones, worked out here once more
 * from nothing but its description.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "world.h"

#define WORLD_NAME_MAX 512

struct world_prefix {
	bool ipv6;
	uint8_t address[16]; /* network order, an IPv4 one in the first 4 */
	unsigned length;     /* bits */
};

/* "203.0.113.0/24", or an address without a length. Ends the program if it is neither. */
struct world_prefix world_parse(const char *text);
bool world_contains(const struct world_prefix *prefix, const struct world_prefix *address);

/* Its absolute name under in-addr.arpa or ip6.arpa; `length` has to be at a label's edge. */
void world_arpa(const struct world_prefix *prefix, char name[static WORLD_NAME_MAX]);

/* The default name of an address. */
void world_default_name(const struct contract_region *region, const struct world_prefix *address,
	char name[static WORLD_NAME_MAX]);

/* Writes a zone file into `directory` for each zone, and on standard output its name and file. */
void world_write_zones(const char *directory);
