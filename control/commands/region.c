#include <stdio.h>
#include <string.h>

#include "load.h"
#include "region_spec.h"

/* Name of a member that `a` has and `b` has not, or has another value of; or NULL. */
static const char *member_differs(json_t *a, const json_t *b)
{
	const char *name;
	json_t *value;

	json_object_foreach(
		a, name, value) if (!json_equal(json_object_get(b, name), value)) return name;
	return NULL;
}

/* A name that is taken: the same region once more is no error, another one is. */
static bool create_again(
	struct call *call, const struct region *region, json_t *spec, bool attached)
{
	const char *name = member_differs(region->spec, spec);

	if (name == NULL)
		name = member_differs(spec, region->spec);
	if (name != NULL) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION,
			"region %s exists with another value of this", region->name);
		return refuse_field(&call->why, name, json_object_get(spec, name));
	}
	if (region->attached != attached) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION, "region %s exists and is %s",
			region->name, region->attached ? "attached" : "detached");
		return refuse_field(&call->why, "state", NULL);
	}
	call_repeated(call, region);
	return call_show_region(call, region);
}

static bool create_new(struct call *call, const char *name, json_t *spec, bool attached)
{
	struct control *control = call->control;
	struct region *region = region_new(name, spec);

	if (region == NULL)
		return refuse(&call->why, PTRD_ERR_INTERNAL, "out of memory");
	region->attached = attached;
	if (!region_check(call, region, NULL)) {
		region_free(region);
		return false;
	}
	if (!store_region_add(control->store, region)) {
		region_free(region);
		return call_store_failed(call);
	}
	if (attached
		&& publisher_attach(
			   control->publisher, &region->info, store_revision(control->store), 0, 0)
			< 0)
		return call_publisher_failed(call);
	return call_show_region(call, region);
}

bool region_create(struct call *call)
{
	const char *name = call_text(call, "name", NULL);
	const bool attached = strcmp(call_text(call, "state", "attached"), "attached") == 0;
	bool created;

	if (!region_name_check(name, &call->why))
		return refuse_field(&call->why, "name", json_object_get(call->params, "name"));
	json_t *spec = region_spec(call, 1);
	if (spec == NULL)
		return false;
	const struct region *region = store_region(call->control->store, name);
	created = region != NULL ? create_again(call, region, spec, attached)
				 : create_new(call, name, spec, attached);
	/* The refusal may show a value of the description, which is about to go. */
	if (!created && call->why.value != NULL)
		call->why.value = json_object_get(call->params, call->why.field);
	json_decref(spec);
	return created;
}

bool region_get(struct call *call)
{
	const struct region *region;

	return call_region(call, "name", &region) && call_show_region(call, region);
}

bool region_attach(struct call *call)
{
	struct control *control = call->control;
	const struct region *region;

	if (!call_region(call, "name", &region))
		return false;
	if (region->attached) {
		call_repeated(call, region);
		return call_show_region(call, region);
	}
	if (!store_region_attach(control->store, region, true))
		return call_store_failed(call);
	return load_attached(control, region, &call->why) && call_show_region(call, region);
}

bool region_detach(struct call *call)
{
	struct control *control = call->control;
	const struct region *region;

	if (!call_region(call, "name", &region))
		return false;
	if (!region->attached) {
		call_repeated(call, region);
		return call_show_region(call, region);
	}
	if (!store_region_attach(control->store, region, false))
		return call_store_failed(call);
	if (publisher_detach(control->publisher, region->name) < 0)
		return call_publisher_failed(call);
	return call_show_region(call, region);
}
