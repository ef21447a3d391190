/*
 * Reads the directory (ptrd/directory.h): JSON in, specifications for the engine's view out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "view.h"

struct directory_region {
	struct dns_region_spec spec; /* its table is not mapped here */
	const char *table;           /* path of the table file */
};

struct directory {
	uint64_t generation;
	struct directory_region *regions;
	unsigned count;
	void *document; /* owns the strings */
};

#define DIRECTORY_ERROR_SIZE 512

/*
 * Reads the file at `path`. Returns 0; -ENOENT if there is none; or another negative errno value.
 * `error` then names the region, the field and the rule. Names and prefixes are checked for being
 * text in bounds; what they mean is dns_view_create()'s to check. To be released with
 * directory_free().
 */
int directory_read(struct directory *directory, const char *path, char error[DIRECTORY_ERROR_SIZE]);
void directory_free(struct directory *directory);
