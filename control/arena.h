/*
 * Arena: which granules of a table's cell arena are in use. Kept in the control process's own
 * memory, so that nothing a reader maps can mislead the writer. Main thread.
 */
#pragma once

#include <stdint.h>

struct arena;

/*
 * An arena of `granules` granules, of which the first PTRD_REF_FIRST_CELL are never handed out.
 * Returns NULL if memory is short.
 */
struct arena *arena_create(uint32_t granules);
void arena_destroy(struct arena *a);

/* `granules` (at least 1, at most ARENA_CELL_MAX) granules in a row: the first one's number, or
 * 0 if none are left. */
uint32_t arena_alloc(struct arena *a, unsigned granules);

/* Takes back what arena_alloc() gave. */
void arena_free(struct arena *a, uint32_t granule, unsigned granules);

/* Granules handed out and not taken back. */
uint32_t arena_used(const struct arena *a);

/* Largest cell: header 12, address 16, ten RRs of 267 bytes, in granules of 16 bytes. */
#define ARENA_CELL_MAX 169
