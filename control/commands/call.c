#include <string.h>

#include "call.h"

const char *call_text(const struct call *call, const char *name, const char *fallback)
{
	const json_t *value = json_object_get(call->params, name);

	return value != NULL ? json_string_value(value) : fallback;
}

bool call_address(struct call *call, const char *name, struct address *address)
{
	const json_t *value = json_object_get(call->params, name);

	return address_parse(json_string_value(value), address, &call->why)
		|| refuse_field(&call->why, name, value);
}

bool call_project(struct call *call, const char **project)
{
	const json_t *value = json_object_get(call->params, "project");
	const char *own = actor_project(call->actor);

	if (own != NULL)
		*project = own;
	if (value == NULL)
		return true;
	if (!project_check(json_string_value(value), &call->why))
		return refuse_field(&call->why, "project", value);
	*project = json_string_value(value);
	if (actor_sees(call->actor, *project))
		return true;
	refuse(&call->why, PTRD_ERR_NO_PERMISSION, "%s is not the project of %s, %s",
		QUOTE(*project), call->actor->name, own);
	return refuse_field(&call->why, "project", value);
}

bool call_region(struct call *call, const char *name, const struct region **region)
{
	const json_t *value = json_object_get(call->params, name);

	if (value == NULL)
		return true;
	*region = store_region(call->control->store, json_string_value(value));
	if (*region != NULL)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_REGION, "there is no region %s",
		QUOTE(json_string_value(value)));
	return refuse_field(&call->why, name, value);
}

/* What a look-up has found, if it exists for the actor. */
static int seen(struct call *call, int found, const struct eip *eip)
{
	if (found < 0)
		call_store_failed(call);
	return found == 1 && !actor_sees(call->actor, eip->project) ? 0 : found;
}

int call_eip_at(struct call *call, const struct address *address, struct eip *eip)
{
	return seen(call, store_eip(call->control->store, address, eip), eip);
}

bool call_no_eip(struct call *call, const struct address *address)
{
	char text[ADDRESS_TEXT_MAX];

	refuse(&call->why, PTRD_ERR_NO_EIP, "no EIP is bound at %s", address_format(address, text));
	return refuse_field(&call->why, "address", json_object_get(call->params, "address"));
}

static bool eip_of_address(struct call *call, struct eip *eip)
{
	struct address address;

	if (!call_address(call, "address", &address))
		return false;
	const int found = call_eip_at(call, &address, eip);
	return found == 0 ? call_no_eip(call, &address) : found == 1;
}

static bool eip_of_id(struct call *call, struct eip *eip)
{
	const json_t *value = json_object_get(call->params, "id");
	char name[REGION_NAME_MAX], id[EIP_ID_MAX];

	if (!ptr_id_split(json_string_value(value), name, id, &call->why))
		return refuse_field(&call->why, "id", value);
	const struct region *region = store_region(call->control->store, name);
	if (region == NULL) {
		refuse(&call->why, PTRD_ERR_NO_EIP, "there is no region %s", QUOTE(name));
		return refuse_field(&call->why, "id", value);
	}
	const int found = seen(call, store_eip_by_id(call->control->store, region, id, eip), eip);
	if (found != 0)
		return found == 1;
	refuse(&call->why, PTRD_ERR_NO_EIP, "region %s has no EIP with the id %s", name, QUOTE(id));
	return refuse_field(&call->why, "id", value);
}

bool call_eip(struct call *call, struct eip *eip)
{
	const bool address = json_object_get(call->params, "address") != NULL;
	const bool id = json_object_get(call->params, "id") != NULL;

	if (address != id)
		return id ? eip_of_id(call, eip) : eip_of_address(call, eip);
	call->why.rpc = PTRD_RPC_INVALID_PARAMS;
	refuse(&call->why, PTRD_ERR_INVALID_REQUEST,
		id ? "must not stand beside address" : "is missing, and so is id: give one");
	return refuse_field(&call->why, call_eip_field(call), NULL);
}

const char *call_eip_field(const struct call *call)
{
	return json_object_get(call->params, "id") != NULL ? "id" : "address";
}

void call_repeated(struct call *call, const struct region *region)
{
	const uint64_t generation = publisher_generation(call->control->publisher, region->name);

	if (generation > call->generation)
		call->generation = generation;
}

bool call_store_failed(struct call *call)
{
	return refuse(&call->why, PTRD_ERR_INTERNAL, "cannot %s: %s",
		command_changes(call->command) ? "store" : "read the store",
		store_error(call->control->store));
}

bool call_publisher_failed(struct call *call)
{
	return refuse(&call->why, PTRD_ERR_INTERNAL, "cannot serve: %s",
		publisher_error(call->control->publisher));
}

bool call_limit(struct call *call, int64_t limit)
{
	if (limit >= 1 && limit <= PAGE_LIMIT_MAX)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_LIMIT, "%lld is outside 1 to %d", (long long)limit,
		PAGE_LIMIT_MAX);
	return refuse_field(&call->why, "limit", json_object_get(call->params, "limit"));
}

bool call_page(struct call *call, struct page *page)
{
	const json_t *limit = json_object_get(call->params, "limit");
	const json_t *offset = json_object_get(call->params, "offset");

	page->limit = limit != NULL ? json_integer_value(limit) : PAGE_LIMIT_MAX;
	page->offset = json_integer_value(offset);
	page->marker = call_text(call, "marker", NULL);
	if (!call_limit(call, page->limit))
		return false;
	if (page->offset < 0) {
		refuse(&call->why, PTRD_ERR_INVALID_OFFSET, "%lld is less than 0",
			(long long)page->offset);
		return refuse_field(&call->why, "offset", offset);
	}
	return true;
}
