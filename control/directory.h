/*
 * Directory writer: the document of ptrd/directory.h, replaced atomically. Main thread.
 */
#pragma once

#include <stdint.h>

#include <jansson.h>

struct region_info;

/* One element of "regions", without "table" and "revision", for `info`. NULL if memory is short. */
json_t *directory_region(const struct region_info *info);

/* The revision that its settings are of; one that has none yet gets this one. */
uint64_t directory_region_revision(json_t *entry, uint64_t revision);

/*
 * Writes a directory that lists `regions` (an array of directory_region() objects with "table"
 * set) beside the one in `run_dir`, which stands. Returns 0 or a negative errno.
 */
int directory_prepare(const char *run_dir, uint64_t generation, json_t *regions);

/* Puts the prepared directory in the old one's place. Returns 0, or a negative errno and the
 * old one stands. */
int directory_switch(const char *run_dir);

/* Generation of the directory that stands in `run_dir`; 0 if there is none that can be read. */
uint64_t directory_generation(const char *run_dir);
