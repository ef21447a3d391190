/* Clock: what time limits are counted by. */
#pragma once

#include <stdint.h>
#include <time.h>

/*
 * Milliseconds of the monotonic clock, a few of them late: that one needs no system call, whatever
 * the machine's clock source is, and so may be asked for each request.
 */
static inline int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
