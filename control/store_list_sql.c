#include <stdio.h>

#include "store_private.h"

#define IN_SPAN "k.address BETWEEN ?1 AND ?2"

/* `where`: what the index itself finds. */
static const struct driver {
	const char *from, *where;
} drivers[DRIVERS] = {
	[DRIVER_EIP] = {"eip k", IN_SPAN},
	[DRIVER_EIP_PROJECT] = {"eip k INDEXED BY eip_project", "k.project = ?3 AND " IN_SPAN},
	[DRIVER_PTR] = {"ptr k", IN_SPAN},
	[DRIVER_PTR_PROJECT] = {"ptr k INDEXED BY ptr_project", "k.project = ?3 AND " IN_SPAN},
	[DRIVER_TAG] = {"ptr_tag k", "k.key = ?4 AND k.value = ?5 AND " IN_SPAN},
	[DRIVER_NAME] = {"ptr_name k", "k.key = ?4 AND " IN_SPAN},
	[DRIVER_BELOW] = {"ptr_name k", "k.key > ?4 AND k.key < ?5"},
	[DRIVER_KEY] = {"ptr_tag k", "k.key = ?4"},
};

/* True if the driver's rows are PTRs, and not what PTRs are found by. */
static bool is_ptr(enum list_driver driver)
{
	return driver == DRIVER_PTR || driver == DRIVER_PTR_PROJECT;
}

bool list_in_order(enum list_driver driver)
{
	return driver != DRIVER_BELOW && driver != DRIVER_KEY;
}

/* What is selected: the rows' addresses, or how many they are. */
static const char *selected(const struct list_plan *plan)
{
	if (plan->mode == LIST_WALK)
		return "k.address";
	/* An address has several names below one, but each name and each key only once. */
	return plan->driver == DRIVER_BELOW ? "count(DISTINCT k.address)" : "count(*)";
}

/* What the rows that the index has are checked for. */
static void put_checks(const struct list_plan *plan, char *sql, size_t size)
{
	const char ptr = is_ptr(plan->driver) ? 'k' : 'p';
	char matches[64] = "";

	if (plan->check_ptr)
		snprintf(matches, sizeof(matches), " AND ptr_matches(%c.names, %c.tags, ?6)", ptr,
			ptr);
	snprintf(sql, size, "%s%s%s%s", list_in_order(plan->driver) ? "" : " AND " IN_SPAN,
		plan->driver == DRIVER_KEY ? " AND instr(k.value, ?5) > 0" : "", matches,
		plan->check_project ? " AND p.project = ?3" : "");
}

void list_sql(const struct list_plan *plan, char sql[static LIST_SQL_MAX])
{
	const struct driver *driver = &drivers[plan->driver];
	const bool join = !is_ptr(plan->driver) && (plan->check_ptr || plan->check_project);
	char checks[256] = "";

	if (plan->mode == LIST_PROBE) {
		snprintf(sql, LIST_SQL_MAX,
			"SELECT count(*) FROM (SELECT 1 FROM %s WHERE %s LIMIT ?7)", driver->from,
			driver->where);
		return;
	}
	put_checks(plan, checks, sizeof(checks));
	snprintf(sql, LIST_SQL_MAX, "SELECT %s FROM %s%s WHERE %s%s%s", selected(plan),
		driver->from, join ? " CROSS JOIN ptr p ON p.address = k.address" : "",
		driver->where, checks,
		plan->mode == LIST_WALK ? " ORDER BY k.address LIMIT ?7" : "");
}
