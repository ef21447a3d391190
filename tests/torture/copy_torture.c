/*
 * Torture of the zone copy (zone_copy.h): readers that copy a zone in small steps, against a writer
 * that changes it all the time, in transactions of several addresses. Each copy is whole:
 *
 *   - it is of one revision: the custom records all have the name of that one, and of each pair of
 *     addresses the one is bound in an even revision and the other in an odd one;
 *   - every address is in it once;
 *   - it ends, although there is no moment without changes.
 *
 * Run it under ThreadSanitizer too: that sees what a lucky schedule hides.
 *
 * usage: copy_torture [TRANSACTIONS]
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_rcu_qsbr.h>

#include "table.h"
#include "zone_copy.h"

#define STILL 2000 /* bound addresses that do not change */
#define CUSTOM 40  /* get a record in each transaction */
#define PAIRS 20
#define READERS 2
#define COPIES_MIN 200 /* each reader's, before the writer may stop */
#define RECORD_SIZE 22 /* an RR whose RDATA is a name that holds the revision */

static struct table *table;
static struct rte_rcu_qsbr *qsbr;
static _Atomic bool stop;

struct reader {
	pthread_t thread;
	unsigned id;
	_Atomic uint64_t copies;
	uint64_t steps, waits;
};

#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "FAIL %s:%d %s: ", __FILE__, __LINE__, #condition);        \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Addresses 10.x: x from 0 on those that stay, then the custom ones, then the pairs. */
static struct address address_of(unsigned i)
{
	return (struct address){.bytes = {10, 0, (uint8_t)(i >> 8), (uint8_t)i}};
}

static struct record_wire record_of(uint64_t revision)
{
	struct record_wire r = {.ancount = 1, .len = RECORD_SIZE};

	memcpy(r.bytes, "\xc0\x0c\0\14\0\1\0\0\0\1\0\12\10", 13);
	memcpy(r.bytes + 13, &revision, 8);
	return r;
}

static void bind(unsigned i)
{
	const struct address address = address_of(i);
	_Atomic uint64_t *slot = table_reserve(table, &address);

	CHECK(slot != NULL, "address %u", i);
	table_fill(table, slot, &address, PTRD_REF_DEFAULT);
}

static void set(unsigned i, const struct record_wire *record, uint64_t token)
{
	const struct address address = address_of(i);
	const uint32_t ref = table_cell_create(table, &address, record);

	CHECK(ref != PTRD_REF_NONE, "no cell for address %u", i);
	table_retire(table, table_replace(table, &address, ref), token);
}

/* One transaction. Even: the first of each pair is bound, odd: the second. */
static void change(uint64_t revision)
{
	const struct record_wire record = record_of(revision);

	table_begin(table, revision);
	for (unsigned i = 0; i < CUSTOM; i++)
		set(STILL + i, &record, revision);
	for (unsigned i = 0; i < PAIRS; i++) {
		const unsigned pair = STILL + CUSTOM + 2 * i;
		const struct address old = address_of(pair + !(revision % 2));

		bind(pair + (unsigned)(revision % 2));
		(void)table_remove(table, &old);
	}
	table_end(table);
	const uint64_t passed = rte_rcu_qsbr_start(qsbr);

	while (rte_rcu_qsbr_check(qsbr, passed, false) != 1)
		;
	table_reclaim(table, revision);
}

static void check_copy(struct reader *r, const struct zone_copy *copy)
{
	uint8_t seen[STILL + CUSTOM + 2 * PAIRS] = {0};
	struct zone_copy_cursor cursor = {0};
	struct copied_entry entry;
	unsigned custom = 0, total = 0;

	while (zone_copy_next(copy, &cursor, &entry)) {
		const unsigned i = (unsigned)(entry.address[2] << 8 | entry.address[3]);
		uint64_t revision;

		CHECK(i < sizeof(seen) && seen[i]++ == 0, "address %u twice", i);
		total++;
		if (entry.wire == NULL)
			continue;
		custom++;
		memcpy(&revision, entry.wire + 13, 8);
		CHECK(entry.len == RECORD_SIZE && revision == copy->revision,
			"address %u: record of %" PRIu64 " in a copy of %" PRIu64, i, revision,
			copy->revision);
	}
	CHECK(custom == CUSTOM && total == STILL + CUSTOM + PAIRS, "%u, %u", custom, total);
	for (unsigned i = 0; i < PAIRS; i++)
		CHECK(seen[STILL + CUSTOM + 2 * i + copy->revision % 2] == 1, "pair %u of %" PRIu64,
			i, copy->revision);
	atomic_fetch_add(&r->copies, 1);
}

static void *copy_all_the_time(void *argument)
{
	const struct zone_range range = {.first = 0x0a000000, .last = 0x0affffff};
	struct reader *r = argument;
	size_t memory = SIZE_MAX;
	struct zone_copy *copy = malloc(sizeof(*copy));

	CHECK(copy != NULL && rte_rcu_qsbr_thread_register(qsbr, r->id) == 0, "%u", r->id);
	zone_copy_init(copy, &memory);
	for (uint64_t i = 0; !atomic_load(&stop); i++) {
		enum zone_copy_result result;

		zone_copy_restart(copy, &range);
		do {
			rte_rcu_qsbr_thread_online(qsbr, r->id);
			result = zone_copy_step(copy, table_view(table), 50 + (unsigned)(i % 1000));
			rte_rcu_qsbr_thread_offline(qsbr, r->id);
			r->steps++;
			r->waits += result == ZONE_COPY_WAIT;
		} while (result == ZONE_COPY_MORE || result == ZONE_COPY_WAIT);
		CHECK(result == ZONE_COPY_WHOLE, "%d", result);
		check_copy(r, copy);
	}
	zone_copy_free(copy);
	free(copy);
	return NULL;
}

static bool have_copied(struct reader *readers)
{
	for (unsigned i = 0; i < READERS; i++)
		if (atomic_load(&readers[i].copies) < COPIES_MIN)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	const struct table_shape shape
		= {.region = "torture", .eips = STILL, .cell_bytes = 1024 * 1024};
	struct reader readers[READERS] = {0};
	char path[64];
	uint64_t transactions = 20000, revision = 0;

	if (argc > 1)
		transactions = strtoull(argv[1], NULL, 10);
	snprintf(path, sizeof(path), "/dev/shm/ptrd-copy-torture.%d", getpid());
	table = table_create(path, &shape);
	unlink(path);
	CHECK(table != NULL, "%s", path);
	qsbr = aligned_alloc(64, rte_rcu_qsbr_get_memsize(64));
	CHECK(qsbr != NULL && rte_rcu_qsbr_init(qsbr, 64) == 0, "qsbr");
	for (unsigned i = 0; i < STILL + CUSTOM; i++)
		bind(i);
	for (unsigned i = 0; i < PAIRS; i++)
		bind(STILL + CUSTOM + 2 * i);
	change(++revision);
	for (unsigned i = 0; i < READERS; i++) {
		readers[i].id = i;
		CHECK(pthread_create(&readers[i].thread, NULL, copy_all_the_time, &readers[i]) == 0,
			"%u", i);
	}
	while (revision < transactions || !have_copied(readers))
		change(++revision);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		printf("reader %u: %" PRIu64 " copies in %" PRIu64 " steps, %" PRIu64
		       " of which waited\n",
			i, atomic_load(&readers[i].copies), readers[i].steps, readers[i].waits);
	}
	printf("%" PRIu64 " transactions\n", revision);
	table_close(table);
	free(qsbr);
	return EXIT_SUCCESS;
}
