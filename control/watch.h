/*
 * Watch: connections that get each committed change, in order and once, when it is served. What a
 * connection has still to get is a place in the audit and no more: one that does not read costs no
 * memory but what its output holds already. Main thread.
 */
#pragma once

#include "connection.h"

/* What a connection's output is filled up to, so that there is room for replies. */
#define WATCH_OUTPUT_MAX (256 * 1024)

/* Changes that a connection gets in one turn of the loop, and about how many bytes of them. */
#define WATCH_ROWS_MAX 100
#define WATCH_TEXT_MAX (64 * 1024)

/* Up to which revision changes are served: seen by every worker. */
#define SERVED_WAITING_MAX 16
struct served {
	uint64_t revision;
	/* Revisions that are served when a generation is applied; both rise. */
	struct {
		uint64_t revision, generation;
	} waiting[SERVED_WAITING_MAX];
	size_t count;
};

/* Between rounds: takes note of what has been committed, and of what is served now. */
void served_update(struct served *served, const struct control *control);

/* True while something that is committed is not served yet. */
bool served_waits(const struct served *served);

/*
 * One turn for the connections that watch: each gets what there is and it has room for, up to its
 * share, until the time `until` (clock.h), though one always does. Who got something stands behind
 * the others. What several are to get is rendered once. True if another turn is wanted before one
 * has read or something changes.
 */
bool watch_send(struct connection_list *connections, struct control *control,
	const struct served *served, int64_t until);
