#include <stdio.h>
#include <string.h>

#include "call.h"

#define TTL_DEFAULT 300
/* Names that a request may give, some of them more than once: each is compared with those before. */
#define GIVEN_MAX (4 * PTRD_RECORD_NAMES_MAX)

static bool done(struct call *call, const struct eip *eip)
{
	if (!call->quiet)
		call->result = show_ptr(eip);
	return true;
}

static bool need_ptr(struct call *call, const struct eip *eip)
{
	const char *field = call_eip_field(call);
	char text[ADDRESS_TEXT_MAX];

	if (eip->has_ptr)
		return true;
	refuse(&call->why, PTRD_ERR_NO_PTR, "%s has no custom PTR",
		address_format(&eip->address, text));
	return refuse_field(&call->why, field, json_object_get(call->params, field));
}

/* True if the list `names` has this name. Names are canonical. */
static bool already_named(const char *names, const char *name)
{
	const size_t len = strlen(name);

	for (const char *at = names; (at = strstr(at, name)) != NULL; at++)
		if ((at == names || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return true;
	return false;
}

static bool refuse_count(struct call *call, const json_t *array)
{
	refuse(&call->why, PTRD_ERR_INVALID_NAME, "has %zu names, must have 1 to %d",
		json_array_size(array), PTRD_RECORD_NAMES_MAX);
	return refuse_field(&call->why, "names", NULL);
}

/* A set: names that are equal once folded count once, in the place of the first. */
static bool call_names(struct call *call, char names[static NAMES_TEXT_MAX])
{
	const json_t *array = json_object_get(call->params, "names"), *value;
	char name[NAME_TEXT_MAX], field[32];
	size_t i, used = 0;
	unsigned count = 0;

	names[0] = '\0';
	if (json_array_size(array) > GIVEN_MAX)
		return refuse_count(call, array);
	json_array_foreach(array, i, value)
	{
		snprintf(field, sizeof(field), "names[%zu]", i);
		if (!json_is_string(value)) {
			call->why.rpc = PTRD_RPC_INVALID_PARAMS;
			refuse(&call->why, PTRD_ERR_INVALID_REQUEST, "must be a string");
			return refuse_field(&call->why, field, value);
		}
		if (!name_canonical(json_string_value(value), name, &call->why))
			return refuse_field(&call->why, field, value);
		if (already_named(names, name))
			continue;
		if (++count > PTRD_RECORD_NAMES_MAX)
			return refuse_count(call, array);
		used += (size_t)snprintf(
			names + used, NAMES_TEXT_MAX - used, "%s%s", used > 0 ? " " : "", name);
	}
	return count > 0 || refuse_count(call, array);
}

static bool call_ttl(struct call *call, uint32_t *ttl)
{
	const json_t *value = json_object_get(call->params, "ttl");

	*ttl = TTL_DEFAULT;
	if (value == NULL)
		return true;
	if (!ttl_check(json_integer_value(value), &call->why))
		return refuse_field(&call->why, "ttl", value);
	*ttl = (uint32_t)json_integer_value(value);
	return true;
}

static bool call_description(struct call *call, const char **description)
{
	const json_t *value = json_object_get(call->params, "description");

	*description = call_text(call, "description", "");
	return description_check(*description, &call->why)
		|| refuse_field(&call->why, "description", value);
}

static bool publish(struct call *call, const struct eip *eip)
{
	struct publisher *publisher = call->control->publisher;
	struct record_wire record;

	if (!eip->region->attached)
		return true;
	eip_record(eip, &record);
	return publisher_set(publisher, eip->region->name, &eip->address, &record) >= 0
		|| call_publisher_failed(call);
}

bool ptr_holds(const struct eip *eip, const struct ptr_value *value)
{
	return eip->has_ptr && eip->ptr_ttl == value->ttl
		&& names_equal(eip->ptr_names, value->names)
		&& strcmp(eip->ptr_description, value->description) == 0
		&& strcmp(eip->ptr_tags, value->tags) == 0;
}

bool call_ptr(struct call *call, struct ptr_texts *texts, struct ptr_value *value)
{
	value->names = texts->names;
	value->tags = texts->tags;
	return call_names(call, texts->names) && call_ttl(call, &value->ttl)
		&& call_description(call, &value->description) && call_tags(call, texts->tags);
}

bool ptr_set(struct call *call)
{
	struct ptr_texts texts;
	struct ptr_value value;
	struct eip eip;

	if (!call_ptr(call, &texts, &value) || !call_eip(call, &eip))
		return false;
	if (ptr_holds(&eip, &value)) {
		call_repeated(call, eip.region);
		return done(call, &eip);
	}
	if (!eip.has_ptr && !call_quota(call, eip.project, 1))
		return false;
	if (!store_ptr_set(call->control->store, &eip, &value))
		return call_store_failed(call);
	return publish(call, &eip) && done(call, &eip);
}

static bool done_unset(struct call *call, const struct eip *eip)
{
	if (!call->quiet)
		call->result = json_pack("{s:o}", "address", show_address(&eip->address));
	return true;
}

bool ptr_unset(struct call *call)
{
	struct control *control = call->control;
	struct eip eip;

	if (!call_eip(call, &eip))
		return false;
	if (!eip.has_ptr) {
		call_repeated(call, eip.region);
		return done_unset(call, &eip);
	}
	if (!store_ptr_unset(control->store, &eip))
		return call_store_failed(call);
	if (eip.region->attached
		&& publisher_unset(control->publisher, eip.region->name, &eip.address) < 0)
		return call_publisher_failed(call);
	return done_unset(call, &eip);
}

bool ptr_get(struct call *call)
{
	struct eip eip = {.has_ptr = false};

	return call_eip(call, &eip) && need_ptr(call, &eip) && done(call, &eip);
}
