#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "connection.h"

#define INPUT_MAX (2 * PTRD_LINE_MAX) /* bytes; reading stops while more is untaken */
#define READ_SIZE (256 * 1024)        /* bytes at most in one turn */
#define APPLY_TIMEOUT 10000           /* milliseconds from the end of a request's round */

/*
 * One read of all that is there; false if that is nothing. Not a bufferevent, nor evbuffer_read():
 * those read 4 KiB at a time, and a round, which costs an fsync, would then be as small.
 */
static bool fill(struct connection *c)
{
	static uint8_t bytes[READ_SIZE]; /* there is one thread */

	const ssize_t got = c->dead || c->closed ? 0 : read(c->fd, bytes, sizeof(bytes));
	if (got > 0 && evbuffer_add(c->input, bytes, (size_t)got) < 0)
		c->dead = true;
	if (got == 0) {
		c->closed = true;
		event_del(c->readable);
	}
	if (got < 0 && errno != EAGAIN && errno != EINTR)
		c->dead = true;
	return got > 0;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct connection *c = context;

	(void)fd;
	(void)what;
	if (evbuffer_get_length(c->input) >= INPUT_MAX)
		event_del(c->readable);
	else
		fill(c);
}

void connection_flush(struct connection *c)
{
	while (!c->dead && evbuffer_get_length(c->output) > 0) {
		if (evbuffer_write(c->output, c->fd) >= 0 || errno == EINTR)
			continue;
		if (errno != EAGAIN || event_add(c->writable, NULL) < 0)
			c->dead = true;
		return;
	}
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	connection_flush(context);
}

static bool make(struct connection *c, struct event_base *base, int fd)
{
	STAILQ_INIT(&c->replies);
	c->fd = fd;
	c->input = evbuffer_new();
	c->output = evbuffer_new();
	c->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(base, fd, EV_WRITE, on_writable, c);
	return c->input != NULL && c->output != NULL && c->readable != NULL && c->writable != NULL
		&& event_add(c->readable, NULL) == 0;
}

struct connection *connection_new(struct event_base *base, int fd, const struct actor *actor)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c != NULL)
		c->actor = *actor;
	if (c != NULL && make(c, base, fd))
		return c;
	if (c != NULL)
		connection_free(c);
	else
		close(fd);
	return NULL;
}

void connection_free(struct connection *c)
{
	struct request *request;

	while ((request = STAILQ_FIRST(&c->replies)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->replies, next);
		request_free(request);
		free(request);
	}
	if (c->readable != NULL)
		event_free(c->readable);
	if (c->writable != NULL)
		event_free(c->writable);
	if (c->input != NULL)
		evbuffer_free(c->input);
	if (c->output != NULL)
		evbuffer_free(c->output);
	close(c->fd);
	free(c);
}

/* What a request keeps until its reply may go; a notification, too, has a place in the queue. */
static size_t held_by(const struct request *request)
{
	return sizeof(*request) + request->reply_len;
}

static void enqueue(struct connection *c, struct request *request)
{
	request->connection = c;
	c->unsent += held_by(request);
	STAILQ_INSERT_TAIL(&c->replies, request, next);
}

/* Out of memory for a request: its client is cut off, because a reply would be missing. */
static struct request *new_request(struct connection *c)
{
	struct request *request = calloc(1, sizeof(*request));

	if (request == NULL)
		c->dead = true;
	return request;
}

static void take_line(struct connection *c, struct round *round, const char *line, size_t len)
{
	/* An empty line is no request. Carriage returns are white space to JSON. */
	if (len == 0 || (len == 1 && line[0] == '\r'))
		return;
	struct request *request = new_request(c);

	if (request == NULL)
		return;
	request_parse(request, &c->actor, line, len);
	round_execute(round, request);
	enqueue(c, request);
}

static void take_long_line(struct connection *c)
{
	struct request *request = new_request(c);

	if (request == NULL)
		return;
	request->reply = rpc_line_too_long(&request->reply_len);
	enqueue(c, request);
}

bool connection_may_take(const struct connection *c)
{
	return !c->dead && evbuffer_get_length(c->output) + c->unsent < CONNECTION_OUTPUT_MAX;
}

/* The end of the first line, or NULL. What has been looked at once is not looked at again. */
static const char *find_newline(struct connection *c)
{
	struct evbuffer_ptr from;
	const size_t len = evbuffer_get_length(c->input);

	if (len == c->scanned
		|| evbuffer_ptr_set(c->input, &from, c->scanned, EVBUFFER_PTR_SET) < 0)
		return NULL;
	const struct evbuffer_ptr at = evbuffer_search(c->input, "\n", 1, &from);
	if (at.pos < 0) {
		c->scanned = len;
		return NULL;
	}
	c->scanned = 0;
	const unsigned char *start = evbuffer_pullup(c->input, at.pos + 1);
	if (start == NULL) {
		c->dead = true;
		return NULL;
	}
	return (const char *)start + at.pos;
}

/* No newline within the longest line there may be: its rest is skipped as it comes. */
static void skip_if_too_long(struct connection *c)
{
	const size_t len = evbuffer_get_length(c->input);

	if (!c->skipping && len < PTRD_LINE_MAX)
		return;
	if (!c->skipping)
		take_long_line(c);
	c->skipping = true;
	evbuffer_drain(c->input, len);
	c->scanned = 0;
}

/*
 * What has come while the lines before were executed joins their round: a client that sends many then
 * pays for fewer commits.
 */
static const char *next_newline(struct connection *c, bool taken)
{
	const char *newline = find_newline(c);

	while (newline == NULL && taken && evbuffer_get_length(c->input) < INPUT_MAX && fill(c))
		newline = find_newline(c);
	return newline;
}

bool budget_spent(const struct budget *budget)
{
	return budget->bytes == 0 || monotonic_ms() >= budget->until;
}

bool connection_take(struct connection *c, struct round *round, struct budget *budget)
{
	const char *newline = NULL;
	bool taken = false;

	while (!budget_spent(budget) && !round_full(round) && connection_may_take(c)
		&& (newline = next_newline(c, taken)) != NULL) {
		const char *line = (const char *)evbuffer_pullup(c->input, 1);
		const size_t len = (size_t)(newline - line);

		if (!c->skipping && len < PTRD_LINE_MAX)
			take_line(c, round, line, len);
		else if (!c->skipping)
			take_long_line(c);
		c->skipping = false;
		evbuffer_drain(c->input, len + 1);
		budget->bytes -= len < budget->bytes ? len + 1 : budget->bytes;
		taken = true;
	}
	c->has_lines = newline != NULL || evbuffer_get_length(c->input) > c->scanned;
	if (!c->has_lines)
		skip_if_too_long(c);
	if (!c->closed && evbuffer_get_length(c->input) < INPUT_MAX
		&& !event_pending(c->readable, EV_READ, NULL) && event_add(c->readable, NULL) < 0)
		c->dead = true;
	return taken;
}

void connection_stop(struct connection *c)
{
	event_del(c->readable);
	c->closed = true;
	c->has_lines = false;
}

/* The change is kept, whatever the dataplane does: repeating it would be no help. */
static void reply_stored(struct request *request)
{
	struct refusal why;

	refusal_init(&why);
	why.stored = true;
	why.revision = request->revision;
	refuse(&why, PTRD_ERR_NOT_STEADY,
		"stored, and served as soon as the dataplane applies generation %llu (waited %d s)",
		(unsigned long long)request->generation, APPLY_TIMEOUT / 1000);
	request_refused(request, &why);
}

static bool settled(struct request *request, struct publisher *publisher, int64_t now)
{
	if (request->generation == 0 || publisher_applied(publisher, request->generation))
		return true;
	if (now < request->deadline)
		return false;
	/* A read has promised nothing: what it shows is stored. */
	if (command_changes(request->command))
		reply_stored(request);
	return true;
}

/*
 * All of a round wait from its end, however long those before them in the queue wait. They may be
 * many, and their parameters large.
 */
static void begin_to_wait(struct connection *c, int64_t now)
{
	struct request *request;

	for (request = STAILQ_FIRST(&c->replies); request != NULL;
		request = STAILQ_NEXT(request, next)) {
		if (request->deadline != 0)
			continue;
		request->deadline = now + APPLY_TIMEOUT;
		request_forget(request);
	}
}

size_t connection_send(struct connection *c, struct control *control, int64_t now)
{
	struct request *request;
	size_t waiting = 0;

	begin_to_wait(c, now);
	while ((request = STAILQ_FIRST(&c->replies)) != NULL
		&& settled(request, control->publisher, now)) {
		control->stats.requests++;
		control->stats.refused += request->refused;
		if (request->reply_len > 0
			&& evbuffer_add(c->output, request->reply, request->reply_len) < 0)
			c->dead = true;
		if (request->watch) {
			c->watching = true;
			c->watched = request->watch_from;
		}
		STAILQ_REMOVE_HEAD(&c->replies, next);
		request_free(request);
		free(request);
	}
	c->unsent = 0;
	for (request = STAILQ_FIRST(&c->replies); request != NULL;
		request = STAILQ_NEXT(request, next)) {
		c->unsent += held_by(request);
		waiting++;
	}
	connection_flush(c);
	return waiting;
}

bool connection_finished(const struct connection *c)
{
	return c->dead
		|| (c->closed && !c->has_lines && STAILQ_EMPTY(&c->replies)
			&& evbuffer_get_length(c->output) == 0);
}
