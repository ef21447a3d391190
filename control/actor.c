#include <string.h>

#include "actor.h"

const struct actor actor_operator = {.role = ROLE_OPERATOR, .name = "operator"};

const char *actor_project(const struct actor *actor)
{
	/* Of ROLE_NONE it is "", which is no project's name. */
	return (ROLE_BIT(actor->role) & READERS) != 0 ? NULL : actor->project;
}

bool actor_sees(const struct actor *actor, const char *project)
{
	const char *own = actor_project(actor);

	return own == NULL || strcmp(own, project) == 0;
}

bool actor_may(const struct actor *actor, unsigned roles, const char *method, struct refusal *why)
{
	static const char *const words[] = {
		[ROLE_OPERATOR] = "operator",
		[ROLE_PROJECT] = "project:",
		[ROLE_VIEWER] = "viewer",
	};

	if ((roles & ROLE_BIT(actor->role)) != 0)
		return true;
	if (actor->role == ROLE_NONE)
		return refuse(why, PTRD_ERR_NO_PERMISSION,
			"%s is not permitted: %s has no role on this node", method, actor->name);
	return refuse(why, PTRD_ERR_NO_PERMISSION, "%s is not permitted to the role %s%s of %s",
		method, words[actor->role], actor->project, actor->name);
}
