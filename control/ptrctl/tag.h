/*
 * A tag on the command line: KEY=VALUE, cut at the first equals sign.
 */
#pragma once

#include <jansson.h>

#define TAG_FORM "KEY=VALUE"

/* The object that ptr.set takes, a new reference; NULL if the text has another form. */
json_t *tag_parse(const char *text);
