#include "zone_copy.h"

#include <stdlib.h>

#include "bytes.h"
#include "message.h"
#include "prefix.h"

#define ROOM_MIN 256
#define IPV4_SIZE 4
#define IPV6_SIZE 16
#define LENGTH_SIZE 2 /* of an entry's RRs, behind its address; 0: the default PTR */

void zone_copy_init(struct zone_copy *copy, size_t *memory)
{
	memset(copy, 0, sizeof(*copy));
	copy->memory = memory;
}

/* Returns false if there is not enough memory. */
static bool set_room(struct zone_copy *copy, struct copied_part *part, size_t room)
{
	if (room > part->room && room - part->room > *copy->memory)
		return false;
	uint8_t *entries = realloc(part->entries, room);

	if (entries == NULL)
		return false;
	*copy->memory += part->room;
	*copy->memory -= room;
	part->entries = entries;
	part->room = room;
	return true;
}

static void drop_part(struct zone_copy *copy, struct copied_part *part)
{
	free(part->entries);
	*copy->memory += part->room;
	*part = (struct copied_part){0};
}

void zone_copy_free(struct zone_copy *copy)
{
	for (unsigned i = 0; i < PTRD_TABLE_PARTS; i++)
		drop_part(copy, &copy->parts[i]);
}

void zone_copy_restart(struct zone_copy *copy, const struct zone_range *range)
{
	zone_copy_free(copy);
	copy->range = *range;
	copy->within = false;
	copy->part = 0;
}

static bool in_range(const struct zone_range *range, unsigned __int128 address)
{
	return address >= range->first && address <= range->last;
}

/* True if `count` RRs fill the `len` bytes. */
static bool check_rrs(const uint8_t *wire, unsigned len, unsigned count)
{
	unsigned at = 0;

	for (unsigned i = 0; i < count; i++) {
		if (len - at < RR_HEAD_SIZE)
			return false;
		const unsigned size = RR_HEAD_SIZE + load16(wire + at + RR_HEAD_SIZE - 2);

		if (size > len - at || size == RR_HEAD_SIZE)
			return false;
		at += size;
	}
	return at == len;
}

/* Of an entry. wire NULL: none, it has the default PTR. */
struct rrs {
	const uint8_t *wire;
	unsigned len, count;
};

static enum zone_copy_result append(
	struct zone_copy *copy, struct copied_part *part, const uint8_t *address, struct rrs rrs)
{
	const unsigned address_size = copy->range.ipv6 ? IPV6_SIZE : IPV4_SIZE;
	const size_t size = address_size + LENGTH_SIZE + rrs.len;

	if (part->room - part->len < size) {
		const size_t room = part->len + size;

		if (!set_room(copy, part, room < ROOM_MIN ? ROOM_MIN : room + room / 2))
			return ZONE_COPY_MEMORY;
	}
	uint8_t *at = part->entries + part->len;

	memcpy(at, address, address_size);
	store16(at + address_size, (uint16_t)rrs.len);
	part->len += size;
	if (rrs.wire == NULL)
		return ZONE_COPY_MORE;
	at += address_size + LENGTH_SIZE;
	memcpy(at, rrs.wire, rrs.len);
	/* The copy is checked, not the table: that may change if its writer runs wild. */
	return rrs.count >= 1 && rrs.count <= PTRD_RECORD_NAMES_MAX
			&& check_rrs(at, rrs.len, rrs.count)
		? ZONE_COPY_MORE
		: ZONE_COPY_CORRUPT;
}

/* Copies what the slot holds if that is of the zone. */
static enum zone_copy_result copy_slot(struct zone_copy *copy, struct copied_part *part,
	const struct ptrd_table *table, uint64_t slot)
{
	const uint32_t ref = (uint32_t)slot, tag = (uint32_t)(slot >> 32);
	const bool ipv6 = (ref & PTRD_REF_IPV6) != 0;
	uint8_t address[IPV4_SIZE];
	struct ptrd_record record;
	struct rrs rrs = {0};

	if ((ref & ~PTRD_REF_IPV6) == PTRD_REF_NONE || ipv6 != copy->range.ipv6
		|| (!ipv6 && !in_range(&copy->range, tag)))
		return ZONE_COPY_MORE;
	if (!ptrd_table_record(table, ref, &record) || (record.address != NULL) != ipv6
		|| (record.cell != NULL && record.cell->key != tag))
		return ZONE_COPY_CORRUPT;
	if (record.cell != NULL && !record.is_default)
		rrs = (struct rrs){record.wire, record.wire_len, record.cell->ancount};
	if (ipv6)
		return in_range(&copy->range, dns_address6(record.address))
			? append(copy, part, record.address, rrs)
			: ZONE_COPY_MORE;
	store32(address, tag);
	return append(copy, part, address, rrs);
}

/* Copies the chain that begins in a primary bucket. Adds what that took to `*done`. */
static enum zone_copy_result copy_chain(struct zone_copy *copy, struct copied_part *part,
	const struct ptrd_table *table, uint32_t bucket, unsigned *done)
{
	uint64_t next = bucket;
	unsigned steps = 0;

	do {
		const struct ptrd_bucket *b = &table->buckets[next];

		for (unsigned i = 0; i < PTRD_BUCKET_SLOTS; i++) {
			/* Acquire: as in ptrd_table_scan(); and the revision of the change that
			 * stored this is seen in `changed`. */
			const uint64_t slot
				= atomic_load_explicit(&b->slot[i], memory_order_acquire);

			if (slot == 0)
				continue;
			const enum zone_copy_result result = copy_slot(copy, part, table, slot);

			if (result != ZONE_COPY_MORE)
				return result;
			(*done)++;
		}
		(*done)++;
		next = atomic_load_explicit(&b->next, memory_order_acquire);
	} while (next != 0 && next < table->bucket_total && ++steps < PTRD_CHAIN_MAX);
	return ZONE_COPY_MORE;
}

/* True if a part has not changed since a revision. */
static bool unchanged(const struct ptrd_table *table, unsigned part, uint64_t since)
{
	return atomic_load_explicit(&table->header->changed[part], memory_order_relaxed) <= since;
}

static uint64_t revision(const struct ptrd_table *table)
{
	/* Acquire: every change up to this revision is seen by what is read from here on. */
	return atomic_load_explicit(&table->header->revision, memory_order_acquire);
}

/* The next part that has to be copied; PTRD_TABLE_PARTS if there is none. */
static unsigned next_part(const struct zone_copy *copy)
{
	for (unsigned i = 0; i < PTRD_TABLE_PARTS; i++) {
		const unsigned part = (copy->part + i) % PTRD_TABLE_PARTS;

		if (!copy->parts[part].good)
			return part;
	}
	return PTRD_TABLE_PARTS;
}

/* All parts are copied: is the whole one revision's? Marks those that have changed since. */
static enum zone_copy_result look(struct zone_copy *copy, const struct ptrd_table *table)
{
	const uint64_t now = revision(table);
	bool whole = true;

	/* A part that has not changed since as_of is what it was at `now`, whatever lies between. */
	for (unsigned i = 0; i < PTRD_TABLE_PARTS; i++) {
		copy->parts[i].good = unchanged(table, i, copy->parts[i].as_of);
		whole &= copy->parts[i].good;
	}
	copy->revision = now;
	return whole ? ZONE_COPY_WHOLE : ZONE_COPY_MORE;
}

/* Begins with the next part, if one is left. */
static enum zone_copy_result begin_part(struct zone_copy *copy, const struct ptrd_table *table)
{
	const unsigned next = next_part(copy);

	if (next == PTRD_TABLE_PARTS)
		return look(copy, table);
	struct copied_part *part = &copy->parts[next];

	copy->part = next;
	part->as_of = revision(table);
	if (!unchanged(table, next, part->as_of))
		return ZONE_COPY_WAIT;
	part->len = 0;
	copy->bucket = ptrd_table_part_start(table, next);
	copy->within = true;
	return ZONE_COPY_MORE;
}

static enum zone_copy_result end_part(struct zone_copy *copy, const struct ptrd_table *table)
{
	struct copied_part *part = &copy->parts[copy->part];

	copy->within = false;
	part->good = unchanged(table, copy->part, part->as_of);
	if (part->len == 0)
		return ZONE_COPY_MORE;
	return set_room(copy, part, part->len) ? ZONE_COPY_MORE : ZONE_COPY_MEMORY;
}

enum zone_copy_result zone_copy_step(
	struct zone_copy *copy, const struct ptrd_table *table, unsigned work)
{
	enum zone_copy_result result = ZONE_COPY_MORE;
	unsigned done = 0;

	while (result == ZONE_COPY_MORE && done < work) {
		if (!copy->within) {
			result = begin_part(copy, table);
			done++;
		} else if (copy->bucket < ptrd_table_part_start(table, copy->part + 1)) {
			result = copy_chain(
				copy, &copy->parts[copy->part], table, copy->bucket++, &done);
		} else {
			result = end_part(copy, table);
		}
	}
	return result;
}

bool zone_copy_next(
	const struct zone_copy *copy, struct zone_copy_cursor *cursor, struct copied_entry *entry)
{
	const unsigned address_size = copy->range.ipv6 ? IPV6_SIZE : IPV4_SIZE;

	while (cursor->part < PTRD_TABLE_PARTS && cursor->at == copy->parts[cursor->part].len)
		*cursor = (struct zone_copy_cursor){.part = cursor->part + 1};
	if (cursor->part == PTRD_TABLE_PARTS)
		return false;
	const uint8_t *at = copy->parts[cursor->part].entries + cursor->at;

	memcpy(entry->address, at, address_size);
	entry->len = load16(at + address_size);
	entry->wire = entry->len > 0 ? at + address_size + LENGTH_SIZE : NULL;
	cursor->at += address_size + LENGTH_SIZE + entry->len;
	return true;
}
