/*
 * JSON-RPC 2.0: a line in, a request out; a result or a refusal in, a reply line out. Knows
 * nothing of sockets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <jansson.h>

#include "commands/call.h"

struct request {
	json_t *root;                  /* owns id and params, or is the id; or NULL */
	const json_t *id;              /* NULL: a notification, which is not answered */
	const json_t *params;          /* always an object if command is set */
	const struct command *command; /* NULL: not executable, the reply says why */
	json_t *no_params;             /* stands in for params that are missing */
	const struct actor *actor;     /* outlives the request; never NULL */

	/* Set by the execution. */
	bool acted;          /* it has done what no second try undoes */
	bool changed;        /* its reply tells of what the round's transaction does */
	uint64_t generation; /* to be applied before the reply may go, or 0 */
	uint64_t revision;   /* of the store when it was done */
	bool watch;          /* behind its reply come the changes behind `watch_from` */
	uint64_t watch_from;
	bool refused; /* that is what the reply says */
	char *reply;  /* one line with its newline, or NULL; free() */
	size_t reply_len;

	/* The server's. */
	struct connection *connection;
	int64_t deadline; /* milliseconds of the monotonic clock */
	STAILQ_ENTRY(request) next;
};
STAILQ_HEAD(request_queue, request);

/* Reads one line (its newline not included) of `actor`. What is wrong with it becomes the reply. */
void request_parse(
	struct request *request, const struct actor *actor, const char *line, size_t len);
void request_free(struct request *request);

/* When it will not be executed again: all that is kept of the line is the id, for a later reply. */
void request_forget(struct request *request);

/* Makes the reply, in place of an earlier one. Takes over `result`; NULL: out of memory. */
void request_result(struct request *request, json_t *result);
void request_refused(struct request *request, const struct refusal *why);

/*
 * A notification to the client; takes over `params`. One line with its newline, free(); NULL: out
 * of memory.
 */
char *rpc_notification(const char *method, json_t *params, size_t *len);

/* The notification that what was watched goes on no more. */
char *rpc_watch_ended(const struct refusal *why, size_t *len);

/* The reply to a line that is longer than PTRD_LINE_MAX, and to a connection of which `actor` has so
 * many that it gets no more. */
char *rpc_line_too_long(size_t *len);
char *rpc_too_many_connections(const struct actor *actor, unsigned own, size_t *len);
