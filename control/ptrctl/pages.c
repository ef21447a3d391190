#include "pages.h"

#include <stdint.h>

#define PAGE_OBJECTS 500 /* the most that one reply has */

void pages_begin(struct pages *pages, struct session *session, const struct command *command,
	const char *method, const char *member, const json_t *params)
{
	*pages = (struct pages){.session = session,
		.command = command,
		.method = method,
		.member = member,
		.params = json_copy((json_t *)(uintptr_t)params)};
	json_object_set_new(pages->params, "limit", json_integer(PAGE_OBJECTS));
}

void pages_end(struct pages *pages)
{
	json_decref(pages->params);
	json_decref(pages->page);
	pages->params = pages->page = NULL;
}

/* False: there is no other page. */
static bool turn(struct pages *pages)
{
	if (pages->page != NULL) {
		json_t *marker = json_object_get(pages->page, "marker");

		if (!json_is_string(marker))
			return false;
		json_object_set(pages->params, "marker", marker);
		json_decref(pages->page);
		pages->page = NULL;
	}
	pages->next = 0;
	pages->status = session_call(
		pages->session, pages->command, pages->method, pages->params, &pages->page);
	return pages->status == EXIT_OK;
}

json_t *pages_next(struct pages *pages)
{
	const json_t *objects = json_object_get(pages->page, pages->member);

	while (pages->next == json_array_size(objects)) {
		if (!turn(pages))
			return NULL;
		objects = json_object_get(pages->page, pages->member);
	}
	return json_array_get(objects, pages->next++);
}
