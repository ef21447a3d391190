#include <assert.h>
#include <string.h>

#include "store_private.h"

/*
 * The audit holds each revision once, without a hole, from the oldest that is kept to the newest.
 * Its indexes hold the revision behind their column, so that each gives its rows in order.
 */

#define COLUMNS                                                                                    \
	"SELECT revision, time, actor, action, region, address, project, old_project, before,"     \
	" after FROM audit "
#define WITHIN "revision BETWEEN ?1 AND ?2"

/* Both projects of a change find it: SQLite merges the two, which are in order. */
#define OF_PROJECT                                                                                 \
	COLUMNS "INDEXED BY audit_project WHERE project = ?3 AND " WITHIN " UNION ALL " COLUMNS    \
		"INDEXED BY audit_old_project WHERE old_project = ?3 AND " WITHIN

static const char *const queries[] = {
	COLUMNS "WHERE " WITHIN " ORDER BY revision",
	COLUMNS "WHERE " WITHIN " ORDER BY revision DESC",
	COLUMNS "INDEXED BY audit_address WHERE address = ?3 AND " WITHIN " ORDER BY revision",
	COLUMNS "INDEXED BY audit_address WHERE address = ?3 AND " WITHIN " ORDER BY revision DESC",
	OF_PROJECT " ORDER BY revision",
	OF_PROJECT " ORDER BY revision DESC",
};
static_assert(sizeof(queries) / sizeof(queries[0]) == CHANGES_QUERIES, "one each");

const char *changes_sql(unsigned query)
{
	return queries[query];
}

static sqlite3_stmt *begin(struct store *s, const struct change_query *query)
{
	const unsigned which = (query->address != NULL                  ? 2
					       : query->project != NULL ? 4
									: 0)
		+ (query->newest_first ? 1 : 0);
	sqlite3_stmt *changes = store_statement(s, STMT_CHANGES + which, queries[which]);

	if (changes == NULL)
		return NULL;
	sqlite3_bind_int64(changes, 1, (int64_t)query->first);
	sqlite3_bind_int64(changes, 2, (int64_t)query->last);
	if (query->address != NULL)
		return bind_address(s, changes, 3, query->address) ? changes : NULL;
	if (query->project != NULL)
		sqlite3_bind_text(changes, 3, query->project, -1, SQLITE_STATIC);
	return changes;
}

static const char *text(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

static void read_change(sqlite3_stmt *row, struct change *change)
{
	*change = (struct change){
		.revision = (uint64_t)sqlite3_column_int64(row, 0),
		.time = sqlite3_column_int64(row, 1),
		.actor = text(row, 2),
		.action = text(row, 3),
		.region = text(row, 4),
		.project = text(row, 6),
		.old_project = text(row, 7),
		.before = text(row, 8),
		.after = text(row, 9),
	};
	change->has_address = column_address(row, 5, &change->address);
}

static bool is_of(const struct change *change, const char *project)
{
	return project == NULL || (change->project != NULL && strcmp(change->project, project) == 0)
		|| (change->old_project != NULL && strcmp(change->old_project, project) == 0);
}

bool store_changes(
	struct store *s, const struct change_query *query, store_change_fn *fn, void *context)
{
	sqlite3_stmt *changes = begin(s, query);
	struct change change;
	int found = -1;

	while (changes != NULL && (found = store_step(s, changes)) == 1) {
		read_change(changes, &change);
		if (!is_of(&change, query->project) || fn(context, &change))
			continue;
		sqlite3_reset(changes);
		return true;
	}
	return found == 0;
}

bool store_changes_oldest(struct store *s, uint64_t *revision)
{
	sqlite3_stmt *oldest
		= store_statement(s, STMT_CHANGES_OLDEST, "SELECT min(revision) FROM audit");

	if (oldest == NULL || store_step(s, oldest) != 1)
		return false;
	*revision = sqlite3_column_type(oldest, 0) != SQLITE_NULL
		? (uint64_t)sqlite3_column_int64(oldest, 0)
		: s->revision + 1;
	sqlite3_reset(oldest);
	return true;
}

/* The time of the audit's first row at or behind a revision: 1; 0 if there is none; -1. */
static int time_at(struct store *s, uint64_t revision, int64_t *time)
{
	sqlite3_stmt *at = store_statement(s, STMT_CHANGES_TIME,
		"SELECT time FROM audit WHERE revision >= ? ORDER BY revision LIMIT 1");

	if (at == NULL)
		return -1;
	sqlite3_bind_int64(at, 1, (int64_t)revision);
	const int found = store_step(s, at);

	if (found == 1) {
		*time = sqlite3_column_int64(at, 0);
		sqlite3_reset(at);
	}
	return found;
}

bool store_changes_since(struct store *s, int64_t time, uint64_t *revision)
{
	uint64_t low, high = s->revision + 1;
	int64_t found;

	if (!store_changes_oldest(s, &low))
		return false;
	while (low < high) {
		const uint64_t middle = low + (high - low) / 2;
		const int is_there = time_at(s, middle, &found);

		if (is_there < 0)
			return false;
		if (is_there == 1 && found < time)
			low = middle + 1;
		else
			high = middle;
	}
	*revision = low;
	return true;
}

/* The end of what may go: the first row that is too young, or that many rows behind the oldest. */
static bool prune_end(
	struct store *s, uint64_t oldest, int64_t before, unsigned most, uint64_t *end)
{
	sqlite3_stmt *young = store_statement(s, STMT_CHANGES_YOUNG,
		"SELECT revision FROM audit WHERE revision BETWEEN ? AND ? AND time >= ?"
		" ORDER BY revision LIMIT 1");

	if (young == NULL)
		return false;
	*end = oldest + most;
	sqlite3_bind_int64(young, 1, (int64_t)oldest);
	sqlite3_bind_int64(young, 2, (int64_t)*end - 1);
	sqlite3_bind_int64(young, 3, before);
	const int found = store_step(s, young);

	if (found == 1) {
		*end = (uint64_t)sqlite3_column_int64(young, 0);
		sqlite3_reset(young);
	}
	return found >= 0;
}

static bool prune_to(struct store *s, uint64_t end)
{
	sqlite3_stmt *prune
		= store_statement(s, STMT_CHANGES_PRUNE, "DELETE FROM audit WHERE revision < ?");

	if (prune == NULL || !store_begin(s))
		return false;
	sqlite3_bind_int64(prune, 1, (int64_t)end);
	return store_run(s, prune) && store_commit(s);
}

bool store_changes_prune(struct store *s, int64_t before, unsigned most)
{
	uint64_t oldest, end;

	if (!store_changes_oldest(s, &oldest) || !prune_end(s, oldest, before, most, &end))
		return false;
	if (end > s->revision + 1)
		end = s->revision + 1;
	if (end <= oldest)
		return true;
	if (prune_to(s, end))
		return true;
	store_rollback(s);
	return false;
}
