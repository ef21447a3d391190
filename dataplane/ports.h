/*
 * Ports: DPDK devices with one queue pair for each core that the configuration gives them, and
 * their exception twins. Main thread; errors are written with log_line().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/config.h>
#include <ptrd/node.h>

#include "exception.h"
#include "frame.h"

struct steer;

#define PORTS_MAX 16

/* What one worker works on. */
struct port_queue {
	uint16_t device; /* as rte_eth_rx_burst() and rte_eth_tx_burst() name it, with `queue` */
	uint16_t queue;
	uint16_t exception_queue; /* of the port's exception device */
};

struct port {
	const struct ptrd_config_port *config;
	struct port_queue queue[PTRD_READERS_MAX];
	uint16_t queues;              /* pairs, one for each worker */
	uint16_t devices;             /* 1; or one for each queue, where net_af_xdp asks for it */
	uint16_t device_queues;       /* of each */
	uint16_t started;             /* devices that have started */
	uint16_t exception;           /* the exception device or EXCEPTION_NONE */
	unsigned checksums;           /* what is known of every frame: enum frame_checksums */
	struct frame_station station; /* whom its frames are for */
	struct steer *steer;          /* NULL but for an interface */
	bool lost;                    /* its XDP program has gone, and that has been told */
};

struct ports {
	struct port port[PORTS_MAX];
	unsigned count;
};

/* What its configuration calls it: the interface, or the device that its devargs begin with. */
void port_name(const struct port *port, char *name, size_t size);

/* Before the EAL starts: claims every interface. Returns 0, or -1 with nothing claimed. */
int ports_claim(struct ports *ports, const struct ptrd_config_dataplane *dataplane);

/* Once the EAL runs: queues, packet memory, start. Returns 0, or -1. */
int ports_start(struct ports *ports, const struct frame_services *services);

/* Once the workers run: queries come to them from now on. Returns 0, or -1. */
int ports_open(struct ports *ports, const struct frame_services *services);

/* Now and then: keeps up with the MAC addresses of interfaces, and tells once when one has lost our
 * XDP program. */
void ports_check(struct ports *ports);

/* Clean stop, first half, while the workers still run: the kernel gets every frame again. */
void ports_close(struct ports *ports);

/* Second half, after the workers have ended. Tells what the XDP programs counted. */
void ports_release(struct ports *ports);
