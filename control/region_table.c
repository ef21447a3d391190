#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "directory.h"
#include "region_table.h"

/* Cell of a usual record: header 12, one RR with a name of 36 bytes. */
#define CELL_EXPECTED 64
/* Cell of an IPv6 default: header 12, address 16. */
#define CELL_DEFAULT 32

/* Bytes of cells for that many EIPs. Where both families are, each EIP counts as an IPv6 one: the
 * store does not count them apart. */
static uint64_t cells_expected(const struct region_info *info, uint64_t eips, uint64_t ptrs)
{
	bool ipv6 = false;

	for (unsigned i = 0; i < info->prefixes_count; i++)
		ipv6 |= strchr(info->prefixes[i], ':') != NULL;
	return ptrs * CELL_EXPECTED + (ipv6 ? (eips + ptrs) * CELL_DEFAULT : 0);
}

#define GROW_TRIES 3

struct region_table *region_table_of_shape(
	struct table_files *files, const struct region_info *info, const struct table_shape *shape)
{
	struct region_table *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	if (strlen(info->name) >= sizeof(r->name)) {
		free(r);
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(r->name, info->name);
	errno = ENOMEM;
	r->entry = directory_region(info);
	r->table = r->entry != NULL ? table_files_create(files, shape) : NULL;
	if (r->table == NULL) {
		const int saved = errno;

		json_decref(r->entry);
		free(r);
		errno = saved;
		return NULL;
	}
	return r;
}

struct region_table *region_table_create(struct table_files *files, const struct region_info *info,
	uint64_t revision, uint64_t generation, uint64_t eips, uint64_t ptrs)
{
	const struct table_shape shape = {
		.region = info->name,
		.generation = generation,
		.eips = region_table_headroom(eips),
		.cell_bytes
		= cells_expected(info, region_table_headroom(eips), region_table_headroom(ptrs)),
	};
	struct region_table *r = region_table_of_shape(files, info, &shape);

	if (r != NULL)
		table_start(r->table, revision);
	return r;
}

static void drop(struct table *t)
{
	table_unlink(t);
	table_close(t);
}

void region_table_free(struct region_table *r)
{
	if (r->table != NULL && r->table != r->served)
		drop(r->table);
	json_decref(r->entry);
	json_decref(r->served_entry);
	free(r);
}

/* What an address with no custom PTR refers to: nothing, or for IPv6 a cell that holds the
 * address. */
static uint32_t default_ref(struct table *t, const struct address *address)
{
	return address->ipv6 ? table_cell_create(t, address, NULL) : PTRD_REF_DEFAULT;
}

static enum shortage reserve_bind(struct table *t, struct change *c)
{
	if (table_crowded(t))
		return SHORT_OF_SLOTS;
	c->ref = default_ref(t, &c->address);
	if (c->ref == PTRD_REF_NONE)
		return SHORT_OF_CELLS;
	c->slot = table_reserve(t, &c->address);
	if (c->slot != NULL)
		return SHORT_OF_NOTHING;
	table_cell_discard(t, c->ref);
	return SHORT_OF_SLOTS;
}

enum shortage region_table_reserve(struct change *c, const struct record_wire *record)
{
	struct table *t = c->region->table;

	switch (c->kind) {
	case CHANGE_BIND:
		return reserve_bind(t, c);
	case CHANGE_SET:
		c->ref = table_cell_create(t, &c->address, record);
		return c->ref != PTRD_REF_NONE ? SHORT_OF_NOTHING : SHORT_OF_CELLS;
	case CHANGE_UNSET:
		c->ref = default_ref(t, &c->address);
		return c->ref != PTRD_REF_NONE ? SHORT_OF_NOTHING : SHORT_OF_CELLS;
	default:
		return SHORT_OF_NOTHING;
	}
}

enum shortage region_table_fill(
	struct region_table *r, const struct address *address, const struct record_wire *record)
{
	if (table_crowded(r->table))
		return SHORT_OF_SLOTS;
	const uint32_t ref = record != NULL ? table_cell_create(r->table, address, record)
					    : default_ref(r->table, address);
	if (ref == PTRD_REF_NONE)
		return SHORT_OF_CELLS;
	_Atomic uint64_t *slot = table_reserve(r->table, address);
	if (slot == NULL) {
		table_cell_discard(r->table, ref);
		return SHORT_OF_SLOTS;
	}
	table_fill(r->table, slot, address, ref);
	return SHORT_OF_NOTHING;
}

void region_table_release(struct change *c)
{
	switch (c->kind) {
	case CHANGE_BIND:
		table_release(c->region->table, c->slot);
		table_cell_discard(c->region->table, c->ref);
		break;
	case CHANGE_SET:
	case CHANGE_UNSET:
		table_cell_discard(c->region->table, c->ref);
		break;
	default:
		break;
	}
}

/* Gives back what a change reserved, now that a later one of its address stands for both. */
static void supersede(struct change *c, _Atomic uint64_t *keep_slot)
{
	struct table *t = c->region->table;

	if (c->kind == CHANGE_BIND && c->slot != keep_slot)
		table_release(t, c->slot);
	if (c->kind != CHANGE_UNBIND)
		table_cell_discard(t, c->ref);
	c->ref = PTRD_REF_NONE;
}

/* The one store. Leaves the replaced reference in last->ref. */
static bool publish_net(struct change *last, _Atomic uint64_t *slot, bool was_bound)
{
	struct table *t = last->region->table;
	const uint32_t ref = last->ref;

	if (last->kind == CHANGE_UNBIND) {
		last->ref = was_bound ? table_remove(t, &last->address) : PTRD_REF_NONE;
		return !was_bound || last->ref != PTRD_REF_NONE;
	}
	if (!was_bound) {
		table_fill(t, slot, &last->address, ref);
		last->ref = PTRD_REF_NONE;
		return true;
	}
	last->ref = table_replace(t, &last->address, ref);
	if (last->ref == PTRD_REF_NONE)
		table_cell_discard(t, ref);
	return last->ref != PTRD_REF_NONE;
}

bool region_table_publish(struct change *const *changes, size_t count)
{
	struct change *first = changes[0], *last = changes[count - 1];
	const bool was_bound = first->kind != CHANGE_BIND;
	const bool stays = last->kind != CHANGE_UNBIND;

	if (!change_is_of_address(first))
		return true;
	/* An address that was not bound and is in the end goes to the slot that its first bind
	 * reserved; every other reservation was for a state that nobody sees. */
	_Atomic uint64_t *slot = !was_bound && stays ? first->slot : NULL;

	for (size_t i = 0; i + 1 < count; i++)
		supersede(changes[i], slot);
	if (count > 1 && last->kind == CHANGE_BIND)
		table_release(last->region->table, last->slot);
	return publish_net(last, slot, was_bound);
}

/*
 * Where `c`'s reservation in `from` goes to in `to`: left in *moved, which takes c's place once
 * the whole transaction has moved.
 */
static bool move_change(
	struct table *to, const struct table *from, const struct change *c, struct change *moved)
{
	*moved = *c;
	if (c->kind == CHANGE_UNBIND || !change_is_of_address(c))
		return true;
	moved->ref = table_cell_copy(to, from, c->ref, &c->address);
	if (moved->ref == PTRD_REF_NONE)
		return false;
	if (c->kind == CHANGE_BIND)
		moved->slot = table_reserve(to, &c->address);
	return c->kind != CHANGE_BIND || moved->slot != NULL;
}

static bool move_changes(
	struct region_table *r, struct table *to, struct changes *changes, struct change *moved)
{
	for (size_t i = 0; i < changes->count; i++) {
		moved[i] = changes->list[i];
		if (moved[i].region == r
			&& !move_change(to, r->table, &changes->list[i], &moved[i]))
			return false;
	}
	return true;
}

/* Half as much again of what there is not enough of; in cells, at least room for one more in every
 * sixteenth EIP, so that a large region's first records do not copy it again and again. */
static struct table_shape larger_shape(
	const struct region_table *r, uint64_t generation, enum shortage shortage, size_t changes)
{
	const uint64_t eips = table_eips_built_for(r->table);
	const uint64_t bound = table_eips(r->table) + changes;
	const uint64_t used = table_cell_bytes_used(r->table);
	struct table_shape shape = {
		.region = r->name,
		.generation = generation,
		.eips = eips > bound ? eips : bound,
		.cell_bytes = table_cell_bytes(r->table),
	};

	if (shortage == SHORT_OF_SLOTS)
		shape.eips += shape.eips / 2;
	else
		shape.cell_bytes
			= used + used / 2 + PTRD_RECORD_WIRE_MAX + shape.eips / 16 * CELL_EXPECTED;
	return shape;
}

/* A table of `shape` with everything in it; NULL with errno set, ENOSPC if chance filled its
 * chains or its cells were too few. */
static struct table *move_to(const struct table_shape *shape, struct region_table *r,
	struct table_files *files, struct changes *changes, struct change *moved)
{
	struct table *t = table_files_create(files, shape);

	if (t == NULL)
		return NULL;
	if (table_copy(t, r->table) && move_changes(r, t, changes, moved))
		return t;
	drop(t);
	errno = ENOSPC;
	return NULL;
}

int region_table_grow(struct region_table *r, struct table_files *files, struct changes *changes,
	uint64_t generation, enum shortage shortage)
{
	struct table_shape shape = larger_shape(r, generation, shortage, changes->count);
	struct change *moved = calloc(changes->room + 1, sizeof(*moved));
	struct table *t = NULL;

	if (moved == NULL)
		return -ENOMEM;
	for (unsigned tries = 0; t == NULL && tries < GROW_TRIES; tries++) {
		t = move_to(&shape, r, files, changes, moved);
		/* Another hash key and some more room. */
		shape.eips += shape.eips / 4;
		shape.cell_bytes += shape.cell_bytes / 4;
	}
	if (t == NULL) {
		const int error = -errno;

		free(moved);
		return error;
	}
	/* The reservations in a table that stays served go with it: nobody else writes to it. */
	if (r->table != r->served)
		drop(r->table);
	r->table = t;
	free(changes->list);
	changes->list = moved;
	return 0;
}
