/* Publisher: transactions, growth, generations and what an acknowledgement waits for. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>
#include <rte_rcu_qsbr.h>

#include <ptrd/directory.h>
#include <ptrd/node.h>

#include "publisher.h"

static char run_dir[64];

static int setup(void **state)
{
	(void)state;
	strcpy(run_dir, "/dev/shm/ptrd-test-publisher.XXXXXX");
	return mkdtemp(run_dir) == NULL;
}

static int teardown(void **state)
{
	(void)state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", run_dir);
	return system(command);
}

/* A dataplane as far as the node segment shows it: holds the lock, has one reader, applies on demand. */
struct dataplane {
	int fd;
	struct ptrd_node *node;
};

static struct rte_rcu_qsbr *qsbr(const struct dataplane *d)
{
	return (struct rte_rcu_qsbr *)d->node->qsbr;
}

static struct dataplane dataplane_start(bool fresh)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct dataplane d;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", run_dir, PTRD_NODE_FILE);
	if (fresh)
		unlink(path);
	d.fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(d.fd >= 0);
	assert_int_equal(ftruncate(d.fd, sizeof(struct ptrd_node)), 0);
	d.node = mmap(NULL, sizeof(*d.node), PROT_READ | PROT_WRITE, MAP_SHARED, d.fd, 0);
	assert_true(d.node != MAP_FAILED);
	assert_int_equal(fcntl(d.fd, F_OFD_SETLK, &lock), 0);
	if (d.node->magic != PTRD_NODE_MAGIC) {
		assert_true(rte_rcu_qsbr_get_memsize(PTRD_READERS_MAX) <= PTRD_QSBR_SIZE);
		assert_int_equal(rte_rcu_qsbr_init(qsbr(&d), PTRD_READERS_MAX), 0);
		d.node->magic = PTRD_NODE_MAGIC;
		d.node->size = sizeof(*d.node);
	}
	rte_rcu_qsbr_thread_register(qsbr(&d), 1);
	rte_rcu_qsbr_thread_online(qsbr(&d), 1);
	return d;
}

/* As SIGKILL would: the lock goes, the registered reader stays in the segment. */
static void dataplane_kill(struct dataplane *d)
{
	munmap(d->node, sizeof(*d->node));
	close(d->fd);
}

static void apply(struct dataplane *d, uint64_t generation)
{
	atomic_store_explicit(&d->node->applied_generation, generation, memory_order_release);
}

static const char *prefixes[] = {"203.0.113.0/24"};
static const char *ns_names[] = {"ns1.example.com."};

static struct region_info info_of(const char *name)
{
	return (struct region_info){
		.name = name,
		.prefixes = prefixes,
		.prefixes_count = 1,
		.suffix = "compute.example.com.",
		.default_name = "ecs-{a}-{b}-{c}-{d}.{suffix}",
		.default_ttl = 300,
		.soa_mname = "ns1.example.com.",
		.soa_rname = "hostmaster.example.com.",
		.soa_refresh = 1,
		.soa_retry = 2,
		.soa_expire = 3,
		.soa_minimum = 4,
		.soa_ttl = 5,
		.ns_names = ns_names,
		.ns_names_count = 1,
		.ns_ttl = 6,
	};
}

static struct address v4(uint32_t a)
{
	return (struct address){
		.bytes = {(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a}};
}

static struct record_wire record_of(uint32_t tag)
{
	struct record_wire r = {.len = 40, .ancount = 1};

	memcpy(r.bytes, &tag, sizeof(tag));
	return r;
}

static struct publisher *start(void)
{
	struct publisher *p = publisher_open(run_dir, NULL);

	assert_non_null(p);
	assert_int_equal(publisher_start(p), 0);
	return p;
}

static json_t *directory(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", run_dir, PTRD_DIRECTORY_FILE);
	json_t *root = json_load_file(path, 0, NULL);
	assert_non_null(root);
	return root;
}

static uint64_t generation_on_disk(void)
{
	json_t *root = directory();
	const uint64_t generation
		= (uint64_t)json_integer_value(json_object_get(root, "generation"));

	json_decref(root);
	return generation;
}

/* The file that the directory names for a region, as a reader maps it. */
struct mapping {
	struct ptrd_table table;
	void *base;
	size_t size;
};

static bool map_served(struct mapping *m, const char *region)
{
	json_t *root = directory(), *entry;
	const char *why;
	struct stat st;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(root, "regions"), i, entry)
	{
		if (strcmp(json_string_value(json_object_get(entry, "name")), region) != 0)
			continue;
		const int fd = open(json_string_value(json_object_get(entry, "table")), O_RDONLY);

		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &st), 0);
		m->size = (size_t)st.st_size;
		m->base = mmap(NULL, m->size, PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
		assert_int_equal(ptrd_table_map(&m->table, m->base, m->size, &why), 0);
		found = true;
	}
	json_decref(root);
	return found;
}

static void unmap(struct mapping *m)
{
	munmap(m->base, m->size);
}

/* -1: not bound, 0: default, else the record's tag. */
static int64_t look_up(const struct ptrd_table *table, uint32_t address)
{
	const uint32_t ref = ptrd_table_find4(table, ptrd_key4(table, address));
	struct ptrd_record record;
	uint32_t tag = 0;

	if (ref == PTRD_REF_NONE)
		return -1;
	assert_true(ptrd_table_record(table, ref, &record));
	if (!record.is_default)
		memcpy(&tag, record.wire, sizeof(tag));
	return tag;
}

/* What a reader that maps the served file finds; -2: the region is not in the directory. */
static int64_t served(const char *region, uint32_t address)
{
	struct mapping m;

	if (!map_served(&m, region))
		return -2;
	const int64_t found = look_up(&m.table, address);

	unmap(&m);
	return found;
}

static unsigned table_files(void)
{
	char command[128];
	unsigned count = 0;

	snprintf(command, sizeof(command), "ls '%s/tables' | wc -l", run_dir);
	FILE *pipe = popen(command, "r");
	assert_int_equal(fscanf(pipe, "%u", &count), 1);
	pclose(pipe);
	return count;
}

#define A1 0xcb007101u
#define A2 0xcb007102u

static void change(struct publisher *p, uint32_t address, uint32_t tag, uint32_t serial)
{
	const struct address a = v4(address);
	const struct record_wire wire = record_of(tag);

	publisher_begin(p);
	assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
	assert_int_equal(publisher_commit(p, serial), 0);
}

static uint64_t attach_and_bind(struct publisher *p, uint32_t address)
{
	const struct region_info info = info_of("eu-demo");
	const struct address a = v4(address);

	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &info, 9, 10, 0), 0);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	return publisher_commit(p, 10);
}

static void a_change_is_seen_when_commit_returns(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct address a = v4(A1);

	assert_int_equal(served("eu-demo", A1), -2);
	assert_int_equal(attach_and_bind(p, A1), 0);
	assert_int_equal(served("eu-demo", A1), 0);
	assert_int_equal(publisher_serial(p, "eu-demo"), 10);
	change(p, A1, 77, 11);
	assert_int_equal(served("eu-demo", A1), 77);
	change(p, A1, 78, 12);
	assert_int_equal(served("eu-demo", A1), 78);
	assert_int_equal(publisher_serial(p, "eu-demo"), 12);

	publisher_begin(p);
	assert_int_equal(publisher_unset(p, "eu-demo", &a), 0);
	assert_int_equal(served("eu-demo", A1), 78); /* not before the commit */
	assert_int_equal(publisher_commit(p, 13), 0);
	assert_int_equal(served("eu-demo", A1), 0);

	publisher_begin(p);
	assert_int_equal(publisher_unbind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_commit(p, 14), 0);
	assert_int_equal(served("eu-demo", A1), -1);
	publisher_close(p);
}

static void the_directory_holds_the_region(void **state)
{
	(void)state;
	struct publisher *p = start();
	const char *name, *suffix, *template, *unbound, *mname, *rname, *ns, *prefix, *table;
	json_int_t format, ttl, minimum, ns_ttl;

	attach_and_bind(p, A1);
	json_t *root = directory();
	assert_int_equal(
		json_unpack(root,
			"{s:I, s:[{s:s, s:s, s:s, s:s, s:[s], s:s, s:I, s:{s:s, s:s, s:I}, s:{s:[s], s:I}}]}",
			"format", &format, "regions", "name", &name, "suffix", &suffix,
			"default_name", &template, "unbound", &unbound, "prefixes", &prefix,
			"table", &table, "default_ttl", &ttl, "soa", "mname", &mname, "rname",
			&rname, "minimum", &minimum, "ns", "names", &ns, "ttl", &ns_ttl),
		0);
	assert_int_equal(format, PTRD_DIRECTORY_FORMAT);
	assert_string_equal(name, "eu-demo");
	assert_string_equal(prefix, "203.0.113.0/24");
	assert_string_equal(template, "ecs-{a}-{b}-{c}-{d}.{suffix}");
	assert_string_equal(unbound, "nxdomain");
	assert_string_equal(mname, "ns1.example.com.");
	assert_int_equal(ttl, 300);
	assert_int_equal(minimum, 4);
	assert_int_equal(ns_ttl, 6);
	assert_int_equal(table[0], '/');
	json_decref(root);
	publisher_close(p);
}

static void rolled_back_changes_leave_nothing(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct region_info other = info_of("eu-other");
	const struct address a = v4(A1), b = v4(A2);
	const struct record_wire wire = record_of(5);
	struct publisher_table_status before, after;

	attach_and_bind(p, A1);
	publisher_table(p, "eu-demo", &before);
	publisher_begin(p);
	assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
	const size_t mark = publisher_mark(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &b), 0);
	assert_int_equal(publisher_set(p, "eu-demo", &b, &wire), 0);
	assert_int_equal(publisher_detach(p, "eu-demo"), 0);
	assert_int_equal(publisher_bind(p, "eu-demo", &b), -ENOENT);
	assert_int_equal(publisher_attach(p, &other, 1, 0, 0), 0);
	publisher_rollback_to(p, mark);
	assert_int_equal(publisher_commit(p, 11), 0);
	assert_int_equal(served("eu-demo", A1), 5);
	assert_int_equal(served("eu-demo", A2), -1);
	assert_int_equal(served("eu-other", A2), -2);

	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &b), 0);
	assert_int_equal(publisher_unset(p, "eu-demo", &a), 0);
	publisher_rollback(p);
	assert_int_equal(served("eu-demo", A1), 5);
	assert_int_equal(served("eu-demo", A2), -1);
	publisher_table(p, "eu-demo", &after);
	assert_int_equal(after.eips, before.eips);
	assert_int_equal(after.cell_bytes_used - before.cell_bytes_used, 64);
	publisher_close(p);
}

static void changes_of_one_transaction_apply_in_order(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct address a = v4(A2);
	const struct record_wire one = record_of(1), two = record_of(2);

	attach_and_bind(p, A1);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_set(p, "eu-demo", &a, &one), 0);
	assert_int_equal(publisher_unbind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_set(p, "eu-demo", &a, &two), 0);
	publisher_commit(p, 11);
	assert_int_equal(served("eu-demo", A2), 2);
	publisher_close(p);
}

static void a_table_grows_with_what_the_transaction_reserved(void **state)
{
	(void)state;
	enum {
		EIPS = 60000
	};
	struct publisher *p = start();
	const struct region_info info = info_of("eu-demo");
	struct publisher_table_status status;

	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &info, 1, 0, 0), 0);
	for (uint32_t i = 1; i <= EIPS; i++) {
		const struct address a = v4(0x0a000000u + i);
		const struct record_wire wire = record_of(i);

		assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
		if (i % 3 == 0)
			assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
		if (i == EIPS / 2)
			publisher_commit(p, 2); /* the second half grows a table that is served */
	}
	publisher_commit(p, 3);
	for (uint32_t i = 1; i <= EIPS; i += 97)
		assert_int_equal(served("eu-demo", 0x0a000000u + i), i % 3 == 0 ? (int64_t)i : 0);
	assert_true(publisher_table(p, "eu-demo", &status));
	assert_int_equal(status.eips, EIPS);
	assert_int_equal(status.records, EIPS / 3);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 1);
	publisher_close(p);
}

static void detach_takes_the_region_out(void **state)
{
	(void)state;
	struct publisher *p = start();

	attach_and_bind(p, A1);
	publisher_begin(p);
	assert_int_equal(publisher_detach(p, "eu-demo"), 0);
	publisher_commit(p, 11);
	assert_int_equal(served("eu-demo", A1), -2);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 0);
	publisher_begin(p);
	assert_int_equal(publisher_detach(p, "eu-demo"), -ENOENT);
	publisher_close(p);
}

static void a_live_dataplane_is_waited_for(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	struct publisher_status status;

	const uint64_t first = generation_on_disk();
	assert_false(publisher_applied(p, first));
	const uint64_t generation = attach_and_bind(p, A1);
	assert_int_equal(generation, first + 1);
	apply(&d, first);
	assert_false(publisher_applied(p, generation));
	/* A change of a table that is not applied yet waits for the same generation. */
	const struct address a = v4(A1);
	const struct record_wire wire = record_of(8);

	publisher_begin(p);
	publisher_set(p, "eu-demo", &a, &wire);
	assert_int_equal(publisher_commit(p, 11), generation);
	apply(&d, generation);
	assert_true(publisher_applied(p, generation));
	change(p, A1, 9, 12);

	/* A detached table stays until the dataplane has let go of it. */
	publisher_begin(p);
	publisher_detach(p, "eu-demo");
	const uint64_t without = publisher_commit(p, 13);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 1);
	publisher_status(p, &status);
	assert_true(status.dataplane_alive);
	assert_int_equal(status.applied_generation, generation);
	apply(&d, without);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 0);

	dataplane_kill(&d);
	assert_true(publisher_applied(p, without));
	publisher_close(p);
}

static uint64_t cells_used(const struct publisher *p)
{
	struct publisher_table_status status;

	assert_true(publisher_table(p, "eu-demo", &status));
	return status.cell_bytes_used;
}

static void cells_wait_for_the_grace_period(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();

	apply(&d, attach_and_bind(p, A1));
	rte_rcu_qsbr_quiescent(qsbr(&d), 1);
	change(p, A1, 1, 11);
	change(p, A1, 2, 12);
	change(p, A1, 3, 13);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 3 * 64); /* the reader may hold the two old ones */
	rte_rcu_qsbr_quiescent(qsbr(&d), 1);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);

	/* A dead dataplane is quiescent, whatever its reader last said. */
	change(p, A1, 4, 14);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 2 * 64);
	dataplane_kill(&d);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);

	/* A new segment counts from its own start: nothing waits for it in vain or too little. */
	change(p, A1, 5, 15);
	d = dataplane_start(true);
	apply(&d, generation_on_disk());
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);
	change(p, A1, 6, 16);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 2 * 64);
	rte_rcu_qsbr_quiescent(qsbr(&d), 1);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);
	dataplane_kill(&d);
	publisher_close(p);
}

/* A dataplane that has started since this process last looked may have read what a change unlinks. */
static void a_dataplane_that_has_just_started_is_waited_for(void **state)
{
	(void)state;
	struct publisher *p = start();

	attach_and_bind(p, A1);
	change(p, A1, 1, 11);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);
	struct dataplane d = dataplane_start(true);
	apply(&d, generation_on_disk());
	change(p, A1, 2, 12);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 2 * 64);
	rte_rcu_qsbr_quiescent(qsbr(&d), 1);
	publisher_reclaim(p);
	assert_int_equal(cells_used(p), 64);
	dataplane_kill(&d);
	publisher_close(p);
}

struct watch {
	struct mapping mapping;
	_Atomic bool stop;
	_Atomic uint64_t looks;
	uint64_t missing;
};

static void *watch_address(void *arg)
{
	struct watch *w = arg;

	while (!atomic_load(&w->stop)) {
		w->missing += look_up(&w->mapping.table, A1) < 0;
		atomic_fetch_add(&w->looks, 1);
	}
	return NULL;
}

/* Nobody sees the state between the changes of one address in one transaction. */
static void an_address_changes_by_one_store(void **state)
{
	(void)state;
	enum {
		OTHERS = 200,
		TURNS = 200
	};
	struct publisher *p = start();
	const struct address a = v4(A1);
	const struct record_wire wire = record_of(7);
	struct watch w = {0};
	pthread_t thread;

	attach_and_bind(p, A1);
	publisher_begin(p);
	for (uint32_t i = 1; i <= OTHERS; i++) {
		const struct address other = v4(0x0a000000u + i);
		assert_int_equal(publisher_bind(p, "eu-demo", &other), 0);
	}
	publisher_commit(p, 11);
	assert_true(map_served(&w.mapping, "eu-demo"));
	assert_int_equal(pthread_create(&thread, NULL, watch_address, &w), 0);
	for (uint32_t turn = 0; turn < TURNS || atomic_load(&w.looks) < 1000; turn++) {
		publisher_begin(p);
		assert_int_equal(publisher_unbind(p, "eu-demo", &a), 0);
		for (uint32_t i = 1; i <= OTHERS; i++) {
			const struct address other = v4(0x0a000000u + i);
			assert_int_equal(publisher_set(p, "eu-demo", &other, &wire), 0);
		}
		assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
		if (turn % 2 == 0)
			assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
		publisher_commit(p, 12 + turn);
		publisher_reclaim(p);
	}
	atomic_store(&w.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(w.missing, 0);
	unmap(&w.mapping);
	publisher_close(p);
}

/* Every way in which the changes of one address may follow each other ends as the last one says. */
static void any_sequence_of_changes_has_its_last_state(void **state)
{
	(void)state;
	struct publisher *p = start();
	const struct address a = v4(A2);
	struct publisher_table_status status;
	bool bound = false;
	int64_t expected = -1;
	uint32_t random = 3;

	attach_and_bind(p, A1);
	for (uint32_t turn = 0; turn < 3000; turn++) {
		publisher_begin(p);
		for (uint32_t i = 0; i < 1 + turn % 6; i++) {
			random = random * 1664525u + 1013904223u;
			const struct record_wire wire = record_of(turn * 8 + i + 1);

			if (!bound) {
				assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
				bound = true;
				expected = 0;
			} else if (random >> 30 == 0) {
				assert_int_equal(publisher_unbind(p, "eu-demo", &a), 0);
				bound = false;
				expected = -1;
			} else if (random >> 30 == 1) {
				assert_int_equal(publisher_unset(p, "eu-demo", &a), 0);
				expected = 0;
			} else {
				assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
				expected = turn * 8 + i + 1;
			}
		}
		publisher_commit(p, turn);
		publisher_reclaim(p);
		assert_int_equal(served("eu-demo", A2), expected);
		assert_true(publisher_table(p, "eu-demo", &status));
		assert_int_equal(status.eips, 1 + bound);
		assert_int_equal(status.cell_bytes_used, expected > 0 ? 64 : 0);
	}
	publisher_close(p);
}

static void a_loaded_table_has_room_for_the_next_change(void **state)
{
	(void)state;
	struct publisher *p = publisher_open(run_dir, NULL);
	const struct region_info info = info_of("eu-demo");
	const struct record_wire wire = record_of(1);
	struct publisher_table_status before, after;

	const struct region_info other = info_of("eu-other");
	const struct address a1 = v4(A1);

	assert_int_equal(publisher_load_region(p, &other, 7, 1, 0), 0);
	assert_int_equal(publisher_load_eip(p, "eu-other", &a1, NULL), 0);
	assert_int_equal(publisher_load_region(p, &info, 1, 20000, 20000), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		const struct address a = v4(i + 1);
		assert_int_equal(publisher_load_eip(p, "eu-demo", &a, &wire), 0);
	}
	assert_int_equal(publisher_start(p), 0);
	publisher_table(p, "eu-demo", &before);
	publisher_begin(p);
	for (uint32_t i = 0; i < 1000; i++) {
		const struct address a = v4(0x0a000000u + i);
		assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
		assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
	}
	publisher_commit(p, 2);
	publisher_table(p, "eu-demo", &after);
	assert_string_equal(after.path, before.path);
	assert_int_equal(publisher_serial(p, "eu-demo"), 2);
	assert_int_equal(publisher_serial(p, "eu-other"), 7); /* loaded, not changed */
	publisher_close(p);
}

static void a_directory_that_cannot_be_prepared_refuses(void **state)
{
	(void)state;
	char blocker[128];
	struct publisher *p = start();
	const struct region_info info = info_of("eu-demo");

	snprintf(blocker, sizeof(blocker), "%s/%s.new", run_dir, PTRD_DIRECTORY_FILE);
	assert_int_equal(mkdir(blocker, 0700), 0);
	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &info, 1, 0, 0), 0);
	assert_int_equal(publisher_prepare(p), -EISDIR);
	assert_non_null(strstr(publisher_error(p), run_dir));
	publisher_rollback(p);
	assert_int_equal(table_files(), 0);
	rmdir(blocker);
	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &info, 1, 0, 0), 0);
	assert_int_equal(publisher_prepare(p), 0);
	assert_int_equal(served("eu-demo", A1), -2); /* only prepared */
	publisher_commit(p, 2);
	assert_int_equal(served("eu-demo", A1), -1);
	publisher_close(p);
}

static void a_dataplane_that_hangs_does_not_take_all_memory(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	uint32_t eips = 0;
	int error = 0;

	attach_and_bind(p, A1);
	while (error == 0 && eips < 10000000) {
		publisher_begin(p);
		for (unsigned i = 0; i < 1000 && error == 0; i++) {
			const struct address a = v4(0x0a000000u + ++eips);
			error = publisher_bind(p, "eu-demo", &a);
		}
		publisher_commit(p, 2);
		publisher_reclaim(p);
	}
	assert_int_equal(error, -EBUSY);
	assert_in_range(table_files(), 2, 10);
	apply(&d, generation_on_disk());
	publisher_begin(p);
	const struct address a = v4(0x0a000000u + eips);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	publisher_commit(p, 3);
	dataplane_kill(&d);
	publisher_close(p);
}

static void huge_dir_must_be_on_a_hugetlbfs(void **state)
{
	(void)state;
	char file[128];

	assert_null(publisher_open(run_dir, run_dir));
	assert_null(publisher_open(run_dir, "/nonexistent"));
	/* Files of others in the folders above ours are not ours to delete. */
	snprintf(file, sizeof(file), "%s/other.7", run_dir);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	struct publisher *p = start();
	publisher_reclaim(p);
	assert_int_equal(access(file, F_OK), 0);
	publisher_close(p);
}

static void a_restart_rises_above_every_generation(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();

	const uint64_t generation = attach_and_bind(p, A1);
	apply(&d, generation + 5); /* as if the directory file were older than the dataplane */
	publisher_close(p);

	p = publisher_open(run_dir, NULL);
	const struct region_info info = info_of("eu-demo");
	const struct address a = v4(A1);
	const struct record_wire wire = record_of(3);

	assert_int_equal(publisher_load_region(p, &info, 40, 10, 10), 0);
	assert_int_equal(publisher_load_eip(p, "eu-demo", &a, &wire), 0);
	assert_int_equal(served("eu-demo", A1), 0); /* the old table is served on */
	assert_int_equal(publisher_start(p), 0);
	assert_int_equal(generation_on_disk(), generation + 6);
	assert_int_equal(served("eu-demo", A1), 3);
	assert_int_equal(publisher_serial(p, "eu-demo"), 40);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 2); /* the dataplane still has the old one */
	apply(&d, generation + 6);
	publisher_reclaim(p);
	assert_int_equal(table_files(), 1);
	dataplane_kill(&d);
	publisher_close(p);
}

static void each_region_waits_for_its_own_generation(void **state)
{
	(void)state;
	struct dataplane d = dataplane_start(true);
	struct publisher *p = start();
	const struct region_info other = info_of("us-demo");
	const struct address a = v4(A2);

	const uint64_t first = attach_and_bind(p, A1);
	apply(&d, first);
	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &other, 2, 0, 0), 0);
	assert_int_equal(publisher_commit(p, 2), first + 1);
	/* That one is not applied; what is done to the first region is seen all the same. */
	assert_int_equal(publisher_generation(p, "eu-demo"), first);
	assert_int_equal(publisher_generation(p, "us-demo"), first + 1);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	assert_int_equal(publisher_commit(p, 3), 0);
	publisher_begin(p);
	assert_int_equal(publisher_bind(p, "us-demo", &a), 0);
	assert_int_equal(publisher_commit(p, 4), first + 1);
	/* What has left the directory is gone with the newest one. */
	publisher_begin(p);
	assert_int_equal(publisher_detach(p, "us-demo"), 0);
	assert_int_equal(publisher_commit(p, 5), first + 2);
	assert_int_equal(publisher_generation(p, "us-demo"), first + 2);
	assert_int_equal(publisher_generation(p, "eu-demo"), first);
	dataplane_kill(&d);
	publisher_close(p);
}

static void a_directory_that_cannot_be_written_is_written_later(void **state)
{
	(void)state;
	char blocker[128], path[160];
	struct publisher *p = start();

	/* A folder in the place of the temporary file: as good as a full disk, also for root. */
	snprintf(blocker, sizeof(blocker), "%s/%s.new", run_dir, PTRD_DIRECTORY_FILE);
	snprintf(path, sizeof(path), "%s/x", blocker);
	assert_int_equal(mkdir(blocker, 0700), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	const uint64_t generation = attach_and_bind(p, A1);
	assert_int_not_equal(generation, 0);
	assert_false(publisher_applied(p, generation));
	assert_int_equal(publisher_generation(p, "eu-demo"), generation);
	assert_int_equal(served("eu-demo", A1), -2);
	rmdir(path);
	rmdir(blocker);
	publisher_reclaim(p);
	assert_true(publisher_applied(p, generation));
	assert_int_equal(served("eu-demo", A1), 0);
	publisher_close(p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_change_is_seen_when_commit_returns),
		TEST(each_region_waits_for_its_own_generation),
		TEST(the_directory_holds_the_region),
		TEST(rolled_back_changes_leave_nothing),
		TEST(changes_of_one_transaction_apply_in_order),
		TEST(a_table_grows_with_what_the_transaction_reserved),
		TEST(detach_takes_the_region_out),
		TEST(a_live_dataplane_is_waited_for),
		TEST(cells_wait_for_the_grace_period),
		TEST(a_dataplane_that_has_just_started_is_waited_for),
		TEST(an_address_changes_by_one_store),
		TEST(any_sequence_of_changes_has_its_last_state),
		TEST(a_loaded_table_has_room_for_the_next_change),
		TEST(a_directory_that_cannot_be_prepared_refuses),
		TEST(a_dataplane_that_hangs_does_not_take_all_memory),
		TEST(huge_dir_must_be_on_a_hugetlbfs),
		TEST(a_restart_rises_above_every_generation),
		TEST(a_directory_that_cannot_be_written_is_written_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
