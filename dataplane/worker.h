/*
 * Worker lcore: one queue pair, run to completion. This is the hot loop.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ptrd/node.h>

#include "frame.h"
#include "view.h"

/* What all readers share. */
struct serving {
	/* Answers come from this view. Main lcore: wo (release), workers: ro (acquire), or they
	 * could see the pointer before what it points to. A reader uses one view from its
	 * loading until its next quiescent state. */
	_Atomic(const struct dns_view *) view;
	/* Main lcore: wo, workers: ro. Relaxed: it orders nothing. */
	atomic_bool stop;
	/* Written before the workers start. */
	struct frame_services services;
	struct ptrd_node *node;
};

struct worker {
	struct serving *serving;
	uint16_t port; /* of DPDK */
	uint16_t queue;
	unsigned lcore;  /* of DPDK */
	unsigned reader; /* number in the node segment */
};

/*
 * Runs the worker at `argument` (struct worker, which outlives it) on its lcore until
 * serving->stop. Registers itself as a reader and leaves when it ends. Returns 0, or -1 if it
 * cannot register.
 */
int worker_run(void *argument);
