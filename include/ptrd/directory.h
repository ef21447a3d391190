/*
 * Directory: which regions are served, and from which table files. One JSON document, in the run
 * directory; the control process replaces it whole (write a temporary file, rename(2)), the
 * dataplane watches for the rename and reads it. JSON because it is small, read once per
 * generation far from the packet path, and an operator can look at it with jq.
 *
 * {
 *   "format": 2,
 *   "generation": 17,                            rises with every directory; also counts table files
 *   "regions": [                                 attached regions only
 *     {
 *       "name": "eu-demo",
 *       "revision": 4711,                        that made the settings what they are; the table has it
 *                                                too, once it is of that revision
 *       "table": "/run/ptrd/tables/eu-demo.17",  a region table (table.h), absolute path
 *       "prefixes": ["203.0.113.0/24"],          no two overlap, in all regions; canonical text
 *       "suffix": "compute.example.com.",        absolute name, lower case
 *       "default_name": "ecs-{a}-{b}-{c}-{d}.{suffix}",    of IPv4 addresses
 *       "default_name6": "ecs-{address}.{suffix}",         of IPv6 addresses; this if missing
 *       "default_ttl": 300,                      seconds, TTL of default PTRs
 *       "unbound": "nxdomain",                   or "default"
 *       "soa": {"mname": "ns1.example.com.", "rname": "hostmaster.example.com.", "refresh": 3600,
 *               "retry": 900, "expire": 604800, "minimum": 300, "ttl": 3600},
 *       "ns": {"names": ["ns1.example.com."], "ttl": 3600},
 *       "rfc2317": "64/26.100.51.198.in-addr.arpa.", optional: the zone that the only IPv4 prefix
 *                                                    longer than /24 is served under
 *       "delegations": [                             optional: pieces of the region's /24s that are
 *         {                                          customers' by RFC 2317, apart from each other,
 *           "prefix": "203.0.113.64/26",             in order of address
 *           "name": "64/26.113.0.203.in-addr.arpa.", one label below the zone of its /24
 *           "ns": ["ns1.customer.example."]
 *         }
 *       ]
 *     }
 *   ]
 * }
 *
 * The SOA serial is not here: it changes with every record and lives in the table.
 *
 * Tokens of default_name and default_name6: {address} the address with dashes (203-0-113-7; for
 * IPv6 the eight groups in hexadecimal, four digits each), {reverse} the same backwards, {suffix}
 * the region's suffix; of default_name only: {a} {b} {c} {d} the octets in decimal, first to last.
 */
#pragma once

#define PTRD_DIRECTORY_FILE "directory.json"
#define PTRD_DIRECTORY_FORMAT 2

/* Bounds that both sides enforce. */
#define PTRD_NAME_WIRE_MAX 255 /* a domain name on the wire, RFC 1035 section 3.1 */
#define PTRD_REGION_PREFIXES_MAX 256
#define PTRD_REGION_NS_MAX 13 /* also of a delegation */
#define PTRD_REGION_DELEGATIONS_MAX 256
#define PTRD_TEMPLATE_MAX 255 /* characters of default_name and default_name6 */
