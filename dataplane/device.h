/*
 * One DPDK device: its queues, its packet memory, its start. Main thread; errors are written with
 * log_line() and name the device as the configuration does.
 */
#pragma once

#include <stdint.h>

#include <ptrd/node.h>

struct rte_eth_conf;
struct rte_mempool;

struct device {
	const char *name;     /* for errors */
	uint16_t id;          /* of DPDK: its "port" */
	uint16_t queues;      /* pairs */
	uint16_t descriptors; /* of each ring, as many as the device takes of these */
	/* Packet memory of each receive queue. */
	struct rte_mempool *pools[PTRD_READERS_MAX];
};

/* Configures and starts the device. Returns 0, or -1. */
int device_start(const struct device *device, const struct rte_eth_conf *conf);

/* Writes an error of DPDK's. Always -1. */
int device_error(const char *name, const char *what, int error);
