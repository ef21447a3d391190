#include <stdio.h>
#include <string.h>

#include "store_private.h"

/* Columns: quota or NULL, EIPs, PTRs. */
static void read_figures(sqlite3_stmt *row, int column, struct project *project)
{
	project->has_quota = sqlite3_column_type(row, column) != SQLITE_NULL;
	project->quota = (uint32_t)sqlite3_column_int64(row, column);
	project->eips = (uint64_t)sqlite3_column_int64(row, column + 1);
	project->ptrs = (uint64_t)sqlite3_column_int64(row, column + 2);
}

static bool read_project(struct store *s, const char *name, struct project *project)
{
	sqlite3_stmt *get = store_statement(s, STMT_PROJECT_GET,
		"SELECT (SELECT quota FROM project WHERE name = ?1), coalesce(sum(eips), 0),"
		" coalesce(sum(ptrs), 0) FROM usage WHERE project = ?1");

	if (get == NULL)
		return false;
	sqlite3_bind_text(get, 1, name, -1, SQLITE_STATIC);
	if (store_step(s, get) != 1)
		return false;
	snprintf(project->name, sizeof(project->name), "%s", name);
	read_figures(get, 0, project);
	sqlite3_reset(get);
	return true;
}

void store_project_changed(struct store *s)
{
	s->project.name[0] = '\0';
}

/* Each new PTR asks: neither are the counters written for that, nor read once more. */
bool store_project(struct store *s, const char *name, struct project *project)
{
	if (!s->in_transaction)
		return read_project(s, name, project);
	if (strcmp(s->project.name, name) != 0 && !read_project(s, name, &s->project))
		return false;
	*project = s->project;
	if (s->usage.region != 0 && strcmp(s->usage.project, name) == 0) {
		project->eips += (uint64_t)s->usage.eips;
		project->ptrs += (uint64_t)s->usage.ptrs;
	}
	return true;
}

static bool put_quota(struct store *s, const struct project *project)
{
	sqlite3_stmt *put = project->has_quota
		? store_statement(s, STMT_PROJECT_PUT,
			"INSERT INTO project VALUES (?1, ?2) ON CONFLICT DO UPDATE SET quota = ?2")
		: store_statement(s, STMT_PROJECT_DELETE, "DELETE FROM project WHERE name = ?1");

	store_project_changed(s);
	if (put == NULL)
		return false;
	sqlite3_bind_text(put, 1, project->name, -1, SQLITE_STATIC);
	if (project->has_quota)
		sqlite3_bind_int64(put, 2, project->quota);
	return store_run(s, put);
}

#define STATE_MAX 32

static const char *quota_state(const struct project *project, char state[static STATE_MAX])
{
	if (project->has_quota)
		snprintf(state, STATE_MAX, "{\"quota\":%u}", project->quota);
	else
		snprintf(state, STATE_MAX, "{\"quota\":null}");
	return state;
}

bool store_project_set(struct store *s, const struct project *now)
{
	char before[STATE_MAX], after[STATE_MAX];
	struct project old;

	if (!store_usage_flush(s) || !store_project(s, now->name, &old))
		return false;
	s->revision++;
	return put_quota(s, now)
		&& store_audit(
			s, NULL, now->name, quota_state(&old, before), quota_state(now, after));
}

/* Both halves come in order of name, so that a page is found without a sort. */
#define PROJECTS                                                                                   \
	"SELECT project AS name FROM usage WHERE project > ?1 AND eips > 0"                        \
	" UNION SELECT name FROM project WHERE name > ?1"

bool store_project_list(struct store *s, const char *after, int64_t offset, int64_t limit,
	store_project_fn *fn, void *context)
{
	sqlite3_stmt *list = store_statement(s, STMT_PROJECT_LIST,
		"SELECT w.name, (SELECT quota FROM project p WHERE p.name = w.name),"
		" (SELECT coalesce(sum(eips), 0) FROM usage u WHERE u.project = w.name),"
		" (SELECT coalesce(sum(ptrs), 0) FROM usage u WHERE u.project = w.name)"
		" FROM (" PROJECTS " ORDER BY name LIMIT ?2 OFFSET ?3) w ORDER BY w.name");
	struct project project;
	int found;

	if (list == NULL || !store_usage_flush(s))
		return false;
	sqlite3_bind_text(list, 1, after != NULL ? after : "", -1, SQLITE_STATIC);
	sqlite3_bind_int64(list, 2, limit);
	sqlite3_bind_int64(list, 3, offset);
	while ((found = store_step(s, list)) == 1) {
		snprintf(project.name, sizeof(project.name), "%s",
			(const char *)sqlite3_column_text(list, 0));
		read_figures(list, 1, &project);
		if (!fn(context, &project)) {
			sqlite3_reset(list);
			return true;
		}
	}
	return found == 0;
}

bool store_project_count(struct store *s, uint64_t *count)
{
	sqlite3_stmt *counting
		= store_statement(s, STMT_PROJECT_COUNT, "SELECT count(*) FROM (" PROJECTS ")");

	if (counting == NULL || !store_usage_flush(s))
		return false;
	sqlite3_bind_text(counting, 1, "", -1, SQLITE_STATIC);
	if (store_step(s, counting) != 1)
		return false;
	*count = (uint64_t)sqlite3_column_int64(counting, 0);
	sqlite3_reset(counting);
	return true;
}
