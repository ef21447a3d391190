#include "rule.h"

#include <string.h>

#include <netinet/in.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>

/* Returns the pattern's place for IP. */
static struct rte_flow_item *start(struct rule *rule, const uint8_t mac[6])
{
	*rule = (struct rule){
		.udp.hdr.dst_port = rte_cpu_to_be_16(FRAME_DNS_PORT),
		.udp_mask.hdr.dst_port = UINT16_MAX,
	};
	memcpy(&rule->eth.hdr.dst_addr, mac, RTE_ETHER_ADDR_LEN);
	memset(&rule->eth_mask.hdr.dst_addr, 0xff, RTE_ETHER_ADDR_LEN);
	rule->pattern[0] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_ETH, .spec = &rule->eth, .mask = &rule->eth_mask};
	rule->pattern[2] = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &rule->udp, .mask = &rule->udp_mask};
	rule->pattern[3] = (struct rte_flow_item){.type = RTE_FLOW_ITEM_TYPE_END};
	return &rule->pattern[1];
}

void rule_ipv4(
	struct rule *rule, enum rule_exactness exactness, const uint8_t mac[6], uint32_t address)
{
	*start(rule, mac) = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_IPV4, .spec = &rule->ipv4, .mask = &rule->ipv4_mask};
	rule->ipv4.hdr.dst_addr = rte_cpu_to_be_32(address);
	rule->ipv4_mask.hdr.dst_addr = UINT32_MAX;
	/* The evil bit and DF are nothing to a query; mlx5 wants these bits whole. */
	if (exactness <= RULE_UNFRAGMENTED)
		rule->ipv4_mask.hdr.fragment_offset
			= rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK);
	if (exactness <= RULE_EXACT) {
		rule->ipv4.hdr.version_ihl = RTE_IPV4_VHL_DEF & RTE_IPV4_HDR_IHL_MASK;
		rule->ipv4_mask.hdr.version_ihl = RTE_IPV4_HDR_IHL_MASK;
	}
}

void rule_ipv6(struct rule *rule, enum rule_exactness exactness, const uint8_t mac[6],
	const struct frame_ipv6 *address)
{
	*start(rule, mac) = (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_IPV6, .spec = &rule->ipv6, .mask = &rule->ipv6_mask};
	memcpy(rule->ipv6.hdr.dst_addr, address, sizeof(rule->ipv6.hdr.dst_addr));
	memset(rule->ipv6_mask.hdr.dst_addr, 0xff, sizeof(rule->ipv6_mask.hdr.dst_addr));
	if (exactness <= RULE_UNFRAGMENTED)
		rule->ipv6_mask.has_frag_ext = 1;
	if (exactness <= RULE_EXACT) {
		rule->ipv6.hdr.proto = IPPROTO_UDP;
		rule->ipv6_mask.hdr.proto = UINT8_MAX;
	}
}
