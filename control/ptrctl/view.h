/*
 * What people see of the objects in replies: aligned tables and lists of fields, declared by where
 * each value stands in the object.
 */
#pragma once

#include <stdbool.h>

#include <jansson.h>

#define VIEW_COLUMNS_MAX 16

struct field {
	const char *title;
	const char *path;     /* member, or "soa.mname" */
	const char *fallback; /* member shown instead of one that is null, or NULL */
};

/* Column widths. They only grow, so that the pages of a long list stay aligned without keeping it
 * all. */
struct table {
	const struct field *fields; /* ends with a NULL title */
	int width[VIEW_COLUMNS_MAX];
	bool begun;
};

/* Writes an array of objects to standard output, one row each; the titles come before the first. */
void view_table(struct table *table, const json_t *rows);

/* Writes one object to standard output, one field on a line. */
void view_object(const struct field *fields, const json_t *object);

/* Writes the object's numbers that are not zero, one on a line, indented. Returns how many. */
unsigned view_counters(json_t *object);
