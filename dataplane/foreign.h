/*
 * Frames that are no worker's but the kernel's, behind an exception port: how many of them a worker
 * hands over while queries wait. Pure: bytes and times in, a decision out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Each has an allowance of its own, so that no flood of one takes another's. */
enum foreign_class {
	/* ARP, and neighbour and router discovery (ICMPv6 133 to 137, RFC 4861), without which nobody
	 * reaches us. Of the link alone: with another hop limit than 255 a router has had it. */
	FOREIGN_NEIGHBOURS,
	FOREIGN_SESSIONS, /* TCP/53 to us; BGP (TCP/179) and BFD (UDP/3784 and 4784, RFC 5881 and
			     * 5883), without which our routes are withdrawn */
	FOREIGN_REST,
	FOREIGN_CLASSES
};

/* Class of the `len` bytes at `bytes`, behind at most two VLAN tags. What cannot be told, for the frame
 * is cut short, a later fragment, or behind IPv6 extension headers, is FOREIGN_REST. */
enum foreign_class foreign_classify(const uint8_t *bytes, uint32_t len);

#define FOREIGN_RATE 30000 /* frames a second, of each class */
#define FOREIGN_DEPTH 256  /* frames that may come at once, of each class */

/* A worker's own; zeroes but for `cost`: all of it is there then. */
struct foreign_allowance {
	uint64_t cost; /* of one frame, in cycles: their frequency / FOREIGN_RATE */
	uint64_t used[FOREIGN_CLASSES]; /* cycles up to this time are spent; never in the future */
};

/* Takes one frame of `class` from what has grown till `now`, in cycles, that never go backwards.
 * Returns false if there is none left. */
bool foreign_allow(struct foreign_allowance *allowance, enum foreign_class class, uint64_t now);
