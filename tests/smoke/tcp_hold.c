/*
 * tcp_hold idle SERVER COUNT LOCAL...: opens COUNT connections from the local addresses in turn,
 * sends nothing on them, and has 100 new ones served; none of the idle ones may have been closed by
 * then.
 *
 * tcp_hold trickle SERVER: sends a query at one byte a second, and is to be cut off before its end,
 * while one that asks once a second is not.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream.h"

#define NEW_CONNECTIONS 100
#define DESCRIPTORS_SPARE 64
#define IDLE_MAX 10000

static bool allow_descriptors(rlim_t count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	if (limit.rlim_cur >= count)
		return true;
	limit.rlim_cur = count;
	limit.rlim_max = limit.rlim_max < count ? count : limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

/* Whether the server has ended the connection. */
static bool ended(int fd)
{
	uint8_t byte;
	const ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return got == 0 || (got < 0 && errno != EAGAIN);
}

static int idle(const char *server, unsigned count, char *const *locals, unsigned locals_count)
{
	static int fds[IDLE_MAX];
	unsigned served = 0, closed = 0;

	if (!allow_descriptors(count + DESCRIPTORS_SPARE)) {
		perror("descriptors");
		return 1;
	}
	for (unsigned i = 0; i < count; i++) {
		fds[i] = stream_open(server, locals[i % locals_count]);
		if (fds[i] < 0) {
			printf("only %u connections\n", i);
			return 1;
		}
	}
	for (unsigned i = 0; i < NEW_CONNECTIONS; i++)
		served += stream_ask_once(server, NULL);
	for (unsigned i = 0; i < count; i++)
		closed += ended(fds[i]);
	printf("%s: %u idle connections, %u of them closed; %u of %d new ones served\n", server,
		count, closed, served, NEW_CONNECTIONS);
	return closed == 0 && served == NEW_CONNECTIONS ? 0 : 1;
}

/* One more query on the connection, and its reply. */
static bool ask_again(int fd, struct stream_replies *replies)
{
	const unsigned number = replies->count;
	uint8_t query[STREAM_QUERY_MAX];
	bool ok = stream_send(fd, query, stream_query(number, query));

	while (ok && replies->count == number)
		ok = stream_wait(fd, POLLIN) && stream_receive(fd, replies) > 0;
	return ok;
}

static int trickle(const char *server)
{
	const int slow = stream_open(server, NULL), steady = stream_open(server, NULL);
	struct stream_replies replies = {0};
	uint8_t query[STREAM_QUERY_MAX];
	const size_t len = stream_query(0, query);
	size_t sent = 0;
	bool ok = slow >= 0 && steady >= 0;

	/* The last byte is never sent: that would make it a query. */
	while (ok && !ended(slow) && sent < len - 1) {
		ok = ask_again(steady, &replies);
		(void)send(slow, query + sent++, 1, MSG_NOSIGNAL);
		sleep(1);
	}
	const bool cut = ok && sent > 0 && ended(slow);

	printf("%s: %s after %zu of %zu bytes; the other connection got %u replies%s\n", server,
		cut ? "cut off" : "not cut off", sent, len, replies.count, ok ? "" : " and ended");
	return cut ? 0 : 1;
}

int main(int argc, char *argv[])
{
	const unsigned count = argc > 3 ? (unsigned)atoi(argv[3]) : 0;

	if (argc > 4 && strcmp(argv[1], "idle") == 0 && count > 0 && count <= IDLE_MAX)
		return idle(argv[2], count, argv + 4, (unsigned)argc - 4);
	if (argc == 3 && strcmp(argv[1], "trickle") == 0)
		return trickle(argv[2]);
	fprintf(stderr, "usage: tcp_hold idle SERVER COUNT LOCAL... | trickle SERVER\n");
	return 2;
}
