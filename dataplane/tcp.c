#include "tcp.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "clients.h"
#include "events.h"
#include "log.h"
#include "node.h"
#include "tcp_connection.h"

#define BACKLOG 1024
/* Bound of one callback, so that the others get their turn. */
#define ACCEPTS_TURN 16
/* Descriptors for everything but connections. */
#define DESCRIPTORS_SPARE 256

struct listener {
	struct tcp *tcp;
	int fd;
	struct event *event;
};

struct tcp {
	struct event_base *base;
	struct ptrd_counters *counters;
	const struct ptrd_config_tcp *limits;
	struct clients *clients;
	struct tcp_connections connections;
	struct listener listeners[2 * FRAME_SERVICES_MAX]; /* of both families */
	unsigned listeners_count;
	struct event *resume;
	int accept_error; /* errno that has been told, 0 since one was accepted */
};

/* What counts as one client: an IPv4 address; of IPv6 a /64, as many addresses as that has. IPv4
 * takes the values of ::/32, which is nobody's. */
static uint64_t client_key(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *ipv4 = (const void *)address;
	const struct sockaddr_in6 *ipv6 = (const void *)address;
	uint64_t key;

	if (address->ss_family == AF_INET)
		return ntohl(ipv4->sin_addr.s_addr);
	memcpy(&key, &ipv6->sin6_addr, sizeof(key));
	return be64toh(key);
}

/*
 * Takes the connection in or closes it. When all places are taken, the connection that has been
 * idle longest makes room: whoever holds many would otherwise keep everybody else out.
 */
static void admit(struct tcp *tcp, int fd, const struct sockaddr_storage *peer)
{
	struct client *client
		= clients_enter(tcp->clients, client_key(peer), tcp->limits->per_client);

	if (client != NULL && tcp->connections.open >= tcp->limits->connections) {
		tcp_connection_free(tcp_connections_first(&tcp->connections));
		ptrd_count(&tcp->counters->event[PTRD_EVENT_TCP_EVICTED], 1);
	}
	if (client != NULL && tcp_connection_open(&tcp->connections, fd, client, peer) == 0) {
		ptrd_count(&tcp->counters->event[PTRD_EVENT_TCP_ACCEPTED], 1);
		return;
	}
	if (client != NULL)
		clients_leave(client);
	close(fd);
	ptrd_count(&tcp->counters->event[PTRD_EVENT_TCP_REFUSED], 1);
}

/* Out of descriptors or memory: the pending connection stays pending, so trying again at once
 * would spin. */
static void pause_listeners(struct tcp *tcp, int error)
{
	const struct timeval pause = {.tv_usec = 100 * 1000};

	if (tcp->accept_error != error)
		log_line("cannot accept TCP connections: %s", strerror(error));
	tcp->accept_error = error;
	for (unsigned i = 0; i < tcp->listeners_count; i++)
		(void)event_del(tcp->listeners[i].event);
	(void)event_add(tcp->resume, &pause);
}

static void on_resume(evutil_socket_t fd, short what, void *argument)
{
	struct tcp *tcp = argument;

	(void)fd;
	(void)what;
	for (unsigned i = 0; i < tcp->listeners_count; i++)
		(void)event_add(tcp->listeners[i].event, NULL);
}

static void on_accept(evutil_socket_t listening, short what, void *argument)
{
	struct tcp *tcp = ((struct listener *)argument)->tcp;

	(void)what;
	for (unsigned i = 0; i < ACCEPTS_TURN; i++) {
		struct sockaddr_storage peer = {0};
		socklen_t peer_len = sizeof(peer);
		const int fd = accept4(
			listening, (void *)&peer, &peer_len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			tcp->accept_error = 0;
			admit(tcp, fd, &peer);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue; /* that one has gone, the next may be good */
		if (errno != EAGAIN)
			pause_listeners(tcp, errno);
		return;
	}
}

static void allow_descriptors(uint32_t connections)
{
	const rlim_t wanted = (rlim_t)connections + DESCRIPTORS_SPARE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		log_line(
			"warning: dataplane.tcp.connections is %u, but this process may not open so many "
			"files (%s)",
			connections, strerror(errno));
}

struct tcp *tcp_create(
	struct event_base *base, struct serving *serving, const struct ptrd_config_tcp *limits)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (tcp == NULL) {
		log_line("out of memory");
		return NULL;
	}
	tcp->base = base;
	tcp->counters = &serving->node->counters[NODE_READER_MAIN];
	tcp->limits = limits;
	tcp->clients = clients_create(limits->connections);
	tcp->resume = event_new(base, -1, 0, on_resume, tcp);
	if (tcp_connections_init(&tcp->connections, base, serving, limits->idle_timeout) != 0
		|| tcp->clients == NULL || tcp->resume == NULL
		|| event_priority_set(tcp->resume, EVENTS_LAST) != 0) {
		log_line("out of memory");
		tcp_destroy(tcp);
		return NULL;
	}
	allow_descriptors(limits->connections);
	return tcp;
}

int tcp_listen(struct tcp *tcp, int fd)
{
	struct listener *listener = &tcp->listeners[tcp->listeners_count];

	if (listen(fd, BACKLOG) != 0)
		return -1;
	*listener = (struct listener){.tcp = tcp, .fd = fd};
	listener->event = event_new(tcp->base, fd, EV_READ | EV_PERSIST, on_accept, listener);
	if (listener->event == NULL || event_priority_set(listener->event, EVENTS_LAST) != 0
		|| event_add(listener->event, NULL) != 0) {
		if (listener->event != NULL)
			event_free(listener->event);
		errno = ENOMEM;
		return -1;
	}
	tcp->listeners_count++;
	return 0;
}

void tcp_destroy(struct tcp *tcp)
{
	if (tcp == NULL)
		return;
	for (unsigned i = 0; i < tcp->listeners_count; i++) {
		event_free(tcp->listeners[i].event);
		close(tcp->listeners[i].fd);
	}
	while (tcp_connections_first(&tcp->connections) != NULL)
		tcp_connection_free(tcp_connections_first(&tcp->connections));
	clients_destroy(tcp->clients);
	if (tcp->resume != NULL)
		event_free(tcp->resume);
	free(tcp);
}
