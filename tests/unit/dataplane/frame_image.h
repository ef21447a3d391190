/*
 * Frames with a query, of every kind that is answered, and the checksums of any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame.h"

#define ETHERNET 14
#define TAG 4
#define UDP 8
#define DNS 40 /* bytes of message, where a test does not say otherwise */

/* Kinds of frames that are answered. */
struct kind {
	const char *what;
	bool ipv6;
	unsigned tags;
};

extern const struct kind kinds[];
#define KINDS 6
#define IPV4 (&kinds[0])
#define IPV6 (&kinds[3])

/* Two of each family, 198.51.100.53 and 2001:db8::53 being what the frames ask. */
extern struct frame_services services;

/* Whom they are for. */
extern struct frame_station station;

/* Fills these: a set-up of a group of tests. */
int frame_image_services(void **state);

/* Offsets of the IP header, the UDP header, the message. */
unsigned l3_of(const struct kind *kind);
unsigned l4_of(const struct kind *kind);
unsigned headers_of(const struct kind *kind);

void put16(uint8_t *at, unsigned value);
unsigned get16(const uint8_t *at);

/* RFC 1071 as it is written there: byte pairs, an odd byte padded. */
unsigned sum(unsigned start, const uint8_t *bytes, size_t len);

/* Of the UDP datagram of `len` bytes, its header included, with its pseudo header. */
unsigned udp_sum(const struct kind *kind, const uint8_t *f, unsigned len);

/* After a change in the frame: what the sender would have written. */
void fix_header_checksum(const struct kind *kind, uint8_t *f);
void fix_udp_checksum(const struct kind *kind, uint8_t *f);

/* A good query frame with `len` bytes of DNS, in a buffer of just its size that ASan guards; to be
 * freed. */
uint8_t *make_frame(const struct kind *kind, size_t len);

/* frame_parse() without any knowledge of checksums. */
enum frame_verdict parse(struct frame *frame, uint8_t *f, size_t len);
