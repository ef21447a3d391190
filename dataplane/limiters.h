/*
 * The rate limiters of all readers: their memory, and who still holds it. Main lcore.
 */
#pragma once

#include "limiter.h"
#include "settings.h"

struct limiters;

/*
 * Makes a limiter for each of the readers 0 to `readers` - 1, of the settings' rate, which is not 0.
 * Their memory is only touched where a reader uses it, and by that reader: a large table holds up
 * nobody here, and lies on its reader's NUMA node. Returns NULL after log_line() if there is none.
 */
struct limiters *limiters_create(const struct dns_settings *settings, unsigned readers);

/* One holder more: the state stays, for readers that move from one policy to the next. */
struct limiters *limiters_hold(struct limiters *limiters);

/* One holder less; the last one frees. NULL is allowed. No reader may use it for that holder. */
void limiters_release(struct limiters *limiters);

/* The limiter of that reader. */
struct dns_limiter *limiters_of(const struct limiters *limiters, unsigned reader);
