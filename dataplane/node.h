/*
 * The dataplane's end of the node segment: see ptrd/node.h for what is in it and why.
 */
#pragma once

#include <stdint.h>

#include <ptrd/node.h>

struct rte_rcu_qsbr;

/* Number of the main lcore among the readers; worker i is reader i + 1. */
#define NODE_READER_MAIN 0

struct node {
	struct ptrd_node *shared;
	int fd; /* holds the lock */
};

/*
 * Makes the segment in `run_dir` (made if missing) or takes over that of a dead predecessor, and
 * locks it. No reader is registered afterwards, counters are 0, and nothing is applied yet. Waits
 * up to 2 s for a predecessor that is dying.
 * Returns 0, or -1 after log_line() told why. Main thread.
 */
int node_open(struct node *node, const char *run_dir);

/* Clean stop: nobody is a reader any more, the lock is given up. Main thread. */
void node_close(struct node *node);

/* The segment's quiescent-state variable. */
struct rte_rcu_qsbr *node_qsbr(struct ptrd_node *shared);

/* Counts one outcome or event of reader `reader`: by that reader's thread alone. */
static inline void node_count_event(
	struct ptrd_counters *counters, enum ptrd_event event, uint64_t n)
{
	ptrd_count(&counters->event[event], n);
}
