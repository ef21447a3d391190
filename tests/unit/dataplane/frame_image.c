#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_image.h"

const struct kind kinds[] = {
	{"IPv4", false, 0},
	{"IPv4, one tag", false, 1},
	{"IPv4, two tags", false, 2},
	{"IPv6", true, 0},
	{"IPv6, one tag", true, 1},
	{"IPv6, two tags", true, 2},
};
_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == KINDS, "all");

struct frame_services services;
struct frame_station station;

static const uint8_t ethernet[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

int frame_image_services(void **state)
{
	(void)state;
	station = frame_station(ethernet);
	return frame_services_add(&services, "198.51.100.54")
		| frame_services_add(&services, "198.51.100.53")
		| frame_services_add(&services, "2001:db8::54")
		| frame_services_add(&services, "2001:db8::53");
}

unsigned l3_of(const struct kind *kind)
{
	return ETHERNET + kind->tags * TAG;
}

unsigned l4_of(const struct kind *kind)
{
	return l3_of(kind) + (kind->ipv6 ? 40 : 20);
}

unsigned headers_of(const struct kind *kind)
{
	return l4_of(kind) + UDP;
}

void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

unsigned sum(unsigned start, const uint8_t *bytes, size_t len)
{
	unsigned long total = start;

	for (size_t i = 0; i < len; i += 2)
		total += (unsigned)(bytes[i] << 8) + (i + 1 < len ? bytes[i + 1] : 0);
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return (unsigned)total;
}

unsigned udp_sum(const struct kind *kind, const uint8_t *f, unsigned len)
{
	const uint8_t *addresses = f + l3_of(kind) + (kind->ipv6 ? 8 : 12);

	return sum(sum(17 + len, addresses, kind->ipv6 ? 32 : 8), f + l4_of(kind), len);
}

void fix_header_checksum(const struct kind *kind, uint8_t *f)
{
	uint8_t *ip = f + l3_of(kind);

	if (kind->ipv6)
		return;
	put16(ip + 10, 0);
	put16(ip + 10, ~sum(0, ip, 20) & 0xffff);
}

void fix_udp_checksum(const struct kind *kind, uint8_t *f)
{
	uint8_t *udp = f + l4_of(kind);

	put16(udp + 6, 0);
	const unsigned checksum = ~udp_sum(kind, f, get16(udp + 4)) & 0xffff;
	put16(udp + 6, checksum == 0 ? 0xffff : checksum);
}

static void write_ip(const struct kind *kind, uint8_t *ip, unsigned payload)
{
	static const uint8_t ipv4[20] = {0x45, 0x28, 0, 0, 0x12, 0x34, 0x40, 0, 0x37, 17, 0, 0, 192,
		0, 2, 1, 198, 51, 100, 53};
	static const uint8_t ipv6[40] = {0x6b, 0x81, 0x23, 0x45, 0, 0, 17, 0x37, 0x20, 0x01, 0x0d,
		0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0x53};

	if (kind->ipv6) {
		memcpy(ip, ipv6, sizeof(ipv6));
		put16(ip + 4, payload);
	} else {
		memcpy(ip, ipv4, sizeof(ipv4));
		put16(ip + 2, (unsigned)sizeof(ipv4) + payload);
	}
}

uint8_t *make_frame(const struct kind *kind, size_t len)
{
	const unsigned types[] = {0x8100, 0x88a8};
	uint8_t *f = malloc(headers_of(kind) + len);
	unsigned at = sizeof(ethernet);

	assert_non_null(f);
	memset(f, 0xee, headers_of(kind) + len);
	memcpy(f, ethernet, sizeof(ethernet));
	for (unsigned tags = kind->tags; tags > 0; tags--, at += TAG) {
		put16(f + at, types[tags - 1]); /* the outer of two is 802.1ad's */
		put16(f + at + 2, 0xa000 + tags);
	}
	put16(f + at, kind->ipv6 ? 0x86dd : 0x0800);
	write_ip(kind, f + l3_of(kind), (unsigned)(UDP + len));
	fix_header_checksum(kind, f);
	uint8_t *udp = f + l4_of(kind);
	put16(udp, 40000);
	put16(udp + 2, 53);
	put16(udp + 4, (unsigned)(UDP + len));
	fix_udp_checksum(kind, f);
	return f;
}

enum frame_verdict parse(struct frame *frame, uint8_t *f, size_t len)
{
	const enum frame_verdict verdict
		= frame_parse(frame, f, (uint32_t)len, (uint32_t)len, &services, &station, 0);
	/* In a buffer with room behind the frame it is read in another way, with the same outcome. */
	const size_t room = len + 200;
	uint8_t *roomy = malloc(room);
	struct frame other;

	assert_non_null(roomy);
	memset(roomy, 0xee, room);
	memcpy(roomy, f, len);
	assert_int_equal(
		frame_parse(&other, roomy, (uint32_t)len, (uint32_t)room, &services, &station, 0),
		verdict);
	if (verdict == FRAME_QUERY) {
		assert_int_equal(other.addresses, frame->addresses);
		assert_int_equal(other.dns, frame->dns);
		assert_int_equal(other.len, frame->len);
		assert_int_equal(other.port, frame->port);
	}
	free(roomy);
	return verdict;
}
