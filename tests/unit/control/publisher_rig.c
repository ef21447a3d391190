#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ptrd/directory.h>

#include "publisher_rig.h"

char run_dir[64];

int publisher_setup(void **state)
{
	(void)state;
	strcpy(run_dir, "/dev/shm/ptrd-test-publisher.XXXXXX");
	return mkdtemp(run_dir) == NULL;
}

int publisher_teardown(void **state)
{
	(void)state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", run_dir);
	return system(command);
}

struct dataplane dataplane_start(bool fresh)
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

void dataplane_kill(struct dataplane *d)
{
	munmap(d->node, sizeof(*d->node));
	close(d->fd);
}

void apply(struct dataplane *d, uint64_t generation)
{
	atomic_store_explicit(&d->node->applied_generation, generation, memory_order_release);
}

static const char *prefixes[] = {"203.0.113.0/24"};
static const char *ns_names[] = {"ns1.example.com."};

struct region_info info_of(const char *name)
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

struct address v4(uint32_t a)
{
	return (struct address){
		.bytes = {(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a}};
}

struct record_wire record_of(uint32_t tag)
{
	struct record_wire r = {.len = 40, .ancount = 1};

	memcpy(r.bytes, &tag, sizeof(tag));
	return r;
}

struct publisher *start(void)
{
	struct publisher *p = publisher_open(run_dir, NULL);

	assert_non_null(p);
	assert_int_equal(publisher_start(p), 0);
	return p;
}

json_t *directory(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", run_dir, PTRD_DIRECTORY_FILE);
	json_t *root = json_load_file(path, 0, NULL);
	assert_non_null(root);
	return root;
}

uint64_t generation_on_disk(void)
{
	json_t *root = directory();
	const uint64_t generation
		= (uint64_t)json_integer_value(json_object_get(root, "generation"));

	json_decref(root);
	return generation;
}

bool map_served(struct mapping *m, const char *region)
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
		assert_int_equal(json_integer_value(json_object_get(entry, "revision")),
			m->table.header->settings_revision);
		assert_true(m->table.header->settings_revision <= m->table.header->revision);
		found = true;
	}
	json_decref(root);
	return found;
}

void unmap(struct mapping *m)
{
	munmap(m->base, m->size);
}

int64_t look_up(const struct ptrd_table *table, uint32_t address)
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

int64_t served(const char *region, uint32_t address)
{
	struct mapping m;

	if (!map_served(&m, region))
		return -2;
	const int64_t found = look_up(&m.table, address);

	unmap(&m);
	return found;
}

unsigned table_files(void)
{
	char command[128];
	unsigned count = 0;

	snprintf(command, sizeof(command), "ls '%s/tables' | wc -l", run_dir);
	FILE *pipe = popen(command, "r");
	assert_int_equal(fscanf(pipe, "%u", &count), 1);
	pclose(pipe);
	return count;
}

void change(struct publisher *p, uint32_t address, uint32_t tag, uint32_t serial)
{
	const struct address a = v4(address);
	const struct record_wire wire = record_of(tag);

	publisher_begin(p);
	assert_int_equal(publisher_set(p, "eu-demo", &a, &wire), 0);
	assert_int_equal(publisher_commit(p, serial), 0);
}

uint64_t attach_and_bind(struct publisher *p, uint32_t address)
{
	const struct region_info info = info_of("eu-demo");
	const struct address a = v4(address);

	publisher_begin(p);
	assert_int_equal(publisher_attach(p, &info, 9, 10, 0), 0);
	assert_int_equal(publisher_bind(p, "eu-demo", &a), 0);
	return publisher_commit(p, 10);
}

uint64_t cells_used(const struct publisher *p)
{
	struct publisher_table_status status;

	assert_true(publisher_table(p, "eu-demo", &status));
	return status.cell_bytes_used;
}

void fill(struct publisher *p, const char *region, uint32_t first, uint32_t tag)
{
	const struct record_wire wire = record_of(tag);

	for (uint32_t i = 0; i < FILLED; i++) {
		const struct address a = v4(first + i);

		assert_int_equal(publisher_fill(p, region, &a, tag != 0 ? &wire : NULL), 0);
	}
}
