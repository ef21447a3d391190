#include "tcp_connection.h"

#include <stdlib.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "clients.h"
#include "events.h"
#include "node.h"
#include "respond.h"

/* Bytes that a connection can have us hold, and thousands can at a time. Of replies that wait for a
 * client that does not read: over it, its queries wait as well. The kernel has room for more. */
#define REPLIES_MAX (8 * 1024)
/* Of a zone, which few have at a time. */
#define TRANSFER_MAX (128 * 1024)
/* Of queries. A longer one may come too, but only so many at a time: nobody needs them, and a length that
 * announces one costs nothing. */
#define QUERIES_MAX (4 * 1024)
#define LONG_QUERIES 64
/* Bound of one callback, so that the others get their turn. */
#define QUERIES_TURN 64

struct connection {
	TAILQ_ENTRY(connection) link;
	struct tcp_connections *all;
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

static_assert(UINT16_MAX >= DNS_REPLY_MAX, "room for any reply");

void tcp_connection_free(struct connection *connection)
{
	struct tcp_connections *all = connection->all;

	transfer_end(connection->transfer);
	event_free(connection->idle);
	event_free(connection->again);
	bufferevent_free(connection->stream); /* closes the socket */
	clients_leave(connection->client);
	TAILQ_REMOVE(&all->list, connection, link);
	all->open--;
	all->long_queries -= connection->has_long_query;
	free(connection);
}

static void not_idle(struct connection *connection)
{
	struct tcp_connections *all = connection->all;

	(void)event_add(connection->idle, all->idle_timeout);
	TAILQ_REMOVE(&all->list, connection, link);
	TAILQ_INSERT_TAIL(&all->list, connection, link);
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
	struct tcp_connections *all = connection->all;
	const bool is_long = size > QUERIES_MAX;

	if (is_long == connection->has_long_query)
		return true;
	if (is_long && all->long_queries == LONG_QUERIES)
		return false;
	all->long_queries += is_long ? 1 : -1;
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
	struct tcp_connections *all = connection->all;
	uint8_t *message = all->message;
	const size_t size = message_size(input);

	if (size == 0)
		return 0;
	if (evbuffer_get_length(input) < size) {
		if (make_room(connection, size))
			return 0;
		ptrd_count(&all->counters->event[PTRD_EVENT_TCP_REFUSED], 1);
		return -1;
	}
	(void)evbuffer_copyout(input, message, size);
	struct dns_request request = {
		.msg = message + LENGTH_SIZE,
		.len = (uint16_t)(size - LENGTH_SIZE),
		.room = UINT16_MAX,
		.transport = DNS_TCP,
		.transfer_possible = !connection->transfer_failed
			&& transfers_possible(&all->transfers, connection->client),
	};
	if (!connection->transfer_failed)
		ptrd_count(&all->counters->event[PTRD_EVENT_RX], 1);
	respond_client(&request, (const void *)&connection->address);
	respond(all->serving, &request);
	if (request.outcome == PTRD_TRANSFER) {
		connection->transfer
			= transfer_begin(&all->transfers, connection->client, &request);
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
	ptrd_count(&all->counters->event[PTRD_EVENT_TX], 1);
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
		tcp_connection_free(connection);
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
		tcp_connection_free(connection);
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
		tcp_connection_free(connection);
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
	ptrd_count(&connection->all->counters->event[PTRD_EVENT_TCP_TIMEOUT], 1);
	tcp_connection_free(connection);
}

/* Returns 0; or -1 if memory is short. */
static int make_events(struct connection *connection, int fd)
{
	struct event_base *base = connection->all->base;

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

int tcp_connection_open(struct tcp_connections *all, int fd, struct client *client,
	const struct sockaddr_storage *address)
{
	const int on = 1;
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return -1;
	connection->all = all;
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
	TAILQ_INSERT_TAIL(&all->list, connection, link);
	all->open++;
	/* Replies go out as they are ready, not when the client's delayed acknowledgement comes. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	bufferevent_setcb(connection->stream, on_read, on_write, on_event, connection);
	bufferevent_setwatermark(connection->stream, EV_READ, 0, QUERIES_MAX);
	(void)event_add(connection->idle, all->idle_timeout);
	(void)bufferevent_enable(connection->stream, EV_READ | EV_WRITE);
	return 0;
}

int tcp_connections_init(struct tcp_connections *all, struct event_base *base,
	struct serving *serving, uint32_t idle_timeout)
{
	const struct timeval timeout = {.tv_sec = idle_timeout};

	all->base = base;
	all->serving = serving;
	all->counters = &serving->node->counters[NODE_READER_MAIN];
	all->transfers.serving = serving;
	TAILQ_INIT(&all->list);
	/* All of one length: a queue instead of a heap, for thousands of timers that are put off
	 * with every query. */
	all->idle_timeout = event_base_init_common_timeout(base, &timeout);
	return all->idle_timeout != NULL ? 0 : -1;
}

struct connection *tcp_connections_first(const struct tcp_connections *all)
{
	return TAILQ_FIRST(&all->list);
}
