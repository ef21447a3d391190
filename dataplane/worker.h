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
 * Makes the worker a reader, offline till it runs. Before its launch, because nobody hears a
 * worker that cannot register on its own lcore. Main lcore. Returns 0, or -1 after log_line() told
 * why.
 */
int worker_register(const struct worker *worker);

/*
 * Runs the registered worker at `argument` (struct worker, which outlives it) on its lcore until
 * serving->stop. It is no reader any more when it ends. Returns 0.
 */
int worker_run(void *argument);
