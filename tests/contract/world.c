#include "world.h"

#define COMMON                                                                                     \
	.suffix = "compute.example.com.", .default_ttl = 300, .soa_mname = "ns1.example.net.",     \
	.soa_rname = "hostmaster.example.net.", .soa_refresh = 3600, .soa_retry = 900,             \
	.soa_expire = 604800, .soa_minimum = 300, .soa_ttl = 3600,                                 \
	.ns_names = {"ns1.example.net.", "ns2.example.net."}, .ns_names_count = 2, .ns_ttl = 7200

const struct contract_region contract_regions[] = {
	{
		COMMON,
		.name = "eu",
		.prefixes = {"203.0.113.0/24", "80.158.0.0/16", "10.1.4.0/22", "2001:db8:100::/48",
			"2a0a:4::/30"},
		.prefixes_count = 5,
		.default_name = "ecs-{a}-{b}-{c}-{d}.{suffix}",
		.delegations = {
			{"203.0.113.64/26", "64/26.113.0.203.in-addr.arpa.",
				{"ns1.customer.example.", "ns2.customer.example."}, 2},
			{"203.0.113.192/28", "rev.customer.example.", {"ns1.customer.example."}, 1},
		},
		.delegations_count = 2,
	},
	{
		.name = "open",
		.prefixes = {"198.51.100.0/24", "2001:db8:200::/48"},
		.prefixes_count = 2,
		.suffix = "open.example.com.",
		.default_name = "static.{d}.{c}.{b}.{a}.{suffix}",
		.default_name6 = "static-{reverse}.{suffix}",
		.default_ttl = 600,
		.unbound_default = true,
		.soa_mname = "ns1.example.net.",
		.soa_rname = "hostmaster.example.net.",
		.soa_refresh = 3600,
		.soa_retry = 900,
		.soa_expire = 604800,
		.soa_minimum = 900,
		.soa_ttl = 120,
		.ns_names = {"ns1.example.net."},
		.ns_names_count = 1,
		.ns_ttl = 7200,
	},
	{
		COMMON,
		.name = "tiny",
		.prefixes = {"192.0.2.16/28", "2001:db8:300::8/126"},
		.prefixes_count = 2,
		.default_name = "{a}-{b}-{c}-{d}.{suffix}",
		.default_name6 = "{address}.{suffix}",
	},
	{
		COMMON,
		.name = "lab",
		.prefixes = {"192.0.2.128/26"},
		.prefixes_count = 1,
		.default_name = "lab-{address}.{suffix}",
		.rfc2317 = "128/26.2.0.192.in-addr.arpa.",
	},
};
const size_t contract_regions_count = sizeof(contract_regions) / sizeof(contract_regions[0]);

const struct contract_eip contract_eips[] = {
	{"eu", "203.0.113.7", {"mail.example.org."}, 1, 600},
	{"eu", "203.0.113.8", {0}, 0, 0},
	{"eu", "203.0.113.9",
		{CONTRACT_LONG("0"), CONTRACT_LONG("1"), CONTRACT_LONG("2"), CONTRACT_LONG("3"),
			CONTRACT_LONG("4"), CONTRACT_LONG("5"), CONTRACT_LONG("6"),
			CONTRACT_LONG("7"), CONTRACT_LONG("8"), CONTRACT_LONG("9")},
		10, 600},
	{"eu", "203.0.113.10",
		{CONTRACT_SHORT("0"), CONTRACT_SHORT("1"), CONTRACT_SHORT("2"), CONTRACT_SHORT("3"),
			CONTRACT_SHORT("4"), CONTRACT_SHORT("5"), CONTRACT_SHORT("6"),
			CONTRACT_SHORT("7"), CONTRACT_SHORT("8"), CONTRACT_SHORT("9")},
		10, 600},
	{"eu", "203.0.113.12", {"a.example.org.", "b.example.org.", "c.example.org."}, 3, 60},
	{"eu", "80.158.4.2", {0}, 0, 0},
	{"eu", "80.158.4.3", {"mail.example.org."}, 1, 601},
	{"eu", "10.1.6.1", {0}, 0, 0},
	{"eu", "2001:db8:100::7", {"mail6.example.org."}, 1, 600},
	{"eu", "2001:db8:100::8", {0}, 0, 0},
	{"eu", "2001:db8:100:ffff:1234:5678:9abc:def0", {"a.example.org.", "b.example.org."}, 2,
		60},
	{"eu", "2a0a:4::1", {0}, 0, 0},
	{"eu", "2a0a:7:ffff:ffff:ffff:ffff:ffff:ffff", {"last.example.org."}, 1, 600},
	{"open", "198.51.100.1", {"mail.example.org."}, 1, 1},
	{"open", "2001:db8:200::1", {"mail6.example.org."}, 1, 1},
	{"tiny", "192.0.2.17", {"mail.example.org."}, 1, 2147483647},
	{"tiny", "192.0.2.18", {0}, 0, 0},
	{"tiny", "2001:db8:300::9", {"mail6.example.org."}, 1, 2147483647},
	{"tiny", "2001:db8:300::a", {0}, 0, 0},
	{"lab", "192.0.2.129", {"lab.example.org."}, 1, 600},
	{"lab", "192.0.2.130", {0}, 0, 0},
};
const size_t contract_eips_count = sizeof(contract_eips) / sizeof(contract_eips[0]);
