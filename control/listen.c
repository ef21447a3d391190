#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "listen.h"

#define BACKLOG 128

static int fail(const char *path, const char *what)
{
	fprintf(stderr, "ptrd-control: socket %s: %s: %s\n", path, what, strerror(errno));
	return -1;
}

static int name_socket(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path)) {
		fprintf(stderr, "ptrd-control: socket %s: the path is longer than %zu bytes\n",
			path, sizeof(address->sun_path) - 1);
		return -1;
	}
	memcpy(address->sun_path, path, strlen(path) + 1);
	return 0;
}

/* Nothing at the path, or a socket that nobody listens on. */
static int check_free(const char *path, const struct sockaddr_un *address)
{
	struct stat stat;

	if (lstat(path, &stat) < 0)
		return errno == ENOENT ? 0 : fail(path, "stat");
	if (!S_ISSOCK(stat.st_mode)) {
		fprintf(stderr, "ptrd-control: socket %s: there is a file of another kind\n", path);
		return -1;
	}
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(path, "socket");
	/* A full backlog, EAGAIN, is a sign of life too. */
	const int result = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	const int error = errno;

	close(fd);
	if (result < 0 && error == ECONNREFUSED)
		return 0;
	fprintf(stderr, "ptrd-control: socket %s: another process listens on it\n", path);
	return -1;
}

static int set_access(const char *path, const struct ptrd_config_control *config)
{
	if (config->socket_group != NULL) {
		const struct group *group = getgrnam(config->socket_group);

		if (group == NULL) {
			fprintf(stderr, "ptrd-control: socket_group %s: there is no such group\n",
				config->socket_group);
			return -1;
		}
		if (chown(path, (uid_t)-1, group->gr_gid) < 0)
			return fail(path, "chown");
	}
	if (chmod(path, (mode_t)config->socket_mode) < 0)
		return fail(path, "chmod");
	return 0;
}

/*
 * Gets its name by a rename once its mode is right: no moment without a socket or with another's
 * mode.
 */
static int bind_over(int fd, const struct ptrd_config_control *config, const char *path)
{
	struct sockaddr_un address;
	char temporary[sizeof(address.sun_path) + 8];

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	if (name_socket(&address, temporary) < 0)
		return -1;
	/* Left by a process that died right here. */
	if (unlink(temporary) < 0 && errno != ENOENT)
		return fail(temporary, "unlink");
	const mode_t mask = umask(0177);
	const int bound = bind(fd, (const struct sockaddr *)&address, sizeof(address));

	umask(mask);
	if (bound < 0)
		return fail(temporary, "bind");
	if (set_access(temporary, config) < 0
		|| (listen(fd, BACKLOG) < 0 && fail(path, "listen") < 0)
		|| (rename(temporary, path) < 0 && fail(path, "rename") < 0)) {
		unlink(temporary);
		return -1;
	}
	return 0;
}

int listen_open(const struct ptrd_config_control *config)
{
	struct sockaddr_un address;

	if (name_socket(&address, config->socket) < 0 || check_free(config->socket, &address) < 0)
		return -1;
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(config->socket, "socket");
	if (bind_over(fd, config, config->socket) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void listen_close(int fd, const struct ptrd_config_control *config)
{
	unlink(config->socket);
	close(fd);
}
