/*
 * What changes leave in the audit and in the indexes of names and tags, whenever it is written: the same
 * rounds of random requests, some of them refused, with room for few and for many of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"
#include "store_deferred.h"

#define REGION "{'name':'eu','prefixes':['10.0.0.0/8'],'suffix':'compute.example.com'}"
#define ROUNDS 150
#define REQUESTS_MAX 12
#define ADDRESSES 12

/* None of these may ever find a row. */
static const char *const faults[] = {
	"WITH RECURSIVE split (address, name, rest) AS (SELECT address, '', names || ' ' FROM ptr"
	" UNION ALL SELECT address, substr(rest, 1, instr(rest, ' ') - 1),"
	" substr(rest, instr(rest, ' ') + 1) FROM split WHERE rest <> ''),"
	" wanted AS (SELECT name_key(name) AS key, address FROM split WHERE name <> '')"
	" SELECT * FROM (SELECT * FROM wanted EXCEPT SELECT * FROM ptr_name)"
	" UNION ALL SELECT * FROM (SELECT * FROM ptr_name EXCEPT SELECT * FROM wanted)",

	"WITH wanted AS (SELECT t.value ->> 'key', t.value ->> 'value', p.address"
	" FROM ptr p CROSS JOIN json_each(p.tags) t WHERE p.tags <> '')"
	" SELECT * FROM (SELECT * FROM wanted EXCEPT SELECT * FROM ptr_tag)"
	" UNION ALL SELECT * FROM (SELECT * FROM ptr_tag EXCEPT SELECT * FROM wanted)",

	"SELECT m.revision FROM meta m, (SELECT count(*) AS n, max(revision) AS r FROM audit)"
	" WHERE m.revision <> n OR m.revision <> r",
	/* The last that is said of an EIP is what it is. */
	"SELECT * FROM audit a LEFT JOIN eip e USING (address) LEFT JOIN ptr p USING (address)"
	" WHERE a.address IS NOT NULL AND NOT EXISTS (SELECT * FROM audit b"
	" WHERE b.address = a.address AND b.revision > a.revision)"
	" AND (a.after ->> '$.id' IS NOT e.id OR a.after ->> '$.ptr.ttl' IS NOT p.ttl)",
};

static sqlite3_stmt *query(struct rig *rig, const char *sql)
{
	sqlite3_stmt *statement;

	assert_int_equal(
		sqlite3_prepare_v2(rig->control.store->db, sql, -1, &statement, NULL), SQLITE_OK);
	return statement;
}

static void check(struct rig *rig)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		sqlite3_stmt *statement = query(rig, faults[i]);

		if (sqlite3_step(statement) != SQLITE_DONE)
			fail_msg("the store has what must not be: %s", faults[i]);
		sqlite3_finalize(statement);
	}
}

static unsigned below(unsigned *seed, unsigned limit)
{
	*seed = *seed * 1103515245u + 12345;
	return (*seed >> 16) % limit;
}

/* A change of an EIP as a member of a batch has it; some are refused. */
static int write_change(unsigned *seed, char *out, size_t size)
{
	const unsigned address = below(seed, ADDRESSES), kind = below(seed, 8);

	if (kind == 0)
		return snprintf(out, size,
			"\"method\":\"eip.bind\",\"params\":{\"address\":\"10.0.0.%u\",\"id\":\"e%u\","
			"\"project\":\"p%u\"}",
			address, address, below(seed, 2));
	if (kind == 1)
		return snprintf(out, size,
			"\"method\":\"eip.unbind\",\"params\":{\"address\":\"10.0.0.%u\"}",
			address);
	if (kind == 2)
		return snprintf(out, size,
			"\"method\":\"ptr.unset\",\"params\":{\"address\":\"10.0.0.%u\"}", address);
	return snprintf(out, size,
		"\"method\":\"ptr.set\",\"params\":{\"address\":\"10.0.0.%u\",\"ttl\":%u,"
		"\"names\":[\"n%u.example\",\"n%u.example\"],"
		"\"tags\":[{\"key\":\"k\",\"value\":\"%u\"},{\"key\":\"x\",\"value\":\"%u\"}]}",
		address, 1 + below(seed, 3), below(seed, 3), below(seed, 3), below(seed, 2),
		below(seed, 2));
}

static int write_batch(unsigned *seed, char *out, size_t size)
{
	const unsigned count = 1 + below(seed, 6);
	int len = snprintf(out, size, "\"method\":\"batch\",\"params\":{\"requests\":[");

	for (unsigned i = 0; i < count; i++) {
		len += snprintf(out + len, size - (size_t)len, "%s{", i > 0 ? "," : "");
		len += write_change(seed, out + len, size - (size_t)len);
		len += snprintf(out + len, size - (size_t)len, "}");
	}
	return len + snprintf(out + len, size - (size_t)len, "]}");
}

static void write_request(unsigned *seed, char *out, size_t size)
{
	int len = snprintf(out, size, "{\"jsonrpc\":\"2.0\",\"id\":1,");
	const unsigned kind = below(seed, 20);

	out += len;
	size -= (size_t)len;
	if (kind == 0)
		len = snprintf(out, size,
			"\"method\":\"ptr.list\",\"params\":{\"name\":\"n%u.example\"}",
			below(seed, 3));
	else if (kind == 1)
		len = snprintf(out, size,
			"\"method\":\"region.create\",\"params\":{\"name\":\"side\","
			"\"prefixes\":[\"192.0.2.0/24\"],\"suffix\":\"side.example\"}");
	else if (kind == 2)
		len = snprintf(
			out, size, "\"method\":\"region.delete\",\"params\":{\"name\":\"side\"}");
	else if (kind < 10)
		len = write_batch(seed, out, size);
	else
		len = write_change(seed, out, size);
	snprintf(out + len, size - (size_t)len, "}");
}

/* Adds a line to the text that must be the same whenever what changes leave is written. */
static void note(char **text, const char *line)
{
	char *longer;

	assert_true(asprintf(&longer, "%s%s\n", *text, line) > 0);
	free(*text);
	*text = longer;
}

static void run_round(struct rig *rig, unsigned *seed, char **text)
{
	const unsigned count = 1 + below(seed, REQUESTS_MAX);
	struct request requests[REQUESTS_MAX];
	char line[4096];

	round_begin(&rig->round);
	for (unsigned i = 0; i < count; i++) {
		write_request(seed, line, sizeof(line));
		request_parse(&requests[i], rig->actor, line, strlen(line));
		round_execute(&rig->round, &requests[i]);
	}
	round_commit(&rig->round);
	for (unsigned i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "%d", requests[i].refused);
		if (strcmp(requests[i].command->method, "ptr.list") == 0) {
			json_t *reply
				= json_loadb(requests[i].reply, requests[i].reply_len, 0, NULL);

			snprintf(line, sizeof(line), "%lld",
				(long long)rig_number(reply, "result.total"));
			json_decref(reply);
		}
		note(text, line);
		request_free(&requests[i]);
	}
}

static void note_rows(struct rig *rig, const char *sql, char **text)
{
	sqlite3_stmt *rows = query(rig, sql);

	while (sqlite3_step(rows) == SQLITE_ROW)
		note(text, (const char *)sqlite3_column_text(rows, 0));
	sqlite3_finalize(rows);
}

/* What comes of the rounds with room for the audit rows of so many changes. */
static char *outcome(unsigned most, unsigned seed)
{
	struct rig *rig = rig_new();
	char *text = strdup("");

	json_decref(rig_ok(rig, "region.create", REGION));
	rig->control.store->deferred->audits_most = most;
	for (unsigned i = 0; i < ROUNDS; i++) {
		run_round(rig, &seed, &text);
		check(rig);
	}
	note_rows(rig,
		"SELECT printf('%d|%s|%s|%s|%s|%s|%s|%s|%s', revision, actor, action, region,"
		" hex(address), project, old_project, before, after) FROM audit ORDER BY revision",
		&text);
	rig_free(rig);
	return text;
}

static void test_room(void **state)
{
	static const unsigned rooms[] = {1, 2, 5, 40};

	(void)state;
	for (unsigned seed = 1; seed <= 3; seed++) {
		char *all = outcome(DEFERRED_AUDITS, seed);

		for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
			char *some = outcome(rooms[i], seed);

			assert_string_equal(some, all);
			free(some);
		}
		free(all);
	}
}

/* Changes one after another of an EIP that nobody reads in between. */
static void test_not_read(void **state)
{
	const struct ptr_value value = {"n.example.", 300, "", ""};
	struct rig *rig = rig_new();
	struct store *s = rig->control.store;
	struct address address = {.bytes = {10, 0, 0, 1}};
	struct eip eip;

	(void)state;
	json_decref(rig_ok(rig, "region.create", REGION));
	json_decref(rig_ok(rig, "eip.bind", "{'address':'10.0.0.1'}"));
	store_origin(s, "test", "ptr.set");
	assert_true(store_begin(s));
	assert_int_equal(store_eip(s, &address, &eip), 1);
	assert_true(store_ptr_set(s, &eip, &value) && store_ptr_unset(s, &eip));
	assert_true(store_commit(s));
	assert_int_equal(store_eip(s, &address, &eip), 1);
	assert_false(eip.has_ptr);
	check(rig);

	assert_true(store_begin(s));
	assert_true(store_ptr_set(s, &eip, &value) && store_eip_rebind(s, &eip, "e2", "p2")
		&& store_ptr_set(s, &eip, &value));
	assert_true(store_commit(s));
	assert_int_equal(store_eip(s, &address, &eip), 1);
	assert_true(eip.has_ptr);
	assert_string_equal(eip.ptr_action, PTR_CREATE);
	check(rig);
	rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[]
		= {cmocka_unit_test(test_room), cmocka_unit_test(test_not_read)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
