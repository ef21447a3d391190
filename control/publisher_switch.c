/* Generations of the publisher: the directory's switch, and when what it replaced may go. */
#include <stdlib.h>
#include <string.h>

#include "directory.h"
#include "publisher_private.h"

/* A table that a directory no longer names, until that directory is applied. */
struct closing {
	struct table *table;
	uint64_t generation;
	struct closing *next;
};

/* Region entries of the directory to come, NULL if memory is short. */
static json_t *directory_regions(const struct publisher *p)
{
	json_t *regions = json_array();

	for (struct region_table *r = p->regions; r != NULL && regions != NULL; r = r->next) {
		/* A region whose prefixes have all moved away has nothing to serve. */
		if (r->leaving || json_array_size(json_object_get(r->entry, "prefixes")) == 0)
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
		return publisher_fail(p, error, "cannot write the directory in %s: %s", p->run_dir,
			strerror(-error));
	p->directory_prepared = true;
	return 0;
}

void publisher_date_entries(struct publisher *p, uint64_t revision)
{
	for (struct region_table *r = p->regions; r != NULL; r = r->next)
		directory_region_revision(r->entry, revision);
}

int publisher_prepare(struct publisher *p, uint64_t revision)
{
	if (p->changes.count == 0 || !p->directory_due)
		return 0;
	publisher_date_entries(p, revision);
	return prepare_directory(p);
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

void publisher_drop_leaving(struct publisher *p)
{
	struct region_table *next;

	for (struct region_table *r = p->regions; r != NULL; r = next) {
		next = r->next;
		if (!r->leaving)
			continue;
		publisher_unlink_region(p, r);
		if (r->served != NULL)
			close_later(p, r->served, p->generation + 1);
		region_table_free(r);
	}
}

/* True if the directory in place has the region as it is now. */
static bool is_served(const struct region_table *r)
{
	return r->served == r->table && r->served_entry == r->entry;
}

int publisher_switch(struct publisher *p)
{
	int error = p->directory_prepared ? 0 : prepare_directory(p);

	if (error == 0)
		error = directory_switch(p->run_dir);
	p->directory_prepared = false;
	if (error < 0)
		return publisher_fail(p, error, "cannot write the directory in %s: %s", p->run_dir,
			strerror(-error));
	p->generation++;
	p->directory_due = false;
	for (struct region_table *r = p->regions; r != NULL; r = r->next) {
		if (is_served(r))
			continue;
		if (r->served != NULL && r->served != r->table)
			close_later(p, r->served, p->generation);
		r->served = r->table;
		json_decref(r->served_entry);
		r->served_entry = json_incref(r->entry);
		r->generation = p->generation;
	}
	return 0;
}

bool publisher_applied(struct publisher *p, uint64_t generation)
{
	return generation <= p->generation
		&& (generation == 0 || node_applied(p->node) >= generation);
}

uint64_t publisher_generation(const struct publisher *p, const char *region)
{
	const struct region_table *r = publisher_region(p, region);

	if (r != NULL && is_served(r))
		return r->generation;
	return p->directory_due ? p->generation + 1 : p->generation;
}

bool publisher_too_many_waiting(const struct publisher *p)
{
	unsigned waiting = 0;

	for (const struct closing *c = p->closing; c != NULL; c = c->next)
		waiting++;
	return waiting >= CLOSING_MAX;
}

void publisher_close_waiting(struct publisher *p)
{
	while (p->closing != NULL) {
		struct closing *c = p->closing;

		p->closing = c->next;
		table_close(c->table);
		free(c);
	}
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
		publisher_switch(p);
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
