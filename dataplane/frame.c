#include "frame.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#define REPLY_TTL 64

static bool is_service(const struct frame_services *services, uint32_t address)
{
	bool found = false;

	/* Few addresses: a loop without an early way out is what the compiler vectorizes. */
	for (unsigned i = 0; i < services->count; i++)
		found |= services->address[i] == address;
	return found;
}

/* An address that no reply may go to: 0/8, 127/8, multicast, reserved and broadcast (RFC 6890). */
static bool is_martian(uint32_t address)
{
	const uint32_t net = address >> 24;

	return net == 0 || net == 127 || net >= 224;
}

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* RFC 1071 sum of an IPv4 header without options, in the machine's own byte order: the sum is the
 * same in either, but for the order of its bytes. */
static uint16_t header_sum(const struct rte_ipv4_hdr *ip)
{
	uint16_t words[sizeof(*ip) / 2];
	uint32_t sum = 0;

	memcpy(words, ip, sizeof(words));
	for (unsigned i = 0; i < sizeof(words) / 2; i++)
		sum += words[i];
	return fold(sum);
}

/* UDP behind an IPv4 header whose own fields have been checked. */
static enum frame_verdict parse_udp(struct frame *frame, unsigned payload_len)
{
	const struct rte_udp_hdr *udp = (const void *)(frame->bytes + frame->l4);
	const unsigned udp_len = rte_be_to_cpu_16(udp->dgram_len);

	if (udp->dst_port != rte_cpu_to_be_16(FRAME_DNS_PORT))
		return FRAME_FOREIGN;
	if (udp_len < sizeof(*udp) || udp_len > payload_len)
		return FRAME_SHORT;
	frame->dns = (uint16_t)(frame->l4 + sizeof(*udp));
	frame->len = (uint16_t)(udp_len - sizeof(*udp));
	frame->port = rte_be_to_cpu_16(udp->src_port);
	return FRAME_QUERY;
}

/* IPv4 in the `len` bytes from frame->l3 on. */
static enum frame_verdict parse_ipv4(
	struct frame *frame, unsigned len, const struct frame_services *services)
{
	const struct rte_ipv4_hdr *ip = (const void *)(frame->bytes + frame->l3);
	const uint16_t fragment_bits = RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK;

	if (len < sizeof(*ip))
		return FRAME_SHORT;
	/* Options and fragments are the kernel path's. */
	if (ip->version_ihl != RTE_IPV4_VHL_DEF || ip->next_proto_id != IPPROTO_UDP
		|| (ip->fragment_offset & rte_cpu_to_be_16(fragment_bits)) != 0)
		return FRAME_FOREIGN;
	if (!is_service(services, rte_be_to_cpu_32(ip->dst_addr))
		|| is_martian(rte_be_to_cpu_32(ip->src_addr)))
		return FRAME_FOREIGN;

	const unsigned total = rte_be_to_cpu_16(ip->total_length);
	if (total > len || total < sizeof(*ip) + sizeof(struct rte_udp_hdr))
		return FRAME_SHORT;
	if (header_sum(ip) != 0xffff)
		return FRAME_CHECKSUM;
	frame->l4 = (uint16_t)(frame->l3 + sizeof(*ip));
	return parse_udp(frame, total - (unsigned)sizeof(*ip));
}

enum frame_verdict frame_parse(
	struct frame *frame, uint8_t *bytes, uint32_t len, const struct frame_services *services)
{
	const struct rte_ether_hdr *ether = (const void *)bytes;

	if (len < sizeof(*ether))
		return FRAME_SHORT;
	if (ether->ether_type != rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4))
		return FRAME_FOREIGN;
	/* An IP unicast in an Ethernet broadcast is not for a host to take, RFC 1122 section
	 * 3.3.6; and the swapped addresses would make a group the reply's source. */
	if (rte_is_multicast_ether_addr(&ether->dst_addr)
		|| rte_is_multicast_ether_addr(&ether->src_addr))
		return FRAME_FOREIGN;
	frame->bytes = bytes;
	frame->l3 = sizeof(*ether);
	return parse_ipv4(frame, len - (unsigned)sizeof(*ether), services);
}

/* `udp_sum`: RFC 1071 sum of the UDP payload as big-endian words. */
static uint16_t udp_checksum(
	const struct rte_ipv4_hdr *ip, const struct rte_udp_hdr *udp, uint16_t udp_sum)
{
	const uint32_t src = rte_be_to_cpu_32(ip->src_addr), dst = rte_be_to_cpu_32(ip->dst_addr);
	const uint16_t len = rte_be_to_cpu_16(udp->dgram_len);
	/* The length counts twice: in the pseudo header and in the header, RFC 768. */
	const uint32_t sum = (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff)
		+ IPPROTO_UDP + 2u * len + rte_be_to_cpu_16(udp->src_port)
		+ rte_be_to_cpu_16(udp->dst_port) + udp_sum;
	const uint16_t checksum = (uint16_t)~fold(sum);

	return checksum == 0 ? 0xffff : checksum; /* 0 would say that there is none */
}

uint16_t frame_reply(const struct frame *frame, uint16_t reply_len, uint16_t sum)
{
	struct rte_ether_hdr *ether = (void *)frame->bytes;
	struct rte_ipv4_hdr *ip = (void *)(frame->bytes + frame->l3);
	struct rte_udp_hdr *udp = (void *)(frame->bytes + frame->l4);
	const struct rte_ether_addr client_mac = ether->src_addr;
	const rte_be32_t client = ip->src_addr;
	const rte_be16_t client_port = udp->src_port;
	const uint16_t udp_len = (uint16_t)(sizeof(*udp) + reply_len);

	ether->src_addr = ether->dst_addr;
	ether->dst_addr = client_mac;

	/* Traffic class and ECN belong to the query. With DF set a datagram is atomic, so that its
	 * identification may be 0 (RFC 6864); our EDNS size keeps replies below any sane MTU. */
	ip->type_of_service = 0;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + udp_len));
	ip->packet_id = 0;
	ip->fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	ip->time_to_live = REPLY_TTL;
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = client;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (rte_be16_t)~header_sum(ip);

	udp->src_port = udp->dst_port;
	udp->dst_port = client_port;
	udp->dgram_len = rte_cpu_to_be_16(udp_len);
	udp->dgram_cksum = rte_cpu_to_be_16(udp_checksum(ip, udp, sum));

	return (uint16_t)(frame->l4 + udp_len);
}
