#include "events.h"

#include <stddef.h>

#include <event2/event.h>

/* Callbacks of EVENTS_LAST between two looks for something more urgent. */
#define LAST_TURN 16

_Static_assert(EVENTS_PRIORITIES / 2 == EVENTS_MIDDLE, "libevent's default is the middle one");

struct event_base *events_create(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	/* By itself libevent runs all ready events of one priority before it looks again. */
	if (event_config_set_max_dispatch_interval(config, NULL, LAST_TURN, EVENTS_LAST) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	if (base != NULL && event_base_priority_init(base, EVENTS_PRIORITIES) != 0) {
		event_base_free(base);
		base = NULL;
	}
	return base;
}
