/*
 * kill_changes SOCKET SERVER ROUNDS SEED PROGRAM ARGUMENT...: starts a control process, sends it
 * streams of mixed changes and kills it, ROUNDS times, each at a random moment: some while it starts.
 *
 * What its dataplane answers meanwhile must be what was acknowledged, or what a request that was
 * under way makes of it. After each start the audit tells which of those requests were carried out,
 * and must have nothing but them and what was acknowledged, each whole and in order; the lists and
 * the answers must be what these requests make.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "changes_check.h"
#include "client.h"
#include "query.h"
#include "victim.h"

#define STREAMS 4
#define WINDOW 16        /* requests of a stream under way */
#define LIFE_US 100000   /* longest time from the first request to the kill */
#define START_SHARE 4    /* one of so many is killed while it starts */
#define APPLY_SECONDS 60 /* it must be there, and have published what there is */
#define PAGE 500

/* Each has to be among what is accepted. */
static const char *const kinds[] = {"eip.bind", "eip.unbind", "ptr.set", "ptr.unset", "batch",
	"region.create", "region.update", "region.delete", "region.attach", "region.detach",
	"region.move_prefix", "project.set", "import.begin", "import.rows", "import.commit",
	"import.abort", "region.load"};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct request {
	struct step step;
	json_int_t revision; /* of its last change, by its reply; 0: not told */
};

/* A stream, and its requests since the last comparison. */
struct sender {
	struct client *client;
	struct state before; /* the first of them */
	struct request *requests;
	size_t count, room, acknowledged;
};

struct run {
	const char *socket;
	char **command;
	int server; /* socket of the dataplane's service */
	struct stream streams[STREAMS];
	struct sender senders[STREAMS];
	json_int_t revision; /* the last that was compared */
	unsigned seed;
	unsigned start_us; /* how long the last start took */
	/* What has happened. */
	unsigned long accepted[KINDS], refused[KINDS];
	unsigned kills_starting, kept,
		lost; /* kept, lost: kills with requests under way that ... */
};

/* The result of a request that cannot be refused, owned by the caller. */
static json_t *get(struct client *client, const char *method, json_t *params)
{
	json_t *reply = client_request(client, method, params);
	json_t *result = json_incref(json_object_get(reply, "result"));

	json_decref(params);
	json_decref(reply);
	return result;
}

static json_int_t member(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* Waits until the dataplane has what the control process has. Returns the newest revision, or -1. */
static json_int_t wait_applied(struct client *client)
{
	for (uint64_t begin = victim_clock_us();
		victim_clock_us() - begin < APPLY_SECONDS * 1000000;) {
		json_t *status = get(client, "node.status", json_object());
		const json_t *dataplane = json_object_get(status, "dataplane");
		const json_int_t revision = member(status, "revision");
		const bool applied
			= member(dataplane, "applied_generation") == member(status, "generation");

		json_decref(status);
		if (applied)
			return revision;
		usleep(500);
	}
	printf("the dataplane does not apply the generation\n");
	return -1;
}

/* Adds the rows of one page, from the revision `*next` down to the one behind `since`. False: a hole. */
static bool read_page(struct client *client, json_int_t since, json_int_t *next, json_t *rows)
{
	json_t *page = get(
		client, "node.audit", json_pack("{s:i,s:I}", "limit", PAGE, "marker", *next + 1));
	const json_t *changes = json_object_get(page, "changes");
	const json_int_t first = *next;
	json_t *row;
	size_t i;

	json_array_foreach(changes, i, row)
	{
		if (*next == since || member(row, "revision") != *next)
			break;
		json_array_append(rows, row);
		--*next;
	}
	const bool whole = *next < first && (*next == since || i == json_array_size(changes));

	json_decref(page);
	if (!whole)
		printf("the audit has no revision %" JSON_INTEGER_FORMAT "\n", *next);
	return whole;
}

/* The rows behind `since`, the newest first as the pages have them. NULL: they have a hole. */
static json_t *read_audit(struct client *client, json_int_t since, json_int_t newest)
{
	json_t *rows = json_array();
	json_int_t next = newest;

	while (next > since) {
		if (!read_page(client, since, &next, rows)) {
			json_decref(rows);
			return NULL;
		}
	}
	return rows;
}

static bool is_of_stream(const json_t *row, unsigned number)
{
	const char *region = json_string_value(json_object_get(row, "region"));
	const char *project = json_string_value(json_object_get(row, "project"));
	unsigned found;

	return ((region != NULL && sscanf(region, "region-%u-", &found) == 1)
		       || (project != NULL && sscanf(project, "project-%u-", &found) == 1))
		&& found == number;
}

/* A stream's own, the oldest first. */
static json_t *rows_of(const json_t *rows, unsigned number)
{
	json_t *own = json_array();

	for (size_t i = json_array_size(rows); i-- > 0;)
		if (is_of_stream(json_array_get(rows, i), number))
			json_array_append(own, json_array_get(rows, i));
	return own;
}

static bool wrong(const struct run *run, unsigned number, size_t request, const char *what)
{
	const struct sender *s = &run->senders[number];
	const struct step *step = &s->requests[request].step;

	printf("stream %u, request %zu of %zu, %zu of them acknowledged: %s: %s ", number, request,
		s->count, s->acknowledged, what, step->method);
	json_dumpf(step->params, stdout, 0);
	printf("\n");
	return false;
}

/* The rows of one request, from `*used` on. */
static bool check_request(
	const struct run *run, unsigned number, size_t i, const json_t *rows, size_t *used)
{
	const struct request *request = &run->senders[number].requests[i];
	const json_t *expected = request->step.rows;
	const json_t *row = NULL;

	for (size_t n = 0; n < json_array_size(expected); n++) {
		row = json_array_get(rows, (*used)++);
		if (row == NULL)
			return wrong(run, number, i, "is not in the audit, or in part");
		if (!check_row(row, json_array_get(expected, n)))
			return wrong(run, number, i, "has another row");
	}
	return row == NULL || request->revision == 0 || request->revision == member(row, "revision")
		|| wrong(run, number, i, "was acknowledged with another revision");
}

/*
 * Finds how many of the requests have been carried out, by the audit: at least those that were
 * acknowledged, and each whole. What there is goes on from there.
 */
static bool settle(struct run *run, unsigned number, const json_t *rows)
{
	struct sender *s = &run->senders[number];
	const size_t total = json_array_size(rows);
	size_t i, used = 0;

	for (i = 0; i < s->count && (i < s->acknowledged || used < total); i++)
		if (!check_request(run, number, i, rows, &used))
			return false;
	if (used < total) {
		printf("stream %u: the audit has what was not asked for:\n", number);
		json_dumpf(json_array_get(rows, used), stdout, 0);
		printf("\n");
		return false;
	}
	run->kept += i > s->acknowledged;
	run->lost += i < s->count;
	stream_resume(&run->streams[number], i > 0 ? &s->requests[i - 1].step.after : &s->before);
	s->before = run->streams[number].now;
	while (s->count > 0)
		step_release(&s->requests[--s->count].step);
	s->acknowledged = 0;
	return true;
}

static bool settle_all(struct run *run, struct client *client, json_int_t newest)
{
	json_t *rows = read_audit(client, run->revision, newest);
	bool settled = rows != NULL;
	size_t used = 0;

	for (unsigned i = 0; i < STREAMS && settled; i++) {
		json_t *own = rows_of(rows, i);

		used += json_array_size(own);
		settled = settle(run, i, own);
		json_decref(own);
	}
	if (settled && used != json_array_size(rows)) {
		printf("the audit has rows of no stream\n");
		settled = false;
	}
	json_decref(rows);
	run->revision = newest;
	return settled;
}

/*
 * Each EIP's answer is of the state behind what was acknowledged, or behind a request under way; if
 * those are settled, there is but one.
 */
static bool check_answers(const struct run *run)
{
	for (unsigned number = 0; number < STREAMS; number++) {
		const struct sender *s = &run->senders[number];
		const struct state *states[WINDOW + 1];
		unsigned count = 0;

		states[count++] = s->acknowledged > 0 ? &s->requests[s->acknowledged - 1].step.after
						      : &s->before;
		for (size_t i = s->acknowledged; i < s->count; i++)
			states[count++] = &s->requests[i].step.after;
		for (unsigned i = 0; i < EIPS; i++)
			if (!check_answer(run->server, &run->streams[number], i, states, count))
				return false;
	}
	return true;
}

/* After a start: what there is is what there is to be. */
static bool compare(struct run *run)
{
	struct client *client = client_open(run->socket);
	const json_int_t newest = client != NULL ? wait_applied(client) : -1;
	const bool same = newest >= run->revision && settle_all(run, client, newest)
		&& check_lists(client, run->streams, STREAMS) && check_answers(run);

	client_close(client);
	return same;
}

static bool send_next(struct run *run, unsigned number)
{
	struct sender *s = &run->senders[number];

	if (s->count == s->room) {
		s->room = s->room * 2 + WINDOW;
		s->requests = reallocarray(s->requests, s->room, sizeof(*s->requests));
	}
	struct request *request = &s->requests[s->count++];

	request->revision = 0;
	stream_next(&run->streams[number], &request->step);
	json_t *line = json_pack("{s:s,s:I,s:s,s:O}", "jsonrpc", "2.0", "id", (json_int_t)s->count,
		"method", request->step.method, "params", request->step.params);
	char *text = json_dumps(line, JSON_COMPACT);
	const bool sent
		= client_send(s->client, text, strlen(text)) && client_send(s->client, "\n", 1);

	free(text);
	json_decref(line);
	return sent;
}

static const char *code_of(const json_t *reply)
{
	return json_string_value(
		json_object_get(json_object_get(json_object_get(reply, "error"), "data"), "code"));
}

static void count_kind(struct run *run, const struct step *step)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i], step->method) == 0)
			++*(step->code == NULL ? &run->accepted[i] : &run->refused[i]);
}

static bool check_reply(struct run *run, unsigned number, const json_t *reply)
{
	struct sender *s = &run->senders[number];
	struct request *request = &s->requests[s->acknowledged++];
	struct stream *stream = &run->streams[number];
	const json_t *result = json_object_get(reply, "result");
	const char *code = code_of(reply), *expected = request->step.code;

	if ((code == NULL) != (expected == NULL) || (code != NULL && strcmp(code, expected) != 0)) {
		json_dumpf(reply, stdout, 0);
		printf("\n");
		return wrong(
			run, number, s->acknowledged - 1, expected != NULL ? expected : "accepted");
	}
	count_kind(run, &request->step);
	request->revision = member(result, "revision");
	if (strcmp(request->step.method, "import.begin") == 0)
		snprintf(stream->import.id, sizeof(stream->import.id), "%s",
			json_string_value(json_object_get(result, "import")));
	return true;
}

/* Takes up to `most` replies. 1; 0: the connection has ended; -1: one is wrong. */
static int take_replies(struct run *run, unsigned number, size_t most)
{
	struct sender *s = &run->senders[number];

	for (; most > 0; most--) {
		json_t *reply = client_reply(s->client);

		if (reply == NULL)
			return 0;
		const bool right = check_reply(run, number, reply);

		json_decref(reply);
		if (!right)
			return -1;
	}
	return 1;
}

/* A burst of requests and a part of the replies that are due. As take_replies(). */
static int turn(struct run *run, unsigned number)
{
	struct sender *s = &run->senders[number];
	struct stream *stream = &run->streams[number];
	unsigned burst = 1 + stream_random(stream, WINDOW);

	while (s->count - s->acknowledged < WINDOW && burst-- > 0)
		if (!send_next(run, number))
			return 0;
	return take_replies(
		run, number, stream_random(stream, (unsigned)(s->count - s->acknowledged) + 1));
}

/* Sends changes until the kill. False: something was wrong. */
static bool change(struct run *run)
{
	int state = 1;

	for (unsigned i = 0; i < STREAMS; i++)
		if ((run->senders[i].client = client_open(run->socket)) == NULL)
			return false;
	victim_kill_within((unsigned)rand_r(&run->seed) % LIFE_US);
	while (state > 0)
		for (unsigned i = 0; i < STREAMS && state > 0; i++)
			state = turn(run, i);
	/* What was acknowledged may still be in the sockets. */
	for (unsigned i = 0; i < STREAMS; i++) {
		struct sender *s = &run->senders[i];

		if (state == 0 && take_replies(run, i, s->count - s->acknowledged) < 0)
			state = -1;
		client_close(s->client);
	}
	return state == 0;
}

static bool play_round(struct run *run)
{
	const bool starting = run->start_us > 0 && rand_r(&run->seed) % START_SHARE == 0;

	if (!victim_start(run->command))
		return false;
	if (starting)
		victim_kill_within((unsigned)rand_r(&run->seed) % run->start_us);
	else if (!victim_wait_listening(run->socket, &run->start_us) || !compare(run)
		|| !change(run))
		return false;
	run->kills_starting += starting;
	return victim_wait_killed() && check_answers(run);
}

static bool play(struct run *run, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		if (!play_round(run)) {
			printf("in round %u of %u\n", i + 1, rounds);
			return false;
		}
	}
	if (!victim_start(run->command) || !victim_wait_listening(run->socket, &run->start_us)
		|| !compare(run))
		return false;
	return victim_end();
}

/* False: the run has not seen what it is about. */
static bool report(const struct run *run, unsigned rounds)
{
	bool seen = run->kills_starting > 0 && run->kept > 0 && run->lost > 0;

	printf("%u kills, %u of them while it started, %" JSON_INTEGER_FORMAT " revisions\n",
		rounds, run->kills_starting, run->revision);
	printf("streams with requests under way: of %u some were carried out, of %u some were not\n",
		run->kept, run->lost);
	for (size_t i = 0; i < KINDS; i++) {
		printf("%6lu %-18s accepted, %lu refused\n", run->accepted[i], kinds[i],
			run->refused[i]);
		seen = seen && run->accepted[i] > 0;
	}
	return seen;
}

int main(int argc, char *argv[])
{
	static struct run run;

	if (argc < 6) {
		fprintf(stderr,
			"usage: kill_changes SOCKET SERVER ROUNDS SEED PROGRAM ARGUMENT...\n");
		return 2;
	}
	const unsigned rounds = (unsigned)strtoul(argv[3], NULL, 10);

	run.socket = argv[1];
	run.server = query_open(argv[2]);
	run.seed = (unsigned)strtoul(argv[4], NULL, 10);
	run.command = argv + 5;
	for (unsigned i = 0; i < STREAMS; i++) {
		stream_init(&run.streams[i], i, run.seed);
		run.senders[i].before = run.streams[i].now;
	}
	if (run.server < 0 || !play(&run, rounds))
		return 1;
	return report(&run, rounds) ? 0 : 1;
}
