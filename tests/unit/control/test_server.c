/* The server: many requests, many clients, slow ones, and ones that go away. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "listen.h"
#include "server.h"
#include "server_rig.h"

#define COUNT 5000

/* COUNT binds, one for each line. The text is the caller's to free. */
static char *make_binds(size_t *len)
{
	char *text = malloc(COUNT * 128), *at = text;

	assert_non_null(text);
	for (int i = 0; i < COUNT; i++)
		at += sprintf(at,
			"{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"eip.bind\","
			"\"params\":{\"address\":\"10.0.%d.%d\"}}\n",
			i, i % 100, i / 100);
	*len = (size_t)(at - text);
	return text;
}

static void test_pipelined(void **state)
{
	size_t len;
	char *text = make_binds(&len);
	const int fd = dial(*state);
	pid_t writer;

	/* Written from another process: the server may stop reading until replies are read. */
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		send_all(fd, text, len);
		_exit(0);
	}
	FILE *in = fdopen(dup(fd), "r");
	char *line = NULL;
	size_t room = 0;
	for (int i = 0; i < COUNT; i++) {
		char start[64];

		assert_true(getline(&line, &room, in) > 0);
		snprintf(start, sizeof(start), "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\"", i);
		assert_memory_equal(line, start, strlen(start));
	}
	waitpid(writer, NULL, 0);
	free(line);
	fclose(in);
	say(fd, "{'jsonrpc':'2.0','id':1,'method':'eip.list','params':{'limit':1}}\n");
	json_t *list = hear(fd);
	assert_int_equal(rig_number(list, "result.total"), COUNT);
	json_decref(list);
	free(text);
	close(fd);
}

#define ASK_LEN 16384
#define FLOOD_MAX (64u * 1024 * 1024)

static void bind_some(int fd)
{
	char line[160];

	for (int i = 0; i < 600; i++) {
		snprintf(line, sizeof(line),
			"{'jsonrpc':'2.0','method':'eip.bind','params':{'address':'10.0.%d.%d'}}\n",
			i / 250, i % 250);
		say(fd, line);
	}
	say(fd, GET);
	expect(fd, 7, "");
}

/*
 * Sends `ask` again and again without reading a reply, until the server takes no more even when it
 * has had time for another client. Returns the bytes sent.
 */
static size_t flood(int fd, int other, const char *ask)
{
	size_t sent = 0;
	ssize_t n;

	for (;;) {
		n = send(fd, ask + sent % ASK_LEN, ASK_LEN - sent % ASK_LEN,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			for (int i = 0; i < 20; i++) {
				say(other, GET);
				expect(other, 7, "");
			}
			n = send(fd, ask + sent % ASK_LEN, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
			if (n < 0)
				return sent;
		}
		sent += (size_t)n;
		assert_true(sent < FLOOD_MAX);
	}
}

/*
 * A client that asks and does not read is not read from either; once it reads, it gets
 * everything.
 */
static void test_slow_reader(void **state)
{
	static const char list[]
		= "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eip.list\",\"params\":{}}\n";
	static char ask[ASK_LEN];
	const int fd = dial(*state), other = dial(*state);
	size_t replies = 0, room = 0;
	char *line = NULL;

	/* 100 KiB of reply for each 16 KiB, so the replies are what fills memory; few of them fit. */
	memset(ask, ' ', ASK_LEN);
	memcpy(ask + ASK_LEN - strlen(list), list, strlen(list));
	bind_some(other);
	const size_t sent = flood(fd, other, ask);

	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	FILE *in = fdopen(fd, "r");
	while (getline(&line, &room, in) > 0) {
		assert_memory_equal(line, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\"", 31);
		replies++;
	}
	/* The last request may have been cut off. */
	assert_int_equal(replies, sent / ASK_LEN);
	free(line);
	fclose(in);
	close(other);
}

static void test_half_closed(void **state)
{
	const int fd = dial(*state);

	/* What was asked is answered; an unfinished line is not executed. */
	say(fd,
		GET GET
		"{'jsonrpc':'2.0','id':9,'method':'eip.bind','params':{'address':'10.0.0.1'}}");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	expect(fd, 7, "");
	expect(fd, 7, "");
	assert_null(hear(fd));
	close(fd);

	/* Gone before its replies. */
	for (int i = 0; i < 50; i++) {
		const int gone = dial(*state);

		say(gone, GET GET GET "{");
		close(gone);
	}
	const int next = dial(*state);
	say(next, "{'jsonrpc':'2.0','id':7,'method':'eip.list'}\n");
	json_t *list = hear(next);
	assert_int_equal(rig_number(list, "result.total"), 0);
	json_decref(list);
	close(next);
}

static void test_waits_for_dataplane(void **state)
{
	struct fixture *f = *state;
	const int fd = dial(f), other = dial(f);
	char byte;

	*f->applied = 0;
	/* Its first reply shows that the round is over. */
	say(fd,
		GET
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}\n");
	expect(fd, 7, "");
	/* A read behind a change keeps its place; in a later round another client's does not wait. */
	say(fd, "{'jsonrpc':'2.0','id':2,'method':'eip.get','params':{'address':'10.0.0.1'}}\n");
	for (int i = 0; i < 50; i++) {
		say(other,
			"{'jsonrpc':'2.0','id':3,'method':'eip.get','params':{'address':'10.0.0.1'}}\n");
		expect(other, 3, "");
	}
	say(other, "{'jsonrpc':'2.0','id':4,'method':'eip.get','params':{'address':'10.0.0.1'}}\n");
	expect(other, 4, "");
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	*f->applied = 1;
	expect(fd, 1, "");
	expect(fd, 2, "");
	close(fd);
	close(other);
}

/* Opens connections of a user, each of which is served, until it has that many; then one is not. */
static void fill_places(const struct fixture *f, uid_t uid, int *fds, int count)
{
	char text[64];
	json_t *reply;

	for (int i = 0; i < count; i++) {
		fds[i] = dial_as(f, uid);
		say(fds[i], GET);
		expect(fds[i], 7, "");
	}
	const int extra = dial_as(f, uid);

	/* One that is served ends with it, too. */
	shutdown(extra, SHUT_WR);
	reply = hear(extra);
	assert_non_null(reply);
	assert_string_equal(rig_text(reply, "error.data.code"), "DNS.0001");
	snprintf(text, sizeof(text), " has %d connections open and gets no more now", count);
	assert_non_null(strstr(rig_text(reply, "error.message"), text));
	json_decref(reply);
	assert_null(hear(extra));
	close(extra);
}

/* No user gets more than half of the connections, and projects do not get the operators' ones. */
static void test_too_many(void **state)
{
	static const struct {
		uid_t uid;
		int count;
	} users[] = {
		{USER_A, SERVER_CONNECTIONS_MAX / 2},
		{USER_B, SERVER_CONNECTIONS_MAX * 3 / 8},
		{0, SERVER_CONNECTIONS_MAX / 8},
	};
	const struct fixture *f = *state;
	int fds[SERVER_CONNECTIONS_MAX], open = 0;

	/* It listens. */
	close(dial(f));
	for (int i = 0; i < 3; i++) {
		fill_places(f, users[i].uid, fds + open, users[i].count);
		open += users[i].count;
	}
	assert_int_equal(open, SERVER_CONNECTIONS_MAX);
	say(fds[0], GET);
	expect(fds[0], 7, "");
	for (int i = 0; i < SERVER_CONNECTIONS_MAX; i++)
		close(fds[i]);
	/* There is room again, when the server has seen them go. */
	for (;;) {
		const int fd = dial(f);
		json_t *reply;

		say(fd, GET);
		reply = hear(fd);
		close(fd);
		const bool served = reply != NULL && json_object_get(reply, "result") != NULL;
		json_decref(reply);
		if (served)
			break;
		usleep(1000);
	}
}

#define SLOW 200 /* requests, of some milliseconds each: many times what a round may take */
#define TAGGED 3000

/* TAGGED EIPs whose PTRs have a tag to look through. */
static void tag_many(int fd)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	fprintf(out,
		"{'jsonrpc':'2.0','id':1,'method':'batch','params':{'quiet':true,'requests':[");
	for (int i = 0; i < TAGGED; i++)
		fprintf(out,
			"%s{'method':'eip.bind','params':{'address':'10.1.%d.%d'}},"
			"{'method':'ptr.set','params':{'address':'10.1.%d.%d','names':['a.b'],"
			"'tags':[{'key':'env','value':'%0100d'}]}}",
			i > 0 ? "," : "", i >> 8, i & 255, i >> 8, i & 255, i);
	fprintf(out, "]}}\n");
	fclose(out);
	say(fd, text);
	free(text);
	expect(fd, 1, "");
}

static void send_slow(int fd)
{
	char line[160];

	for (int i = 0; i < SLOW; i++) {
		snprintf(line, sizeof(line),
			"{'jsonrpc':'2.0','id':2,'method':'ptr.list','params':"
			"{'limit':1,'total':false,'tags':'env,*x%d'}}\n",
			i);
		say(fd, line);
	}
}

/*
 * A client that sends many slow requests at once gives way to others between them: what the other
 * asks is answered before the end of all that was sent before it.
 */
static void test_slow_requests(void **state)
{
	struct fixture *f = *state;
	const int slow = dial(f), other = dial(f);
	int status;

	tag_many(slow);
	say(other, GET);
	expect(other, 7, "");
	/* It finds both when it goes on, and takes the first connection's first. */
	assert_int_equal(kill(f->child, SIGSTOP), 0);
	assert_int_equal(waitpid(f->child, &status, WUNTRACED), f->child);
	send_slow(slow);
	say(slow, "{'jsonrpc':'2.0','id':3,'method':'eip.bind','params':{'address':'10.0.0.1'}}\n");
	say(other, "{'jsonrpc':'2.0','id':4,'method':'eip.get','params':{'address':'10.0.0.1'}}\n");
	assert_int_equal(kill(f->child, SIGCONT), 0);
	expect(other, 4, "DNS.0502");
	for (int i = 0; i < SLOW; i++)
		expect(slow, 2, "");
	expect(slow, 3, "");
	close(slow);
	close(other);
}

/* What was taken before the signal is answered. */
static void test_stop(void **state)
{
	struct fixture *f = *state;
	const int fd = dial(f);
	int status;

	*f->applied = 0;
	say(fd,
		GET
		"{'jsonrpc':'2.0','id':1,'method':'eip.bind','params':{'address':'10.0.0.1'}}\n");
	expect(fd, 7, "");
	kill(f->child, SIGTERM);
	*f->applied = 1;
	expect(fd, 1, "");
	assert_null(hear(fd));
	assert_int_equal(waitpid(f->child, &status, 0), f->child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(access(f->socket, F_OK), -1);
	close(fd);
	f->child = 0;
}

static void test_listen(void **state)
{
	struct fixture *f = *state;
	struct ptrd_config_control config = {.socket = f->socket, .socket_mode = 0660};
	char path[160], group[] = "no-such-group-of-ptrd";
	struct stat stat_;
	int fd;

	/* The child's is live. */
	close(dial(f));
	assert_int_equal(stat(f->socket, &stat_), 0);
	assert_int_equal(stat_.st_mode & 0777, 0620);
	assert_int_equal(listen_open(&config), -1);
	close(dial(f));

	/* A dead one is replaced. */
	snprintf(path, sizeof(path), "%s/t", f->rig->dir);
	config.socket = path;
	fd = listen_open(&config);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stat(path, &stat_), 0);
	fd = listen_open(&config);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &stat_), 0);
	assert_int_equal(stat_.st_mode & 0777, 0660);
	listen_close(fd, &config);
	assert_int_equal(stat(path, &stat_), -1);

	/* Not a socket; a group that is not there; a path that is too long. */
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(listen_open(&config), -1);
	assert_int_equal(unlink(path), 0);
	config.socket_group = group;
	assert_int_equal(listen_open(&config), -1);
	assert_int_equal(stat(path, &stat_), -1);
	config.socket_group = NULL;
	memset(path + strlen(path), 'x', 120 - strlen(path));
	path[120] = '\0';
	assert_int_equal(listen_open(&config), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_set_up, server_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_pipelined),
		TEST(test_slow_reader),
		TEST(test_half_closed),
		TEST(test_waits_for_dataplane),
		cmocka_unit_test_setup_teardown(
			test_too_many, server_set_up_roles, server_tear_down),
		TEST(test_slow_requests),
		TEST(test_stop),
		TEST(test_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
