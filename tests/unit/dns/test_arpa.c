#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <ldns/ldns.h>

#include "arpa.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L46 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."

static const struct {
	const char *name;
	enum arpa_tree tree;
	unsigned octets;
	bool extra;
	uint32_t address;
} rows[] = {
	{"7.113.0.203.in-addr.arpa", ARPA_IPV4, 4, false, 0xcb007107},
	{"7.113.0.203.IN-ADDR.ARPA", ARPA_IPV4, 4, false, 0xcb007107},
	{"7.113.0.203.iN-aDdR.aRpA", ARPA_IPV4, 4, false, 0xcb007107},
	{"0.0.0.0.in-addr.arpa", ARPA_IPV4, 4, false, 0},
	{"255.255.255.255.in-addr.arpa", ARPA_IPV4, 4, false, 0xffffffff},
	{"199.99.9.10.in-addr.arpa", ARPA_IPV4, 4, false, 0x0a0963c7},
	{"113.0.203.in-addr.arpa", ARPA_IPV4, 3, false, 0xcb007100},
	{"0.203.in-addr.arpa", ARPA_IPV4, 2, false, 0xcb000000},
	{"203.in-addr.arpa", ARPA_IPV4, 1, false, 0xcb000000},
	{"in-addr.arpa", ARPA_IPV4, 0, false, 0},
	/* below an address */
	{"1.7.113.0.203.in-addr.arpa", ARPA_IPV4, 4, true, 0xcb007107},
	{"x.7.113.0.203.in-addr.arpa", ARPA_IPV4, 4, true, 0xcb007107},
	{SIXTEEN SIXTEEN SIXTEEN SIXTEEN "7.113.0.203.in-addr.arpa", ARPA_IPV4, 4, true,
		0xcb007107},
	{L63 "." L63 "." L63 ".a." L46 ".in-addr.arpa", ARPA_IPV4, 0, true, 0},
	/* no canonical octet */
	{"07.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"007.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"00.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"256.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"999.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"1000.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"0x7.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"a.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"7a.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"/.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100}, /* before '0' */
	{":.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100}, /* behind '9' */
	{"\\000.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"-1.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"*.113.0.203.in-addr.arpa", ARPA_IPV4, 3, true, 0xcb007100},
	{"7\\.113.0.203.in-addr.arpa", ARPA_IPV4, 2, true,
		0xcb000000}, /* one label of five bytes */
	{"7.0113.0.203.in-addr.arpa", ARPA_IPV4, 2, true, 0xcb000000},
	{"7.113.0.300.in-addr.arpa", ARPA_IPV4, 0, true, 0},
	{"16/28.2.0.192.in-addr.arpa", ARPA_IPV4, 3, true, 0xc0000200},
	/* other trees, and what only looks like this one */
	{".", ARPA_NONE, 0, false, 0},
	{"arpa", ARPA_NONE, 0, false, 0},
	{"in-addr", ARPA_NONE, 0, false, 0},
	{"7.113.0.203.in-addr.arpa.example", ARPA_NONE, 0, false, 0},
	{"7.113.0.203.in-addr.arpb", ARPA_NONE, 0, false, 0},
	{"7.113.0.203.in-addr.arp", ARPA_NONE, 0, false, 0},
	{"7.113.0.203.in-addr.arpaa", ARPA_NONE, 0, false, 0},
	{"7.113.0.203.xin-addr.arpa", ARPA_NONE, 0, false, 0},
	{"7.113.0.203.in-add.arpa", ARPA_NONE, 0, false, 0},
	{"7.113.0.203.in\\013addr.arpa", ARPA_NONE, 0, false,
		0}, /* 0x0d: the hyphen without 0x20 */
	{"7.113.0.203.\\007in-addr.arpa", ARPA_NONE, 0, false, 0},
	{"x\\007in-addr.arpa", ARPA_NONE, 0, false, 0},
	{"x\\007in-addr\\004arpa", ARPA_NONE, 0, false,
		0}, /* the bytes of the suffix within a label */
	{"in-addr\\004arpa", ARPA_NONE, 0, false, 0},
	{"7.113.0.203.ip6.arpa.example", ARPA_NONE, 0, false, 0},
	{"www.example.com", ARPA_NONE, 0, false, 0},
};

/* Nibbles: the address as hexadecimal digits, as far as the name fixes it. */
static const struct {
	const char *name;
	unsigned labels;
	bool extra;
	const char *digits;
} rows6[] = {
	{"b.a.9.8.7.6.5.4.3.2.1.0.f.e.d.c.b.a.9.8.7.6.5.4.8.b.d.0.1.0.0.2.ip6.arpa", 32, false,
		"20010db8456789abcdef0123456789ab"},
	{"B.A.9.8.7.6.5.4.3.2.1.0.F.E.D.C.B.A.9.8.7.6.5.4.8.B.D.0.1.0.0.2.IP6.ARPA", 32, false,
		"20010db8456789abcdef0123456789ab"},
	{SIXTEEN SIXTEEN "ip6.arpa", 32, false, ""},
	{"f." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.f.iP6.aRpA", 32, false,
		"f000000000000000000000000000000f"},
	{"a.9.8.7.6.5.4.3.2.1.0.f.e.d.c.b.a.9.8.7.6.5.4.8.b.d.0.1.0.0.2.ip6.arpa", 31, false,
		"20010db8456789abcdef0123456789a"},
	{"8.b.d.0.1.0.0.2.ip6.arpa", 8, false, "20010db8"},
	{"2.ip6.arpa", 1, false, "2"},
	{"ip6.arpa", 0, false, ""},
	/* below an address */
	{"1.b.a.9.8.7.6.5.4.3.2.1.0.f.e.d.c.b.a.9.8.7.6.5.4.8.b.d.0.1.0.0.2.ip6.arpa", 32, true,
		"20010db8456789abcdef0123456789ab"},
	{"www." SIXTEEN SIXTEEN "ip6.arpa", 32, true, ""},
	/* no nibble */
	{"g." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 31, true, ""},
	{"/." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 31, true, ""},
	{":." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 31, true, ""},
	{"`." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 31, true, ""},
	{"@." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 31, true, ""},
	{"G." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 31, true, ""},
	{"\\016." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 31, true, ""},
	{"\\255." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 31, true, ""},
	{SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.x.ip6.arpa", 0, true, ""},
	{"ab.0.1.0.0.2.ip6.arpa", 5, true, "20010"},
	{"0.00.1.0.0.2.ip6.arpa", 4, true, "2001"},
	{"7.113.0.203.ip6.arpa", 0, true, ""},
	/* 74 bytes, as a whole address has, in other labels */
	{"000." SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa", 30, true, ""},
	{SIXTEEN "0.0.0.0.0.0.0.0.0.0.0.0.0.0.000.ip6.arpa", 0, true, ""},
};

/* The short cut reads just the names that are an address's, as arpa_parse() does, and no part of one. */
static void check_short_cut(const struct arpa_name *name, const uint8_t *wire, unsigned size)
{
	const bool address = name->tree != ARPA_NONE && arpa_is_address(name);

	for (unsigned len = 0; len <= size + 1; len++) {
		struct arpa_name read;
		uint8_t *exact = malloc(len > 0 ? len : 1); /* for the sanitizer */

		memcpy(exact, wire, len < size ? len : size);
		if (len > size)
			exact[size] = 0xff;
		memset(&read, 0xa5, sizeof(read));
		assert_int_equal(
			arpa_read_address(&read, exact, len), address && len >= size ? size : 0);
		if (address && len >= size) {
			assert_int_equal(read.tree, name->tree);
			assert_int_equal(read.labels, name->labels);
			assert_false(read.extra);
			assert_memory_equal(read.address6, name->address6,
				name->tree == ARPA_IPV6 ? sizeof(name->address6)
							: sizeof(name->address));
			assert_memory_equal(read.suffix, name->suffix,
				name->tree == ARPA_IPV6 ? 1 : sizeof(name->suffix));
		}
		free(exact);
	}
}

static void parse_text(struct arpa_name *name, const char *text, unsigned *size)
{
	ldns_rdf *rdf = ldns_dname_new_frm_str(text);

	assert_non_null(rdf);
	*size = (unsigned)ldns_rdf_size(rdf);
	memset(name, 0xa5, sizeof(*name));
	arpa_parse(name, ldns_rdf_data(rdf), *size);
	check_short_cut(name, ldns_rdf_data(rdf), *size);
	ldns_rdf_deep_free(rdf);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arpa_name name;
		unsigned size;

		parse_text(&name, rows[i].name, &size);
		if (name.tree != rows[i].tree
			|| (name.tree != ARPA_NONE
				&& (name.labels != rows[i].octets || name.extra != rows[i].extra
					|| name.address != rows[i].address)))
			fail_msg("%s: tree %u octets %u extra %d address %08x", rows[i].name,
				name.tree, name.labels, name.extra, name.address);
	}
}

static void test_rows6(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows6) / sizeof(rows6[0]); i++) {
		struct arpa_name name;
		unsigned size;
		char digits[33] = "", expected[33];

		parse_text(&name, rows6[i].name, &size);
		if (name.tree != ARPA_IPV6 || name.labels != rows6[i].labels
			|| name.extra != rows6[i].extra)
			fail_msg("%s: tree %u labels %u extra %d", rows6[i].name, name.tree,
				name.labels, name.extra);
		for (unsigned j = 0; j < sizeof(name.address6); j++)
			snprintf(digits + 2 * j, 3, "%02x", name.address6[j]);
		memset(expected, '0', 32);
		expected[32] = '\0';
		memcpy(expected, rows6[i].digits, strlen(rows6[i].digits));
		assert_string_equal(digits, expected);
		for (unsigned j = 0; j <= name.labels; j++)
			assert_int_equal(arpa_suffix(&name, j), size - 10 - 2 * j);
		assert_int_equal(arpa_is_address(&name), rows6[i].labels == 32 && !rows6[i].extra);
	}
}

/* A name of four labels, `label` (1 to 63 bytes) at place `place`, the others "7" but for one that is
 * longer. Returns its size. */
static unsigned make_name(uint8_t *wire, unsigned place, const uint8_t *label, unsigned len)
{
	static const uint8_t root[] = "\7in-addr\4arpa";
	uint8_t *at = wire;

	for (unsigned i = 0; i < ARPA_OCTETS; i++) {
		static const uint8_t others[2][3] = {"7", "203"};
		const unsigned other = i == (place + 1) % ARPA_OCTETS;
		const unsigned size = i == place ? len : other ? 3 : 1;

		*at++ = (uint8_t)size;
		memcpy(at, i == place ? label : others[other], size);
		at += size;
	}
	memcpy(at, root, sizeof(root));
	return (unsigned)(at - wire + sizeof(root));
}

static void check_label(const uint8_t *label, unsigned len)
{
	for (unsigned place = 0; place < ARPA_OCTETS; place++) {
		uint8_t wire[255];
		struct arpa_name name;
		const unsigned size = make_name(wire, place, label, len);

		memset(&name, 0xa5, sizeof(name));
		arpa_parse(&name, wire, size);
		check_short_cut(&name, wire, size);
	}
}

/* Labels of up to three bytes of those around the digits and the limits of octets; and such as only
 * begin like an octet. The scanner that goes from label to label tells what each is. */
static void test_octets(void **state)
{
	static const uint8_t bytes[]
		= {'/', '0', '1', '2', '4', '5', '6', '9', ':', 0, 1, 0xb2, 0xff};
	const unsigned count = sizeof(bytes);

	(void)state;
	for (unsigned i = 0; i < count * count * count; i++) {
		const uint8_t label[3]
			= {bytes[i % count], bytes[i / count % count], bytes[i / count / count]};

		for (unsigned len = 1; len <= 3; len++)
			check_label(label, len);
	}
	for (unsigned len = 4; len <= 63; len++) {
		uint8_t label[63];

		memset(label, '1', sizeof(label));
		/* The next length where an octet of len % 4 digits would end. */
		label[len % 4] = 1;
		check_label(label, len);
	}
}

static const char *const not_ip6[] = {
	SIXTEEN SIXTEEN "ip6.arpb",
	SIXTEEN SIXTEEN "ip7.arpa",
	SIXTEEN SIXTEEN "ip\\022.arpa", /* the digit without 0x20 */
	SIXTEEN SIXTEEN "ip6\\004arpa",
	SIXTEEN SIXTEEN "0p6.arpa",
	"2.ip6.arpa.example",
	"2.xip6.arpa",
	"2.ip6.int",
	"x\\003ip6.arpa",
};

static void test_not_ip6(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(not_ip6) / sizeof(not_ip6[0]); i++) {
		struct arpa_name name;
		unsigned size;

		parse_text(&name, not_ip6[i], &size);
		if (name.tree != ARPA_NONE)
			fail_msg("%s", not_ip6[i]);
	}
}

/* Every byte as each of an address's nibbles: a digit, or the name is none of an address. */
static void test_every_nibble(void **state)
{
	(void)state;
	for (unsigned place = 0; place < 32; place++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			uint8_t wire[74];
			struct arpa_name name;
			const char text[] = {(char)byte, '\0'};
			const bool digit = byte != 0 && strspn(text, "0123456789abcdefABCDEF") == 1;

			for (unsigned i = 0; i < 32; i++) {
				wire[2 * i] = 1;
				wire[2 * i + 1] = '5';
			}
			memcpy(wire + 64, "\3ip6\4arpa", 10);
			wire[2 * (31 - place) + 1] = (uint8_t)byte;
			arpa_parse(&name, wire, sizeof(wire));
			check_short_cut(&name, wire, sizeof(wire));
			assert_int_equal(name.tree, ARPA_IPV6);
			assert_int_equal(name.labels, digit ? 32 : place);
			assert_int_equal(name.extra, !digit);
			if (digit)
				assert_int_equal(name.address6[place / 2],
					place % 2 == 0 ? 0x05 | strtoul(text, NULL, 16) << 4
						       : 0x50 | strtoul(text, NULL, 16));
		}
	}
}

/* Every text of up to three digits, and every byte in place of each digit, as each octet. */
static void test_octet_bytes(void **state)
{
	(void)state;
	for (unsigned place = 0; place < 4; place++) {
		for (unsigned i = 0; i < 1110 + 6 * 256; i++) {
			const unsigned len = i < 10 ? 1 : i < 110 ? 2 : 3;
			uint8_t wire[32];
			unsigned size = 0;
			struct arpa_name name;
			char text[8];

			snprintf(text, sizeof(text), "%0*u", i < 1110 ? (int)len : 3,
				i < 10             ? i
					: i < 110  ? i - 10
					: i < 1110 ? i - 110
						   : 123);
			for (unsigned octet = 0; octet < 4; octet++) {
				const char *label = octet == place ? text : "45";

				wire[size] = (uint8_t)strlen(label);
				memcpy(wire + size + 1, label, wire[size]);
				if (octet == place && i >= 1110) {
					const unsigned odd = (i - 1110) / 256; /* 0 to 5 */

					wire[size] = odd < 3 ? 3 : (uint8_t)(odd - 2);
					wire[size + 1 + (odd < 3 ? odd : odd - 3)]
						= (uint8_t)(i - 1110);
				}
				size += 1 + wire[size];
			}
			memcpy(wire + size, "\7in-addr\4arpa", 14);
			arpa_parse(&name, wire, size + 14);
			check_short_cut(&name, wire, size + 14);
		}
	}
}

static void test_suffixes(void **state)
{
	struct arpa_name name;
	unsigned size;

	(void)state;
	parse_text(&name, "www.7.113.0.203.in-addr.arpa", &size);
	assert_int_equal(name.labels, 4);
	assert_int_equal(name.suffix[4], 4);
	assert_int_equal(name.suffix[3], 6);
	assert_int_equal(name.suffix[2], 10);
	assert_int_equal(name.suffix[1], 12);
	assert_int_equal(name.suffix[0], 16);
	assert_int_equal(size, 30);
}

/* Every octet, written as printf writes it. */
static void test_every_octet(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1100; i++) {
		struct arpa_name name;
		unsigned size;
		char text[40];

		snprintf(text, sizeof(text), "%u.2.3.4.in-addr.arpa", i);
		parse_text(&name, text, &size);
		assert_int_equal(name.labels, i < 256 ? 4 : 3);
		assert_int_equal(name.extra, i >= 256);
		assert_int_equal(name.address, 0x04030200 | (i < 256 ? i : 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_rows6),
		cmocka_unit_test(test_octets),
		cmocka_unit_test(test_not_ip6),
		cmocka_unit_test(test_every_nibble),
		cmocka_unit_test(test_octet_bytes),
		cmocka_unit_test(test_suffixes),
		cmocka_unit_test(test_every_octet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
