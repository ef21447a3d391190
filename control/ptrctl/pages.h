/*
 * Objects of a list method one by one, however many pages they fill.
 */
#pragma once

#include "command.h"

struct pages {
	struct session *session;
	const struct command *command;
	const char *method, *member; /* "eip.list", "eips" */
	json_t *params;              /* its own */
	json_t *page;                /* or NULL: the first one has not been asked for */
	size_t next;
	enum exit_status status; /* of the last request */
};

/* Begins; `params` (borrowed) are filters, and a marker to start after. */
void pages_begin(struct pages *pages, struct session *session, const struct command *command,
	const char *method, const char *member, const json_t *params);
void pages_end(struct pages *pages);

/*
 * The next object, until the call after; NULL at the end, or if `status` says so: then the error
 * has been written to standard error.
 */
json_t *pages_next(struct pages *pages);
