/*
 * Files that are there whole or not at all: each gets its name when it is complete, in place of the
 * one that had it.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct output;

/*
 * Opens what will be the file `path`; NULL or "-": standard output, which gets it in the end, as do
 * devices and pipes. NULL after writing to standard error why not, `title` first.
 */
struct output *output_open(const char *path, const char *title);

/* Where to write. Errors may be left to output_finish(). */
FILE *output_stream(const struct output *output);

/* All has been written. False after writing why that failed; the output is still to be ended. */
bool output_finish(struct output *output);

/*
 * Ends it, finished: it gets its name. False after writing why that failed. Or drops it. Both free
 * it.
 */
bool output_commit(struct output *output);
void output_drop(struct output *output);

/* Removes what would be left of all outputs. Async-signal-safe. */
void output_clean_up(void);
