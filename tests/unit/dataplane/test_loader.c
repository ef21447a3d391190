/* The node segment and the loader: real files, a real event loop, no EAL. */
#include <dirent.h>
#include <fcntl.h>
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

#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <event2/event.h>

#include <rte_rcu_qsbr.h>

#include "loader.h"
#include "node.h"
#include "table_image.h"
#include "worker.h"

#define WAIT_MS 20000 /* that something happens that must happen */

struct rig {
	char folder[64];
	struct node node;
	struct serving serving;
	struct event_base *base;
};

static int set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	if (rig == NULL)
		return -1;
	*state = rig;
	(void)strcpy(rig->folder, "/tmp/test_loader.XXXXXX");
	if (mkdtemp(rig->folder) == NULL || node_open(&rig->node, rig->folder) != 0)
		return -1;
	rig->serving.node = rig->node.shared;
	rig->base = event_base_new();
	return rig->base != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
	struct rig *rig = *state;
	DIR *directory = opendir(rig->folder);
	struct dirent *entry;

	node_close(&rig->node);
	event_base_free(rig->base);
	while ((entry = readdir(directory)) != NULL)
		(void)unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	const int err = rmdir(rig->folder);
	free(rig);
	return err;
}

static const char *path_of(const struct rig *rig, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", rig->folder, name);
	return path;
}

/* Writes a directory as the control process does: under another name, then renamed. */
static void publish(const struct rig *rig, const char *text)
{
	char temporary[256];
	FILE *file;

	(void)strcpy(temporary, path_of(rig, "directory.json.new"));
	file = fopen(temporary, "w");
	assert_non_null(file);
	(void)fputs(text, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(temporary, path_of(rig, "directory.json")), 0);
}

static void publish_region(const struct rig *rig, int generation, const char *table)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
		"{\"format\": 2, \"generation\": %d, \"regions\": [{\"name\": \"eu-demo\", \"revision\": 7,"
		" \"table\": \"%s/%s\", \"prefixes\": [\"203.0.113.0/24\"],"
		" \"suffix\": \"compute.example.com.\", \"default_name\": \"ecs-{address}.{suffix}\","
		" \"default_ttl\": 300, \"unbound\": \"nxdomain\", \"soa\": {\"mname\": \"ns1.example.com.\","
		" \"rname\": \"hostmaster.example.com.\", \"refresh\": 3600, \"retry\": 900,"
		" \"expire\": 604800, \"minimum\": 300, \"ttl\": 3600},"
		" \"ns\": {\"names\": [\"ns1.example.com.\"], \"ttl\": 3600}}]}",
		generation, rig->folder, table);
	publish(rig, text);
}

static uint64_t applied(const struct rig *rig)
{
	return atomic_load(&rig->node.shared->applied_generation);
}

static const struct dns_view *view(struct rig *rig)
{
	return atomic_load(&rig->serving.view);
}

/* The notification is there as soon as rename(2) has returned. */
static void run_events(struct rig *rig)
{
	assert_true(event_base_loop(rig->base, EVLOOP_NONBLOCK) >= 0);
}

static void test_follows_directory(void **state)
{
	struct rig *rig = *state;
	struct loader *loader = loader_create(rig->base, rig->folder, &rig->serving);

	assert_non_null(loader);
	assert_int_equal(view(rig)->region_count, 0); /* no directory yet */
	assert_int_equal(applied(rig), 0);

	table_image_write(path_of(rig, "eu-demo.1"), "eu-demo");
	publish_region(rig, 1, "eu-demo.1");
	run_events(rig);
	assert_int_equal(applied(rig), 1);
	assert_int_equal(view(rig)->region_count, 1);
	const void *mapped = view(rig)->regions[0].table.header;

	/* The next generation has the same file: it stays mapped where it was. */
	publish_region(rig, 2, "eu-demo.1");
	run_events(rig);
	assert_int_equal(applied(rig), 2);
	assert_ptr_equal(view(rig)->regions[0].table.header, mapped);

	publish(rig, "{\"format\": 2, \"generation\": 3, \"regions\": []}");
	run_events(rig);
	assert_int_equal(applied(rig), 3);
	assert_int_equal(view(rig)->region_count, 0);
	loader_destroy(loader);
}

/* What was served stays served, and the next good directory is taken. */
static void test_keeps_old_view(void **state)
{
	static const char *const bad[]
		= {"", "{", "{\"format\": 1, \"generation\": 9, \"regions\": []}"};
	struct rig *rig = *state;

	table_image_write(path_of(rig, "eu-demo.1"), "eu-demo");
	publish_region(rig, 1, "eu-demo.1");
	struct loader *loader = loader_create(rig->base, rig->folder, &rig->serving);
	assert_non_null(loader);
	assert_int_equal(applied(rig), 1);
	const struct dns_view *before = view(rig);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		publish(rig, bad[i]);
		run_events(rig);
		assert_ptr_equal(view(rig), before);
	}
	publish_region(rig, 2, "missing.2");
	run_events(rig);
	assert_ptr_equal(view(rig), before);
	table_image_write(path_of(rig, "us-demo.3"), "us-demo");
	publish_region(rig, 3, "us-demo.3"); /* another region's table */
	run_events(rig);
	assert_ptr_equal(view(rig), before);
	assert_int_equal(applied(rig), 1);

	table_image_write(path_of(rig, "eu-demo.4"), "eu-demo");
	publish_region(rig, 4, "eu-demo.4");
	run_events(rig);
	assert_int_equal(applied(rig), 4);
	loader_destroy(loader);
}

/* Runs `bad` with standard error in a file; returns how many lines say "not applied". */
static unsigned not_applied_lines(struct rig *rig, void (*bad)(struct rig *rig))
{
	char line[1024];
	unsigned lines = 0;
	FILE *log = tmpfile();
	const int saved = dup(STDERR_FILENO);

	assert_non_null(log);
	assert_true(saved >= 0);
	assert_int_equal(dup2(fileno(log), STDERR_FILENO), STDERR_FILENO);
	bad(rig);
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	rewind(log);
	while (fgets(line, sizeof(line), log) != NULL)
		lines += strstr(line, "not applied") != NULL;
	(void)fclose(log);
	return lines;
}

static void three_times_the_same(struct rig *rig)
{
	for (int i = 0; i < 3; i++) {
		publish_region(rig, 7, "missing");
		run_events(rig);
	}
}

static void two_reasons(struct rig *rig)
{
	publish(rig, "{");
	run_events(rig);
	publish_region(rig, 7, "missing");
	run_events(rig);
}

/* A reason is told when it changes, and again when it comes back after a success. */
static void test_tells_a_reason_once(void **state)
{
	struct rig *rig = *state;
	struct loader *loader = loader_create(rig->base, rig->folder, &rig->serving);

	assert_non_null(loader);
	assert_int_equal(not_applied_lines(rig, three_times_the_same), 1);
	assert_int_equal(not_applied_lines(rig, two_reasons), 2);
	publish(rig, "{\"format\": 2, \"generation\": 8, \"regions\": []}");
	run_events(rig);
	assert_int_equal(applied(rig), 8);
	assert_int_equal(not_applied_lines(rig, three_times_the_same), 1);
	loader_destroy(loader);
}

static void limit_descriptors(rlim_t limit)
{
	struct rlimit descriptors;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
	descriptors.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &descriptors), 0);
}

/* What failed for want of something is applied once that is there, with no new notification. */
static void test_tries_again(void **state)
{
	struct rig *rig = *state;
	struct loader *loader = loader_create(rig->base, rig->folder, &rig->serving);
	struct rlimit descriptors;

	assert_non_null(loader);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
	table_image_write(path_of(rig, "eu-demo.1"), "eu-demo");
	publish_region(rig, 1, "eu-demo.1");
	limit_descriptors(3); /* no open(2) succeeds, a spare descriptor or not */
	run_events(rig);
	assert_int_equal(applied(rig), 0);
	limit_descriptors(descriptors.rlim_cur);
	for (int waited = 0; applied(rig) != 1 && waited < WAIT_MS; waited += 20) {
		run_events(rig);
		usleep(20 * 1000);
	}
	assert_int_equal(applied(rig), 1);
	assert_int_equal(view(rig)->region_count, 1);
	loader_destroy(loader);
}

/* Clients that hold every descriptor do not hold up a directory; and that again and again. */
static void test_loads_without_free_descriptor(void **state)
{
	enum {
		LIMIT = 64
	};
	struct rig *rig = *state;
	struct loader *loader = loader_create(rig->base, rig->folder, &rig->serving);
	struct rlimit descriptors;
	int taken[LIMIT], count = 0;

	assert_non_null(loader);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &descriptors), 0);
	table_image_write(path_of(rig, "eu-demo.1"), "eu-demo");
	limit_descriptors(LIMIT);
	for (int generation = 1; generation <= 3; generation++) {
		publish_region(rig, generation, "eu-demo.1");
		while ((taken[count] = dup(STDERR_FILENO)) >= 0)
			count++;
		run_events(rig);
		const uint64_t now = applied(rig);
		while (count > 0)
			close(taken[--count]);
		assert_int_equal(now, generation);
	}
	limit_descriptors(descriptors.rlim_cur);
	loader_destroy(loader);
}

/* A generation counts as applied only when no reader can still use an older one. */
static void *apply(void *argument)
{
	run_events(argument);
	return NULL;
}

static void test_waits_for_readers(void **state)
{
	struct rig *rig = *state;
	struct loader *loader = loader_create(rig->base, rig->folder, &rig->serving);
	struct rte_rcu_qsbr *qsbr = node_qsbr(rig->node.shared);
	pthread_t thread;

	assert_non_null(loader);
	const struct dns_view *before = view(rig);
	assert_int_equal(rte_rcu_qsbr_thread_register(qsbr, 1), 0);
	rte_rcu_qsbr_thread_online(qsbr, 1); /* a worker in the middle of a burst */
	table_image_write(path_of(rig, "eu-demo.1"), "eu-demo");
	publish_region(rig, 1, "eu-demo.1");
	assert_int_equal(pthread_create(&thread, NULL, apply, rig), 0);
	while (view(rig) == before)
		sched_yield();
	assert_int_equal(before->region_count, 0); /* not freed: ASan would tell */
	assert_int_equal(applied(rig), 0);
	/* Again and again, as a worker does: the first may come before the waiting has begun. */
	while (pthread_tryjoin_np(thread, NULL) != 0)
		rte_rcu_qsbr_quiescent(qsbr, 1);
	assert_int_equal(applied(rig), 1);
	rte_rcu_qsbr_thread_offline(qsbr, 1);
	assert_int_equal(rte_rcu_qsbr_thread_unregister(qsbr, 1), 0);
	loader_destroy(loader);
}

static void test_one_dataplane_per_node(void **state)
{
	struct rig *rig = *state;
	struct node second;

	assert_int_equal(node_open(&second, rig->folder), -1);
	assert_int_equal(atomic_load(&rig->node.shared->pid), getpid());
}

/* A process that is killed leaves its readers registered, online and behind; its successor
 * clears them. */
static void test_takes_over(void **state)
{
	struct rig *rig = *state;
	int ready[2];
	char byte;

	node_close(&rig->node);
	assert_int_equal(pipe(ready), 0);
	const pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct node node;

		if (node_open(&node, rig->folder) != 0)
			_exit(1);
		rte_rcu_qsbr_thread_register(node_qsbr(node.shared), 5);
		rte_rcu_qsbr_thread_online(node_qsbr(node.shared), 5);
		ptrd_count(&node.shared->counters[5].outcome[0], 7);
		atomic_store(&node.shared->applied_generation, 9);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);

	assert_int_equal(node_open(&rig->node, rig->folder), 0);
	rig->serving.node = rig->node.shared;
	struct rte_rcu_qsbr *qsbr = node_qsbr(rig->node.shared);
	assert_int_equal(applied(rig), 0);
	assert_int_equal(atomic_load(&rig->node.shared->counters[5].outcome[0]), 0);
	/* Returns at once: nobody is waited for, even after reader 5 has registered again. */
	const uint64_t token = rte_rcu_qsbr_start(qsbr);
	assert_int_equal(rte_rcu_qsbr_check(qsbr, token, false), 1);
	assert_int_equal(rte_rcu_qsbr_thread_register(qsbr, 5), 0);
	assert_int_equal(rte_rcu_qsbr_check(qsbr, rte_rcu_qsbr_start(qsbr), false), 1);
	assert_int_equal(rte_rcu_qsbr_thread_unregister(qsbr, 5), 0);
}

/* A file that is no segment is replaced, not trusted. */
static void test_replaces_garbage(void **state)
{
	struct rig *rig = *state;

	node_close(&rig->node);
	assert_int_equal(truncate(path_of(rig, PTRD_NODE_FILE), 100), 0);
	assert_int_equal(node_open(&rig->node, rig->folder), 0);
	assert_int_equal(rig->node.shared->magic, PTRD_NODE_MAGIC);
	rig->node.shared->magic = 1;
	node_close(&rig->node);
	assert_int_equal(node_open(&rig->node, rig->folder), 0);
	assert_int_equal(rig->node.shared->magic, PTRD_NODE_MAGIC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_follows_directory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keeps_old_view, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tells_a_reason_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tries_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_loads_without_free_descriptor, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_waits_for_readers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_one_dataplane_per_node, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_takes_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_replaces_garbage, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
