/*
 * How a DPDK device spreads queries over its receive queues, and which frames it leaves to the
 * kernel: from what the device says that it can do. Main thread; errors are written with
 * log_line().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct frame_services;
struct rte_eth_conf;
struct rte_eth_dev_info;

/* True if the kernel goes on driving the same adapter beside DPDK, and has what no flow rule takes
 * from it (the mlx4 and mlx5 drivers). */
bool spread_shares_with_kernel(const struct rte_eth_dev_info *info);

/*
 * Before the device is configured: sets `conf` to RSS over addresses and ports where `queues` are
 * several, and isolates an adapter that is shared with the kernel, so that its rules alone bring
 * frames. `name` is for errors. Returns 0; or -1 if an adapter has no way to spread.
 */
int spread_configure(const char *name, uint16_t id, uint16_t queues,
	const struct rte_eth_dev_info *info, struct rte_eth_conf *conf);

/*
 * After the device has started: has an adapter that is shared with the kernel take UDP/53 for each
 * service address and the device's MAC address, spread over its queues; and of that what the fast path
 * answers alone, as far as its driver can match that. Returns 0, or -1.
 */
int spread_take_queries(const char *name, uint16_t id, uint16_t queues,
	const struct rte_eth_dev_info *info, const struct frame_services *services);
