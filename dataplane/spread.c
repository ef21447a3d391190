#include "spread.h"

#include <inttypes.h>
#include <string.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_flow.h>

#include <ptrd/node.h>

#include "device.h"
#include "frame.h"
#include "log.h"
#include "rule.h"

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

/* Where queries go, and how exactly the driver has matched them so far. */
struct taker {
	const char *name;
	uint16_t id;
	uint8_t mac[RTE_ETHER_ADDR_LEN];
	struct rte_flow_action_rss rss;
	enum rule_exactness exactness;
};

/* Returns true if the driver took the rule, or fills `error`. */
static bool create(const struct taker *taker, const struct rule *rule, struct rte_flow_error *error)
{
	static const struct rte_flow_attr attributes = {.ingress = 1};
	const struct rte_flow_action actions[] = {
		{.type = RTE_FLOW_ACTION_TYPE_RSS, .conf = &taker->rss},
		{.type = RTE_FLOW_ACTION_TYPE_END},
	};

	*error = (struct rte_flow_error){0};
	return rte_flow_validate(taker->id, &attributes, rule->pattern, actions, error) == 0
		&& rte_flow_create(taker->id, &attributes, rule->pattern, actions, error) != NULL;
}

/* Has the driver take queries for an address of either family, `ipv6` being NULL for IPv4: as exactly
 * as it can. */
static int take(struct taker *taker, uint32_t ipv4, const struct frame_ipv6 *ipv6)
{
	struct rte_flow_error error = {0};

	for (; taker->exactness < RULE_EXACTNESSES; taker->exactness++) {
		struct rule rule;

		if (ipv6 != NULL)
			rule_ipv6(&rule, taker->exactness, taker->mac, ipv6);
		else
			rule_ipv4(&rule, taker->exactness, taker->mac, ipv4);
		if (create(taker, &rule, &error))
			return 0;
	}
	log_line("port %s: its driver takes no flow rule for UDP/53 over %" PRIu32 " queues: %s",
		taker->name, taker->rss.queue_num,
		error.message != NULL ? error.message : "it does not tell why");
	return -1;
}

static void tell_exactness(const struct taker *taker, const char *family)
{
	static const char *const dropped[RULE_EXACTNESSES] = {
		[RULE_UNFRAGMENTED] = "options or extension headers",
		[RULE_ADDRESSED] = "options or extension headers, or in fragments,",
	};

	if (taker->exactness != RULE_EXACT)
		log_line("port %s: its driver cannot tell packets apart that only the kernel "
			 "answers: queries over %s with %s are dropped",
			taker->name, family, dropped[taker->exactness]);
}

static int take_ipv4(struct taker *taker, const struct rte_eth_dev_info *info,
	const struct frame_services *services)
{
	taker->exactness = RULE_EXACT;
	taker->rss.types
		= info->flow_type_rss_offloads & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_UDP);
	for (unsigned i = 0; i < services->ipv4_count; i++)
		if (take(taker, services->ipv4[i], NULL) != 0)
			return -1;
	tell_exactness(taker, "IPv4");
	return 0;
}

static int take_ipv6(struct taker *taker, const struct rte_eth_dev_info *info,
	const struct frame_services *services)
{
	taker->exactness = RULE_EXACT;
	taker->rss.types
		= info->flow_type_rss_offloads & (RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_UDP);
	for (unsigned i = 0; i < services->ipv6_count; i++)
		if (take(taker, 0, &services->ipv6[i]) != 0)
			return -1;
	tell_exactness(taker, "IPv6");
	return 0;
}

int spread_take_queries(const char *name, uint16_t id, uint16_t queues,
	const struct rte_eth_dev_info *info, const struct frame_services *services)
{
	uint16_t list[PTRD_READERS_MAX];
	struct taker taker = {.name = name, .id = id, .rss = {.queue_num = queues, .queue = list}};
	struct rte_ether_addr mac;

	if (!spread_shares_with_kernel(info))
		return 0;
	for (uint16_t queue = 0; queue < queues; queue++)
		list[queue] = queue;
	const int err = rte_eth_macaddr_get(id, &mac);
	if (err != 0)
		return device_error(name, "MAC address", err);
	memcpy(taker.mac, mac.addr_bytes, sizeof(taker.mac));
	if (take_ipv4(&taker, info, services) != 0 || take_ipv6(&taker, info, services) != 0)
		return -1;
	log_line("port %s: takes UDP/53 for its MAC address and the service addresses, the kernel "
		 "keeps the rest",
		name);
	return 0;
}
