#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "frame_image.h"
#include "rule.h"

/* What an adapter does with an item: the header's bits under the mask are those of the spec. */
static bool has(const uint8_t *header, const void *spec, const void *mask, size_t size)
{
	const uint8_t *s = spec, *m = mask;
	bool equal = true;

	for (size_t i = 0; i < size; i++)
		equal &= ((header[i] ^ s[i]) & m[i]) == 0;
	return equal;
}

static bool matches_ipv6(const struct rule *rule, const uint8_t *ip, unsigned *len)
{
	const unsigned fragment = ip[6] == 44;

	*len = ip[6] == 17 ? 40 : 48; /* as long as any of the extension headers here */
	return ip[0] >> 4 == 6
		&& has(ip, &rule->ipv6.hdr, &rule->ipv6_mask.hdr, sizeof(rule->ipv6.hdr))
		&& (rule->ipv6_mask.has_frag_ext == 0 || rule->ipv6.has_frag_ext == fragment);
}

/* Whether the adapter takes the frame, behind as many tags as it has. */
static bool matches(const struct rule *rule, const struct kind *kind, const uint8_t *f)
{
	const uint8_t *ip = f + l3_of(kind);
	const enum rte_flow_item_type type = rule->pattern[1].type;
	unsigned len = (ip[0] & 0xf) * 4u;

	assert_int_equal(rule->pattern[0].type, RTE_FLOW_ITEM_TYPE_ETH);
	assert_int_equal(rule->pattern[2].type, RTE_FLOW_ITEM_TYPE_UDP);
	assert_int_equal(rule->pattern[3].type, RTE_FLOW_ITEM_TYPE_END);
	if (!has(f, rule->pattern[0].spec, rule->pattern[0].mask, ETHERNET))
		return false;
	if (type == RTE_FLOW_ITEM_TYPE_IPV6) {
		if (!matches_ipv6(rule, ip, &len) || (ip[6] != 17 && ip[40] != 17))
			return false;
	} else if (ip[0] >> 4 != 4 || ip[9] != 17
		|| !has(ip, rule->pattern[1].spec, rule->pattern[1].mask, 20)) {
		return false;
	}
	return has(ip + len, rule->pattern[2].spec, rule->pattern[2].mask, UDP);
}

/* Changes to a good frame, and which rules still take it: the exact one what frame_parse() takes. */
static const struct {
	const char *what;
	bool ipv6;
	unsigned at; /* from the IP header on, or in Ethernet's */
	bool ethernet;
	unsigned value;
	bool taken[RULE_EXACTNESSES];
} cases[] = {
	{"nothing", false, 1, false, 0x28, {true, true, true}},
	{"nothing", true, 1, false, 0x81, {true, true, true}},
	{"another station", false, 5, true, 0x02, {false, false, false}},
	{"another station", true, 0, true, 0x06, {false, false, false}},
	{"a group", true, 0, true, 0x03, {false, false, false}},
	{"the source's address", false, 11, true, 0x77, {true, true, true}},
	{"options", false, 0, false, 0x46, {false, true, true}},
	{"most options", false, 0, false, 0x4f, {false, true, true}},
	{"more fragments", false, 6, false, 0x20, {false, false, true}},
	{"a last fragment", false, 7, false, 0x01, {false, false, true}},
	{"no DF", false, 6, false, 0x00, {true, true, true}},
	{"the evil bit", false, 6, false, 0x80, {true, true, true}},
	{"TCP", false, 9, false, 6, {false, false, false}},
	{"another address", false, 19, false, 55, {false, false, false}},
	{"port 54", false, 20 + 3, false, 54, {false, false, false}},
	{"hop-by-hop options", true, 6, false, 0, {false, true, true}},
	{"destination options", true, 6, false, 60, {false, true, true}},
	{"a fragment", true, 6, false, 44, {false, false, true}},
	{"TCP", true, 6, false, 6, {false, false, false}},
	{"another address", true, 24, false, 0x21, {false, false, false}},
	{"another address's end", true, 39, false, 0x55, {false, false, false}},
	{"port 54", true, 40 + 3, false, 54, {false, false, false}},
};

static void write_rule(struct rule *rule, bool ipv6, enum rule_exactness exactness)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};

	if (ipv6)
		rule_ipv6(rule, exactness, mac, &services.ipv6[1]);
	else
		rule_ipv4(rule, exactness, mac, services.ipv4[1]);
}

/* Behind the header that the change announces there is UDP/53 again. */
static void move_udp(const struct kind *kind, uint8_t *f)
{
	uint8_t *ip = f + l3_of(kind), *udp = f + l4_of(kind);

	if (kind->ipv6 && ip[6] != 17 && ip[6] != 6) {
		memmove(udp + 8, udp, UDP);
		udp[0] = 17; /* the next header */
		memset(udp + 1, 0, 7);
	} else if (!kind->ipv6 && (ip[0] & 0xf) > 5) {
		memmove(ip + (ip[0] & 0xf) * 4, udp, UDP);
	}
	fix_header_checksum(kind, f);
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
		for (size_t i = 0; i < KINDS; i++) {
			const struct kind *kind = &kinds[i];
			uint8_t *f = make_frame(kind, 2 * DNS);
			struct frame frame;

			if (kind->ipv6 == cases[c].ipv6) {
				f[(cases[c].ethernet ? 0 : l3_of(kind)) + cases[c].at]
					= (uint8_t)cases[c].value;
				fix_header_checksum(kind, f);
				fix_udp_checksum(kind, f);
				const bool query = parse(&frame, f, headers_of(kind) + 2 * DNS)
					== FRAME_QUERY;
				if (query != cases[c].taken[RULE_EXACT])
					fail_msg(
						"%s, %s: the fast path", kind->what, cases[c].what);
				move_udp(kind, f);
			}
			for (int exactness = 0; exactness < RULE_EXACTNESSES; exactness++) {
				struct rule rule;
				/* A frame of the other family is never taken. */
				const bool want
					= kind->ipv6 == cases[c].ipv6 && cases[c].taken[exactness];

				write_rule(&rule, cases[c].ipv6, exactness);
				if (matches(&rule, kind, f) != want)
					fail_msg("%s, %s: rule %d", kind->what, cases[c].what,
						exactness);
			}
			free(f);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, frame_image_services, NULL);
}
