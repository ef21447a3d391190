#include "tcp.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "clients.h"
#include "events.h"
#include "log.h"
#include "node.h"
#include "respond.h"
#include "transfers.h"

#define LENGTH_SIZE 2 /* RFC 1035 section 4.2.2 */
#define BACKLOG 1024
/* Bytes that a connection can have us hold, and thousands can at a time. Of replies that wait for a
 * client that does not read: over it, its queries wait as well. The kernel has room for more. */
#define REPLIES_MAX (8 * 1024)
/* Of a zone, which few have at a time. */
#define TRANSFER_MAX (128 * 1024)
/* Of queries. A longer one may come too, but only so many at a time: nobody needs them, and a length that
 * announces one costs nothing. */
#define QUERIES_MAX (4 * 1024)
#define LONG_QUERIES 64
/* Bounds of one callback, so that the others get their turn. */
#define QUERIES_TURN 64
#define ACCEPTS_TURN 16
/* Descriptors for everything but connections. */
#define DESCRIPTORS_SPARE 256

struct connection {
	TAILQ_ENTRY(connection) link;
	struct tcp *tcp;
	struct client *client;
	struct bufferevent *stream;
	struct event *idle;
	struct event *again;             /* its next turn */
	bool queued;                     /* that is to come */
	struct sockaddr_storage address; /* the client's */
	bool ended;                      /* the client sends nothing more */
	/* Under way, or NULL. Its query stays in the input till it is done, and those behind it wait. */
	struct transfer *transfer;
	/* The input's first query asks for one that could not be had: it gets a reply instead. */
	bool transfer_failed;
	bool has_long_query; /* the input's first, as far as it has come */
};

TAILQ_HEAD(connection_list, connection);

struct listener {
	struct tcp *tcp;
	int fd;
	struct event *event;
};

struct tcp {
	struct event_base *base;
	struct serving *serving;
	struct ptrd_counters *counters;
	const struct ptrd_config_tcp *limits;
	const struct timeval *idle_timeout;
	struct clients *clients;
	struct transfers transfers;
	struct connection_list connections; /* the one that has been idle longest is first */
	uint32_t open;
	unsigned long_queries;                             /* connections that have one */
	struct listener listeners[2 * FRAME_SERVICES_MAX]; /* of both families */
	unsigned listeners_count;
	struct event *resume;
	int accept_error; /* errno that has been told, 0 since one was accepted */
	uint8_t message[LENGTH_SIZE + UINT16_MAX]; /* being answered, its length in front */
};

static_assert(UINT16_MAX >= DNS_REPLY_MAX, "room for any reply");

static void connection_free(struct connection *connection)
{
	struct tcp *tcp = connection->tcp;

	transfer_end(connection->transfer);
	event_free(connection->idle);
	event_free(connection->again);
	bufferevent_free(connection->stream); /* closes the socket */
	clients_leave(connection->client);
	TAILQ_REMOVE(&tcp->connections, connection, link);
	tcp->open--;
	tcp->long_queries -= connection->has_long_query;
	free(connection);
}

static void not_idle(struct connection *connection)
{
	struct tcp *tcp = connection->tcp;

	(void)event_add(connection->idle, tcp->idle_timeout);
	TAILQ_REMOVE(&tcp->connections, connection, link);
	TAILQ_INSERT_TAIL(&tcp->connections, connection, link);
}

/* The size of the first message in `input`, with its length; 0 if not even this has come yet. */
static size_t message_size(struct evbuffer *input)
{
	uint8_t prefix[LENGTH_SIZE];

	if (evbuffer_copyout(input, prefix, sizeof(prefix)) != sizeof(prefix))
		return 0;
	return sizeof(prefix) + (size_t)(prefix[0] << 8 | prefix[1]);
}

/* Lets the input hold a message of `size` bytes. Returns false if too many have a long one. */
static bool make_room(struct connection *connection, size_t size)
{
	struct tcp *tcp = connection->tcp;
	const bool is_long = size > QUERIES_MAX;

	if (is_long == connection->has_long_query)
		return true;
	if (is_long && tcp->long_queries == LONG_QUERIES)
		return false;
	tcp->long_queries += is_long ? 1 : -1;
	connection->has_long_query = is_long;
	bufferevent_setwatermark(
		connection->stream, EV_READ, 0, is_long ? LENGTH_SIZE + UINT16_MAX : QUERIES_MAX);
	return true;
}

static void drain_message(struct connection *connection, size_t size)
{
	(void)evbuffer_drain(bufferevent_get_input(connection->stream), size);
	(void)make_room(connection, 0);
}

/*
 * Answers the first query in `input`, or begins the transfer that it asks for. Returns 1, 0 if it is
 * not complete yet, or -1 if it is none that gets a reply: that stream is of no further use.
 */
static int answer_one(
	struct connection *connection, struct evbuffer *input, struct evbuffer *output)
{
	struct tcp *tcp = connection->tcp;
	uint8_t *message = tcp->message;
	const size_t size = message_size(input);

	if (size == 0)
		return 0;
	if (evbuffer_get_length(input) < size) {
		if (make_room(connection, size))
			return 0;
		ptrd_count(&tcp->counters->event[PTRD_EVENT_TCP_REFUSED], 1);
		return -1;
	}
	(void)evbuffer_copyout(input, message, size);
	struct dns_request request = {
		.msg = message + LENGTH_SIZE,
		.len = (uint16_t)(size - LENGTH_SIZE),
		.room = UINT16_MAX,
		.transport = DNS_TCP,
		.transfer_possible = !connection->transfer_failed
			&& transfers_possible(&tcp->transfers, connection->client),
	};
	if (!connection->transfer_failed)
		ptrd_count(&tcp->counters->event[PTRD_EVENT_RX], 1);
	respond_client(&request, (const void *)&connection->address);
	respond(tcp->serving, &request);
	if (request.outcome == PTRD_TRANSFER) {
		connection->transfer
			= transfer_begin(&tcp->transfers, connection->client, &request);
		connection->transfer_failed = connection->transfer == NULL;
		return 1;
	}
	connection->transfer_failed = false;
	message[0] = (uint8_t)(request.reply_len >> 8);
	message[1] = (uint8_t)request.reply_len;
	drain_message(connection, size);
	if (request.reply_len == 0
		|| evbuffer_add(output, message, LENGTH_SIZE + request.reply_len) != 0)
		return -1;
	ptrd_count(&tcp->counters->event[PTRD_EVENT_TX], 1);
	return 1;
}

static void serve_again(struct connection *connection)
{
	connection->queued = true;
	event_active(connection->again, EV_TIMEOUT, 0);
}

/* A turn of the transfer under way. Returns true if it has ended and the connection is free for the
 * next query, or for the reply to this one. May free the connection. */
static bool serve_transfer(struct connection *connection)
{
	const struct timeval later = {.tv_usec = 1000};
	struct evbuffer *input = bufferevent_get_input(connection->stream);
	struct evbuffer *output = bufferevent_get_output(connection->stream);

	switch (transfer_turn(connection->transfer, output, TRANSFER_MAX)) {
	case TRANSFER_ON:
		/* It is we who take the time, not the client. */
		not_idle(connection);
		serve_again(connection);
		return false;
	case TRANSFER_LATER:
		connection->queued = event_add(connection->again, &later) == 0;
		return false;
	case TRANSFER_FULL:
		return false; /* on_write() goes on */
	case TRANSFER_DONE:
		drain_message(connection, message_size(input));
		break;
	case TRANSFER_FAILED:
		connection->transfer_failed = true;
		break;
	case TRANSFER_BROKEN:
		connection_free(connection);
		return false;
	}
	transfer_end(connection->transfer);
	connection->transfer = NULL;
	return true;
}

/* One turn: answers what has arrived, as far as the output has room. May free the connection. */
static void serve(struct connection *connection)
{
	struct evbuffer *input = bufferevent_get_input(connection->stream);
	struct evbuffer *output = bufferevent_get_output(connection->stream);
	unsigned turn = 0;
	int answered = 1;

	if (connection->queued || (connection->transfer != NULL && !serve_transfer(connection)))
		return;
	while (answered == 1 && connection->transfer == NULL && turn < QUERIES_TURN
		&& evbuffer_get_length(output) < REPLIES_MAX) {
		answered = answer_one(connection, input, output);
		turn += answered == 1;
	}
	if (answered < 0
		|| (answered == 0 && connection->ended && evbuffer_get_length(output) == 0)) {
		connection_free(connection);
		return;
	}
	/* A whole query, not a byte of one, keeps a connection alive. */
	if (turn > 0)
		not_idle(connection);
	const bool full = evbuffer_get_length(output) >= REPLIES_MAX;

	if (answered == 0 && !connection->ended)
		(void)bufferevent_enable(connection->stream, EV_READ);
	else if (answered == 1 && connection->transfer == NULL && full)
		(void)bufferevent_disable(connection->stream, EV_READ);
	else if (answered == 1)
		serve_again(connection);
}

static void on_again(evutil_socket_t fd, short what, void *argument)
{
	struct connection *connection = argument;

	(void)fd;
	(void)what;
	connection->queued = false;
	serve(connection);
}

static void on_read(struct bufferevent *stream, void *argument)
{
	(void)stream;
	serve(argument);
}

/* The output has drained. */
static void on_write(struct bufferevent *stream, void *argument)
{
	struct connection *connection = argument;

	(void)stream;
	not_idle(connection);
	serve(connection);
}

static void on_event(struct bufferevent *stream, short what, void *argument)
{
	struct connection *connection = argument;

	(void)stream;
	if ((what & BEV_EVENT_EOF) == 0) {
		connection_free(connection);
		return;
	}
	/* It may have closed its half only: what it asked is answered first. */
	connection->ended = true;
	serve(connection);
}

static void on_idle(evutil_socket_t fd, short what, void *argument)
{
	struct connection *connection = argument;

	(void)fd;
	(void)what;
	ptrd_count(&connection->tcp->counters->event[PTRD_EVENT_TCP_TIMEOUT], 1);
	connection_free(connection);
}

/* Returns 0; or -1 if memory is short. */
static int make_events(struct connection *connection, int fd)
{
	struct event_base *base = connection->tcp->base;

	connection->idle = event_new(base, -1, 0, on_idle, connection);
	connection->again = event_new(base, -1, 0, on_again, connection);
	if (connection->idle != NULL && connection->again != NULL)
		connection->stream = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (connection->stream == NULL)
		return -1;
	/* Of events that are not active, and to a priority that tcp_create() has tried. */
	(void)event_priority_set(connection->idle, EVENTS_LAST);
	(void)event_priority_set(connection->again, EVENTS_LAST);
	(void)bufferevent_priority_set(connection->stream, EVENTS_LAST);
	return 0;
}

/* Returns 0; or -1 if memory is short, and `fd` is then still open. */
static int connection_open(
	struct tcp *tcp, int fd, struct client *client, const struct sockaddr_storage *address)
{
	const int on = 1;
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return -1;
	connection->tcp = tcp;
	connection->client = client;
	connection->address = *address;
	if (make_events(connection, fd) != 0) {
		if (connection->idle != NULL)
			event_free(connection->idle);
		if (connection->again != NULL)
			event_free(connection->again);
		free(connection);
		return -1;
	}
	TAILQ_INSERT_TAIL(&tcp->connections, connection, link);
	tcp->open++;
	/* Replies go out as they are ready, not when the client's delayed acknowledgement comes. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	bufferevent_setcb(connection->stream, on_read, on_write, on_event, connection);
	bufferevent_setwatermark(connection->stream, EV_READ, 0, QUERIES_MAX);
	(void)event_add(connection->idle, tcp->idle_timeout);
	(void)bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
	return 0;
}

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

	if (client != NULL && tcp->open >= tcp->limits->connections) {
		/* The analyzer does not see that TAILQ_REMOVE() takes the first one out of the list.
		 * NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		connection_free(TAILQ_FIRST(&tcp->connections));
		ptrd_count(&tcp->counters->event[PTRD_EVENT_TCP_EVICTED], 1);
	}
	if (client != NULL && connection_open(tcp, fd, client, peer) == 0) {
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
	const struct timeval idle_timeout = {.tv_sec = limits->idle_timeout};
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (tcp == NULL) {
		log_line("out of memory");
		return NULL;
	}
	tcp->base = base;
	tcp->serving = serving;
	tcp->counters = &serving->node->counters[NODE_READER_MAIN];
	tcp->limits = limits;
	tcp->transfers.serving = serving;
	TAILQ_INIT(&tcp->connections);
	/* All of one length: a queue instead of a heap, for thousands of timers that are put off
	 * with every query. */
	tcp->idle_timeout = event_base_init_common_timeout(base, &idle_timeout);
	tcp->clients = clients_create(limits->connections);
	tcp->resume = event_new(base, -1, 0, on_resume, tcp);
	if (tcp->idle_timeout == NULL || tcp->clients == NULL || tcp->resume == NULL
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
	for (struct connection *next = TAILQ_FIRST(&tcp->connections); next != NULL;) {
		struct connection *connection = next;

		next = TAILQ_NEXT(connection, link);
		connection_free(connection);
	}
	clients_destroy(tcp->clients);
	if (tcp->resume != NULL)
		event_free(tcp->resume);
	free(tcp);
}
