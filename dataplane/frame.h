/*
 * Ethernet, VLAN tags, IP and UDP around a query and its reply. Pure: bytes in, bytes out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define FRAME_SERVICES_MAX 64
#define FRAME_DNS_PORT 53

/* An IPv6 address in network byte order, in halves that compare fast. */
struct frame_ipv6 {
	uint64_t half[2];
};

/* Addresses that queries come to. */
struct frame_services {
	uint32_t ipv4[FRAME_SERVICES_MAX]; /* host byte order */
	struct frame_ipv6 ipv6[FRAME_SERVICES_MAX];
	unsigned ipv4_count, ipv6_count;
};

/* Adds the address that `text` is, of either family. Returns 0; -EINVAL if it is none; -ENOSPC. */
int frame_services_add(struct frame_services *services, const char *text);

/* True if `address` is one of them: an IPv4 address in host byte order, the 16 bytes of an IPv6 one. */
bool frame_is_service4(const struct frame_services *services, uint32_t address);
bool frame_is_service6(const struct frame_services *services, const uint8_t *address);

/*
 * Whom frames are for: the first eight bytes of a frame, its destination address and two bytes of its
 * source, are right if they are `bits` under `mask`, both as they lie in memory. A source that is a
 * group's address is never right: it would be a reply's destination.
 */
struct frame_station {
	uint64_t bits, mask;
};

/* The station with that MAC address alone. */
struct frame_station frame_station(const uint8_t mac[6]);

/* Any station, but no group: for a port whose frames somebody has chosen by address already. */
struct frame_station frame_any_station(void);

enum frame_verdict {
	FRAME_QUERY,   /* UDP/53 for a service address, to our MAC address */
	FRAME_SHORT,   /* shorter than the lengths in its headers, or these contradict each other */
	FRAME_FOREIGN, /* anything that this fast path does not answer: also queries with IP options,
			* in fragments or behind extension headers, which are the kernel's */
	FRAME_CHECKSUM, /* checksum of the IPv4 header or of UDP wrong, or missing in IPv6 */
};

/* What the port has found out about a frame's checksums; bits, 0: nothing. */
enum frame_checksums {
	FRAME_IP_GOOD = 1,  /* the IPv4 header's need not be verified */
	FRAME_UDP_GOOD = 2, /* nor UDP's */
	FRAME_UDP_BAD = 4,
	/* The sender may have left UDP's to an adapter that the frame never met: then the field
	 * holds the sum of the pseudo header alone. */
	FRAME_UDP_UNFINISHED = 8,
};

/* Where the layers of a query lie. */
struct frame {
	uint8_t *bytes; /* Ethernet header */
	uint16_t l3;    /* IP header: offset from bytes */
	uint16_t l4;    /* UDP header */
	uint16_t dns;   /* DNS message: an even number of bytes behind the UDP header's start */
	uint16_t len;   /* bytes of the DNS message, without Ethernet padding */
	uint16_t port;  /* client's UDP port, host byte order */
	bool ipv6;
	uint64_t addresses; /* checksum_words() of both IP addresses: the same for the reply */
};

/*
 * Looks for a query in the `len` bytes at `bytes`, behind at most two VLAN tags (IEEE 802.1Q and
 * 802.1ad). Of the `room` bytes there, which are no fewer, those behind the frame may be read as well,
 * whatever they are. `station` is the port's, `checksums` of enum frame_checksums. Fills `frame` if the verdict
 * is FRAME_QUERY.
 */
enum frame_verdict frame_parse(struct frame *frame, uint8_t *bytes, uint32_t len, uint32_t room,
	const struct frame_services *services, const struct frame_station *station,
	unsigned checksums);

/* The client's address in network byte order: of an IPv4 client the first 4 bytes are written. */
void frame_client(const struct frame *frame, uint8_t client[16]);

/*
 * Turns the headers of a query around for the `reply_len` bytes of reply that stand in the place of
 * the query; `sum` is their RFC 1071 sum as big-endian words, folded. VLAN tags stay. Returns the
 * length of the whole frame. Checksums are complete in it: nothing is left to an offload.
 */
uint16_t frame_reply(const struct frame *frame, uint16_t reply_len, uint16_t sum);
