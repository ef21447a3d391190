#include <stdio.h>
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

bool actor_gets_place(const struct actor *actor, unsigned most, unsigned taken, unsigned own)
{
	const unsigned reserved = actor->role == ROLE_OPERATOR ? 0 : most / 8;

	return own < most / 2 && taken < most - reserved;
}

const char *actor_text(const struct actor *actor, char text[static ACTOR_TEXT_MAX])
{
	if (actor->role == ROLE_PROJECT)
		snprintf(text, ACTOR_TEXT_MAX, "%s (project:%s)", actor->name, actor->project);
	else
		snprintf(text, ACTOR_TEXT_MAX, "%s", actor->name);
	return text;
}

const char *actor_shown(
	const struct actor *actor, const char *text, char name[static ACTOR_NAME_MAX])
{
	const char *own = actor_project(actor);
	char suffix[PROJECT_MAX + 16];

	if (own == NULL)
		return text;
	snprintf(suffix, sizeof(suffix), " (project:%s)", own);
	const size_t len = strlen(text), end = strlen(suffix);

	if (len < end || strcmp(text + len - end, suffix) != 0)
		return "operator";
	snprintf(name, ACTOR_NAME_MAX, "%.*s", (int)(len - end), text);
	return name;
}
