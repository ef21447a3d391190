#include "node.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

#include <rte_rcu_qsbr.h>

#include "log.h"

#define NODE_MODE 0640
/* A killed process holds its lock till the kernel has taken its memory apart. */
#define BUSY_TRIES 100
#define BUSY_PAUSE_MS 20

enum outcome {
	FAILED = -1, /* and told */
	TAKEN,
	MISSING, /* nothing has the name */
	BUSY,    /* another process holds the lock, or got the name first */
};

struct rte_rcu_qsbr *node_qsbr(struct ptrd_node *shared)
{
	return (void *)shared->qsbr;
}

/* Write lock over the whole file. Returns 0, or -1 with errno. */
static int lock(int fd)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &whole);
}

static struct ptrd_node *map(int fd)
{
	void *base
		= mmap(NULL, sizeof(struct ptrd_node), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return base == MAP_FAILED ? NULL : base;
}

static enum outcome fail(const char *path, const char *what)
{
	log_line("%s: %s: %s", path, what, strerror(errno));
	return FAILED;
}

static void describe(struct ptrd_node *shared)
{
	atomic_store_explicit(&shared->pid, (uint64_t)getpid(), memory_order_relaxed);
	atomic_store_explicit(&shared->started, (uint64_t)time(NULL), memory_order_relaxed);
}

/*
 * Nobody is a reader now, whatever the predecessor was. The variable is not initialized anew: the
 * control process may be counting its tokens.
 */
static void clear_readers(struct ptrd_node *shared)
{
	struct rte_rcu_qsbr *qsbr = node_qsbr(shared);

	for (unsigned reader = 0; reader < PTRD_READERS_MAX; reader++) {
		/* Unregistering leaves the counter; one that is online and behind would hold up
		 * every grace period from the moment its successor registers. */
		rte_rcu_qsbr_thread_offline(qsbr, reader);
		rte_rcu_qsbr_thread_unregister(qsbr, reader); /* fails on an id out of range only */
	}
	atomic_store_explicit(&shared->readers, 0, memory_order_relaxed);
}

static void clear_counters(struct ptrd_node *shared)
{
	for (unsigned reader = 0; reader < PTRD_READERS_MAX; reader++) {
		struct ptrd_counters *counters = &shared->counters[reader];

		for (unsigned i = 0; i < PTRD_OUTCOME_COUNT; i++)
			atomic_store_explicit(&counters->outcome[i], 0, memory_order_relaxed);
		for (unsigned i = 0; i < PTRD_EVENT_COUNT; i++)
			atomic_store_explicit(&counters->event[i], 0, memory_order_relaxed);
		atomic_store_explicit(&counters->cycles, 0, memory_order_relaxed);
		atomic_store_explicit(&counters->busy_cycles, 0, memory_order_relaxed);
	}
}

/* Is the open file the one that has the name? */
static bool has_name(int fd, const char *path)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && stat(path, &named) == 0
		&& open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

/*
 * Opens and locks the file that has the name; one that is no segment loses it. It is judged under
 * its lock and while it has the name, so that of several processes one alone does so.
 */
static enum outcome take_over(struct node *node, const char *path)
{
	struct stat status;

	node->fd = open(path, O_RDWR | O_CLOEXEC);
	if (node->fd < 0)
		return errno == ENOENT ? MISSING : fail(path, "cannot open");
	if (fstat(node->fd, &status) != 0)
		return fail(path, "cannot stat");
	const bool whole = status.st_size == sizeof(struct ptrd_node);
	if (whole && (node->shared = map(node->fd)) == NULL)
		return fail(path, "cannot map");
	if (lock(node->fd) != 0)
		return errno == EAGAIN || errno == EACCES ? BUSY : fail(path, "cannot lock");
	if (!has_name(node->fd, path))
		return BUSY; /* somebody else was faster */
	if (!whole || node->shared->magic != PTRD_NODE_MAGIC
		|| node->shared->size != sizeof(struct ptrd_node)
		|| node_qsbr(node->shared)->max_threads != PTRD_READERS_MAX)
		return unlink(path) == 0 ? MISSING : fail(path, "cannot replace");
	clear_readers(node->shared);
	clear_counters(node->shared);
	/* The directory that the predecessor applied is not served until it has been read again. */
	atomic_store_explicit(&node->shared->applied_generation, 0, memory_order_release);
	return TAKEN;
}

/* Makes the file under a temporary name, so that whoever opens it by its own finds it whole and
 * locked. */
static enum outcome make(struct node *node, const char *path)
{
	char temporary[PATH_MAX];

	if (snprintf(temporary, sizeof(temporary), "%s.%d", path, getpid())
		>= (int)sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return fail(path, "cannot create");
	}
	(void)unlink(temporary); /* of an earlier process with our pid */
	node->fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, NODE_MODE);
	if (node->fd < 0 || ftruncate(node->fd, sizeof(struct ptrd_node)) != 0
		|| lock(node->fd) != 0 || (node->shared = map(node->fd)) == NULL) {
		(void)fail(temporary, "cannot create");
		(void)unlink(temporary);
		return FAILED;
	}
	_Static_assert(sizeof(struct rte_rcu_qsbr) < PTRD_QSBR_SIZE, "room for the variable");
	if (rte_rcu_qsbr_get_memsize(PTRD_READERS_MAX) > PTRD_QSBR_SIZE
		|| rte_rcu_qsbr_init(node_qsbr(node->shared), PTRD_READERS_MAX) != 0) {
		log_line(
			"%s: this DPDK's rte_rcu_qsbr is of another size than the segment was laid out for",
			path);
		(void)unlink(temporary);
		return FAILED;
	}
	node->shared->magic = PTRD_NODE_MAGIC;
	node->shared->size = sizeof(struct ptrd_node);
	/* Not rename(2): that would take the name from another process which has just made one. */
	const int named = link(temporary, path);
	const int saved = errno;
	(void)unlink(temporary);
	errno = saved;
	if (named != 0)
		return saved == EEXIST ? BUSY : fail(path, "cannot name");
	return has_name(node->fd, path) ? TAKEN : BUSY;
}

static void release(struct node *node)
{
	if (node->shared != NULL)
		munmap(node->shared, sizeof(struct ptrd_node));
	if (node->fd >= 0)
		close(node->fd);
	*node = (struct node){.fd = -1};
}

static enum outcome take_or_make(struct node *node, const char *path)
{
	const enum outcome outcome = take_over(node, path);

	if (outcome != MISSING)
		return outcome;
	release(node);
	return make(node, path);
}

static void tell_busy(const struct node *node, const char *path)
{
	const uint64_t pid = node->shared != NULL ? atomic_load(&node->shared->pid) : 0;

	log_line("%s: another ptrd-dataplane uses this run_dir, pid %llu", path,
		(unsigned long long)pid);
}

int node_open(struct node *node, const char *run_dir)
{
	const struct timespec pause = {.tv_nsec = BUSY_PAUSE_MS * 1000000L};
	char path[PATH_MAX];

	*node = (struct node){.fd = -1};
	if (mkdir(run_dir, 0755) != 0 && errno != EEXIST)
		return fail(run_dir, "cannot create run_dir");
	if (snprintf(path, sizeof(path), "%s/%s", run_dir, PTRD_NODE_FILE) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return fail(run_dir, "run_dir");
	}
	enum outcome outcome = take_or_make(node, path);
	for (unsigned tries = 1; outcome == BUSY && tries < BUSY_TRIES; tries++) {
		release(node);
		(void)nanosleep(&pause, NULL);
		outcome = take_or_make(node, path);
	}
	if (outcome == BUSY)
		tell_busy(node, path);
	if (outcome != TAKEN) {
		release(node);
		return -1;
	}
	describe(node->shared);
	return 0;
}

void node_close(struct node *node)
{
	if (node->shared == NULL)
		return;
	clear_readers(node->shared);
	atomic_store_explicit(&node->shared->pid, 0, memory_order_relaxed);
	release(node);
}
