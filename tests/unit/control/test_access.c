/* Who the other end of a connection is: real processes with real users and groups connect. */
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "access.h"

#define ROLES_MOST 4

static char dir[] = "/tmp/ptrd-test-access-XXXXXX";
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static int listener = -1;

static int set_up(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) < 0)
		return -1;
	/* A client that cannot connect is a failure, not a wait. */
	const struct timeval patience = {.tv_sec = 60};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return listener < 0
			|| setsockopt(
				   listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience))
				< 0
			|| bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0
			|| chmod(address.sun_path, 0666) < 0 || listen(listener, 8) < 0
		? -1
		: 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(listener);
	unlink(address.sun_path);
	return rmdir(dir);
}

/* As whom a client connects. */
struct client {
	uid_t uid;
	gid_t gid;
	gid_t groups[3]; /* beside it; 0: no more */
};

static void connect_as(const struct client *client)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t groups = 0;
	char byte;

	while (groups < 3 && client->groups[groups] != 0)
		groups++;
	if (setgroups(groups, client->groups) < 0
		|| setresgid(client->gid, client->gid, client->gid) < 0
		|| setresuid(client->uid, client->uid, client->uid) < 0
		|| connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(1);
	/* Until the other end is closed. */
	_exit(read(fd, &byte, 1) == 0 ? 0 : 2);
}

/* `own`: the user that the daemon runs as. */
static struct actor identify_as(uid_t own, const struct access *access, const struct client *client)
{
	struct actor actor;
	int status;

	fflush(NULL);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		connect_as(client);
	const int fd = accept(listener, NULL, NULL);
	assert_true(fd >= 0);
	assert_int_equal(seteuid(own), 0);
	access_identify(access, fd, &actor);
	assert_int_equal(seteuid(0), 0);
	close(fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	return actor;
}

static struct actor identify(const struct access *access, const struct client *client)
{
	return identify_as(0, access, client);
}

/* Writable copies of the words: the configuration owns its strings. */
struct named {
	char *user, *group, *role;
};

static struct access *open_access(const struct named *roles, bool open)
{
	struct ptrd_config_role rows[ROLES_MOST];
	struct ptrd_config_control config = {.roles = rows, .roles_open = open};

	while (config.roles_count < ROLES_MOST && roles[config.roles_count].role != NULL) {
		const struct named *named = &roles[config.roles_count];

		rows[config.roles_count++] = (struct ptrd_config_role){
			.user = named->user, .group = named->group, .role = named->role, .line = 7};
	}
	return access_new(&config, "/etc/ptrd.yaml");
}

#define USER(name, role)                                                                           \
	{                                                                                          \
		(char[]){name}, NULL, (char[])                                                     \
		{                                                                                  \
			role                                                                       \
		}                                                                                  \
	}
#define GROUP(name, role)                                                                          \
	{                                                                                          \
		NULL, (char[]){name}, (char[])                                                     \
		{                                                                                  \
			role                                                                       \
		}                                                                                  \
	}

/* Users and groups 1 (daemon) to 4 are in every Debian; nobody has the number 70001. */
static void test_roles(void **state)
{
	const struct {
		struct named roles[ROLES_MOST];
		bool open;
		struct client client;
		enum role role;
		const char *project, *name;
	} cases[] = {
		/* No roles: whoever may open the socket. */
		{{{0}}, true, {0, 0, {0}}, ROLE_OPERATOR, "", "root"},
		{{{0}}, true, {1, 1, {0}}, ROLE_OPERATOR, "", "daemon"},
		{{{0}}, true, {70001, 70001, {0}}, ROLE_OPERATOR, "", "uid 70001"},
		/* An empty list: root alone. */
		{{{0}}, false, {0, 0, {0}}, ROLE_OPERATOR, "", "root"},
		{{{0}}, false, {1, 1, {0}}, ROLE_NONE, "", "daemon"},
		{{{0}}, false, {70001, 0, {0}}, ROLE_NONE, "", "uid 70001"},
		/* By user, name or number; another one. */
		{{USER("daemon", "viewer")}, false, {1, 1, {0}}, ROLE_VIEWER, "", "daemon"},
		{{USER("1", "operator")}, false, {1, 70001, {0}}, ROLE_OPERATOR, "", "daemon"},
		{{USER("70001", "project:shop")}, false, {70001, 1, {0}}, ROLE_PROJECT, "shop",
			"uid 70001"},
		{{USER("70001", "operator")}, false, {70002, 1, {0}}, ROLE_NONE, "", "uid 70002"},
		{{USER("70001", "operator")}, false, {70000, 1, {0}}, ROLE_NONE, "", "uid 70000"},
		/* A user's number is no group's, and the other way round. */
		{{USER("70001", "operator")}, false, {1, 70001, {0}}, ROLE_NONE, "", "daemon"},
		{{GROUP("70001", "operator")}, false, {70001, 1, {0}}, ROLE_NONE, "", "uid 70001"},
		/* By group: the first one, one of the others, the last one, none. */
		{{GROUP("daemon", "viewer")}, false, {70001, 1, {0}}, ROLE_VIEWER, "", "uid 70001"},
		{{GROUP("70002", "viewer")}, false, {2, 2, {70002, 3, 4}}, ROLE_VIEWER, "", "bin"},
		{{GROUP("70002", "viewer")}, false, {2, 2, {3, 4, 70002}}, ROLE_VIEWER, "", "bin"},
		{{GROUP("70002", "viewer")}, false, {2, 2, {3, 4, 70003}}, ROLE_NONE, "", "bin"},
		/* The first that fits holds. */
		{{GROUP("3", "project:a"), USER("bin", "project:b")}, false, {2, 2, {3}},
			ROLE_PROJECT, "a", "bin"},
		{{USER("bin", "project:b"), GROUP("3", "project:a")}, false, {2, 2, {3}},
			ROLE_PROJECT, "b", "bin"},
		{{USER("daemon", "viewer"), GROUP("4", "viewer"), GROUP("3", "project:a")}, false,
			{2, 2, {3}}, ROLE_PROJECT, "a", "bin"},
		/* Root is what it is listed as; else it stays an operator. */
		{{USER("root", "viewer")}, false, {0, 0, {0}}, ROLE_VIEWER, "", "root"},
		{{GROUP("3", "project:a")}, false, {0, 0, {3}}, ROLE_PROJECT, "a", "root"},
		{{USER("daemon", "viewer")}, false, {0, 0, {0}}, ROLE_OPERATOR, "", "root"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct access *access = open_access(cases[i].roles, cases[i].open);

		assert_non_null(access);
		const struct actor actor = identify(access, &cases[i].client);

		if (actor.role != cases[i].role || strcmp(actor.project, cases[i].project) != 0
			|| strcmp(actor.name, cases[i].name) != 0)
			fail_msg("case %zu: role %d, project \"%s\", name \"%s\"", i, actor.role,
				actor.project, actor.name);
		access_free(access);
	}
	const struct actor actor = identify(NULL, &(struct client){70001, 1, {0}});
	assert_int_equal(actor.role, ROLE_OPERATOR);
	assert_string_equal(actor.name, "uid 70001");
}

/* The daemon's own user, which need not be root. */
static void test_own_user(void **state)
{
	struct access *access = open_access((struct named[]){{0}}, false);

	(void)state;
	assert_non_null(access);
	assert_int_equal(identify_as(1, access, &(struct client){1, 1, {0}}).role, ROLE_OPERATOR);
	assert_int_equal(identify_as(2, access, &(struct client){1, 1, {0}}).role, ROLE_NONE);
	access_free(access);
}

/* As many groups as the kernel lets a process have. */
static void test_many_groups(void **state)
{
	enum {
		MOST = 65536
	};
	struct access *access
		= open_access((struct named[]){GROUP("165535", "project:last"), {0}}, false);
	gid_t *groups = calloc(MOST, sizeof(*groups));
	struct actor actor;
	int fds[2];

	(void)state;
	assert_non_null(access);
	assert_non_null(groups);
	for (gid_t i = 0; i < MOST; i++)
		groups[i] = 100000 + i;
	const int before = getgroups(0, NULL);
	gid_t *kept = calloc((size_t)before + 1, sizeof(*kept));
	assert_int_equal(getgroups(before, kept), before);
	assert_int_equal(setgroups(MOST, groups), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(setgroups((size_t)before, kept), 0);
	access_identify(access, fds[0], &actor);
	assert_int_equal(actor.role, ROLE_PROJECT);
	assert_string_equal(actor.project, "last");
	close(fds[0]);
	close(fds[1]);
	free(kept);
	free(groups);
	access_free(access);
}

/* One of whom the kernel does not tell has no role, whatever else holds. */
static void test_no_socket(void **state)
{
	struct actor actor = actor_operator;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	access_identify(NULL, fds[0], &actor);
	assert_int_equal(actor.role, ROLE_NONE);
	close(fds[0]);
	close(fds[1]);
}

static struct access *open_said(const struct named *roles, char said[1024])
{
	FILE *capture = tmpfile();
	const int before = dup(STDERR_FILENO);

	assert_non_null(capture);
	fflush(stderr);
	assert_true(dup2(fileno(capture), STDERR_FILENO) >= 0);
	struct access *access = open_access(roles, false);
	fflush(stderr);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	close(before);
	rewind(capture);
	said[fread(said, 1, 1023, capture)] = '\0';
	fclose(capture);
	return access;
}

static void test_unknown(void **state)
{
	char said[1024];

	(void)state;
	assert_null(
		open_said((struct named[]){USER("daemon", "viewer"), USER("no-such-user", "viewer"),
				  GROUP("no-such-group", "viewer"), {0}},
			said));
	assert_string_equal(said,
		"/etc/ptrd.yaml:7: control.roles.1.user: there is no user \"no-such-user\"\n"
		"/etc/ptrd.yaml:7: control.roles.2.group: there is no group \"no-such-group\"\n");
	/* 4294967295 is -1, which stands for no user. */
	assert_null(open_said((struct named[]){USER("4294967295", "operator"), {0}}, said));
	assert_null(open_said((struct named[]){GROUP("4294967296", "operator"), {0}}, said));
	struct access *access
		= open_said((struct named[]){USER("4294967294", "operator"), {0}}, said);
	assert_non_null(access);
	assert_string_equal(said, "");
	access_free(access);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_own_user),
		cmocka_unit_test(test_many_groups),
		cmocka_unit_test(test_no_socket),
		cmocka_unit_test(test_unknown),
	};

	if (geteuid() != 0) {
		puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
