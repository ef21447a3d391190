#include <stdio.h>
#include <string.h>

#include "store_deferred.h"

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

bool ptr_each_name(const char *names, ptr_entry_fn *fn, void *context)
{
	char key[NAME_TEXT_MAX];

	while (*names != '\0') {
		const size_t len = strcspn(names, " ");
		const struct ptr_entry entry = {.key = key, .key_len = len};

		name_key(names, len, key);
		if (!fn(context, &entry))
			return false;
		names += len;
		names += *names == ' ';
	}
	return true;
}

bool ptr_each_tag(const char *tags, ptr_entry_fn *fn, void *context)
{
	json_t *array = *tags != '\0' ? json_loads(tags, 0, NULL) : NULL, *tag;
	bool done = true;
	size_t i;

	json_array_foreach(array, i, tag)
	{
		const json_t *key = json_object_get(tag, "key");
		const struct ptr_entry entry = {
			.key = json_string_value(key),
			.key_len = json_string_length(key),
			.value = json_string_value(json_object_get(tag, "value")),
		};

		if (!done)
			break;
		done = fn(context, &entry);
	}
	json_decref(array);
	return done;
}

/* What a PTR is found by follows its value; often that stays as it was. */
static bool move_index(struct store *s, const struct address *address, ptr_each_fn *each,
	const char *from, const char *to)
{
	struct deferral go = {s, address, false}, come = {s, address, true};

	return strcmp(from, to) == 0
		|| (each(from, store_defer_entry, &go) && each(to, store_defer_entry, &come));
}

bool store_ptr_delete(struct store *s, const struct eip *eip)
{
	return move_index(s, &eip->address, ptr_each_name, eip->ptr_names, "")
		&& move_index(s, &eip->address, ptr_each_tag, eip->ptr_tags, "")
		&& store_defer_ptr_gone(s, &eip->address);
}

bool store_ptr_put(struct store *s, struct eip *eip, const struct ptr_value *value)
{
	if (!move_index(s, &eip->address, ptr_each_name, eip->has_ptr ? eip->ptr_names : "",
		    value->names)
		|| !move_index(s, &eip->address, ptr_each_tag, eip->has_ptr ? eip->ptr_tags : "",
			value->tags))
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
	return store_defer_ptr(s, eip);
}
