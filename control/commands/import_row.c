#include <string.h>

#include "import_rows.h"

static const struct param row_params[] = {
	{"address", JSON_STRING, true},
	{"names", JSON_ARRAY, false},
	{"ttl", JSON_INTEGER, false},
	{"description", JSON_STRING, false},
	{"tags", JSON_ARRAY, false},
	{"project", JSON_STRING, false},
	{"id", JSON_STRING, false},
	{"default", JSON_TRUE, false},
	{"unbind", JSON_TRUE, false},
	{NULL, JSON_NULL, false},
};

static bool refuse_row(struct call *row, const char *field, enum ptrd_error code, const char *text)
{
	refuse(&row->why, code, "%s", text);
	return refuse_field(&row->why, field, json_object_get(row->params, field));
}

static bool has(const struct call *row, const char *name)
{
	return json_object_get(row->params, name) != NULL;
}

/* What belongs to a PTR makes no sense without one, nor what belongs to an EIP. */
static bool refuse_stray(struct call *row, const char *const *names, const char *text)
{
	for (; *names != NULL; names++)
		if (has(row, *names))
			return refuse_row(row, *names, PTRD_ERR_INVALID_REQUEST, text);
	return true;
}

static bool read_kind(struct call *row, enum staged_kind *kind)
{
	static const char *const of_ptr[] = {"ttl", "description", "tags", NULL};
	static const char *const of_eip[] = {"project", "id", NULL};
	const bool set = has(row, "names");
	const bool as_default = json_is_true(json_object_get(row->params, "default"));
	const bool unbind = json_is_true(json_object_get(row->params, "unbind"));

	if (set + as_default + unbind != 1)
		return refuse(&row->why, PTRD_ERR_INVALID_REQUEST,
			"a row has one of names, default: true and unbind: true");
	*kind = set ? STAGED_SET : as_default ? STAGED_DEFAULT : STAGED_UNBIND;
	if (!set && !refuse_stray(row, of_ptr, "is of a PTR, and the row has no names"))
		return false;
	return !unbind || refuse_stray(row, of_eip, "is of an EIP, and the row unbinds it");
}

static bool read_project_and_id(struct call *row, struct staged_row *staged)
{
	staged->project = staged->id = NULL;
	if (!call_project(row, &staged->project))
		return false;
	staged->id = call_text(row, "id", NULL);
	return staged->id == NULL || eip_id_check(staged->id, &row->why)
		|| refuse_field(&row->why, "id", json_object_get(row->params, "id"));
}

/*
 * A project has its say about the PTRs of its own EIPs, and nothing else. What it has exported, with
 * the id of each EIP, it may import.
 */
static bool project_may(
	struct call *row, const struct staged_row *staged, const struct region **region)
{
	struct eip eip;

	if (staged->kind == STAGED_UNBIND)
		return refuse_row(row, "unbind", PTRD_ERR_NO_PERMISSION,
			"EIPs are bound and unbound by an operator");
	const int found = call_eip_at(row, &staged->address, &eip);

	if (found <= 0)
		return found == 0 && call_no_eip(row, &staged->address);
	*region = eip.region;
	return staged->id == NULL || strcmp(staged->id, eip.id) == 0
		|| refuse_row(row, "id", PTRD_ERR_NO_PERMISSION,
			"is not the EIP's: it is bound, and so named, by an operator");
}

static bool in_region(struct call *row, const struct import *import, const struct region *region)
{
	if (import->region[0] == '\0' || strcmp(import->region, region->name) == 0)
		return true;
	refuse(&row->why, PTRD_ERR_INVALID_REGION,
		"is in the prefixes of region %s; the import is of region %s", region->name,
		import->region);
	return refuse_field(&row->why, "address", json_object_get(row->params, "address"));
}

/*
 * What an id must be by what there is: where it is another EIP's, that one has to be unbound by an
 * earlier row. An import of a whole region leaves nothing of what there is, so there it says nothing.
 */
static bool check_id(struct call *row, const struct import *import, const struct staged_row *staged,
	const struct region *region)
{
	struct store *store = row->control->store;
	enum staged_kind kind;
	struct eip eip;
	int found = store_eip(store, &staged->address, &eip);

	if (found < 0)
		return call_store_failed(row);
	if (found == 1 && strcmp(eip.id, staged->id) == 0)
		return true;
	if (found == 1 && (staged->project == NULL || strcmp(eip.project, staged->project) == 0))
		return call_id_kept(row, &eip, staged->id);
	found = store_eip_by_id(store, region, staged->id, &eip);
	if (found == 1) {
		found = staging_find(import->staging, &eip.address, &kind);
		if (found == 1 && kind == STAGED_UNBIND)
			return true;
		return call_id_free(row, region, staged->id);
	}
	return found == 0 || call_store_failed(row);
}

bool import_row_read(struct call *row, const struct import *import, struct row_texts *texts,
	struct staged_row *staged, const struct region **region)
{
	refusal_init(&row->why);
	if (!json_is_object(row->params)) {
		row->why.rpc = PTRD_RPC_INVALID_PARAMS;
		return refuse(&row->why, PTRD_ERR_INVALID_REQUEST, "is not an object");
	}
	if (!params_check(row_params, "", row->params, &row->why) || !read_kind(row, &staged->kind)
		|| !call_address(row, "address", &staged->address)
		|| (staged->kind == STAGED_SET && !call_ptr(row, &texts->ptr, &staged->value))
		|| !read_project_and_id(row, staged))
		return false;
	if (row->actor->role == ROLE_PROJECT ? !project_may(row, staged, region)
					     : !call_bindable(row, &staged->address, region))
		return false;
	return in_region(row, import, *region)
		&& (staged->id == NULL || import->region[0] != '\0'
			|| check_id(row, import, staged, *region));
}
