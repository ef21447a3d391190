#include <stdio.h>

#include "publisher_private.h"

uint32_t publisher_serial(const struct publisher *p, const char *region)
{
	const struct region_table *r = publisher_region(p, region);

	return r != NULL ? ptrd_table_serial(table_view(r->table)) : 0;
}

uint64_t publisher_newest(const struct publisher *p)
{
	return p->generation;
}

static void read_reader(
	const struct ptrd_node *segment, uint32_t number, struct publisher_reader *reader)
{
	const struct ptrd_reader *described = &segment->reader[number];
	const struct ptrd_counters *counters = &segment->counters[number];

	*reader = (struct publisher_reader){
		.cpu = described->cpu,
		.queue = described->queue,
		.cycles = atomic_load_explicit(&counters->cycles, memory_order_relaxed),
		.busy_cycles = atomic_load_explicit(&counters->busy_cycles, memory_order_relaxed),
	};
	/* Of a file that another process writes: it may end nowhere. */
	snprintf(reader->port, sizeof(reader->port), "%.*s", PTRD_PORT_NAME_MAX - 1,
		described->port);
	for (unsigned i = 0; i < PTRD_OUTCOME_COUNT; i++)
		reader->outcome[i]
			= atomic_load_explicit(&counters->outcome[i], memory_order_relaxed);
	for (unsigned i = 0; i < PTRD_EVENT_COUNT; i++)
		reader->event[i] = atomic_load_explicit(&counters->event[i], memory_order_relaxed);
}

bool publisher_reader(struct publisher *p, uint32_t number, struct publisher_reader *reader)
{
	const struct ptrd_node *segment = node_segment(p->node);

	if (segment == NULL || number >= PTRD_READERS_MAX
		|| number >= atomic_load_explicit(&segment->readers, memory_order_acquire))
		return false;
	read_reader(segment, number, reader);
	return true;
}

/* Of all that there have been: those of a dataplane that has stopped too. */
static void sum_readers(const struct ptrd_node *segment, struct publisher_status *status)
{
	struct publisher_reader reader;

	for (uint32_t number = 0; number < PTRD_READERS_MAX; number++) {
		read_reader(segment, number, &reader);
		for (unsigned i = 0; i < PTRD_OUTCOME_COUNT; i++)
			status->outcome[i] += reader.outcome[i];
		for (unsigned i = 0; i < PTRD_EVENT_COUNT; i++)
			status->event[i] += reader.event[i];
	}
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
	sum_readers(segment, status);
}

bool publisher_table(
	const struct publisher *p, const char *region, struct publisher_table_status *s)
{
	const struct region_table *r = publisher_region(p, region);

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
