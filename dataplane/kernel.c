#include "kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "events.h"
#include "log.h"
#include "respond.h"
#include "tcp.h"

/* Messages that one turn of a UDP socket takes, so that the others get theirs. */
#define UDP_TURN 64

struct udp_socket {
	struct kernel_path *path;
	int fd;
	struct event *event;
};

struct kernel_path {
	struct serving *serving;
	struct tcp *tcp;
	struct udp_socket udp[FRAME_SERVICES_MAX];
	unsigned udp_count;
	uint8_t message[UINT16_MAX]; /* of one UDP turn */
};

static void answer_datagram(struct udp_socket *udp, size_t len, const struct sockaddr_in *client)
{
	struct kernel_path *path = udp->path;
	struct ptrd_counters *counters = &path->serving->node->counters[0];
	struct dns_request request = {
		.msg = path->message,
		.len = (uint16_t)len,
		.room = sizeof(path->message),
		.port = ntohs(client->sin_port),
		.transport = DNS_UDP,
	};

	respond(path->serving, &request);
	if (request.reply_len == 0)
		return;
	const ssize_t sent = sendto(udp->fd, path->message, request.reply_len, MSG_DONTWAIT,
		(const void *)client, sizeof(*client));
	ptrd_count(&counters->event[sent >= 0 ? PTRD_EVENT_TX : PTRD_EVENT_TX_FULL], 1);
}

static void on_udp(evutil_socket_t fd, short what, void *argument)
{
	struct udp_socket *udp = argument;

	(void)what;
	(void)event_priority_set(udp->event, EVENTS_MIDDLE);
	for (unsigned i = 0; i < UDP_TURN; i++) {
		struct sockaddr_in client = {0};
		socklen_t client_len = sizeof(client);
		const ssize_t len = recvfrom(fd, udp->path->message, sizeof(udp->path->message),
			MSG_DONTWAIT, (void *)&client, &client_len);

		if (len < 0)
			return; /* none left; an error of one client's doing is no reason to stop */
		answer_datagram(udp, (size_t)len, &client);
	}
	/* A whole turn is taken: under a flood it always is, and TCP would never get one. */
	(void)event_priority_set(udp->event, EVENTS_LAST);
}

static int fail(const struct sockaddr_in *address, const char *kind, const char *what)
{
	char text[INET_ADDRSTRLEN] = "?";
	const int saved = errno;

	(void)inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text));
	if (saved == EADDRINUSE)
		log_line(
			"%s port %d of %s is in use by another process (ss -lnp 'sport = %d' names it)",
			kind, FRAME_DNS_PORT, text, FRAME_DNS_PORT);
	else
		log_line("%s port %d of %s: %s: %s", kind, FRAME_DNS_PORT, text, what,
			strerror(saved));
	return -1;
}

/* Opens and binds a socket. Returns its descriptor, or -1 after telling why. */
static int open_socket(const struct sockaddr_in *address, int type, const char *kind)
{
	const int on = 1;
	const int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(address, kind, "cannot open");
	/* FREEBIND: the address may come to this host later, when a router fails over to it.
	 * REUSEADDR for TCP alone, where it means connections in TIME_WAIT; UDP sockets would
	 * share the port with it. */
	if (setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) != 0
		|| (type == SOCK_STREAM
			&& setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		|| bind(fd, (const void *)address, sizeof(*address)) != 0) {
		(void)fail(address, kind, "cannot bind");
		close(fd);
		return -1;
	}
	return fd;
}

static int open_udp(
	struct kernel_path *path, struct event_base *base, const struct sockaddr_in *address)
{
	/* Replies are small: path MTU messages, which anybody can forge, are not to shrink them
	 * further; RFC 9715. */
	const int discovery = IP_PMTUDISC_OMIT;
	struct udp_socket *udp = &path->udp[path->udp_count];

	udp->path = path;
	udp->fd = open_socket(address, SOCK_DGRAM, "UDP");
	if (udp->fd < 0)
		return -1;
	path->udp_count++;
	if (setsockopt(udp->fd, IPPROTO_IP, IP_MTU_DISCOVER, &discovery, sizeof(discovery)) != 0)
		return fail(address, "UDP", "cannot turn path MTU discovery off");
	udp->event = event_new(base, udp->fd, EV_READ | EV_PERSIST, on_udp, udp);
	if (udp->event == NULL || event_add(udp->event, NULL) != 0)
		return fail(address, "UDP", "no event");
	return 0;
}

static int open_tcp(struct kernel_path *path, const struct sockaddr_in *address)
{
	const int fd = open_socket(address, SOCK_STREAM, "TCP");

	if (fd < 0)
		return -1;
	if (tcp_listen(path->tcp, fd) == 0)
		return 0;
	(void)fail(address, "TCP", "cannot listen");
	close(fd);
	return -1;
}

/* Not an error: a service address often moves between hosts. */
static void warn_if_absent(const struct sockaddr_in *address)
{
	struct sockaddr_in probe = *address;
	char text[INET_ADDRSTRLEN] = "?";
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	probe.sin_port = 0;
	if (fd >= 0 && bind(fd, (const void *)&probe, sizeof(probe)) != 0
		&& errno == EADDRNOTAVAIL) {
		(void)inet_ntop(AF_INET, &address->sin_addr, text, sizeof(text));
		log_line(
			"warning: %s is no address of this host: TCP will not reach it (ip address add "
			"%s/32 dev lo)",
			text, text);
	}
	if (fd >= 0)
		close(fd);
}

struct kernel_path *kernel_path_open(
	struct event_base *base, struct serving *serving, const struct ptrd_config_tcp *limits)
{
	struct kernel_path *path = calloc(1, sizeof(*path));

	if (path == NULL) {
		log_line("out of memory");
		return NULL;
	}
	path->serving = serving;
	path->tcp = tcp_create(base, serving, limits);
	bool good = path->tcp != NULL;
	for (unsigned i = 0; good && i < serving->services.count; i++) {
		const struct sockaddr_in address = {
			.sin_family = AF_INET,
			.sin_port = htons(FRAME_DNS_PORT),
			.sin_addr.s_addr = htonl(serving->services.address[i]),
		};

		good = open_udp(path, base, &address) == 0 && open_tcp(path, &address) == 0;
		if (good)
			warn_if_absent(&address);
	}
	if (good)
		return path;
	kernel_path_close(path);
	return NULL;
}

void kernel_path_close(struct kernel_path *path)
{
	if (path == NULL)
		return;
	tcp_destroy(path->tcp);
	for (unsigned i = 0; i < path->udp_count; i++) {
		if (path->udp[i].event != NULL)
			event_free(path->udp[i].event);
		close(path->udp[i].fd);
	}
	free(path);
}
