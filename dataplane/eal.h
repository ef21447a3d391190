/*
 * DPDK's environment abstraction layer, started from the configuration: an operator never writes
 * an EAL argument.
 */
#pragma once

#include <ptrd/config.h>

struct port;
struct ports;

/* Main lcore's id; workers have 1, 2, ... in the order of the cores in the configuration. */
#define EAL_LCORE_MAIN 0

/*
 * Checks that this process may do what DPDK and AF_XDP need, and that its cores exist and can run the
 * checksum code that the environment asks for. Returns 0, or -1 after log_line() told what is missing.
 * Before everything else: main thread.
 */
int eal_check(const struct ptrd_config *config);

/* Starts the EAL with one lcore for each core and the devices of each port. Returns 0, or -1 after
 * log_line() told what to change. */
int eal_start(const struct ptrd_config *config, const struct ports *ports);

#define EAL_DEVICE_NAME_SIZE 64

/* DPDK's name of the device number `device` of port `index`. */
void eal_device_name(
	const struct port *port, unsigned index, unsigned device, char name[EAL_DEVICE_NAME_SIZE]);
