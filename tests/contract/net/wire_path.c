#include "wire_path.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "endpoint.h"
#include "world.h"

#define WAIT_MS 5000 /* for anything at all; not a measure of speed */
#define TRIES 2      /* of a message that gets no reply: packets get lost */
#define MARKER_ID 0x4d4b
#define UDP_HEADER_SIZE 8

/* The ordinary query: SOA of a zone, with an ID of its own. */
static const uint8_t marker[] = "\x4d\x4b\0\0\0\1\0\0\0\0\0\0"
				"\003113\0010\003203\7in-addr\4arpa\0\0\6\0\1";
#define MARKER_SIZE (sizeof(marker) - 1)

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Binds to our end's address (NULL: any) and port (0: any). */
static int set_local(int fd, int family, const char *address, uint16_t port)
{
	struct sockaddr_in local4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 local6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (address != NULL
		&& inet_pton(family, address,
			   family == AF_INET ? (void *)&local4.sin_addr : &local6.sin6_addr)
			!= 1) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return family == AF_INET ? bind(fd, (const struct sockaddr *)&local4, sizeof(local4))
				 : bind(fd, (const struct sockaddr *)&local6, sizeof(local6));
}

struct path_peer path_from(const struct path_peer *peer, bool transfers)
{
	struct path_peer from = *peer;

	if (transfers)
		from.from = strchr(peer->address, ':') != NULL ? CONTRACT_TRANSFER6
							       : CONTRACT_TRANSFER;
	return from;
}

static int open_socket(const struct path_peer *peer, int type, uint16_t port)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = type == SOCK_RAW ? SOCK_DGRAM : type};
	const int protocol = type == SOCK_RAW ? IPPROTO_UDP : 0;
	struct addrinfo *found;
	char service[8];

	snprintf(service, sizeof(service), "%u", peer->port);
	const int error = getaddrinfo(peer->address, service, &hints, &found);

	if (error != 0) {
		fprintf(stderr, "%s: %s\n", peer->address, gai_strerror(error));
		return -1;
	}
	int fd = socket(found->ai_family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0
		|| ((peer->from != NULL || port != 0)
			&& set_local(fd, found->ai_family, peer->from, port) < 0)
		|| (peer->path == PATH_SLOW && endpoint_slow(fd, found->ai_family) < 0)
		|| connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
		perror(peer->address);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

int path_open(const struct path_peer *peer, uint16_t port)
{
	return open_socket(peer, peer->path == PATH_TCP ? SOCK_STREAM : SOCK_DGRAM, port);
}

int path_open_raw(const struct path_peer *peer)
{
	const int fd = open_socket(peer, SOCK_RAW, 0), checksum_at = 6;

	/* Over IPv4 no checksum is one, too; over IPv6 the kernel makes it. */
	if (fd >= 0 && strchr(peer->address, ':') != NULL
		&& setsockopt(fd, IPPROTO_IPV6, IPV6_CHECKSUM, &checksum_at, sizeof(checksum_at))
			< 0) {
		perror(peer->address);
		close(fd);
		return -1;
	}
	return fd;
}

bool path_send_raw(int fd, const uint8_t *query, size_t len)
{
	uint8_t datagram[UDP_HEADER_SIZE + 512] = {0, 0, 0, 53};

	if (len > sizeof(datagram) - UDP_HEADER_SIZE)
		return false;
	len += UDP_HEADER_SIZE;
	datagram[4] = (uint8_t)(len >> 8);
	datagram[5] = (uint8_t)len;
	memcpy(datagram + UDP_HEADER_SIZE, query, len - UDP_HEADER_SIZE);
	return send(fd, datagram, len, 0) == (ssize_t)len;
}

bool path_silent_raw(int fd)
{
	static uint8_t packet[PATH_REPLY_MAX];
	ssize_t len;

	/* It gets every datagram from the peer; over IPv4 with the IP header. */
	while ((len = recv(fd, packet, sizeof(packet), MSG_DONTWAIT)) > 0) {
		const size_t at = packet[0] >> 4 == 4 ? 4 * (packet[0] & 15u) : 0;

		if ((size_t)len >= at + UDP_HEADER_SIZE && packet[at + 2] == 0
			&& packet[at + 3] == 0)
			return false;
	}
	return true;
}

bool path_local(const struct path_peer *peer, bool *ipv6, uint8_t address[static 16])
{
	const int fd = path_open(peer, 0);
	struct sockaddr_storage local = {0};
	socklen_t len = sizeof(local);

	if (fd < 0)
		return false;
	const bool known = getsockname(fd, (struct sockaddr *)&local, &len) == 0;

	if (!known)
		perror(peer->address);
	close(fd);
	*ipv6 = local.ss_family == AF_INET6;
	if (*ipv6)
		memcpy(address, &((const struct sockaddr_in6 *)&local)->sin6_addr, 16);
	else
		memcpy(address, &((const struct sockaddr_in *)&local)->sin_addr, 4);
	return known;
}

/* One message. Returns its length, 0 at the end of a connection, or -1 if none came in time. */
static long receive(int fd, bool stream, int64_t deadline, uint8_t *message)
{
	size_t want = stream ? 2 : PATH_REPLY_MAX, have = 0;
	uint8_t head[2], *at = stream ? head : message;

	for (;;) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};
		const int64_t left = deadline - now_ms();

		if (left <= 0 || poll(&waiting, 1, (int)left) <= 0)
			return -1;
		const ssize_t got = recv(fd, at + have, want - have, 0);

		/* ECONNREFUSED, of a server that is not there yet, is no reply either. */
		if (got <= 0)
			return stream ? 0 : -1;
		have += (size_t)got;
		if (!stream)
			return got;
		if (have < want)
			continue;
		if (at == message)
			return (long)want;
		want = (size_t)(head[0] << 8 | head[1]);
		at = message;
		have = 0;
	}
}

static bool send_message(int fd, bool stream, const uint8_t *message, size_t len)
{
	const uint8_t head[2] = {(uint8_t)(len >> 8), (uint8_t)len};

	return (!stream || send(fd, head, sizeof(head), MSG_NOSIGNAL | MSG_MORE) == sizeof(head))
		&& send(fd, message, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool is_marker(const uint8_t *message, long len)
{
	return len >= 2 && (message[0] << 8 | message[1]) == MARKER_ID;
}

bool path_send(const struct path_peer *peer, int fd, const uint8_t *message, size_t len)
{
	return send_message(fd, peer->path == PATH_TCP, message, len);
}

/* Returns the reply's length, 0 if the marker, or the end, came first, or -1. */
static long try_ask(int fd, bool stream, const uint8_t *query, size_t len, uint8_t *reply)
{
	const int64_t deadline = now_ms() + WAIT_MS;

	memset(reply, 0, 2);
	/* A stream that the server has ended takes nothing more, but may hold a reply yet. */
	if (!send_message(fd, stream, query, len))
		return -1;
	(void)send_message(fd, stream, marker, MARKER_SIZE);
	const long got = receive(fd, stream, deadline, reply);

	return is_marker(reply, got) ? 0 : got;
}

long path_ask(const struct path_peer *peer, const uint8_t *query, size_t len, uint8_t *reply)
{
	bool alive = false;

	for (unsigned i = 0; i < TRIES; i++) {
		/* A server that limits errors has to forget the last ones. */
		const struct timespec pause = {.tv_sec = 1, .tv_nsec = 50 * 1000 * 1000};
		const int fd = path_open(peer, 0);

		if (fd < 0)
			return -1;
		if (i > 0)
			nanosleep(&pause, NULL);
		const long got = try_ask(fd, peer->path == PATH_TCP, query, len, reply);

		close(fd);
		if (got > 0)
			return got;
		alive |= got == 0;
	}
	if (alive)
		return 0;
	fprintf(stderr, "%s port %u does not answer\n", peer->address, peer->port);
	return -1;
}
