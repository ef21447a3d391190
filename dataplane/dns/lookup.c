/*
 * Stages 2 and 3: whose name it is, and what the table holds for it. Each only reads what the stage
 * before has prefetched. Most prefetches stand in loops of their own, as short as can be: where the
 * processor has to look for an address's page, it works on little else, but looks for several at once.
 */
#include "engine.h"

#include "message.h"

static const struct ptrd_table *table_of(const struct dns_request *r)
{
	return &r->zone->region->table;
}

static void refuse(struct dns_request *r)
{
	r->decided = true;
	r->outcome = r->transfer ? PTRD_NOTAUTH_TRANSFER : PTRD_REFUSED_ZONE;
	r->rcode = r->transfer ? RCODE_NOTAUTH : RCODE_REFUSED;
}

/* Sets the zone that the name's address lies in, if the name is not above its apex. */
static void route_address(const struct dns_view *view, struct dns_request *r)
{
	const struct dns_zone *zone;

	if (r->name.tree == ARPA_IPV4)
		zone = dns_view_zone(view, r->name.address);
	else if (r->name.tree == ARPA_IPV6)
		zone = dns_view_zone6(view, r->name.address6);
	else
		return;
	if (zone == NULL || r->name.labels < zone->labels)
		return;
	r->zone = zone;
	r->apex_at = arpa_suffix(&r->name, zone->labels);
	r->at_apex = r->name.labels == zone->labels && !r->name.extra;
	r->is_address = arpa_is_address(&r->name);
}

/* Makes of a name in an RFC 2317 zone the address that it stands for. */
static void route_rfc2317(struct dns_request *r, const struct dns_named *named, unsigned at)
{
	const uint8_t *name = r->msg + DNS_HEADER_SIZE;
	uint8_t octet = 0;

	r->zone = &named->zone;
	r->apex_at = (uint8_t)at;
	r->at_apex = at == 0;
	r->is_address = false;
	r->name.tree = ARPA_IPV4;
	r->name.extra = at > 0;
	if (at == 0 || at != 1u + name[0] || !arpa_scan_octet(name, &octet))
		return;
	const uint32_t address = (named->first & ~UINT32_C(255)) | octet;

	if (address < named->first || address > named->last)
		return;
	r->name.address = address;
	r->name.extra = false;
	r->is_address = true;
}

/* Names that hold a label which is no octet may be those of RFC 2317. */
static void route_named(const struct dns_view *view, struct dns_request *r)
{
	unsigned at = 0;
	const struct dns_named *named
		= dns_view_named(view, r->msg + DNS_HEADER_SIZE, r->question_len - 4u, &at);

	if (named == NULL)
		return;
	if (named->delegation == NULL) {
		route_rfc2317(r, named, at);
		return;
	}
	/* The DS set of a zone is its parent's: RFC 4035 section 3.1.4.1. */
	if (at == 0 && r->qtype == TYPE_DS) {
		r->name.extra = false;
		return;
	}
	r->cut = named->delegation;
	r->cut_at = (uint8_t)at;
}

static void route(const struct dns_view *view, struct dns_request *r)
{
	route_address(view, r);
	if (view->named_count > 0
		&& (r->name.tree == ARPA_NONE || (r->name.tree == ARPA_IPV4 && r->name.extra)))
		route_named(view, r);
	if (r->zone == NULL || (r->transfer && (r->cut != NULL || !r->at_apex))) {
		refuse(r);
		return;
	}
	if (!r->is_address)
		return;
	r->key = r->name.tree == ARPA_IPV6 ? ptrd_key6(table_of(r), r->name.address6)
					   : ptrd_key4(table_of(r), r->name.address);
}

static bool is_rated(const struct dns_context *context, const struct dns_request *r)
{
	return context->limiter != NULL && r->transport == DNS_UDP && r->cookie != DNS_COOKIE_VALID;
}

/* Finds out whose rates the replies count for, if for any. */
static void rate(const struct dns_context *context, struct dns_request *requests, unsigned count)
{
	struct dns_request *rated[DNS_BURST];
	unsigned rated_count = 0;

	for (unsigned i = 0; i < count; i++) {
		struct dns_request *r = &requests[i];

		r->rated = is_rated(context, r);
		rated[rated_count] = r;
		rated_count += r->rated;
	}
	for (unsigned i = 0; i < rated_count; i++)
		rated[i]->rate_client = dns_limiter_client(
			context->limiter, rated[i]->client, rated[i]->client_ipv6);
	for (unsigned i = 0; i < rated_count; i++)
		dns_limiter_prefetch(context->limiter, rated[i]->rate_client);
}

void dns_route(const struct dns_context *context, struct dns_request *requests, unsigned count)
{
	const struct ptrd_bucket *buckets[DNS_BURST];
	unsigned buckets_count = 0;

	rate(context, requests, count);
	for (unsigned i = 0; i < count; i++) {
		struct dns_request *r = &requests[i];

		if (!r->decided)
			route(context->view, r);
		if (!r->decided && r->is_address)
			buckets[buckets_count++] = &table_of(r)->buckets[r->key.bucket];
	}
	for (unsigned i = 0; i < buckets_count; i++)
		__builtin_prefetch(buckets[i]);
}

static void prefetch_cell(const struct ptrd_table *table, uint32_t ref)
{
	const uint32_t granule = ref & ~PTRD_REF_IPV6;

	if (granule >= PTRD_REF_FIRST_CELL && granule < table->cell_granules) {
		const uint8_t *cell = table->cells + (size_t)granule * PTRD_GRANULE;

		/* Most are about as long as a cache line and begin somewhere in one. */
		__builtin_prefetch(cell);
		__builtin_prefetch(cell + PTRD_CACHE_LINE - 1);
	}
}

/* Looks into the first bucket of a chain, which nearly every entry is in. Returns the bucket behind it,
 * whose load has been started, if the entry may be there, else 0. */
static uint32_t look_into_first(struct dns_request *r)
{
	uint32_t behind = 0;

	r->ref = ptrd_table_find_first(table_of(r), r->key, &behind);
	if (behind != 0)
		__builtin_prefetch(&table_of(r)->buckets[behind]);
	return behind;
}

/*
 * Finds IPv4 addresses; of an IPv6 one only the first cell that may be its. Those that are not in the
 * first bucket of their chain come last: waiting for one bucket behind another takes as long as some
 * ten queries.
 */
static bool look_up(struct dns_request *requests, unsigned count)
{
	bool any6 = false;
	unsigned late_count = 0;
	struct {
		struct dns_request *r;
		uint32_t bucket;
	} late[DNS_BURST];

	for (unsigned i = 0; i < count; i++) {
		struct dns_request *r = &requests[i];

		if (r->decided || !r->is_address)
			continue;
		any6 |= r->key.family == PTRD_REF_IPV6;
		late[late_count].r = r;
		late[late_count].bucket = look_into_first(r);
		late_count += late[late_count].bucket != 0;
	}
	for (unsigned i = 0; i < late_count; i++) {
		struct ptrd_key key = late[i].r->key;

		key.bucket = late[i].bucket;
		late[i].r->ref = ptrd_table_find4(table_of(late[i].r), key);
	}
	return any6;
}

void dns_lookup(const struct dns_context *context, struct dns_request *requests, unsigned count)
{
	(void)context;
	const bool any6 = look_up(requests, count);

	for (unsigned i = 0; i < count; i++)
		if (requests[i].ref != PTRD_REF_NONE)
			prefetch_cell(table_of(&requests[i]), requests[i].ref);
	/* IPv6 entries are told apart in their cells, which are on their way by now. */
	for (unsigned i = 0; any6 && i < count; i++) {
		struct dns_request *r = &requests[i];

		if (!r->decided && r->is_address && r->ref != PTRD_REF_NONE
			&& r->key.family == PTRD_REF_IPV6)
			r->ref = ptrd_table_find6(table_of(r), r->key, r->name.address6);
	}
}

void dns_answer(const struct dns_context *context, struct dns_request *requests, unsigned count)
{
	dns_parse(context, requests, count);
	dns_route(context, requests, count);
	dns_lookup(context, requests, count);
	dns_write(context, requests, count);
}
