/* The node segment between processes that start, race and die, and the workers' place in it. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include <rte_rcu_qsbr.h>

#include "node.h"
#include "worker.h"

#define WAIT_MS 20000 /* that something happens that must happen */

struct rig {
	char folder[64];
	char path[128]; /* of the segment */
	struct node node;
	struct serving serving;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	if (rig == NULL)
		return -1;
	*state = rig;
	(void)strcpy(rig->folder, "/tmp/test_node.XXXXXX");
	if (mkdtemp(rig->folder) == NULL || node_open(&rig->node, rig->folder) != 0)
		return -1;
	(void)snprintf(rig->path, sizeof(rig->path), "%s/%s", rig->folder, PTRD_NODE_FILE);
	rig->serving.node = rig->node.shared;
	return 0;
}

/* Fails if anything but the segment is left. */
static int tear_down(void **state)
{
	struct rig *rig = *state;

	node_close(&rig->node);
	(void)unlink(rig->path);
	const int err = rmdir(rig->folder);
	free(rig);
	return err;
}

struct holder {
	struct node *node;
	int inotify;
};

/* Gives the segment up when it has been opened twice: whoever opens it a second time has found it
 * locked the first time. */
static void *hold_for_two_opens(void *argument)
{
	struct holder *holder = argument;
	struct pollfd poll_fd = {.fd = holder->inotify, .events = POLLIN};
	struct inotify_event opened; /* of a watched file: it has no name */

	for (int i = 0; i < 2; i++)
		if (poll(&poll_fd, 1, WAIT_MS) <= 0
			|| read(holder->inotify, &opened, sizeof(opened)) != sizeof(opened))
			break;
	node_close(holder->node);
	return NULL;
}

/* A killed process may hold its lock for a while after its successor has been started. */
static void test_waits_for_dying_predecessor(void **state)
{
	struct rig *rig = *state;
	struct holder holder = {.node = &rig->node, .inotify = inotify_init1(IN_CLOEXEC)};
	struct node second;
	pthread_t thread;

	assert_true(inotify_add_watch(holder.inotify, rig->path, IN_OPEN) >= 0);
	assert_int_equal(pthread_create(&thread, NULL, hold_for_two_opens, &holder), 0);
	const int err = node_open(&second, rig->folder);
	assert_int_equal(pthread_join(thread, NULL), 0);
	close(holder.inotify);
	assert_int_equal(err, 0);
	rig->node = second;
}

#define RACERS 4

struct race {
	atomic_uint waiting;
	atomic_bool go;
	atomic_uint won;
	atomic_uint lost;
	ino_t inode; /* the winner's */
};

static void run_racer(struct race *race, const char *folder)
{
	struct node node;
	struct stat status;

	atomic_fetch_add(&race->waiting, 1);
	while (!atomic_load(&race->go))
		sched_yield();
	if (node_open(&node, folder) != 0) {
		atomic_fetch_add(&race->lost, 1);
	} else if (fstat(node.fd, &status) == 0) {
		race->inode = status.st_ino;
		atomic_fetch_add(&race->won, 1);
	}
	(void)pause();
	_exit(0);
}

static void race_for_node(const struct rig *rig, struct race *race)
{
	pid_t racer[RACERS];
	struct stat status;

	for (int i = 0; i < RACERS; i++) {
		racer[i] = fork();
		assert_true(racer[i] >= 0);
		if (racer[i] == 0)
			run_racer(race, rig->folder);
	}
	while (atomic_load(&race->waiting) < RACERS)
		sched_yield();
	atomic_store(&race->go, true);
	for (int waited = 0; waited < WAIT_MS; waited += 10) {
		if (atomic_load(&race->won) + atomic_load(&race->lost) == RACERS)
			break;
		usleep(10 * 1000);
	}
	for (int i = 0; i < RACERS; i++) {
		(void)kill(racer[i], SIGKILL);
		(void)waitpid(racer[i], NULL, 0);
	}
	assert_int_equal(atomic_load(&race->won), 1);
	assert_int_equal(atomic_load(&race->lost), RACERS - 1);
	assert_int_equal(stat(rig->path, &status), 0);
	assert_int_equal(status.st_ino, race->inode);
}

/* Started together, with no segment there or with garbage: one has it, and has the one that the
 * control process finds. */
static void test_race_has_one_winner(void **state)
{
	struct rig *rig = *state;
	struct race *race = mmap(
		NULL, sizeof(*race), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(race, MAP_FAILED);
	node_close(&rig->node);
	for (int round = 0; round < 3; round++) {
		*race = (struct race){0};
		if (round == 1) {
			assert_int_equal(truncate(rig->path, 100), 0);
		} else {
			assert_int_equal(unlink(rig->path), 0);
		}
		race_for_node(rig, race);
	}
	munmap(race, sizeof(*race));
}

/* A worker is a reader before it is launched, and none after it has ended. */
static void test_worker_is_registered(void **state)
{
	struct rig *rig = *state;
	struct rte_rcu_qsbr *qsbr = node_qsbr(rig->node.shared);
	struct worker worker = {.serving = &rig->serving, .reader = PTRD_READERS_MAX};

	assert_int_equal(worker_register(&worker), -1); /* one too many */
	assert_int_equal(qsbr->num_threads, 0);
	worker.reader = PTRD_READERS_MAX - 1;
	assert_int_equal(worker_register(&worker), 0);
	assert_int_equal(qsbr->num_threads, 1);
	assert_int_equal(rte_rcu_qsbr_check(qsbr, rte_rcu_qsbr_start(qsbr), false), 1);
	atomic_store(&rig->serving.stop, true);
	assert_int_equal(worker_run(&worker), 0);
	assert_int_equal(qsbr->num_threads, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_waits_for_dying_predecessor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_race_has_one_winner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_worker_is_registered, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
