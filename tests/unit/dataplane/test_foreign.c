#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "foreign.h"
#include "frame_image.h"

#define TCP 6
#define ICMP 1
#define ICMPV6 58
#define N FOREIGN_NEIGHBOURS
#define S FOREIGN_SESSIONS
#define R FOREIGN_REST

static void set_protocol(const struct kind *kind, uint8_t *f, unsigned protocol)
{
	f[l3_of(kind) + (kind->ipv6 ? 6 : 9)] = (uint8_t)protocol;
}

static void set_hops(const struct kind *kind, uint8_t *f, unsigned hops)
{
	f[l3_of(kind) + (kind->ipv6 ? 7 : 8)] = (uint8_t)hops;
}

static void check(const struct kind *kind, uint8_t *f, size_t len, enum foreign_class want,
	const char *what, size_t number)
{
	const enum foreign_class got = foreign_classify(f, (uint32_t)len);

	if (got != want)
		fail_msg("%s, %s %zu: %d, not %d", kind->what, what, number, (int)got, (int)want);
}

static void test_ports(void **state)
{
	static const struct {
		unsigned protocol, from, to;
		enum foreign_class class;
	} cases[] = {
		{TCP, 40000, 53, S}, {TCP, 40000, 52, R}, {TCP, 40000, 54, R}, {TCP, 53, 40000, R},
		{TCP, 40000, 179, S}, {TCP, 179, 40000, S}, {TCP, 178, 180, R},
		{TCP, 40000, 3784, R}, {17, 40000, 3784, S}, {17, 40000, 4784, S},
		{17, 3784, 40000, R}, {17, 40000, 3785, R}, {17, 40000, 53, R}, {17, 179, 179, R},
		{132, 179, 53, R}, /* SCTP */
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			uint8_t *f = make_frame(&kinds[i], DNS);

			set_protocol(&kinds[i], f, cases[c].protocol);
			put16(f + l4_of(&kinds[i]), cases[c].from);
			put16(f + l4_of(&kinds[i]) + 2, cases[c].to);
			check(&kinds[i], f, headers_of(&kinds[i]) + DNS, cases[c].class, "case", c);
			/* The ports are enough, and needed. */
			check(&kinds[i], f, l4_of(&kinds[i]) + 4, cases[c].class, "short", c);
			check(&kinds[i], f, l4_of(&kinds[i]) + 3, R, "too short", c);
			free(f);
		}
}

/* Every type of ICMP and ICMPv6, each behind either family, from the link and from behind a router. */
static void test_icmp(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (unsigned type = 0; type < 256; type++) {
			const bool discovery = type >= 133 && type <= 137;
			uint8_t *f = make_frame(&kinds[i], DNS);

			f[l4_of(&kinds[i])] = (uint8_t)type;
			set_protocol(&kinds[i], f, ICMPV6);
			set_hops(&kinds[i], f, 254);
			check(&kinds[i], f, l4_of(&kinds[i]) + 1, R, "far ICMPv6", type);
			set_hops(&kinds[i], f, 255);
			check(&kinds[i], f, l4_of(&kinds[i]) + 1, discovery ? N : R, "ICMPv6",
				type);
			check(&kinds[i], f, l4_of(&kinds[i]), R, "ICMPv6 cut off", type);
			set_protocol(&kinds[i], f, ICMP);
			check(&kinds[i], f, l4_of(&kinds[i]) + 1, R, "ICMP", type);
			free(f);
		}
}

static void test_ethernet(void **state)
{
	static const struct kind three = {"three tags", false, 3};
	static const struct {
		unsigned type;
		enum foreign_class class;
	} cases[] = {{0x0806, N}, {0x0805, R}, {0x8847, R}, {0x88cc, R}, {0x0040, R}};

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		uint8_t *f = make_frame(&kinds[i], DNS);
		const unsigned l3 = l3_of(&kinds[i]);

		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			put16(f + l3 - 2, cases[c].type);
			check(&kinds[i], f, l3, cases[c].class, "type", c);
			check(&kinds[i], f, l3 - 1, R, "type cut off", c);
		}
		free(f);
	}
	uint8_t *f = make_frame(&kinds[2], DNS + TAG);
	memmove(f + 16, f + 12, l3_of(&kinds[2]) - 12);
	put16(f + l3_of(&three) - 2, 0x0806);
	check(&three, f, l3_of(&three) + 28, R, "ARP in", 3);
	free(f);
}

/* What moves or hides the ports. */
static void test_ipv4_header(void **state)
{
	static const struct {
		unsigned at, value; /* 16 bits of the header */
		enum foreign_class class;
	} cases[] = {
		{0, 0x4500, S},
		{0, 0x4600, R}, /* the ports are four bytes further: there is a checksum */
		{0, 0x4400, R},
		{0, 0x4f00, R},
		{6, 0x4000, S},
		{6, 0x2000, S}, /* the first fragment has them */
		{6, 0x2001, R},
		{6, 0x1fff, R},
	};

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		uint8_t *f = make_frame(IPV4, DNS);

		set_protocol(IPV4, f, TCP);
		put16(f + ETHERNET + cases[c].at, cases[c].value);
		check(IPV4, f, headers_of(IPV4) + DNS, cases[c].class, "header", c);
		free(f);
	}
	uint8_t *f = make_frame(IPV4, DNS);
	set_protocol(IPV4, f, TCP);
	put16(f + ETHERNET, 0x4600);
	put16(f + ETHERNET + 24 + 2, 53);
	check(IPV4, f, headers_of(IPV4) + DNS, S, "options", 0);
	check(IPV4, f, ETHERNET + 23, R, "options cut off", 0);
	free(f);
}

/* Cut off at every length, nothing behind the end is read (ASan). */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		uint8_t *whole = make_frame(&kinds[i], DNS);

		set_protocol(&kinds[i], whole, TCP);
		for (size_t len = 0; len < l4_of(&kinds[i]) + 4; len++) {
			uint8_t *f = malloc(len + (len == 0));

			assert_non_null(f);
			memcpy(f, whole, len);
			check(&kinds[i], f, len, R, "length", len);
			free(f);
		}
		free(whole);
	}
}

static unsigned take(struct foreign_allowance *allowance, enum foreign_class class, uint64_t now)
{
	unsigned taken = 0;

	while (taken < 2 * FOREIGN_DEPTH && foreign_allow(allowance, class, now))
		taken++;
	return taken;
}

static void test_allowance(void **state)
{
	static const uint64_t starts[] = {0, 1, UINT64_C(1) << 40, UINT64_MAX / 2};
	enum {
		COST = 1000
	};

	(void)state;
	for (size_t s = 0; s < sizeof(starts) / sizeof(starts[0]); s++) {
		uint64_t now = starts[s] + FOREIGN_DEPTH * COST;
		struct foreign_allowance allowance = {.cost = COST};

		/* All of it is there at first, for each class; not one more; and comes again as
		 * time goes by, up to as much. */
		for (int class = 0; class < FOREIGN_CLASSES; class ++)
			assert_int_equal(take(&allowance, class, now), FOREIGN_DEPTH);
		now += COST - 1;
		assert_int_equal(take(&allowance, R, now), 0);
		now += 1;
		assert_int_equal(take(&allowance, R, now), 1);
		now += 10 * COST;
		assert_int_equal(take(&allowance, R, now), 10);
		assert_int_equal(take(&allowance, N, now), 11);
		now += (FOREIGN_DEPTH - 1) * COST;
		assert_int_equal(take(&allowance, R, now), FOREIGN_DEPTH - 1);
		now += 1000 * FOREIGN_DEPTH * COST;
		for (int class = 0; class < FOREIGN_CLASSES; class ++)
			assert_int_equal(take(&allowance, class, now), FOREIGN_DEPTH);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_ethernet),
		cmocka_unit_test(test_ipv4_header),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_allowance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
