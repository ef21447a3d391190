#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "number_text.h"

#define WIDTH_DEFAULT 80
#define BAR_MIN 10
#define BAR_MAX 40
#define LINE_SIZE 256
#define INTERVAL 0.1 /* seconds */
#define ERASER "\r\x1b[K"

static struct {
	struct progress progress;
	struct timespec start;
	bool wanted;
	volatile bool shown;
	double shown_at;
} bar;

static void format_time(double seconds, char text[16])
{
	const unsigned whole = seconds < 359999 ? (unsigned)(seconds + 0.5) : 359999;

	if (whole >= 3600)
		snprintf(text, 16, "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
	else
		snprintf(text, 16, "%u:%02u", whole / 60, whole % 60);
}

/* Adds a part behind two spaces, if it fits into what is left of `width`. */
static void add(char *line, unsigned width, const char *part)
{
	if (strlen(line) + 2 + strlen(part) > width)
		return;
	if (*line != '\0')
		strcat(line, "  ");
	strcat(line, part);
}

static void add_bar(char *line, unsigned width, unsigned others, double share)
{
	char part[BAR_MAX + 3];
	const size_t used = strlen(line) + others + 4;
	const size_t room = width > used ? width - used : 0;
	const size_t length = room < BAR_MAX ? room : BAR_MAX;

	if (length < BAR_MIN)
		return;
	const size_t full = (size_t)(share * (double)length);

	memset(part, '-', length + 2);
	part[0] = '[';
	memset(part + 1, '#', full);
	part[length + 1] = ']';
	part[length + 2] = '\0';
	add(line, width, part);
}

size_t progress_format(const struct progress *progress, unsigned width, char *text, size_t size)
{
	char line[LINE_SIZE] = "", percent[8] = "", count[48], rate[48], left[32] = "", number[16];
	const bool known = progress->total > 0;
	const double share = !known ? 0
		: progress->done < progress->total
		? (double)progress->done / (double)progress->total
		: 1;

	if (width >= sizeof(line))
		width = sizeof(line) - 1;
	snprintf(count, sizeof(count), "%llu %s", (unsigned long long)progress->count,
		progress->unit);
	number_text(
		progress->seconds > 0 ? (double)progress->count / progress->seconds : 0, number);
	snprintf(rate, sizeof(rate), "%s/s", number);
	format_time(progress->seconds, number);
	snprintf(left, sizeof(left), "%s", number);
	if (known && share > 0) {
		format_time(progress->seconds * (1 - share) / share, number);
		snprintf(left, sizeof(left), "ETA %s", number);
	}
	if (known)
		snprintf(percent, sizeof(percent), "%3.0f%%", share * 100);
	snprintf(line, sizeof(line), "%.*s", (int)width, progress->title);
	if (known) {
		add_bar(line, width,
			(unsigned)(strlen(percent) + strlen(count) + strlen(rate) + strlen(left)
				+ 8),
			share);
		add(line, width, percent);
	}
	add(line, width, count);
	add(line, width, rate);
	add(line, width, left);
	snprintf(text, size, "%s", line);
	return strlen(text);
}

static double elapsed(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - bar.start.tv_sec)
		+ (double)(now.tv_nsec - bar.start.tv_nsec) / 1e9;
}

void progress_start(const char *title, const char *unit, bool quiet)
{
	bar.progress = (struct progress){.title = title, .unit = unit};
	bar.wanted = !quiet && isatty(STDERR_FILENO);
	bar.shown_at = 0;
	clock_gettime(CLOCK_MONOTONIC, &bar.start);
}

static void draw(void)
{
	struct winsize size;
	char line[LINE_SIZE];
	const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;

	bar.progress.seconds = bar.shown_at = elapsed();
	/* The last column stays free: a character there moves some terminals to the next line. */
	progress_format(
		&bar.progress, (known ? size.ws_col : WIDTH_DEFAULT) - 1u, line, sizeof(line));
	bar.shown = true;
	fprintf(stderr, ERASER "%s", line);
	fflush(stderr);
}

void progress_show(uint64_t done, uint64_t total, uint64_t count)
{
	bar.progress.done = done;
	bar.progress.total = total;
	bar.progress.count = count;
	if (bar.wanted && elapsed() - bar.shown_at >= INTERVAL)
		draw();
}

void progress_full(void)
{
	bar.progress.done = bar.progress.total;
	if (bar.shown_at > 0)
		draw();
}

void progress_clear(void)
{
	if (bar.shown)
		fputs(ERASER, stderr);
	bar.shown = false;
}

const char *progress_eraser(void)
{
	return bar.shown ? ERASER : "";
}
