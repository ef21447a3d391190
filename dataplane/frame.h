/*
 * Ethernet, IPv4 and UDP around a query and its reply. Pure: bytes in, bytes out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FRAME_SERVICES_MAX 64
#define FRAME_DNS_PORT 53

/* Addresses that queries come to. */
struct frame_services {
	uint32_t address[FRAME_SERVICES_MAX]; /* host byte order */
	unsigned count;
};

enum frame_verdict {
	FRAME_QUERY,   /* UDP/53 for a service address */
	FRAME_SHORT,   /* shorter than the lengths in its headers, or these contradict each other */
	FRAME_FOREIGN, /* anything that this fast path does not answer */
	FRAME_CHECKSUM, /* IPv4 header checksum wrong */
};

/* Where the layers of a query lie. */
struct frame {
	uint8_t *bytes; /* Ethernet header */
	uint16_t l3;    /* IPv4 header: offset from bytes */
	uint16_t l4;    /* UDP header */
	uint16_t dns;   /* DNS message: an even number of bytes behind the UDP header's start */
	uint16_t len;   /* bytes of the DNS message, without Ethernet padding */
	uint16_t port;  /* client's UDP port, host byte order */
};

/*
 * Looks for a query in the `len` bytes at `bytes`. Fills `frame` if the verdict is FRAME_QUERY. The
 * UDP checksum of the query is not verified: a veth leaves it unfinished (checksum offload).
 */
enum frame_verdict frame_parse(
	struct frame *frame, uint8_t *bytes, uint32_t len, const struct frame_services *services);

/*
 * Turns the headers of a query around for the `reply_len` bytes of reply that stand in the place of
 * the query; `sum` is their RFC 1071 sum as big-endian words, folded. Returns the length of the
 * whole frame. Both checksums are complete in the frame: nothing is left to an offload.
 */
uint16_t frame_reply(const struct frame *frame, uint16_t reply_len, uint16_t sum);
