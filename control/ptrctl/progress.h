/*
 * A progress bar on standard error, if that is a terminal: nothing is written otherwise. One at a
 * time, of the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *title;
	const char *unit;     /* "rows" */
	uint64_t done, total; /* of the work, in bytes or whatever; total 0: not known */
	uint64_t count;       /* of units, so far */
	double seconds;       /* since the start */
};

/*
 * Writes the line to `text`, at most `width` characters: title, bar, per cent, count, rate and time
 * left, as many of these as there is room for. Pure. Returns its length.
 */
size_t progress_format(const struct progress *progress, unsigned width, char *text, size_t size);

/* Begins a bar; `quiet`: none even on a terminal. */
void progress_start(const char *title, const char *unit, bool quiet);

/* Shows how far it is, not more than ten times a second. */
void progress_show(uint64_t done, uint64_t total, uint64_t count);

/* Shows all of it done, if it took long enough for a bar: what is left to do is not measured. */
void progress_full(void);

/* Takes the bar away, before something else is written; the next progress_show() brings it back. */
void progress_clear(void);

/* What takes the bar away if one is shown, else "": for signal handlers, which may only write(). */
const char *progress_eraser(void);
