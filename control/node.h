/*
 * The control process's end of the node segment (ptrd/node.h): is a dataplane alive, what has it
 * applied, which grace periods are over. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/node.h>

struct node;

/* Watches the segment in `run_dir`, which need not exist yet. Returns NULL if memory is short. */
struct node *node_open(const char *run_dir);
void node_close(struct node *n);

/*
 * True if a dataplane holds the segment now. When it is false, nobody holds a reference into any
 * table that was unlinked before the call.
 */
bool node_alive(struct node *n);

/* Directory generation that every reader answers from; UINT64_MAX when no dataplane is alive. */
uint64_t node_applied(struct node *n);
/* Highest generation that any dataplane on this segment has applied, alive or not; 0: none. */
uint64_t node_last_applied(struct node *n);

/* Starts a grace period: what was unlinked before the call is unseen once node_passed() reaches the
 * token. Never 0; tokens never fall while this process lives. */
uint64_t node_token(struct node *n);
/* True when the grace period of `token` is over. Never waits. */
bool node_passed(struct node *n, uint64_t token);

/* The segment for reading counters, or NULL when there is none. Valid until the next call. */
const struct ptrd_node *node_segment(struct node *n);
