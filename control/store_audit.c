#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_private.h"

/* Writes `text` behind `out`; returns the end. The buffers have room for the longest of each kind. */
static char *put(char *out, const char *text)
{
	const size_t len = strlen(text);

	memcpy(out, text, len + 1);
	return out + len;
}

/* Text that is a client's own, as the inside of a JSON string. */
static char *put_escaped(char *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*out++ = '\\';
		if ((unsigned char)*text < ' ')
			out += sprintf(out, "\\u%04x", (unsigned)*text);
		else
			*out++ = *text;
	}
	*out = '\0';
	return out;
}

static char *put_names(char *out, const char *names)
{
	for (; *names != '\0'; names++) {
		if (*names == ' ')
			out = put(out, "\",\"");
		else
			*out++ = *names;
	}
	*out = '\0';
	return out;
}

static char *put_ptr(char *out, const struct ptr_value *ptr)
{
	char ttl[16];

	snprintf(ttl, sizeof(ttl), "%u", ptr->ttl);
	out = put(out, "{\"names\":[\"");
	out = put_names(out, ptr->names);
	out = put(out, "\"],\"ttl\":");
	out = put(out, ttl);
	if (ptr->description[0] != '\0') {
		out = put(out, ",\"description\":\"");
		out = put_escaped(out, ptr->description);
		out = put(out, "\"");
	}
	if (ptr->tags[0] != '\0') {
		out = put(out, ",\"tags\":");
		out = put(out, ptr->tags);
	}
	return put(out, "}");
}

void eip_state_of(
	struct eip_state *state, const char *id, const char *project, const struct ptr_value *ptr)
{
	char *out = put(state->json, "{\"id\":\"");

	out = put(out, id);
	out = put(out, "\",\"project\":\"");
	out = put(out, project);
	out = put(out, "\",\"ptr\":");
	out = ptr != NULL ? put_ptr(out, ptr) : put(out, "null");
	put(out, "}");
}

void eip_state(struct eip_state *state, const struct eip *eip)
{
	state->json[0] = '\0';
	if (eip == NULL)
		return;
	const struct ptr_value ptr = {
		.names = eip->ptr_names,
		.ttl = eip->ptr_ttl,
		.description = eip->ptr_description,
		.tags = eip->ptr_tags,
	};

	eip_state_of(state, eip->id, eip->project, eip->has_ptr ? &ptr : NULL);
}

static void bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
	if (text != NULL && *text != '\0')
		sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, parameter);
}

bool store_audit(struct store *s, const char *region, const char *project, const char *before,
	const char *after)
{
	sqlite3_stmt *insert = store_statement(
		s, STMT_AUDIT, "INSERT INTO audit VALUES (?, ?, ?, ?, ?, NULL, ?, NULL, ?, ?)");

	if (insert == NULL)
		return false;
	sqlite3_bind_int64(insert, 1, (int64_t)s->revision);
	sqlite3_bind_int64(insert, 2, s->now);
	sqlite3_bind_text(insert, 3, s->actor, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 4, s->action, -1, SQLITE_STATIC);
	bind_text(insert, 5, region);
	bind_text(insert, 6, project);
	bind_text(insert, 7, before);
	bind_text(insert, 8, after);
	return store_run(s, insert);
}

bool store_audit_region(struct store *s, const struct region *region, json_t *before, json_t *after)
{
	char *old = before != NULL ? json_dumps(before, JSON_COMPACT) : NULL;
	char *new = after != NULL ? json_dumps(after, JSON_COMPACT) : NULL;
	const bool written
		= (old != NULL || new != NULL) && store_audit(s, region->name, NULL, old, new);

	free(old);
	free(new);
	json_decref(before);
	json_decref(after);
	return written;
}

static bool read_change(struct store *s, sqlite3_stmt *row, struct store_change *change)
{
	change->region = store_region(s, (const char *)sqlite3_column_text(row, 1));
	change->was_bound = sqlite3_column_int(row, 2) != 0;
	change->is_bound = sqlite3_column_int(row, 3) != 0;
	change->names = (const char *)sqlite3_column_text(row, 4);
	change->ttl = (uint32_t)sqlite3_column_int64(row, 5);
	return (change->region != NULL && column_address(row, 0, &change->address))
		|| store_corrupt(s, "a change that is not readable");
}

bool store_each_revised(struct store *s, uint64_t revision, store_revised_fn *fn, void *context)
{
	sqlite3_stmt *list = store_statement(s, STMT_IMPORT_CHANGES,
		"SELECT a.address, a.region, a.before IS NOT NULL, a.after IS NOT NULL, p.names, p.ttl"
		" FROM audit a LEFT JOIN ptr p ON p.address = a.address"
		" WHERE a.revision > ? AND a.address IS NOT NULL ORDER BY a.revision");
	struct store_change change;
	int found;

	if (list == NULL)
		return false;
	sqlite3_bind_int64(list, 1, (int64_t)revision);
	while ((found = store_step(s, list)) == 1) {
		const bool readable = read_change(s, list, &change);

		if (!readable || !fn(context, &change)) {
			sqlite3_reset(list);
			return readable;
		}
	}
	return found == 0;
}
