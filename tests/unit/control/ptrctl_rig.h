/*
 * Commands of ptrctl against a control process that the test plays in a child process.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "command.h"

struct fixture {
	char dir[64], socket[96], file[96];
	struct session session;
	pid_t child;
};

int rig_set_up(void **state);
int rig_tear_down(void **state);
#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

/*
 * Starts the child: it takes one connection, and gives each line that comes to `answer`, which
 * writes what it likes to `out`. False: the connection is closed.
 */
void rig_start(struct fixture *f, bool (*answer)(const char *line, FILE *out, void *context),
	void *context);

/* Ends the child and the connection to it, so that another one can be started. */
void rig_stop(struct fixture *f);

#define RIG_TEXT_MAX 65536

/* Writes the file. */
void rig_write(const struct fixture *f, const char *content);

/* Puts FILE in place of the file's name. */
void rig_name_file(const struct fixture *f, char *text);

/* Runs a command of `words`; what it writes to standard error is put into `text`. */
enum exit_status rig_run(
	struct fixture *f, const char *const words[], int count, char text[static RIG_TEXT_MAX]);

/* The same with --json; `text` is what it writes to standard output. */
enum exit_status rig_run_json(
	struct fixture *f, const char *const words[], int count, char text[static RIG_TEXT_MAX]);

/* Fails if `text` has no such part. */
void assert_says(const char *text, const char *part);
