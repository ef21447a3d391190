#include <string.h>

#include "change.h"

static bool same(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

bool change_seen(const struct actor *actor, struct change *change, char name[static ACTOR_NAME_MAX])
{
	const char *own = actor_project(actor);

	if (own == NULL)
		return true;
	const bool gained = same(change->project, own), lost = same(change->old_project, own);

	if (!gained && !lost)
		return false;
	if (!gained) {
		change->after = NULL;
		change->project = own;
		if (same(change->action, "eip.bind"))
			change->action = "eip.unbind";
	} else if (change->old_project != NULL && !lost) {
		change->before = NULL;
	}
	change->old_project = NULL;
	change->actor = actor_shown(actor, change->actor, name);
	return true;
}

static json_t *state(const char *text)
{
	json_t *json = text != NULL ? json_loads(text, 0, NULL) : NULL;

	return json != NULL ? json : json_null();
}

json_t *show_change(const struct change *change)
{
	return json_pack("{s:I,s:o,s:s,s:s,s:s?,s:o,s:s?,s:s?,s:o,s:o}", "revision",
		(json_int_t)change->revision, "time", show_time(change->time), "actor",
		change->actor, "action", change->action, "region", change->region, "address",
		change->has_address ? show_address(&change->address) : json_null(), "project",
		change->project, "old_project", change->old_project, "before",
		state(change->before), "after", state(change->after));
}
