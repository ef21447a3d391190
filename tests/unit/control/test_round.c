/* Rounds: several requests in one transaction, and what happens when it cannot be committed. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"
#include "store_private.h"

#define REGION "{'name':'eu','prefixes':['10.0.0.0/8'],'suffix':'compute.example.com'}"
#define MANY 2000

static int set_up(void **state)
{
	struct rig *rig = rig_new();

	json_decref(rig_ok(rig, "region.create", REGION));
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_check_mirror(*state);
	rig_free(*state);
	return 0;
}

/* Executes lines (with ' for ") as one round; the requests are the caller's to free. */
static void execute(
	struct rig *rig, const char *const *lines, size_t count, struct request *requests)
{
	round_begin(&rig->round);
	for (size_t i = 0; i < count; i++) {
		char *line = strdup(lines[i]);

		assert_non_null(line);
		for (char *c = line; *c != '\0'; c++)
			if (*c == '\'')
				*c = '"';
		request_parse(&requests[i], rig->actor, line, strlen(line));
		round_execute(&rig->round, &requests[i]);
		free(line);
	}
	round_commit(&rig->round);
}

static void release(struct request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		request_free(&requests[i]);
}

/* The code of the error in a reply, or "" for a result. */
static const char *outcome(const struct request *request, char code[static 16])
{
	json_t *reply = json_loadb(request->reply, request->reply_len, 0, NULL);
	const json_t *error = json_object_get(reply, "error");

	assert_non_null(reply);
	snprintf(code, 16, "%s", error != NULL ? rig_text(error, "data.code") : "");
	json_decref(reply);
	return code;
}

static void test_one_commit(void **state)
{
	static const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':2,'method':'eip.bind','params':{'address':'10.0.0.0/24'}}",
		"{'jsonrpc':'2.0','id':3,'method':'batch','params':{'requests':["
		"{'method':'eip.bind','params':{'address':'10.0.0.2'}},"
		"{'method':'eip.unbind','params':{'address':'10.0.0.3'}}]}}",
		"nonsense",
		"{'jsonrpc':'2.0','id':4,'method':'eip.get','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':5,'method':'ptr.set','params':{'address':'10.0.0.1','names':['a']}}",
		"{'jsonrpc':'2.0','method':'eip.bind','params':{'address':'10.0.0.4'}}",
		"{'jsonrpc':'2.0','id':6,'method':'eip.bind','params':{'address':'10.0.0.5'}}",
	};
	static const char *const expected[]
		= {"", "DNS.0602", "DNS.0502", "DNS.0002", "", "", NULL, ""};
	enum {
		COUNT = sizeof(lines) / sizeof(lines[0])
	};
	struct request requests[COUNT];
	struct rig *rig = *state;
	const unsigned commits = rig->control.publisher->commits;
	char code[16];

	execute(rig, lines, COUNT, requests);
	assert_int_equal(rig->control.publisher->commits, commits + 1);
	for (size_t i = 0; i < COUNT; i++) {
		if (expected[i] == NULL)
			assert_null(requests[i].reply);
		else
			assert_string_equal(outcome(&requests[i], code), expected[i]);
	}
	/* The published serial is the store's revision, that of the region too. */
	assert_int_equal(rig->control.publisher->serial, 5);
	json_t *region = rig_ok(rig, "region.get", "{'name':'eu'}");
	assert_int_equal(rig_number(region, "soa.serial"), 5);
	json_decref(region);
	assert_non_null(fake_find(rig->control.publisher, "10.0.0.4"));
	assert_null(fake_find(rig->control.publisher, "10.0.0.2"));
	release(requests, COUNT);
}

/*
 * Counters wait for the commit. Those that had to be written within a request that is refused, for
 * another project's turn or because somebody looked, wait again behind it.
 */
static void test_counters_of_refused(void **state)
{
	static const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1','project':'a'}}",
		"{'jsonrpc':'2.0','id':2,'method':'batch','params':{'requests':["
		"{'method':'eip.bind','params':{'address':'10.0.0.2','project':'b'}},"
		"{'method':'eip.unbind','params':{'address':'10.0.0.9'}}]}}",
		"{'jsonrpc':'2.0','id':3,'method':'ptr.set','params':{'address':'10.0.0.1','names':['a']}}",
		"{'jsonrpc':'2.0','id':4,'method':'project.get','params':{'project':'a'}}",
		"{'jsonrpc':'2.0','id':5,'method':'region.get','params':{'name':'eu'}}",
		"{'jsonrpc':'2.0','id':6,'method':'batch','params':{'requests':["
		"{'method':'eip.unbind','params':{'address':'10.0.0.1'}},"
		"{'method':'eip.unbind','params':{'address':'10.0.0.9'}}]}}",
		"{'jsonrpc':'2.0','id':7,'method':'eip.bind','params':{'address':'10.0.0.3','project':'b'}}",
	};
	static const char *const expected[] = {"", "DNS.0502", "", "", "", "DNS.0502", ""};
	enum {
		COUNT = sizeof(lines) / sizeof(lines[0])
	};
	struct request requests[COUNT];
	struct rig *rig = *state;
	char code[16];

	execute(rig, lines, COUNT, requests);
	for (size_t i = 0; i < COUNT; i++)
		assert_string_equal(outcome(&requests[i], code), expected[i]);
	assert_non_null(strstr(requests[3].reply, "\"eips\":1,\"ptrs\":1"));
	assert_non_null(strstr(requests[4].reply, "\"eips\":1,\"ptrs\":1"));
	rig_expect_rows(rig, "SELECT project, eips, ptrs FROM usage ORDER BY project",
		(const char *const[]){"a|1|1", "b|1|0", NULL});
	release(requests, COUNT);
}

static void test_reads_only(void **state)
{
	static const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.list'}",
		"{'jsonrpc':'2.0','id':2,'method':'node.status'}",
	};
	struct request requests[2];
	struct rig *rig = *state;
	const unsigned commits = rig->control.publisher->commits;

	execute(rig, lines, 2, requests);
	assert_int_equal(rig->control.publisher->commits, commits);
	assert_false(rig->control.publisher->in_transaction);
	release(requests, 2);
}

/* Both regions of a round are published with one serial, and keep it. */
static void test_serials(void **state)
{
	static const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':2,'method':'eip.bind','params':{'address':'11.0.0.1'}}",
	};
	struct request requests[2];
	struct rig *rig = *state;

	json_decref(rig_ok(
		rig, "region.create", "{'name':'us','prefixes':['11.0.0.0/8'],'suffix':'x'}"));
	json_decref(rig_ok(
		rig, "region.create", "{'name':'zz','prefixes':['12.0.0.0/8'],'suffix':'x'}"));
	execute(rig, lines, 2, requests);
	release(requests, 2);
	rig_restart(rig);
	json_t *list = rig_ok(rig, "region.list", "{}");
	assert_int_equal(rig_number(list, "regions.0.revision"), 5);
	assert_int_equal(rig_number(list, "regions.1.revision"), 5);
	assert_int_equal(rig_number(list, "regions.2.revision"), 3);
	json_decref(list);
}

static void test_generation(void **state)
{
	static const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':2,'method':'eip.get','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':3,'method':'eip.bind','params':{'address':'12.0.0.1'}}",
	};
	static const char other[]
		= "{'jsonrpc':'2.0','id':4,'method':'eip.bind','params':{'address':'10.0.0.2'}}";
	static const char another[]
		= "{'jsonrpc':'2.0','id':5,'method':'eip.bind','params':{'address':'10.0.0.3'}}";
	struct request requests[3];
	struct rig *rig = *state;

	rig->control.publisher->next = 5;
	execute(rig, lines, 3, requests);
	assert_int_equal(requests[0].generation, 5);
	assert_int_equal(requests[0].revision, 2);
	/* What a read shows is not served any sooner. */
	assert_int_equal(requests[1].generation, 5);
	assert_int_equal(requests[2].generation, 0);
	release(requests, 3);
	/* A read before the first change tells nothing of it. */
	execute(rig, (const char *const[]){lines[1], other}, 2, requests);
	assert_int_equal(requests[0].generation, 0);
	assert_int_equal(requests[1].generation, 5);
	release(requests, 2);
	/* A later change that is seen at once waits for no other region's generation. */
	rig->control.publisher->next = 0;
	execute(rig, (const char *const[]){another, lines[1]}, 2, requests);
	assert_int_equal(requests[0].generation, 0);
	assert_int_equal(requests[1].generation, 0);
	release(requests, 2);
}

/* A change that holds already may be one that still waits. */
static void test_repeated(void **state)
{
	static const char *const setup[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':2,'method':'eip.bind','params':{'address':'10.0.0.2'}}",
		"{'jsonrpc':'2.0','id':3,'method':'ptr.set','params':{'address':'10.0.0.1','names':['a']}}",
		"{'jsonrpc':'2.0','id':4,'method':'region.create','params':"
		"{'name':'us','prefixes':['11.0.0.0/8'],'suffix':'x','state':'detached'}}",
	};
	static const char *const repeats[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':2,'method':'ptr.set','params':{'address':'10.0.0.1','names':['a']}}",
		"{'jsonrpc':'2.0','id':3,'method':'ptr.unset','params':{'address':'10.0.0.2'}}",
		"{'jsonrpc':'2.0','id':4,'method':'region.create','params':" REGION "}",
		"{'jsonrpc':'2.0','id':5,'method':'region.attach','params':{'name':'eu'}}",
		"{'jsonrpc':'2.0','id':6,'method':'region.detach','params':{'name':'us'}}",
		"{'jsonrpc':'2.0','id':7,'method':'batch','params':{'requests':["
		"{'method':'ptr.unset','params':{'address':'10.0.0.2'}},"
		"{'method':'eip.get','params':{'address':'10.0.0.2'}}]}}",
	};
	struct request requests[7];
	struct rig *rig = *state;
	char code[16];

	execute(rig, setup, 4, requests);
	release(requests, 4);
	const uint64_t revision = store_revision(rig->control.store);
	for (size_t i = 0; i < 7; i++) {
		rig->control.publisher->made = i + 1;
		execute(rig, &repeats[i], 1, requests);
		assert_string_equal(outcome(&requests[0], code), "");
		assert_int_equal(requests[0].generation, i + 1);
		assert_int_equal(requests[0].revision, revision);
		release(requests, 1);
	}
	assert_int_equal(store_revision(rig->control.store), revision);
}

static int count_waits(void *context, int before)
{
	unsigned *waits = context;

	assert_int_equal(before, 0);
	++*waits;
	return 0;
}

/* Another process holds the store's lock: the first that would write waits for it, no other. */
static void test_locked(void **state)
{
	static const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':2,'method':'eip.list'}",
		"{'jsonrpc':'2.0','id':3,'method':'eip.bind','params':{'address':'10.0.0.2'}}",
		"{'jsonrpc':'2.0','id':4,'method':'region.detach','params':{'name':'eu'}}",
		"{'jsonrpc':'2.0','id':5,'method':'region.get','params':{'name':'eu'}}",
	};
	static const char *const expected[] = {"DNS.0001", "", "DNS.0001", "DNS.0001", ""};
	struct rig *rig = *state;
	struct request requests[5];
	unsigned waits = 0;
	char code[16], path[128];
	sqlite3_stmt *timeout;
	sqlite3 *other;

	assert_int_equal(sqlite3_prepare_v2(
				 rig->control.store->db, "PRAGMA busy_timeout", -1, &timeout, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(timeout), SQLITE_ROW);
	assert_in_range(sqlite3_column_int(timeout, 0), 1, 100);
	sqlite3_finalize(timeout);

	snprintf(path, sizeof(path), "%s/ptrd.db", rig->dir);
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_busy_handler(rig->control.store->db, count_waits, &waits);
	execute(rig, lines, 5, requests);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(outcome(&requests[i], code), expected[i]);
	for (size_t i = 2; i < 4; i++)
		assert_non_null(strstr(requests[i].reply, "cannot store: database is locked"));
	release(requests, 5);
	assert_int_equal(waits, 1);
	rig_check_mirror(rig);

	sqlite3_close(other);
	execute(rig, lines, 3, requests);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(outcome(&requests[i], code), "");
	release(requests, 3);
}

/* Its directory cannot be written: nothing is stored either. */
static void test_unprepared(void **state)
{
	static const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':2,'method':'eip.get','params':{'address':'10.0.0.1'}}",
	};
	struct rig *rig = *state;
	struct request requests[2];
	char code[16];

	/* The common transaction, then the one of its own. */
	rig->control.publisher->unprepared = 2;
	rig->control.publisher->next = 5;
	execute(rig, lines, 2, requests);
	assert_string_equal(outcome(&requests[0], code), "DNS.0001");
	assert_non_null(strstr(requests[0].reply, "cannot serve: the fake's table is full"));
	assert_string_equal(outcome(&requests[1], code), "DNS.0502");
	assert_int_equal(requests[0].generation, 0);
	assert_int_equal(store_revision(rig->control.store), 1);
	release(requests, 2);
	/* Only the common one: alone each waits as it would have together. */
	rig->control.publisher->unprepared = 1;
	execute(rig, lines, 2, requests);
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(outcome(&requests[i], code), "");
		assert_int_equal(requests[i].generation, 5);
	}
	release(requests, 2);
}

static void set_page_limit(struct rig *rig, int more)
{
	sqlite3_stmt *statement;
	char sql[64];

	assert_int_equal(sqlite3_prepare_v2(
				 rig->control.store->db, "PRAGMA page_count", -1, &statement, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	const int pages = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", pages + more);
	assert_int_equal(sqlite3_exec(rig->control.store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void make_binds(char (*lines)[128], const char **texts, int first)
{
	for (int i = 0; i < MANY; i++) {
		const int n = first + i;

		snprintf(lines[i], sizeof(lines[i]),
			"{'jsonrpc':'2.0','id':%d,'method':'eip.bind','params':{'address':'10.0.%d.%d'}}",
			i, n / 256, n % 256);
		texts[i] = lines[i];
	}
}

/* A file that is full in the middle of a round: as many of its changes as have room are kept. */
static void test_full_statement(void **state)
{
	static char lines[MANY][128];
	static const char *texts[MANY];
	static struct request requests[MANY];
	struct rig *rig = *state;
	int stored = 0, refused = 0;
	char code[16];

	set_page_limit(rig, 20);
	make_binds(lines, texts, 0);
	execute(rig, texts, MANY, requests);
	for (int i = 0; i < MANY; i++) {
		char address[32];

		snprintf(address, sizeof(address), "10.0.%d.%d", i / 256, i % 256);
		const bool served = fake_find(rig->control.publisher, address) != NULL;

		outcome(&requests[i], code);
		assert_string_equal(code, served ? "" : "DNS.0001");
		stored += served;
		refused += !served;
		if (!served && refused == 1) {
			json_t *reply
				= json_loadb(requests[i].reply, requests[i].reply_len, 0, NULL);
			const char *message = rig_text(reply, "error.message");

			assert_non_null(strstr(message, "database or disk is full"));
			assert_non_null(strstr(message, rig->dir));
			json_decref(reply);
		}
	}
	assert_true(stored > 0);
	assert_true(refused > 0);
	release(requests, MANY);
	rig_check_mirror(rig);

	/* Reads go on; and changes, once there is room. */
	json_t *list = rig_ok(rig, "eip.list", "{'limit':1}");
	assert_int_equal(rig_number(list, "total"), stored);
	json_decref(list);
	set_page_limit(rig, 1000);
	execute(rig, texts, MANY, requests);
	for (int i = 0; i < MANY; i++)
		assert_string_equal(outcome(&requests[i], code), "");
	release(requests, MANY);
	assert_int_equal(rig->control.publisher->eips_count, MANY);
}

/* The log cannot be written: the commit itself fails, of the round and of each request. */
static void test_full_commit(void **state)
{
	static const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		"{'jsonrpc':'2.0','id':2,'method':'eip.list'}",
		"{'jsonrpc':'2.0','id':3,'method':'region.create','params':"
		"{'name':'us','prefixes':['11.0.0.0/8'],'suffix':'x'}}",
		"{'jsonrpc':'2.0','id':4,'method':'region.get','params':{'name':'us'}}",
	};
	static const char *const expected[] = {"DNS.0001", "", "DNS.0001", "DNS.0601"};
	const struct rlimit none = {0, RLIM_INFINITY};
	struct request requests[4];
	struct rig *rig = *state;
	struct rlimit before;
	char code[16];

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	execute(rig, lines, 4, requests);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(outcome(&requests[i], code), expected[i]);
	release(requests, 4);
	rig_check_mirror(rig);
	assert_int_equal(store_revision(rig->control.store), 1);

	execute(rig, lines, 4, requests);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(outcome(&requests[i], code), "");
	release(requests, 4);
	rig_restart(rig);
	assert_int_equal(store_revision(rig->control.store), 3);
}

/* What is no matter of the transaction is done once, whatever becomes of that. */
static void test_full_commit_acts(void **state)
{
	struct rig *rig = *state;
	json_t *import = rig_ok(rig, "import.begin", "{}");
	const struct rlimit none = {0, RLIM_INFINITY};
	char rows[256], code[16];
	const char *const lines[] = {
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}",
		rows,
		"{'jsonrpc':'2.0','id':3,'method':'import.begin'}",
		"{'jsonrpc':'2.0','id':4,'method':'eip.bind','params':{'address':'10.0.0.2'}}",
	};
	struct request requests[4];
	struct rlimit before;

	snprintf(rows, sizeof(rows),
		"{'jsonrpc':'2.0','id':2,'method':'import.rows','params':{'import':'%s','rows':"
		"[{'address':'10.0.0.8','default':true}]}}",
		rig_text(import, "import"));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	execute(rig, lines, 4, requests);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_string_equal(outcome(&requests[0], code), "DNS.0001");
	assert_string_equal(outcome(&requests[3], code), "DNS.0001");
	assert_non_null(strstr(requests[1].reply, "\"accepted\":1,\"rejected\":[]"));
	assert_int_equal(rig->control.imports.count, requests[2].refused ? 1 : 2);
	release(requests, 4);
	json_decref(import);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_one_commit),
		TEST(test_counters_of_refused),
		TEST(test_reads_only),
		TEST(test_serials),
		TEST(test_generation),
		TEST(test_repeated),
		TEST(test_locked),
		TEST(test_unprepared),
		TEST(test_full_statement),
		TEST(test_full_commit),
		TEST(test_full_commit_acts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
