/*
 * Stages 2 and 3: whose name it is, and what the table holds for it. Each only reads what the stage
 * before has prefetched.
 */
#include "engine.h"

#include "message.h"

/* True if the question names one address. */
static bool is_leaf(const struct dns_request *r)
{
	return r->name.octets == ARPA_OCTETS && !r->name.extra;
}

static void route(const struct dns_view *view, struct dns_request *r)
{
	const struct dns_zone *zone = dns_view_zone(view, r->name.address);

	/* A name above the apex of a zone lies outside of it. */
	if (zone == NULL || r->name.octets < zone->octets) {
		r->decided = true;
		r->outcome = PTRD_REFUSED_ZONE;
		r->rcode = RCODE_REFUSED;
		return;
	}
	r->zone = zone;
	if (is_leaf(r)) {
		r->key = ptrd_key4(&zone->region->table, r->name.address);
		ptrd_table_prefetch(&zone->region->table, r->key);
	}
}

void dns_route(const struct dns_view *view, struct dns_request *requests, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!requests[i].decided)
			route(view, &requests[i]);
	}
}

static void lookup(struct dns_request *r)
{
	const struct ptrd_table *table = &r->zone->region->table;

	r->ref = ptrd_table_find4(table, r->key);
	if (r->ref >= PTRD_REF_FIRST_CELL && r->ref < table->cell_granules)
		__builtin_prefetch(table->cells + (size_t)r->ref * PTRD_GRANULE);
}

void dns_lookup(struct dns_request *requests, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (!requests[i].decided && is_leaf(&requests[i]))
			lookup(&requests[i]);
	}
}

void dns_answer(const struct dns_view *view, struct dns_request *requests, unsigned count)
{
	dns_parse(requests, count);
	dns_route(view, requests, count);
	dns_lookup(requests, count);
	dns_write(requests, count);
}
