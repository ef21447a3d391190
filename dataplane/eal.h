/*
 * DPDK's environment abstraction layer, started from the configuration: an operator never writes
 * an EAL argument.
 */
#pragma once

#include <ptrd/config.h>

/* Main lcore's id; workers have 1, 2, ... in the order of the cores in the configuration. */
#define EAL_LCORE_MAIN 0

/*
 * Checks that this process may do what DPDK and AF_XDP need, and that its cores exist. Returns 0,
 * or -1 after log_line() told what is missing. Before everything else: main thread.
 */
int eal_check(const struct ptrd_config *config);

/* Starts the EAL with one lcore for each core and one virtual device for each port. Returns 0,
 * or -1 after log_line() told what to change. */
int eal_start(const struct ptrd_config *config);

/* Name of the device of port `index`: `name` takes at least 64 bytes. */
void eal_device_name(const struct ptrd_config_port *port, unsigned index, char name[64]);
