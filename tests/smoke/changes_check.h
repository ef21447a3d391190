/*
 * What a control process has made of the streams, compared with what it must have. Each function
 * writes to standard output what differs, and returns false then.
 */
#pragma once

#include "changes.h"

struct client;

/* What the lists of regions, projects, EIPs and PTRs say, and that nothing else is in them. */
bool check_lists(struct client *client, const struct stream *streams, unsigned count);

/* A row of the audit has all that the expected one has. */
bool check_row(const json_t *row, const json_t *expected);

/*
 * Asks the socket's server for an EIP. The answer must be that of one of the states, or of one for
 * the EIP and of another for its region: of requests under way, those of regions are served by
 * another directory, which may be there earlier or later than what is changed in a table.
 */
bool check_answer(int fd, const struct stream *stream, unsigned eip,
	const struct state *const *states, unsigned count);
