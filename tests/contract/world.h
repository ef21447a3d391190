/*
 * The world that the contract's cases assume: settings, regions, EIPs and PTR records, as data.
 * Whoever runs the cases makes this world first, in the engine's memory or through the control
 * process.
 *
 *   eu     203.0.113.0/24 80.158.0.0/16 10.1.4.0/22 2001:db8:100::/48 2a0a:4::/30
 *          203.0.113.64/26 is delegated as 64/26.113.0.203.in-addr.arpa, 203.0.113.192/28 to a name
 *          that is in no zone of this world
 *   open   198.51.100.0/24 2001:db8:200::/48; unbound addresses answer their default name;
 *          198.51.100.64/28 is delegated as 64-79.100.51.198.in-addr.arpa
 *   tiny   192.0.2.16/28 2001:db8:300::8/126; served as single addresses
 *   lab    192.0.2.128/26; served as 128/26.2.0.192.in-addr.arpa (RFC 2317)
 *   long   100.65.7.0/24; its name servers' names are as long as names can be
 *   off    100.64.9.0/24 2001:db8:400::/48; detached
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Settings: a world without rate limiting and with no text for id.server. */
#define CONTRACT_NSID "contract-node"
#define CONTRACT_VERSION "ptrd contract"
#define CONTRACT_HOSTNAME "node.contract.example"
#define CONTRACT_COOKIE_SECRET "e5e973e5a6b2a43f48e7dc849e37bfcf" /* signs, 32 hex digits */
#define CONTRACT_COOKIE_SECRET_OLD "dd3bdf9344b678b185a6f5cb60fca715"
#define CONTRACT_TCP_KEEPALIVE 100 /* units of 100 ms: an idle time-out of 10 seconds */

/* Clients that may have zones, of either family. */
#define CONTRACT_TRANSFER "198.51.100.2"
#define CONTRACT_TRANSFER6 "2001:db8:53::2"

struct contract_delegation {
	const char *prefix, *name;
	const char *ns[2];
	unsigned ns_count;
};

struct contract_region {
	const char *name;
	const char *prefixes[5];
	unsigned prefixes_count;
	const char *suffix, *default_name;
	const char *default_name6; /* NULL: the field is left out */
	const char *rfc2317;       /* NULL: none */
	struct contract_delegation delegations[2];
	unsigned delegations_count;
	uint32_t default_ttl;
	bool unbound_default;
	bool detached;
	const char *soa_mname, *soa_rname;
	uint32_t soa_refresh, soa_retry, soa_expire, soa_minimum, soa_ttl;
	const char *ns_names[2];
	unsigned ns_names_count;
	uint32_t ns_ttl;
};

extern const struct contract_region contract_regions[];
extern const size_t contract_regions_count;

/* A bound EIP, with its custom PTR record if it has names. */
struct contract_eip {
	const char *region, *address;
	const char *names[10];
	unsigned names_count; /* 0: bound with its default name */
	uint32_t ttl;
};

extern const struct contract_eip contract_eips[];
extern const size_t contract_eips_count;

/* Ten names of 255 bytes on the wire, and ten of 50: replies over 1232 and between 512 and 1232. */
#define CONTRACT_L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define CONTRACT_LONG(c)                                                                           \
	CONTRACT_L63 "." CONTRACT_L63 "." CONTRACT_L63 "." c                                       \
		     "bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi."
#define CONTRACT_SHORT(c) c "bcdefghijklmnopqrstuvwxyzabcdefghijk.example.org."

/* Names of just so many bytes on the wire, for replies of exact sizes. */
#define CONTRACT_L63_3 CONTRACT_L63 "." CONTRACT_L63 "." CONTRACT_L63 "."
#define CONTRACT_222(c) CONTRACT_L63_3 c "bcdefghijklmnopqrstuvwxyzab."
#define CONTRACT_223(c) CONTRACT_L63_3 c "bcdefghijklmnopqrstuvwxyzabc."
#define CONTRACT_199(c) CONTRACT_L63_3 c "bcde."
#define CONTRACT_200(c) CONTRACT_L63_3 c "bcdef."
#define CONTRACT_98(c) CONTRACT_L63 "." c "bcdefghijklmnopqrstuvwxyzabcdef."
#define CONTRACT_99(c) CONTRACT_L63 "." c "bcdefghijklmnopqrstuvwxyzabcdefg."
#define CONTRACT_51(c) c "bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw."
#define CONTRACT_52(c) c "bcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx."
