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

struct frame_services;
struct steer;

/*
 * Claims `interface` for this process: until steer_release() or death no other ptrd-dataplane in
 * this network namespace gets it. It must exist, be up, and have at least `queues` receive queues.
 * A program of ours that a dead process left is detached; anybody else's is a refusal. The interface
 * leaves VLAN tags in frames from then on (see tags.h), till steer_release(). Returns NULL on error.
 */
struct steer *steer_claim(const char *interface, unsigned queues);

/*
 * True if each queue must be a device of its own to net_af_xdp, which would refuse a second queue
 * of this interface (see struct interface).
 */
bool steer_needs_device_per_queue(const struct steer *steer);

/* Before such a device is set up: steer_adopt() will tell its socket from those that are there. */
void steer_prepare(struct steer *steer);

/*
 * After it has started: keeps its socket for the one program that all queues are to
 * share, and detaches the program that came with the device, so that the next device can attach
 * its own; that of the last stays. In the order of the queues, from 0. Returns 0, or -1.
 */
int steer_adopt(struct steer *steer, bool last);

/*
 * Starts steering: call it when net_af_xdp has attached the program and the workers run. Returns
 * 0, or -1.
 */
int steer_start(struct steer *steer, const struct frame_services *services);

/*
 * Now and then after steer_start(): has the program know the interface's MAC address, should that have
 * changed. Till then the kernel path answers queries to the new one.
 */
void steer_follow(const struct steer *steer);

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
