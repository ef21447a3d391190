#include "frame.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <arpa/inet.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "checksum.h"

#define REPLY_TTL 64 /* RFC 1700's default, for IPv6's hop limit as well */
#define TAGS_MAX 2
#define IPV6_VERSION 0x60000000u

int frame_services_add(struct frame_services *services, const char *text)
{
	struct in_addr ipv4;
	struct frame_ipv6 ipv6;

	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		if (services->ipv4_count == FRAME_SERVICES_MAX)
			return -ENOSPC;
		services->ipv4[services->ipv4_count++] = be32toh(ipv4.s_addr);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &ipv6) != 1)
		return -EINVAL;
	if (services->ipv6_count == FRAME_SERVICES_MAX)
		return -ENOSPC;
	services->ipv6[services->ipv6_count++] = ipv6;
	return 0;
}

bool frame_is_service4(const struct frame_services *services, uint32_t address)
{
	for (unsigned i = 0; i < services->ipv4_count; i++)
		if (services->ipv4[i] == address)
			return true;
	return false;
}

bool frame_is_service6(const struct frame_services *services, const uint8_t *address)
{
	struct frame_ipv6 key;
	bool found = false;

	memcpy(&key, address, sizeof(key));
	for (unsigned i = 0; i < services->ipv6_count; i++)
		found |= ((services->ipv6[i].half[0] ^ key.half[0])
				 | (services->ipv6[i].half[1] ^ key.half[1]))
			== 0;
	return found;
}

/* An address that no reply may go to: 0/8, 127/8, multicast, reserved and broadcast (RFC 6890). */
static bool is_martian4(uint32_t address)
{
	const uint32_t net = address >> 24;

	return net == 0 || net == 127 || net >= 224;
}

/* The same for IPv6: multicast, ::, ::1 and the IPv4-mapped ::ffff:0:0/96 (RFC 4291). */
static bool is_martian6(const uint8_t *address)
{
	static const uint8_t zeroes[10];

	if (address[0] == 0xff)
		return true;
	if (memcmp(address, zeroes, sizeof(zeroes)) != 0)
		return false;
	const uint16_t middle = (uint16_t)(address[10] << 8 | address[11]);
	const uint32_t low = (uint32_t)address[12] << 24 | (uint32_t)address[13] << 16
		| (uint32_t)address[14] << 8 | address[15];
	return middle == 0xffff || (middle == 0 && low <= 1);
}

/* Sum of the pseudo header of RFC 768 and RFC 8200 section 8.1. */
static uint64_t pseudo_sum(const struct frame *frame, uint16_t udp_len)
{
	return frame->addresses + htobe16(IPPROTO_UDP) + htobe16(udp_len);
}

/* `room`: bytes from the UDP header on that may be read. */
static bool udp_checksum_good(
	const struct frame *frame, uint16_t udp_len, unsigned room, unsigned checksums)
{
	const uint8_t *l4 = frame->bytes + frame->l4;
	const struct rte_udp_hdr *udp = (const void *)l4;

	/* None: allowed in IPv4 alone. Some adapters tell it as a wrong one. */
	if (udp->dgram_cksum == 0)
		return !frame->ipv6;
	if ((checksums & FRAME_UDP_BAD) != 0)
		return false;
	if ((checksums & FRAME_UDP_GOOD) != 0)
		return true;
	const uint64_t pseudo = pseudo_sum(frame, udp_len);

	return checksum_fold(pseudo + checksum_words_short(l4, udp_len, room)) == 0xffff
		|| ((checksums & FRAME_UDP_UNFINISHED) != 0
			&& udp->dgram_cksum == checksum_fold(pseudo));
}

/* UDP behind an IP header whose own fields have been checked. */
static __rte_always_inline enum frame_verdict parse_udp(
	struct frame *frame, unsigned payload_len, unsigned room, unsigned checksums)
{
	const struct rte_udp_hdr *udp = (const void *)(frame->bytes + frame->l4);
	const uint16_t udp_len = be16toh(udp->dgram_len);

	if (udp->dst_port != htobe16(FRAME_DNS_PORT))
		return FRAME_FOREIGN;
	if (udp_len < sizeof(*udp) || udp_len > payload_len)
		return FRAME_SHORT;
	if (!udp_checksum_good(frame, udp_len, room, checksums))
		return FRAME_CHECKSUM;
	frame->dns = (uint16_t)(frame->l4 + sizeof(*udp));
	frame->len = (uint16_t)(udp_len - sizeof(*udp));
	frame->port = be16toh(udp->src_port);
	return FRAME_QUERY;
}

/* IPv4 in the `len` bytes from frame->l3 on, where `room` may be read. */
static enum frame_verdict parse_ipv4(struct frame *frame, unsigned len, unsigned room,
	const struct frame_services *services, unsigned checksums)
{
	const uint8_t *l3 = frame->bytes + frame->l3;
	const struct rte_ipv4_hdr *ip = (const void *)l3;
	const uint16_t fragment_bits = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;

	if (len < sizeof(*ip))
		return FRAME_SHORT;
	/* Options and fragments are the kernel path's. */
	if (ip->version_ihl != RTE_IPV4_VHL_DEF || ip->next_proto_id != IPPROTO_UDP
		|| (ip->fragment_offset & htobe16(fragment_bits)) != 0)
		return FRAME_FOREIGN;
	if (!frame_is_service4(services, be32toh(ip->dst_addr))
		|| is_martian4(be32toh(ip->src_addr)))
		return FRAME_FOREIGN;

	const unsigned total = be16toh(ip->total_length);
	if (total > len || total < sizeof(*ip) + sizeof(struct rte_udp_hdr))
		return FRAME_SHORT;
	if ((checksums & FRAME_IP_GOOD) == 0 && checksum_sum(l3, sizeof(*ip)) != 0xffff)
		return FRAME_CHECKSUM;
	frame->l4 = (uint16_t)(frame->l3 + sizeof(*ip));
	frame->addresses = (uint64_t)ip->src_addr + ip->dst_addr;
	frame->ipv6 = false;
	return parse_udp(
		frame, total - (unsigned)sizeof(*ip), room - (unsigned)sizeof(*ip), checksums);
}

/* The same for IPv6. */
static enum frame_verdict parse_ipv6(struct frame *frame, unsigned len, unsigned room,
	const struct frame_services *services, unsigned checksums)
{
	const struct rte_ipv6_hdr *ip = (const void *)(frame->bytes + frame->l3);

	if (len < sizeof(*ip))
		return FRAME_SHORT;
	/* Extension headers, the fragment header among them, are the kernel path's. */
	if (be32toh(ip->vtc_flow) >> 28 != 6 || ip->proto != IPPROTO_UDP)
		return FRAME_FOREIGN;
	if (!frame_is_service6(services, ip->dst_addr) || is_martian6(ip->src_addr))
		return FRAME_FOREIGN;

	const unsigned payload_len = be16toh(ip->payload_len);
	if (payload_len > len - sizeof(*ip) || payload_len < sizeof(struct rte_udp_hdr))
		return FRAME_SHORT;
	frame->l4 = (uint16_t)(frame->l3 + sizeof(*ip));
	frame->addresses
		= checksum_words((const uint8_t *)ip + offsetof(struct rte_ipv6_hdr, src_addr),
			2 * sizeof(ip->src_addr));
	frame->ipv6 = true;
	return parse_udp(frame, payload_len, room - (unsigned)sizeof(*ip), checksums);
}

struct frame_station frame_station(const uint8_t mac[6])
{
	struct frame_station station = frame_any_station();

	memcpy(&station.bits, mac, RTE_ETHER_ADDR_LEN);
	memset(&station.mask, 0xff, RTE_ETHER_ADDR_LEN);
	return station;
}

struct frame_station frame_any_station(void)
{
	/* An IP unicast in an Ethernet broadcast is not for a host to take, RFC 1122 section
	 * 3.3.6; and the swapped addresses would make a group the reply's source. */
	static const uint8_t groups[8]
		= {[0] = RTE_ETHER_GROUP_ADDR, [RTE_ETHER_ADDR_LEN] = RTE_ETHER_GROUP_ADDR};
	struct frame_station station = {0};

	memcpy(&station.mask, groups, sizeof(groups));
	return station;
}

static bool is_for(const struct frame_station *station, const struct rte_ether_hdr *ether)
{
	uint64_t start;

	memcpy(&start, ether, sizeof(start));
	return ((start ^ station->bits) & station->mask) == 0;
}

static bool is_tag(rte_be16_t type)
{
	return type == htobe16(RTE_ETHER_TYPE_VLAN) || type == htobe16(RTE_ETHER_TYPE_QINQ);
}

enum frame_verdict frame_parse(struct frame *frame, uint8_t *bytes, uint32_t len, uint32_t room,
	const struct frame_services *services, const struct frame_station *station,
	unsigned checksums)
{
	const struct rte_ether_hdr *ether = (const void *)bytes;
	unsigned l3 = sizeof(*ether);

	if (len < l3)
		return FRAME_SHORT;
	if (!is_for(station, ether))
		return FRAME_FOREIGN;
	rte_be16_t type = ether->ether_type;
	/* IPv4 without a tag, the usual, is asked for once. */
	for (unsigned tags = 0;
		type != htobe16(RTE_ETHER_TYPE_IPV4) && tags < TAGS_MAX && is_tag(type); tags++) {
		const struct rte_vlan_hdr *tag = (const void *)(bytes + l3);

		l3 += sizeof(*tag);
		if (len < l3)
			return FRAME_SHORT;
		type = tag->eth_proto;
	}
	frame->bytes = bytes;
	frame->l3 = (uint16_t)l3;
	if (type == htobe16(RTE_ETHER_TYPE_IPV4))
		return parse_ipv4(frame, len - l3, room - l3, services, checksums);
	if (type == htobe16(RTE_ETHER_TYPE_IPV6))
		return parse_ipv6(frame, len - l3, room - l3, services, checksums);
	return FRAME_FOREIGN;
}

void frame_client(const struct frame *frame, uint8_t client[16])
{
	const uint8_t *l3 = frame->bytes + frame->l3;

	if (frame->ipv6)
		memcpy(client, l3 + offsetof(struct rte_ipv6_hdr, src_addr), 16);
	else
		memcpy(client, l3 + offsetof(struct rte_ipv4_hdr, src_addr), 4);
}

static void reply_ipv4(const struct frame *frame, uint16_t udp_len)
{
	struct rte_ipv4_hdr *ip = (void *)(frame->bytes + frame->l3);
	const rte_be32_t client = ip->src_addr;
	const uint16_t total = (uint16_t)(sizeof(*ip) + udp_len);

	/* Traffic class and ECN belong to the query. With DF set a datagram is atomic, so that its
	 * identification may be 0 (RFC 6864); our EDNS size keeps replies below any sane MTU. */
	ip->type_of_service = 0;
	ip->total_length = htobe16(total);
	ip->packet_id = 0;
	ip->fragment_offset = htobe16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = REPLY_TTL;
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = client;
	/* Of the values, not of the bytes: loads that span stores still under way would wait for
	 * them. */
	const uint16_t constant
		= (RTE_IPV4_VHL_DEF << 8) + RTE_IPV4_HDR_DF_FLAG + (REPLY_TTL << 8) + IPPROTO_UDP;
	const uint64_t sum = frame->addresses + htobe16(constant) + htobe16(total);

	ip->hdr_checksum = (uint16_t)~checksum_fold(sum);
}

static void reply_ipv6(const struct frame *frame, uint16_t udp_len)
{
	struct rte_ipv6_hdr *ip = (void *)(frame->bytes + frame->l3);
	uint8_t client[sizeof(ip->src_addr)];

	/* Traffic class and flow label belong to the query. */
	ip->vtc_flow = htobe32(IPV6_VERSION);
	ip->payload_len = htobe16(udp_len);
	ip->hop_limits = REPLY_TTL;
	memcpy(client, ip->src_addr, sizeof(client));
	memcpy(ip->src_addr, ip->dst_addr, sizeof(client));
	memcpy(ip->dst_addr, client, sizeof(client));
}

uint16_t frame_reply(const struct frame *frame, uint16_t reply_len, uint16_t sum)
{
	struct rte_ether_hdr *ether = (void *)frame->bytes;
	struct rte_udp_hdr *udp = (void *)(frame->bytes + frame->l4);
	const struct rte_ether_addr client_mac = ether->src_addr;
	const rte_be16_t client_port = udp->src_port;
	const uint16_t udp_len = (uint16_t)(sizeof(*udp) + reply_len);

	ether->src_addr = ether->dst_addr;
	ether->dst_addr = client_mac;
	if (frame->ipv6)
		reply_ipv6(frame, udp_len);
	else
		reply_ipv4(frame, udp_len);

	udp->src_port = udp->dst_port;
	udp->dst_port = client_port;
	udp->dgram_len = htobe16(udp_len);
	/* The length counts twice: in the pseudo header and in the header. */
	const uint64_t total = pseudo_sum(frame, udp_len) + udp->dgram_len + client_port
		+ htobe16(FRAME_DNS_PORT) + htobe16(sum);
	const uint16_t checksum = (uint16_t)~checksum_fold(total);
	/* 0 would say that there is none. */
	udp->dgram_cksum = checksum == 0 ? 0xffff : checksum;

	return (uint16_t)(frame->l4 + udp_len);
}
