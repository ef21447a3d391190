#include "foreign.h"

#include <string.h>

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>

#include "frame.h"

#define TAGS_MAX 2
#define BGP_PORT 179
#define BFD_PORT 3784
#define BFD_MULTIHOP_PORT 4784
#define ICMPV6_ROUTER_SOLICITATION 133
#define ICMPV6_REDIRECT 137
#define HOPS_MAX 255

/* The first bytes of what lies behind IP. */
struct payload {
	bool on_link; /* no router has had it: one would have counted the hop (RFC 5082) */
	uint8_t protocol;
	const uint8_t *bytes;
	uint32_t len;
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static enum foreign_class classify_payload(const struct payload *payload)
{
	if (payload->protocol == IPPROTO_ICMPV6 && payload->len >= 1)
		return payload->on_link && payload->bytes[0] >= ICMPV6_ROUTER_SOLICITATION
				&& payload->bytes[0] <= ICMPV6_REDIRECT
			? FOREIGN_NEIGHBOURS
			: FOREIGN_REST;
	if (payload->len < 4)
		return FOREIGN_REST;
	const unsigned from = get16(payload->bytes), to = get16(payload->bytes + 2);
	const bool session = payload->protocol == IPPROTO_TCP
		? to == FRAME_DNS_PORT || to == BGP_PORT || from == BGP_PORT
		: payload->protocol == IPPROTO_UDP && (to == BFD_PORT || to == BFD_MULTIHOP_PORT);

	return session ? FOREIGN_SESSIONS : FOREIGN_REST;
}

static enum foreign_class classify_ipv4(const uint8_t *bytes, uint32_t len)
{
	const struct rte_ipv4_hdr *ip = (const void *)bytes;

	if (len < sizeof(*ip) || rte_ipv4_hdr_len(ip) < sizeof(*ip) || rte_ipv4_hdr_len(ip) > len
		|| (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return FOREIGN_REST;
	return classify_payload(&(struct payload){
		.on_link = ip->time_to_live == HOPS_MAX,
		.protocol = ip->next_proto_id,
		.bytes = bytes + rte_ipv4_hdr_len(ip),
		.len = len - rte_ipv4_hdr_len(ip),
	});
}

static enum foreign_class classify_ipv6(const uint8_t *bytes, uint32_t len)
{
	const struct rte_ipv6_hdr *ip = (const void *)bytes;

	if (len < sizeof(*ip))
		return FOREIGN_REST;
	return classify_payload(&(struct payload){
		.on_link = ip->hop_limits == HOPS_MAX,
		.protocol = ip->proto,
		.bytes = bytes + sizeof(*ip),
		.len = len - (uint32_t)sizeof(*ip),
	});
}

enum foreign_class foreign_classify(const uint8_t *bytes, uint32_t len)
{
	uint32_t at = 2 * RTE_ETHER_ADDR_LEN;

	for (unsigned tags = 0; at + RTE_ETHER_TYPE_LEN <= len; tags++) {
		const unsigned type = get16(bytes + at);

		at += RTE_ETHER_TYPE_LEN;
		switch (type) {
		case RTE_ETHER_TYPE_ARP:
			return FOREIGN_NEIGHBOURS;
		case RTE_ETHER_TYPE_IPV4:
			return classify_ipv4(bytes + at, len - at);
		case RTE_ETHER_TYPE_IPV6:
			return classify_ipv6(bytes + at, len - at);
		case RTE_ETHER_TYPE_VLAN:
		case RTE_ETHER_TYPE_QINQ:
			if (tags == TAGS_MAX)
				return FOREIGN_REST;
			at += sizeof(struct rte_vlan_hdr) - RTE_ETHER_TYPE_LEN;
			break;
		default:
			return FOREIGN_REST;
		}
	}
	return FOREIGN_REST;
}

bool foreign_allow(struct foreign_allowance *allowance, enum foreign_class class, uint64_t now)
{
	uint64_t *used = &allowance->used[class];

	if (now - *used > FOREIGN_DEPTH * allowance->cost)
		*used = now - FOREIGN_DEPTH * allowance->cost;
	if (now - *used < allowance->cost)
		return false;
	*used += allowance->cost;
	return true;
}
