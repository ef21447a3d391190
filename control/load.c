#include <stdio.h>
#include <string.h>

#include "load.h"

struct loading {
	struct publisher *publisher;
	const char *region;
	int result; /* of the publisher; negative stopped the scan */
};

static bool load_eip(void *context, const struct eip *eip)
{
	struct loading *l = context;
	struct record_wire record;

	if (eip->has_ptr)
		eip_record(eip, &record);
	l->result = publisher_load_eip(
		l->publisher, l->region, &eip->address, eip->has_ptr ? &record : NULL);
	return l->result >= 0;
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
		control->publisher, &region->info, (uint32_t)f.revision, f.eips, f.ptrs);
	if (l.result >= 0 && !store_region_scan(control->store, region, load_eip, &l)) {
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

static bool attach_eip(void *context, const struct eip *eip)
{
	struct loading *l = context;
	struct record_wire record;

	l->result = publisher_bind(l->publisher, l->region, &eip->address);
	if (l->result < 0 || !eip->has_ptr)
		return l->result >= 0;
	eip_record(eip, &record);
	l->result = publisher_set(l->publisher, l->region, &eip->address, &record);
	return l->result >= 0;
}

bool load_attached(struct control *control, const struct region *region, struct refusal *why)
{
	struct loading l = {.publisher = control->publisher, .region = region->name};
	struct region_figures f;

	if (!store_region_figures(control->store, region, &f))
		return refuse(why, PTRD_ERR_INTERNAL, "cannot read the store: %s",
			store_error(control->store));
	l.result = publisher_attach(
		control->publisher, &region->info, (uint32_t)f.revision, f.eips, f.ptrs);
	if (l.result >= 0 && !store_region_scan(control->store, region, attach_eip, &l))
		return refuse(why, PTRD_ERR_INTERNAL, "cannot read the store: %s",
			store_error(control->store));
	if (l.result < 0)
		return refuse(why, PTRD_ERR_INTERNAL, "cannot serve: %s",
			publisher_error(control->publisher));
	return true;
}
