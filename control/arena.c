#include <stdlib.h>

#include <ptrd/table.h>

#include "arena.h"

static_assert(
	(sizeof(struct ptrd_cell) + 16 + PTRD_RECORD_WIRE_MAX + PTRD_GRANULE - 1) / PTRD_GRANULE
		== ARENA_CELL_MAX,
	"largest cell");

/* Free runs of one length: a stack of their first granules. */
struct free_list {
	uint32_t *first;
	uint32_t count, room;
};

struct arena {
	uint32_t next; /* granules from here on were never used */
	uint32_t end;
	uint32_t used;
	struct free_list lists[ARENA_CELL_MAX + 1]; /* by length */
};

struct arena *arena_create(uint32_t granules)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a != NULL) {
		a->next = PTRD_REF_FIRST_CELL;
		a->end = granules;
	}
	return a;
}

void arena_destroy(struct arena *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i <= ARENA_CELL_MAX; i++)
		free(a->lists[i].first);
	free(a);
}

/* Without memory for the list the run is lost until the table's next generation: no reason to
 * fail. */
static void push(struct arena *a, uint32_t granule, unsigned granules)
{
	struct free_list *list = &a->lists[granules];

	if (list->count == list->room) {
		const uint32_t room = list->room ? 2 * list->room : 64;
		uint32_t *first = reallocarray(list->first, room, sizeof(*first));

		if (first == NULL)
			return;
		list->first = first;
		list->room = room;
	}
	list->first[list->count++] = granule;
}

uint32_t arena_alloc(struct arena *a, unsigned granules)
{
	uint32_t granule = 0;

	if (a->lists[granules].count > 0) {
		granule = a->lists[granules].first[--a->lists[granules].count];
	} else if (a->next < a->end && granules <= a->end - a->next) {
		granule = a->next;
		a->next += granules;
	} else {
		/* Split the smallest longer run. Runs are never joined again: a fragmented arena is
		 * compacted by the next generation of its table. */
		for (unsigned i = granules + 1; i <= ARENA_CELL_MAX && granule == 0; i++) {
			if (a->lists[i].count == 0)
				continue;
			granule = a->lists[i].first[--a->lists[i].count];
			push(a, granule + granules, i - granules);
		}
	}
	if (granule != 0)
		a->used += granules;
	return granule;
}

void arena_free(struct arena *a, uint32_t granule, unsigned granules)
{
	push(a, granule, granules);
	a->used -= granules;
}

uint32_t arena_used(const struct arena *a)
{
	return a->used;
}
