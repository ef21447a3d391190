/*
 * What the XDP program and its loader agree on. Both include it: no headers of either side here.
 * Names of programs and maps are what the kernel keeps: 15 characters.
 */
#pragma once

#define STEER_PROGRAM "ptrd_steer"

/* Service addresses: hashes, address in network byte order -> 1. Empty until the dataplane can
 * answer, so that the kernel keeps everything till then. */
#define STEER_SERVICES4 "ptrd_services4"
#define STEER_SERVICES6 "ptrd_services6"
#define STEER_SERVICES_MAX 64

/* Station: array of one, the interface's MAC address. */
#define STEER_STATION "ptrd_station"
struct steer_station {
	unsigned short mac[3]; /* as it lies in memory */
};

/* Sockets: XSKMAP, receive queue -> AF_XDP socket. DPDK's net_af_xdp asks for this very name. */
#define STEER_SOCKETS "xsks_map"
#define STEER_QUEUES_MAX 64

/* Counters: per-CPU array, enum steer_verdict -> frames. */
#define STEER_VERDICTS "ptrd_verdicts"

/* clang-format off */

/* X(identifier, name, what it means) */
#define STEER_VERDICT_TABLE(X) \
	X(REDIRECTED, "redirected", "UDP/53 for a service address: to a worker") \
	X(UNBOUND,    "unbound",    "the same, on a receive queue that no worker reads: to the kernel") \
	X(STRANGE,    "strange",    "the same, for a MAC address other than the interface's: to the kernel") \
	X(SLOW,       "slow",       "for a service address with IP options, extension headers or in fragments: to the kernel") \
	X(PASSED,     "passed",     "everything else: to the kernel")

/* clang-format on */

#define STEER_ENUM_VERDICT(id, name, text) STEER_##id,
enum steer_verdict {
	STEER_VERDICT_TABLE(STEER_ENUM_VERDICT) STEER_VERDICT_COUNT
};
#undef STEER_ENUM_VERDICT
