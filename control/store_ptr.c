#include <stdio.h>
#include <string.h>

#include "store_private.h"

void name_key(const char *name, size_t len, char key[static NAME_TEXT_MAX])
{
	size_t end = len, at = 0;

	while (end > 0) {
		size_t start = end - 1; /* at the label's final dot */

		while (start > 0 && name[start - 1] != '.')
			start--;
		memcpy(key + at, name + start, end - start);
		at += end - start;
		end = start;
	}
	key[at] = '\0';
}

static void sql_name_key(sqlite3_context *context, int count, sqlite3_value **values)
{
	const char *name = (const char *)sqlite3_value_text(values[0]);
	const size_t len = (size_t)sqlite3_value_bytes(values[0]);
	char key[NAME_TEXT_MAX];

	(void)count;
	if (name == NULL || len == 0 || len >= sizeof(key) || name[len - 1] != '.') {
		sqlite3_result_error(context, "name_key() of what is no canonical name", -1);
		return;
	}
	name_key(name, len, key);
	sqlite3_result_text(context, key, (int)len, SQLITE_TRANSIENT);
}

bool store_functions_ready(struct store *s)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;

	return (sqlite3_create_function(s->db, "name_key", 1, flags, NULL, sql_name_key, NULL, NULL)
			       == SQLITE_OK
		       && sqlite3_create_function(
				  s->db, "ptr_matches", 3, flags, NULL, sql_ptr_matches, NULL, NULL)
			       == SQLITE_OK)
		|| store_fail(s);
}

bool store_each_name(
	struct store *s, sqlite3_stmt *statement, const char *names, const struct address *address)
{
	char key[NAME_TEXT_MAX];

	if (statement == NULL)
		return false;
	while (*names != '\0') {
		const size_t len = strcspn(names, " ");

		name_key(names, len, key);
		sqlite3_bind_text(statement, 1, key, (int)len, SQLITE_STATIC);
		if (!bind_address(s, statement, 2, address) || !store_run(s, statement))
			return false;
		names += len;
		names += *names == ' ';
	}
	return true;
}

bool store_each_tag(
	struct store *s, sqlite3_stmt *statement, const char *tags, const struct address *address)
{
	json_t *array = *tags != '\0' ? json_loads(tags, 0, NULL) : NULL, *tag;
	bool done = statement != NULL;
	size_t i;

	json_array_foreach(array, i, tag)
	{
		const char *key = json_string_value(json_object_get(tag, "key"));
		const char *value = json_string_value(json_object_get(tag, "value"));

		if (!done)
			break;
		sqlite3_bind_text(statement, 1, key, -1, SQLITE_TRANSIENT);
		sqlite3_bind_text(statement, 2, value, -1, SQLITE_TRANSIENT);
		done = bind_address(s, statement, 3, address) && store_run(s, statement);
	}
	json_decref(array);
	return done;
}

static bool names_put(struct store *s, const struct address *address, const char *names)
{
	return store_each_name(s,
		store_statement(s, STMT_NAME_PUT, "INSERT INTO ptr_name VALUES (?, ?)"), names,
		address);
}

static bool names_delete(struct store *s, const struct address *address, const char *names)
{
	return store_each_name(s,
		store_statement(
			s, STMT_NAME_DELETE, "DELETE FROM ptr_name WHERE key = ? AND address = ?"),
		names, address);
}

static bool tags_put(struct store *s, const struct address *address, const char *tags)
{
	return store_each_tag(s,
		store_statement(s, STMT_TAG_PUT, "INSERT INTO ptr_tag VALUES (?, ?, ?)"), tags,
		address);
}

static bool tags_delete(struct store *s, const struct address *address, const char *tags)
{
	return store_each_tag(s,
		store_statement(s, STMT_TAG_DELETE,
			"DELETE FROM ptr_tag WHERE key = ? AND value = ? AND address = ?"),
		tags, address);
}

bool store_ptr_delete(struct store *s, const struct eip *eip)
{
	return names_delete(s, &eip->address, eip->ptr_names)
		&& tags_delete(s, &eip->address, eip->ptr_tags)
		&& store_delete_address(s,
			store_statement(s, STMT_PTR_DELETE, "DELETE FROM ptr WHERE address = ?"),
			&eip->address);
}

/* What a PTR is found by follows its value; often that stays as it was. */
static bool move_index(struct store *s, const struct eip *eip, const struct ptr_value *value)
{
	const char *names = eip->has_ptr ? eip->ptr_names : "";
	const char *tags = eip->has_ptr ? eip->ptr_tags : "";

	if (strcmp(names, value->names) != 0
		&& (!names_delete(s, &eip->address, names)
			|| !names_put(s, &eip->address, value->names)))
		return false;
	return strcmp(tags, value->tags) == 0
		|| (tags_delete(s, &eip->address, tags) && tags_put(s, &eip->address, value->tags));
}

static bool put(struct store *s, const struct eip *eip)
{
	sqlite3_stmt *put = store_statement(s, STMT_PTR_PUT,
		"INSERT INTO ptr VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9) ON CONFLICT DO UPDATE"
		" SET names = ?3, ttl = ?4, description = ?5, tags = ?6, action = ?7, revision = ?8,"
		" updated = ?9");

	if (put == NULL || !bind_address(s, put, 1, &eip->address))
		return false;
	sqlite3_bind_text(put, 2, eip->project, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 3, eip->ptr_names, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 4, eip->ptr_ttl);
	sqlite3_bind_text(put, 5, eip->ptr_description, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 6, eip->ptr_tags, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 7, eip->ptr_action, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 8, (int64_t)eip->ptr_revision);
	sqlite3_bind_int64(put, 9, s->now);
	return store_run(s, put);
}

bool store_ptr_put(struct store *s, struct eip *eip, const struct ptr_value *value)
{
	if (!move_index(s, eip, value))
		return false;
	if (!eip->has_ptr)
		eip->ptr_created = s->now;
	eip->ptr_action = eip->has_ptr ? PTR_UPDATE : PTR_CREATE;
	eip->has_ptr = true;
	eip->ptr_ttl = value->ttl;
	eip->ptr_revision = s->revision;
	eip->ptr_updated = s->now;
	snprintf(eip->ptr_names, sizeof(eip->ptr_names), "%s", value->names);
	snprintf(eip->ptr_description, sizeof(eip->ptr_description), "%s", value->description);
	snprintf(eip->ptr_tags, sizeof(eip->ptr_tags), "%s", value->tags);
	return put(s, eip);
}
