#include <stdlib.h>
#include <string.h>

#include "store_private.h"

static const char *member_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static uint32_t member_number(const json_t *object, const char *name)
{
	return (uint32_t)json_integer_value(json_object_get(object, name));
}

/* Array of the strings' texts, which stay the JSON's; free() it. */
static const char **texts_of(const json_t *array, unsigned *count)
{
	const char **texts = calloc(json_array_size(array) + 1, sizeof(*texts));
	const json_t *text;
	size_t i;

	if (texts == NULL)
		return NULL;
	json_array_foreach(array, i, text) texts[i] = json_string_value(text);
	*count = (unsigned)json_array_size(array);
	return texts;
}

static void info_scalars(struct region_info *info, const json_t *spec)
{
	const json_t *soa = json_object_get(spec, "soa"), *ns = json_object_get(spec, "ns");
	const char *unbound = member_text(spec, "unbound");

	info->suffix = member_text(spec, "suffix");
	info->default_name = member_text(spec, "default_name");
	info->default_name6 = member_text(spec, "default_name6");
	info->rfc2317 = member_text(spec, "rfc2317");
	info->default_ttl = member_number(spec, "default_ttl");
	info->unbound_default = unbound != NULL && strcmp(unbound, "default") == 0;
	info->soa_mname = member_text(soa, "mname");
	info->soa_rname = member_text(soa, "rname");
	info->soa_refresh = member_number(soa, "refresh");
	info->soa_retry = member_number(soa, "retry");
	info->soa_expire = member_number(soa, "expire");
	info->soa_minimum = member_number(soa, "minimum");
	info->soa_ttl = member_number(soa, "ttl");
	info->ns_ttl = member_number(ns, "ttl");
}

/* The array is the region's own, whatever the const in struct region_info says to the publisher. */
static struct region_delegation *own_delegations(const struct region *region)
{
	return (struct region_delegation *)(uintptr_t)region->info.delegations;
}

static bool info_delegations(struct region *region)
{
	const json_t *array = json_object_get(region->spec, "delegations"), *member;
	const size_t count = json_array_size(array);
	struct refusal why;
	size_t i;

	region->info.delegations = calloc(count + 1, sizeof(*region->info.delegations));
	region->delegated = calloc(count + 1, sizeof(*region->delegated));
	if (region->info.delegations == NULL || region->delegated == NULL)
		return false;
	json_array_foreach(array, i, member)
	{
		struct region_delegation *delegation = &own_delegations(region)[i];

		delegation->prefix = member_text(member, "prefix");
		delegation->name = member_text(member, "name");
		delegation->ns = texts_of(json_object_get(member, "ns"), &delegation->ns_count);
		region->info.delegations_count++;
		if (delegation->prefix == NULL || delegation->name == NULL || delegation->ns == NULL
			|| !prefix_parse(delegation->prefix, &region->delegated[i], &why))
			return false;
	}
	return true;
}

/* An unreadable prefix can only come from a file that something else has written. */
static bool info_lists(struct region *region)
{
	struct region_info *info = &region->info;
	struct refusal why;

	info->prefixes = texts_of(json_object_get(region->spec, "prefixes"), &info->prefixes_count);
	info->ns_names = texts_of(json_object_get(json_object_get(region->spec, "ns"), "names"),
		&info->ns_names_count);
	region->prefixes = calloc(info->prefixes_count + 1, sizeof(*region->prefixes));
	if (info->prefixes == NULL || info->ns_names == NULL || region->prefixes == NULL)
		return false;
	for (unsigned i = 0; i < info->prefixes_count; i++)
		if (info->prefixes[i] == NULL
			|| !prefix_parse(info->prefixes[i], &region->prefixes[i], &why))
			return false;
	return true;
}

struct region *region_new(const char *name, json_t *spec)
{
	struct region *region = calloc(1, sizeof(*region));

	if (region == NULL)
		return NULL;
	region->spec = json_incref(spec);
	snprintf(region->name, sizeof(region->name), "%s", name);
	region->info.name = region->name;
	info_scalars(&region->info, spec);
	if (!info_lists(region) || !info_delegations(region)) {
		region_free(region);
		return NULL;
	}
	return region;
}

void region_free(struct region *region)
{
	if (region == NULL)
		return;
	/* The arrays are ours, whatever the const in struct region_info says to the publisher. */
	free((void *)(uintptr_t)region->info.prefixes);
	free((void *)(uintptr_t)region->info.ns_names);
	for (unsigned i = 0; i < region->info.delegations_count; i++)
		free((void *)(uintptr_t)region->info.delegations[i].ns);
	free(own_delegations(region));
	free(region->prefixes);
	free(region->delegated);
	json_decref(region->spec);
	free(region);
}

const struct region_delegation *region_delegation_of(
	const struct region *region, const struct address *address)
{
	for (unsigned i = 0; i < region->info.delegations_count; i++)
		if (prefix_holds(&region->delegated[i], address))
			return &region->info.delegations[i];
	return NULL;
}

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

static bool insert_prefixes(struct store *s, const struct region *region)
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

/* The audit row of a region that has come, or (`gone`) went. */
static bool audit_region(struct store *s, const struct region *region, bool gone)
{
	json_t *shown = json_pack("{s:s}", "state", region->attached ? "attached" : "detached");

	json_object_update_missing(shown, region->spec);
	char *text = json_dumps(shown, JSON_COMPACT);
	const bool written = text != NULL
		&& store_audit(s, region->name, NULL, gone ? text : NULL, gone ? NULL : text);

	free(text);
	json_decref(shown);
	return written;
}

bool store_region_add(struct store *s, struct region *region)
{
	if (!store_usage_flush(s))
		return false;
	s->revision++;
	if (!insert_region(s, region) || !insert_prefixes(s, region)
		|| !audit_region(s, region, false) || !keep_region(s, region))
		return false;
	s->regions_changed = true;
	/* An index out of memory is as good as a failed statement: the transaction is rolled
	 * back. */
	if (!index_regions(s)) {
		snprintf(s->error, sizeof(s->error), "out of memory");
		s->failed = true;
	}
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
