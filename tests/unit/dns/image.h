/*
 * A small region table in memory, laid out by hand as table.h says: what the engine reads, made
 * without the writer that makes the real ones.
 */
#pragma once

#include <ptrd/table.h>

struct image {
	uint8_t *base; /* `size` bytes of the heap and no more: a sanitizer sees any read outside */
	size_t size;
	struct ptrd_table table;
	uint32_t next_overflow; /* index of the next unused overflow bucket */
	uint32_t next_granule;
};

/* An empty, mapped table; all functions abort when the image is too small. */
void image_create(struct image *image, uint32_t buckets, uint32_t overflow, size_t cell_size);
void image_free(struct image *image);

struct ptrd_table_header *image_header(struct image *image);
struct ptrd_bucket *image_buckets(struct image *image);

/* Adds a slot for an IPv4 address (host byte order). */
void image_bind(struct image *image, uint32_t address, uint32_t ref);

/* Adds a cell of `count` PTR RRs whose names, on the wire, stand one behind the other at `names`,
 * and a slot for it. Returns its reference. */
uint32_t image_record(
	struct image *image, uint32_t address, uint32_t ttl, const uint8_t *names, unsigned count);
struct ptrd_cell *image_cell(struct image *image, uint32_t ref);

/* The same for IPv6 (16 bytes, network order). A bound address without a record has a cell too:
 * `count` 0 makes one for its default name. */
void image_bind6(struct image *image, const uint8_t *address, uint32_t ref);
uint32_t image_record6(struct image *image, const uint8_t *address, uint32_t ttl,
	const uint8_t *names, unsigned count);

/* Sum of RFC 1071 computed byte by byte. */
uint16_t plain_sum(const uint8_t *data, size_t len);
