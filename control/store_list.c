#include <stdio.h>

#include "store_private.h"

enum list_bit {
	LIST_PTRS = 1,
	LIST_REGION = 2,
	LIST_PROJECT = 4
};

/*
 * The inner query walks one index in order of address and skips what the offset says; only rows
 * of the page are then looked up whole. A region's rows are found by its prefixes, so that other
 * regions' rows are never walked.
 */
static sqlite3_stmt *list_statement(struct store *s, unsigned bits)
{
	char sql[1024];
	const bool region = (bits & LIST_REGION) != 0;

	snprintf(sql, sizeof(sql),
		"SELECT " EIP_COLUMNS " FROM (SELECT k.address FROM %s %s k %s%s"
		" ORDER BY %s k.address LIMIT ?4 OFFSET ?5) w"
		" JOIN eip e ON e.address = w.address LEFT JOIN ptr p ON p.address = w.address"
		" ORDER BY e.address",
		region ? "prefix r CROSS JOIN" : "", (bits & LIST_PTRS) != 0 ? "ptr" : "eip",
		region ? "ON k.address BETWEEN max(r.first, ?1) AND r.last WHERE r.region = ?2"
		       : "WHERE k.address >= ?1",
		(bits & LIST_PROJECT) != 0 ? " AND k.project = ?3" : "", region ? "r.first," : "");
	return store_statement(s, STMT_EIP_LIST + bits, sql);
}

/*
 * The least blob that comes behind the address: one zero byte longer. Empty: before all
 * addresses.
 */
static int bind_behind(sqlite3_stmt *list, int parameter, const struct address *after)
{
	uint8_t behind[KEY_MAX + 1] = {0};
	const size_t size = after != NULL ? address_key(after, behind) + 1 : 0;

	return sqlite3_bind_blob(list, parameter, behind, (int)size, SQLITE_TRANSIENT);
}

bool store_eip_list(struct store *s, const struct eip_query *query, store_eip_fn *fn, void *context)
{
	sqlite3_stmt *list = list_statement(s,
		(query->ptrs_only ? LIST_PTRS : 0u) | (query->region != NULL ? LIST_REGION : 0u)
			| (query->project != NULL ? LIST_PROJECT : 0u));

	if (list == NULL)
		return false;
	if (bind_behind(list, 1, query->after) != SQLITE_OK)
		return store_fail(s);
	if (query->region != NULL)
		sqlite3_bind_int64(list, 2, query->region->id);
	if (query->project != NULL)
		sqlite3_bind_text(list, 3, query->project, -1, SQLITE_STATIC);
	sqlite3_bind_int64(list, 4, query->limit);
	sqlite3_bind_int64(list, 5, query->offset);
	return store_each_eip(s, list, fn, context);
}

bool store_eip_count(struct store *s, const struct eip_query *query, uint64_t *count)
{
	sqlite3_stmt *sum = store_statement(s, STMT_USAGE_COUNT,
		"SELECT coalesce(sum(CASE WHEN ?3 THEN ptrs ELSE eips END), 0) FROM usage"
		" WHERE (?1 IS NULL OR region = ?1) AND (?2 IS NULL OR project = ?2)");

	if (sum == NULL || !store_usage_flush(s))
		return false;
	sqlite3_clear_bindings(sum);
	if (query->region != NULL)
		sqlite3_bind_int64(sum, 1, query->region->id);
	if (query->project != NULL)
		sqlite3_bind_text(sum, 2, query->project, -1, SQLITE_STATIC);
	sqlite3_bind_int(sum, 3, query->ptrs_only);
	if (store_step(s, sum) != 1)
		return false;
	*count = (uint64_t)sqlite3_column_int64(sum, 0);
	sqlite3_reset(sum);
	return true;
}
