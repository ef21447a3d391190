/*
 * Event loop of the main lcore, and who goes first in it: a new directory and a signal must not
 * wait for a crowd of TCP clients.
 */
#pragma once

struct event_base;

/* Priorities of events: an event runs when none of a smaller number is ready. */
enum events_priority {
	EVENTS_FIRST,  /* signals, the directory */
	EVENTS_MIDDLE, /* what sets no priority; slow UDP */
	EVENTS_LAST,   /* TCP */
	EVENTS_PRIORITIES,
};

/*
 * Makes the loop. It looks for new events after every few callbacks of EVENTS_LAST, however many
 * are ready. Returns NULL if memory or descriptors are short; to be freed with event_base_free().
 */
struct event_base *events_create(void);
