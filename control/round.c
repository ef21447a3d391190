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
	round->writing = round->broken = false;
}

bool round_full(const struct round *round)
{
	return round->count == ROUND_REQUESTS_MAX;
}

static void refuse_internal(struct request *request, const char *what, const char *cause)
{
	struct refusal why;

	refusal_init(&why);
	refuse(&why, PTRD_ERR_INTERNAL, "%s: %s", what, cause);
	request_refused(request, &why);
}

/* Opens the transaction in both places. */
static bool open_transaction(struct control *control)
{
	if (!store_begin(control->store)) {
		store_rollback(control->store);
		return false;
	}
	publisher_begin(control->publisher);
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
		.command = request->command,
		.params = request->params,
		.quiet = request->id == NULL,
	};

	if (command_run(&call)) {
		request_result(request, call.result);
		return true;
	}
	request_refused(request, &call.why);
	return false;
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

void round_execute(struct round *round, struct request *request)
{
	struct control *control = round->control;

	round->requests[round->count++] = request;
	/* What comes after a failure is done in the second try, by round_commit(). */
	if (request->command == NULL || round->broken)
		return;
	if (!request->command->writes) {
		run(control, request);
		round->broken = round->writing && store_failed(control->store);
		return;
	}
	if (!round->writing) {
		round->writing = open_transaction(control);
		round->broken = !round->writing;
	}
	if (!round->broken)
		round->broken = !run_saved(control, request);
}

/*
 * Publishes what the store has committed. Returns the generation that the acknowledgement waits
 * for: a change that is itself seen at once may be one of a region whose table is not applied
 * yet.
 */
static uint64_t publish(struct round *round)
{
	struct control *control = round->control;
	const uint64_t generation
		= publisher_commit(control->publisher, (uint32_t)store_revision(control->store));

	if (generation > round->generation)
		round->generation = generation;
	return round->generation;
}

/* A transaction for this request alone. */
static void execute_alone(struct round *round, struct request *request)
{
	struct control *control = round->control;

	request->changed = false;
	if (!request->command->writes) {
		run(control, request);
		return;
	}
	if (!open_transaction(control)) {
		refuse_internal(request, "cannot store", store_error(control->store));
		return;
	}
	if (!run(control, request)) {
		undo_transaction(control);
		return;
	}
	if (!store_commit(control->store)) {
		refuse_internal(request, "cannot store", store_error(control->store));
		undo_transaction(control);
		return;
	}
	request->generation = publish(round);
}

void round_commit(struct round *round)
{
	struct control *control = round->control;

	if (!round->writing && !round->broken)
		return;
	if (!round->broken && store_commit(control->store)) {
		const uint64_t generation = publish(round);

		for (size_t i = 0; i < round->count; i++)
			if (round->requests[i]->changed)
				round->requests[i]->generation = generation;
		return;
	}
	if (round->writing)
		undo_transaction(control);
	for (size_t i = 0; i < round->count; i++)
		if (round->requests[i]->command != NULL)
			execute_alone(round, round->requests[i]);
}
