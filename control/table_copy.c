#include <string.h>

#include "table_copy.h"

bool range_holds(const struct address_range *range, const struct address *address)
{
	return address->ipv6 == range->first.ipv6
		&& memcmp(address->bytes, range->first.bytes, sizeof(address->bytes)) >= 0
		&& memcmp(address->bytes, range->last.bytes, sizeof(address->bytes)) <= 0;
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

bool table_copy(struct table *t, const struct table *from)
{
	struct table_entry entry;

	for (uint64_t at = 0; table_next(from, &at, &entry);)
		if (!table_put_copy(t, from, entry.ref, &entry.address))
			return false;
	table_set_serial(t, ptrd_table_serial(table_view(from)));
	return true;
}

bool table_copy_range(
	struct table *t, const struct table *from, const struct address_range *range, bool inside)
{
	struct table_entry entry;

	for (uint64_t at = 0; table_next(from, &at, &entry);)
		if (range_holds(range, &entry.address) == inside
			&& !table_put_copy(t, from, entry.ref, &entry.address))
			return false;
	return true;
}
