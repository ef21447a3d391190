/*
 * Tags in one cell: key=value;key=value. A backslash before any character makes it stand for
 * itself; in a value, an equals sign does so anyway.
 */
#pragma once

#include <jansson.h>

/*
 * The array of {key, value} that a text stands for, owned by the caller; or NULL with `*error` the
 * rule that it breaks.
 */
json_t *tag_text_parse(const char *text, const char **error);

/* The text of an array of tags, to be freed; NULL: out of memory. */
char *tag_text_format(const json_t *tags);
