#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_image.h"

/* Both checksums of a reply, from scratch over its bytes. */
static void check_checksums(const struct kind *kind, const uint8_t *f, size_t payload)
{
	if (!kind->ipv6)
		assert_int_equal(sum(0, f + l3_of(kind), 20), 0xffff);
	assert_int_equal(udp_sum(kind, f, (unsigned)(UDP + payload)), 0xffff);
	assert_int_not_equal(get16(f + l4_of(kind) + 6), 0); /* would mean: no checksum */
}

static void test_reply(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		const unsigned dns = headers_of(kind);
		uint8_t *f = make_frame(kind, 1232), tags[2 * TAG + 2];
		struct frame frame;

		memcpy(tags, f + 12, l3_of(kind) - 12);
		assert_int_equal(parse(&frame, f, dns + 1232), FRAME_QUERY);
		assert_int_equal(
			frame_reply(&frame, 100, (uint16_t)sum(0, f + dns, 100)), dns + 100);
		assert_memory_equal(f, "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01", 12);
		assert_memory_equal(f + 12, tags, l3_of(kind) - 12); /* tags, and type */
		const uint8_t *ip = f + l3_of(kind);
		if (kind->ipv6) {
			assert_memory_equal(ip, "\x60\0\0\0\0\x6c\x11\x40", 8);
			assert_memory_equal(
				ip + 8, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x53", 16);
			assert_memory_equal(
				ip + 24, "\x20\x01\x0d\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 16);
		} else {
			assert_memory_equal(ip, "\x45\x00\x00\x80\x00\x00\x40\x00\x40\x11", 10);
			assert_memory_equal(ip + 12, "\xc6\x33\x64\x35\xc0\x00\x02\x01", 8);
		}
		const uint8_t *udp = f + l4_of(kind);
		assert_int_equal(get16(udp), 53);
		assert_int_equal(get16(udp + 2), 40000);
		assert_int_equal(get16(udp + 4), UDP + 100);
		check_checksums(kind, f, 100);
		free(f);
	}
}

/* Every length, odd ones included, with contents that reach the carries. */
static void test_checksum_property(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (size_t k = 0; k < KINDS; k++) {
		const struct kind *kind = &kinds[k];
		const unsigned dns = headers_of(kind);
		uint8_t *query = make_frame(kind, 1232), *f = make_frame(kind, 1232);

		for (uint16_t len = 12; len <= 1232; len++) {
			struct frame frame;

			memcpy(f, query, dns + 1232);
			put16(f + l4_of(kind), random >> 16); /* client's port */
			fix_udp_checksum(kind, f);
			assert_int_equal(parse(&frame, f, dns + 1232), FRAME_QUERY);
			for (unsigned i = 0; i < len; i++) {
				random = random * 1664525 + 1013904223;
				f[dns + i] = len % 7 == 0 ? 0xff : (uint8_t)(random >> 24);
			}
			assert_int_equal(frame_reply(&frame, len, (uint16_t)sum(0, f + dns, len)),
				dns + len);
			check_checksums(kind, f, len);
		}
		free(query);
		free(f);
	}
}

/* A payload whose sum makes the checksum 0: it goes out as 0xffff, RFC 768. */
static void test_checksum_zero(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		const struct kind *kind = &kinds[i];
		const unsigned dns = headers_of(kind);
		uint8_t *f = make_frame(kind, 12);
		struct frame frame;

		assert_int_equal(parse(&frame, f, dns + 12), FRAME_QUERY);
		memset(f + dns, 0, 12);
		(void)frame_reply(&frame, 12, 0);
		/* With the checksum as the payload's sum, the total is all ones. */
		const unsigned checksum = get16(f + l4_of(kind) + 6);
		free(f);

		f = make_frame(kind, 12);
		assert_int_equal(parse(&frame, f, dns + 12), FRAME_QUERY);
		memset(f + dns, 0, 12);
		put16(f + dns, checksum);
		(void)frame_reply(&frame, 12, (uint16_t)checksum);
		assert_int_equal(get16(f + l4_of(kind) + 6), 0xffff);
		check_checksums(kind, f, 12);
		free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_checksum_property),
		cmocka_unit_test(test_checksum_zero),
	};

	return cmocka_run_group_tests(tests, frame_image_services, NULL);
}
