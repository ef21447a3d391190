/*
 * Kernel network interfaces: is one fit for AF_XDP, and whose is it. Main thread; errors are
 * written with log_line().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct interface {
	unsigned index;
	/* It tells receive and transmit queues apart, as veth does, instead of pairs: net_af_xdp
	 * then takes it for one of a single queue. */
	bool separate_queues;
};

/*
 * Checks that `name` is a name, exists, is up and has at least `queues` receive and transmit
 * queues. Returns 0 with `*interface` filled, or -1.
 */
int interface_check(const char *name, unsigned queues, struct interface *interface);

/* Reads the interface's MAC address as it is now. Returns 0, or -1 with errno and nothing logged. */
int interface_mac(unsigned index, uint8_t mac[6]);

/*
 * True if frames may come from `name` with a UDP checksum that nobody has finished, because they
 * never were on a wire: loopback and virtual interfaces hand them from sender to receiver as they
 * are. Logs that it is so.
 */
bool interface_leaves_checksums(const char *name);

/*
 * Claims the interface in this network namespace for the life of the descriptor returned, or -1 if
 * a living process has it (its pid is named if the kernel tells it). Waits up to 2 s for one that
 * is dying.
 */
int interface_claim(const char *name, unsigned index);
