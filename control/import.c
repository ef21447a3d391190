#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "import.h"

/* How many a user has, on all its connections. */
static unsigned imports_of(const struct imports *imports, uid_t uid)
{
	const struct import *import;
	unsigned count = 0;

	LIST_FOREACH(import, &imports->list, link)
	count += import->owner->uid == uid;
	return count;
}

struct import *import_new(struct imports *imports, const struct actor *owner, const char *state_dir,
	const struct region *region, struct refusal *why)
{
	const unsigned own = imports_of(imports, owner->uid);
	struct import *import;
	struct timespec now;

	if (!actor_gets_place(owner, IMPORTS_MAX, imports->count, own)) {
		refuse(why, PTRD_ERR_NOT_STEADY,
			"%s has %u imports open and gets no more now: commit or abort one, or try again later",
			owner->name, own);
		return NULL;
	}
	import = calloc(1, sizeof(*import));
	if (import == NULL) {
		refuse(why, PTRD_ERR_INTERNAL, "out of memory");
		return NULL;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	uuid_text((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, import->id);
	import->owner = owner;
	import->staging = staging_new(state_dir, import->id, why);
	if (import->staging == NULL) {
		free(import);
		return NULL;
	}
	if (region != NULL)
		snprintf(import->region, sizeof(import->region), "%s", region->name);
	LIST_INSERT_HEAD(&imports->list, import, link);
	imports->count++;
	return import;
}

struct import *import_find(const struct imports *imports, const struct actor *owner, const char *id)
{
	struct import *import;

	LIST_FOREACH(import, &imports->list, link)
	if (import->owner == owner && strcmp(import->id, id) == 0)
		return import;
	return NULL;
}

void import_free(struct imports *imports, struct import *import)
{
	LIST_REMOVE(import, link);
	imports->count--;
	staging_free(import->staging);
	free(import);
}

void imports_free(struct imports *imports, const struct actor *owner)
{
	struct import *import, *next;

	for (import = LIST_FIRST(&imports->list); import != NULL; import = next) {
		next = LIST_NEXT(import, link);
		if (owner == NULL || import->owner == owner)
			import_free(imports, import);
	}
}
