#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lock.h"

static int make_directory(const char *dir, mode_t mode)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -1;
		*slash = '/';
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return -1;
	return 0;
}

/* The lock is the truth, the number in the file is for people. */
static void say_holder(int fd, const char *dir)
{
	char pid[16] = "";
	const ssize_t len = pread(fd, pid, sizeof(pid) - 1, 0);

	if (len > 0)
		pid[strcspn(pid, "\n")] = '\0';
	fprintf(stderr, "ptrd-control: %s is in use by another ptrd-control (pid %s)\n", dir,
		len > 0 ? pid : "unknown");
}

int lock_directory(const char *dir, mode_t mode, const char *file)
{
	char path[4096];

	if (make_directory(dir, mode) < 0
		|| snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path)) {
		fprintf(stderr, "ptrd-control: cannot make directory %s: %s\n", dir,
			strerror(errno));
		return -1;
	}
	const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		fprintf(stderr, "ptrd-control: cannot open %s: %s\n", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			say_holder(fd, dir);
		else
			fprintf(stderr, "ptrd-control: cannot lock %s: %s\n", path,
				strerror(errno));
		close(fd);
		return -1;
	}
	/* A full disk must not keep the process from starting: the number may be missing. */
	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%d\n", (int)getpid()) < 0)
		fprintf(stderr, "ptrd-control: cannot write %s: %s\n", path, strerror(errno));
	return fd;
}
