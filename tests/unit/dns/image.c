#include "image.h"

#include <stdio.h>
#include <stdlib.h>

#define NEED(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

void image_create(struct image *image, uint32_t buckets, uint32_t overflow, size_t cell_size)
{
	const size_t bucket_size = (size_t)(buckets + overflow) * sizeof(struct ptrd_bucket);
	const char *why;

	cell_size = (cell_size + 63) / 64 * 64;
	image->size = PTRD_TABLE_HEADER_SIZE + bucket_size + cell_size;
	image->base = aligned_alloc(64, image->size);
	NEED(image->base != NULL);
	memset(image->base, 0, image->size);

	struct ptrd_table_header *header = image_header(image);

	header->magic = PTRD_TABLE_MAGIC;
	header->file_size = image->size;
	header->hash_key[0] = UINT64_C(0x9e3779b97f4a7c15);
	header->hash_key[1] = UINT64_C(0xd1b54a32d192ed03);
	header->bucket_offset = PTRD_TABLE_HEADER_SIZE;
	header->bucket_count = buckets;
	header->overflow_count = overflow;
	header->cell_offset = PTRD_TABLE_HEADER_SIZE + bucket_size;
	header->cell_size = cell_size;
	header->revision = 42;
	NEED(ptrd_table_map(&image->table, image->base, image->size, &why) == 0);
	image->next_overflow = buckets;
	image->next_granule = PTRD_REF_FIRST_CELL;
}

void image_free(struct image *image)
{
	free(image->base);
}

struct ptrd_table_header *image_header(struct image *image)
{
	return (void *)image->base;
}

struct ptrd_bucket *image_buckets(struct image *image)
{
	return (void *)(image->base + image_header(image)->bucket_offset);
}

struct ptrd_cell *image_cell(struct image *image, uint32_t ref)
{
	return (void *)(image->base + image_header(image)->cell_offset
		+ (size_t)ref * PTRD_GRANULE);
}

static void put_slot(struct image *image, struct ptrd_key key, uint32_t ref)
{
	struct ptrd_bucket *buckets = image_buckets(image);
	struct ptrd_bucket *bucket = &buckets[key.bucket];

	for (;;) {
		for (unsigned i = 0; i < PTRD_BUCKET_SLOTS; i++) {
			if (bucket->slot[i] == 0) {
				bucket->slot[i] = (uint64_t)key.tag << 32 | ref;
				return;
			}
		}
		if (bucket->next == 0) {
			NEED(image->next_overflow < image->table.bucket_total);
			bucket->next = image->next_overflow++;
		}
		bucket = &buckets[bucket->next];
	}
}

void image_bind(struct image *image, uint32_t address, uint32_t ref)
{
	put_slot(image, ptrd_key4(&image->table, address), ref);
}

void image_bind6(struct image *image, const uint8_t *address, uint32_t ref)
{
	put_slot(image, ptrd_key6(&image->table, address), ref | PTRD_REF_IPV6);
}

/* Bytes of the name at `wire`. */
static size_t name_size(const uint8_t *wire)
{
	size_t at = 0;

	while (wire[at] != 0)
		at += 1u + wire[at];
	return at + 1;
}

/* Writes a cell; `address` is that of IPv6, else NULL. */
static uint32_t put_cell(struct image *image, uint32_t tag, const uint8_t *address, uint32_t ttl,
	const uint8_t *names, unsigned count)
{
	const uint32_t ref = image->next_granule;
	const size_t address_len = address != NULL ? 16 : 0;
	struct ptrd_cell *cell = image_cell(image, ref);
	uint8_t *rrs = cell->data + address_len, *at = rrs;

	NEED(rrs <= image->base + image->size);
	if (address != NULL)
		memcpy(cell->data, address, address_len);
	for (unsigned i = 0; i < count; i++) {
		const size_t len = name_size(names);
		const uint8_t head[12] = {0xc0, 0x0c, 0, 12, 0, 1, (uint8_t)(ttl >> 24),
			(uint8_t)(ttl >> 16), (uint8_t)(ttl >> 8), (uint8_t)ttl, 0, (uint8_t)len};

		NEED(at + sizeof(head) + len <= image->base + image->size);
		memcpy(at, head, sizeof(head));
		memcpy(at + sizeof(head), names, len);
		at += sizeof(head) + len;
		names += len;
	}
	cell->key = tag;
	cell->wire_len = (uint16_t)(at - rrs);
	cell->granules
		= (uint16_t)((sizeof(*cell) + address_len + cell->wire_len + PTRD_GRANULE - 1)
			/ PTRD_GRANULE);
	cell->ancount = (uint8_t)count;
	cell->flags = (uint8_t)((address != NULL ? PTRD_CELL_IPV6 : 0)
		| (count == 0 ? PTRD_CELL_DEFAULT : 0));
	image->next_granule += cell->granules;
	return ref;
}

uint32_t image_record(
	struct image *image, uint32_t address, uint32_t ttl, const uint8_t *names, unsigned count)
{
	const uint32_t ref = put_cell(image, address, NULL, ttl, names, count);

	image_bind(image, address, ref);
	return ref;
}

uint32_t image_record6(struct image *image, const uint8_t *address, uint32_t ttl,
	const uint8_t *names, unsigned count)
{
	const uint32_t ref = put_cell(
		image, ptrd_key6(&image->table, address).tag, address, ttl, names, count);

	image_bind6(image, address, ref);
	return ref;
}

uint16_t plain_sum(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint64_t)data[i] << 8 : data[i];
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return (uint16_t)sum;
}
