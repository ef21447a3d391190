#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "foreign.h"
#include "frame_image.h"

#define ICMP 1
#define TCP 6
#define DATAGRAM 17
#define ICMPV6 58
#define FLAGS 13 /* of TCP */
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define N FOREIGN_NEIGHBOURS
#define B FOREIGN_ROUTING
#define F FOREIGN_ROUTING_FAR
#define D FOREIGN_DNS
#define D1 FOREIGN_DNS_NEW
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
	const enum foreign_class got = foreign_classify(f, (uint32_t)len, &services);

	if (got != want)
		fail_msg("%s, %s %zu: %d, not %d", kind->what, what, number, (int)got, (int)want);
}

static uint8_t *make_segment(const struct kind *kind, unsigned from, unsigned to, unsigned flags)
{
	uint8_t *f = make_frame(kind, DNS);

	set_protocol(kind, f, TCP);
	put16(f + l4_of(kind), from);
	put16(f + l4_of(kind) + 2, to);
	f[l4_of(kind) + FLAGS] = (uint8_t)flags;
	return f;
}

static void test_ports(void **state)
{
	static const struct {
		unsigned protocol, from, to, flags;
		enum foreign_class near, far; /* from the link, and through a router */
	} cases[] = {
		{TCP, 40000, 53, ACK, D, D}, {TCP, 40000, 53, PSH | ACK, D, D},
		{TCP, 40000, 53, RST, D, D}, {TCP, 40000, 53, 0, D, D},
		{TCP, 40000, 53, SYN, D1, D1}, {TCP, 40000, 53, SYN | PSH, D1, D1},
		{TCP, 40000, 53, 0xc0 | SYN, D1, D1}, /* with ECN, RFC 3168 */
		{TCP, 40000, 53, SYN | ACK, D, D}, {TCP, 40000, 52, ACK, R, R},
		{TCP, 40000, 54, SYN, R, R}, {TCP, 53, 40000, ACK, R, R},
		{TCP, 40000, 179, ACK, B, F}, {TCP, 179, 40000, ACK, B, F},
		{TCP, 179, 40000, SYN | ACK, B, F}, /* the answer to ours */
		{TCP, 40000, 179, RST, B, F}, {TCP, 40000, 179, SYN, B, R},
		{TCP, 179, 40000, SYN, B, R}, {TCP, 179, 53, SYN, B, R}, /* nothing of DNS */
		{TCP, 179, 53, ACK, B, F}, {TCP, 178, 180, ACK, R, R},
		{TCP, 40000, 3784, ACK, R, R}, {DATAGRAM, 40000, 3784, 0, B, R},
		{DATAGRAM, 40000, 4784, 0, B, F}, {DATAGRAM, 3784, 40000, 0, R, R},
		{DATAGRAM, 4784, 40000, 0, R, R}, {DATAGRAM, 40000, 3785, 0, R, R},
		{DATAGRAM, 40000, 53, 0, R, R}, {DATAGRAM, 179, 179, 0, R, R},
		{132, 179, 53, 0, R, R}, /* SCTP */
	};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			const unsigned l4 = l4_of(&kinds[i]),
				       needed = cases[c].protocol == TCP ? FLAGS + 1 : 4;
			uint8_t *f = make_segment(
				&kinds[i], cases[c].from, cases[c].to, cases[c].flags);

			set_protocol(&kinds[i], f, cases[c].protocol);
			set_hops(&kinds[i], f, 255);
			check(&kinds[i], f, headers_of(&kinds[i]) + DNS, cases[c].near, "near", c);
			/* So many bytes are enough, and needed. */
			check(&kinds[i], f, l4 + needed, cases[c].near, "short", c);
			check(&kinds[i], f, l4 + needed - 1, R, "too short", c);
			set_hops(&kinds[i], f, 254);
			check(&kinds[i], f, headers_of(&kinds[i]) + DNS, cases[c].far, "far", c);
			free(f);
		}
}

/* DNS is what goes to a service address; BGP may have one of its own. */
static void test_addresses(void **state)
{
	static const struct {
		unsigned to, flags;
		enum foreign_class class;
	} cases[] = {{53, ACK, R}, {53, SYN, R}, {179, ACK, F}, {179, SYN, R}};

	(void)state;
	for (size_t i = 0; i < KINDS; i++)
		for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
			uint8_t *f = make_segment(&kinds[i], 40000, cases[c].to, cases[c].flags);

			f[l4_of(&kinds[i]) - 1]--; /* end of the destination's address */
			check(&kinds[i], f, headers_of(&kinds[i]) + DNS, cases[c].class,
				"elsewhere", c);
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
		{0, 0x4500, D},
		{0, 0x4600, R}, /* the ports are four bytes further: there is a checksum */
		{0, 0x4400, R},
		{0, 0x4f00, R},
		{6, 0x4000, D},
		{6, 0x2000, D}, /* the first fragment has them */
		{6, 0x2001, R},
		{6, 0x1fff, R},
	};

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		uint8_t *f = make_segment(IPV4, 40000, 53, ACK);

		put16(f + ETHERNET + cases[c].at, cases[c].value);
		check(IPV4, f, headers_of(IPV4) + DNS, cases[c].class, "header", c);
		free(f);
	}
	uint8_t *f = make_segment(IPV4, 0, 0, 0);
	put16(f + ETHERNET, 0x4600);
	put16(f + ETHERNET + 24 + 2, 53);
	f[ETHERNET + 24 + FLAGS] = ACK;
	check(IPV4, f, headers_of(IPV4) + DNS, D, "options", 0);
	check(IPV4, f, ETHERNET + 23, R, "options cut off", 0);
	free(f);
}

/* Cut off at every length, nothing behind the end is read (ASan). */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		uint8_t *whole = make_segment(&kinds[i], 40000, 53, ACK);

		for (size_t len = 0; len <= l4_of(&kinds[i]) + FLAGS; len++) {
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
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_ethernet),
		cmocka_unit_test(test_ipv4_header),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_allowance),
	};

	return cmocka_run_group_tests(tests, frame_image_services, NULL);
}
