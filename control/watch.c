#include <stdlib.h>

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

/* Fills one connection's output. */
struct filling {
	struct connection *connection;
	unsigned rows;
	bool full; /* rows or output: there may be more */
};

static bool has_room(const struct connection *c)
{
	return evbuffer_get_length(c->output) < WATCH_OUTPUT_MAX;
}

static void put_line(struct connection *c, char *line, size_t len)
{
	/* Without it there would be a hole. */
	if (line == NULL || evbuffer_add(c->output, line, len) < 0)
		c->dead = true;
	free(line);
}

static bool put_change(void *context, const struct change *stored)
{
	struct filling *f = context;
	struct connection *c = f->connection;
	struct change change = *stored;
	char name[ACTOR_NAME_MAX];
	size_t len = 0;

	if (f->rows++ == WATCH_ROWS_MAX || !has_room(c)) {
		f->full = true;
		return false;
	}
	c->watched = change.revision;
	if (change_seen(&c->actor, &change, name)) {
		char *line = rpc_notification("change", show_change(&change), &len);

		put_line(c, line, len);
	}
	return !c->dead;
}

static void end(struct connection *c, const struct refusal *why)
{
	size_t len = 0;

	char *line = rpc_watch_ended(why, &len);

	c->watching = false;
	put_line(c, line, len);
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

static bool fill(struct connection *c, struct control *control, uint64_t served)
{
	const struct change_query query
		= {.first = c->watched + 1, .last = served, .project = actor_project(&c->actor)};
	struct filling filling = {.connection = c};
	uint64_t oldest;

	const bool found = store_changes_oldest(control->store, &oldest);

	if (found && oldest > query.first) {
		fell_behind(c, oldest);
		return false;
	}
	if (!found || !store_changes(control->store, &query, put_change, &filling))
		cannot_read(c, control);
	else if (!filling.full && !c->dead)
		c->watched = served;
	return filling.full;
}

bool watch_send(struct connection *c, struct control *control, const struct served *served)
{
	/* A client that sends no more has done with what it asked for. */
	c->watching &= !c->closed;
	if (!c->watching || c->dead || c->watched >= served->revision || !has_room(c))
		return false;
	const bool more = fill(c, control, served->revision);

	connection_flush(c);
	return more && !c->dead && has_room(c);
}
