#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_image.h"

static void test_services(void **state)
{
	struct frame_services some = {0};

	(void)state;
	assert_int_equal(frame_services_add(&some, "192.0.2"), -EINVAL);
	assert_int_equal(frame_services_add(&some, "2001:db8::1/128"), -EINVAL);
	assert_int_equal(frame_services_add(&some, ""), -EINVAL);
	for (unsigned i = 0; i < FRAME_SERVICES_MAX; i++) {
		assert_int_equal(frame_services_add(&some, "192.0.2.1"), 0);
		assert_int_equal(frame_services_add(&some, "2001:db8::1"), 0);
	}
	assert_int_equal(frame_services_add(&some, "192.0.2.1"), -ENOSPC);
	assert_int_equal(frame_services_add(&some, "2001:db8::1"), -ENOSPC);
	assert_int_equal(some.ipv4[0], 0xc0000201);
	assert_memory_equal(&some.ipv6[0], "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
}

static void test_query(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		uint8_t *f = make_frame(kind, DNS), client[16] = {0};
		struct frame frame;

		assert_int_equal(parse(&frame, f, headers_of(kind) + DNS), FRAME_QUERY);
		assert_ptr_equal(frame.bytes, f);
		assert_int_equal(frame.l3, l3_of(kind));
		assert_int_equal(frame.l4, l4_of(kind));
		assert_int_equal(frame.dns, headers_of(kind));
		assert_int_equal(frame.len, DNS);
		assert_int_equal(frame.port, 40000);
		assert_int_equal(frame.ipv6, kind->ipv6);
		frame_client(&frame, client);
		assert_memory_equal(client,
			kind->ipv6 ? "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\1"
				   : "\xc0\0\2\1\0\0\0\0\0\0\0\0\0\0\0",
			16);
		free(f);
	}
}

/* Cut off at every length: short, and nothing behind the end is read (ASan). */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		uint8_t *whole = make_frame(&kinds[i], DNS);

		for (size_t len = 0; len < headers_of(&kinds[i]) + DNS; len++) {
			struct frame frame;
			uint8_t *f = malloc(len + (len == 0));

			assert_non_null(f);
			memcpy(f, whole, len);
			assert_int_equal(parse(&frame, f, len), FRAME_SHORT);
			free(f);
		}
		free(whole);
	}
}

/* Sets the length in the IP header so that `payload` bytes follow it. */
static void set_payload(const struct kind *kind, uint8_t *f, unsigned payload)
{
	put16(f + l3_of(kind) + (kind->ipv6 ? 4 : 2), payload + (kind->ipv6 ? 0 : 20));
	fix_header_checksum(kind, f);
}

/* Ethernet padding, and UDP that ends before IP does: the message ends where UDP says. */
static void test_padding(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		uint8_t *f = make_frame(kind, DNS);
		struct frame frame;

		put16(f + l4_of(kind) + 4, UDP + 12);
		fix_udp_checksum(kind, f);
		for (unsigned payload = UDP + 12; payload <= UDP + DNS; payload++) {
			set_payload(kind, f, payload);
			assert_int_equal(parse(&frame, f, headers_of(kind) + DNS), FRAME_QUERY);
			assert_int_equal(frame.len, 12);
		}
		free(f);
	}
}

/* Lengths in the IP and UDP headers, around those that hold. */
static void test_lengths(void **state)
{
	static const struct {
		unsigned payload, udp; /* announced, of UDP + DNS bytes that are there */
		enum frame_verdict verdict;
	} cases[] = {
		{UDP - 1, UDP, FRAME_SHORT},
		{UDP, UDP, FRAME_QUERY},
		{UDP, UDP - 1, FRAME_SHORT},
		{UDP, UDP + 1, FRAME_SHORT},
		{UDP, 0, FRAME_SHORT},
		{UDP + DNS, UDP + DNS, FRAME_QUERY},
		{UDP + DNS, UDP + DNS + 1, FRAME_SHORT},
		{UDP + DNS, 65535, FRAME_SHORT},
		{UDP + DNS + 1, UDP + DNS, FRAME_SHORT},
		{UDP + DNS + 1, UDP + DNS + 1, FRAME_SHORT},
		{65515, UDP + DNS, FRAME_SHORT},
		{0, UDP, FRAME_SHORT},
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			const struct kind *kind = &kinds[i];
			uint8_t *f = make_frame(kind, DNS);
			struct frame frame;

			set_payload(kind, f, cases[c].payload);
			put16(f + l4_of(kind) + 4, cases[c].udp);
			if (cases[c].udp >= UDP && cases[c].udp <= UDP + DNS)
				fix_udp_checksum(kind, f);
			const enum frame_verdict verdict = parse(&frame, f, headers_of(kind) + DNS);
			if (verdict != cases[c].verdict)
				fail_msg("%s, case %zu: verdict %d", kind->what, c, (int)verdict);
			free(f);
		}
}

/* One byte or two of a good frame changed, the checksums right for the change. */
struct change {
	const char *what;
	unsigned at, width;
	unsigned value;
	enum frame_verdict verdict;
};

static void check_changes(
	const struct kind *kind, const struct change *changes, size_t count, unsigned from)
{
	for (size_t i = 0; i < count; i++) {
		struct frame frame;
		uint8_t *f = make_frame(kind, DNS);
		uint8_t *at = f + from + changes[i].at;

		if (changes[i].width == 1)
			*at = (uint8_t)changes[i].value;
		else
			put16(at, changes[i].value);
		fix_header_checksum(kind, f);
		fix_udp_checksum(kind, f);
		const enum frame_verdict verdict = parse(&frame, f, headers_of(kind) + DNS);
		if (verdict != changes[i].verdict)
			fail_msg("%s, %s: verdict %d", kind->what, changes[i].what, (int)verdict);
		free(f);
	}
}
#define CHECK_CHANGES(kind, changes, from)                                                         \
	check_changes(kind, changes, sizeof(changes) / sizeof((changes)[0]), from)

static void test_ethernet(void **state)
{
	static const struct change changes[] = {
		{"ARP", 12, 2, 0x0806, FRAME_FOREIGN},
		{"MPLS", 12, 2, 0x8847, FRAME_FOREIGN},
		{"tag of an unknown kind", 12, 2, 0x9100, FRAME_FOREIGN},
		{"802.3 length", 12, 2, 0x0040, FRAME_FOREIGN},
		{"group destination", 0, 1, 0x01, FRAME_FOREIGN},
		{"broadcast", 0, 1, 0xff, FRAME_FOREIGN},
		{"group source", 6, 1, 0x03, FRAME_FOREIGN},
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		CHECK_CHANGES(&kinds[i], changes, 0);
}

/* Bytes of both addresses, at the station of the frames and at any. */
static void test_stations(void **state)
{
	const struct frame_station any = frame_any_station();
	static const struct {
		unsigned at; /* 0 to 5: destination, 6 to 11: source */
		uint8_t flipped;
		enum frame_verdict own, any;
	} cases[] = {
		{0, 0, FRAME_QUERY, FRAME_QUERY},
		{0, 0x01, FRAME_FOREIGN, FRAME_FOREIGN}, /* a group */
		{0, 0x02, FRAME_FOREIGN, FRAME_QUERY},
		{0, 0x80, FRAME_FOREIGN, FRAME_QUERY},
		{1, 0x01, FRAME_FOREIGN, FRAME_QUERY},
		{2, 0x80, FRAME_FOREIGN, FRAME_QUERY},
		{3, 0x01, FRAME_FOREIGN, FRAME_QUERY},
		{4, 0x10, FRAME_FOREIGN, FRAME_QUERY},
		{5, 0x01, FRAME_FOREIGN, FRAME_QUERY},
		{5, 0x80, FRAME_FOREIGN, FRAME_QUERY},
		{6, 0x01, FRAME_FOREIGN, FRAME_FOREIGN},
		{6, 0xfe, FRAME_QUERY, FRAME_QUERY},
		{7, 0xff, FRAME_QUERY, FRAME_QUERY},
		{11, 0xff, FRAME_QUERY, FRAME_QUERY},
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			uint8_t *f = make_frame(&kinds[i], DNS);
			const uint32_t len = headers_of(&kinds[i]) + DNS;
			struct frame frame;

			f[cases[c].at] ^= cases[c].flipped;
			if (parse(&frame, f, len) != cases[c].own)
				fail_msg("%s, own station, case %zu", kinds[i].what, c);
			if (frame_parse(&frame, f, len, len, &services, &any, 0) != cases[c].any)
				fail_msg("%s, any station, case %zu", kinds[i].what, c);
			free(f);
		}
}

/* Any order and kind of two tags, and what follows them; three are not the fast path's. */
static void test_tags(void **state)
{
	static const struct change changes[] = {
		{"outer 802.1Q", 12, 2, 0x8100, FRAME_QUERY},
		{"inner 802.1ad", 16, 2, 0x88a8, FRAME_QUERY},
		{"priority tag", 14, 2, 0xe000, FRAME_QUERY},
		{"ARP in tags", 20, 2, 0x0806, FRAME_FOREIGN},
	};
	static const struct kind three = {"three tags", false, 3};
	struct frame frame;

	(void)state;
	CHECK_CHANGES(&kinds[2], changes, 0);
	CHECK_CHANGES(&kinds[5], changes, 0);
	uint8_t *f = make_frame(&kinds[2], DNS + TAG);
	memmove(f + 16, f + 12, headers_of(&kinds[2]) + DNS - 12);
	assert_int_equal(parse(&frame, f, headers_of(&three) + DNS), FRAME_FOREIGN);
	free(f);
}

static void test_ipv4(void **state)
{
	static const struct change changes[] = {
		{"version 6", 0, 1, 0x65, FRAME_FOREIGN},
		{"header of 4 words", 0, 1, 0x44, FRAME_FOREIGN},
		{"options", 0, 1, 0x46, FRAME_FOREIGN},
		{"more fragments", 6, 2, 0x2000, FRAME_FOREIGN},
		{"fragment offset", 6, 2, 0x0001, FRAME_FOREIGN},
		{"evil bit", 6, 2, 0x8000, FRAME_QUERY},
		{"no DF", 6, 2, 0x0000, FRAME_QUERY},
		{"TCP", 9, 1, 6, FRAME_FOREIGN},
		{"UDP-Lite", 9, 1, 136, FRAME_FOREIGN},
		{"source 0.0.0.0/8", 12, 1, 0, FRAME_FOREIGN},
		{"source 1.0.0.0/8", 12, 1, 1, FRAME_QUERY},
		{"source 127/8", 12, 1, 127, FRAME_FOREIGN},
		{"source 223/8", 12, 1, 223, FRAME_QUERY},
		{"source 224/8", 12, 1, 224, FRAME_FOREIGN},
		{"source 255/8", 12, 1, 255, FRAME_FOREIGN},
		{"another destination", 19, 1, 0x37, FRAME_FOREIGN},
		{"the other service address", 19, 1, 0x36, FRAME_QUERY},
		{"port 54", 20 + 2, 2, 54, FRAME_FOREIGN},
		{"port 53 as source", 20, 2, 53, FRAME_QUERY},
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		if (!kinds[i].ipv6)
			CHECK_CHANGES(&kinds[i], changes, l3_of(&kinds[i]));
}

static void test_ipv6(void **state)
{
	static const struct change changes[] = {
		{"version 4", 0, 1, 0x4b, FRAME_FOREIGN},
		{"version 7", 0, 1, 0x7b, FRAME_FOREIGN},
		{"other flow label", 2, 2, 0xffff, FRAME_QUERY},
		{"hop-by-hop options", 6, 1, 0, FRAME_FOREIGN},
		{"routing header", 6, 1, 43, FRAME_FOREIGN},
		{"fragment", 6, 1, 44, FRAME_FOREIGN},
		{"destination options", 6, 1, 60, FRAME_FOREIGN},
		{"no next header", 6, 1, 59, FRAME_FOREIGN},
		{"TCP", 6, 1, 6, FRAME_FOREIGN},
		{"ICMPv6", 6, 1, 58, FRAME_FOREIGN},
		{"hop limit 0", 7, 1, 0, FRAME_QUERY}, /* it has arrived */
		{"multicast source", 8, 1, 0xff, FRAME_FOREIGN},
		{"link-local source", 8, 2, 0xfe80, FRAME_QUERY},
		{"another destination", 39, 1, 0x55, FRAME_FOREIGN},
		{"another destination's prefix", 24, 1, 0x21, FRAME_FOREIGN},
		{"the other service address", 39, 1, 0x54, FRAME_QUERY},
		{"port 54", 40 + 2, 2, 54, FRAME_FOREIGN},
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].ipv6)
			CHECK_CHANGES(&kinds[i], changes, l3_of(&kinds[i]));
}

/* Sources that stand for no host: RFC 4291 sections 2.5.2, 2.5.3 and 2.5.5.2. */
static void test_ipv6_martians(void **state)
{
	static const struct {
		const char *address; /* its last 8 bytes, behind zeroes */
		enum frame_verdict verdict;
	} cases[] = {
		{"\0\0\0\0\0\0\0\0", FRAME_FOREIGN},
		{"\0\0\0\0\0\0\0\1", FRAME_FOREIGN},
		{"\0\0\0\0\0\0\0\2", FRAME_QUERY},
		{"\0\0\xff\xff\xc0\0\2\1", FRAME_FOREIGN},
		{"\0\0\xff\xfe\xc0\0\2\1", FRAME_QUERY},
		{"\0\1\xff\xff\xc0\0\2\1", FRAME_QUERY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t *f = make_frame(IPV6, DNS);
		struct frame frame;

		memset(f + l3_of(IPV6) + 8, 0, 8);
		memcpy(f + l3_of(IPV6) + 16, cases[i].address, 8);
		fix_udp_checksum(IPV6, f);
		if (parse(&frame, f, headers_of(IPV6) + DNS) != cases[i].verdict)
			fail_msg("case %zu", i);
		free(f);
	}
}

/* Every single bit error in a frame that leaves it ours is found. */
static void test_checksums_find_bit_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		uint8_t *f = make_frame(kind, DNS);
		/* Neither of IPv6's checksums covers its first 4 bytes and its hop limit. */
		const unsigned first = kind->ipv6 ? l4_of(kind) - 32 : l3_of(kind);

		for (unsigned bit = first * 8; bit < (headers_of(kind) + DNS) * 8; bit++) {
			struct frame frame;

			f[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (parse(&frame, f, headers_of(kind) + DNS) == FRAME_QUERY)
				fail_msg("%s: bit %u", kind->what, bit);
			f[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		free(f);
	}
}

/* What the adapter knows, against what the frame has. */
static void test_checksum_knowledge(void **state)
{
	static const struct {
		const char *what;
		unsigned known;
		enum frame_verdict good, wrong, none4, none6;
	} cases[] = {
		{"nothing", 0, FRAME_QUERY, FRAME_CHECKSUM, FRAME_QUERY, FRAME_CHECKSUM},
		{"UDP good", FRAME_UDP_GOOD, FRAME_QUERY, FRAME_QUERY, FRAME_QUERY, FRAME_CHECKSUM},
		{"UDP bad", FRAME_UDP_BAD, FRAME_CHECKSUM, FRAME_CHECKSUM, FRAME_QUERY,
			FRAME_CHECKSUM},
		{"bad beats good", FRAME_UDP_GOOD | FRAME_UDP_BAD, FRAME_CHECKSUM, FRAME_CHECKSUM,
			FRAME_QUERY, FRAME_CHECKSUM},
		{"IP good", FRAME_IP_GOOD, FRAME_QUERY, FRAME_CHECKSUM, FRAME_QUERY,
			FRAME_CHECKSUM},
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			const struct kind *kind = &kinds[i];
			const uint32_t len = headers_of(kind) + DNS;
			uint8_t *f = make_frame(kind, DNS), *checksum = f + l4_of(kind) + 6;
			struct frame frame;

			assert_int_equal(frame_parse(&frame, f, len, len, &services, &station,
						 cases[c].known),
				cases[c].good);
			checksum[1] ^= 1;
			assert_int_equal(frame_parse(&frame, f, len, len, &services, &station,
						 cases[c].known),
				cases[c].wrong);
			put16(checksum, 0);
			assert_int_equal(frame_parse(&frame, f, len, len, &services, &station,
						 cases[c].known),
				kind->ipv6 ? cases[c].none6 : cases[c].none4);
			free(f);
		}
}

/* A checksum that was left to an adapter is the pseudo header's sum: taken where the port may
 * bring such, and nothing else is. */
static void test_unfinished_checksums(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		const uint32_t len = headers_of(kind) + DNS;
		uint8_t *f = make_frame(kind, DNS), *udp = f + l4_of(kind);
		struct frame frame;
		uint32_t sum = 17 + 8 + DNS; /* protocol and length */

		/* Both addresses end where UDP begins. */
		for (const uint8_t *at = udp - (kind->ipv6 ? 32 : 8); at < udp; at += 2)
			sum += (uint32_t)(at[0] << 8 | at[1]);
		while (sum > 0xffff)
			sum = (sum & 0xffff) + (sum >> 16);
		put16(udp + 6, (uint16_t)sum);
		assert_int_equal(
			frame_parse(&frame, f, len, len, &services, &station, 0), FRAME_CHECKSUM);
		assert_int_equal(
			frame_parse(&frame, f, len, len, &services, &station, FRAME_UDP_UNFINISHED),
			FRAME_QUERY);
		put16(udp + 6, (uint16_t)(sum ^ 0x100));
		assert_int_equal(
			frame_parse(&frame, f, len, len, &services, &station, FRAME_UDP_UNFINISHED),
			FRAME_CHECKSUM);
		free(f);
	}
}

static void test_ipv4_header_checksum(void **state)
{
	uint8_t *f = make_frame(IPV4, DNS);
	const uint32_t len = headers_of(IPV4) + DNS;
	struct frame frame;

	(void)state;
	f[ETHERNET + 10] ^= 1;
	assert_int_equal(parse(&frame, f, len), FRAME_CHECKSUM);
	assert_int_equal(
		frame_parse(&frame, f, len, len, &services, &station, FRAME_IP_GOOD), FRAME_QUERY);
	free(f);
}

static void test_no_services(void **state)
{
	const struct frame_services none = {0};

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		uint8_t *f = make_frame(&kinds[i], DNS);
		struct frame frame;

		assert_int_equal(frame_parse(&frame, f, headers_of(&kinds[i]) + DNS,
					 headers_of(&kinds[i]) + DNS, &none, &station, 0),
			FRAME_FOREIGN);
		free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_ethernet),
		cmocka_unit_test(test_stations),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_ipv4),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_ipv6_martians),
		cmocka_unit_test(test_checksums_find_bit_errors),
		cmocka_unit_test(test_checksum_knowledge),
		cmocka_unit_test(test_unfinished_checksums),
		cmocka_unit_test(test_ipv4_header_checksum),
		cmocka_unit_test(test_no_services),
	};

	return cmocka_run_group_tests(tests, frame_image_services, NULL);
}
