#include <stdio.h>
#include <string.h>

#include "load.h"

struct loading {
	struct publisher *publisher;
	const char *region;
	int result; /* of the publisher; negative stopped the scan */
};

static bool fill(void *context, const struct address *address, const char *names, uint32_t ttl)
{
	struct loading *l = context;
	struct record_wire record;

	if (names != NULL)
		record_encode(names, ttl, &record);
	l->result
		= publisher_fill(l->publisher, l->region, address, names != NULL ? &record : NULL);
	return l->result >= 0;
}

static bool fill_eip(void *context, const struct eip *eip)
{
	return fill(context, &eip->address, eip->has_ptr ? eip->ptr_names : NULL, eip->ptr_ttl);
}

static bool load_region(struct control *control, const struct region *region)
{
	struct loading l = {.publisher = control->publisher, .region = region->name};
	struct region_figures f;

	if (!store_region_figures(control->store, region, &f)) {
		fprintf(stderr, "ptrd-control: region %s: cannot read the store: %s\n",
			region->name, store_error(control->store));
		return false;
	}
	l.result = publisher_load_region(
		control->publisher, &region->info, f.revision, f.eips, f.ptrs);
	if (l.result >= 0 && !store_region_answers(control->store, region, fill, &l)) {
		fprintf(stderr, "ptrd-control: region %s: cannot read the store: %s\n",
			region->name, store_error(control->store));
		return false;
	}
	if (l.result < 0) {
		fprintf(stderr, "ptrd-control: region %s: cannot serve: %s\n", region->name,
			publisher_error(control->publisher));
		return false;
	}
	fprintf(stderr, "ptrd-control: region %s: %llu EIPs, %llu custom PTRs\n", region->name,
		(unsigned long long)f.eips, (unsigned long long)f.ptrs);
	return true;
}

bool load_all(struct control *control)
{
	size_t count;
	const struct region *const *regions = store_regions(control->store, &count);

	for (size_t i = 0; i < count; i++)
		if (regions[i]->attached && !load_region(control, regions[i]))
			return false;
	if (publisher_start(control->publisher) < 0) {
		fprintf(stderr, "ptrd-control: cannot serve: %s\n",
			publisher_error(control->publisher));
		return false;
	}
	return true;
}

/* How a region gets a table to fill: publisher_attach() or publisher_replace(). */
typedef int make_table_fn(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected);

static bool load_into(struct control *control, const struct region *region,
	make_table_fn *make_table, struct refusal *why)
{
	struct loading l = {.publisher = control->publisher, .region = region->name};
	struct region_figures f;

	if (!store_region_figures(control->store, region, &f))
		return refuse(why, PTRD_ERR_INTERNAL, "cannot read the store: %s",
			store_error(control->store));
	l.result = make_table(control->publisher, &region->info, f.revision, f.eips, f.ptrs);
	if (l.result >= 0 && !store_region_answers(control->store, region, fill, &l))
		return refuse(why, PTRD_ERR_INTERNAL, "cannot read the store: %s",
			store_error(control->store));
	if (l.result < 0)
		return refuse(why, PTRD_ERR_INTERNAL, "cannot serve: %s",
			publisher_error(control->publisher));
	return true;
}

bool load_attached(struct control *control, const struct region *region, struct refusal *why)
{
	return load_into(control, region, publisher_attach, why);
}

bool load_replaced(struct control *control, const struct region *region, struct refusal *why)
{
	return load_into(control, region, publisher_replace, why);
}

bool load_moved(struct control *control, const struct region *from, const struct region *to,
	const struct prefix *prefix, struct refusal *why)
{
	struct loading l = {.publisher = control->publisher, .region = to->name};
	const struct address_range range = {prefix->first, prefix->last};

	if (!from->attached && !to->attached)
		return true;
	l.result = publisher_move(control->publisher, &from->info, &to->info, &range);
	/* What is in no table yet. */
	if (l.result >= 0 && !from->attached
		&& !store_prefix_scan(control->store, prefix, fill_eip, &l))
		return refuse(why, PTRD_ERR_INTERNAL, "cannot read the store: %s",
			store_error(control->store));
	if (l.result < 0)
		return refuse(why, PTRD_ERR_INTERNAL, "cannot serve: %s",
			publisher_error(control->publisher));
	return true;
}
