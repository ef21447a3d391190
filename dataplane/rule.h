/*
 * Flow rule for queries to one service address, as an adapter that is shared with the kernel gets it.
 * Pure: it is only written here.
 */
#pragma once

#include <stdint.h>

#include <rte_flow.h>

#include "frame.h"

/* How much of what frame_parse() wants of a frame the rule asks for. What it brings beyond that is
 * dropped: nothing goes back to the kernel from there. Drivers differ in what they can match. */
enum rule_exactness {
	RULE_EXACT,        /* neither IPv4 options, nor fragments, nor IPv6 extension headers */
	RULE_UNFRAGMENTED, /* no fragments */
	RULE_ADDRESSED,    /* UDP/53 for the addresses */
	RULE_EXACTNESSES
};

/* The rule has pointers into itself: it is not to be copied. */
struct rule {
	struct rte_flow_item_eth eth, eth_mask;
	struct rte_flow_item_ipv4 ipv4, ipv4_mask;
	struct rte_flow_item_ipv6 ipv6, ipv6_mask;
	struct rte_flow_item_udp udp, udp_mask;
	struct rte_flow_item pattern[4]; /* Ethernet, IP, UDP, the end */
};

/* UDP/53 for the MAC address `mac` and an IPv4 address in host byte order; with any VLAN tags that the
 * driver lets pass. */
void rule_ipv4(
	struct rule *rule, enum rule_exactness exactness, const uint8_t mac[6], uint32_t address);

/* The same for an IPv6 address. */
void rule_ipv6(struct rule *rule, enum rule_exactness exactness, const uint8_t mac[6],
	const struct frame_ipv6 *address);
