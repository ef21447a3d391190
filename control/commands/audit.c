#include <string.h>

#include "change.h"

/*
 * Region and action have no index: so many changes are looked through for one page, which may then
 * have fewer than it might, and the next one goes on from there.
 */
#define AUDIT_LOOK_MAX 20000

struct audit {
	struct call *call;
	const char *region, *action; /* NULL: any */
	int64_t limit;
	json_t *changes;
	uint64_t looked;   /* at, so far */
	uint64_t revision; /* of the last of them */
	bool more;
	bool failed; /* out of memory */
};

/* A prefix that moves is a change of two regions: its row is the one's, and tells the other. */
static bool is_of_region(const struct change *change, const char *region)
{
	if (change->region != NULL && strcmp(change->region, region) == 0)
		return true;
	if (strcmp(change->action, "region.move_prefix") != 0 || change->after == NULL)
		return false;
	json_t *after = json_loads(change->after, 0, NULL);
	const char *to = json_string_value(json_object_get(after, "region"));
	const bool is_to = to != NULL && strcmp(to, region) == 0;

	json_decref(after);
	return is_to;
}

static bool collect(void *context, const struct change *stored)
{
	struct audit *a = context;
	struct change change = *stored;
	char name[ACTOR_NAME_MAX];

	if ((int64_t)json_array_size(a->changes) == a->limit || a->looked == AUDIT_LOOK_MAX) {
		a->more = true;
		return false;
	}
	a->looked++;
	a->revision = change.revision;
	if (!change_seen(a->call->actor, &change, name)
		|| (a->region != NULL && !is_of_region(&change, a->region))
		|| (a->action != NULL && strcmp(change.action, a->action) != 0))
		return true;
	a->failed = json_array_append_new(a->changes, show_change(&change)) < 0;
	return !a->failed;
}

/* The parameter as a time; false with call->why set. `given`: there is one. */
static bool call_time(struct call *call, const char *name, int64_t *time, bool *given)
{
	const char *text = call_text(call, name, NULL);

	*given = text != NULL;
	return text == NULL || time_parse(text, time, &call->why)
		|| refuse_field(&call->why, name, json_object_get(call->params, name));
}

/* The revisions that since, until and marker leave. */
static bool read_span(struct call *call, struct change_query *query)
{
	struct store *store = call->control->store;
	const json_t *marker = json_object_get(call->params, "marker");
	int64_t since, until;
	bool has_since, has_until;
	uint64_t end = store_revision(store) + 1;

	if (!call_time(call, "since", &since, &has_since)
		|| !call_time(call, "until", &until, &has_until))
		return false;
	if (marker != NULL && json_integer_value(marker) < 1) {
		refuse(&call->why, PTRD_ERR_INVALID_MARKER, "%lld is no revision: the least is 1",
			(long long)json_integer_value(marker));
		return refuse_field(&call->why, "marker", marker);
	}
	query->first = 0;
	if ((has_since && !store_changes_since(store, since, &query->first))
		|| (has_until && !store_changes_since(store, until + 1, &end)))
		return call_store_failed(call);
	query->last = end - 1;
	if (marker != NULL && (uint64_t)json_integer_value(marker) <= query->last)
		query->last = (uint64_t)json_integer_value(marker) - 1;
	return true;
}

static bool read_action(struct call *call, const char **action)
{
	*action = call_text(call, "action", NULL);
	if (*action == NULL || command_find(*action) != NULL)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "there is no method %s", QUOTE(*action));
	return refuse_field(&call->why, "action", json_object_get(call->params, "action"));
}

static bool read_limit(struct call *call, int64_t *limit)
{
	const json_t *given = json_object_get(call->params, "limit");

	*limit = given != NULL ? json_integer_value(given) : PAGE_LIMIT_MAX;
	return call_limit(call, *limit);
}

/* The regions in the audit may be gone. */
static bool read_region(struct call *call, const char **region)
{
	*region = call_text(call, "region", NULL);
	return *region == NULL || region_name_check(*region, &call->why)
		|| refuse_field(&call->why, "region", json_object_get(call->params, "region"));
}

bool node_audit(struct call *call)
{
	struct change_query query = {.newest_first = true};
	struct audit a = {.call = call};
	struct address address;
	uint64_t oldest;

	if (json_object_get(call->params, "address") != NULL) {
		query.address = &address;
		if (!call_address(call, "address", &address))
			return false;
	}
	if (!read_limit(call, &a.limit) || !call_project(call, &query.project)
		|| !read_region(call, &a.region) || !read_action(call, &a.action)
		|| !read_span(call, &query))
		return false;
	a.changes = json_array();
	if (!store_changes_oldest(call->control->store, &oldest)
		|| !store_changes(call->control->store, &query, collect, &a)) {
		json_decref(a.changes);
		return call_store_failed(call);
	}
	if (a.failed) {
		json_decref(a.changes);
		return refuse(&call->why, PTRD_ERR_INTERNAL, "out of memory");
	}
	call->result = json_pack("{s:o,s:o,s:I}", "changes", a.changes, "marker",
		a.more ? json_integer((json_int_t)a.revision) : json_null(), "oldest",
		(json_int_t)oldest);
	return true;
}

bool watch(struct call *call)
{
	struct store *store = call->control->store;
	const json_t *given = json_object_get(call->params, "revision");
	const json_int_t newest = (json_int_t)store_revision(store);
	const json_int_t revision = given != NULL ? json_integer_value(given) : newest;
	uint64_t oldest;

	if (revision < 0 || revision > newest) {
		refuse(&call->why, PTRD_ERR_INVALID_MARKER, "%lld is outside 0 to %lld, the newest",
			(long long)revision, (long long)newest);
		return refuse_field(&call->why, "revision", given);
	}
	if (!store_changes_oldest(store, &oldest))
		return call_store_failed(call);
	if ((uint64_t)revision + 1 < oldest) {
		refuse(&call->why, PTRD_ERR_INVALID_MARKER,
			"%lld: what followed is not kept any more; the oldest kept is revision %llu, "
			"watch from %llu",
			(long long)revision, (unsigned long long)oldest,
			(unsigned long long)oldest - 1);
		return refuse_field(&call->why, "revision", given);
	}
	call->watch = true;
	call->watch_from = (uint64_t)revision;
	call->result = json_pack("{s:I}", "revision", revision);
	return true;
}
