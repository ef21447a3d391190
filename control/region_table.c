#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "directory.h"
#include "region_table.h"

/* Cell of a usual record: header 12, one RR with a name of 36 bytes. */
#define CELL_EXPECTED 64

struct region_table *region_table_create(struct table_files *files, const struct region_info *info,
	uint32_t serial, uint64_t generation, uint64_t eips, uint64_t ptrs)
{
	const struct table_shape shape = {
		.region = info->name,
		.generation = generation,
		.eips = eips,
		.cell_bytes = ptrs * CELL_EXPECTED,
	};
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
	r->table = r->entry != NULL ? table_files_create(files, &shape) : NULL;
	if (r->table == NULL) {
		const int saved = errno;

		json_decref(r->entry);
		free(r);
		errno = saved;
		return NULL;
	}
	table_set_serial(r->table, serial);
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
	free(r);
}

/* What an address with no custom PTR refers to: nothing, or for IPv6 a cell that holds the address. */
static uint32_t default_ref(struct table *t, const struct address *address)
{
	return address->ipv6 ? table_cell_create(t, address, NULL) : PTRD_REF_DEFAULT;
}

bool region_table_reserve(struct change *c, const struct record_wire *record)
{
	struct table *t = c->region->table;

	switch (c->kind) {
	case CHANGE_BIND:
		if (table_crowded(t))
			return false;
		c->ref = default_ref(t, &c->address);
		if (c->ref == PTRD_REF_NONE)
			return false;
		c->slot = table_reserve(t, &c->address);
		if (c->slot == NULL)
			table_cell_discard(t, c->ref);
		return c->slot != NULL;
	case CHANGE_SET:
		c->ref = table_cell_create(t, &c->address, record);
		return c->ref != PTRD_REF_NONE;
	case CHANGE_UNSET:
		c->ref = default_ref(t, &c->address);
		return c->ref != PTRD_REF_NONE;
	case CHANGE_UNBIND:
	case CHANGE_ATTACH:
	case CHANGE_DETACH:
		break;
	}
	return true;
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
	case CHANGE_UNBIND:
	case CHANGE_ATTACH:
	case CHANGE_DETACH:
		break;
	}
}

bool region_table_publish(struct change *c)
{
	struct table *t = c->region->table;
	uint32_t replaced = PTRD_REF_NONE;

	switch (c->kind) {
	case CHANGE_BIND:
		table_fill(t, c->slot, &c->address, c->ref);
		c->ref = PTRD_REF_NONE;
		return true;
	case CHANGE_SET:
	case CHANGE_UNSET:
		replaced = table_replace(t, &c->address, c->ref);
		if (replaced == PTRD_REF_NONE)
			table_cell_discard(t, c->ref);
		break;
	case CHANGE_UNBIND:
		replaced = table_remove(t, &c->address);
		break;
	case CHANGE_ATTACH:
	case CHANGE_DETACH:
		return true;
	}
	c->ref = replaced;
	return replaced != PTRD_REF_NONE;
}

/*
 * Where `c`'s reservation in `from` goes to in `to`: left in *moved, which takes c's place once the whole
 * transaction has moved.
 */
static bool move_change(
	struct table *to, const struct table *from, const struct change *c, struct change *moved)
{
	*moved = *c;
	if (c->kind == CHANGE_UNBIND || c->kind == CHANGE_ATTACH || c->kind == CHANGE_DETACH)
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

int region_table_grow(struct region_table *r, struct table_files *files, struct changes *changes,
	uint64_t generation)
{
	const uint64_t eips = table_eips(r->table) + changes->count;
	const uint64_t used = table_cell_bytes_used(r->table);
	const struct table_shape shape = {
		.region = r->name,
		.generation = generation,
		.eips = eips + eips / 2,
		/* Room for the largest record, whatever the table held before. */
		.cell_bytes = used + used / 2 + PTRD_RECORD_WIRE_MAX,
	};
	struct change *moved = calloc(changes->room + 1, sizeof(*moved));
	struct table *t = moved != NULL ? table_files_create(files, &shape) : NULL;

	if (t == NULL) {
		free(moved);
		return -ENOMEM;
	}
	if (!table_copy(t, r->table) || !move_changes(r, t, changes, moved)) {
		drop(t);
		free(moved);
		return -ENOSPC;
	}
	/* The reservations in a table that stays served go with it: nobody else writes to it. */
	if (r->table != r->served)
		drop(r->table);
	r->table = t;
	free(changes->list);
	changes->list = moved;
	changes->room++;
	return 0;
}
