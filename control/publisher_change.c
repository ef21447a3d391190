/* Transactions of the publisher: reservation, undoing, publication. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "directory.h"
#include "publisher_private.h"

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

int publisher_reserve(struct publisher *p, struct change *change, const struct record_wire *record)
{
	struct changes *list = &p->changes;
	enum shortage shortage;

	if (list->count == list->room && !make_room(list))
		return publisher_fail(p, -ENOMEM, "out of memory");
	while ((shortage = region_table_reserve(change, record)) != SHORT_OF_NOTHING) {
		const int error = publisher_grow(p, change->region, shortage);

		if (error < 0)
			return error;
	}
	list->list[list->count++] = *change;
	return 0;
}

static int change_record(struct publisher *p, enum change_kind kind, const char *region,
	const struct address *address, const struct record_wire *record)
{
	struct change change
		= {.kind = kind, .region = publisher_region(p, region), .address = *address};

	if (change.region == NULL)
		return publisher_fail(p, -ENOENT, "region %s is not attached", region);
	return publisher_reserve(p, &change, record);
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
			publisher_unlink_region(p, c->region);
			region_table_free(c->region);
		} else if (c->kind == CHANGE_DETACH) {
			c->region->leaving = false;
		} else if (c->kind == CHANGE_UPDATE) {
			json_decref(c->region->entry);
			c->region->entry = c->entry;
		}
	}
}

void publisher_rollback(struct publisher *p)
{
	publisher_rollback_to(p, 0);
}

/* Groups the changes of an address, each group in the order of the transaction. */
static int compare_addresses(const void *left, const void *right)
{
	const struct change *a = *(struct change *const *)left, *b = *(struct change *const *)right;

	if (a->region != b->region)
		return a->region < b->region ? -1 : 1;
	if (change_is_of_address(a) != change_is_of_address(b))
		return change_is_of_address(a) ? 1 : -1;
	const int order = memcmp(&a->address, &b->address, sizeof(a->address));

	if (order != 0)
		return order;
	return a < b ? -1 : a > b;
}

static bool same_address(const struct change *a, const struct change *b)
{
	return a->region == b->region && change_is_of_address(a) == change_is_of_address(b)
		&& memcmp(&a->address, &b->address, sizeof(a->address)) == 0;
}

/* One store for each address, all of `revision`. */
static void publish_changes(struct publisher *p, uint64_t revision)
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
		table_begin(group[0]->region->table, revision);
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
		if (change_is_of_address(&list->list[i]))
			table_retire(list->list[i].region->table, list->list[i].ref, token);
	}
}

/* The entries that the transaction replaced. */
static void forget_entries(struct publisher *p)
{
	const struct changes *list = &p->changes;

	for (size_t i = 0; i < list->count; i++) {
		if (list->list[i].kind == CHANGE_UPDATE)
			json_decref(list->list[i].entry);
	}
}

/*
 * Makes the transaction's revision that of the tables that it changed: before the switch of the
 * directory, of those that are not `served` yet, so that they are of it when they are. What leaves
 * stays what it was: it may have had a part of the transaction alone.
 */
static void end_tables(struct publisher *p, uint64_t revision, bool served)
{
	for (struct region_table *r = p->regions; r != NULL; r = r->next) {
		if (!r->touched || r->leaving || (r->served == r->table) != served)
			continue;
		table_set_settings(r->table, directory_region_revision(r->entry, revision));
		table_end(r->table);
	}
}

uint64_t publisher_commit(struct publisher *p, uint64_t revision)
{
	uint64_t generation = 0;

	if (p->changes.count == 0)
		return 0;
	publish_changes(p, revision);
	retire_replaced(p);
	forget_entries(p);
	publisher_date_entries(p, revision);
	end_tables(p, revision, false);
	if (p->directory_due) {
		generation = p->generation + 1;
		publisher_drop_leaving(p);
		if (publisher_switch(p) < 0)
			fprintf(stderr, "ptrd-control: %s\n", p->error);
	}
	end_tables(p, revision, true);
	for (struct region_table *r = p->regions; r != NULL; r = r->next) {
		if (r->touched && r->generation > generation)
			generation = r->generation;
		r->touched = false;
	}
	p->changes.count = 0;
	return publisher_applied(p, generation) ? 0 : generation;
}
