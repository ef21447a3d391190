/*
 * Table copies: entries for a table that nobody reads yet, so that each is there at once and
 * nothing waits for a grace period. Main thread. All return false where the table has no room.
 */
#pragma once

#include "table.h"

/* Both inclusive, of one family. */
struct address_range {
	struct address first, last;
};
bool range_holds(const struct address_range *range, const struct address *address);

/* Puts in an address that is not there, with what `ref` of another table holds for it. */
bool table_put_copy(
	struct table *t, const struct table *from, uint32_t ref, const struct address *address);

/* Copies every live entry of `from`, and its revisions. */
bool table_copy(struct table *t, const struct table *from);

/* Copies the live entries whose addresses are in `range`, or (`inside` false) those that are not. */
bool table_copy_range(
	struct table *t, const struct table *from, const struct address_range *range, bool inside);
