/* Lines on the socket: whole, in pieces, too long, and no requests at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server_rig.h"

static void test_garbage(void **state)
{
	static const struct {
		const char *line;
		int code;
	} bad[] = {
		{"nonsense\n", PTRD_RPC_PARSE_ERROR},
		{"{\n", PTRD_RPC_PARSE_ERROR},
		{"\xff\xfe\x00\n", PTRD_RPC_PARSE_ERROR},
		{"{'jsonrpc':'2.0','id':1,'id':2,'method':'node.status'}\n", PTRD_RPC_PARSE_ERROR},
		{"{'jsonrpc':'2.0','method':'node.status'} x\n", PTRD_RPC_PARSE_ERROR},
		{"42\n", PTRD_RPC_INVALID_REQUEST},
		{"null\n", PTRD_RPC_INVALID_REQUEST},
		{"[]\n", PTRD_RPC_INVALID_REQUEST},
		{"[{'jsonrpc':'2.0','id':1,'method':'node.status'}]\n", PTRD_RPC_INVALID_REQUEST},
		{"{}\n", PTRD_RPC_INVALID_REQUEST},
		{"{'jsonrpc':'1.0','method':'node.status','id':1}\n", PTRD_RPC_INVALID_REQUEST},
		{"{'jsonrpc':2.0,'method':'node.status','id':1}\n", PTRD_RPC_INVALID_REQUEST},
		{"{'jsonrpc':'2.0','id':1}\n", PTRD_RPC_INVALID_REQUEST},
		{"{'jsonrpc':'2.0','id':1,'method':1}\n", PTRD_RPC_INVALID_REQUEST},
		{"{'jsonrpc':'2.0','id':{},'method':'node.status'}\n", PTRD_RPC_INVALID_REQUEST},
		{"{'jsonrpc':'2.0','id':1,'method':'node.status','parms':{}}\n",
			PTRD_RPC_INVALID_REQUEST},
		{"{'jsonrpc':'2.0','id':1,'method':'node.status','params':[]}\n",
			PTRD_RPC_INVALID_PARAMS},
		{"{'jsonrpc':'2.0','id':1,'method':'no.such'}\n", PTRD_RPC_METHOD_NOT_FOUND},
	};
	const int fd = dial(*state);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		print_message("%s", bad[i].line);
		if (i == 2)
			send_all(fd, bad[i].line, 4);
		else
			say(fd, bad[i].line);
		json_t *reply = hear(fd);
		assert_non_null(reply);
		assert_int_equal(rig_number(reply, "error.code"), bad[i].code);
		assert_string_equal(rig_text(reply, "error.data.code"), "DNS.0002");
		json_decref(reply);
		say(fd, GET);
		expect(fd, 7, "");
	}
	/* Empty lines, white space around, carriage returns; ids of other types. */
	say(fd, "\n\r\n  " GET "{'jsonrpc':'2.0','id':'x','method':'node.status'}\r\n");
	expect(fd, 7, "");
	json_t *reply = hear(fd);
	assert_string_equal(rig_text(reply, "id"), "x");
	json_decref(reply);
	say(fd, "{'jsonrpc':'2.0','id':null,'method':'node.status'}\n");
	expect(fd, -1, "");
	close(fd);
}

/* A line of `len` bytes with its newline: a get, with white space in front. */
static char *padded(size_t len)
{
	static const char get[]
		= "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"region.get\",\"params\":{\"name\":\"eu\"}}\n";
	char *line = malloc(len);

	assert_non_null(line);
	memset(line, ' ', len);
	memcpy(line + len - strlen(get), get, strlen(get));
	return line;
}

static void test_long_lines(void **state)
{
	static const struct {
		size_t len;
		bool accepted;
	} lines[] = {
		{PTRD_LINE_MAX - 1, true},
		{PTRD_LINE_MAX, true},
		{PTRD_LINE_MAX + 1, false},
		{PTRD_LINE_MAX + 2, false},
		{2 * PTRD_LINE_MAX, false},
		{2 * PTRD_LINE_MAX + 1, false},
		{9 * PTRD_LINE_MAX, false},
	};
	const int fd = dial(*state);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *line = padded(lines[i].len);

		say(fd, GET);
		send_all(fd, line, lines[i].len);
		say(fd, GET);
		expect(fd, 7, "");
		if (lines[i].accepted)
			expect(fd, 8, "");
		else
			expect(fd, -1, "DNS.0002");
		expect(fd, 7, "");
		free(line);
	}
	close(fd);
}

static void test_pieces(void **state)
{
	static const char line[]
		= "{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"region.get\",\"params\":{\"name\":\"eu\"}}\n";
	const int fd = dial(*state), other = dial(*state);

	for (size_t i = 0; i < strlen(line); i++) {
		send_all(fd, line + i, 1);
		/* Each byte arrives alone: others are served in between. */
		say(other, GET);
		expect(other, 7, "");
	}
	expect(fd, 8, "");
	for (size_t cut = 1; cut < strlen(line); cut += 7) {
		send_all(fd, line, cut);
		say(other, GET);
		expect(other, 7, "");
		send_all(fd, line + cut, strlen(line) - cut);
		expect(fd, 8, "");
	}
	close(fd);
	close(other);
}

static void test_notification(void **state)
{
	const int fd = dial(*state);

	say(fd,
		"{'jsonrpc':'2.0','method':'eip.bind','params':{'address':'10.0.0.1'}}\n"
		"{'jsonrpc':'2.0','method':'eip.bind','params':{'address':'nowhere'}}\n"
		"{'jsonrpc':'2.0','id':7,'method':'eip.get','params':{'address':'10.0.0.1'}}\n");
	expect(fd, 7, "");
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_garbage),
		TEST(test_long_lines),
		TEST(test_pieces),
		TEST(test_notification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
