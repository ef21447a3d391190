#include <string.h>

#include "call.h"

/* Collects a page. One more than the page is asked for: it tells whether there is a next page. */
struct collector {
	json_t *items;
	json_t *(*show)(const struct eip *eip);
	int64_t limit;
	bool more;
	struct address last;
};

static bool collect(void *context, const struct eip *eip)
{
	struct collector *c = context;

	if ((int64_t)json_array_size(c->items) == c->limit) {
		c->more = true;
		return false;
	}
	c->last = eip->address;
	return json_array_append_new(c->items, c->show(eip)) == 0;
}

static bool call_query(struct call *call, struct eip_query *query, struct address *after)
{
	struct page page;

	if (!call_page(call, &page) || !call_region(call, "region", &query->region)
		|| !call_project(call, &query->project))
		return false;
	query->limit = page.limit + 1;
	query->offset = page.offset;
	if (page.marker == NULL)
		return true;
	query->after = after;
	if (address_parse(page.marker, after, &call->why))
		return true;
	call->why.code = PTRD_ERR_INVALID_MARKER;
	return refuse_field(&call->why, "marker", json_object_get(call->params, "marker"));
}

static bool list(struct call *call, bool ptrs_only, const char *member,
	json_t *(*show)(const struct eip *eip))
{
	struct store *store = call->control->store;
	struct eip_query query = {.ptrs_only = ptrs_only};
	struct address after;
	uint64_t total;

	if (!call_query(call, &query, &after))
		return false;
	struct collector c = {.items = json_array(), .show = show, .limit = query.limit - 1};

	if (!store_eip_count(store, &query, &total)
		|| !store_eip_list(store, &query, collect, &c)) {
		json_decref(c.items);
		return call_store_failed(call);
	}
	call->result = json_pack("{s:o,s:I,s:o}", member, c.items, "total", (json_int_t)total,
		"marker", c.more ? show_address(&c.last) : json_null());
	return true;
}

bool eip_list(struct call *call)
{
	return list(call, false, "eips", show_eip);
}

bool ptr_list(struct call *call)
{
	return list(call, true, "ptrs", show_ptr);
}

bool region_list(struct call *call)
{
	struct store *store = call->control->store;
	json_t *items, *shown;
	struct page page;
	size_t count, i = 0;

	if (!call_page(call, &page))
		return false;
	if (page.marker != NULL && !region_name_check(page.marker, &call->why)) {
		call->why.code = PTRD_ERR_INVALID_MARKER;
		return refuse_field(&call->why, "marker", json_object_get(call->params, "marker"));
	}
	const struct region *const *regions = store_regions(store, &count);

	while (page.marker != NULL && i < count && strcmp(regions[i]->name, page.marker) <= 0)
		i++;
	i = page.offset < (int64_t)(count - i) ? i + (size_t)page.offset : count;
	items = json_array();
	for (; i < count && (int64_t)json_array_size(items) < page.limit; i++) {
		if ((shown = show_region(call, regions[i])) == NULL) {
			json_decref(items);
			return call_store_failed(call);
		}
		json_array_append_new(items, shown);
	}
	call->result = json_pack("{s:o,s:I,s:s?}", "regions", items, "total", (json_int_t)count,
		"marker", i < count ? regions[i - 1]->name : NULL);
	return true;
}
