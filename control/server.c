#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "clock.h"
#include "connection.h"
#include "server.h"
#include "watch.h"

#define ROUND_BYTES_MAX (1024 * 1024) /* some 10,000 changes */
#define ROUND_TIME 20                 /* milliseconds, and one request: for which others wait */
#define NOTIFY_TIME 5                 /* milliseconds of a turn for those that watch */
#define PRUNE_ROWS 500                /* of the audit, each second */
#define DRAIN_TIME 2000               /* milliseconds for the last replies at the end */

struct server {
	struct control *control;
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *sigterm, *sigint;
	struct event *second; /* once a second: housekeeping */
	struct event *poll;   /* a millisecond: a reply waits for the dataplane */
	struct connection_list connections;
	struct round round;
	struct served served;
	bool pruning_fails; /* it has been told of */
	bool busy;          /* lines are left over: do not sleep */
	bool stopping;
};

static void on_signal(evutil_socket_t number, short what, void *context)
{
	struct server *server = context;

	(void)what;
	fprintf(stderr, "ptrd-control: %s: stopping\n", number == SIGTERM ? "SIGTERM" : "SIGINT");
	server->stopping = true;
}

/* What is older than the configured days leaves the audit, a little at a time. */
static void prune_audit(struct server *server)
{
	const struct control *control = server->control;
	const int64_t before = (int64_t)time(NULL) - (int64_t)control->audit_days * 86400;

	if (control->audit_days == 0)
		return;
	const bool pruned = store_changes_prune(control->store, before, PRUNE_ROWS);

	if (!pruned && !server->pruning_fails)
		fprintf(stderr, "ptrd-control: cannot prune the audit: %s\n",
			store_error(control->store));
	server->pruning_fails = !pruned;
}

static void on_second(evutil_socket_t fd, short what, void *context)
{
	struct server *server = context;

	(void)fd;
	(void)what;
	prune_audit(server);
	/* Off after an error; there may be descriptors again. */
	if (!server->stopping)
		evconnlistener_enable(server->listener);
}

/* Wakes the loop up: what there is to do comes after each turn. */
static void on_poll(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	(void)context;
}

/* How many a user has. */
static unsigned connections_of(const struct server *server, uid_t uid)
{
	const struct connection *c;
	unsigned count = 0;

	TAILQ_FOREACH(c, &server->connections, link)
	count += c->actor.uid == uid;
	return count;
}

static void turn_away(int fd, const struct actor *actor, unsigned own)
{
	size_t len;
	char *line = rpc_too_many_connections(actor, own, &len);

	if (line != NULL && send(fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		fprintf(stderr, "ptrd-control: refused a connection: %s\n", strerror(errno));
	free(line);
	evutil_closesocket(fd);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
	int len, void *context)
{
	struct server *server = context;
	struct control *control = server->control;
	struct actor actor;

	(void)listener;
	(void)address;
	(void)len;
	access_identify(control->access, fd, &actor);
	const unsigned own = connections_of(server, actor.uid);

	if (!actor_gets_place(&actor, SERVER_CONNECTIONS_MAX, control->stats.connections, own)) {
		turn_away(fd, &actor, own);
		return;
	}
	struct connection *c = connection_new(server->base, fd, &actor);
	if (c == NULL) {
		fprintf(stderr, "ptrd-control: refused a connection: out of memory\n");
		return;
	}
	TAILQ_INSERT_TAIL(&server->connections, c, link);
	control->stats.connections++;
}

static void on_accept_error(struct evconnlistener *listener, void *context)
{
	(void)context;
	fprintf(stderr, "ptrd-control: accept: %s; again in a second\n", strerror(errno));
	evconnlistener_disable(listener);
}

static bool add_events(struct server *server, int fd)
{
	const struct timeval second = {.tv_sec = 1};

	server->base = event_base_new();
	if (server->base == NULL)
		return false;
	server->listener
		= evconnlistener_new(server->base, on_accept, server, LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	server->sigterm = evsignal_new(server->base, SIGTERM, on_signal, server);
	server->sigint = evsignal_new(server->base, SIGINT, on_signal, server);
	server->second = event_new(server->base, -1, EV_PERSIST, on_second, server);
	server->poll = event_new(server->base, -1, 0, on_poll, server);
	if (server->listener == NULL || server->sigterm == NULL || server->sigint == NULL
		|| server->second == NULL || server->poll == NULL)
		return false;
	evconnlistener_set_error_cb(server->listener, on_accept_error);
	return event_add(server->sigterm, NULL) == 0 && event_add(server->sigint, NULL) == 0
		&& event_add(server->second, &second) == 0;
}

struct server *server_new(struct control *control, int fd)
{
	struct server *server = calloc(1, sizeof(*server));

	/* A client that goes away is an error of its connection. */
	signal(SIGPIPE, SIG_IGN);
	if (server != NULL) {
		server->control = control;
		TAILQ_INIT(&server->connections);
	}
	if (server == NULL || !round_init(&server->round, control) || !add_events(server, fd)) {
		fprintf(stderr, "ptrd-control: cannot make the event loop: %s\n", strerror(errno));
		server_free(server);
		return NULL;
	}
	return server;
}

static void drop_connection(struct server *server, struct connection *c)
{
	TAILQ_REMOVE(&server->connections, c, link);
	server->control->stats.connections--;
	imports_free(&server->control->imports, &c->actor);
	connection_free(c);
}

void server_free(struct server *server)
{
	struct connection *c;

	if (server == NULL)
		return;
	while ((c = TAILQ_FIRST(&server->connections)) != NULL)
		drop_connection(server, c);
	struct event *events[] = {server->sigterm, server->sigint, server->second, server->poll};
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (server->listener != NULL)
		evconnlistener_free(server->listener);
	if (server->base != NULL)
		event_base_free(server->base);
	round_release(&server->round);
	free(server);
}

void server_stop(struct server *server)
{
	server->stopping = true;
}

/* Executes what has arrived. Who had its turn stands behind the others in the next round. */
static void execute(struct server *server)
{
	struct connection *c, *next, *last = TAILQ_LAST(&server->connections, connection_list);
	struct budget budget = {.bytes = ROUND_BYTES_MAX, .until = monotonic_ms() + ROUND_TIME};

	round_begin(&server->round);
	for (c = TAILQ_FIRST(&server->connections); c != NULL && !budget_spent(&budget); c = next) {
		next = c == last ? NULL : TAILQ_NEXT(c, link);
		if (connection_take(c, &server->round, &budget)) {
			TAILQ_REMOVE(&server->connections, c, link);
			TAILQ_INSERT_TAIL(&server->connections, c, link);
		}
	}
	/* Connections that had no turn may have nothing else to wake the loop up. */
	server->busy = c != NULL || round_full(&server->round);
	round_commit(&server->round);
}

/* Sends what may be sent, and closes what is finished. */
static void settle(struct server *server)
{
	const struct timeval millisecond = {.tv_usec = 1000};
	struct connection *c, *next;
	const int64_t now = monotonic_ms();
	size_t waiting = 0;

	for (c = TAILQ_FIRST(&server->connections); c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		waiting += connection_send(c, server->control, now);
		if (connection_finished(c))
			drop_connection(server, c);
		else
			server->busy |= c->has_lines && connection_may_take(c);
	}
	if (waiting > 0)
		event_add(server->poll, &millisecond);
	publisher_reclaim(server->control->publisher);
}

/* Changes for those that watch. */
static void notify(struct server *server)
{
	const struct timeval millisecond = {.tv_usec = 1000};
	struct control *control = server->control;
	const struct connection *c;
	unsigned watches = 0;

	TAILQ_FOREACH(c, &server->connections, link)
	watches += c->watching;
	control->stats.watches = watches;
	if (watches == 0)
		return;
	served_update(&server->served, control);
	server->busy |= watch_send(
		&server->connections, control, &server->served, monotonic_ms() + NOTIFY_TIME);
	if (served_waits(&server->served))
		event_add(server->poll, &millisecond);
}

/* The last replies go out, for a short while; then the connections are closed. */
static void drain(struct server *server)
{
	const int64_t deadline = monotonic_ms() + DRAIN_TIME;
	struct connection *c;

	evconnlistener_disable(server->listener);
	for (c = TAILQ_FIRST(&server->connections); c != NULL; c = TAILQ_NEXT(c, link))
		connection_stop(c);
	for (;;) {
		settle(server);
		if (TAILQ_EMPTY(&server->connections) || monotonic_ms() >= deadline)
			return;
		event_base_loop(server->base, EVLOOP_ONCE);
	}
}

void server_run(struct server *server)
{
	while (!server->stopping) {
		event_base_loop(server->base, server->busy ? EVLOOP_NONBLOCK : EVLOOP_ONCE);
		execute(server);
		settle(server);
		notify(server);
		server->busy |= store_backup_step(server->control->store);
	}
	drain(server);
}
