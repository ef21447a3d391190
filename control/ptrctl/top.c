#include "top.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "number_text.h"

#define INTERVAL_DEFAULT 1
#define INTERVAL_MAX 3600
#define CURSOR_HOME "\x1b[H"
#define LINE_END "\x1b[K\r\n"
#define SCREEN_END "\x1b[J"
#define SCREEN_CLEAR "\x1b[H\x1b[J"

static const struct argument top_arguments[] = {
	{"--interval", "SECONDS", "interval", ARGUMENT_NUMBER},
	{"--count", "N", "count", ARGUMENT_NUMBER},
	{NULL},
};

/* Two moments of one object with counters, and the time between them. */
struct span {
	const json_t *before, *now; /* before NULL: not known */
	double seconds;
};

static struct span part(const struct span *span, const char *name)
{
	return (struct span){json_object_get(span->before, name), json_object_get(span->now, name),
		span->seconds};
}

static json_int_t count(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

/* A counter that has fallen is another process's: it began at 0. */
static double growth(const struct span *span, const char *name)
{
	const json_int_t now = count(span->now, name), before = count(span->before, name);

	return (double)(now >= before ? now - before : now);
}

/* "1.2k"; "-" where nothing was seen before. */
static const char *rate(
	const struct span *span, const char *name, char text[static NUMBER_TEXT_MAX])
{
	if (span->before == NULL || span->seconds <= 0)
		return strcpy(text, "-");
	number_text(growth(span, name) / span->seconds, text);
	return text;
}

static const char *since_start(
	const struct span *span, const char *name, char text[static NUMBER_TEXT_MAX])
{
	number_text((double)count(span->now, name), text);
	return text;
}

static void format_control(FILE *out, const struct span *all)
{
	const struct span control = part(all, "control");
	char changes[NUMBER_TEXT_MAX], transactions[NUMBER_TEXT_MAX], requests[NUMBER_TEXT_MAX],
		refused[NUMBER_TEXT_MAX];

	fprintf(out,
		"control    pid %" JSON_INTEGER_FORMAT ", revision %" JSON_INTEGER_FORMAT
		", generation %" JSON_INTEGER_FORMAT "\n",
		count(all->now, "pid"), count(control.now, "revision"),
		count(all->now, "generation"));
	fprintf(out, "           %s changes/s in %s transactions/s, %s requests/s, %s refused/s\n",
		rate(&control, "revision", changes), rate(&control, "transactions", transactions),
		rate(&control, "requests", requests), rate(&control, "refused", refused));
	fprintf(out,
		"           %" JSON_INTEGER_FORMAT " connections, %" JSON_INTEGER_FORMAT
		" watches, %" JSON_INTEGER_FORMAT " imports\n",
		count(control.now, "connections"), count(control.now, "watches"),
		count(control.now, "imports"));
}

static void format_dataplane(FILE *out, const struct span *all)
{
	const json_t *dataplane = json_object_get(all->now, "dataplane");

	if (!json_is_true(json_object_get(dataplane, "alive"))) {
		fputs("dataplane  does not run: nothing is answered\n", out);
		return;
	}
	fprintf(out,
		"dataplane  pid %" JSON_INTEGER_FORMAT ", generation %" JSON_INTEGER_FORMAT
		" applied\n",
		count(dataplane, "pid"), count(dataplane, "applied_generation"));
}

/* The share of its turns that had frames to work on. The main lcore does not poll. */
static const char *load_text(const struct span *reader, char text[static NUMBER_TEXT_MAX])
{
	const double cycles = growth(reader, "cycles");

	if (reader->before == NULL || cycles <= 0)
		return strcpy(text, "-");
	snprintf(text, NUMBER_TEXT_MAX, "%.0f %%", growth(reader, "busy_cycles") / cycles * 100);
	return text;
}

static void format_reader(FILE *out, const struct span *reader)
{
	static const char *const columns[] = {"rx", "tx", "tx_full", "to_kernel", "kernel_over"};
	const char *port = json_string_value(json_object_get(reader->now, "port"));
	const struct span events = part(reader, "events");
	char text[NUMBER_TEXT_MAX];

	fprintf(out, "%4" JSON_INTEGER_FORMAT "  ", count(reader->now, "cpu"));
	if (port != NULL)
		fprintf(out, "%-16s %5" JSON_INTEGER_FORMAT, port, count(reader->now, "queue"));
	else
		fprintf(out, "%-16s %5s", "(main lcore)", "-");
	fprintf(out, "  %6s", load_text(reader, text));
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		fprintf(out, "  %*s", i < 2 ? 6 : 7, rate(&events, columns[i], text));
	fputc('\n', out);
}

static void format_readers(FILE *out, const struct span *all)
{
	const json_t *now = json_object_get(all->now, "readers");
	const json_t *before = json_object_get(all->before, "readers");

	if (json_array_size(now) == 0)
		return;
	fputs("\n CPU  PORT             QUEUE    LOAD    RX/s    TX/s  NO ROOM   KERNEL     OVER\n",
		out);
	for (size_t i = 0; i < json_array_size(now); i++) {
		const struct span reader
			= {json_array_get(before, i), json_array_get(now, i), all->seconds};

		format_reader(out, &reader);
	}
}

/* The readers' counters of that kind ("outcomes", "events") as one object; NULL for NULL. */
static json_t *sum(const json_t *stats, const char *kind)
{
	json_t *sums = stats != NULL ? json_object() : NULL, *reader, *value;
	const char *name;
	size_t i;

	json_array_foreach(json_object_get(stats, "readers"), i, reader)
	{
		json_object_foreach(json_object_get(reader, kind), name, value)
		{
			json_object_set_new(sums, name,
				json_integer(count(sums, name) + json_integer_value(value)));
		}
	}
	return sums;
}

static void format_counters(FILE *out, const struct span *all, const char *kind)
{
	const struct span sums = {sum(all->before, kind), sum(all->now, kind), all->seconds};
	char now[NUMBER_TEXT_MAX], total[NUMBER_TEXT_MAX];
	const char *name;
	json_t *value;
	bool begun = false;

	json_object_foreach((json_t *)(uintptr_t)sums.now, name, value)
	{
		if (json_integer_value(value) == 0)
			continue;
		if (!begun)
			fprintf(out, "\n%-24s %10s %14s\n", kind, "PER SECOND", "SINCE START");
		begun = true;
		fprintf(out, "  %-22s %10s %14s\n", name, rate(&sums, name, now),
			since_start(&sums, name, total));
	}
	json_decref((json_t *)(uintptr_t)sums.before);
	json_decref((json_t *)(uintptr_t)sums.now);
}

void top_format(FILE *out, const json_t *before, const json_t *now)
{
	const struct span all
		= {before, now, (double)(count(now, "time_us") - count(before, "time_us")) / 1e6};

	format_control(out, &all);
	format_dataplane(out, &all);
	format_readers(out, &all);
	format_counters(out, &all, "outcomes");
	format_counters(out, &all, "events");
}

/* As many lines as the terminal has, each as long as it is wide, over what was there. */
static void draw(const char *text)
{
	struct winsize window = {.ws_row = 24, .ws_col = 80};

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
	fputs(CURSOR_HOME, stdout);
	for (unsigned row = 1; row < window.ws_row && *text != '\0'; row++) {
		const int len = (int)strcspn(text, "\n");

		printf("%.*s" LINE_END, len < window.ws_col ? len : window.ws_col - 1, text);
		text += len + (text[len] == '\n');
	}
	fputs(SCREEN_END, stdout);
}

static void show(const struct session *session, const json_t *before, const json_t *now)
{
	char *text = NULL;
	size_t size;

	if (session->json) {
		print_json(now);
		return;
	}
	FILE *out = open_memstream(&text, &size);
	if (out == NULL)
		return;
	top_format(out, before, now);
	fclose(out);
	if (isatty(STDOUT_FILENO))
		draw(text);
	else
		printf("%s%s", before != NULL ? "\n" : "", text);
	free(text);
}

/* A parameter of ours: the method has none. */
static json_int_t take(json_t *params, const char *name, json_int_t fallback)
{
	const json_t *value = json_object_get(params, name);
	const json_int_t number = value != NULL ? json_integer_value(value) : fallback;

	json_object_del(params, name);
	return number;
}

static enum exit_status run_top(
	struct session *session, const struct command *command, json_t *params)
{
	const json_int_t interval = take(params, "interval", INTERVAL_DEFAULT);
	json_int_t left = take(params, "count", INT64_MAX);
	json_t *before = NULL, *now;
	enum exit_status status = EXIT_OK;

	if (interval < 1 || interval > INTERVAL_MAX || left < 1) {
		fprintf(stderr, "ptrctl: top: --interval is 1 to %d seconds, --count 1 or more\n",
			INTERVAL_MAX);
		return EXIT_USAGE;
	}
	if (isatty(STDOUT_FILENO) && !session->json)
		fputs(SCREEN_CLEAR, stdout);
	while (status == EXIT_OK) {
		status = session_call(session, command, command->method, params, &now);
		if (status != EXIT_OK)
			break;
		show(session, before, now);
		json_decref(before);
		before = now;
		if (fflush(stdout) != 0 || --left == 0)
			break;
		const struct timespec pause = {.tv_sec = (time_t)interval};
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
	json_decref(before);
	return status;
}

const struct command top_commands[] = {
	{"top", NULL, run_top, "node.stats", top_arguments, NULL,
		"show what the node does now: rates, each worker's load"},
	{NULL},
};
