/* What a list is narrowed to: parameters of eip.list and ptr.list in, the store's query out. */
#pragma once

#include "call.h"

/* A query and what it points to. */
struct filter {
	struct eip_query query;
	struct address after;
	struct prefix prefix;
	char name[NAME_TEXT_MAX];
	struct tag_filter tags[TAGS_MAX];
	char *text; /* of the tags */
};

/*
 * Reads region, project, status, name, prefix, tags, limit, marker and offset. What the actor may
 * not see is left out. False with call->why set; to be released in either case.
 */
bool filter_read(struct call *call, struct filter *filter);
void filter_release(struct filter *filter);

/* ACTIVE or DISABLED, as a status of query; STATUS_ANY if it is not given. */
bool filter_status(struct call *call, int *status);

/* The parameter `prefix`, a prefix as a region may have it: DNS.0602. `given`: there is one. */
bool filter_prefix(struct call *call, struct prefix *prefix, bool *given);
