#include "foreign.h"

#include <stddef.h>

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "frame.h"

#define TAGS_MAX 2
#define BGP_PORT 179
#define BFD_PORT 3784
#define BFD_MULTIHOP_PORT 4784
#define ICMPV6_ROUTER_SOLICITATION 133
#define ICMPV6_REDIRECT 137
#define HOPS_MAX 255

/* A packet as far as its class goes by it. */
struct packet {
	bool on_link; /* no router has had it */
	bool to_service;
	uint8_t protocol;
	const uint8_t *payload; /* behind the IP header */
	uint32_t len;           /* of the payload that is there */
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static enum foreign_class classify_icmpv6(const struct packet *packet)
{
	const bool discovery = packet->len >= 1 && packet->payload[0] >= ICMPV6_ROUTER_SOLICITATION
		&& packet->payload[0] <= ICMPV6_REDIRECT;

	return packet->on_link && discovery ? FOREIGN_NEIGHBOURS : FOREIGN_REST;
}

static enum foreign_class classify_udp(const struct packet *packet)
{
	const unsigned to = packet->len < 4 ? 0 : get16(packet->payload + 2);

	if (packet->on_link && (to == BFD_PORT || to == BFD_MULTIHOP_PORT))
		return FOREIGN_ROUTING;
	return to == BFD_MULTIHOP_PORT ? FOREIGN_ROUTING_FAR : FOREIGN_REST;
}

static enum foreign_class classify_tcp(const struct packet *packet)
{
	const struct rte_tcp_hdr *tcp = (const void *)packet->payload;

	if (packet->len <= offsetof(struct rte_tcp_hdr, tcp_flags))
		return FOREIGN_REST;
	const bool opens
		= (tcp->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG;

	if (tcp->src_port == rte_cpu_to_be_16(BGP_PORT)
		|| tcp->dst_port == rte_cpu_to_be_16(BGP_PORT)) {
		if (packet->on_link)
			return FOREIGN_ROUTING;
		return opens ? FOREIGN_REST : FOREIGN_ROUTING_FAR;
	}
	if (tcp->dst_port != rte_cpu_to_be_16(FRAME_DNS_PORT) || !packet->to_service)
		return FOREIGN_REST;
	return opens ? FOREIGN_DNS_NEW : FOREIGN_DNS;
}

static enum foreign_class classify_packet(const struct packet *packet)
{
	switch (packet->protocol) {
	case IPPROTO_ICMPV6:
		return classify_icmpv6(packet);
	case IPPROTO_UDP:
		return classify_udp(packet);
	case IPPROTO_TCP:
		return classify_tcp(packet);
	default:
		return FOREIGN_REST;
	}
}

static enum foreign_class classify_ipv4(
	const uint8_t *bytes, uint32_t len, const struct frame_services *services)
{
	const struct rte_ipv4_hdr *ip = (const void *)bytes;

	if (len < sizeof(*ip) || rte_ipv4_hdr_len(ip) < sizeof(*ip) || rte_ipv4_hdr_len(ip) > len
		|| (ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return FOREIGN_REST;
	return classify_packet(&(struct packet){
		.on_link = ip->time_to_live == HOPS_MAX,
		.to_service = frame_is_service4(services, rte_be_to_cpu_32(ip->dst_addr)),
		.protocol = ip->next_proto_id,
		.payload = bytes + rte_ipv4_hdr_len(ip),
		.len = len - rte_ipv4_hdr_len(ip),
	});
}

static enum foreign_class classify_ipv6(
	const uint8_t *bytes, uint32_t len, const struct frame_services *services)
{
	const struct rte_ipv6_hdr *ip = (const void *)bytes;

	if (len < sizeof(*ip))
		return FOREIGN_REST;
	return classify_packet(&(struct packet){
		.on_link = ip->hop_limits == HOPS_MAX,
		.to_service = frame_is_service6(services, ip->dst_addr),
		.protocol = ip->proto,
		.payload = bytes + sizeof(*ip),
		.len = len - (uint32_t)sizeof(*ip),
	});
}

enum foreign_class foreign_classify(
	const uint8_t *bytes, uint32_t len, const struct frame_services *services)
{
	uint32_t at = 2 * RTE_ETHER_ADDR_LEN;

	for (unsigned tags = 0; at + RTE_ETHER_TYPE_LEN <= len; tags++) {
		const unsigned type = get16(bytes + at);

		at += RTE_ETHER_TYPE_LEN;
		switch (type) {
		case RTE_ETHER_TYPE_ARP:
			return FOREIGN_NEIGHBOURS;
		case RTE_ETHER_TYPE_IPV4:
			return classify_ipv4(bytes + at, len - at, services);
		case RTE_ETHER_TYPE_IPV6:
			return classify_ipv6(bytes + at, len - at, services);
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
