/*
 * Directory writer: the document of ptrd/directory.h, replaced atomically. Main thread.
 */
#pragma once

#include <stdint.h>

#include <jansson.h>

struct region_info;

/* One element of "regions", without its "table". NULL if memory is short. */
json_t *directory_region(const struct region_info *info);

/*
 * Replaces the directory in `run_dir` by one that lists `regions` (an array of directory_region()
 * objects with "table" set). Returns 0 or a negative errno; the old one then stands.
 */
int directory_write(const char *run_dir, uint64_t generation, json_t *regions);

/* Generation of the directory that stands in `run_dir`; 0 if there is none that can be read. */
uint64_t directory_generation(const char *run_dir);
