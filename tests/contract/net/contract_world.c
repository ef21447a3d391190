/*
 * contract_world requests the contract's world as requests to the control process, one a line
 * contract_world zones DIRECTORY its zones as files, whose names and apexes go to standard output
 * contract_world dns the dataplane's configuration that it assumes, below `dns:`
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "world_zones.h"

static void request(const char *method, json_t *params)
{
	json_t *line = json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", 1, "method",
		method, "params", params);

	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

static json_t *texts(const char *const *items, unsigned count)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array, json_string(items[i]));
	return array;
}

static json_t *delegations(const struct contract_region *region)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < region->delegations_count; i++) {
		const struct contract_delegation *cut = &region->delegations[i];

		json_array_append_new(array,
			json_pack("{s:s, s:s, s:o}", "prefix", cut->prefix, "name", cut->name, "ns",
				texts(cut->ns, cut->ns_count)));
	}
	return array;
}

static void create_region(const struct contract_region *region)
{
	json_t *params = json_pack("{s:s, s:o, s:s, s:s, s:I, s:s}", "name", region->name,
		"prefixes", texts(region->prefixes, region->prefixes_count), "suffix",
		region->suffix, "default_name", region->default_name, "default_ttl",
		(json_int_t)region->default_ttl, "unbound",
		region->unbound_default ? "default" : "nxdomain");
	json_t *soa = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "mname", region->soa_mname,
		"rname", region->soa_rname, "refresh", (json_int_t)region->soa_refresh, "retry",
		(json_int_t)region->soa_retry, "expire", (json_int_t)region->soa_expire, "minimum",
		(json_int_t)region->soa_minimum, "ttl", (json_int_t)region->soa_ttl);
	json_t *ns = json_pack("{s:o, s:I}", "names",
		texts(region->ns_names, region->ns_names_count), "ttl", (json_int_t)region->ns_ttl);

	json_object_set_new(params, "soa", soa);
	json_object_set_new(params, "ns", ns);
	if (region->default_name6 != NULL)
		json_object_set_new(params, "default_name6", json_string(region->default_name6));
	if (region->rfc2317 != NULL)
		json_object_set_new(params, "rfc2317", json_string(region->rfc2317));
	if (region->detached)
		json_object_set_new(params, "state", json_string("detached"));
	if (region->delegations_count > 0)
		json_object_set_new(params, "delegations", delegations(region));
	request("region.create", params);
}

static void write_requests(void)
{
	for (size_t i = 0; i < contract_regions_count; i++)
		create_region(&contract_regions[i]);
	for (size_t i = 0; i < contract_eips_count; i++) {
		const struct contract_eip *eip = &contract_eips[i];

		request("eip.bind", json_pack("{s:s}", "address", eip->address));
		if (eip->names_count > 0)
			request("ptr.set",
				json_pack("{s:s, s:o, s:I}", "address", eip->address, "names",
					texts(eip->names, eip->names_count), "ttl",
					(json_int_t)eip->ttl));
	}
}

/* YAML's strings are JSON's. */
static void write_dns(void)
{
	printf("    nsid: \"%s\"\n    version: \"%s\"\n    hostname: \"%s\"\n", CONTRACT_NSID,
		CONTRACT_VERSION, CONTRACT_HOSTNAME);
	printf("    allow_transfer: [\"%s\", \"%s\"]\n", CONTRACT_TRANSFER, CONTRACT_TRANSFER6);
	printf("    cookie_secrets: [\"%s\", \"%s\"]\n", CONTRACT_COOKIE_SECRET,
		CONTRACT_COOKIE_SECRET_OLD);
}

int main(int argc, char *argv[])
{
	if (argc == 2 && strcmp(argv[1], "requests") == 0) {
		write_requests();
	} else if (argc == 3 && strcmp(argv[1], "zones") == 0) {
		world_write_zones(argv[2]);
	} else if (argc == 2 && strcmp(argv[1], "dns") == 0) {
		write_dns();
	} else {
		fprintf(stderr, "usage: contract_world requests | zones DIRECTORY | dns\n");
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
