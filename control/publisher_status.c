#include <stdio.h>

#include "publisher_private.h"

uint32_t publisher_serial(const struct publisher *p, const char *region)
{
	const struct region_table *r = publisher_region(p, region);

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
