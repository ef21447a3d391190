#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "directory.h"
#include "node.h"
#include "region_table.h"

/* Replaced tables that may wait for the dataplane. */
#define CLOSING_MAX 8

/* A table that a directory no longer names, until that directory is applied. */
struct closing {
	struct table *table;
	uint64_t generation;
	struct closing *next;
};

struct publisher {
	char *run_dir;
	struct node *node;
	struct table_files *files;
	struct region_table *regions;
	struct closing *closing;
	struct changes changes; /* of the open transaction */
	uint64_t generation;    /* of the newest directory */
	uint64_t first_generation;
	bool directory_due;      /* regions or tables differ from the directory in the file */
	bool directory_prepared; /* the open transaction's directory is written, not yet in place */
	bool started;
	char error[512];
};

static int __attribute__((format(printf, 3, 4)))
fail(struct publisher *p, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->error, sizeof(p->error), format, args);
	va_end(args);
	return error;
}

const char *publisher_error(const struct publisher *p)
{
	return p->error;
}

struct publisher *publisher_open(const char *run_dir, const char *huge_dir)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->run_dir = strdup(run_dir)) == NULL
		|| (p->node = node_open(run_dir)) == NULL) {
		fprintf(stderr, "ptrd-control: out of memory\n");
		publisher_close(p);
		return NULL;
	}
	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST) {
		fprintf(stderr, "ptrd-control: run_dir %s: %s\n", run_dir, strerror(errno));
		publisher_close(p);
		return NULL;
	}
	p->files = table_files_open(run_dir, huge_dir);
	if (p->files == NULL) {
		publisher_close(p);
		return NULL;
	}
	const uint64_t written = directory_generation(run_dir);
	const uint64_t applied = node_last_applied(p->node);

	p->generation = written > applied ? written : applied;
	return p;
}

static void close_tables(struct publisher *p)
{
	while (p->regions != NULL) {
		struct region_table *r = p->regions;

		p->regions = r->next;
		if (r->served != NULL && r->served != r->table)
			table_close(r->served);
		/* A served table outlives this process: the dataplane goes on with it. */
		if (r->table == r->served) {
			table_close(r->table);
			r->table = NULL;
		}
		region_table_free(r);
	}
	while (p->closing != NULL) {
		struct closing *c = p->closing;

		p->closing = c->next;
		table_close(c->table);
		free(c);
	}
}

void publisher_close(struct publisher *p)
{
	if (p == NULL)
		return;
	publisher_rollback(p);
	close_tables(p);
	free(p->changes.list);
	free(p->changes.by_address);
	table_files_close(p->files);
	node_close(p->node);
	free(p->run_dir);
	free(p);
}

static struct region_table *find(const struct publisher *p, const char *name)
{
	for (struct region_table *r = p->regions; r != NULL; r = r->next) {
		if (!r->leaving && strcmp(r->name, name) == 0)
			return r;
	}
	return NULL;
}

static struct region_table *add_region(struct publisher *p, const struct region_info *info,
	uint32_t serial, uint64_t eips, uint64_t ptrs)
{
	struct region_table *r
		= region_table_create(p->files, info, serial, p->generation + 1, eips, ptrs);

	if (r == NULL) {
		const int saved = errno;

		fail(p, -saved, "region %s: no table for %llu EIPs in %s: %s", info->name,
			(unsigned long long)eips, table_files_dir(p->files), strerror(saved));
		errno = saved;
		return NULL;
	}
	r->next = p->regions;
	p->regions = r;
	p->directory_due = true;
	return r;
}

static void unlink_region(struct publisher *p, const struct region_table *region)
{
	for (struct region_table **r = &p->regions; *r != NULL; r = &(*r)->next) {
		if (*r == region) {
			*r = region->next;
			return;
		}
	}
}

/* Keeps `t` until `generation`, the first directory that does not name it, is applied. */
static void close_later(struct publisher *p, struct table *t, uint64_t generation)
{
	struct closing *c = malloc(sizeof(*c));

	if (c == NULL)
		return; /* mapped until we exit, its file removed by the next start */
	*c = (struct closing){.table = t, .generation = generation, .next = p->closing};
	p->closing = c;
}

/* Takes out what the transaction detached; the directory to come does not name it. */
static void drop_leaving(struct publisher *p)
{
	struct region_table *next;

	for (struct region_table *r = p->regions; r != NULL; r = next) {
		next = r->next;
		if (!r->leaving)
			continue;
		unlink_region(p, r);
		if (r->served != NULL)
			close_later(p, r->served, p->generation + 1);
		region_table_free(r);
	}
}

/* Region entries of the directory to come, NULL if memory is short. */
static json_t *directory_regions(const struct publisher *p)
{
	json_t *regions = json_array();

	for (struct region_table *r = p->regions; r != NULL && regions != NULL; r = r->next) {
		if (r->leaving)
			continue;
		if (json_object_set_new(r->entry, "table", json_string(table_path(r->table))) < 0
			|| json_array_append(regions, r->entry) < 0) {
			json_decref(regions);
			regions = NULL;
		}
	}
	return regions;
}

static int prepare_directory(struct publisher *p)
{
	json_t *regions = directory_regions(p);
	const int error = regions == NULL
		? -ENOMEM
		: directory_prepare(p->run_dir, p->generation + 1, regions);

	json_decref(regions);
	if (error < 0)
		return fail(p, error, "cannot write the directory in %s: %s", p->run_dir,
			strerror(-error));
	p->directory_prepared = true;
	return 0;
}

int publisher_prepare(struct publisher *p)
{
	return p->changes.count > 0 && p->directory_due ? prepare_directory(p) : 0;
}

/*
 * Switches to a directory that names every region's newest table. If it cannot be written, the
 * switch stays due, nothing that depends on it counts as applied, and publisher_reclaim() tries
 * again.
 */
static int switch_directory(struct publisher *p)
{
	int error = p->directory_prepared ? 0 : prepare_directory(p);

	if (error == 0)
		error = directory_switch(p->run_dir);
	p->directory_prepared = false;
	if (error < 0)
		return fail(p, error, "cannot write the directory in %s: %s", p->run_dir,
			strerror(-error));
	p->generation++;
	p->directory_due = false;
	for (struct region_table *r = p->regions; r != NULL; r = r->next) {
		if (r->served == r->table)
			continue;
		if (r->served != NULL)
			close_later(p, r->served, p->generation);
		r->served = r->table;
		r->generation = p->generation;
	}
	return 0;
}

static bool make_room(struct changes *list)
{
	const size_t room = list->room ? 2 * list->room : 64;
	struct change *changes = reallocarray(list->list, room, sizeof(*changes));
	struct change **by_address;

	if (changes == NULL)
		return false;
	list->list = changes;
	by_address = reallocarray(list->by_address, room, sizeof(struct change *));
	if (by_address == NULL)
		return false;
	list->by_address = by_address;
	list->room = room;
	return true;
}

/* A dataplane that hangs lets go of no table: growth then ends before memory does. */
static bool too_many_tables(const struct publisher *p)
{
	unsigned waiting = 0;

	for (const struct closing *c = p->closing; c != NULL; c = c->next)
		waiting++;
	return waiting >= CLOSING_MAX;
}

static int grow(struct publisher *p, struct region_table *r, enum shortage shortage)
{
	publisher_reclaim(p);
	if (too_many_tables(p))
		return fail(p, -EBUSY,
			"region %s: its table is full, and the dataplane has not let go of %d earlier "
			"ones: is it hung?",
			r->name, CLOSING_MAX);
	const int error = region_table_grow(r, p->files, &p->changes, p->generation + 1, shortage);

	if (error < 0)
		return fail(p, error,
			"region %s: its table is full and there is no room for a larger one in %s: %s",
			r->name, table_files_dir(p->files), strerror(-error));
	p->directory_due = true;
	return 0;
}

/* Reserves one change, growing the table if need be: for slots, for cells, or for both. */
static int reserve(struct publisher *p, struct change *change, const struct record_wire *record)
{
	struct changes *list = &p->changes;
	enum shortage shortage;

	if (list->count == list->room && !make_room(list))
		return fail(p, -ENOMEM, "out of memory");
	while ((shortage = region_table_reserve(change, record)) != SHORT_OF_NOTHING) {
		const int error = grow(p, change->region, shortage);

		if (error < 0)
			return error;
	}
	list->list[list->count++] = *change;
	return 0;
}

static int change_record(struct publisher *p, enum change_kind kind, const char *region,
	const struct address *address, const struct record_wire *record)
{
	struct change change = {.kind = kind, .region = find(p, region), .address = *address};

	if (change.region == NULL)
		return fail(p, -ENOENT, "region %s is not attached", region);
	return reserve(p, &change, record);
}

int publisher_bind(struct publisher *p, const char *region, const struct address *address)
{
	return change_record(p, CHANGE_BIND, region, address, NULL);
}

int publisher_unbind(struct publisher *p, const char *region, const struct address *address)
{
	return change_record(p, CHANGE_UNBIND, region, address, NULL);
}

int publisher_set(struct publisher *p, const char *region, const struct address *address,
	const struct record_wire *record)
{
	return change_record(p, CHANGE_SET, region, address, record);
}

int publisher_unset(struct publisher *p, const char *region, const struct address *address)
{
	return change_record(p, CHANGE_UNSET, region, address, NULL);
}

int publisher_attach(struct publisher *p, const struct region_info *info, uint32_t serial,
	uint64_t eips_expected, uint64_t ptrs_expected)
{
	struct change change = {.kind = CHANGE_ATTACH};

	if (find(p, info->name) != NULL)
		return fail(p, -EEXIST, "region %s is attached already", info->name);
	change.region = add_region(p, info, serial, eips_expected, ptrs_expected);
	if (change.region == NULL)
		return -errno;
	const int error = reserve(p, &change, NULL);

	if (error < 0) {
		unlink_region(p, change.region);
		region_table_free(change.region);
	}
	return error;
}

int publisher_detach(struct publisher *p, const char *region)
{
	struct change change = {.kind = CHANGE_DETACH, .region = find(p, region)};

	if (change.region == NULL)
		return fail(p, -ENOENT, "region %s is not attached", region);
	const int error = reserve(p, &change, NULL);

	if (error == 0) {
		change.region->leaving = true;
		p->directory_due = true;
	}
	return error;
}

void publisher_begin(struct publisher *p)
{
	p->changes.count = 0;
}

size_t publisher_mark(const struct publisher *p)
{
	return p->changes.count;
}

void publisher_rollback_to(struct publisher *p, size_t mark)
{
	p->directory_prepared = false;
	while (p->changes.count > mark) {
		struct change *c = &p->changes.list[--p->changes.count];

		region_table_release(c);
		if (c->kind == CHANGE_ATTACH) {
			unlink_region(p, c->region);
			region_table_free(c->region);
		} else if (c->kind == CHANGE_DETACH) {
			c->region->leaving = false;
		}
	}
}

void publisher_rollback(struct publisher *p)
{
	publisher_rollback_to(p, 0);
}

/* Of an EIP, not of the region as a whole. */
static bool is_of_address(const struct change *c)
{
	return c->kind <= CHANGE_UNSET;
}

/* Groups the changes of an address, each group in the order of the transaction. */
static int compare_addresses(const void *left, const void *right)
{
	const struct change *a = *(struct change *const *)left, *b = *(struct change *const *)right;

	if (a->region != b->region)
		return a->region < b->region ? -1 : 1;
	if (is_of_address(a) != is_of_address(b))
		return is_of_address(a) ? 1 : -1;
	const int order = memcmp(&a->address, &b->address, sizeof(a->address));

	if (order != 0)
		return order;
	return a < b ? -1 : a > b;
}

static bool same_address(const struct change *a, const struct change *b)
{
	return a->region == b->region && is_of_address(a) == is_of_address(b)
		&& memcmp(&a->address, &b->address, sizeof(a->address)) == 0;
}

/* One store for each address. */
static void publish_changes(struct publisher *p)
{
	struct changes *list = &p->changes;

	for (size_t i = 0; i < list->count; i++)
		list->by_address[i] = &list->list[i];
	qsort(list->by_address, list->count, sizeof(struct change *), compare_addresses);
	for (size_t i = 0, n; i < list->count; i += n) {
		struct change **group = &list->by_address[i];

		for (n = 1; i + n < list->count && same_address(group[0], group[n]); n++)
			;
		group[0]->region->touched = true;
		if (!region_table_publish(group, n))
			fprintf(stderr,
				"ptrd-control: region %s: table and store disagree about an address; "
				"a restart rebuilds the table\n",
				group[0]->region->name);
	}
}

/* After every store that unlinked something: the token, then what was unlinked is handed over. */
static void retire_replaced(struct publisher *p)
{
	const struct changes *list = &p->changes;
	const uint64_t token = node_token(p->node);

	for (size_t i = 0; i < list->count; i++) {
		if (is_of_address(&list->list[i]))
			table_retire(list->list[i].region->table, list->list[i].ref, token);
	}
}

uint64_t publisher_commit(struct publisher *p, uint32_t serial)
{
	uint64_t generation = 0;

	if (p->changes.count == 0)
		return 0;
	publish_changes(p);
	retire_replaced(p);
	for (struct region_table *r = p->regions; r != NULL; r = r->next) {
		if (r->touched)
			table_set_serial(r->table, serial);
	}
	if (p->directory_due) {
		generation = p->generation + 1;
		drop_leaving(p);
		if (switch_directory(p) < 0)
			fprintf(stderr, "ptrd-control: %s\n", p->error);
	}
	for (struct region_table *r = p->regions; r != NULL; r = r->next) {
		if (r->touched && r->generation > generation)
			generation = r->generation;
		r->touched = false;
	}
	p->changes.count = 0;
	return publisher_applied(p, generation) ? 0 : generation;
}

bool publisher_applied(struct publisher *p, uint64_t generation)
{
	return generation <= p->generation
		&& (generation == 0 || node_applied(p->node) >= generation);
}

/* Frees what readers of `t` no longer see. */
static void reclaim_cells(struct publisher *p, struct table *t)
{
	const uint64_t newest = table_newest_token(t);

	if (newest == 0)
		return;
	if (node_passed(p->node, newest)) {
		table_reclaim(t, newest);
	} else {
		const uint64_t oldest = table_oldest_token(t);

		if (node_passed(p->node, oldest))
			table_reclaim(t, oldest);
	}
}

void publisher_reclaim(struct publisher *p)
{
	/* A table that grew in a transaction that was rolled back, or a directory that could
	 * not be written. */
	if (p->started && p->directory_due && p->changes.count == 0)
		switch_directory(p);
	for (struct region_table *r = p->regions; r != NULL; r = r->next)
		reclaim_cells(p, r->table);
	for (struct closing **c = &p->closing; *c != NULL;) {
		struct closing *done = *c;

		if (!publisher_applied(p, done->generation)) {
			c = &done->next;
			continue;
		}
		*c = done->next;
		table_unlink(done->table);
		table_close(done->table);
		free(done);
	}
	if (p->started && publisher_applied(p, p->first_generation))
		table_files_remove_leftovers(p->files);
}

int publisher_load_region(struct publisher *p, const struct region_info *info, uint32_t serial,
	uint64_t eips_expected, uint64_t ptrs_expected)
{
	return add_region(p, info, serial, eips_expected, ptrs_expected) != NULL ? 0 : -errno;
}

int publisher_load_eip(struct publisher *p, const char *region, const struct address *address,
	const struct record_wire *record)
{
	int error = publisher_bind(p, region, address);

	if (error == 0 && record != NULL)
		error = publisher_set(p, region, address, record);
	if (error < 0)
		publisher_rollback(p);
	/* Nobody reads this table yet: nothing that is replaced needs a grace period. */
	if (error == 0)
		publish_changes(p);
	p->changes.count = 0;
	return error;
}

int publisher_start(struct publisher *p)
{
	const int error = switch_directory(p);

	/* What was loaded was no change: the serials stand. */
	for (struct region_table *r = p->regions; r != NULL; r = r->next)
		r->touched = false;
	if (error == 0) {
		p->started = true;
		p->first_generation = p->generation;
	}
	return error;
}

uint64_t publisher_generation(const struct publisher *p, const char *region)
{
	const struct region_table *r = find(p, region);

	if (r != NULL && r->served == r->table)
		return r->generation;
	return p->directory_due ? p->generation + 1 : p->generation;
}

uint32_t publisher_serial(const struct publisher *p, const char *region)
{
	const struct region_table *r = find(p, region);

	return r != NULL ? ptrd_table_serial(table_view(r->table)) : 0;
}

void publisher_status(struct publisher *p, struct publisher_status *status)
{
	*status = (struct publisher_status){.generation = p->generation};
	status->dataplane_alive = node_alive(p->node);
	const struct ptrd_node *segment = node_segment(p->node);

	if (segment == NULL)
		return;
	status->dataplane_pid = atomic_load(&segment->pid);
	status->dataplane_started = atomic_load(&segment->started);
	status->applied_generation = node_last_applied(p->node);
	status->readers = atomic_load(&segment->readers);
	for (unsigned i = 0; i < PTRD_READERS_MAX; i++) {
		for (unsigned j = 0; j < PTRD_OUTCOME_COUNT; j++)
			status->outcome[j] += atomic_load_explicit(
				&segment->counters[i].outcome[j], memory_order_relaxed);
		for (unsigned j = 0; j < PTRD_EVENT_COUNT; j++)
			status->event[j] += atomic_load_explicit(
				&segment->counters[i].event[j], memory_order_relaxed);
	}
}

bool publisher_table(
	const struct publisher *p, const char *region, struct publisher_table_status *s)
{
	const struct region_table *r = find(p, region);

	if (r == NULL)
		return false;
	*s = (struct publisher_table_status){
		.eips = table_eips(r->table),
		.records = table_records(r->table),
		.file_size = table_bytes(r->table),
		.cell_bytes_used = table_cell_bytes_used(r->table),
		.cell_bytes = table_cell_bytes(r->table),
		.huge_pages = table_files_is_huge(p->files, r->table),
	};
	snprintf(s->path, sizeof(s->path), "%s", table_path(r->table));
	return true;
}
