#include "delegation.h"

#include <stdbool.h>
#include <string.h>

/* The pieces of `text` between its commas. Returns false if one is empty. */
static bool split(json_t *array, const char *text)
{
	for (;;) {
		const size_t len = strcspn(text, ",");

		if (len == 0 || json_array_append_new(array, json_stringn(text, len)) < 0)
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

json_t *delegation_parse(const char *text)
{
	const char *equals = strchr(text, '=');
	const char *comma = equals != NULL ? strchr(equals, ',') : NULL;
	json_t *ns = json_array();

	if (comma == NULL || equals == text || comma == equals + 1 || !split(ns, comma + 1)) {
		json_decref(ns);
		return NULL;
	}
	/* NULL too if a text is not UTF-8. */
	return json_pack("{s:s%, s:s%, s:o}", "prefix", text, (size_t)(equals - text), "name",
		equals + 1, (size_t)(comma - equals - 1), "ns", ns);
}
