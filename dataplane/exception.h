/*
 * Exception port: a TAP twin of a port whose frames the kernel does not see. Everything that is not
 * the fast path's goes from the port to its twin and comes back from there, so that ARP, neighbour
 * discovery, ICMP, TCP and routing daemons work in the kernel as on an adapter of its own. Main
 * thread; errors are written with log_line().
 */
#pragma once

#include "device.h"

#define EXCEPTION_NONE UINT16_MAX /* id of no device */

/*
 * Makes and starts the TAP `interface` for `port`, which has started: with its MAC address and MTU,
 * as many queues, which take packet memory from the same pools. `index` makes DPDK's name of it
 * unique. Returns 0 with the device's id in `*id`, or -1.
 */
int exception_start(const struct device *port, const char *interface, unsigned index, uint16_t *id);
