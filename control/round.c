#include <stdlib.h>

#include "round.h"

bool round_init(struct round *round, struct control *control)
{
	*round = (struct round){.control = control};
	round->requests = reallocarray(NULL, ROUND_REQUESTS_MAX, sizeof(*round->requests));
	return round->requests != NULL;
}

void round_release(struct round *round)
{
	free(round->requests);
}

void round_begin(struct round *round)
{
	round->count = 0;
	round->generation = 0;
	round->writing = round->broken = round->shut = false;
}

bool round_full(const struct round *round)
{
	return round->count == ROUND_REQUESTS_MAX;
}

static bool cannot_store(const struct control *control, struct refusal *why)
{
	refusal_init(why);
	return refuse(why, PTRD_ERR_INTERNAL, "cannot store: %s", store_error(control->store));
}

/*
 * Opens the transaction in both places, or refuses the request. What keeps one out, such as
 * another process that has the store locked, keeps out those behind it in the round: each try
 * would wait for the lock, and nothing else is done meanwhile.
 */
static bool open_transaction(struct round *round, struct request *request)
{
	struct control *control = round->control;

	if (!round->shut && store_begin(control->store)) {
		publisher_begin(control->publisher);
		return true;
	}
	if (!round->shut) {
		cannot_store(control, &round->why);
		store_rollback(control->store);
		round->shut = true;
	}
	request_refused(request, &round->why);
	return false;
}

/* What may fail of the publication comes before the store's commit: nothing after it may. */
static bool commit_transaction(struct control *control, struct refusal *why)
{
	if (publisher_prepare(control->publisher, store_revision(control->store)) < 0) {
		refusal_init(why);
		return refuse(why, PTRD_ERR_INTERNAL, "cannot serve: %s",
			publisher_error(control->publisher));
	}
	/* One that holds but refused or repeated changes is none. */
	const bool changes = store_revision(control->store) > store_committed(control->store);

	if (!store_commit(control->store))
		return cannot_store(control, why);
	control->stats.transactions += changes;
	return true;
}

static void undo_transaction(struct control *control)
{
	publisher_rollback(control->publisher);
	store_rollback(control->store);
}

/* Runs the command and makes the reply. True if what it did is to be kept. */
static bool run(struct control *control, struct request *request)
{
	struct call call = {
		.control = control,
		.actor = request->actor,
		.command = request->command,
		.params = request->params,
		.quiet = request->id == NULL,
	};

	request->watch = false;
	if (!command_run(&call)) {
		request_refused(request, &call.why);
		return false;
	}
	request->generation = call.generation;
	request->revision = store_revision(control->store);
	request->watch = call.watch;
	request->watch_from = call.watch_from;
	request_result(request, call.result);
	return true;
}

/* Runs a command that writes, between savepoints. False: the transaction has failed. */
static bool run_saved(struct control *control, struct request *request)
{
	const size_t mark = publisher_mark(control->publisher);

	if (!store_savepoint(control->store))
		return false;
	request->changed = run(control, request);
	if (store_failed(control->store))
		return false;
	if (request->changed)
		return store_release(control->store);
	publisher_rollback_to(control->publisher, mark);
	return store_undo(control->store);
}

/*
 * What a transaction of its own needs: none that is open. So what came before it in the round is
 * done first, and what comes after it is a round of its own.
 */
static void execute_bulk(struct round *round, struct request *request)
{
	round_commit(round);
	round_begin(round);
	run(round->control, request);
}

void round_execute(struct round *round, struct request *request)
{
	struct control *control = round->control;

	if (request->command != NULL && request->command->effect == BULK) {
		execute_bulk(round, request);
		return;
	}
	round->requests[round->count++] = request;
	/* What comes after a failure is done in the second try, by round_commit(). */
	if (request->command == NULL || round->broken)
		return;
	if (!command_changes(request->command)) {
		run(control, request);
		request->acted = request->command->effect == ACTS;
		/* It may tell what a change before it has done, of this client or another. */
		request->changed = round->writing;
		round->broken = round->writing && store_failed(control->store);
		return;
	}
	if (!round->writing && !open_transaction(round, request))
		return;
	round->writing = true;
	round->broken = !run_saved(control, request);
}

static void wait_for(struct request *request, uint64_t generation)
{
	if (generation > request->generation)
		request->generation = generation;
}

/* Publishes what the store has committed. Returns the generation that its changes wait for. */
static uint64_t publish(struct round *round)
{
	struct control *control = round->control;
	const uint64_t generation
		= publisher_commit(control->publisher, store_revision(control->store));

	if (generation > round->generation)
		round->generation = generation;
	return generation;
}

/* A transaction for this request alone. */
static void execute_alone(struct round *round, struct request *request)
{
	struct control *control = round->control;
	struct refusal why;

	request->changed = false;
	request->generation = 0;
	if (!command_changes(request->command)) {
		run(control, request);
		wait_for(request, round->generation);
		return;
	}
	if (!open_transaction(round, request))
		return;
	if (!run(control, request)) {
		undo_transaction(control);
		return;
	}
	if (!commit_transaction(control, &why)) {
		request->generation = 0;
		request_refused(request, &why);
		undo_transaction(control);
		return;
	}
	wait_for(request, publish(round));
}

void round_commit(struct round *round)
{
	struct control *control = round->control;

	if (!round->writing)
		return;
	if (!round->broken && commit_transaction(control, &round->why)) {
		const uint64_t generation = publish(round);

		for (size_t i = 0; i < round->count; i++)
			if (round->requests[i]->changed)
				wait_for(round->requests[i], generation);
		return;
	}
	undo_transaction(control);
	for (size_t i = 0; i < round->count; i++)
		if (round->requests[i]->command != NULL && !round->requests[i]->acted)
			execute_alone(round, round->requests[i]);
}
