/*
 * Loader's side of the XDP program of one interface. DPDK's net_af_xdp loads and attaches the
 * program itself, so this side guards the interface before (is it free? is a leftover there?), and
 * after that finds the program by way of the interface, to tell it the service addresses.
 *
 * Main thread. Errors are written with log_line() and name the interface and the cure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "steer_abi.h"

struct steer;

/*
 * Claims `interface` for this process: until steer_release() or death no other ptrd-dataplane in
 * this network namespace gets it. It must exist, be up, and have at least `queues` receive queues.
 * A program of ours that a dead process left is detached; anybody else's is a refusal. Returns
 * NULL on error.
 */
struct steer *steer_claim(const char *interface, unsigned queues);

/*
 * Starts steering: call it when net_af_xdp has attached the program and the workers run.
 * `addresses` are in host byte order. Returns 0, or -1.
 */
int steer_start(struct steer *steer, const uint32_t *addresses, unsigned count);

/* True while the interface carries the program that steer_start() found. Cheap: one netlink
 * call. */
bool steer_attached(const struct steer *steer);

/* Frames per verdict since steer_start(), over all CPUs. Returns 0, or -1 if the kernel refuses. */
int steer_counters(const struct steer *steer, uint64_t counters[STEER_VERDICT_COUNT]);

/* Stops steering: from now on the kernel gets every frame. */
void steer_stop(struct steer *steer);

/*
 * Detaches the program if the interface still carries ours, gives up the claim and frees `steer`,
 * which may be NULL. Somebody else's program is left alone.
 */
void steer_release(struct steer *steer);

const char *steer_interface(const struct steer *steer);
