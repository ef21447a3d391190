#include <string.h>

#include "filter.h"
#include "total.h"

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

static bool wants_total(const struct call *call)
{
	return !json_is_false(json_object_get(call->params, "total"));
}

/*
 * What the pages of one list share. A count holds until the next change; of one that is not
 * committed yet nothing is kept, because it may be undone.
 */
static bool find_total(struct call *call, const struct eip_query *query, uint64_t *total)
{
	struct control *control = call->control;
	struct total key;

	const bool kept = total_key(call, &key);
	if (kept && total_find(control, &key, total))
		return true;
	if (!store_eip_count(control->store, query, total))
		return false;
	if (kept)
		total_keep(control, &key, *total);
	return true;
}

static bool list_page(struct call *call, struct eip_query *query, const char *member,
	json_t *(*show)(const struct eip *eip))
{
	struct collector c = {.items = json_array(), .show = show, .limit = query->limit};
	uint64_t total = 0;

	query->limit++;
	if ((wants_total(call) && !find_total(call, query, &total))
		|| !store_eip_list(call->control->store, query, collect, &c)) {
		json_decref(c.items);
		return call_store_failed(call);
	}
	call->result = json_pack("{s:o,s:o,s:o}", member, c.items, "total",
		wants_total(call) ? json_integer((json_int_t)total) : json_null(), "marker",
		c.more ? show_address(&c.last) : json_null());
	return true;
}

static bool list(struct call *call, bool ptrs_only, const char *member,
	json_t *(*show)(const struct eip *eip))
{
	struct filter filter;
	bool listed = filter_read(call, &filter);

	filter.query.ptrs_only = ptrs_only;
	listed = listed && list_page(call, &filter.query, member, show);
	filter_release(&filter);
	return listed;
}

bool eip_list(struct call *call)
{
	return list(call, false, "eips", show_eip);
}

bool ptr_list(struct call *call)
{
	return list(call, true, "ptrs", show_ptr);
}

/* What regions are asked for. */
struct region_filter {
	const char *name;
	int status;
	bool has_prefix;
	struct prefix prefix;
};

static bool read_region_filter(struct call *call, struct region_filter *filter)
{
	filter->name = call_text(call, "name", NULL);
	if (filter->name != NULL && !region_name_check(filter->name, &call->why))
		return refuse_field(&call->why, "name", json_object_get(call->params, "name"));
	return filter_status(call, &filter->status)
		&& filter_prefix(call, &filter->prefix, &filter->has_prefix);
}

static bool overlaps(const struct region *region, const struct prefix *prefix)
{
	for (unsigned i = 0; i < region->info.prefixes_count; i++)
		if (prefix_overlaps(&region->prefixes[i], prefix))
			return true;
	return false;
}

static bool region_passes(const struct region *region, const struct region_filter *filter)
{
	return (filter->name == NULL || strcmp(filter->name, region->name) == 0)
		&& (filter->status == STATUS_ANY
			|| region->attached == (filter->status == STATUS_ACTIVE))
		&& (!filter->has_prefix || overlaps(region, &filter->prefix));
}

/* Goes through all regions; those of the page are shown. */
static bool region_page(struct call *call, const struct region_filter *filter, struct page *page,
	json_t *items, json_int_t *total, const char **marker)
{
	const struct region *last = NULL;
	json_t *shown;
	size_t count;
	const struct region *const *regions = store_regions(call->control->store, &count);

	for (size_t i = 0; i < count; i++) {
		if (!region_passes(regions[i], filter))
			continue;
		++*total;
		if (page->marker != NULL && strcmp(regions[i]->name, page->marker) <= 0)
			continue;
		if (page->offset-- > 0)
			continue;
		if ((int64_t)json_array_size(items) == page->limit) {
			*marker = last->name;
			continue;
		}
		if ((shown = show_region(call, regions[i])) == NULL)
			return call_store_failed(call);
		json_array_append_new(items, shown);
		last = regions[i];
	}
	return true;
}

bool region_list(struct call *call)
{
	struct region_filter filter = {.status = STATUS_ANY};
	const char *marker = NULL;
	json_int_t total = 0;
	struct page page;

	if (!call_page(call, &page) || !read_region_filter(call, &filter))
		return false;
	if (page.marker != NULL && !region_name_check(page.marker, &call->why)) {
		call->why.code = PTRD_ERR_INVALID_MARKER;
		return refuse_field(&call->why, "marker", json_object_get(call->params, "marker"));
	}
	json_t *items = json_array();

	if (!region_page(call, &filter, &page, items, &total, &marker)) {
		json_decref(items);
		return false;
	}
	call->result
		= json_pack("{s:o,s:I,s:s?}", "regions", items, "total", total, "marker", marker);
	return true;
}
