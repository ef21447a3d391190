/* Changes of regions that have EIPs. */
#include <stdlib.h>
#include <string.h>

#include "store_deferred.h"

static bool bind_range(struct store *s, sqlite3_stmt *statement, const struct prefix *prefix)
{
	return statement != NULL && bind_address(s, statement, 1, &prefix->first)
		&& bind_address(s, statement, 2, &prefix->last);
}

bool store_prefix_count(struct store *s, const struct prefix *prefix, uint64_t *count)
{
	sqlite3_stmt *get = store_statement(
		s, STMT_RANGE_COUNT, "SELECT count(*) FROM eip WHERE address BETWEEN ? AND ?");

	if (!bind_range(s, get, prefix) || store_step(s, get) != 1)
		return false;
	*count = (uint64_t)sqlite3_column_int64(get, 0);
	sqlite3_reset(get);
	return true;
}

bool store_prefix_scan(
	struct store *s, const struct prefix *prefix, store_eip_fn *fn, void *context)
{
	sqlite3_stmt *scan = store_statement(s, STMT_RANGE_SCAN,
		"SELECT " EIP_COLUMNS " FROM eip e LEFT JOIN ptr p ON p.address = e.address"
		" WHERE e.address BETWEEN ? AND ?");

	return bind_range(s, scan, prefix) && store_each_eip(s, scan, fn, context);
}

int store_prefix_conflict(struct store *s, const struct prefix *prefix, const struct region *to,
	struct eip *moved, struct eip *other)
{
	sqlite3_stmt *get = store_statement(s, STMT_RANGE_CONFLICT,
		"SELECT a.address FROM eip a CROSS JOIN eip b ON b.region = ?3 AND b.id = a.id"
		" WHERE a.address BETWEEN ?1 AND ?2 LIMIT 1");
	struct address address;

	if (!bind_range(s, get, prefix))
		return -1;
	sqlite3_bind_int64(get, 3, to->id);
	const int found = store_step(s, get);
	if (found != 1)
		return found;
	const bool readable = column_address(get, 0, &address);
	sqlite3_reset(get);
	if (!readable || store_eip(s, &address, moved) != 1)
		return -1;
	return store_eip_by_id(s, to, moved->id, other);
}

/* Place of the region of that name, which exists. */
static size_t place_of(const struct store *s, const char *name)
{
	size_t i = 0;

	while (strcmp(s->regions[i]->name, name) != 0)
		i++;
	return i;
}

static bool delete_of_region(
	struct store *s, enum store_statement id, const char *sql, const struct region *region)
{
	sqlite3_stmt *statement = store_statement(s, id, sql);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, region->id);
	return store_run(s, statement);
}

static bool delete_prefixes(struct store *s, const struct region *region)
{
	return delete_of_region(
		s, STMT_PREFIX_DELETE, "DELETE FROM prefix WHERE region = ?", region);
}

static bool write_region(struct store *s, const struct region *region)
{
	sqlite3_stmt *update = store_statement(
		s, STMT_REGION_UPDATE, "UPDATE region SET spec = ?, revision = ? WHERE id = ?");
	char *spec = json_dumps(region->spec, JSON_COMPACT);

	if (update == NULL || spec == NULL) {
		free(spec);
		return false;
	}
	sqlite3_bind_text(update, 1, spec, -1, SQLITE_STATIC);
	sqlite3_bind_int64(update, 2, (int64_t)s->revision);
	sqlite3_bind_int64(update, 3, region->id);
	const bool written = store_run(s, update);
	sqlite3_clear_bindings(update);
	free(spec);
	return written && delete_prefixes(s, region) && store_prefixes_insert(s, region);
}

/* Puts the region in the place of the one of its name, also where it cannot be written. */
static bool replace_region(struct store *s, struct region *region)
{
	const size_t i = place_of(s, region->name);

	region->id = s->regions[i]->id;
	region->attached = s->regions[i]->attached;
	region_free(s->regions[i]);
	s->regions[i] = region;
	s->regions_changed = true;
	return write_region(s, region);
}

/* The members of `a` that `b` has not, or has another value of. */
static json_t *members_apart(json_t *a, const json_t *b)
{
	json_t *apart = json_object(), *value;
	const char *name;

	json_object_foreach(a, name, value)
	{
		if (!json_equal(json_object_get(b, name), value))
			json_object_set(apart, name, value);
	}
	return apart;
}

bool store_region_update(struct store *s, struct region *region)
{
	const struct region *old = s->regions[place_of(s, region->name)];
	/* The audit shows what has changed, and only that. */
	json_t *before = members_apart(old->spec, region->spec);
	json_t *after = members_apart(region->spec, old->spec);
	const bool flushed = store_usage_flush(s);

	s->revision++;
	const bool replaced = replace_region(s, region);

	store_regions_changed(s);
	return store_audit_region(s, region, before, after) && flushed && replaced;
}

/* What the PTRs of a range are found by, then they, then their EIPs. */
static bool delete_range(struct store *s, const struct prefix *prefix)
{
	static const char *const texts[] = {
		"DELETE FROM ptr_name WHERE (key, address) IN ("
		"  WITH RECURSIVE split (address, name, rest) AS ("
		"    SELECT address, '', names || ' ' FROM ptr WHERE address BETWEEN ?1 AND ?2"
		"    UNION ALL SELECT address, substr(rest, 1, instr(rest, ' ') - 1),"
		"      substr(rest, instr(rest, ' ') + 1) FROM split WHERE rest <> '')"
		"  SELECT name_key(name), address FROM split WHERE name <> '')",
		"DELETE FROM ptr_tag WHERE (key, value, address) IN ("
		"  SELECT t.value ->> 'key', t.value ->> 'value', p.address"
		"  FROM ptr p CROSS JOIN json_each(p.tags) t"
		"  WHERE p.address BETWEEN ?1 AND ?2 AND p.tags <> '')",
		"DELETE FROM ptr WHERE address BETWEEN ?1 AND ?2",
		"DELETE FROM eip WHERE address BETWEEN ?1 AND ?2",
	};

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		sqlite3_stmt *statement = store_statement(s, STMT_RANGE_DELETE + i, texts[i]);

		if (!bind_range(s, statement, prefix) || !store_run(s, statement))
			return false;
	}
	return true;
}

/* Each EIP that goes is a change of its own: who watches its project is told. */
static bool audit_unbound(void *context, const struct eip *eip)
{
	struct store *s = context;

	s->revision++;
	eip_state(&s->before, eip);
	eip_state(&s->after, NULL);
	return store_defer_audit(s, eip, NULL);
}

bool store_region_delete(struct store *s, const struct region *region)
{
	const size_t i = place_of(s, region->name);
	struct region_figures f;

	if (!store_region_figures(s, region, &f) || !store_region_scan(s, region, audit_unbound, s)
		|| store_failed(s))
		return false;
	s->revision++;
	json_t *before
		= json_pack("{s:s,s:I,s:I}", "state", region->attached ? "attached" : "detached",
			"eips", (json_int_t)f.eips, "ptrs", (json_int_t)f.ptrs);

	json_object_update_missing(before, region->spec);
	if (!store_audit_region(s, region, before, NULL))
		return false;
	for (unsigned j = 0; j < region->info.prefixes_count; j++)
		if (!delete_range(s, &region->prefixes[j]))
			return false;
	if (!delete_of_region(s, STMT_USAGE_DELETE, "DELETE FROM usage WHERE region = ?", region)
		|| !delete_prefixes(s, region)
		|| !delete_of_region(
			s, STMT_REGION_DELETE, "DELETE FROM region WHERE id = ?", region))
		return false;
	store_project_changed(s);
	region_free(s->regions[i]);
	s->regions[i] = s->regions[--s->regions_count];
	store_regions_changed(s);
	return true;
}

/* The counters of the range's EIPs, added to a region's or (`sign` -1) taken from them. */
static bool move_usage(
	struct store *s, const struct prefix *prefix, const struct region *region, int sign)
{
	sqlite3_stmt *add = store_statement(s, STMT_USAGE_MOVE,
		"INSERT INTO usage SELECT ?3, e.project, ?4 * count(*), ?4 * count(p.address)"
		" FROM eip e LEFT JOIN ptr p ON p.address = e.address"
		" WHERE e.address BETWEEN ?1 AND ?2 GROUP BY e.project"
		" ON CONFLICT DO UPDATE SET eips = eips + excluded.eips,"
		"  ptrs = ptrs + excluded.ptrs");

	if (!bind_range(s, add, prefix))
		return false;
	sqlite3_bind_int64(add, 3, region->id);
	sqlite3_bind_int(add, 4, sign);
	store_project_changed(s);
	return store_run(s, add);
}

static bool move_eips(struct store *s, const struct prefix *prefix, const struct region *to)
{
	sqlite3_stmt *update = store_statement(
		s, STMT_RANGE_MOVE, "UPDATE eip SET region = ?3 WHERE address BETWEEN ?1 AND ?2");

	if (!bind_range(s, update, prefix))
		return false;
	sqlite3_bind_int64(update, 3, to->id);
	return store_run(s, update);
}

static bool audit_move(struct store *s, const struct region *from, const struct region *to,
	const struct prefix *prefix)
{
	char text[PREFIX_TEXT_MAX];
	uint64_t eips;

	if (!store_prefix_count(s, prefix, &eips))
		return false;
	prefix_format(prefix, text);
	return store_audit_region(s, from,
		json_pack("{s:s,s:s,s:I}", "region", from->name, "prefix", text, "eips",
			(json_int_t)eips),
		json_pack("{s:s,s:s,s:I}", "region", to->name, "prefix", text, "eips",
			(json_int_t)eips));
}

bool store_region_move(
	struct store *s, struct region *from, struct region *to, const struct prefix *prefix)
{
	const bool flushed = store_usage_flush(s);

	s->revision++;
	const bool replaced = replace_region(s, from) & replace_region(s, to);

	store_regions_changed(s);
	return flushed && replaced && move_usage(s, prefix, from, -1)
		&& move_usage(s, prefix, to, 1) && move_eips(s, prefix, to)
		&& audit_move(s, from, to, prefix);
}
