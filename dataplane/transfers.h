/*
 * Zone transfers that are under way: how many, with how much memory, and the turns in which they are
 * copied and written to their connections. Main lcore.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <sys/queue.h>

#include "serving.h"

#define LENGTH_SIZE 2 /* of what stands before a message, RFC 1035 section 4.2.2 */

struct client;
struct evbuffer;
struct transfer;

LIST_HEAD(transfer_list, transfer);

struct transfers {
	struct serving *serving;
	struct transfer_list list;
	unsigned count;
	size_t memory; /* bytes that their copies may yet take */
};

/* True if `client` may begin one more. It has at most half of those that may be at a time, or the odd one
 * more: who reads slowly can make a large zone last for hours, and is not to keep others out. */
bool transfers_possible(const struct transfers *transfers, const struct client *client);

/* Begins the transfer for a request of `client`, which must outlive it, with outcome PTRD_TRANSFER.
 * Returns NULL if memory is short. */
struct transfer *transfer_begin(struct transfers *transfers, const struct client *client,
	const struct dns_request *request);
/* Ends it, and counts how it went. NULL is allowed. */
void transfer_end(struct transfer *transfer);

enum transfer_turn {
	TRANSFER_ON,    /* the next turn may come at once */
	TRANSFER_LATER, /* in a millisecond, and behind a new directory */
	TRANSFER_FULL,  /* `output` holds enough: when it has drained */
	TRANSFER_DONE,  /* everything is written */
	/* After log_line(). Nothing has been written: the query can get another reply. */
	TRANSFER_FAILED,
	TRANSFER_BROKEN, /* after log_line(), in the midst of it: the connection is to be closed */
};

/* One turn, of bounded work: copies on, or writes messages to `output` until it holds `enough`. */
enum transfer_turn transfer_turn(struct transfer *transfer, struct evbuffer *output, size_t enough);
