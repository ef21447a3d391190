/*
 * Region table: the layout of a table file and its lock-free reader.
 *
 * One file holds one region: a hash of EIPs (buckets of one cache line, each with seven 64-bit
 * slots and a link to an overflow bucket) and an arena of record cells. All references are
 * relative, so any process may map the file at any address. The control process writes; everybody
 * else maps the file PROT_READ.
 *
 *   file:    | header, one page | buckets: primary, then overflow | cell arena |
 *   slot:    | IPv4 address, or fingerprint of an IPv6 address : 32 | record reference : 32 |
 *   bucket:  | slot x 7 | index of the next bucket in the chain, 0 = none |
 *
 * An entry never moves while it lives and a bucket is never taken out of its chain, so a reader
 * that walks a chain once sees every entry that is live throughout the walk. A change of an entry
 * is one 64-bit store into its slot. A cell is immutable from the store that publishes it until
 * every reader has been quiescent after the store that unlinked it (see node.h).
 *
 * Integers are in host byte order unless said otherwise; a file never leaves its machine. The
 * reader trusts nothing that it reads from the mapping after ptrd_table_map(): each index and
 * reference is checked against sizes kept in the process's own struct ptrd_table. What it cannot
 * defend against is a writer that truncates the file (SIGBUS), so only the control process may
 * write it.
 */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#define PTRD_TABLE_MAGIC UINT64_C(0x32304c4254525450) /* "PTRTBL02", little endian */
#define PTRD_TABLE_HEADER_SIZE 4096
#define PTRD_TABLE_REGION_MAX 64 /* bytes of a region name, NUL included */

#define PTRD_CACHE_LINE 64
#define PTRD_BUCKET_SLOTS 7
#define PTRD_CHAIN_MAX 64 /* buckets in a chain: a bound for readers of a corrupt chain */
#define PTRD_TABLE_PARTS 384

/* Record references: bit 31 tells the family of the slot's key, the rest is one of these or a
 * cell's place in the arena in granules. */
#define PTRD_REF_NONE UINT32_C(0)       /* the slot is empty */
#define PTRD_REF_DEFAULT UINT32_C(1)    /* bound, no custom PTR, no cell (IPv4 only) */
#define PTRD_REF_FIRST_CELL UINT32_C(2) /* granules 0 and 1 of the arena are never a cell */
#define PTRD_REF_IPV6 UINT32_C(0x80000000)
/* A slot that the writer holds for an insert under way: a family but no reference, so no key
 * matches. */
#define PTRD_REF_RESERVED PTRD_REF_IPV6
#define PTRD_GRANULE 16 /* bytes */

/* 1 to 10 PTR RRs: owner pointer 2, type 2, class 2, TTL 4, RDLENGTH 2, name at most 255 */
#define PTRD_RECORD_NAMES_MAX 10
#define PTRD_RECORD_WIRE_MAX (PTRD_RECORD_NAMES_MAX * (12 + 255))

/* First page of a table file. */
struct ptrd_table_header {
	/* Written once, before the file is published. control: wo, dataplane: ro */
	uint64_t magic;
	uint64_t file_size;      /* bytes, the header included */
	uint64_t generation;     /* directory generation that first named this file */
	uint64_t hash_key[2];    /* random, odd */
	uint64_t bucket_offset;  /* bytes from the start of the file, a multiple of 64 */
	uint32_t bucket_count;   /* primary buckets */
	uint32_t overflow_count; /* overflow buckets, right behind the primary ones */
	uint64_t cell_offset;    /* bytes from the start of the file, a multiple of 64 */
	uint64_t cell_size;      /* bytes, a multiple of PTRD_GRANULE */
	char region[PTRD_TABLE_REGION_MAX];

	/* Revision of the region's last change, which rises with each; the SOA serial is its low
	 * half. control: wo (release, after everything of that revision has been stored), dataplane:
	 * ro (relaxed where any recent value is right; acquire where the entries must be at least as
	 * new). */
	alignas(PTRD_CACHE_LINE) _Atomic uint64_t revision;

	/* Revision of the region's settings that go with these records: the member "revision" of its
	 * entry in the directory. A table and a directory are not replaced in one step; whoever needs
	 * both of one revision, as a zone transfer does, waits until they agree. control: wo (before
	 * the release store of `revision` when they change together), dataplane: ro (after the acquire
	 * load of `revision`). */
	_Atomic uint64_t settings_revision;

	/* Revision of the last change of an entry whose chain begins in that part of the primary
	 * buckets (ptrd_table_part()). control: wo (relaxed, before the release store into the slot:
	 * whoever sees the entry of a revision sees this too), dataplane: ro. With these a reader
	 * that takes the entries one after the other, over many reader sections, knows which of them
	 * have not changed meanwhile. */
	alignas(PTRD_CACHE_LINE) _Atomic uint64_t changed[PTRD_TABLE_PARTS];
	uint8_t reserved[PTRD_TABLE_HEADER_SIZE - 256 - 8 * PTRD_TABLE_PARTS];
};
static_assert(sizeof(struct ptrd_table_header) == PTRD_TABLE_HEADER_SIZE, "one page");
static_assert(offsetof(struct ptrd_table_header, region) == 72, "layout");
static_assert(offsetof(struct ptrd_table_header, revision) == 192, "layout");
static_assert(offsetof(struct ptrd_table_header, changed) == 256, "layout");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "slots must be lock-free between processes");

struct ptrd_bucket {
	/* control: wo (release), dataplane: ro (acquire) */
	_Atomic uint64_t slot[PTRD_BUCKET_SLOTS];
	/* Index of the next bucket; set once from 0. control: wo (release), dataplane: ro
	 * (acquire) */
	_Atomic uint64_t next;
};
static_assert(sizeof(struct ptrd_bucket) == PTRD_CACHE_LINE, "one cache line");

#define PTRD_CELL_DEFAULT 0x01 /* IPv6 only: bound with no custom PTR; the cell holds no RR */
#define PTRD_CELL_IPV6 0x02    /* the 16 bytes of the address come before the RRs */

/* A record as it goes on the wire. Starts on a granule. Plain fields: immutable once published. */
struct ptrd_cell {
	uint32_t key;      /* upper half of the slots that may refer here */
	uint16_t wire_len; /* bytes of RRs */
	uint16_t granules; /* size of the cell, this header included */
	uint8_t ancount;   /* RRs */
	uint8_t flags;     /* PTRD_CELL_* */
	uint16_t reserved; /* 0 */
	uint8_t data[];    /* [address: 16 bytes, network order] RRs, the owner of each is C0 0C */
};
static_assert(sizeof(struct ptrd_cell) == 12, "layout");

/* A mapped table as one process sees it. Filled by ptrd_table_map(); the process's own memory. */
struct ptrd_table {
	const struct ptrd_table_header *header;
	const struct ptrd_bucket *buckets;
	const uint8_t *cells;
	uint64_t hash_key[2];
	uint32_t bucket_count;  /* primary */
	uint32_t bucket_total;  /* primary and overflow */
	uint32_t cell_granules; /* size of the arena */
};

/* What a look-up seeks: made by ptrd_key4() or ptrd_key6() for one table. */
struct ptrd_key {
	uint32_t bucket; /* index of the first bucket of the chain */
	uint32_t tag;    /* upper half of the slot */
	uint32_t family; /* 0 or PTRD_REF_IPV6 */
};

/* A record found. For an IPv4 default every pointer is NULL: its slot is all there is. */
struct ptrd_record {
	const struct ptrd_cell *cell;
	const uint8_t *address; /* 16 bytes, network order, in an IPv6 cell; else NULL */
	const uint8_t *wire;    /* wire_len bytes of RRs, checked to lie in the arena */
	uint16_t wire_len;      /* the length that was checked: cell->wire_len may lie by now */
	bool is_default;
};

/*
 * Checks a mapped file of `size` bytes and fills `table`. The mapping must outlive `table`.
 * Returns 0, or -EINVAL with `*why` set to a static text that names what is wrong.
 */
static inline int ptrd_table_map(
	struct ptrd_table *table, const void *base, uint64_t size, const char **why)
{
	const struct ptrd_table_header *h = base;

	*why = "shorter than its header";
	if (size < sizeof(*h))
		return -EINVAL;
	*why = "not a ptrd table, or of another layout version";
	if (h->magic != PTRD_TABLE_MAGIC)
		return -EINVAL;
	*why = "size differs from the header's";
	if (h->file_size != size)
		return -EINVAL;
	*why = "region name not terminated";
	if (memchr(h->region, '\0', sizeof(h->region)) == NULL)
		return -EINVAL;
	*why = "buckets lie outside the file";
	const uint64_t bucket_total = (uint64_t)h->bucket_count + h->overflow_count;
	if (h->bucket_count == 0 || bucket_total > UINT32_MAX
		|| h->bucket_offset % PTRD_CACHE_LINE != 0 || h->bucket_offset < sizeof(*h)
		|| h->bucket_offset > size
		|| bucket_total > (size - h->bucket_offset) / sizeof(struct ptrd_bucket))
		return -EINVAL;
	*why = "cells lie outside the file";
	if (h->cell_offset % PTRD_CACHE_LINE != 0 || h->cell_offset < sizeof(*h)
		|| h->cell_offset > size || h->cell_size > size - h->cell_offset
		|| h->cell_size / PTRD_GRANULE >= PTRD_REF_IPV6)
		return -EINVAL;

	*why = NULL;
	table->header = h;
	table->buckets = (const void *)((const uint8_t *)base + h->bucket_offset);
	table->cells = (const uint8_t *)base + h->cell_offset;
	table->hash_key[0] = h->hash_key[0];
	table->hash_key[1] = h->hash_key[1];
	table->bucket_count = h->bucket_count;
	table->bucket_total = (uint32_t)bucket_total;
	table->cell_granules = (uint32_t)(h->cell_size / PTRD_GRANULE);
	return 0;
}

/* Maps a 32-bit hash onto [0, count) without a division. */
static inline uint32_t ptrd_bucket_index(uint32_t hash, uint32_t count)
{
	return (uint32_t)(((uint64_t)hash * count) >> 32);
}

/*
 * Key of an IPv4 address (host byte order). Two keyed rounds: after one multiplication alone, an
 * unlucky key puts a run of neighbours, which is what a cloud's pools are, into few buckets.
 */
static inline struct ptrd_key ptrd_key4(const struct ptrd_table *table, uint32_t address)
{
	uint64_t hash = address * table->hash_key[0];

	hash ^= hash >> 32;
	hash *= table->hash_key[1];

	return (struct ptrd_key){
		.bucket = ptrd_bucket_index((uint32_t)(hash >> 32), table->bucket_count),
		.tag = address,
		.family = 0,
	};
}

/* Key of an IPv6 address (16 bytes, network order). The tag is a fingerprint: see
 * ptrd_table_find6(). */
static inline struct ptrd_key ptrd_key6(const struct ptrd_table *table, const uint8_t address[16])
{
	uint64_t high, low;

	memcpy(&high, address, sizeof(high));
	memcpy(&low, address + 8, sizeof(low));
	const unsigned __int128 product
		= (unsigned __int128)(high ^ table->hash_key[1]) * (low ^ table->hash_key[0]);
	const uint64_t folded = (uint64_t)(product >> 64) ^ (uint64_t)product;
	/* A second round: an operand of zero must not erase the other one. */
	const uint64_t hash = (folded + high * table->hash_key[0] + low) * table->hash_key[0];

	return (struct ptrd_key){
		.bucket = ptrd_bucket_index((uint32_t)(hash >> 32), table->bucket_count),
		.tag = (uint32_t)(folded ^ (hash >> 17)),
		.family = PTRD_REF_IPV6,
	};
}

/* True if `slot` holds `key`'s tag and family. An empty slot never matches. */
static inline bool ptrd_slot_matches(uint64_t slot, struct ptrd_key key)
{
	const uint32_t ref = (uint32_t)slot;

	return (uint32_t)(slot >> 32) == key.tag && (ref & PTRD_REF_IPV6) == key.family
		&& (ref & ~PTRD_REF_IPV6) != PTRD_REF_NONE;
}

/*
 * What reference `ref` (not PTRD_REF_NONE) stands for. Returns false if the reference or the
 * cell's own lengths do not fit in the arena; `record` is then unset. A corrupt table costs an
 * answer, never a read outside of the mapping.
 */
static inline bool ptrd_table_record(
	const struct ptrd_table *table, uint32_t ref, struct ptrd_record *record)
{
	const uint32_t granule = ref & ~PTRD_REF_IPV6;

	if (ref == PTRD_REF_DEFAULT) {
		*record = (struct ptrd_record){.is_default = true};
		return true;
	}
	if (granule < PTRD_REF_FIRST_CELL || granule >= table->cell_granules)
		return false;
	const struct ptrd_cell *cell
		= (const void *)(table->cells + (size_t)granule * PTRD_GRANULE);
	/* Loaded once each: what was checked is what is used, also if the writer runs wild. */
	const uint16_t wire_len = __atomic_load_n(&cell->wire_len, __ATOMIC_RELAXED);
	const uint8_t flags = __atomic_load_n(&cell->flags, __ATOMIC_RELAXED);
	const size_t address_len = (flags & PTRD_CELL_IPV6) ? 16 : 0;

	if (wire_len > PTRD_RECORD_WIRE_MAX
		|| sizeof(*cell) + address_len + wire_len
			> (size_t)(table->cell_granules - granule) * PTRD_GRANULE)
		return false;
	record->cell = cell;
	record->address = address_len != 0 ? cell->data : NULL;
	record->wire = cell->data + address_len;
	record->wire_len = wire_len;
	record->is_default = (flags & PTRD_CELL_DEFAULT) != 0;
	return true;
}

/*
 * Next reference for `key`, starting with `*bucket` (key.bucket at first) and slot `*slot` (0 at
 * first), or PTRD_REF_NONE at the end of the chain. IPv6 callers go on where a fingerprint proved
 * to be another address's.
 */
static inline uint32_t ptrd_table_scan(const struct ptrd_table *table, struct ptrd_key key,
	uint32_t *bucket, unsigned *slot, unsigned *steps)
{
	for (; *steps < PTRD_CHAIN_MAX; (*steps)++) {
		if (*bucket >= table->bucket_total)
			return PTRD_REF_NONE;
		const struct ptrd_bucket *b = &table->buckets[*bucket];

		while (*slot < PTRD_BUCKET_SLOTS) {
			/* Acquire pairs with the writer's release: the bytes of the cell that this
			 * reference names were stored before the reference. Without it a reader
			 * could load them first and send what was there before. */
			const uint64_t value
				= atomic_load_explicit(&b->slot[(*slot)++], memory_order_acquire);
			if (ptrd_slot_matches(value, key))
				return (uint32_t)value;
		}
		/* Acquire: the overflow bucket was cleared before it was linked. */
		const uint64_t next = atomic_load_explicit(&b->next, memory_order_acquire);
		if (next == 0 || next >= table->bucket_total)
			return PTRD_REF_NONE;
		*bucket = (uint32_t)next;
		*slot = 0;
	}
	return PTRD_REF_NONE;
}

/*
 * Reference in the bucket for `key`, or PTRD_REF_NONE. Which slot it is cannot be predicted, so vectors
 * compare all of them; what they found is looked at again, with the load that orders what follows.
 * Sanitizers, which do not see through vectors, get the plain C.
 */
#if defined(__SSE4_1__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
static inline uint32_t ptrd_bucket_find(const struct ptrd_bucket *b, struct ptrd_key key)
{
	const uint64_t wanted = (uint64_t)key.tag << 32 | key.family;
	const __m128i bits = _mm_set1_epi64x(~INT64_C(0x7fffffff)); /* tag and family */
	const __m128i want = _mm_set1_epi64x((int64_t)wanted);
	const __m128i *pairs = (const void *)b;
	__m128i same[4];

	for (unsigned i = 0; i < 4; i++)
		same[i] = _mm_cmpeq_epi64(_mm_and_si128(_mm_load_si128(&pairs[i]), bits), want);
	/* Two bits for each slot; the last place is the link. */
	unsigned found = (unsigned)_mm_movemask_epi8(_mm_packs_epi16(
		_mm_packs_epi32(same[0], same[1]), _mm_packs_epi32(same[2], same[3])));

	for (found &= (1u << 2 * PTRD_BUCKET_SLOTS) - 1; found != 0; found &= found - 1) {
		const uint64_t slot = atomic_load_explicit(
			&b->slot[(unsigned)__builtin_ctz(found) / 2], memory_order_acquire);

		if (ptrd_slot_matches(slot, key))
			return (uint32_t)slot;
	}
	return PTRD_REF_NONE;
}
#else
static inline uint32_t ptrd_bucket_find(const struct ptrd_bucket *b, struct ptrd_key key)
{
	for (unsigned i = 0; i < PTRD_BUCKET_SLOTS; i++) {
		const uint64_t slot = atomic_load_explicit(&b->slot[i], memory_order_acquire);

		if (ptrd_slot_matches(slot, key))
			return (uint32_t)slot;
	}
	return PTRD_REF_NONE;
}
#endif

/* Starts the load of the cache line that a look-up of `key` reads first. */
static inline void ptrd_table_prefetch(const struct ptrd_table *table, struct ptrd_key key)
{
	__builtin_prefetch(&table->buckets[key.bucket]);
}

/*
 * Reference in the first bucket of `key`'s chain. If that is PTRD_REF_NONE, `*behind` is the bucket
 * where the chain goes on, 0 at its end; it is not set otherwise.
 */
static inline uint32_t ptrd_table_find_first(
	const struct ptrd_table *table, struct ptrd_key key, uint32_t *behind)
{
	const struct ptrd_bucket *b = &table->buckets[key.bucket];
	const uint32_t ref = ptrd_bucket_find(b, key);

	if (ref == PTRD_REF_NONE) {
		/* Acquire: the overflow bucket was cleared before it was linked. */
		const uint64_t next = atomic_load_explicit(&b->next, memory_order_acquire);

		*behind = next < table->bucket_total ? (uint32_t)next : 0;
	}
	return ref;
}

/*
 * Reference of an IPv4 EIP: PTRD_REF_NONE (not bound), PTRD_REF_DEFAULT or a cell.
 * The caller is a registered reader (node.h) and not quiescent until it is done with the cell.
 */
static inline uint32_t ptrd_table_find4(const struct ptrd_table *table, struct ptrd_key key)
{
	for (unsigned steps = 0; steps < PTRD_CHAIN_MAX && key.bucket < table->bucket_total;
		steps++) {
		uint32_t behind = 0;
		const uint32_t ref = ptrd_table_find_first(table, key, &behind);

		if (ref != PTRD_REF_NONE || behind == 0)
			return ref;
		key.bucket = behind;
	}
	return PTRD_REF_NONE;
}

/* The same for an IPv6 EIP: PTRD_REF_NONE, or a cell whose address has been compared. */
static inline uint32_t ptrd_table_find6(
	const struct ptrd_table *table, struct ptrd_key key, const uint8_t address[16])
{
	uint32_t bucket = key.bucket, ref;
	unsigned slot = 0, steps = 0;

	while ((ref = ptrd_table_scan(table, key, &bucket, &slot, &steps)) != PTRD_REF_NONE) {
		struct ptrd_record record;

		if (ptrd_table_record(table, ref, &record) && record.address != NULL
			&& memcmp(record.address, address, 16) == 0)
			return ref;
	}
	return PTRD_REF_NONE;
}

/* SOA serial of the region at this moment. */
static inline uint32_t ptrd_table_serial(const struct ptrd_table *table)
{
	return (uint32_t)atomic_load_explicit(&table->header->revision, memory_order_relaxed);
}

/* Part of the primary buckets that `bucket` is in. */
static inline unsigned ptrd_table_part(const struct ptrd_table *table, uint32_t bucket)
{
	return (unsigned)((uint64_t)bucket * PTRD_TABLE_PARTS / table->bucket_count);
}

/* First primary bucket of a part; of PTRD_TABLE_PARTS, the one behind the last. */
static inline uint32_t ptrd_table_part_start(const struct ptrd_table *table, unsigned part)
{
	return (uint32_t)(((uint64_t)part * table->bucket_count + PTRD_TABLE_PARTS - 1)
		/ PTRD_TABLE_PARTS);
}
