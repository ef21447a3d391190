/* Tables of the regions that an address range moves between. */
#include <errno.h>

#include "region_table.h"

/* A table is made for what is counted and a quarter more, then for twice as much each time. */
#define TRIES 4

/* What goes into the new table: addresses of `region` in the range, or those outside of it. */
struct part {
	const struct region_table *region;
	bool inside;
};

/* What is moved, and what it takes. */
struct move {
	struct part parts[2];
	unsigned parts_count;
	const struct address_range *range;
	const struct changes *changes;
	uint64_t eips, cell_bytes;
};

static bool is_part(const struct move *m, const struct part *part, const struct change *c)
{
	return c->region == part->region && change_is_of_address(c)
		&& range_holds(m->range, &c->address) == part->inside;
}

/* Only what is in the range is looked at one by one: the rest is what the table has in all. */
static void count_part(struct move *m, const struct part *part)
{
	const struct table *t = part->region->table;
	struct table_entry entry;
	uint64_t eips = 0, cell_bytes = 0;

	for (uint64_t at = 0; table_next(t, &at, &entry);) {
		if (!range_holds(m->range, &entry.address))
			continue;
		eips++;
		cell_bytes += table_cell_size(t, entry.ref);
	}
	m->eips += part->inside ? eips : table_eips(t) - eips;
	cell_bytes = part->inside ? cell_bytes : table_cell_bytes_used(t) - cell_bytes;
	for (size_t i = 0; i < m->changes->count; i++) {
		if (!is_part(m, part, &m->changes->list[i]))
			continue;
		m->eips += m->changes->list[i].kind == CHANGE_BIND;
		/* What the changes have reserved is in use too. */
		cell_bytes = table_cell_bytes_used(t);
	}
	m->cell_bytes += cell_bytes;
}

/* Does to `t`, which nobody reads yet, what the publication of `c` will do to its own table. */
static bool redo(struct table *t, const struct change *c)
{
	if (c->kind == CHANGE_BIND)
		return table_put_copy(t, c->region->table, c->ref, &c->address);
	if (c->kind == CHANGE_UNBIND) {
		table_cell_discard(t, table_remove(t, &c->address));
		return true;
	}
	const uint32_t ref = table_cell_copy(t, c->region->table, c->ref, &c->address);
	if (ref == PTRD_REF_NONE)
		return false;
	const uint32_t old = table_replace(t, &c->address, ref);

	table_cell_discard(t, old != PTRD_REF_NONE ? old : ref);
	return true;
}

static bool fill(struct table *t, const struct move *m)
{
	for (unsigned i = 0; i < m->parts_count; i++) {
		const struct part *part = &m->parts[i];

		if (!table_copy_range(t, part->region->table, m->range, part->inside))
			return false;
		for (size_t j = 0; j < m->changes->count; j++)
			if (is_part(m, part, &m->changes->list[j])
				&& !redo(t, &m->changes->list[j]))
				return false;
	}
	return true;
}

struct region_table *region_table_move(const struct region_table *old,
	const struct region_table *from, const struct region_info *info,
	const struct address_range *range, const struct changes *changes, struct table_files *files,
	uint64_t generation)
{
	struct move m = {
		.parts = {{old, false}, {from, true}},
		.parts_count = from != NULL ? 2 : 1,
		.range = range,
		.changes = changes,
	};
	struct table_shape shape = {.region = info->name, .generation = generation};

	for (unsigned i = 0; i < m.parts_count; i++)
		count_part(&m, &m.parts[i]);
	shape.eips = region_table_headroom(m.eips);
	shape.cell_bytes = region_table_headroom(m.cell_bytes);
	for (unsigned tries = 0; tries < TRIES; tries++) {
		struct region_table *r = region_table_of_shape(files, info, &shape);

		if (r == NULL)
			return NULL;
		table_start(r->table, table_revision(old->table));
		if (fill(r->table, &m))
			return r;
		region_table_free(r);
		shape.eips += shape.eips;
		shape.cell_bytes += shape.cell_bytes;
	}
	errno = ENOSPC;
	return NULL;
}
