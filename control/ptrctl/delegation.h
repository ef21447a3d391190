/* Delegations of pieces of a /24, RFC 2317, as an option gives them. */
#pragma once

#include <jansson.h>

#define DELEGATION_FORM "PREFIX=NAME,NS[,NS..]"

/* The parameter that a text of that form stands for, owned by the caller; or NULL. */
json_t *delegation_parse(const char *text);
