#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "table_private.h"

/* EIPs per primary bucket that a table is built for. At 5 of 7 slots one bucket in eight overflows
 * (Poisson), so a look-up reads 1.1 cache lines and an EIP costs 14.7 bytes. */
#define BUCKET_LOAD 5
#define OVERFLOW_PERCENT 15
#define EIPS_MIN 4096
#define CELL_BYTES_MIN 65536

/* A writer stops well before the bound of the readers: the table then grows, with another hash
 * key. */
#define CHAIN_LIMIT (PTRD_CHAIN_MAX / 2)

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/* Where things lie in a file for `shape`. */
struct layout {
	uint32_t buckets, overflow;
	uint64_t cell_offset, cell_size, size;
};

static struct layout layout_of(const struct table_shape *shape, uint64_t page)
{
	const uint64_t eips = shape->eips < EIPS_MIN ? EIPS_MIN : shape->eips;
	const uint64_t cells
		= shape->cell_bytes < CELL_BYTES_MIN ? CELL_BYTES_MIN : shape->cell_bytes;
	struct layout l;

	l.buckets = (uint32_t)(eips / BUCKET_LOAD + 1);
	l.overflow = (uint32_t)((uint64_t)l.buckets * OVERFLOW_PERCENT / 100 + 16);
	l.cell_offset = PTRD_TABLE_HEADER_SIZE
		+ ((uint64_t)l.buckets + l.overflow) * sizeof(struct ptrd_bucket);
	l.size = round_up(l.cell_offset + round_up(cells, PTRD_CACHE_LINE), page);
	/* What the page size leaves over is more room for cells. */
	l.cell_size = (l.size - l.cell_offset) / PTRD_GRANULE * PTRD_GRANULE;
	if (l.cell_size / PTRD_GRANULE >= PTRD_REF_IPV6)
		l.cell_size = (uint64_t)(PTRD_REF_IPV6 - 1) * PTRD_GRANULE;
	return l;
}

uint64_t table_file_size(const struct table_shape *shape, uint64_t page)
{
	return layout_of(shape, page).size;
}

/* Allocates all of the file's memory at once: a page that is missing later would be a SIGBUS. */
static uint8_t *map_new_file(
	const char *path, const struct table_shape *shape, struct layout *layout)
{
	uint8_t *base = MAP_FAILED;
	struct statfs fs;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

	if (fd < 0)
		return NULL;
	if (fstatfs(fd, &fs) == 0) {
		*layout = layout_of(shape, (uint64_t)fs.f_bsize);
		if (ftruncate(fd, (off_t)layout->size) == 0
			&& fallocate(fd, 0, 0, (off_t)layout->size) == 0)
			base = mmap(NULL, layout->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	const int saved = errno;

	if (base == MAP_FAILED)
		unlink(path);
	close(fd);
	errno = saved;
	return base == MAP_FAILED ? NULL : base;
}

static int write_header(uint8_t *base, const struct table_shape *shape, const struct layout *l)
{
	struct ptrd_table_header *h = (void *)base;

	if (strlen(shape->region) >= sizeof(h->region)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (getrandom(h->hash_key, sizeof(h->hash_key), 0) != sizeof(h->hash_key))
		return -1;
	/* An odd factor is a bijection: no two addresses fall together before the last step. */
	h->hash_key[0] |= 1;
	h->hash_key[1] |= 1;
	h->magic = PTRD_TABLE_MAGIC;
	h->file_size = l->size;
	h->generation = shape->generation;
	h->bucket_offset = PTRD_TABLE_HEADER_SIZE;
	h->bucket_count = l->buckets;
	h->overflow_count = l->overflow;
	h->cell_offset = l->cell_offset;
	h->cell_size = l->cell_size;
	strcpy(h->region, shape->region);
	return 0;
}

struct table *table_create(const char *path, const struct table_shape *shape)
{
	struct layout layout;
	const char *why;
	struct table *t;

	if (shape->eips / BUCKET_LOAD >= UINT32_MAX / 2) {
		errno = EFBIG;
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->base = map_new_file(path, shape, &layout);
	if (t->base == NULL) {
		free(t);
		return NULL;
	}
	t->size = layout.size;
	t->path = strdup(path);
	t->eips_built_for = shape->eips < EIPS_MIN ? EIPS_MIN : shape->eips;
	t->arena = arena_create((uint32_t)(layout.cell_size / PTRD_GRANULE));
	if (t->path == NULL || t->arena == NULL || write_header(t->base, shape, &layout) < 0
		|| ptrd_table_map(&t->view, t->base, t->size, &why) < 0) {
		const int saved = errno;

		unlink(path);
		table_close(t);
		errno = saved;
		return NULL;
	}
	return t;
}

void table_close(struct table *t)
{
	if (t == NULL)
		return;
	munmap(t->base, t->size);
	arena_destroy(t->arena);
	free(t->retired);
	free(t->path);
	free(t);
}

void table_unlink(const struct table *t)
{
	unlink(t->path);
}

const struct ptrd_table *table_view(const struct table *t)
{
	return &t->view;
}

const char *table_path(const struct table *t)
{
	return t->path;
}

uint64_t table_eips(const struct table *t)
{
	return t->eips;
}

uint64_t table_records(const struct table *t)
{
	return t->records;
}

uint64_t table_cell_bytes_used(const struct table *t)
{
	return (uint64_t)arena_used(t->arena) * PTRD_GRANULE;
}

uint64_t table_cell_bytes(const struct table *t)
{
	return (uint64_t)t->view.cell_granules * PTRD_GRANULE;
}

uint64_t table_bytes(const struct table *t)
{
	return t->size;
}

uint64_t table_eips_built_for(const struct table *t)
{
	return t->eips_built_for;
}

bool table_crowded(const struct table *t)
{
	return t->eips + t->reserved >= t->eips_built_for;
}

/* A cell that this process placed: no bounds check, the arena gave it. */
static struct ptrd_bucket *bucket_at(struct table *t, uint64_t index)
{
	return (struct ptrd_bucket *)(t->base + PTRD_TABLE_HEADER_SIZE) + index;
}

static uint32_t ipv4_of(const struct address *a)
{
	return (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16
		| (uint32_t)a->bytes[2] << 8 | a->bytes[3];
}

static struct ptrd_key key_of(const struct table *t, const struct address *a)
{
	return a->ipv6 ? ptrd_key6(&t->view, a->bytes) : ptrd_key4(&t->view, ipv4_of(a));
}

uint32_t table_cell_create(
	struct table *t, const struct address *address, const struct record_wire *record)
{
	const unsigned prefix = address->ipv6 ? 16 : 0;
	const unsigned len = record != NULL ? record->len : 0;
	const unsigned granules
		= (unsigned)(sizeof(struct ptrd_cell) + prefix + len + PTRD_GRANULE - 1)
		/ PTRD_GRANULE;
	const uint32_t granule = arena_alloc(t->arena, granules);

	if (granule == 0)
		return 0;
	struct ptrd_cell *cell = table_cell(t, granule);

	cell->key = key_of(t, address).tag;
	cell->granules = (uint16_t)granules;
	cell->flags = (uint8_t)((address->ipv6 ? PTRD_CELL_IPV6 : 0)
		| (record == NULL ? PTRD_CELL_DEFAULT : 0));
	memcpy(cell->data, address->bytes, prefix);
	if (record != NULL)
		memcpy(cell->data + prefix, record->bytes, len);
	cell->wire_len = (uint16_t)len;
	cell->ancount = record != NULL ? record->ancount : 0;
	cell->reserved = 0;
	return granule | (address->ipv6 ? PTRD_REF_IPV6 : 0);
}

void table_cell_discard(struct table *t, uint32_t ref)
{
	if (!table_is_cell(ref))
		return;
	arena_free(t->arena, ref & ~PTRD_REF_IPV6, table_cell(t, ref)->granules);
}

/* A new overflow bucket behind `last`, or NULL. */
static struct ptrd_bucket *chain_bucket(struct table *t, struct ptrd_bucket *last)
{
	if (t->overflow_used == t->view.bucket_total - t->view.bucket_count)
		return NULL;
	const uint64_t index = (uint64_t)t->view.bucket_count + t->overflow_used++;

	/* Release: the bucket's cleared slots are seen before the link to it. Nothing clears
	 * them here, the file was made of zeros; the pair keeps that true for a reader that
	 * maps it later. */
	atomic_store_explicit(&last->next, index, memory_order_release);
	return bucket_at(t, index);
}

_Atomic uint64_t *table_reserve(struct table *t, const struct address *address)
{
	const struct ptrd_key key = key_of(t, address);
	struct ptrd_bucket *bucket = bucket_at(t, key.bucket);

	for (unsigned chain = 0; chain < CHAIN_LIMIT; chain++) {
		for (unsigned i = 0; i < PTRD_BUCKET_SLOTS; i++) {
			if (atomic_load_explicit(&bucket->slot[i], memory_order_relaxed) != 0)
				continue;
			/* Relaxed: it names no cell, and no reader's key matches it. */
			atomic_store_explicit(&bucket->slot[i],
				(uint64_t)key.tag << 32 | PTRD_REF_RESERVED, memory_order_relaxed);
			t->reserved++;
			return &bucket->slot[i];
		}
		const uint64_t next = atomic_load_explicit(&bucket->next, memory_order_relaxed);

		bucket = next != 0 ? bucket_at(t, next) : chain_bucket(t, bucket);
		if (bucket == NULL)
			return NULL;
	}
	return NULL;
}

void table_release(struct table *t, _Atomic uint64_t *slot)
{
	atomic_store_explicit(slot, 0, memory_order_relaxed);
	t->reserved--;
}

/*
 * Release: the bytes of the cell are seen before the reference to it. Without it a reader could
 * follow the new reference and send what the memory held before. A reader that copies would take
 * the entry for one of the revision before, if it did not see `changed`.
 */
static void publish(struct table *t, uint32_t bucket, _Atomic uint64_t *slot, uint64_t value)
{
	struct ptrd_table_header *h = (void *)t->base;

	atomic_store_explicit(
		&h->changed[ptrd_table_part(&t->view, bucket)], t->revision, memory_order_relaxed);
	atomic_store_explicit(slot, value, memory_order_release);
}

void table_fill(
	struct table *t, _Atomic uint64_t *slot, const struct address *address, uint32_t ref)
{
	const struct ptrd_key key = key_of(t, address);

	publish(t, key.bucket, slot, (uint64_t)key.tag << 32 | ref);
	t->reserved--;
	t->eips++;
	t->records += table_is_cell(ref);
}

/* The slot of a bound address, or NULL. */
static _Atomic uint64_t *find_slot(struct table *t, const struct address *address)
{
	const struct ptrd_key key = key_of(t, address);
	uint32_t bucket = key.bucket, ref;
	unsigned slot = 0, steps = 0;

	while ((ref = ptrd_table_scan(&t->view, key, &bucket, &slot, &steps)) != PTRD_REF_NONE) {
		if (!address->ipv6 || memcmp(table_cell(t, ref)->data, address->bytes, 16) == 0)
			return &bucket_at(t, bucket)->slot[slot - 1];
	}
	return NULL;
}

uint32_t table_replace(struct table *t, const struct address *address, uint32_t ref)
{
	_Atomic uint64_t *slot = find_slot(t, address);

	if (slot == NULL)
		return PTRD_REF_NONE;
	const uint64_t old = atomic_load_explicit(slot, memory_order_relaxed);

	publish(t, key_of(t, address).bucket, slot, (old & ~(uint64_t)UINT32_MAX) | ref);
	t->records += table_is_cell(ref);
	t->records -= table_is_cell((uint32_t)old);
	return (uint32_t)old;
}

uint32_t table_remove(struct table *t, const struct address *address)
{
	_Atomic uint64_t *slot = find_slot(t, address);

	if (slot == NULL)
		return PTRD_REF_NONE;
	const uint32_t old = (uint32_t)atomic_load_explicit(slot, memory_order_relaxed);

	/* Release: an insert of the same address that comes later, into another slot, is not
	 * seen before this one: a reader then finds it in one of them or in none, which was
	 * true between. */
	publish(t, key_of(t, address).bucket, slot, 0);
	t->eips--;
	t->records -= table_is_cell(old);
	return old;
}

void table_begin(struct table *t, uint64_t revision)
{
	t->revision = revision;
}

void table_end(struct table *t)
{
	struct ptrd_table_header *h = (void *)t->base;

	/* Release: whoever sees the revision sees every change of it. */
	atomic_store_explicit(&h->revision, t->revision, memory_order_release);
}

void table_start(struct table *t, uint64_t revision)
{
	table_begin(t, revision);
	table_end(t);
}

void table_set_settings(struct table *t, uint64_t revision)
{
	struct ptrd_table_header *h = (void *)t->base;

	atomic_store_explicit(&h->settings_revision, revision, memory_order_relaxed);
}

uint64_t table_settings(const struct table *t)
{
	return atomic_load_explicit(&t->view.header->settings_revision, memory_order_relaxed);
}

uint64_t table_revision(const struct table *t)
{
	return atomic_load_explicit(&t->view.header->revision, memory_order_relaxed);
}

uint32_t table_cell_copy(
	struct table *t, const struct table *from, uint32_t ref, const struct address *address)
{
	struct record_wire record;

	if (!table_is_cell(ref))
		return ref;
	const struct ptrd_cell *cell = table_cell(from, ref);

	record.len = cell->wire_len;
	record.ancount = cell->ancount;
	memcpy(record.bytes, cell->data + (address->ipv6 ? 16 : 0), cell->wire_len);
	return table_cell_create(t, address, (cell->flags & PTRD_CELL_DEFAULT) ? NULL : &record);
}

bool table_next(const struct table *t, uint64_t *at, struct table_entry *entry)
{
	const uint64_t slots
		= ((uint64_t)t->view.bucket_count + t->overflow_used) * PTRD_BUCKET_SLOTS;
	uint64_t value = 0;

	while ((value & ~(uint64_t)PTRD_REF_IPV6 & UINT32_MAX) == PTRD_REF_NONE) {
		if (*at == slots)
			return false;
		value = atomic_load_explicit(
			&t->view.buckets[*at / PTRD_BUCKET_SLOTS].slot[*at % PTRD_BUCKET_SLOTS],
			memory_order_relaxed);
		++*at;
	}
	const uint32_t ref = (uint32_t)value, tag = htonl((uint32_t)(value >> 32));

	*entry = (struct table_entry){.address.ipv6 = (ref & PTRD_REF_IPV6) != 0, .ref = ref};
	memcpy(entry->address.bytes, &tag, sizeof(tag));
	if (entry->address.ipv6)
		memcpy(entry->address.bytes, table_cell(t, ref)->data, 16);
	return true;
}

uint32_t table_cell_size(const struct table *t, uint32_t ref)
{
	return table_is_cell(ref) ? (uint32_t)table_cell(t, ref)->granules * PTRD_GRANULE : 0;
}

void table_prefetch(const struct table *t, const struct table *from, const struct table_entry *e)
{
	ptrd_table_prefetch(&t->view, key_of(t, &e->address));
	if (table_is_cell(e->ref))
		__builtin_prefetch(table_cell(from, e->ref));
}
