/*
 * Ports: DPDK devices with one queue pair for each core that the configuration gives them.
 * Main thread; errors are written with log_line().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/config.h>

#include "frame.h"

struct steer;

#define PORTS_MAX 16

struct port {
	uint16_t id;         /* of DPDK */
	uint16_t queues;     /* pairs */
	struct steer *steer; /* NULL for a virtual device */
	bool started;        /* as a DPDK device */
	bool lost;           /* its XDP program has gone, and that has been told */
};

struct ports {
	struct port port[PORTS_MAX];
	unsigned count;
};

/* Before the EAL starts: claims every interface. Returns 0, or -1 with nothing claimed. */
int ports_claim(struct ports *ports, const struct ptrd_config_dataplane *dataplane);

/* Once the EAL runs: queues, packet memory, start. Returns 0, or -1. */
int ports_start(struct ports *ports, const struct ptrd_config_dataplane *dataplane);

/* Once the workers run: queries come to them from now on. Returns 0, or -1. */
int ports_open(struct ports *ports, const struct frame_services *services);

/* Now and then: tells once when an interface has lost our XDP program. */
void ports_check(struct ports *ports);

/* Clean stop, first half, while the workers still run: the kernel gets every frame again. */
void ports_close(struct ports *ports);

/* Second half, after the workers have ended. Tells what the XDP programs counted. */
void ports_release(struct ports *ports);
