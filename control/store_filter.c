#include <stdlib.h>
#include <string.h>

#include "store_private.h"

/*
 * Tags are looked for in the text that the store keeps, {"key":"k","value":"v"},... as jansson
 * writes it: a quote that no backslash precedes ends a string, so `head` is found nowhere but at
 * the start of a tag.
 */
struct tag_pattern {
	char *head; /* {"key":"k","value":" */
	char *value;
	size_t head_len, value_len;
	bool contains;
};

struct ptr_filter {
	const char *name; /* NULL: any */
	size_t name_len;
	bool below;
	size_t tags_count;
	struct tag_pattern tags[];
};

/* The text as it stands between the quotes of JSON; free(). */
static char *json_inside(const char *text)
{
	json_t *string = json_string(text);
	char *quoted = string != NULL ? json_dumps(string, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	json_decref(string);
	if (quoted == NULL)
		return NULL;
	const size_t len = strlen(quoted) - 2;

	memmove(quoted, quoted + 1, len);
	quoted[len] = '\0';
	return quoted;
}

static bool make_pattern(struct tag_pattern *pattern, const struct tag_filter *tag)
{
	char *key = json_inside(tag->key);

	if (key == NULL || asprintf(&pattern->head, "{\"key\":\"%s\",\"value\":\"", key) < 0)
		pattern->head = NULL;
	free(key);
	pattern->value = json_inside(tag->value);
	if (pattern->head == NULL || pattern->value == NULL)
		return false;
	pattern->head_len = strlen(pattern->head);
	pattern->value_len = strlen(pattern->value);
	pattern->contains = tag->contains;
	return true;
}

struct ptr_filter *ptr_filter_new(const struct eip_query *query)
{
	struct ptr_filter *filter
		= calloc(1, sizeof(*filter) + query->tags_count * sizeof(filter->tags[0]));

	if (filter == NULL)
		return NULL;
	filter->name = query->name;
	filter->name_len = query->name != NULL ? strlen(query->name) : 0;
	filter->below = query->below;
	filter->tags_count = query->tags_count;
	for (size_t i = 0; i < query->tags_count; i++)
		if (!make_pattern(&filter->tags[i], &query->tags[i])) {
			ptr_filter_free(filter);
			return NULL;
		}
	return filter;
}

void ptr_filter_free(struct ptr_filter *filter)
{
	if (filter == NULL)
		return;
	for (size_t i = 0; i < filter->tags_count; i++) {
		free(filter->tags[i].head);
		free(filter->tags[i].value);
	}
	free(filter);
}

static bool name_matches(const struct ptr_filter *filter, const char *name, size_t len)
{
	const size_t want = filter->name_len;

	if (filter->below)
		return len > want && name[len - want - 1] == '.'
			&& memcmp(name + len - want, filter->name, want) == 0;
	return len == want && memcmp(name, filter->name, want) == 0;
}

static bool names_match(const struct ptr_filter *filter, const char *names)
{
	while (*names != '\0') {
		const size_t len = strcspn(names, " ");

		if (name_matches(filter, names, len))
			return true;
		names += len;
		names += *names == ' ';
	}
	return false;
}

/* Length of the string that starts here, up to its closing quote. */
static size_t string_len(const char *text)
{
	size_t len = 0;

	while (text[len] != '"' && text[len] != '\0')
		len += text[len] == '\\' && text[len + 1] != '\0' ? 2 : 1;
	return len;
}

static bool tag_matches(const struct tag_pattern *pattern, const char *tags)
{
	const char *at = strstr(tags, pattern->head);

	if (at == NULL)
		return false;
	const char *value = at + pattern->head_len;
	const size_t len = string_len(value);

	if (pattern->contains)
		return memmem(value, len, pattern->value, pattern->value_len) != NULL;
	return len == pattern->value_len && memcmp(value, pattern->value, len) == 0;
}

bool ptr_filter_matches(const struct ptr_filter *filter, const char *names, const char *tags)
{
	if (filter->name != NULL && !names_match(filter, names))
		return false;
	for (size_t i = 0; i < filter->tags_count; i++)
		if (!tag_matches(&filter->tags[i], tags))
			return false;
	return true;
}

void sql_ptr_matches(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct ptr_filter *filter = sqlite3_value_pointer(values[2], PTR_FILTER);
	const char *names = (const char *)sqlite3_value_text(values[0]);
	const char *tags = (const char *)sqlite3_value_text(values[1]);

	(void)count;
	sqlite3_result_int(context,
		filter != NULL && names != NULL && tags != NULL
			&& ptr_filter_matches(filter, names, tags));
}
