/*
 * A packet socket on an interface, and frames made by hand for the server behind it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 2048
#define UDP 8

struct link {
	int fd;
	uint8_t ethernet[12];     /* destination and source */
	uint8_t addresses[2][32]; /* source and destination, by family: IPv4, IPv6 */
};

/* Names of what link_open() takes, for a usage. */
#define LINK_ARGUMENTS "INTERFACE SERVER_MAC CLIENT4 SERVICE4 CLIENT6 SERVICE6"
#define LINK_ARGUMENTS_COUNT 6

/* Tells on standard error what is wrong, if it fails. */
bool link_open(struct link *link, char **arguments);

bool link_send(const struct link *link, const uint8_t *f, size_t len);

void put16(uint8_t *at, unsigned value);
unsigned get16(const uint8_t *at);

/* RFC 1071 */
unsigned sum(unsigned total, const uint8_t *bytes, size_t len);

/* Writes an IP header of that family, without options, for `len` bytes of `protocol` behind it. Returns
 * where these go. */
uint8_t *link_write_ip(
	const struct link *link, bool ipv6, uint8_t protocol, unsigned len, uint8_t *ip);

/* Sum of what `payload`, behind an IP header of that family, is checked with: 0xffff when it is right. */
unsigned link_payload_sum(bool ipv6, uint8_t protocol, unsigned len, const uint8_t *payload);
