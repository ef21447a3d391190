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
#include "node.h"
#include "respond.h"
#include "tcp.h"

/* Messages that one turn of a UDP socket takes, so that the others get theirs. */
#define UDP_TURN 64

union endpoint {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

struct udp_socket {
	struct kernel_path *path;
	int fd;
	struct event *event;
};

struct kernel_path {
	struct serving *serving;
	struct tcp *tcp;
	struct udp_socket udp[2 * FRAME_SERVICES_MAX]; /* of both families */
	unsigned udp_count;
	uint8_t message[UINT16_MAX]; /* of one UDP turn */
};

static socklen_t size_of(const union endpoint *endpoint)
{
	return endpoint->any.sa_family == AF_INET ? sizeof(endpoint->ipv4) : sizeof(endpoint->ipv6);
}

static void answer_datagram(struct udp_socket *udp, size_t len, const union endpoint *client)
{
	struct kernel_path *path = udp->path;
	struct ptrd_counters *counters = &path->serving->node->counters[NODE_READER_MAIN];
	struct dns_request request = {
		.msg = path->message,
		.len = (uint16_t)len,
		.room = sizeof(path->message),
		.transport = DNS_UDP,
	};

	ptrd_count(&counters->event[PTRD_EVENT_RX], 1);
	respond_client(&request, &client->any);
	respond(path->serving, &request);
	if (request.reply_len == 0)
		return;
	/* Bound to the service address: that is the reply's source. */
	const ssize_t sent = sendto(udp->fd, path->message, request.reply_len, MSG_DONTWAIT,
		&client->any, size_of(client));
	ptrd_count(&counters->event[sent >= 0 ? PTRD_EVENT_TX : PTRD_EVENT_TX_FULL], 1);
}

static void on_udp(evutil_socket_t fd, short what, void *argument)
{
	struct udp_socket *udp = argument;

	(void)what;
	(void)event_priority_set(udp->event, EVENTS_MIDDLE);
	for (unsigned i = 0; i < UDP_TURN; i++) {
		union endpoint client = {0};
		socklen_t client_len = sizeof(client);
		const ssize_t len = recvfrom(fd, udp->path->message, sizeof(udp->path->message),
			MSG_DONTWAIT, &client.any, &client_len);

		if (len < 0)
			return; /* none left; an error of one client's doing is no reason to stop */
		answer_datagram(udp, (size_t)len, &client);
	}
	/* A whole turn is taken: under a flood it always is, and TCP would never get one. */
	(void)event_priority_set(udp->event, EVENTS_LAST);
}

static const char *text_of(const union endpoint *endpoint, char text[INET6_ADDRSTRLEN])
{
	const void *address = endpoint->any.sa_family == AF_INET
		? (const void *)&endpoint->ipv4.sin_addr
		: (const void *)&endpoint->ipv6.sin6_addr;

	return inet_ntop(endpoint->any.sa_family, address, text, INET6_ADDRSTRLEN);
}

static int fail(const union endpoint *endpoint, const char *kind, const char *what)
{
	char text[INET6_ADDRSTRLEN];
	const int saved = errno;

	if (saved == EADDRINUSE)
		log_line(
			"%s port %d of %s is in use by another process (ss -lnp 'sport = %d' names it)",
			kind, FRAME_DNS_PORT, text_of(endpoint, text), FRAME_DNS_PORT);
	else
		log_line("%s port %d of %s: %s: %s", kind, FRAME_DNS_PORT, text_of(endpoint, text),
			what, strerror(saved));
	return -1;
}

/* FREEBIND: the address may come to this host later, when a router fails over to it. REUSEADDR for
 * TCP alone, where it means connections in TIME_WAIT; UDP sockets would share the port with it. */
static int set_options(int fd, const union endpoint *endpoint, int type)
{
	const bool ipv4 = endpoint->any.sa_family == AF_INET;
	const int on = 1;

	if (setsockopt(fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, ipv4 ? IP_FREEBIND : IPV6_FREEBIND,
		    &on, sizeof(on))
			!= 0
		|| (!ipv4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0))
		return -1;
	return type == SOCK_STREAM ? setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) : 0;
}

/* Opens and binds a socket. Returns its descriptor, or -1 after telling why. */
static int open_socket(const union endpoint *endpoint, int type, const char *kind)
{
	const int fd = socket(endpoint->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return fail(endpoint, kind, "cannot open");
	if (set_options(fd, endpoint, type) != 0
		|| bind(fd, &endpoint->any, size_of(endpoint)) != 0) {
		(void)fail(endpoint, kind, "cannot bind");
		close(fd);
		return -1;
	}
	return fd;
}

/* Replies are small: path MTU messages, which anybody can forge, are not to shrink them further;
 * RFC 9715. */
static int ignore_path_mtu(int fd, const union endpoint *endpoint)
{
	const int ipv4 = IP_PMTUDISC_OMIT, ipv6 = IPV6_PMTUDISC_OMIT;

	if (endpoint->any.sa_family == AF_INET)
		return setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &ipv4, sizeof(ipv4));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &ipv6, sizeof(ipv6));
}

static int open_udp(
	struct kernel_path *path, struct event_base *base, const union endpoint *address)
{
	struct udp_socket *udp = &path->udp[path->udp_count];

	udp->path = path;
	udp->fd = open_socket(address, SOCK_DGRAM, "UDP");
	if (udp->fd < 0)
		return -1;
	path->udp_count++;
	if (ignore_path_mtu(udp->fd, address) != 0)
		return fail(address, "UDP", "cannot turn path MTU discovery off");
	udp->event = event_new(base, udp->fd, EV_READ | EV_PERSIST, on_udp, udp);
	if (udp->event == NULL || event_add(udp->event, NULL) != 0)
		return fail(address, "UDP", "no event");
	return 0;
}

static int open_tcp(struct kernel_path *path, const union endpoint *address)
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

/* Not an error: a service address often moves between hosts, and one behind an exception port comes
 * to its TAP when that is there. */
static void warn_if_absent(const union endpoint *address)
{
	union endpoint probe = *address;
	const bool ipv4 = address->any.sa_family == AF_INET;
	char text[INET6_ADDRSTRLEN];
	const int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (ipv4)
		probe.ipv4.sin_port = 0;
	else
		probe.ipv6.sin6_port = 0;
	if (fd >= 0 && bind(fd, &probe.any, size_of(&probe)) != 0 && errno == EADDRNOTAVAIL)
		log_line("warning: %s is no address of this host yet: TCP will not reach it (ip "
			 "address add %s/%d dev lo)",
			text_of(address, text), text, ipv4 ? 32 : 128);
	if (fd >= 0)
		close(fd);
}

static bool open_address(
	struct kernel_path *path, struct event_base *base, const union endpoint *address)
{
	if (open_udp(path, base, address) != 0 || open_tcp(path, address) != 0)
		return false;
	warn_if_absent(address);
	return true;
}

static bool open_addresses(struct kernel_path *path, struct event_base *base)
{
	const struct frame_services *services = &path->serving->services;
	bool good = true;

	for (unsigned i = 0; good && i < services->ipv4_count; i++) {
		const union endpoint address = {.ipv4 = {
							.sin_family = AF_INET,
							.sin_port = htons(FRAME_DNS_PORT),
							.sin_addr.s_addr = htonl(services->ipv4[i]),
						}};

		good = open_address(path, base, &address);
	}
	for (unsigned i = 0; good && i < services->ipv6_count; i++) {
		union endpoint address = {.ipv6 = {
						  .sin6_family = AF_INET6,
						  .sin6_port = htons(FRAME_DNS_PORT),
					  }};

		memcpy(&address.ipv6.sin6_addr, &services->ipv6[i], sizeof(services->ipv6[i]));
		good = open_address(path, base, &address);
	}
	return good;
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
	if (path->tcp != NULL && open_addresses(path, base))
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
