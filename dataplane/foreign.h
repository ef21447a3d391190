/*
 * Frames that are no worker's but the kernel's, behind an exception port: how many of them a worker
 * hands over while queries wait. Pure: bytes and times in, a decision out.
 *
 * What comes from the link is told by its TTL or hop limit of 255, which no router has counted down
 * (RFC 5082): whoever is further away cannot make that up. All else in a frame anybody can, and nobody
 * here knows which connections there are, so a flood of made-up frames takes from what it looks like:
 * one of BGP segments from sessions with peers that are further away or do not send 255, one of DNS
 * segments from clients' connections, one of SYN from new ones. The cures are outside: GTSM (RFC 5082)
 * on the peers, and a filter at the network's edge for the addresses that they talk to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct frame_services;

/* Each has an allowance of its own, so that no flood of one takes another's. */
enum foreign_class {
	/* From the link alone: ARP, and neighbour and router discovery (ICMPv6 133 to 137, RFC 4861),
	 * without which nobody reaches us. */
	FOREIGN_NEIGHBOURS,
	/* From the link alone: BFD (UDP/3784, RFC 5881; 4784 of a neighbour, too) and BGP (TCP/179)
	 * with GTSM, without which our routes are withdrawn. */
	FOREIGN_ROUTING,
	/* From further away: multihop BFD (UDP/4784, RFC 5883), and BGP but for the SYN alone of who
	 * wants to open a session: our own SYN's answer is here, and that one is FOREIGN_REST. */
	FOREIGN_ROUTING_FAR,
	FOREIGN_DNS,     /* TCP/53 for a service address: connections that are there */
	FOREIGN_DNS_NEW, /* and their first segment, the SYN alone */
	FOREIGN_REST,
	FOREIGN_CLASSES
};

/* Class of the `len` bytes at `bytes`, behind at most two VLAN tags. What cannot be told, for the frame
 * is cut short, a later fragment, or behind IPv6 extension headers, is FOREIGN_REST. */
enum foreign_class foreign_classify(
	const uint8_t *bytes, uint32_t len, const struct frame_services *services);

/* Frames a second, of each class: all together leave the better part of a core to queries. */
#define FOREIGN_RATE 15000
#define FOREIGN_DEPTH 256 /* frames that may come at once, of each class */

/* A worker's own; zeroes but for `cost`: all of it is there then. */
struct foreign_allowance {
	uint64_t cost; /* of one frame, in cycles: their frequency / FOREIGN_RATE */
	uint64_t used[FOREIGN_CLASSES]; /* cycles up to this time are spent; never in the future */
};

/* Takes one frame of `class` from what has grown till `now`, in cycles, that never go backwards.
 * Returns false if there is none left. */
bool foreign_allow(struct foreign_allowance *allowance, enum foreign_class class, uint64_t now);
