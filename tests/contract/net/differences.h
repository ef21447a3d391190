/*
 * Where ptrd answers otherwise than another server with the same data, and why: each difference
 * that there may be, and that has to be.
 */
#pragma once

#include <stddef.h>

#include "reply_fields.h"

#define DIFFERENCE_QUERIES_MAX 48

struct difference {
	const char *over; /* "udp", "tcp", or "both" */
	enum reply_field field;
	const char *ours, *theirs; /* patterns as of fnmatch(3) */
	const char *reason;
	const char *queries[DIFFERENCE_QUERIES_MAX]; /* `what` of the cases, up to a NULL */
};

struct peer_differences {
	const char *peer;
	const struct difference *list;
	size_t count;
};

extern const struct peer_differences knot_differences, nsd_differences;

#define DIFFERENCES(name, array)                                                                   \
	{                                                                                          \
		name, array, sizeof(array) / sizeof((array)[0])                                    \
	}
