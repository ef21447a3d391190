/*
 * The smallest table file: a header and one empty bucket.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <ptrd/table.h>

/* Fails the test if the file cannot be written. `region` is shorter than PTRD_TABLE_REGION_MAX. */
static inline void table_image_write(const char *path, const char *region)
{
	static const char bucket[PTRD_CACHE_LINE];
	struct ptrd_table_header *header = calloc(1, sizeof(*header));
	FILE *file = fopen(path, "w");

	assert_non_null(header);
	assert_non_null(file);
	header->magic = PTRD_TABLE_MAGIC;
	header->file_size = sizeof(*header) + sizeof(bucket);
	header->hash_key[0] = 1;
	header->bucket_offset = sizeof(*header);
	header->bucket_count = 1;
	header->cell_offset = sizeof(*header);
	(void)strcpy(header->region, region);
	assert_int_equal(fwrite(header, sizeof(*header), 1, file), 1);
	assert_int_equal(fwrite(bucket, sizeof(bucket), 1, file), 1);
	assert_int_equal(fclose(file), 0);
	free(header);
}
