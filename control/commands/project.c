#include <string.h>

#include "call.h"

/* PTRs that the project may have; 0: any number. */
static uint32_t quota_of(const struct control *control, const struct project *project)
{
	return project->has_quota ? project->quota : control->ptr_quota;
}

static json_t *show_project(const struct control *control, const struct project *project)
{
	return json_pack("{s:s,s:I,s:b,s:I,s:I}", "project", project->name, "quota",
		(json_int_t)quota_of(control, project), "default", !project->has_quota, "eips",
		(json_int_t)project->eips, "ptrs", (json_int_t)project->ptrs);
}

bool call_quota(struct call *call, const char *name, uint64_t more)
{
	struct project project;

	if (!store_project(call->control->store, name, &project))
		return call_store_failed(call);
	const uint32_t quota = quota_of(call->control, &project);

	if (quota == 0 || project.ptrs + more <= quota)
		return true;
	return refuse(&call->why, PTRD_ERR_QUOTA,
		"project %s has %llu PTR records, and may have %u: its quota has no room for %llu "
		"more",
		name, (unsigned long long)project.ptrs, quota, (unsigned long long)more);
}

static bool get(struct call *call, struct project *project)
{
	const char *name = NULL;

	return call_project(call, &name)
		&& (store_project(call->control->store, name, project) || call_store_failed(call));
}

static bool done(struct call *call, const struct project *project)
{
	if (!call->quiet)
		call->result = show_project(call->control, project);
	return true;
}

/* The parameter `quota`: a number, or null for the configured one. */
static bool call_new_quota(struct call *call, struct project *project)
{
	const json_t *value = json_object_get(call->params, "quota");
	const json_int_t quota = json_integer_value(value);

	project->has_quota = json_is_integer(value);
	project->quota = 0;
	if (!project->has_quota)
		return true;
	if (quota < 0 || quota > QUOTA_MAX) {
		refuse(&call->why, PTRD_ERR_INVALID_REQUEST,
			"%lld is outside 0 (no limit) to %d; null is the configured quota",
			(long long)quota, QUOTA_MAX);
		return refuse_field(&call->why, "quota", value);
	}
	project->quota = (uint32_t)quota;
	return true;
}

/* A project that has more than it may have by now keeps it, and gets no more. */
bool project_set(struct call *call)
{
	struct project before, now;

	if (!get(call, &before))
		return false;
	now = before;
	if (!call_new_quota(call, &now))
		return false;
	if (now.has_quota == before.has_quota && (!now.has_quota || now.quota == before.quota))
		return done(call, &now);
	return store_project_set(call->control->store, &now) ? done(call, &now)
							     : call_store_failed(call);
}

bool project_get(struct call *call)
{
	struct project project;

	return get(call, &project) && done(call, &project);
}

/* Collects a page; one more than its limit tells that there is a next one. */
struct collector {
	const struct control *control;
	json_t *items;
	int64_t limit;
	bool more;
	char last[PROJECT_MAX];
};

static bool collect(void *context, const struct project *project)
{
	struct collector *c = context;

	c->more = (int64_t)json_array_size(c->items) == c->limit;
	if (c->more)
		return false;
	memcpy(c->last, project->name, sizeof(c->last));
	return json_array_append_new(c->items, show_project(c->control, project)) == 0;
}

bool project_list(struct call *call)
{
	struct store *store = call->control->store;
	struct page page;
	uint64_t total;

	if (!call_page(call, &page))
		return false;
	if (page.marker != NULL && !project_check(page.marker, &call->why)) {
		call->why.code = PTRD_ERR_INVALID_MARKER;
		return refuse_field(&call->why, "marker", json_object_get(call->params, "marker"));
	}
	struct collector c = {.control = call->control, .items = json_array(), .limit = page.limit};

	if (!store_project_count(store, &total)
		|| !store_project_list(
			store, page.marker, page.offset, page.limit + 1, collect, &c)) {
		json_decref(c.items);
		return call_store_failed(call);
	}
	call->result = json_pack("{s:o,s:I,s:s?}", "projects", c.items, "total", (json_int_t)total,
		"marker", c.more ? c.last : NULL);
	return true;
}
