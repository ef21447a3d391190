/*
 * Default names: a region's template, compiled once, then expanded for an address into a name on
 * the wire.
 */
#pragma once

#include <stdint.h>

#include <ptrd/directory.h>

#define TEMPLATE_ERROR_SIZE 256 /* bytes that an error text takes at most, NUL included */

/*
 * What follows a piece of text in a compiled template. Text holds no dot and no token a dot either,
 * so labels end at DNS_DOT only.
 */
enum dns_token {
	DNS_NOTHING, /* more text */
	DNS_DOT,
	DNS_OCTET,    /* one octet in decimal */
	DNS_ADDRESS,  /* 203-0-113-7 */
	DNS_REVERSE,  /* 7-113-0-203 */
	DNS_ADDRESS6, /* 2001-0db8-0000-0000-0000-0000-0000-0007 */
	DNS_REVERSE6, /* 0007-0000-0000-0000-0000-0000-0db8-2001 */
};
#define DNS_TEMPLATE_PARTS_MAX 32

/* Texts are copied in blocks of this many bytes: of a fixed size, a copy is one load and one store. */
#define DNS_TEMPLATE_BLOCK 16
/* Bytes behind a name that an expansion may overwrite. */
#define DNS_TEMPLATE_SLACK (DNS_TEMPLATE_BLOCK - 1)

struct dns_template_part {
	uint8_t token;       /* enum dns_token */
	uint8_t shift;       /* DNS_OCTET: of the address, for its octet to be the lowest */
	uint16_t start, len; /* slice of dns_template.text: the text before the token */
};

struct dns_template {
	struct dns_template_part parts[DNS_TEMPLATE_PARTS_MAX]; /* the labels that hold tokens */
	unsigned count;
	/* The suffix in its place; the last block is whole. */
	char text[PTRD_TEMPLATE_MAX + PTRD_NAME_WIRE_MAX + 1 + DNS_TEMPLATE_SLACK];
	/* The labels behind the last token, on the wire: the same for every address. */
	uint8_t tail[PTRD_NAME_WIRE_MAX + DNS_TEMPLATE_SLACK];
	uint8_t tail_len;
};

/*
 * Compiles `text` (tokens: see default_name in directory.h) with `suffix` (an absolute name, its
 * last dot optional). Accepts only what gives a valid host name for every IPv4 address: letters,
 * digits and hyphens, no hyphen at a label's ends, labels of 1 to 63 bytes, at most 255 bytes in
 * all with octets of three digits. Returns 0, or -EINVAL with `error` (TEMPLATE_ERROR_SIZE bytes)
 * naming the field, its value and the rule; `compiled` is then undefined.
 */
int dns_template_compile(
	struct dns_template *compiled, const char *text, const char *suffix, char *error);

/* The same for IPv6 addresses: tokens {address}, {reverse} and {suffix}, field default_name6. */
int dns_template_compile6(
	struct dns_template *compiled, const char *text, const char *suffix, char *error);

/*
 * Writes the name of `address` (IPv4 in host byte order, IPv6 in network order) to `wire`
 * (PTRD_NAME_WIRE_MAX + DNS_TEMPLATE_SLACK bytes): uncompressed, its root label included. The template was compiled for
 * that family. Returns its length. Any thread.
 */
unsigned dns_template_expand(const struct dns_template *compiled, uint32_t address, uint8_t *wire);
unsigned dns_template_expand6(
	const struct dns_template *compiled, const uint8_t address[16], uint8_t *wire);

/* Writes an octet in decimal to `at` (3 bytes). Returns its length. */
unsigned dns_put_octet(uint8_t *at, uint8_t octet);
