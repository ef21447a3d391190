#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_rcu_qsbr.h>

#include "node.h"

struct node {
	char *path;
	int fd; /* -1: no segment seen yet */
	dev_t device;
	ino_t inode;
	struct ptrd_node *segment;
	/* Added to the segment's tokens, so that ours keep rising when a segment is replaced. */
	uint64_t token_base, last_token;
};

struct node *node_open(const char *run_dir)
{
	struct node *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return NULL;
	n->fd = -1;
	if (asprintf(&n->path, "%s/%s", run_dir, PTRD_NODE_FILE) < 0) {
		free(n);
		return NULL;
	}
	return n;
}

static void unmap(struct node *n)
{
	if (n->fd < 0)
		return;
	munmap(n->segment, sizeof(*n->segment));
	close(n->fd);
	n->fd = -1;
	n->segment = NULL;
}

void node_close(struct node *n)
{
	if (n == NULL)
		return;
	unmap(n);
	free(n->path);
	free(n);
}

/* Maps the segment that the path names now. Without a valid one, n->fd stays -1. */
static void map(struct node *n)
{
	struct stat st;
	int fd = open(n->path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && (uint64_t)st.st_size == sizeof(struct ptrd_node)) {
		struct ptrd_node *segment
			= mmap(NULL, sizeof(*segment), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (segment != MAP_FAILED) {
			if (segment->magic == PTRD_NODE_MAGIC
				&& segment->size == sizeof(*segment)) {
				n->fd = fd;
				n->device = st.st_dev;
				n->inode = st.st_ino;
				n->segment = segment;
				/* It counts from its own start: what waits for an earlier token
				 * was unlinked before this segment's dataplane took its lock. */
				n->token_base = n->last_token;
				return;
			}
			munmap(segment, sizeof(*segment));
		}
	}
	close(fd);
}

/* True if someone holds the write lock. An error counts as "held": wait rather than free too
 * early. */
static bool locked(const struct node *n)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(n->fd, F_OFD_GETLK, &lock) < 0 || lock.l_type != F_UNLCK;
}

bool node_alive(struct node *n)
{
	struct stat st;

	if (n->fd >= 0 && locked(n))
		return true;
	/* Not held: either nobody is there, or a dataplane has made a new segment. */
	if (stat(n->path, &st) < 0)
		return false;
	if (n->fd >= 0 && st.st_ino == n->inode && st.st_dev == n->device)
		return false;
	unmap(n);
	map(n);
	return n->fd >= 0 && locked(n);
}

uint64_t node_last_applied(struct node *n)
{
	node_alive(n);
	if (n->segment == NULL)
		return 0;
	/* Acquire: pairs with the dataplane's release once no reader sees the generation before. */
	return atomic_load_explicit(&n->segment->applied_generation, memory_order_acquire);
}

uint64_t node_applied(struct node *n)
{
	return node_alive(n) ? node_last_applied(n) : UINT64_MAX;
}

static struct rte_rcu_qsbr *qsbr_of(const struct node *n)
{
	return (struct rte_rcu_qsbr *)n->segment->qsbr;
}

uint64_t node_token(struct node *n)
{
	/* Look for a dataplane after the unlinking stores, not before: one that has started
	 * since the last look may have read what they unlinked. One that starts after this look
	 * cannot. */
	node_alive(n);
	/* Without a segment no reader was ever there; any token is passed at once. */
	n->last_token = n->segment == NULL ? n->last_token + 1
					   : n->token_base + rte_rcu_qsbr_start(qsbr_of(n));
	return n->last_token;
}

bool node_passed(struct node *n, uint64_t token)
{
	if (!node_alive(n) || token <= n->token_base)
		return true;
	return rte_rcu_qsbr_check(qsbr_of(n), token - n->token_base, false) == 1;
}

const struct ptrd_node *node_segment(struct node *n)
{
	node_alive(n);
	return n->segment;
}
