#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ptrctl_rig.h"

static _Noreturn void serve(
	int listener, bool (*answer)(const char *line, FILE *out, void *context), void *context)
{
	const int fd = accept(listener, NULL, NULL);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	FILE *out = fd >= 0 ? fdopen(dup(fd), "w") : NULL;
	char *line = NULL;
	size_t room = 0;

	signal(SIGPIPE, SIG_IGN);
	while (in != NULL && out != NULL && getline(&line, &room, in) > 0) {
		if (!answer(line, out, context) || fflush(out) != 0)
			break;
	}
	_exit(0);
}

void rig_start(struct fixture *f, bool (*answer)(const char *line, FILE *out, void *context),
	void *context)
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
		serve(fd, answer, context);
	}
	close(fd);
}

void rig_stop(struct fixture *f)
{
	client_close(f->session.client);
	f->session.client = NULL;
	if (f->child > 0) {
		kill(f->child, SIGKILL);
		waitpid(f->child, NULL, 0);
	}
	f->child = 0;
	unlink(f->socket);
}

int rig_set_up(void **state)
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

int rig_tear_down(void **state)
{
	struct fixture *f = *state;

	rig_stop(f);
	unlink(f->file);
	rmdir(f->dir);
	free(f);
	return 0;
}

/* Puts what the command writes to `stream` into `text`. */
static enum exit_status run_captured(struct fixture *f, const char *const words[], int count,
	FILE *stream, char text[static RIG_TEXT_MAX])
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
	const int saved = dup(fileno(stream));
	assert_non_null(capture);
	assert_true(saved >= 0);
	fflush(stream);
	dup2(fileno(capture), fileno(stream));
	const enum exit_status status = command->run(&f->session, command, params);
	fflush(stream);
	dup2(saved, fileno(stream));
	close(saved);
	rewind(capture);
	text[fread(text, 1, RIG_TEXT_MAX - 1, capture)] = '\0';
	fclose(capture);
	json_decref(params);
	return status;
}

enum exit_status rig_run(
	struct fixture *f, const char *const words[], int count, char text[static RIG_TEXT_MAX])
{
	return run_captured(f, words, count, stderr, text);
}

enum exit_status rig_run_json(
	struct fixture *f, const char *const words[], int count, char text[static RIG_TEXT_MAX])
{
	f->session.json = true;
	const enum exit_status status = run_captured(f, words, count, stdout, text);
	f->session.json = false;
	return status;
}

void rig_write(const struct fixture *f, const char *content)
{
	FILE *file = fopen(f->file, "w");

	assert_non_null(file);
	fputs(content, file);
	assert_int_equal(fclose(file), 0);
}

void rig_name_file(const struct fixture *f, char *text)
{
	const size_t len = strlen(f->file);
	char *at;

	while ((at = strstr(text, f->file)) != NULL) {
		memcpy(at, "FILE", 4);
		memmove(at + 4, at + len, strlen(at + len) + 1);
	}
}

void assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no '%s' in: %s", part, text);
}
