/* ptrctl, when the control process says that a change is stored and not served yet. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "command.h"

#define DONE "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"count\":2}}\n"
#define STORED                                                                                       \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"stored, and more\"," \
	"\"data\":{\"code\":\"DNS.0503\",\"stored\":true,\"revision\":9}}}\n"
#define REFUSED                                                                                    \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32000,\"message\":\"no such thing\","  \
	"\"data\":{\"code\":\"DNS.0502\"}}}\n"

struct fixture {
	char dir[64], socket[96], file[96];
	struct session session;
	pid_t child;
};

/* Answers one request line after another with the replies, then ends. */
static void serve(int listener, const char *const *replies)
{
	const int fd = accept(listener, NULL, NULL);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	char *line = NULL;
	size_t room = 0;

	while (in != NULL && *replies != NULL && getline(&line, &room, in) > 0) {
		if (send(fd, *replies, strlen(*replies), MSG_NOSIGNAL) < 0)
			_exit(1);
		replies++;
	}
	_exit(0);
}

static void start(struct fixture *f, const char *const *replies)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, f->socket);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	fflush(NULL);
	f->child = fork();
	assert_true(f->child >= 0);
	if (f->child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(fd, replies);
	}
	close(fd);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	strcpy(f->dir, "/tmp/ptrd-test-ptrctl-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->socket, sizeof(f->socket), "%s/s", f->dir);
	snprintf(f->file, sizeof(f->file), "%s/f", f->dir);
	f->session.socket = f->socket;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	client_close(f->session.client);
	if (f->child > 0) {
		kill(f->child, SIGKILL);
		waitpid(f->child, NULL, 0);
	}
	unlink(f->socket);
	unlink(f->file);
	rmdir(f->dir);
	free(f);
	return 0;
}

/* Runs a command of `words`; what it writes to standard error is put into `text`. */
static enum exit_status run(
	struct fixture *f, const char *const words[], int count, char text[4096])
{
	const char *verb = count > 1 ? words[1] : NULL;
	int taken;
	const struct command *command = command_find(words[0], verb, &taken);

	assert_non_null(command);
	json_t *params = arguments_parse(command->arguments, command_title(command), count - taken,
		/* argv is not const, and not changed either */
		(char *const *)(uintptr_t)(words + taken));
	assert_non_null(params);

	FILE *capture = tmpfile();
	const int saved = dup(STDERR_FILENO);
	assert_non_null(capture);
	assert_true(saved >= 0);
	dup2(fileno(capture), STDERR_FILENO);
	const enum exit_status status = command->run(&f->session, command, params);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(capture);
	text[fread(text, 1, 4095, capture)] = '\0';
	fclose(capture);
	json_decref(params);
	return status;
}

static void assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in: %s", part, text);
}

static void test_command(void **state)
{
	static const char *const replies[] = {STORED, REFUSED, NULL};
	static const char *const set[] = {"ptr", "set", "203.0.113.7", "a.example"};
	char text[4096];

	start(*state, replies);
	assert_int_equal(run(*state, set, 4, text), EXIT_STORED);
	assert_int_equal(EXIT_STORED, 4);
	assert_says(text, "ptrctl: ptr set: DNS.0503: stored, and more\n");
	assert_int_equal(run(*state, set, 4, text), EXIT_REFUSED);
	assert_says(text, "ptrctl: ptr set: DNS.0502: no such thing\n");
}

/* Five requests on lines 1, 3, 4, 5 and 6, two at a time. */
static void write_file(const struct fixture *f)
{
	FILE *file = fopen(f->file, "w");

	assert_non_null(file);
	for (int i = 0; i < 5; i++)
		fprintf(file,
			"{\"method\":\"ptr.unset\",\"params\":{\"address\":\"10.0.0.%d\"}}\n%s", i,
			i == 0 ? "\n" : "");
	assert_int_equal(fclose(file), 0);
}

static void test_batch(void **state)
{
	static const struct {
		const char *replies[4];
		enum exit_status status;
		const char *text;
	} cases[] = {
		{{DONE, DONE, DONE}, EXIT_OK, ""},
		{{STORED}, EXIT_STORED, "stored: the 2 requests up to line 3; what follows"},
		{{DONE, STORED}, EXIT_STORED, "stored: the 4 requests up to line 5; what follows"},
		{{DONE, DONE, STORED}, EXIT_STORED, "stored: the 5 requests up to line 6; "},
		{{DONE, REFUSED}, EXIT_REFUSED, "done and kept: the 2 requests before its batch"},
		{{REFUSED}, EXIT_REFUSED, "nothing of the file has been done"},
	};
	struct fixture *f = *state;
	const char *const words[] = {"batch", f->file, "--each", "2"};
	char text[4096];

	write_file(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(f, cases[i].replies);
		assert_int_equal(run(f, words, 4, text), cases[i].status);
		assert_says(text, cases[i].text);
		if (cases[i].status == EXIT_STORED)
			assert_null(strstr(text, "nothing of the file"));
		client_close(f->session.client);
		f->session.client = NULL;
		waitpid(f->child, NULL, 0);
		f->child = 0;
		unlink(f->socket);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_command),
		TEST(test_batch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
