#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "commands/change.h"
#include "watch.h"

void served_update(struct served *served, const struct control *control)
{
	const uint64_t committed = store_committed(control->store);
	const uint64_t noted = served->count > 0 ? served->waiting[served->count - 1].revision
						 : served->revision;
	size_t done = 0;

	if (committed > noted) {
		/* All that is committed is served by the newest generation, if not before. */
		const uint64_t generation = publisher_newest(control->publisher);
		const bool joins = served->count == SERVED_WAITING_MAX
			|| (served->count > 0
				&& served->waiting[served->count - 1].generation == generation);
		served->count += joins ? 0 : 1;
		served->waiting[served->count - 1].revision = committed;
		served->waiting[served->count - 1].generation = generation;
	}
	while (done < served->count
		&& publisher_applied(control->publisher, served->waiting[done].generation))
		served->revision = served->waiting[done++].revision;
	served->count -= done;
	for (size_t i = 0; done > 0 && i < served->count; i++)
		served->waiting[i] = served->waiting[i + done];
}

bool served_waits(const struct served *served)
{
	return served->count > 0;
}

/* Changes rendered, for all that watch from the same place and see the same. */
struct lines {
	const char *project; /* actor_project() of who sees them */
	uint64_t after, until;
	bool more; /* changes behind them may be served */
	struct evbuffer *text;
};

/* Of one turn; the oldest go first: those that lag behind are each in a place of their own. */
#define LINES_MAX 8
struct turn {
	struct control *control;
	uint64_t served;
	struct lines lines[LINES_MAX];
	unsigned count; /* that were made */
};

static bool has_room(const struct connection *c)
{
	return evbuffer_get_length(c->output) < WATCH_OUTPUT_MAX;
}

/* Takes over the line, which may be NULL. */
static bool put_line(struct evbuffer *out, char *line, size_t len)
{
	const bool put = line != NULL && evbuffer_add(out, line, len) == 0;

	free(line);
	return put;
}

struct rendering {
	struct lines *lines;
	const struct actor *actor;
	unsigned rows;
	bool failed; /* out of memory: without a line there would be a hole */
};

static bool render_change(void *context, const struct change *stored)
{
	struct rendering *r = context;
	struct lines *lines = r->lines;
	struct change change = *stored;
	char name[ACTOR_NAME_MAX];
	size_t len = 0;

	if (r->rows++ == WATCH_ROWS_MAX || evbuffer_get_length(lines->text) >= WATCH_TEXT_MAX) {
		lines->more = true;
		return false;
	}
	lines->until = change.revision;
	if (change_seen(r->actor, &change, name)) {
		char *line = rpc_notification("change", show_change(&change), &len);

		r->failed = !put_line(lines->text, line, len);
	}
	return !r->failed;
}

static void end(struct connection *c, const struct refusal *why)
{
	size_t len = 0;
	char *line = rpc_watch_ended(why, &len);

	c->watching = false;
	c->dead |= !put_line(c->output, line, len);
}

static void cannot_read(struct connection *c, const struct control *control)
{
	struct refusal why;

	refusal_init(&why);
	refuse(&why, PTRD_ERR_INTERNAL, "cannot read the store: %s", store_error(control->store));
	end(c, &why);
}

/* What it was to get next is not kept any more. */
static void fell_behind(struct connection *c, uint64_t oldest)
{
	struct refusal why;

	refusal_init(&why);
	refuse(&why, PTRD_ERR_INVALID_MARKER,
		"what followed revision %llu is not kept any more; the oldest kept is revision %llu",
		(unsigned long long)c->watched, (unsigned long long)oldest);
	end(c, &why);
}

static bool sees_the_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const struct lines *find_lines(const struct turn *turn, const struct connection *c)
{
	const char *project = actor_project(&c->actor);

	for (unsigned i = 0; i < turn->count && i < LINES_MAX; i++)
		if (turn->lines[i].after == c->watched
			&& sees_the_same(turn->lines[i].project, project))
			return &turn->lines[i];
	return NULL;
}

static void drop_lines(struct lines *lines)
{
	if (lines->text != NULL)
		evbuffer_free(lines->text);
	*lines = (struct lines){.text = NULL};
}

/* What the connection is to get, in the place of older lines; false: it has been told why not. */
static bool render(struct turn *turn, struct connection *c, struct lines *lines)
{
	struct store *store = turn->control->store;
	const struct change_query query = {
		.first = c->watched + 1, .last = turn->served, .project = actor_project(&c->actor)};
	struct rendering rendering = {.lines = lines, .actor = &c->actor};
	uint64_t oldest;

	*lines = (struct lines){
		.project = query.project, .after = c->watched, .text = evbuffer_new()};
	rendering.failed = lines->text == NULL;
	const bool found = store_changes_oldest(store, &oldest);

	if (found && oldest > query.first)
		fell_behind(c, oldest);
	else if (!found
		|| (!rendering.failed && !store_changes(store, &query, render_change, &rendering)))
		cannot_read(c, turn->control);
	c->dead |= rendering.failed;
	if (!lines->more)
		lines->until = turn->served;
	return c->watching && !c->dead;
}

static const struct lines *make_lines(struct turn *turn, struct connection *c)
{
	struct lines *lines = &turn->lines[turn->count++ % LINES_MAX];

	drop_lines(lines);
	if (render(turn, c, lines))
		return lines;
	/* Nobody else gets them. */
	drop_lines(lines);
	return NULL;
}

static void copy_lines(struct connection *c, const struct lines *lines)
{
	const size_t len = evbuffer_get_length(lines->text);

	if (len > 0 && evbuffer_add(c->output, evbuffer_pullup(lines->text, -1), len) < 0)
		c->dead = true;
	c->watched = lines->until;
}

/* True if it is to have another turn: there is more for it, or it is broken. */
static bool send_one(struct turn *turn, struct connection *c)
{
	const struct lines *lines = find_lines(turn, c);

	if (lines == NULL)
		lines = make_lines(turn, c);
	if (lines != NULL)
		copy_lines(c, lines);
	connection_flush(c);
	return c->dead || (lines != NULL && lines->more && has_room(c));
}

static bool wants(struct connection *c, uint64_t served)
{
	/* A client that sends no more has done with what it asked for. */
	c->watching &= !c->closed;
	return c->watching && !c->dead && c->watched < served && has_room(c);
}

bool watch_send(struct connection_list *connections, struct control *control,
	const struct served *served, int64_t until)
{
	struct connection *c, *next, *last = TAILQ_LAST(connections, connection_list);
	struct turn turn = {.control = control, .served = served->revision};
	bool more = false, late = false;

	for (c = TAILQ_FIRST(connections); c != NULL && !late; c = next) {
		next = c == last ? NULL : TAILQ_NEXT(c, link);
		if (!wants(c, turn.served))
			continue;
		more |= send_one(&turn, c);
		TAILQ_REMOVE(connections, c, link);
		TAILQ_INSERT_TAIL(connections, c, link);
		late = monotonic_ms() >= until;
	}
	for (unsigned i = 0; i < LINES_MAX; i++)
		drop_lines(&turn.lines[i]);
	return more || c != NULL;
}
