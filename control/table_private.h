/*
 * The parts of a table writer (table.h): its own memory beside the file.
 */
#pragma once

#include "arena.h"
#include "table.h"

/* A cell that readers may still hold. */
struct retired {
	uint64_t token;
	uint32_t ref;
};

struct table {
	struct ptrd_table view; /* of our own writable mapping */
	uint8_t *base;
	uint64_t size;
	char *path;
	struct arena *arena;
	uint64_t eips_built_for, eips, reserved, records;
	uint32_t overflow_used;
	uint64_t revision; /* of what is being published */
	/* First in, first out: [retired_first, retired_count) wait. */
	struct retired *retired;
	size_t retired_first, retired_count, retired_room;
};

static inline bool table_is_cell(uint32_t ref)
{
	return (ref & ~PTRD_REF_IPV6) >= PTRD_REF_FIRST_CELL;
}

/* The cell that a reference names. */
static inline struct ptrd_cell *table_cell(const struct table *t, uint32_t ref)
{
	return (void *)(t->base + t->view.header->cell_offset
		+ (uint64_t)(ref & ~PTRD_REF_IPV6) * PTRD_GRANULE);
}
