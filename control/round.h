/*
 * Round: the requests that arrived together, executed in one transaction of the store and of the
 * publisher, so that they share one fsync. Each has a savepoint of its own: a refused one leaves
 * nothing and does not disturb the others. If the common transaction itself fails (the disk is
 * full), it is undone whole and every request gets a transaction, and so a fate, of its own. If it
 * cannot even be opened (another process has the store locked), all that would write are refused.
 *
 *   round_begin()
 *   round_execute() for each request     replies are made, but must not be sent yet
 *   round_commit()                       now they are true
 */
#pragma once

#include "rpc.h"

#define ROUND_REQUESTS_MAX 65536

struct round {
	struct control *control;
	struct request **requests; /* in the order of their execution */
	size_t count;
	uint64_t generation; /* to be applied before the round's changes are seen, or 0 */
	bool writing;        /* a transaction is open */
	bool broken;         /* it has failed: nothing more is executed before round_commit() */
	bool shut;           /* none could be opened: what writes is refused, because of `why` */
	struct refusal why;
};

/* False: out of memory. */
bool round_init(struct round *round, struct control *control);
void round_release(struct round *round);

/* The last round's requests are forgotten; they are the caller's. */
void round_begin(struct round *round);

bool round_full(const struct round *round);

/*
 * Executes a request of a round that is not full. The request must stay where it is until after
 * round_commit(), and its reply may change until then.
 */
void round_execute(struct round *round, struct request *request);

/* Makes the round durable, publishes it, and settles each request's reply and generation. */
void round_commit(struct round *round);
