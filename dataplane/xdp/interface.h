/*
 * Kernel network interfaces: is one fit for AF_XDP, and whose is it. Main thread; errors are
 * written with log_line().
 */
#pragma once

/*
 * Checks that `name` is a name, exists, is up and has at least `queues` receive queues. Returns 0
 * with its index in `*index`, or -1.
 */
int interface_check(const char *name, unsigned queues, unsigned *index);

/*
 * Claims the interface in this network namespace for the life of the descriptor returned, or -1 if
 * a living process has it (its pid is named if the kernel tells it). Waits up to 2 s for one that
 * is dying.
 */
int interface_claim(const char *name, unsigned index);
