/*
 * Connection: one client. Bytes become lines, lines become requests of a round; replies wait, in
 * the order of the requests, until they may be sent. Main thread.
 */
#pragma once

#include <sys/queue.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "round.h"

/* While more than this waits to be sent to a client, none of its requests is taken. */
#define CONNECTION_OUTPUT_MAX (4 * 1024 * 1024)

/* What a round has left for requests, of all connections. */
struct budget {
	size_t bytes;
	int64_t until; /* milliseconds of the monotonic clock */
};

bool budget_spent(const struct budget *budget);

struct connection {
	TAILQ_ENTRY(connection) link;
	int fd;
	struct actor actor; /* of all its requests */
	struct event *readable, *writable;
	struct evbuffer *input, *output;
	size_t scanned; /* bytes of the input that hold no newline */
	bool skipping;  /* inside of a line that is too long */
	bool closed;    /* the client sends no more */
	bool dead;      /* the connection is broken */
	bool has_lines; /* complete lines are left for the next round */
	size_t unsent;  /* bytes of requests whose replies are not in the output yet */
	struct request_queue replies; /* of the round, or waiting for a generation */
	bool watching;                /* it gets the changes behind revision `watched` (watch.h) */
	uint64_t watched;
};
TAILQ_HEAD(connection_list, connection);

/*
 * Takes over `fd`, which is non-blocking; `actor` is its client. NULL: out of memory; `fd` is closed
 * then.
 */
struct connection *connection_new(struct event_base *base, int fd, const struct actor *actor);
void connection_free(struct connection *c);

/*
 * Executes requests that have arrived, until the budget, the round, or the client's share of output
 * is used up. True if it has taken any.
 */
bool connection_take(struct connection *c, struct round *round, struct budget *budget);

/* False while its client has to read replies first. */
bool connection_may_take(const struct connection *c);

/* Reads no more: what has not been taken by now is dropped. */
void connection_stop(struct connection *c);

/*
 * After the round: sends the replies whose generation is applied, in order. Returns the number of
 * those that still wait. `now` is in milliseconds of the monotonic clock. 10 s after the first call
 * that finds it, a change that is not applied is answered with DNS.0503 (it is stored), and a read
 * as if it was.
 */
size_t connection_send(struct connection *c, struct control *control, int64_t now);

/* Sends what the socket takes of the output now, and the rest when it takes more. */
void connection_flush(struct connection *c);

/* True if there is nothing left to do for it. */
bool connection_finished(const struct connection *c);
