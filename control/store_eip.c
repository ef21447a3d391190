#include <stdio.h>
#include <string.h>

#include "store_deferred.h"

bool store_corrupt(struct store *s, const char *what)
{
	snprintf(s->error, sizeof(s->error), "%s/ptrd.db holds %s", s->state_dir, what);
	s->failed = true;
	return false;
}

/* Copies a text column into a member; the store never wrote a longer one. */
static bool column_copy(sqlite3_stmt *row, int column, char *text, size_t size)
{
	const void *value = sqlite3_column_text(row, column);
	const size_t len = (size_t)sqlite3_column_bytes(row, column);

	if (value == NULL || len >= size)
		return false;
	memcpy(text, value, len + 1);
	return true;
}

bool store_read_eip(struct store *s, sqlite3_stmt *row, struct eip *eip)
{
	eip->region = store_region_by_id(s, sqlite3_column_int64(row, 1));
	if (eip->region == NULL || !column_address(row, 0, &eip->address)
		|| !column_copy(row, 2, eip->id, sizeof(eip->id))
		|| !column_copy(row, 3, eip->project, sizeof(eip->project)))
		return store_corrupt(s, "an EIP that is not readable");
	eip->revision = (uint64_t)sqlite3_column_int64(row, 4);
	eip->created = sqlite3_column_int64(row, 5);
	eip->has_ptr = sqlite3_column_type(row, 6) != SQLITE_NULL;
	if (!eip->has_ptr)
		return true;
	if (!column_copy(row, 6, eip->ptr_names, sizeof(eip->ptr_names))
		|| !column_copy(row, 11, eip->ptr_description, sizeof(eip->ptr_description))
		|| !column_copy(row, 12, eip->ptr_tags, sizeof(eip->ptr_tags)))
		return store_corrupt(s, "a PTR record that is not readable");
	eip->ptr_ttl = (uint32_t)sqlite3_column_int64(row, 7);
	eip->ptr_revision = (uint64_t)sqlite3_column_int64(row, 8);
	eip->ptr_created = sqlite3_column_int64(row, 9);
	eip->ptr_updated = sqlite3_column_int64(row, 10);
	eip->ptr_action
		= sqlite3_column_text(row, 13)[0] == PTR_CREATE[0] ? PTR_CREATE : PTR_UPDATE;
	return true;
}

/* The one row of a look-up. */
static int find_eip(struct store *s, sqlite3_stmt *get, struct eip *eip)
{
	const int found = store_step(s, get);

	if (found != 1)
		return found;
	const bool readable = store_read_eip(s, get, eip);
	sqlite3_reset(get);
	return readable ? 1 : -1;
}

int store_eip(struct store *s, const struct address *address, struct eip *eip)
{
	sqlite3_stmt *get = store_statement(s, STMT_EIP_GET,
		"SELECT " EIP_COLUMNS " FROM eip e LEFT JOIN ptr p ON p.address = e.address"
		" WHERE e.address = ?");

	if (get == NULL || !store_deferred_settle(s, address) || !bind_address(s, get, 1, address))
		return -1;
	return find_eip(s, get, eip);
}

int store_eip_by_id(struct store *s, const struct region *region, const char *id, struct eip *eip)
{
	sqlite3_stmt *get = store_statement(s, STMT_EIP_BY_ID,
		"SELECT " EIP_COLUMNS " FROM eip e LEFT JOIN ptr p ON p.address = e.address"
		" WHERE e.region = ? AND e.id = ?");

	if (get == NULL)
		return -1;
	sqlite3_bind_int64(get, 1, region->id);
	sqlite3_bind_text(get, 2, id, -1, SQLITE_STATIC);
	const int found = find_eip(s, get, eip);

	if (found != 1 || !store_deferred_has(s, &eip->address))
		return found;
	return store_deferred_write(s) ? find_eip(s, get, eip) : -1;
}

bool store_run_address(struct store *s, sqlite3_stmt *statement, const struct address *address)
{
	return statement != NULL && bind_address(s, statement, 1, address)
		&& store_run(s, statement);
}

/* The row of an EIP that is new, or another project's, or has another id from here on. */
static bool put_eip(struct store *s, const struct eip *eip, bool bound)
{
	sqlite3_stmt *put = bound
		? store_statement(s, STMT_EIP_UPDATE,
			"UPDATE eip SET region = ?2, id = ?3, project = ?4, revision = ?5, created = ?6"
			" WHERE address = ?1")
		: store_statement(
			s, STMT_EIP_INSERT, "INSERT INTO eip VALUES (?1, ?2, ?3, ?4, ?5, ?6)");

	if (put == NULL || !bind_address(s, put, 1, &eip->address))
		return false;
	sqlite3_bind_int64(put, 2, eip->region->id);
	sqlite3_bind_text(put, 3, eip->id, -1, SQLITE_STATIC);
	sqlite3_bind_text(put, 4, eip->project, -1, SQLITE_STATIC);
	sqlite3_bind_int64(put, 5, (int64_t)eip->revision);
	sqlite3_bind_int64(put, 6, eip->created);
	return store_run(s, put);
}

/* The next revision; what an EIP has moves from one project's counters to the other's. */
static bool count(struct store *s, const struct eip *eip, bool bound, const struct eip_target *to)
{
	const int ptrs = bound && eip->has_ptr, ptrs_then = to->ptr != NULL;

	if (!bound)
		return store_change(s, eip->region, to->project, 1, ptrs_then);
	if (strcmp(eip->project, to->project) == 0)
		return store_change(s, eip->region, to->project, 0, ptrs_then - ptrs);
	return store_usage_add(s, eip->region, eip->project, -1, -ptrs)
		&& store_change(s, eip->region, to->project, 1, ptrs_then);
}

bool store_eip_become(struct store *s, struct eip *eip, bool bound, const struct eip_target *to)
{
	const bool taken = bound && strcmp(eip->project, to->project) != 0;
	const bool other = taken || !bound || strcmp(eip->id, to->id) != 0;
	char old_project[PROJECT_MAX] = "";

	if (!bound)
		eip->has_ptr = false;
	eip_state(&s->before, bound ? eip : NULL);
	/* Nothing of an earlier owner's PTR goes over to the next one's, not even its age. */
	if (!count(s, eip, bound, to))
		return false;
	if (eip->has_ptr && (other || to->ptr == NULL)) {
		if (!store_ptr_delete(s, eip))
			return false;
		eip->has_ptr = false;
	}
	if (taken)
		snprintf(old_project, sizeof(old_project), "%s", eip->project);
	if (other) {
		memmove(eip->id, to->id, strlen(to->id) + 1);
		memmove(eip->project, to->project, strlen(to->project) + 1);
		eip->revision = s->revision;
		eip->created = s->now;
	}
	if ((other && !put_eip(s, eip, bound))
		|| (to->ptr != NULL && !store_ptr_put(s, eip, to->ptr)))
		return false;
	eip_state(&s->after, eip);
	return store_defer_audit(s, eip, taken ? old_project : NULL);
}

bool store_eip_add(struct store *s, struct eip *eip)
{
	return store_eip_become(s, eip, false, &(struct eip_target){eip->id, eip->project, NULL});
}

bool store_eip_rebind(struct store *s, struct eip *eip, const char *id, const char *project)
{
	return store_eip_become(s, eip, true, &(struct eip_target){id, project, NULL});
}

bool store_ptr_set(struct store *s, struct eip *eip, const struct ptr_value *value)
{
	return store_eip_become(s, eip, true, &(struct eip_target){eip->id, eip->project, value});
}

bool store_ptr_unset(struct store *s, struct eip *eip)
{
	return store_eip_become(s, eip, true, &(struct eip_target){eip->id, eip->project, NULL});
}

bool store_eip_remove(struct store *s, const struct eip *eip)
{
	eip_state(&s->before, eip);
	eip_state(&s->after, NULL);
	return store_change(s, eip->region, eip->project, -1, eip->has_ptr ? -1 : 0)
		&& (!eip->has_ptr || store_ptr_delete(s, eip))
		&& store_run_address(s,
			store_statement(s, STMT_EIP_DELETE, "DELETE FROM eip WHERE address = ?"),
			&eip->address)
		&& store_defer_audit(s, eip, NULL);
}

bool store_each_eip(struct store *s, sqlite3_stmt *list, store_eip_fn *fn, void *context)
{
	struct eip eip;
	int found;

	while ((found = store_step(s, list)) == 1) {
		const bool readable = store_read_eip(s, list, &eip);

		if (!readable || !fn(context, &eip)) {
			sqlite3_reset(list);
			return readable;
		}
	}
	return found == 0;
}

bool store_region_scan(
	struct store *s, const struct region *region, store_eip_fn *fn, void *context)
{
	sqlite3_stmt *scan = store_statement(s, STMT_REGION_SCAN,
		"SELECT " EIP_COLUMNS " FROM prefix r"
		" CROSS JOIN eip e ON e.address BETWEEN r.first AND r.last"
		" LEFT JOIN ptr p ON p.address = e.address WHERE r.region = ?");

	if (scan == NULL)
		return false;
	sqlite3_bind_int64(scan, 1, region->id);
	return store_each_eip(s, scan, fn, context);
}

/* What a table is filled with: no more of the row is read. */
bool store_region_answers(
	struct store *s, const struct region *region, store_answer_fn *fn, void *context)
{
	sqlite3_stmt *scan = store_statement(s, STMT_REGION_ANSWERS,
		"SELECT e.address, p.names, p.ttl FROM prefix r"
		" CROSS JOIN eip e ON e.address BETWEEN r.first AND r.last"
		" LEFT JOIN ptr p ON p.address = e.address WHERE r.region = ?");
	struct address address;
	int found;

	if (scan == NULL)
		return false;
	sqlite3_bind_int64(scan, 1, region->id);
	while ((found = store_step(s, scan)) == 1) {
		const char *names = (const char *)sqlite3_column_text(scan, 1);
		const bool readable = column_address(scan, 0, &address)
			&& sqlite3_column_bytes(scan, 1) < NAMES_TEXT_MAX;

		if (!readable
			|| !fn(context, &address, names, (uint32_t)sqlite3_column_int64(scan, 2))) {
			sqlite3_reset(scan);
			return readable || store_corrupt(s, "an EIP that is not readable");
		}
	}
	return found == 0;
}
