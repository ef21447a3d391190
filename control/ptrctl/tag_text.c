#include "tag_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Copies up to a character of `stops` that no backslash stands before. Returns where that is, or
 * the text's end; NULL: it ends with a backslash. `copy` has room for the text.
 */
static const char *unescape(const char *text, const char *stops, char *copy)
{
	while (*text != '\0' && strchr(stops, *text) == NULL) {
		if (*text == '\\' && *++text == '\0')
			return NULL;
		*copy++ = *text++;
	}
	*copy = '\0';
	return text;
}

/* Adds the tag at `text`. Returns what is behind it, or NULL with `*error` set. */
static const char *parse_tag(json_t *tags, const char *text, char *copy, const char **error)
{
	json_t *key = NULL, *value = NULL;

	*error = "a backslash stands before nothing";
	text = unescape(text, "=;", copy);
	if (text == NULL)
		return NULL;
	*error = "a tag is not of the form key=value";
	if (*text != '=')
		return NULL;
	key = json_string(copy);
	text = unescape(text + 1, ";", copy);
	*error = "a backslash stands before nothing";
	if (text != NULL) {
		value = json_string(copy);
		*error = "is not UTF-8 text";
	}
	/* Takes both; fails, and drops them, if one is NULL. */
	if (json_array_append_new(tags, json_pack("{s:o,s:o}", "key", key, "value", value)) < 0)
		return NULL;
	return text;
}

json_t *tag_text_parse(const char *text, const char **error)
{
	char *copy = malloc(strlen(text) + 1);
	json_t *tags = json_array();

	*error = "out of memory";
	while (copy != NULL && (text = parse_tag(tags, text, copy, error)) != NULL && *text == ';')
		text++;
	if (copy == NULL || text == NULL) {
		json_decref(tags);
		tags = NULL;
	}
	free(copy);
	return tags;
}

static void escape(FILE *out, const char *text, const char *special)
{
	for (; *text != '\0'; text++) {
		if (strchr(special, *text) != NULL)
			putc('\\', out);
		putc(*text, out);
	}
}

char *tag_text_format(const json_t *tags)
{
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);
	const json_t *tag;

	if (out == NULL)
		return NULL;
	json_array_foreach(tags, i, tag)
	{
		if (i > 0)
			putc(';', out);
		escape(out, json_string_value(json_object_get(tag, "key")), "\\=;");
		putc('=', out);
		escape(out, json_string_value(json_object_get(tag, "value")), "\\;");
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
