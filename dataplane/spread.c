#include "spread.h"

#include <inttypes.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_byteorder.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#include <ptrd/node.h>

#include "device.h"
#include "frame.h"
#include "log.h"

/* Ports of UDP and TCP, and the addresses of what has none. */
#define RSS_WANTED (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP)

bool spread_shares_with_kernel(const struct rte_eth_dev_info *info)
{
	static const char *const drivers[] = {"mlx5_pci", "net_mlx4"};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(info->driver_name, drivers[i]) == 0)
			return true;
	return false;
}

static bool is_virtual(const struct rte_eth_dev_info *info)
{
	return strcmp(rte_bus_name(rte_dev_bus(info->device)), "vdev") == 0;
}

/* Frames that no rule of ours takes stay in the kernel. */
static int isolate(const char *name, uint16_t id)
{
	struct rte_flow_error error = {0};

	if (rte_flow_isolate(id, true, &error) == 0)
		return 0;
	log_line("port %s: cannot be shared with the kernel: %s", name,
		error.message != NULL ? error.message : "the driver does not tell why");
	return -1;
}

int spread_configure(const char *name, uint16_t id, uint16_t queues,
	const struct rte_eth_dev_info *info, struct rte_eth_conf *conf)
{
	const uint64_t types = info->flow_type_rss_offloads & RSS_WANTED;
	const bool shared = spread_shares_with_kernel(info);

	if (shared && isolate(name, id) != 0)
		return -1;
	if (queues == 1 || shared) /* the rules of a shared one spread by themselves */
		return 0;
	if (types != 0) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf = types;
		log_line("port %s: %u queues, spread by RSS (types 0x%" PRIx64 ")", name, queues,
			types);
		return 0;
	}
	if (!is_virtual(info)) {
		log_line("port %s: %u cores need as many queues, but its driver %s spreads frames "
			 "over queues neither by RSS nor by flow rules: give it one core",
			name, queues, info->driver_name);
		return -1;
	}
	/* net_af_packet by its kernel's fanout, net_pcap by its files. */
	log_line("port %s: driver %s has no RSS: how its %u queues share queries is up to its "
		 "devargs",
		name, info->driver_name, queues);
	return 0;
}

static int take(const char *name, uint16_t id, const struct rte_flow_item pattern[],
	const struct rte_flow_action_rss *rss)
{
	static const struct rte_flow_attr attributes = {.ingress = 1};
	const struct rte_flow_action actions[] = {
		{.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = rss},
		{.type = RTE_FLOW_ACTION_TYPE_END},
	};
	struct rte_flow_error error = {0};

	if (rte_flow_validate(id, &attributes, pattern, actions, &error) == 0
		&& rte_flow_create(id, &attributes, pattern, actions, &error) != NULL)
		return 0;
	log_line("port %s: its driver takes no flow rule for UDP/53 over %" PRIu32 " queues: %s",
		name, rss->queue_num,
		error.message != NULL ? error.message : "it does not tell why");
	return -1;
}

/* UDP/53 for the address that `ip` matches. */
static int take_address(const char *name, uint16_t id, const struct rte_flow_item *ip,
	const struct rte_flow_action_rss *rss)
{
	const struct rte_flow_item_udp udp = {.hdr.dst_port = rte_cpu_to_be_16(FRAME_DNS_PORT)};
	const struct rte_flow_item_udp udp_mask = {.hdr.dst_port = UINT16_MAX};
	const struct rte_flow_item pattern[] = {
		{.type = RTE_FLOW_ITEM_TYPE_ETH},
		*ip,
		{.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &udp, .mask = &udp_mask},
		{.type = RTE_FLOW_ITEM_TYPE_END},
	};

	return take(name, id, pattern, rss);
}

static int take_ipv4(
	const char *name, uint16_t id, uint32_t address, const struct rte_flow_action_rss *rss)
{
	const struct rte_flow_item_ipv4 spec = {.hdr.dst_addr = rte_cpu_to_be_32(address)};
	const struct rte_flow_item_ipv4 mask = {.hdr.dst_addr = UINT32_MAX};
	const struct rte_flow_item item
		= {.type = RTE_FLOW_ITEM_TYPE_IPV4, .spec = &spec, .mask = &mask};

	return take_address(name, id, &item, rss);
}

static int take_ipv6(const char *name, uint16_t id, const struct frame_ipv6 *address,
	const struct rte_flow_action_rss *rss)
{
	struct rte_flow_item_ipv6 spec = {0}, mask = {0};
	const struct rte_flow_item item
		= {.type = RTE_FLOW_ITEM_TYPE_IPV6, .spec = &spec, .mask = &mask};

	memcpy(spec.hdr.dst_addr, address, sizeof(spec.hdr.dst_addr));
	memset(mask.hdr.dst_addr, 0xff, sizeof(mask.hdr.dst_addr));
	return take_address(name, id, &item, rss);
}

int spread_take_queries(const char *name, uint16_t id, uint16_t queues,
	const struct rte_eth_dev_info *info, const struct frame_services *services)
{
	uint16_t list[PTRD_READERS_MAX];
	struct rte_flow_action_rss rss = {.queue_num = queues, .queue = list};

	if (!spread_shares_with_kernel(info))
		return 0;
	for (uint16_t queue = 0; queue < queues; queue++)
		list[queue] = queue;
	rss.types
		= info->flow_type_rss_offloads & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_UDP);
	for (unsigned i = 0; i < services->ipv4_count; i++)
		if (take_ipv4(name, id, services->ipv4[i], &rss) != 0)
			return -1;
	rss.types
		= info->flow_type_rss_offloads & (RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_UDP);
	for (unsigned i = 0; i < services->ipv6_count; i++)
		if (take_ipv6(name, id, &services->ipv6[i], &rss) != 0)
			return -1;
	log_line(
		"port %s: takes UDP/53 for the service addresses, the kernel keeps the rest", name);
	return 0;
}
