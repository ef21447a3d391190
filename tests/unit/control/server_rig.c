#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "listen.h"
#include "server.h"
#include "server_rig.h"

#define REGION "{'name':'eu','prefixes':['10.0.0.0/8'],'suffix':'compute.example.com'}"

/* SIG_BLOCK or SIG_UNBLOCK of what asks the child to end */
static void mask_end(int how)
{
	sigset_t end;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(how, &end, NULL);
}

static void serve(struct fixture *f)
{
	struct ptrd_config_control config = {.socket = f->socket, .socket_mode = 0620};

	/* A test that is killed takes its server along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	const int fd = listen_open(&config);
	struct server *server = fd >= 0 ? server_new(&f->rig->control, fd) : NULL;

	if (server == NULL)
		_exit(99);
	mask_end(SIG_UNBLOCK);
	server_run(server);
	server_free(server);
	listen_close(fd, &config);
	store_close(f->rig->control.store);
	_exit(0);
}

int dial(const struct fixture *f)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, f->socket);
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		assert_true(errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN);
		assert_int_equal(waitpid(f->child, NULL, WNOHANG), 0);
		usleep(1000);
	}
	return fd;
}

int dial_as(const struct fixture *f, uid_t uid)
{
	/* The kernel tells the effective user of who connects. */
	assert_int_equal(chmod(f->rig->dir, 0711), 0);
	assert_int_equal(chmod(f->socket, 0666), 0);
	assert_int_equal(seteuid(uid), 0);
	const int fd = dial(f);
	assert_int_equal(seteuid(0), 0);
	return fd;
}

static int start(void **state, struct access *access)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->access = access;
	f->applied = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(f->applied != MAP_FAILED);
	f->rig = rig_new();
	f->rig->control.publisher->applied = f->applied;
	f->rig->control.access = access;
	json_decref(rig_ok(f->rig, "region.create", REGION));
	/* From here on each change waits for generation 1. */
	f->rig->control.publisher->next = 1;
	*f->applied = 1;
	snprintf(f->socket, sizeof(f->socket), "%s/s", f->rig->dir);
	fflush(NULL);
	/* A short test may ask the child to end while it is still beginning. */
	mask_end(SIG_BLOCK);
	f->child = fork();
	assert_true(f->child >= 0);
	if (f->child == 0)
		serve(f);
	mask_end(SIG_UNBLOCK);
	*state = f;
	return 0;
}

int server_set_up(void **state)
{
	return start(state, NULL);
}

int server_set_up_roles(void **state)
{
	char users[][6] = {"61001", "61002"}, roles[][10] = {"project:a", "project:b"};
	struct ptrd_config_role rows[]
		= {{.user = users[0], .role = roles[0]}, {.user = users[1], .role = roles[1]}};
	struct access *access = access_new(
		&(struct ptrd_config_control){.roles = rows, .roles_count = 2}, "roles");

	assert_non_null(access);
	return start(state, access);
}

int server_tear_down(void **state)
{
	struct fixture *f = *state;
	int status = 0;

	/* 0: the test has seen it end. */
	if (f->child > 0) {
		kill(f->child, SIGTERM);
		waitpid(f->child, &status, 0);
	}
	rig_free(f->rig);
	access_free(f->access);
	munmap((void *)(uintptr_t)f->applied, 4096);
	free(f);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

void send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		assert_true(sent > 0);
		bytes += sent;
		len -= (size_t)sent;
	}
}

void say(int fd, const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *c = copy; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	send_all(fd, copy, strlen(copy));
	free(copy);
}

json_t *hear(int fd)
{
	static char line[2 * 1024 * 1024];
	size_t len = 0;

	for (;;) {
		const ssize_t got = recv(fd, line + len, 1, 0);

		if (got <= 0)
			return NULL;
		if (line[len] == '\n')
			break;
		len++;
		assert_true(len < sizeof(line));
	}
	json_t *reply = json_loadb(line, len, 0, NULL);
	assert_non_null(reply);
	return reply;
}

void expect(int fd, int id, const char *code)
{
	json_t *reply = hear(fd);

	assert_non_null(reply);
	if (id < 0)
		assert_true(json_is_null(rig_at(reply, "id")));
	else
		assert_int_equal(rig_number(reply, "id"), id);
	if (code[0] == '\0')
		(void)rig_at(reply, "result");
	else
		assert_string_equal(rig_text(reply, "error.data.code"), code);
	json_decref(reply);
}
