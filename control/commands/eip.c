#include <stdio.h>
#include <string.h>
#include <time.h>

#include "call.h"

static bool done(struct call *call, const struct eip *eip)
{
	if (!call->quiet)
		call->result = show_eip(eip);
	return true;
}

static bool done_address(struct call *call, const struct address *address)
{
	if (!call->quiet)
		call->result = json_pack("{s:o}", "address", show_address(address));
	return true;
}

void eip_new_id(char id[static EIP_ID_MAX])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	uuid_text((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000, id);
}

bool call_id_free(struct call *call, const struct region *region, const char *id)
{
	char address[ADDRESS_TEXT_MAX];
	struct eip other;
	const int found = store_eip_by_id(call->control->store, region, id, &other);

	if (found < 0)
		return call_store_failed(call);
	if (found == 0)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_EIP_ID, "%s is the id of %s in region %s already",
		QUOTE(id), address_format(&other.address, address), region->name);
	return refuse_field(&call->why, "id", json_object_get(call->params, "id"));
}

/* The id that the client gave, or a new one. */
static bool choose_id(struct call *call, const struct region *region, char id[static EIP_ID_MAX])
{
	const json_t *given = json_object_get(call->params, "id");
	const char *text = json_string_value(given);

	if (given == NULL) {
		eip_new_id(id);
		return true;
	}
	if (!eip_id_check(text, &call->why))
		return refuse_field(&call->why, "id", given);
	if (!call_id_free(call, region, text))
		return false;
	snprintf(id, EIP_ID_MAX, "%s", text);
	return true;
}

bool call_bindable(struct call *call, const struct address *address, const struct region **region)
{
	const json_t *value = json_object_get(call->params, "address");
	char text[ADDRESS_TEXT_MAX];

	*region = store_region_of(call->control->store, address);
	if (*region == NULL) {
		refuse(&call->why, PTRD_ERR_INVALID_REGION, "%s is in no region's prefixes",
			address_format(address, text));
		return refuse_field(&call->why, "address", value);
	}
	const struct region_delegation *delegation = region_delegation_of(*region, address);
	if (delegation == NULL)
		return true;
	refuse(&call->why, PTRD_ERR_INVALID_ADDRESS,
		"%s is delegated: names of %s are in %s, at other name servers",
		address_format(address, text), delegation->prefix, delegation->name);
	return refuse_field(&call->why, "address", value);
}

/* A new EIP: its default PTR is served from here on. */
static bool bind_new(struct call *call, struct eip *eip, const char *project)
{
	struct control *control = call->control;

	if (!call_bindable(call, &eip->address, &eip->region)
		|| !choose_id(call, eip->region, eip->id))
		return false;
	snprintf(eip->project, sizeof(eip->project), "%s", project);
	if (!store_eip_add(control->store, eip))
		return call_store_failed(call);
	if (eip->region->attached
		&& publisher_bind(control->publisher, eip->region->name, &eip->address) < 0)
		return call_publisher_failed(call);
	return done(call, eip);
}

/* Another project takes the address over: the old one's PTR must not stay. */
static bool bind_over(struct call *call, struct eip *eip, const char *project)
{
	struct control *control = call->control;
	char id[EIP_ID_MAX];

	/* The client may keep the id that the address has. */
	const char *given = call_text(call, "id", NULL);
	if (given != NULL && strcmp(given, eip->id) == 0)
		snprintf(id, sizeof(id), "%s", given);
	else if (!choose_id(call, eip->region, id))
		return false;
	if (!store_eip_rebind(control->store, eip, id, project))
		return call_store_failed(call);
	/* Without a PTR too: the region's serial rises with its revision. */
	if (eip->region->attached
		&& publisher_unset(control->publisher, eip->region->name, &eip->address) < 0)
		return call_publisher_failed(call);
	return done(call, eip);
}

bool call_id_kept(struct call *call, const struct eip *eip, const char *id)
{
	if (eip_id_check(id, &call->why))
		refuse(&call->why, PTRD_ERR_INVALID_EIP_ID,
			"%s differs from the id that this EIP has, %s; unbind it first", QUOTE(id),
			eip->id);
	return refuse_field(&call->why, "id", json_object_get(call->params, "id"));
}

bool eip_bind(struct call *call)
{
	const char *project = PROJECT_DEFAULT, *id = call_text(call, "id", NULL);
	struct address address;
	struct eip eip;

	if (!call_address(call, "address", &address) || !call_project(call, &project))
		return false;
	const int found = store_eip(call->control->store, &address, &eip);
	if (found < 0)
		return call_store_failed(call);
	if (found == 0) {
		eip.address = address;
		return bind_new(call, &eip, project);
	}
	if (strcmp(eip.project, project) != 0)
		return bind_over(call, &eip, project);
	if (id != NULL && strcmp(eip.id, id) != 0)
		return call_id_kept(call, &eip, id);
	call_repeated(call, eip.region);
	return done(call, &eip);
}

bool eip_unbind(struct call *call)
{
	struct control *control = call->control;
	struct eip eip;

	if (!call_eip(call, &eip))
		return false;
	if (!store_eip_remove(control->store, &eip))
		return call_store_failed(call);
	if (eip.region->attached
		&& publisher_unbind(control->publisher, eip.region->name, &eip.address) < 0)
		return call_publisher_failed(call);
	return done_address(call, &eip.address);
}

bool eip_get(struct call *call)
{
	struct eip eip;

	return call_eip(call, &eip) && done(call, &eip);
}
