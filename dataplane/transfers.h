/*
 * Zone transfers that are under way: how many, with how much memory, and the turns in which they are
 * copied and written to their connections. Main lcore.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "serving.h"

struct evbuffer;
struct transfer;

struct transfers {
	struct serving *serving;
	unsigned count;
	size_t memory; /* bytes that their copies may yet take */
};

/* True if one more may begin. */
bool transfers_possible(const struct transfers *transfers);

/* Begins the transfer for a request with outcome PTRD_TRANSFER. Returns NULL if memory is short. */
struct transfer *transfer_begin(struct transfers *transfers, const struct dns_request *request);
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
