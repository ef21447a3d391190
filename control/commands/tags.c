#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

static const struct param tag_params[]
	= {{"key", JSON_STRING, true}, {"value", JSON_STRING, true}, {NULL, JSON_NULL, false}};

struct tag {
	const char *key, *value;
	size_t index;
};

/* `array` has at most TAGS_MAX members. */
static bool read_tag(struct call *call, const json_t *member, size_t index, struct tag *tag)
{
	struct refusal *why = &call->why;
	char path[48];

	snprintf(path, sizeof(path), "tags[%zu].", index);
	if (!json_is_object(member)) {
		path[strlen(path) - 1] = '\0';
		why->rpc = PTRD_RPC_INVALID_PARAMS;
		refuse(why, PTRD_ERR_INVALID_REQUEST, "is not an object with key and value");
		return refuse_field(why, path, member);
	}
	if (!params_check(tag_params, path, member, why))
		return false;
	*tag = (struct tag){json_string_value(json_object_get(member, "key")),
		json_string_value(json_object_get(member, "value")), index};
	strcat(path, "key");
	if (!tag_key_check(tag->key, why))
		return refuse_field(why, path, json_object_get(member, "key"));
	snprintf(path, sizeof(path), "tags[%zu].value", index);
	return tag_value_check(tag->value, why)
		|| refuse_field(why, path, json_object_get(member, "value"));
}

static int by_key(const void *a, const void *b)
{
	const struct tag *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* `tags` are in order of key. */
static bool keys_differ(struct call *call, const struct tag *tags, size_t count)
{
	char field[32];

	for (size_t i = 1; i < count; i++) {
		if (strcmp(tags[i - 1].key, tags[i].key) != 0)
			continue;
		snprintf(field, sizeof(field), "tags[%zu].key",
			tags[tags[i].index > tags[i - 1].index ? i : i - 1].index);
		refuse(&call->why, PTRD_ERR_INVALID_TAG_KEY, "%s is the key of another tag too",
			QUOTE(tags[i].key));
		return refuse_field(&call->why, field, NULL);
	}
	return true;
}

/* Compact JSON; the limits of keys and values are what makes it fit. */
static bool write_tags(
	struct call *call, const struct tag *tags, size_t count, char text[static TAGS_TEXT_MAX])
{
	json_t *array = json_array();

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			array, json_pack("{s:s,s:s}", "key", tags[i].key, "value", tags[i].value));
	const size_t len = count > 0 ? json_dumpb(array, text, TAGS_TEXT_MAX - 1, JSON_COMPACT) : 0;
	const bool fits = json_array_size(array) == count && len < TAGS_TEXT_MAX;

	json_decref(array);
	if (!fits)
		return refuse(&call->why, PTRD_ERR_INTERNAL, "out of memory");
	text[len] = '\0';
	return true;
}

bool call_tags(struct call *call, char text[static TAGS_TEXT_MAX])
{
	const json_t *array = json_object_get(call->params, "tags"), *member;
	/* The analyzer does not see that a tag that was read is set. */
	struct tag tags[TAGS_MAX] = {0};
	size_t i;

	if (json_array_size(array) > TAGS_MAX) {
		refuse(&call->why, PTRD_ERR_TOO_MANY_TAGS, "has %zu tags; the most is %d",
			json_array_size(array), TAGS_MAX);
		return refuse_field(&call->why, "tags", NULL);
	}
	json_array_foreach(array, i, member) if (!read_tag(call, member, i, &tags[i])) return false;
	const size_t count = json_array_size(array);

	if (count > 1)
		qsort(tags, count, sizeof(tags[0]), by_key);
	return keys_differ(call, tags, count) && write_tags(call, tags, count, text);
}
