#include <string.h>

#include "reader.h"

/* Members of a row, and what each one is. */
static const struct member {
	const char *name, *kind;
	json_type type;
} members[] = {
	{"address", "a string", JSON_STRING},
	{"project", "a string", JSON_STRING},
	{"id", "a string", JSON_STRING},
	{"names", "an array", JSON_ARRAY},
	{"ttl", "an integer", JSON_INTEGER},
	{"description", "a string", JSON_STRING},
	{"tags", "an array", JSON_ARRAY},
	{"default", "true or false", JSON_TRUE},
	{"unbind", "true or false", JSON_TRUE},
};
#define MEMBERS (sizeof(members) / sizeof(members[0]))

static const struct member *find_member(const char *name)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static bool is_of(const json_t *value, json_type type)
{
	return json_typeof(value) == type || (type == JSON_TRUE && json_is_false(value));
}

static enum row_result check(struct row *row)
{
	const char *name;
	json_t *value;

	if (!json_is_object(row->members))
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL, "is not a JSON object");
	json_object_foreach(row->members, name, value)
	{
		const struct member *member = find_member(name);
		char copy[32];

		/* The name goes with the members. */
		snprintf(copy, sizeof(copy), "%s", name);
		if (member == NULL)
			return row_refuse(row, PTRD_ERR_INVALID_REQUEST, copy,
				"is no member of a row; there are: address, project, id, names, "
				"ttl, description, tags, default, unbind");
		if (!is_of(value, member->type))
			return row_refuse(
				row, PTRD_ERR_INVALID_REQUEST, copy, "must be %s", member->kind);
	}
	return ROW_GOOD;
}

static bool is_blank(const char *text, size_t len)
{
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
		len--;
	return len == 0;
}

enum row_result reader_jsonl_next(struct source *source, struct row *row)
{
	enum row_result result;
	json_error_t error;
	size_t len;

	row_clear(row);
	do {
		if (!source_line(source, &len, row, &result))
			return result;
		if (is_blank(source_text(source), len)) {
			source_take_found(source, len);
			continue;
		}
		row->members = json_loadb(source_text(source), len, JSON_REJECT_DUPLICATES, &error);
		source_take_found(source, len);
		if (row->members != NULL)
			return check(row);
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL,
			"is not JSON at column %d: %s", error.column, error.text);
	} while (true);
}
