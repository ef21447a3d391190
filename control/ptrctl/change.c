#include "change.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1024

/* A text that grows to the end of its room and is cut there. */
struct text {
	char text[TEXT_MAX];
	size_t used;
};

static void put(struct text *text, const char *what)
{
	const size_t len = strlen(what), room = sizeof(text->text) - 1 - text->used;
	const size_t taken = len < room ? len : room;

	memcpy(text->text + text->used, what, taken);
	text->used += taken;
	text->text[text->used] = '\0';
}

/* Every member of a state is shown by the shortest text that tells it. */
static void put_value(struct text *text, const json_t *value)
{
	char *dumped;

	if (json_is_string(value)) {
		put(text, json_string_value(value));
		return;
	}
	dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	put(text, dumped != NULL ? dumped : "?");
	free(dumped);
}

static void put_ptr(struct text *text, const json_t *ptr)
{
	const json_t *names = json_object_get(ptr, "names");
	char ttl[32];
	json_t *name;
	size_t i;

	if (json_is_null(ptr)) {
		put(text, "default");
		return;
	}
	json_array_foreach(names, i, name)
	{
		put(text, i > 0 ? "," : "");
		put_value(text, name);
	}
	snprintf(ttl, sizeof(ttl), " %" JSON_INTEGER_FORMAT,
		json_integer_value(json_object_get(ptr, "ttl")));
	put(text, ttl);
}

/* The members of one state that the other has not, or has otherwise. */
static void put_difference(struct text *text, json_t *state, const json_t *other)
{
	const size_t start = text->used;
	const char *name;
	json_t *value;

	json_object_foreach(state, name, value)
	{
		if (json_equal(value, json_object_get(other, name)))
			continue;
		put(text, text->used > start ? ", " : "");
		put(text, name);
		put(text, " ");
		put_value(text, value);
	}
}

/* An EIP's state has a PTR, if only a null one; what else there is, a region's or a project's. */
static void put_state(struct text *text, json_t *state, const json_t *other)
{
	const json_t *ptr = json_object_get(state, "ptr");

	if (!json_is_object(state)) {
		put(text, "-");
	} else if (ptr != NULL) {
		put_value(text, json_object_get(state, "project"));
		put(text, " ");
		put_ptr(text, ptr);
	} else {
		put_difference(text, state, other);
	}
}

void change_describe(json_t *change)
{
	json_t *before = json_object_get(change, "before"),
	       *after = json_object_get(change, "after");
	struct text text = {.used = 0};

	put_state(&text, before, after);
	put(&text, " -> ");
	put_state(&text, after, before);
	/* The cut may be in the middle of a character. */
	json_object_set_new(change, "change", json_stringn_nocheck(text.text, text.used));
}
