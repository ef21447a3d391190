#include "world_zones.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_NAME6 "ecs-{address}.{suffix}"

static _Noreturn void stop(const char *what, const char *value)
{
	fprintf(stderr, "%s: %s\n", what, value);
	exit(1);
}

struct world_prefix world_parse(const char *text)
{
	struct world_prefix prefix = {.ipv6 = strchr(text, ':') != NULL};
	const char *slash = strchr(text, '/');
	char address[64];

	snprintf(address, sizeof(address), "%.*s",
		(int)(slash != NULL ? (size_t)(slash - text) : strlen(text)), text);
	if (inet_pton(prefix.ipv6 ? AF_INET6 : AF_INET, address, prefix.address) != 1)
		stop("no address", text);
	prefix.length = slash != NULL ? (unsigned)atoi(slash + 1) : prefix.ipv6 ? 128 : 32;
	return prefix;
}

static bool bit(const uint8_t *address, unsigned i)
{
	return address[i / 8] >> (7 - i % 8) & 1;
}

bool world_contains(const struct world_prefix *prefix, const struct world_prefix *address)
{
	if (prefix->ipv6 != address->ipv6 || address->length < prefix->length)
		return false;
	for (unsigned i = 0; i < prefix->length; i++) {
		if (bit(prefix->address, i) != bit(address->address, i))
			return false;
	}
	return true;
}

/* Address plus `step` at the bit before `length`. */
static void advance(struct world_prefix *prefix)
{
	unsigned carry = 1u << (7 - (prefix->length - 1) % 8);

	for (unsigned i = (prefix->length - 1) / 8 + 1; i-- > 0 && carry > 0;) {
		carry += prefix->address[i];
		prefix->address[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

void world_arpa(const struct world_prefix *prefix, char name[static WORLD_NAME_MAX])
{
	size_t used = 0;

	if (prefix->ipv6) {
		for (unsigned i = prefix->length / 4; i-- > 0;) {
			const unsigned nibble = prefix->address[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15;

			used += (size_t)sprintf(name + used, "%x.", nibble);
		}
		strcpy(name + used, "ip6.arpa.");
	} else {
		for (unsigned i = prefix->length / 8; i-- > 0;)
			used += (size_t)sprintf(name + used, "%u.", prefix->address[i]);
		strcpy(name + used, "in-addr.arpa.");
	}
}

/* The address's parts, joined by dashes. */
static void dashed(const struct world_prefix *address, bool reverse, char *text)
{
	const unsigned count = address->ipv6 ? 8 : 4;

	*text = '\0';
	for (unsigned i = 0; i < count; i++) {
		const unsigned part = reverse ? count - 1 - i : i;

		if (i > 0)
			text += sprintf(text, "-");
		if (address->ipv6)
			text += sprintf(text, "%02x%02x", address->address[2 * part],
				address->address[2 * part + 1]);
		else
			text += sprintf(text, "%u", address->address[part]);
	}
}

static void token(const struct contract_region *region, const struct world_prefix *address,
	const char *word, char *text)
{
	if (strcmp(word, "suffix") == 0)
		strcpy(text, region->suffix);
	else if (strcmp(word, "address") == 0 || strcmp(word, "reverse") == 0)
		dashed(address, word[0] == 'r', text);
	else if (strlen(word) == 1 && word[0] >= 'a' && word[0] <= 'd' && !address->ipv6)
		sprintf(text, "%u", address->address[word[0] - 'a']);
	else
		stop("no token", word);
}

void world_default_name(const struct contract_region *region, const struct world_prefix *address,
	char name[static WORLD_NAME_MAX])
{
	const char *at = !address->ipv6         ? region->default_name
		: region->default_name6 != NULL ? region->default_name6
						: DEFAULT_NAME6;
	char word[16];

	while (*at != '\0') {
		if (sscanf(at, "{%15[a-z]}", word) == 1) {
			token(region, address, word, name);
			name += strlen(name);
			at = strchr(at, '}') + 1;
		} else {
			*name++ = *at++;
		}
	}
	*name = '\0';
}

static const struct contract_eip *find_eip(const struct world_prefix *address)
{
	for (size_t i = 0; i < contract_eips_count; i++) {
		const struct world_prefix eip = world_parse(contract_eips[i].address);

		if (world_contains(&eip, address))
			return &contract_eips[i];
	}
	return NULL;
}

static void write_address(FILE *file, const char *owner, const struct contract_region *region,
	const struct world_prefix *address)
{
	const struct contract_eip *eip = find_eip(address);
	char name[WORLD_NAME_MAX];

	for (unsigned i = 0; eip != NULL && i < eip->names_count; i++)
		fprintf(file, "%s %u IN PTR %s\n", owner, eip->ttl, eip->names[i]);
	if (eip != NULL && eip->names_count > 0)
		return;
	if (eip == NULL && !region->unbound_default)
		return;
	world_default_name(region, address, name);
	fprintf(file, "%s %u IN PTR %s\n", owner, region->default_ttl, name);
}

static const struct contract_delegation *find_delegation(
	const struct contract_region *region, const struct world_prefix *address)
{
	for (unsigned i = 0; i < region->delegations_count; i++) {
		const struct world_prefix cut = world_parse(region->delegations[i].prefix);

		if (world_contains(&cut, address))
			return &region->delegations[i];
	}
	return NULL;
}

static void write_delegations(FILE *file, const char *apex, const struct contract_region *region)
{
	for (unsigned i = 0; i < region->delegations_count; i++) {
		const struct contract_delegation *cut = &region->delegations[i];
		const size_t len = strlen(cut->name), tail = strlen(apex);

		if (len <= tail || strcmp(cut->name + len - tail, apex) != 0)
			continue;
		for (unsigned j = 0; j < cut->ns_count; j++)
			fprintf(file, "%s %u IN NS %s\n", cut->name, region->ns_ttl, cut->ns[j]);
	}
}

/* All of an IPv4 zone of one label below it, where every address may have a name. */
static void write_last_octets(FILE *file, const char *apex, const struct contract_region *region,
	const struct world_prefix *prefix)
{
	struct world_prefix address = *prefix;
	char owner[WORLD_NAME_MAX + 8];

	address.length = 32;
	for (unsigned i = 0; i < 1u << (32 - prefix->length); i++) {
		const struct contract_delegation *cut = find_delegation(region, &address);

		snprintf(owner, sizeof(owner), "%u.%s", address.address[3], apex);
		if (cut != NULL)
			fprintf(file, "%s %u IN CNAME %u.%s\n", owner, region->default_ttl,
				address.address[3], cut->name);
		else
			write_address(file, owner, region, &address);
		advance(&address);
	}
}

static void write_bound(
	FILE *file, const struct contract_region *region, const struct world_prefix *zone)
{
	char owner[WORLD_NAME_MAX];

	for (size_t i = 0; i < contract_eips_count; i++) {
		const struct world_prefix eip = world_parse(contract_eips[i].address);

		if (!world_contains(zone, &eip))
			continue;
		world_arpa(&eip, owner);
		write_address(file, owner, region, &eip);
	}
}

static void write_zone(const char *directory, const char *apex,
	const struct contract_region *region, const struct world_prefix *zone)
{
	static unsigned number;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%u.zone", directory, number++);
	FILE *file = fopen(path, "w");

	if (file == NULL)
		stop("cannot be written", path);
	fprintf(file, "%s %u IN SOA %s %s 1 %u %u %u %u\n", apex, region->soa_ttl,
		region->soa_mname, region->soa_rname, region->soa_refresh, region->soa_retry,
		region->soa_expire, region->soa_minimum);
	for (unsigned i = 0; i < region->ns_names_count; i++)
		fprintf(file, "%s %u IN NS %s\n", apex, region->ns_ttl, region->ns_names[i]);
	write_delegations(file, apex, region);
	if (!zone->ipv6 && zone->length >= 24 && zone->length < 32)
		write_last_octets(file, apex, region, zone);
	else
		write_bound(file, region, zone);
	if (fclose(file) != 0)
		stop("cannot be written", path);
	printf("%s %s\n", apex, path);
}

/* A prefix between the edges of labels is served as the zones that cover it. */
static void write_prefix(
	const char *directory, const struct contract_region *region, struct world_prefix prefix)
{
	const unsigned label = prefix.ipv6 ? 4 : 8;
	const unsigned rest = (label - prefix.length % label) % label;
	char apex[WORLD_NAME_MAX];

	if (region->rfc2317 != NULL) {
		write_zone(directory, region->rfc2317, region, &prefix);
		return;
	}
	prefix.length += rest;
	for (unsigned i = 0; i < 1u << rest; i++) {
		world_arpa(&prefix, apex);
		write_zone(directory, apex, region, &prefix);
		advance(&prefix);
	}
}

void world_write_zones(const char *directory)
{
	for (size_t i = 0; i < contract_regions_count; i++) {
		const struct contract_region *region = &contract_regions[i];

		for (unsigned j = 0; j < region->prefixes_count && !region->detached; j++)
			write_prefix(directory, region, world_parse(region->prefixes[j]));
	}
}
