/*
 * Keeps what is served in step with the directory: watches for a new one, builds its view beside
 * the old, swaps, waits for the readers, frees the old. One that cannot be loaded is tried again
 * every second. Main lcore.
 */
#pragma once

struct event_base;
struct serving;
struct loader;

/*
 * Loads the directory in `run_dir` into `serving`, or an empty view until there is a valid one,
 * and from then on follows it through `base`'s events. Strings are copied. Returns NULL after
 * log_line() told why.
 */
struct loader *loader_create(struct event_base *base, const char *run_dir, struct serving *serving);

/* After every other reader has ended. NULL is allowed. */
void loader_destroy(struct loader *loader);
