#include <endian.h>
#include <string.h>

#include "table_copy.h"

/* An address as a number, of which an IPv4 one has only the upper bits. */
struct number {
	uint64_t high, low;
};

static struct number number_of(const struct address *address)
{
	struct number n;

	memcpy(&n.high, address->bytes, sizeof(n.high));
	memcpy(&n.low, address->bytes + sizeof(n.high), sizeof(n.low));
	return (struct number){be64toh(n.high), be64toh(n.low)};
}

static bool at_most(struct number a, struct number b)
{
	return a.high < b.high || (a.high == b.high && a.low <= b.low);
}

bool range_holds(const struct address_range *range, const struct address *address)
{
	const struct number n = number_of(address);

	return address->ipv6 == range->first.ipv6 && at_most(number_of(&range->first), n)
		&& at_most(n, number_of(&range->last));
}

bool table_put_copy(
	struct table *t, const struct table *from, uint32_t ref, const struct address *address)
{
	const uint32_t copy = table_cell_copy(t, from, ref, address);

	if (copy == PTRD_REF_NONE)
		return false;
	_Atomic uint64_t *slot = table_reserve(t, address);
	if (slot == NULL) {
		table_cell_discard(t, copy);
		return false;
	}
	table_fill(t, slot, address, copy);
	return true;
}

/* Entries that are on their way into the cache at one time: memory's latency is what a copy costs. */
#define BURST 32

/* The next entries in, or not in, the range; NULL: of all. */
static unsigned next_burst(const struct table *from, uint64_t *at,
	const struct address_range *range, bool inside, struct table_entry *burst)
{
	unsigned count = 0;

	while (count < BURST && table_next(from, at, &burst[count]))
		count += range == NULL || range_holds(range, &burst[count].address) == inside;
	return count;
}

bool table_copy_range(
	struct table *t, const struct table *from, const struct address_range *range, bool inside)
{
	struct table_entry burst[BURST];
	uint64_t at = 0;
	unsigned count;

	while ((count = next_burst(from, &at, range, inside, burst)) > 0) {
		for (unsigned i = 0; i < count; i++)
			table_prefetch(t, from, &burst[i]);
		for (unsigned i = 0; i < count; i++)
			if (!table_put_copy(t, from, burst[i].ref, &burst[i].address))
				return false;
	}
	return true;
}

bool table_copy(struct table *t, const struct table *from)
{
	table_set_settings(t, table_settings(from));
	table_start(t, table_revision(from));
	return table_copy_range(t, from, NULL, false);
}
