#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame.h"

#define ETHERNET 14
#define IPV4 20
#define UDP 8
#define HEADERS (ETHERNET + IPV4 + UDP)
#define SERVICE 0xc6336435 /* 198.51.100.53 */
#define CLIENT 0xc0000201  /* 192.0.2.1 */

static const struct frame_services services = {.address = {0xc6336436, SERVICE}, .count = 2};

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

/* RFC 1071 as it is written there: byte pairs, an odd byte padded. */
static unsigned sum(unsigned start, const uint8_t *bytes, size_t len)
{
	unsigned long total = start;

	for (size_t i = 0; i < len; i += 2)
		total += (unsigned)(bytes[i] << 8) + (i + 1 < len ? bytes[i + 1] : 0);
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return (unsigned)total;
}

/* A good query frame with `len` bytes of DNS, in a buffer of just its size that ASan guards. */
static uint8_t *make_frame(size_t len)
{
	static const uint8_t ethernet[ETHERNET] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00};
	static const uint8_t ipv4[12] = {0x45, 0x28, 0, 0, 0x12, 0x34, 0x40, 0x00, 0x37, 17, 0, 0};
	uint8_t *f = malloc(HEADERS + len);

	assert_non_null(f);
	memset(f, 0xee, HEADERS + len);
	memcpy(f, ethernet, sizeof(ethernet));
	uint8_t *ip = f + ETHERNET;
	memcpy(ip, ipv4, sizeof(ipv4));
	put16(ip + 2, (unsigned)(IPV4 + UDP + len));
	put32(ip + 12, CLIENT);
	put32(ip + 16, SERVICE);
	put16(ip + 10, ~sum(0, ip, IPV4) & 0xffff);
	put16(ip + IPV4, 40000);
	put16(ip + IPV4 + 2, 53);
	put16(ip + IPV4 + 4, (unsigned)(UDP + len));
	put16(ip + IPV4 + 6, 0xbeef); /* unfinished, as on a veth */
	return f;
}

/* After a change in the IPv4 header. */
static void fix_checksum(uint8_t *f)
{
	put16(f + ETHERNET + 10, 0);
	put16(f + ETHERNET + 10, ~sum(0, f + ETHERNET, IPV4) & 0xffff);
}

static void test_query(void **state)
{
	struct frame frame;
	uint8_t *f = make_frame(40);

	(void)state;
	assert_int_equal(frame_parse(&frame, f, HEADERS + 40, &services), FRAME_QUERY);
	assert_ptr_equal(frame.bytes, f);
	assert_int_equal(frame.l3, ETHERNET);
	assert_int_equal(frame.l4, ETHERNET + IPV4);
	assert_int_equal(frame.dns, HEADERS);
	assert_int_equal(frame.len, 40);
	assert_int_equal(frame.port, 40000);
	free(f);
}

/* Cut off at every length: short, and nothing behind the end is read (ASan). */
static void test_truncated(void **state)
{
	uint8_t *whole = make_frame(40);

	(void)state;
	for (size_t len = 0; len < HEADERS + 40; len++) {
		struct frame frame;
		uint8_t *f = malloc(len + (len == 0));

		assert_non_null(f);
		memcpy(f, whole, len);
		assert_int_equal(frame_parse(&frame, f, (uint32_t)len, &services), FRAME_SHORT);
		free(f);
	}
	free(whole);
}

/* Ethernet padding, and UDP that ends before IP does: the message ends where UDP says. */
static void test_padding(void **state)
{
	struct frame frame;
	uint8_t *f = make_frame(40);

	(void)state;
	put16(f + ETHERNET + 2, IPV4 + UDP + 12);
	put16(f + ETHERNET + IPV4 + 4, UDP + 12);
	fix_checksum(f);
	assert_int_equal(frame_parse(&frame, f, HEADERS + 40, &services), FRAME_QUERY);
	assert_int_equal(frame.len, 12);
	put16(f + ETHERNET + 2, IPV4 + UDP + 20);
	fix_checksum(f);
	assert_int_equal(frame_parse(&frame, f, HEADERS + 40, &services), FRAME_QUERY);
	assert_int_equal(frame.len, 12);
	free(f);
}

/* One byte or two of a good frame changed. */
static const struct {
	const char *what;
	unsigned at, width;
	unsigned value;
	enum frame_verdict verdict;
	bool checksum_fixed;
} changes[] = {
	{"ARP", 12, 2, 0x0806, FRAME_FOREIGN, false},
	{"IPv6", 12, 2, 0x86dd, FRAME_FOREIGN, false},
	{"VLAN", 12, 2, 0x8100, FRAME_FOREIGN, false},
	{"802.3 length", 12, 2, 0x0040, FRAME_FOREIGN, false},
	{"group destination", 0, 1, 0x01, FRAME_FOREIGN, false},
	{"group source", 6, 1, 0x03, FRAME_FOREIGN, false},
	{"version 6", ETHERNET, 1, 0x65, FRAME_FOREIGN, true},
	{"header of 4 words", ETHERNET, 1, 0x44, FRAME_FOREIGN, true},
	{"options", ETHERNET, 1, 0x46, FRAME_FOREIGN, true},
	{"total length 27", ETHERNET + 2, 2, 27, FRAME_SHORT, true},
	{"total length 28, but more in UDP", ETHERNET + 2, 2, 28, FRAME_SHORT, true},
	{"total length one over", ETHERNET + 2, 2, IPV4 + UDP + 41, FRAME_SHORT, true},
	{"total length exact", ETHERNET + 2, 2, IPV4 + UDP + 40, FRAME_QUERY, true},
	{"total length 65535", ETHERNET + 2, 2, 0xffff, FRAME_SHORT, true},
	{"more fragments", ETHERNET + 6, 2, 0x2000, FRAME_FOREIGN, true},
	{"fragment offset", ETHERNET + 6, 2, 0x0001, FRAME_FOREIGN, true},
	{"evil bit", ETHERNET + 6, 2, 0x8000, FRAME_QUERY, true},
	{"no DF", ETHERNET + 6, 2, 0x0000, FRAME_QUERY, true},
	{"TCP", ETHERNET + 9, 1, 6, FRAME_FOREIGN, true},
	{"wrong checksum", ETHERNET + 10, 2, 0x1111, FRAME_CHECKSUM, false},
	{"source 0.0.0.0/8", ETHERNET + 12, 1, 0, FRAME_FOREIGN, true},
	{"source 1.0.0.0/8", ETHERNET + 12, 1, 1, FRAME_QUERY, true},
	{"source 127/8", ETHERNET + 12, 1, 127, FRAME_FOREIGN, true},
	{"source 223/8", ETHERNET + 12, 1, 223, FRAME_QUERY, true},
	{"source 224/8", ETHERNET + 12, 1, 224, FRAME_FOREIGN, true},
	{"source 255/8", ETHERNET + 12, 1, 255, FRAME_FOREIGN, true},
	{"another destination", ETHERNET + 19, 1, 0x37, FRAME_FOREIGN, true},
	{"the other service address", ETHERNET + 19, 1, 0x36, FRAME_QUERY, true},
	{"port 54", ETHERNET + IPV4 + 2, 2, 54, FRAME_FOREIGN, false},
	{"UDP length 0", ETHERNET + IPV4 + 4, 2, 0, FRAME_SHORT, false},
	{"UDP length 7", ETHERNET + IPV4 + 4, 2, 7, FRAME_SHORT, false},
	{"UDP length 8", ETHERNET + IPV4 + 4, 2, 8, FRAME_QUERY, false},
	{"UDP length exact", ETHERNET + IPV4 + 4, 2, UDP + 40, FRAME_QUERY, false},
	{"UDP length one over", ETHERNET + IPV4 + 4, 2, UDP + 41, FRAME_SHORT, false},
	{"UDP checksum 0", ETHERNET + IPV4 + 6, 2, 0, FRAME_QUERY, false},
};

static void test_verdicts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct frame frame;
		uint8_t *f = make_frame(40);

		if (changes[i].width == 1)
			f[changes[i].at] = (uint8_t)changes[i].value;
		else
			put16(f + changes[i].at, changes[i].value);
		if (changes[i].checksum_fixed)
			fix_checksum(f);
		const enum frame_verdict verdict = frame_parse(&frame, f, HEADERS + 40, &services);
		if (verdict != changes[i].verdict)
			fail_msg("%s: verdict %d", changes[i].what, (int)verdict);
		free(f);
	}
}

/* Every single bit error in the IPv4 header that leaves it ours is found. */
static void test_checksum_finds_bit_errors(void **state)
{
	uint8_t *f = make_frame(40);

	(void)state;
	for (unsigned bit = 0; bit < IPV4 * 8; bit++) {
		struct frame frame;

		f[ETHERNET + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(frame_parse(&frame, f, HEADERS + 40, &services), FRAME_QUERY);
		f[ETHERNET + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(f);
}

static void test_no_services(void **state)
{
	const struct frame_services none = {.count = 0};
	struct frame frame;
	uint8_t *f = make_frame(40);

	(void)state;
	assert_int_equal(frame_parse(&frame, f, HEADERS + 40, &none), FRAME_FOREIGN);
	free(f);
}

/* Both checksums of a reply, from scratch over its bytes. */
static void check_checksums(const uint8_t *f, size_t payload)
{
	const uint8_t *ip = f + ETHERNET, *udp = ip + IPV4;

	assert_int_equal(sum(0, ip, IPV4), 0xffff);
	const unsigned pseudo = sum(17 + (unsigned)(UDP + payload), ip + 12, 8);
	assert_int_equal(sum(pseudo, udp, UDP + payload), 0xffff);
	assert_int_not_equal(get16(udp + 6), 0); /* would mean: no checksum */
}

static void test_reply(void **state)
{
	struct frame frame;
	uint8_t *f = make_frame(1232);

	(void)state;
	assert_int_equal(frame_parse(&frame, f, HEADERS + 1232, &services), FRAME_QUERY);
	const uint16_t len = frame_reply(&frame, 100, (uint16_t)sum(0, f + HEADERS, 100));
	assert_int_equal(len, HEADERS + 100);
	assert_memory_equal(
		f, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00", ETHERNET);
	const uint8_t *ip = f + ETHERNET;
	assert_memory_equal(ip, "\x45\x00\x00\x80\x00\x00\x40\x00\x40\x11", 10);
	assert_memory_equal(ip + 12, "\xc6\x33\x64\x35\xc0\x00\x02\x01", 8);
	assert_int_equal(get16(ip + IPV4), 53);
	assert_int_equal(get16(ip + IPV4 + 2), 40000);
	assert_int_equal(get16(ip + IPV4 + 4), UDP + 100);
	check_checksums(f, 100);
	free(f);
}

/* Every length, odd ones included, with contents that reach the carries. */
static void test_checksum_property(void **state)
{
	uint32_t random = 1;
	uint8_t *f = make_frame(1232);
	uint8_t query[HEADERS];

	(void)state;
	memcpy(query, f, HEADERS);
	for (uint16_t len = 12; len <= 1232; len++) {
		struct frame frame;

		memcpy(f, query, HEADERS);
		for (unsigned i = 0; i < len; i++) {
			random = random * 1664525 + 1013904223;
			f[HEADERS + i] = len % 7 == 0 ? 0xff : (uint8_t)(random >> 24);
		}
		put16(f + ETHERNET + IPV4, random >> 16); /* client's port */
		assert_int_equal(frame_parse(&frame, f, HEADERS + 1232, &services), FRAME_QUERY);
		assert_int_equal(frame_reply(&frame, len, (uint16_t)sum(0, f + HEADERS, len)),
			HEADERS + len);
		check_checksums(f, len);
	}
	free(f);
}

/* A payload whose sum makes the checksum 0: it goes out as 0xffff, RFC 768. */
static void test_checksum_zero(void **state)
{
	struct frame frame;
	uint8_t *f = make_frame(12);

	(void)state;
	memset(f + HEADERS, 0, 12);
	assert_int_equal(frame_parse(&frame, f, HEADERS + 12, &services), FRAME_QUERY);
	(void)frame_reply(&frame, 12, 0);
	/* With the checksum as the payload's sum, the total is all ones. */
	const unsigned checksum = get16(f + ETHERNET + IPV4 + 6);
	free(f);

	f = make_frame(12);
	memset(f + HEADERS, 0, 12);
	put16(f + HEADERS, checksum);
	assert_int_equal(frame_parse(&frame, f, HEADERS + 12, &services), FRAME_QUERY);
	(void)frame_reply(&frame, 12, (uint16_t)checksum);
	assert_int_equal(get16(f + ETHERNET + IPV4 + 6), 0xffff);
	check_checksums(f, 12);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_checksum_finds_bit_errors),
		cmocka_unit_test(test_no_services),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_checksum_property),
		cmocka_unit_test(test_checksum_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
