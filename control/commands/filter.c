#include <stdlib.h>
#include <string.h>

#include "filter.h"

bool filter_status(struct call *call, int *status)
{
	const char *text = call_text(call, "status", NULL);

	*status = STATUS_ANY;
	if (text == NULL)
		return true;
	if (strcmp(text, "ACTIVE") == 0)
		*status = STATUS_ACTIVE;
	else if (strcmp(text, "DISABLED") == 0)
		*status = STATUS_DISABLED;
	else
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "%s is not ACTIVE or DISABLED",
			QUOTE(text));
	return *status != STATUS_ANY
		|| refuse_field(&call->why, "status", json_object_get(call->params, "status"));
}

bool filter_prefix(struct call *call, struct prefix *prefix, bool *given)
{
	const char *text = call_text(call, "prefix", NULL);

	*given = text != NULL;
	if (text == NULL || prefix_parse(text, prefix, &call->why))
		return true;
	call->why.code = PTRD_ERR_INVALID_ADDRESS;
	return refuse_field(&call->why, "prefix", json_object_get(call->params, "prefix"));
}

/* "mail.example.org", or "*.example.org" for all names below. */
static bool read_name(struct call *call, struct filter *filter)
{
	const char *text = call_text(call, "name", NULL);

	if (text == NULL)
		return true;
	filter->query.below = strncmp(text, "*.", 2) == 0;
	filter->query.name = filter->name;
	return name_canonical(text + (filter->query.below ? 2 : 0), filter->name, &call->why)
		|| refuse_field(&call->why, "name", json_object_get(call->params, "name"));
}

static bool refuse_tags(struct call *call, const char *what)
{
	refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "%s %s", QUOTE(call_text(call, "tags", NULL)),
		what);
	return refuse_field(&call->why, "tags", json_object_get(call->params, "tags"));
}

/*
 * Reads up to the first of `ends` that no backslash precedes, and moves the text in place to where
 * it came from without its backslashes. Returns where it ended, or NULL if a backslash precedes
 * what needs none.
 */
static char *unescape(char *text, const char *ends)
{
	char *out = text;

	for (; *text != '\0' && strchr(ends, *text) == NULL; text++) {
		if (*text == '\\' && (text[1] == '\0' || strchr(",|*\\", *++text) == NULL))
			return NULL;
		*out++ = *text;
	}
	/* What ended it stays for the caller to see. */
	if (out != text)
		*out = '\0';
	return text;
}

/* Checks a key and a value as the tags of a PTR are; a part of a value may be any text. */
static bool check_tag(struct call *call, const struct tag_filter *tag)
{
	if (tag_key_check(tag->key, &call->why)
		&& (tag->contains || tag_value_check(tag->value, &call->why)))
		return true;
	return refuse_field(&call->why, "tags", json_object_get(call->params, "tags"));
}

/* Reads one `key,value` from `*text`, which goes on behind the '|' or becomes NULL. */
static bool read_tag(struct call *call, struct tag_filter *tag, char **text)
{
	static const char lone_backslash[]
		= "has a backslash that does not stand before , | * or another backslash";
	char *key = *text, *value = unescape(key, ",|");

	if (value == NULL)
		return refuse_tags(call, lone_backslash);
	if (*value != ',')
		return refuse_tags(call, "is not of the form key,value or key,value|key,value");
	*value++ = '\0';
	tag->contains = *value == '*';
	value += tag->contains;
	char *end = unescape(value, "|");
	if (end == NULL)
		return refuse_tags(call, lone_backslash);
	*text = *end == '|' ? end + 1 : NULL;
	*end = '\0';
	tag->key = key;
	tag->value = value;
	return check_tag(call, tag);
}

static bool read_tags(struct call *call, struct filter *filter)
{
	const char *given = call_text(call, "tags", NULL);

	if (given == NULL)
		return true;
	char *text = filter->text = strdup(given);

	if (text == NULL)
		return refuse(&call->why, PTRD_ERR_INTERNAL, "out of memory");
	filter->query.tags = filter->tags;
	while (text != NULL) {
		if (filter->query.tags_count == TAGS_MAX) {
			refuse(&call->why, PTRD_ERR_TOO_MANY_TAGS, "more than %d tags", TAGS_MAX);
			return refuse_field(&call->why, "tags", NULL);
		}
		if (!read_tag(call, &filter->tags[filter->query.tags_count++], &text))
			return false;
	}
	return true;
}

static bool read_page(struct call *call, struct filter *filter)
{
	struct page page;

	if (!call_page(call, &page))
		return false;
	filter->query.limit = page.limit;
	filter->query.offset = page.offset;
	if (page.marker == NULL)
		return true;
	filter->query.after = &filter->after;
	if (address_parse(page.marker, &filter->after, &call->why))
		return true;
	call->why.code = PTRD_ERR_INVALID_MARKER;
	return refuse_field(&call->why, "marker", json_object_get(call->params, "marker"));
}

bool filter_read(struct call *call, struct filter *filter)
{
	bool prefix;
	int status;

	*filter = (struct filter){.text = NULL};
	if (!read_page(call, filter) || !call_region(call, "region", &filter->query.region)
		|| !call_project(call, &filter->query.project) || !filter_status(call, &status)
		|| !read_name(call, filter) || !filter_prefix(call, &filter->prefix, &prefix)
		|| !read_tags(call, filter))
		return false;
	filter->query.status = status;
	if (prefix)
		filter->query.prefix = &filter->prefix;
	return true;
}

void filter_release(struct filter *filter)
{
	free(filter->text);
}
