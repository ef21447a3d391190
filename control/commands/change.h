/* Changes as the actors see them who ask for the audit or watch it. */
#pragma once

#include "call.h"

/*
 * True if the change exists for the actor. For a project only what is its own does, and of an
 * address that went from one project to another each sees its own half: the loser that it was
 * unbound, the other that it was bound. `change` becomes what the actor sees; `name` holds its text.
 */
bool change_seen(
	const struct actor *actor, struct change *change, char name[static ACTOR_NAME_MAX]);

/* A new reference; NULL if out of memory. */
json_t *show_change(const struct change *change);
