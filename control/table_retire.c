/*
 * Cells that were replaced: kept until every reader has been quiescent since.
 */
#include <stdlib.h>
#include <string.h>

#include "table_private.h"

void table_retire(struct table *t, uint32_t ref, uint64_t token)
{
	if (!table_is_cell(ref))
		return;
	if (t->retired_count == t->retired_room) {
		const size_t room = t->retired_room ? 2 * t->retired_room : 256;
		struct retired *grown = reallocarray(t->retired, room, sizeof(*grown));

		if (grown == NULL)
			return; /* the cell stays unused until the table's next generation */
		t->retired = grown;
		t->retired_room = room;
	}
	t->retired[t->retired_count++] = (struct retired){.token = token, .ref = ref};
}

uint64_t table_oldest_token(const struct table *t)
{
	return t->retired_first < t->retired_count ? t->retired[t->retired_first].token : 0;
}

uint64_t table_newest_token(const struct table *t)
{
	return t->retired_first < t->retired_count ? t->retired[t->retired_count - 1].token : 0;
}

void table_reclaim(struct table *t, uint64_t passed)
{
	while (t->retired_first < t->retired_count && t->retired[t->retired_first].token <= passed)
		table_cell_discard(t, t->retired[t->retired_first++].ref);
	/* Close the gap in front when it is most of the list: constant work per cell. */
	if (t->retired_first > t->retired_count / 2) {
		t->retired_count -= t->retired_first;
		memmove(t->retired, t->retired + t->retired_first,
			t->retired_count * sizeof(*t->retired));
		t->retired_first = 0;
	}
}
