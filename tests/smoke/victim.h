/*
 * A process that is started to be killed, one at a time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Runs the program with these arguments, the first being its path. */
bool victim_start(char *const command[]);

/* SIGKILL after so many microseconds, whatever this process does then. */
void victim_kill_within(unsigned us);

/* Waits for its end. False, which is said: that kill was not its cause. */
bool victim_wait_killed(void);

/* Waits until it takes connections at the unix socket. False, which is said: it does not. */
bool victim_wait_listening(const char *socket_path, unsigned *took_us);

/* SIGTERM, and waits for its end. */
bool victim_end(void);

/* A monotonic clock. */
uint64_t victim_clock_us(void);
