/*
 * Worker lcore: one queue pair, run to completion. This is the hot loop.
 */
#pragma once

#include "ports.h"
#include "serving.h"

struct worker {
	struct serving *serving;
	const struct port *port;
	struct port_queue queue;
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
