#include "transfer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer.h"
#include "bytes.h"
#include "edns.h"
#include "message.h"
#include "prefix.h"
#include "rr_set.h"
#include "zone_copy.h"

#define MEMORY_SHORT "its copy needs more memory than transfers may take"
#define HEAD_MAX (DNS_HEADER_SIZE + PTRD_NAME_WIRE_MAX + 4)

/* What comes next in the stream. */
enum stage {
	STAGE_FIRST_SOA,
	STAGE_NS,
	STAGE_CUTS,
	STAGE_BOUND,
	STAGE_UNBOUND,
	STAGE_LAST_SOA,
	STAGE_END
};

struct dns_transfer {
	size_t *memory;
	/* Of the query. */
	uint8_t head[HEAD_MAX]; /* header and question of every message */
	unsigned head_len;
	uint16_t qtype;
	uint8_t opt[DNS_OPT_MAX]; /* of every message */
	unsigned opt_len;

	/* The copy, of the zone and table that these tell. */
	struct zone_copy copy;
	bool copied; /* and so is what is taken of that view */
	struct zone_range range;
	uint64_t hash_key[2];

	/* Taken when the copy was whole. */
	unsigned labels; /* octets or nibbles of the apex; 0: RFC 2317 */
	struct dns_region region;
	struct dns_delegation *cuts; /* the region's, in order of address */
	unsigned cuts_count;
	uint64_t *bound; /* a bit for each address; NULL: what is not bound has no records */

	/* The stream. */
	enum stage stage;
	struct rr_set set;
	unsigned cut; /* next one in the stage */
	struct zone_copy_cursor cursor;
	uint64_t offset; /* of the next address that may be unbound, from range.first */
	uint8_t built[ANSWER_BUILT_MAX + DNS_TEMPLATE_SLACK];
};

static void *take(struct dns_transfer *t, size_t size)
{
	if (size > *t->memory)
		return NULL;
	void *memory = calloc(1, size);

	if (memory != NULL)
		*t->memory -= size;
	return memory;
}

static void give_back(struct dns_transfer *t, void *memory, size_t size)
{
	if (memory == NULL)
		return;
	free(memory);
	*t->memory += size;
}

static size_t bound_size(const struct dns_transfer *t)
{
	return ((size_t)(t->range.last - t->range.first) / 64 + 1) * sizeof(uint64_t);
}

struct dns_transfer *dns_transfer_create(
	const struct dns_context *context, const struct dns_request *r, size_t *memory)
{
	struct dns_transfer *t = calloc(1, sizeof(*t));

	if (t == NULL || *memory < sizeof(*t)) {
		free(t);
		return NULL;
	}
	*memory -= sizeof(*t);
	t->memory = memory;
	t->qtype = r->qtype;
	t->head_len = DNS_HEADER_SIZE + r->question_len;
	memcpy(t->head, r->msg, t->head_len);
	store16(t->head + HEADER_FLAGS,
		(uint16_t)(FLAG_QR | (r->qclass == CLASS_IN ? FLAG_AA : 0)
			| (load16(r->msg + HEADER_FLAGS) & FLAG_RD)));
	store16(t->head + HEADER_NSCOUNT, 0);
	t->opt_len = edns_size(context, r);
	if (t->opt_len > 0)
		edns_write(t->opt, r, t->opt_len);
	if (t->opt_len > EDNS_OPT_SIZE)
		edns_write_options(t->opt + EDNS_OPT_SIZE, context, r);
	zone_copy_init(&t->copy, memory);
	return t;
}

static void free_cuts(struct dns_transfer *t)
{
	for (unsigned i = 0; i < t->cuts_count; i++)
		give_back(t, t->cuts[i].ns_wire, t->cuts[i].ns_wire_len);
	give_back(t, t->cuts, t->cuts_count * sizeof(*t->cuts));
}

void dns_transfer_free(struct dns_transfer *t)
{
	if (t == NULL)
		return;
	zone_copy_free(&t->copy);
	free_cuts(t);
	give_back(t, t->bound, bound_size(t));
	*t->memory += sizeof(*t);
	free(t);
}

/* The zone that the question names, as it is served now. NULL: it is not. */
static const struct dns_zone *find_zone(
	struct dns_transfer *t, const struct dns_view *view, struct zone_range *range)
{
	const unsigned name_len = t->head_len - DNS_HEADER_SIZE - 4;
	const struct dns_context context = {.view = view};
	struct dns_request r = {.msg = t->head,
		.question_len = (uint16_t)(name_len + 4),
		.qtype = t->qtype,
		.transfer = true};
	unsigned at;

	arpa_parse(&r.name, t->head + DNS_HEADER_SIZE, name_len);
	dns_route(&context, &r, 1);
	if (r.decided)
		return NULL;
	range->ipv6 = r.name.tree == ARPA_IPV6;
	if (r.zone->labels == 0) {
		const struct dns_named *named
			= dns_view_named(view, t->head + DNS_HEADER_SIZE, name_len, &at);

		range->first = named->first;
		range->last = named->last;
	} else if (range->ipv6) {
		range->first = dns_address6(r.name.address6);
		range->last
			= range->first + (~(unsigned __int128)0 >> (4 * r.zone->labels - 1) >> 1);
	} else {
		range->first = r.name.address;
		range->last = range->first + (UINT32_MAX >> (8 * r.zone->labels - 1) >> 1);
	}
	return r.zone;
}

/* Begins the copy, anew if the table is another one. */
static void begin_copy(
	struct dns_transfer *t, const struct ptrd_table *table, const struct zone_range *range)
{
	/* The key is random, and every table's own. */
	if (memcmp(t->hash_key, table->hash_key, sizeof(t->hash_key)) == 0
		&& range->ipv6 == t->range.ipv6 && range->first == t->range.first
		&& range->last == t->range.last)
		return;
	memcpy(t->hash_key, table->hash_key, sizeof(t->hash_key));
	t->range = *range;
	zone_copy_restart(&t->copy, range);
}

/* The region's delegations, with NS sets of their own. */
static bool take_cuts(
	struct dns_transfer *t, const struct dns_view *view, const struct dns_region *region)
{
	unsigned count = 0;

	for (unsigned i = 0; i < view->delegation_count; i++)
		count += view->delegations[i].region == region;
	if (count == 0)
		return true;
	t->cuts = take(t, count * sizeof(*t->cuts));
	if (t->cuts == NULL)
		return false;
	t->cuts_count = count;
	struct dns_delegation *cut = t->cuts;

	for (unsigned i = 0; i < view->delegation_count; i++) {
		const struct dns_delegation *from = &view->delegations[i];

		if (from->region != region)
			continue;
		*cut = *from;
		cut->ns_wire = from->inside ? take(t, from->ns_wire_len) : NULL;
		if (from->inside && cut->ns_wire == NULL)
			return false;
		if (from->inside)
			memcpy(cut->ns_wire, from->ns_wire, from->ns_wire_len);
		cut++;
	}
	return true;
}

static bool overlaps_cut(const struct dns_transfer *t)
{
	for (unsigned i = 0; i < t->cuts_count; i++)
		if (t->cuts[i].first <= t->range.last && t->cuts[i].last >= t->range.first)
			return true;
	return false;
}

/* Where addresses that are not bound have records. Returns false if memory is short. */
static bool take_bound(struct dns_transfer *t)
{
	if (!t->region.unbound_default && !overlaps_cut(t))
		return true;
	t->bound = take(t, bound_size(t));
	return t->bound != NULL;
}

/* Takes all that the stream needs besides the copy. */
static enum dns_transfer_state take_zone(struct dns_transfer *t, const struct dns_view *view,
	const struct dns_zone *zone, const char **why)
{
	t->labels = zone->labels;
	t->region = *zone->region;
	store32(t->region.soa_rdata + t->region.soa_serial_offset, (uint32_t)t->copy.revision);
	t->copied = t->range.ipv6 || (take_cuts(t, view, zone->region) && take_bound(t));
	*why = MEMORY_SHORT;
	return t->copied ? DNS_TRANSFER_COPIED : DNS_TRANSFER_FAILED;
}

/*
 * True if the settings are those of the copy's revision: the table has no others, and they are not
 * from behind it.
 */
static bool settings_fit(const struct dns_transfer *t, const struct dns_region *region)
{
	/* What the copy's revision goes with has been stored before it, and was acquired with it. */
	const uint64_t settings = atomic_load_explicit(
		&region->table.header->settings_revision, memory_order_relaxed);

	return region->revision == settings && settings <= t->copy.revision;
}

enum dns_transfer_state dns_transfer_copy(
	struct dns_transfer *t, const struct dns_view *view, unsigned work, const char **why)
{
	struct zone_range range;

	if (t->copied)
		return DNS_TRANSFER_COPIED;
	const struct dns_zone *zone = find_zone(t, view, &range);

	*why = "the zone is no longer served";
	if (zone == NULL)
		return DNS_TRANSFER_FAILED;
	begin_copy(t, &zone->region->table, &range);
	switch (zone_copy_step(&t->copy, &zone->region->table, work)) {
	case ZONE_COPY_MORE:
		return DNS_TRANSFER_COPYING;
	case ZONE_COPY_WAIT:
		return DNS_TRANSFER_WAITING;
	case ZONE_COPY_CORRUPT:
		*why = "an entry of its table is corrupt";
		return DNS_TRANSFER_FAILED;
	case ZONE_COPY_WHOLE:
		return settings_fit(t, zone->region) ? take_zone(t, view, zone, why)
						     : DNS_TRANSFER_WAITING;
	case ZONE_COPY_MEMORY:
		break;
	}
	*why = MEMORY_SHORT;
	return DNS_TRANSFER_FAILED;
}

/* An address's label or labels; an RFC 2317 zone has one before its name. */
static void owner_address(const struct dns_transfer *t, struct rr_set *set, uint32_t address)
{
	rr_set_ipv4(set, address, t->labels == 0 ? ARPA_OCTETS - 1 : t->labels);
}

/* Finishes a set of one RR whose RDATA stands in its place. */
static void set_built(struct dns_transfer *t, enum dns_type type, uint32_t ttl, unsigned rdlength)
{
	answer_put_head(t->built, POINTER_QNAME, type, CLASS_IN, ttl, rdlength);
	t->set.wire = t->built;
	t->set.len = RR_HEAD_SIZE + rdlength;
}

static void set_soa(struct dns_transfer *t)
{
	rr_set_apex(&t->set, 0);
	memcpy(t->built + RR_HEAD_SIZE, t->region.soa_rdata, t->region.soa_rdata_len);
	set_built(t, TYPE_SOA, t->region.soa_ttl, t->region.soa_rdata_len);
}

static void set_ns(struct dns_transfer *t)
{
	rr_set_apex(&t->set, 0);
	t->set.wire = t->region.ns_wire;
	t->set.len = t->region.ns_wire_len;
}

static void set_default(struct dns_transfer *t, uint32_t address, const uint8_t *address6)
{
	uint8_t *rdata = t->built + RR_HEAD_SIZE;
	const unsigned len = address6 != NULL
		? dns_template_expand6(&t->region.default_name6, address6, rdata)
		: dns_template_expand(&t->region.default_name, address, rdata);

	set_built(t, TYPE_PTR, t->region.default_ttl, len);
}

static void set_entry(struct dns_transfer *t, const struct copied_entry *entry)
{
	const uint32_t address = load32(entry->address);

	if (t->range.ipv6) {
		rr_set_ipv6(&t->set, entry->address, t->labels);
	} else {
		const uint64_t offset = address - (uint32_t)t->range.first;

		owner_address(t, &t->set, address);
		if (t->bound != NULL)
			t->bound[offset / 64] |= UINT64_C(1) << offset % 64;
	}
	t->set.wire = entry->wire;
	t->set.len = entry->len;
	if (entry->wire == NULL)
		set_default(t, address, t->range.ipv6 ? entry->address : NULL);
}

/* The NS set of the next delegation whose name lies in the zone. Returns false behind the last. */
static bool next_cut(struct dns_transfer *t)
{
	const uint8_t *apex = t->head + DNS_HEADER_SIZE;
	const unsigned apex_len = t->head_len - DNS_HEADER_SIZE - 4;

	while (t->cut < t->cuts_count) {
		const struct dns_delegation *cut = &t->cuts[t->cut++];
		unsigned at = 0;

		while (at < cut->name_len && cut->name_len - at > apex_len)
			at += 1u + cut->name[at];
		/* Label lengths are below any letter: comparing them without case is safe. */
		if (!cut->inside || at == 0 || cut->name_len - at != apex_len
			|| strncasecmp((const char *)cut->name + at, (const char *)apex, apex_len)
				!= 0)
			continue;
		memcpy(t->set.owner, cut->name, at);
		rr_set_apex(&t->set, at);
		t->set.wire = cut->ns_wire;
		t->set.len = cut->ns_wire_len;
		return true;
	}
	return false;
}

static bool next_bound(struct dns_transfer *t)
{
	struct copied_entry entry;

	if (!zone_copy_next(&t->copy, &t->cursor, &entry))
		return false;
	set_entry(t, &entry);
	return true;
}

/* The delegation that holds the address, or the first one behind it; NULL if there is none. */
static const struct dns_delegation *cut_from(struct dns_transfer *t, uint32_t address)
{
	while (t->cut < t->cuts_count && t->cuts[t->cut].last < address)
		t->cut++;
	return t->cut < t->cuts_count ? &t->cuts[t->cut] : NULL;
}

/* Steps to the next address that is not bound, from the one at t->offset on. */
static bool skip_bound(struct dns_transfer *t)
{
	const uint64_t count = (uint64_t)(t->range.last - t->range.first) + 1;

	while (t->offset < count) {
		const uint64_t free_bits = ~t->bound[t->offset / 64] >> t->offset % 64;

		if (free_bits != 0) {
			t->offset += (unsigned)__builtin_ctzll(free_bits);
			return t->offset < count;
		}
		t->offset = (t->offset / 64 + 1) * 64;
	}
	return false;
}

/* A record that an address has by a rule. Returns false behind the last one. */
static bool next_unbound(struct dns_transfer *t)
{
	while (t->bound != NULL && skip_bound(t)) {
		const uint32_t address = (uint32_t)(t->range.first + t->offset);
		const struct dns_delegation *cut = cut_from(t, address);
		const bool delegated = cut != NULL && cut->first <= address;

		if (!delegated && !t->region.unbound_default) {
			if (cut == NULL || cut->first > t->range.last)
				return false;
			t->offset = cut->first - (uint32_t)t->range.first;
			continue;
		}
		owner_address(t, &t->set, address);
		if (delegated)
			set_built(t, TYPE_CNAME, t->region.default_ttl,
				answer_alias_name(t->built + RR_HEAD_SIZE, address, cut));
		else
			set_default(t, address, NULL);
		t->offset++;
		return true;
	}
	return false;
}

/* Makes the set of the stage under way, or goes on to the next stage. Returns whether there is a
 * set. */
static bool advance(struct dns_transfer *t)
{
	bool found = true;

	switch (t->stage) {
	case STAGE_FIRST_SOA:
	case STAGE_LAST_SOA:
		set_soa(t);
		break;
	case STAGE_NS:
		set_ns(t);
		break;
	case STAGE_CUTS:
		found = next_cut(t);
		break;
	case STAGE_BOUND:
		found = next_bound(t);
		break;
	case STAGE_UNBOUND:
		found = next_unbound(t);
		break;
	case STAGE_END:
		return false;
	}
	const bool single
		= t->stage == STAGE_FIRST_SOA || t->stage == STAGE_NS || t->stage == STAGE_LAST_SOA;

	if (single || !found) {
		t->stage++;
		t->cut = 0;
	}
	return found;
}

/* The next set of the stream. Returns false, and leaves the last one as it is, at its end. */
static bool next_set(struct dns_transfer *t)
{
	while (t->stage != STAGE_END) {
		t->set.at = t->set.owner_at = 0;
		if (advance(t))
			return true;
	}
	return false;
}

unsigned dns_transfer_message(struct dns_transfer *t, uint8_t *msg)
{
	const unsigned end = DNS_TRANSFER_MESSAGE_MAX - t->opt_len;
	unsigned at = t->head_len, count = 0, len;

	t->set.owner_at = 0; /* it stands in the message before */
	while (t->set.at < t->set.len || next_set(t)) {
		len = rr_set_put(&t->set, msg, at, end);
		if (len == 0)
			break;
		at += len;
		count++;
	}
	if (count == 0)
		return 0;
	memcpy(msg, t->head, t->head_len);
	store16(msg + HEADER_ANCOUNT, (uint16_t)count);
	store16(msg + HEADER_ARCOUNT, t->opt_len > 0);
	memcpy(msg + at, t->opt, t->opt_len);
	return at + t->opt_len;
}
