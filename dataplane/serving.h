/*
 * What all readers share: the view and the policy that they answer from.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ptrd/node.h>

#include "engine.h"
#include "frame.h"
#include "policy.h"
#include "view.h"

struct serving {
	/* Answers come from these. Main lcore: wo (release), workers: ro (acquire), or they could
	 * see a pointer before what it points to. A reader uses one of each from its loading until
	 * its next quiescent state. */
	_Atomic(const struct dns_view *) view;
	_Atomic(const struct policy *) policy;
	/* Main lcore: wo, workers: ro. Relaxed: it orders nothing. */
	atomic_bool stop;
	/* Written before the workers start. */
	struct frame_services services;
	struct ptrd_node *node;
};

/* What the engine is to know for the messages that reader `reader` has now. That reader, online. */
struct dns_context serving_context(const struct serving *serving, unsigned reader);

/* Counts an answered request for the reader whose counters these are. */
void serving_count(struct ptrd_counters *counters, const struct dns_request *request);

/* Returns when no reader looks any more at what was served before. Main lcore, not online. */
void serving_wait(const struct serving *serving);
