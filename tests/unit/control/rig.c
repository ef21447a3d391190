#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rig.h"
#include "store_private.h"

struct rig *rig_new(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->actor = &actor_operator;
	strcpy(rig->dir, "/tmp/ptrd-test-control-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	rig->control.store = store_open(rig->dir);
	assert_non_null(rig->control.store);
	rig->control.publisher = rig_publisher_new(rig->dir);
	assert_true(load_all(&rig->control));
	assert_true(round_init(&rig->round, &rig->control));
	return rig;
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
	(void)stat;
	(void)type;
	(void)walk;
	return remove(path);
}

void rig_free(struct rig *rig)
{
	imports_free(&rig->control.imports, NULL);
	store_close(rig->control.store);
	rig_publisher_free(rig->control.publisher);
	round_release(&rig->round);
	assert_int_equal(nftw(rig->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(rig);
}

void rig_restart(struct rig *rig)
{
	store_close(rig->control.store);
	rig_publisher_free(rig->control.publisher);
	rig->control.store = store_open(rig->dir);
	assert_non_null(rig->control.store);
	rig->control.publisher = rig_publisher_new(rig->dir);
	assert_true(load_all(&rig->control));
}

static char *quoted_text(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return copy;
}

json_t *rig_json(const char *text)
{
	char *copy = quoted_text(text);
	json_error_t error;
	json_t *json = json_loads(copy, JSON_DECODE_ANY, &error);

	if (json == NULL)
		fail_msg("%s: %s", error.text, copy);
	free(copy);
	return json;
}

json_t *rig_ask(struct rig *rig, const char *method, const char *params)
{
	char *copy = quoted_text(params), *line;
	struct request request;

	assert_true(
		asprintf(&line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
			method, copy)
		> 0);
	round_begin(&rig->round);
	request_parse(&request, rig->actor, line, strlen(line));
	round_execute(&rig->round, &request);
	round_commit(&rig->round);
	assert_non_null(request.reply);
	assert_int_equal(request.reply[request.reply_len - 1], '\n');
	json_t *reply = json_loadb(request.reply, request.reply_len, 0, NULL);
	assert_non_null(reply);
	request_free(&request);
	free(line);
	free(copy);
	return reply;
}

json_t *rig_ok(struct rig *rig, const char *method, const char *params)
{
	json_t *reply = rig_ask(rig, method, params);
	json_t *result = json_incref(json_object_get(reply, "result"));

	if (result == NULL)
		fail_msg("%s %s: %s", method, params, json_dumps(reply, 0));
	json_decref(reply);
	return result;
}

json_t *rig_refused(struct rig *rig, const char *method, const char *params, const char *code)
{
	const uint64_t revision = store_revision(rig->control.store);
	json_t *reply = rig_ask(rig, method, params);
	json_t *error = json_incref(json_object_get(reply, "error"));

	if (error == NULL)
		fail_msg("%s %s: accepted: %s", method, params, json_dumps(reply, 0));
	if (strcmp(rig_text(error, "data.code"), code) != 0)
		fail_msg("%s %s: %s instead of %s: %s", method, params,
			rig_text(error, "data.code"), code, rig_text(error, "message"));
	assert_int_equal(store_revision(rig->control.store), revision);
	json_decref(reply);
	return error;
}

const json_t *rig_at(const json_t *object, const char *path)
{
	char *copy = strdup(path), *rest = copy, *name;
	const json_t *at = object;

	assert_non_null(copy);
	while ((name = strsep(&rest, ".")) != NULL)
		at = json_is_array(at) ? json_array_get(at, (size_t)atoi(name))
				       : json_object_get(at, name);
	free(copy);
	if (at == NULL)
		fail_msg("no %s in %s", path, json_dumps(object, 0));
	return at;
}

const char *rig_text(const json_t *object, const char *path)
{
	const json_t *at = rig_at(object, path);

	assert_true(json_is_string(at));
	return json_string_value(at);
}

json_int_t rig_number(const json_t *object, const char *path)
{
	const json_t *at = rig_at(object, path);

	assert_true(json_is_integer(at));
	return json_integer_value(at);
}

void rig_expect_rows(struct rig *rig, const char *sql, const char *const *rows)
{
	sqlite3_stmt *statement = NULL;

	assert_int_equal(
		sqlite3_prepare_v2(rig->control.store->db, sql, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		char row[2048] = "";

		for (int i = 0; i < sqlite3_column_count(statement); i++) {
			const char *text = (const char *)sqlite3_column_text(statement, i);

			strcat(row, i > 0 ? "|" : "");
			strcat(row, text != NULL ? text : "-");
		}
		for (char *c = row; *c != '\0'; c++)
			*c = *c == '"' ? '\'' : *c;
		assert_non_null(*rows);
		assert_string_equal(row, *rows++);
	}
	assert_null(*rows);
	sqlite3_finalize(statement);
}
