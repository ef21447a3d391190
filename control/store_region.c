#include <stdlib.h>
#include <string.h>

#include "store_private.h"

static int by_name(const void *a, const void *b)
{
	const struct region *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int by_first(const void *a, const void *b)
{
	const struct region_range *x = a, *y = b;

	return address_compare(&x->first, &y->first);
}

/* Sorts the regions and lists all their prefixes by address. */
static bool index_regions(struct store *s)
{
	size_t count = 0;

	for (size_t i = 0; i < s->regions_count; i++)
		count += s->regions[i]->info.prefixes_count;
	struct region_range *ranges = calloc(count + 1, sizeof(*ranges));
	if (ranges == NULL)
		return false;
	free(s->ranges);
	s->ranges = ranges;
	s->ranges_count = 0;
	for (size_t i = 0; i < s->regions_count; i++) {
		const struct region *region = s->regions[i];

		for (unsigned j = 0; j < region->info.prefixes_count; j++)
			s->ranges[s->ranges_count++] = (struct region_range){
				region->prefixes[j].first, region->prefixes[j].last, region};
	}
	qsort(s->ranges, s->ranges_count, sizeof(*s->ranges), by_first);
	if (s->regions_count > 0)
		qsort(s->regions, s->regions_count, sizeof(*s->regions), by_name);
	return true;
}

void store_regions_changed(struct store *s)
{
	s->regions_changed = true;
	if (index_regions(s))
		return;
	/* As good as a failed statement: the transaction is rolled back. */
	snprintf(s->error, sizeof(s->error), "out of memory");
	s->failed = true;
}

/* Takes the region over; false: out of memory, and it is the caller's still. */
static bool keep_region(struct store *s, struct region *region)
{
	struct region **regions
		= reallocarray(s->regions, s->regions_count + 1, sizeof(*s->regions));

	if (regions == NULL)
		return false;
	s->regions = regions;
	s->regions[s->regions_count++] = region;
	return true;
}

void store_regions_free(struct store *s)
{
	for (size_t i = 0; i < s->regions_count; i++)
		region_free(s->regions[i]);
	free(s->regions);
	free(s->ranges);
	s->regions = NULL;
	s->ranges = NULL;
	s->regions_count = s->ranges_count = 0;
}

static bool load_row(struct store *s, sqlite3_stmt *row)
{
	const char *name = (const char *)sqlite3_column_text(row, 1);
	const char *text = (const char *)sqlite3_column_text(row, 2);
	json_t *spec = text != NULL ? json_loads(text, 0, NULL) : NULL;
	struct region *region = name != NULL && spec != NULL ? region_new(name, spec) : NULL;

	json_decref(spec);
	if (region == NULL || !keep_region(s, region)) {
		region_free(region);
		snprintf(s->error, sizeof(s->error), "region %s in %s/ptrd.db is not readable",
			name != NULL ? name : "?", s->state_dir);
		return false;
	}
	region->id = sqlite3_column_int64(row, 0);
	region->attached = sqlite3_column_int(row, 3) != 0;
	return true;
}

bool store_regions_load(struct store *s)
{
	sqlite3_stmt *all = store_statement(
		s, STMT_REGION_ALL, "SELECT id, name, spec, attached FROM region ORDER BY name");
	int found = -1;

	store_regions_free(s);
	s->regions_stale = true;
	if (all == NULL)
		return false;
	while ((found = store_step(s, all)) == 1)
		if (!load_row(s, all)) {
			sqlite3_reset(all);
			return false;
		}
	if (found == 0 && !index_regions(s))
		snprintf(s->error, sizeof(s->error), "out of memory");
	s->regions_stale = s->ranges == NULL;
	return !s->regions_stale;
}

const struct region *const *store_regions(const struct store *s, size_t *count)
{
	*count = s->regions_count;
	return (const struct region *const *)s->regions;
}

const struct region *store_region(const struct store *s, const char *name)
{
	for (size_t i = 0; i < s->regions_count; i++)
		if (strcmp(s->regions[i]->name, name) == 0)
			return s->regions[i];
	return NULL;
}

const struct region *store_region_by_id(const struct store *s, int64_t id)
{
	for (size_t i = 0; i < s->regions_count; i++)
		if (s->regions[i]->id == id)
			return s->regions[i];
	return NULL;
}

const struct region *store_region_of(const struct store *s, const struct address *address)
{
	size_t low = 0, high = s->ranges_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (address_compare(address, &s->ranges[middle].last) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == s->ranges_count || address_compare(address, &s->ranges[low].first) < 0)
		return NULL;
	return s->ranges[low].region;
}

const struct region *store_region_overlapping(const struct store *s, const struct prefix *prefix)
{
	for (size_t i = 0; i < s->ranges_count; i++) {
		const struct region_range *range = &s->ranges[i];

		if (address_compare(&prefix->first, &range->last) <= 0
			&& address_compare(&range->first, &prefix->last) <= 0)
			return range->region;
	}
	return NULL;
}

bool store_region_figures(struct store *s, const struct region *region, struct region_figures *f)
{
	sqlite3_stmt *get = store_statement(s, STMT_REGION_FIGURES,
		"SELECT coalesce(sum(eips), 0), coalesce(sum(ptrs), 0), revision, created, updated"
		" FROM region LEFT JOIN usage ON usage.region = region.id WHERE region.id = ?");

	if (get == NULL || !store_usage_flush(s))
		return false;
	sqlite3_bind_int64(get, 1, region->id);
	if (store_step(s, get) != 1)
		return false;
	f->eips = (uint64_t)sqlite3_column_int64(get, 0);
	f->ptrs = (uint64_t)sqlite3_column_int64(get, 1);
	f->revision = (uint64_t)sqlite3_column_int64(get, 2);
	f->created = sqlite3_column_int64(get, 3);
	f->updated = sqlite3_column_int64(get, 4);
	sqlite3_reset(get);
	return true;
}

static bool insert_region(struct store *s, struct region *region)
{
	sqlite3_stmt *insert = store_statement(s, STMT_REGION_INSERT,
		"INSERT INTO region (name, spec, attached, revision, created, updated)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?5)");
	char *spec = json_dumps(region->spec, JSON_COMPACT);

	if (insert == NULL || spec == NULL) {
		free(spec);
		return false;
	}
	sqlite3_bind_text(insert, 1, region->name, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 2, spec, -1, SQLITE_STATIC);
	sqlite3_bind_int(insert, 3, region->attached);
	sqlite3_bind_int64(insert, 4, (int64_t)s->revision);
	sqlite3_bind_int64(insert, 5, s->now);
	const bool inserted = store_run(s, insert);
	sqlite3_clear_bindings(insert);
	free(spec);
	region->id = sqlite3_last_insert_rowid(s->db);
	return inserted;
}

bool store_prefixes_insert(struct store *s, const struct region *region)
{
	sqlite3_stmt *insert = store_statement(
		s, STMT_PREFIX_INSERT, "INSERT INTO prefix (first, last, region) VALUES (?, ?, ?)");

	if (insert == NULL)
		return false;
	for (unsigned i = 0; i < region->info.prefixes_count; i++) {
		sqlite3_bind_int64(insert, 3, region->id);
		if (!bind_address(s, insert, 1, &region->prefixes[i].first)
			|| !bind_address(s, insert, 2, &region->prefixes[i].last)
			|| !store_run(s, insert))
			return false;
	}
	return true;
}

static const char *state_text(bool attached)
{
	return attached ? "{\"state\":\"attached\"}" : "{\"state\":\"detached\"}";
}

/* The audit row of a region that has come. */
static bool audit_new(struct store *s, const struct region *region)
{
	json_t *after = json_pack("{s:s}", "state", region->attached ? "attached" : "detached");

	json_object_update_missing(after, region->spec);
	return store_audit_region(s, region, NULL, after);
}

bool store_region_add(struct store *s, struct region *region)
{
	if (!store_usage_flush(s))
		return false;
	s->revision++;
	if (!insert_region(s, region) || !store_prefixes_insert(s, region) || !audit_new(s, region)
		|| !keep_region(s, region))
		return false;
	store_regions_changed(s);
	return true;
}

bool store_region_attach(struct store *s, const struct region *region, bool attached)
{
	sqlite3_stmt *update = store_statement(
		s, STMT_REGION_STATE, "UPDATE region SET attached = ?, revision = ? WHERE id = ?");

	if (update == NULL || !store_usage_flush(s))
		return false;
	s->revision++;
	sqlite3_bind_int(update, 1, attached);
	sqlite3_bind_int64(update, 2, (int64_t)s->revision);
	sqlite3_bind_int64(update, 3, region->id);
	if (!store_run(s, update)
		|| !store_audit(s, region->name, NULL, state_text(!attached), state_text(attached)))
		return false;
	s->regions_changed = true;
	for (size_t i = 0; i < s->regions_count; i++)
		if (s->regions[i] == region)
			s->regions[i]->attached = attached;
	return true;
}
