#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"
#include "reply.h"

#define WAIT_MS 30000       /* for anything at all; not a measure of speed */
#define NETWORK 0xcb007100u /* 203.0.113.0 */
#define TTL 300

/* 1 to 3 digits in turn. */
static unsigned last_octet(unsigned i)
{
	static const unsigned char base[] = {0, 10, 100};
	static const unsigned char range[] = {10, 90, 156};

	return base[i % 3] + i / 3 % range[i % 3];
}

size_t stream_query(unsigned i, uint8_t query[static STREAM_QUERY_MAX])
{
	static const uint8_t tail[] = "\003113\0010\003203\7in-addr\4arpa\0\0\14\0\1";
	char octet[4];
	const int digits = snprintf(octet, sizeof(octet), "%u", last_octet(i) & 255);
	const size_t len = 12 + 1 + (size_t)digits + sizeof(tail) - 1;

	memset(query, 0, 2 + 12);
	query[1] = (uint8_t)len;
	query[2] = (uint8_t)(i >> 8);
	query[3] = (uint8_t)i;
	query[7] = 1; /* QDCOUNT */
	query[14] = (uint8_t)digits;
	memcpy(query + 15, octet, (size_t)digits);
	memcpy(query + 15 + digits, tail, sizeof(tail) - 1);
	return 2 + len;
}

int stream_open(const char *server, const char *local)
{
	struct sockaddr_storage to, from;
	const socklen_t to_len = endpoint(server, 53, &to);
	const int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd >= 0
		&& (local == NULL
			|| bind(fd, (const struct sockaddr *)&from, endpoint(local, 0, &from)) == 0)
		&& connect(fd, (const struct sockaddr *)&to, to_len) == 0
		&& setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0
		&& fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	perror(server);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Reply number `number`: its ID, question and answer. */
static bool check_reply(unsigned number, const uint8_t *reply, size_t len)
{
	char name[64], error[REPLY_ERROR_SIZE], *names[] = {name};
	const struct expected expected = {
		.address = NETWORK | last_octet(number),
		.ttl = TTL,
		.count = 1,
		.names = names,
	};

	snprintf(name, sizeof(name), "ecs-203-0-113-%u.compute.example.com.", last_octet(number));
	if (len < 2 || (unsigned)(reply[0] << 8 | reply[1]) != (number & 0xffff)) {
		printf("reply %u has another's ID\n", number);
		return false;
	}
	if (reply_check(reply, len, &expected, error))
		return true;
	printf("reply %u: %s\n", number, error);
	return false;
}

int stream_receive(int fd, struct stream_replies *replies)
{
	const ssize_t got = recv(
		fd, replies->bytes + replies->used, sizeof(replies->bytes) - replies->used, 0);
	size_t at = 0;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (got <= 0)
		return 0;
	replies->used += (size_t)got;
	while (replies->used - at >= 2) {
		const size_t len = (size_t)(replies->bytes[at] << 8 | replies->bytes[at + 1]);

		if (replies->used - at - 2 < len)
			break;
		if (!check_reply(replies->count, replies->bytes + at + 2, len))
			return -1;
		replies->count++;
		at += 2 + len;
	}
	replies->used -= at;
	memmove(replies->bytes, replies->bytes + at, replies->used);
	return 1;
}

bool stream_wait(int fd, short events)
{
	struct pollfd waiting = {.fd = fd, .events = events};

	if (poll(&waiting, 1, WAIT_MS) > 0)
		return true;
	printf("nothing for %d ms\n", WAIT_MS);
	return false;
}

bool stream_send(int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN) {
			printf("cannot send: %s\n", strerror(errno));
			return false;
		}
		if (sent < 0 && !stream_wait(fd, POLLOUT))
			return false;
		bytes += sent > 0 ? sent : 0;
		len -= sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

bool stream_ask_once(const char *server, const char *local)
{
	struct stream_replies replies = {0};
	uint8_t query[STREAM_QUERY_MAX];
	const int fd = stream_open(server, local);
	bool ok = fd >= 0 && stream_send(fd, query, stream_query(0, query));

	while (ok && replies.count == 0)
		ok = stream_wait(fd, POLLIN) && stream_receive(fd, &replies) > 0;
	if (fd >= 0)
		close(fd);
	return ok;
}
