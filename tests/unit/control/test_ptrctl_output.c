/* Files that are there whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "output.h"

struct fixture {
	char dir[64], file[96], link[96];
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/ptrd-test-output-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->file, sizeof(f->file), "%s/file", f->dir);
	snprintf(f->link, sizeof(f->link), "%s/link", f->dir);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	unlink(f->file);
	unlink(f->link);
	assert_int_equal(rmdir(f->dir), 0); /* nothing is left beside them */
	free(f);
	return 0;
}

static void assert_content(const char *path, const char *want)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, want);
}

static unsigned count_files(const char *dir)
{
	DIR *open = opendir(dir);
	unsigned count = 0;

	assert_non_null(open);
	while (readdir(open) != NULL)
		count++;
	closedir(open);
	return count - 2; /* . and .. */
}

static struct output *write_output(const char *path, const char *text)
{
	struct output *output = output_open(path, "test");

	assert_non_null(output);
	fputs(text, output_stream(output));
	return output;
}

static void test_commit(void **state)
{
	const struct fixture *f = *state;
	struct output *output = write_output(f->file, "one");
	const mode_t mask = umask(027);
	struct stat st;

	assert_true(output_finish(output));
	assert_int_equal(access(f->file, F_OK), -1);
	assert_true(output_commit(output));
	assert_content(f->file, "one");
	/* In place of another one, through a link to it, with the mode of a new file. */
	assert_int_equal(symlink(f->file, f->link), 0);
	output = write_output(f->link, "two");
	assert_content(f->file, "one");
	assert_true(output_finish(output));
	assert_content(f->file, "one");
	assert_true(output_commit(output));
	assert_content(f->file, "two");
	assert_int_equal(lstat(f->link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(f->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	umask(mask);
	assert_int_equal(count_files(f->dir), 2);
}

static void test_drop(void **state)
{
	const struct fixture *f = *state;
	struct output *output = write_output(f->file, "one");

	assert_true(output_finish(output));
	assert_true(output_commit(output));
	output = write_output(f->file, "two");
	output_drop(output);
	output = write_output(f->file, "three");
	assert_true(output_finish(output));
	output_drop(output);
	assert_content(f->file, "one");
	assert_int_equal(count_files(f->dir), 1);
	/* What a signal leaves of two that are open. */
	output = write_output(f->file, "four");
	struct output *other = write_output(f->link, "five");

	assert_int_equal(count_files(f->dir), 3);
	output_clean_up();
	assert_int_equal(count_files(f->dir), 1);
	output_drop(output);
	output_drop(other);
	assert_content(f->file, "one");
}

/* A pipe gets the content, and stays one; a device does. */
static void test_special(void **state)
{
	const struct fixture *f = *state;
	struct stat st;
	char text[8] = "";

	assert_int_equal(mkfifo(f->file, 0600), 0);
	FILE *pipe = fopen(f->file, "r+");
	assert_non_null(pipe);
	struct output *output = write_output(f->file, "one");
	assert_true(output_finish(output));
	assert_true(output_commit(output));
	assert_int_equal(read(fileno(pipe), text, 3), 3);
	assert_string_equal(text, "one");
	fclose(pipe);
	assert_int_equal(stat(f->file, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	output = write_output("/dev/null", "one");
	assert_true(output_finish(output));
	assert_true(output_commit(output));
	assert_int_equal(stat("/dev/null", &st), 0);
	assert_true(S_ISCHR(st.st_mode));
}

static void test_refused(void **state)
{
	const struct fixture *f = *state;
	char path[128];

	assert_null(output_open(f->dir, "test"));
	snprintf(path, sizeof(path), "%s/none/file", f->dir);
	assert_null(output_open(path, "test"));
	/* What has no room on the disk is no file. */
	assert_int_equal(symlink("/dev/full", f->link), 0);
	struct output *output = write_output(f->link, "one");
	assert_true(output_finish(output));
	assert_false(output_commit(output));
}

/* More than a stream's buffer: it is a write before the last one that fails. */
static struct output *write_much(const char *path)
{
	struct output *output = write_output(path, "");

	for (int i = 0; i < 100000; i++)
		fputs("a row\n", output_stream(output));
	assert_true(output_finish(output));
	return output;
}

static void test_cut_short(void **state)
{
	const struct fixture *f = *state;
	int status;

	assert_false(output_commit(write_much("/dev/full")));
	/* A pipe whose reader goes away. */
	assert_int_equal(mkfifo(f->file, 0600), 0);
	const pid_t reader = fork();
	assert_true(reader >= 0);
	if (reader == 0) {
		char byte;

		_exit(read(open(f->file, O_RDONLY), &byte, 1) != 1);
	}
	signal(SIGPIPE, SIG_IGN);
	assert_false(output_commit(write_much(f->file)));
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_commit),
		TEST(test_drop),
		TEST(test_special),
		TEST(test_refused),
		TEST(test_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
