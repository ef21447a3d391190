/*
 * Torture of the region table: readers against a writer that binds, sets, unsets, unbinds, reuses
 * cells after their grace period and switches generations. What the readers assert is what ptrd/table.h
 * promises:
 *
 *   - an entry that is live throughout a look-up is found (the first half of the addresses is always bound);
 *   - a cell is whole and belongs to the address asked for, so it was not freed under the reader: its text
 *     names the address and version, and a closed generation is unmapped (SIGSEGV);
 *   - what was acknowledged before the look-up began is not undone by it: versions never go back.
 *
 * Run it under ThreadSanitizer too: that sees what a lucky schedule hides.
 *
 * usage: table_torture [CHANGES]
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_rcu_qsbr.h>

#include "table.h"
#include "table_copy.h"

/* The first half is never unbound; every fourth is an IPv6 address. */
#define ADDRESSES 256
#define READERS 3
#define BURST 32
#define SWITCH_EVERY 2000
#define BURSTS_MIN 1000 /* each reader's, before the writer may stop */

struct reader {
	pthread_t thread;
	unsigned id;
	_Atomic uint64_t bursts;
	uint64_t records, defaults, absent;
};

static _Atomic(struct table *) current;          /* writer: wo (release), readers: ro (acquire) */
static _Atomic uint64_t acknowledged[ADDRESSES]; /* writer: wo (release), readers: ro (acquire) */
static _Atomic bool stop;
static struct rte_rcu_qsbr *qsbr;

#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "FAIL %s:%d %s: ", __FILE__, __LINE__, #condition);        \
			fprintf(stderr, __VA_ARGS__);                                              \
			fputc('\n', stderr);                                                       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static struct address address_of(unsigned i)
{
	struct address a = {.ipv6 = i % 4 == 3};

	if (a.ipv6)
		a.bytes[0] = 0x20;
	a.bytes[a.ipv6 ? 15 : 3] = (uint8_t)i;
	return a;
}

/* Records of many sizes, so that cells are split and reused at other sizes. */
static struct record_wire record_of(unsigned i, uint64_t version)
{
	struct record_wire r = {.ancount = 1, .len = (uint16_t)(16 + (version * 7 + i) % 200)};

	memset(r.bytes, (int)(version + i), r.len);
	memcpy(r.bytes, &(uint64_t){i}, 8);
	memcpy(r.bytes + 8, &version, 8);
	return r;
}

/* Even versions are defaults, odd ones custom records; a version is also the time of the change. */
static void check_record(const struct ptrd_record *record, unsigned i, uint64_t seen)
{
	uint64_t owner, version;

	CHECK(record->wire_len >= 16 && record->cell->ancount == 1, "address %u", i);
	memcpy(&owner, record->wire, 8);
	memcpy(&version, record->wire + 8, 8);
	CHECK(owner == i, "address %u has the record of %" PRIu64, i, owner);
	CHECK(version >= seen, "address %u: version %" PRIu64 " after %" PRIu64, i, version, seen);
	const struct record_wire want = record_of(i, version);

	CHECK(record->wire_len == want.len && memcmp(record->wire, want.bytes, want.len) == 0,
		"address %u version %" PRIu64 ": bytes of another record", i, version);
}

static void look_up(struct reader *r, const struct ptrd_table *table, unsigned i)
{
	/* Acquire: what the writer published before it acknowledged is there for the look-up. */
	const uint64_t seen = atomic_load_explicit(&acknowledged[i], memory_order_acquire);
	const struct address a = address_of(i);
	struct ptrd_record record;
	const uint32_t ref = a.ipv6 ? ptrd_table_find6(table, ptrd_key6(table, a.bytes), a.bytes)
				    : ptrd_table_find4(table, ptrd_key4(table, a.bytes[3]));

	if (ref == PTRD_REF_NONE) {
		CHECK(i >= ADDRESSES / 2, "address %u is bound and was not found", i);
		r->absent++;
		return;
	}
	CHECK(ptrd_table_record(table, ref, &record), "address %u: reference %x", i, ref);
	if (record.is_default) {
		r->defaults++;
		return;
	}
	check_record(&record, i, seen);
	r->records++;
}

static void *read_all_the_time(void *arg)
{
	struct reader *r = arg;
	uint32_t random = r->id;

	rte_rcu_qsbr_thread_register(qsbr, r->id);
	rte_rcu_qsbr_thread_online(qsbr, r->id);
	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		const struct ptrd_table *table
			= table_view(atomic_load_explicit(&current, memory_order_acquire));

		for (unsigned i = 0; i < BURST; i++) {
			random = random * 1664525u + 1013904223u;
			look_up(r, table, (random >> 16) % ADDRESSES);
		}
		atomic_fetch_add_explicit(&r->bursts, 1, memory_order_relaxed);
		if (random % 64 == 0) { /* as the main lcore does between messages */
			rte_rcu_qsbr_thread_offline(qsbr, r->id);
			sched_yield();
			rte_rcu_qsbr_thread_online(qsbr, r->id);
		} else {
			rte_rcu_qsbr_quiescent(qsbr, r->id);
		}
	}
	rte_rcu_qsbr_thread_offline(qsbr, r->id);
	rte_rcu_qsbr_thread_unregister(qsbr, r->id);
	return NULL;
}

static struct table *make_table(unsigned number)
{
	const struct table_shape shape
		= {.region = "torture", .generation = number, .eips = ADDRESSES, .cell_bytes = 1};
	char path[64];

	snprintf(path, sizeof(path), "/dev/shm/ptrd-torture.%d.%u", getpid(), number);
	struct table *t = table_create(path, &shape);
	CHECK(t != NULL, "%s", path);
	table_unlink(t); /* the mapping keeps it; nothing to clean up after an abort */
	return t;
}

static void reclaim(struct table *t, bool wait)
{
	const uint64_t token = table_oldest_token(t);

	if (token != 0 && rte_rcu_qsbr_check(qsbr, token, wait) == 1)
		table_reclaim(t, token);
}

/* A cell, after as many grace periods as it takes; 0 when the arena is too fragmented for it. */
static uint32_t cell(struct table *t, const struct address *a, const struct record_wire *record)
{
	uint32_t ref;

	while ((ref = table_cell_create(t, a, record)) == 0 && table_oldest_token(t) != 0)
		reclaim(t, true);
	return ref;
}

static uint32_t default_ref(struct table *t, const struct address *a)
{
	return a->ipv6 ? cell(t, a, NULL) : PTRD_REF_DEFAULT;
}

static bool bind(struct table *t, unsigned i)
{
	const struct address a = address_of(i);
	const uint32_t ref = default_ref(t, &a);

	if (ref == 0)
		return false;
	_Atomic uint64_t *slot = table_reserve(t, &a);
	CHECK(slot != NULL, "address %u", i);
	table_fill(t, slot, &a, ref);
	return true;
}

/* One change; false if it wants a new generation first. */
static bool change(struct table *t, bool *bound, uint64_t version, uint32_t random)
{
	const unsigned i = (random >> 16) % ADDRESSES;
	const struct address a = address_of(i);
	const struct record_wire record = record_of(i, version);
	uint32_t ref, old = PTRD_REF_NONE;

	if (!bound[i]) {
		if (!bind(t, i))
			return false;
		bound[i] = true;
	} else if (i >= ADDRESSES / 2 && version % 3 == 0) {
		old = table_remove(t, &a);
		bound[i] = false;
	} else {
		ref = version % 2 == 1 ? cell(t, &a, &record) : default_ref(t, &a);
		if (ref == 0)
			return false;
		old = table_replace(t, &a, ref);
	}
	table_retire(t, old, rte_rcu_qsbr_start(qsbr));
	/* Release: the acknowledgement comes after the store that it tells of. */
	atomic_store_explicit(&acknowledged[i], version, memory_order_release);
	return true;
}

static struct table *switch_generation(struct table *t, unsigned number)
{
	struct table *next = make_table(number);

	CHECK(table_copy(next, t), "generation %u", number);
	CHECK(table_eips(next) == table_eips(t), "generation %u", number);
	/* Release: the whole table is there for who sees the pointer. */
	atomic_store_explicit(&current, next, memory_order_release);
	/* Not rte_rcu_qsbr_synchronize(): that one is not inline, ThreadSanitizer would not see it. */
	rte_rcu_qsbr_check(qsbr, rte_rcu_qsbr_start(qsbr), true);
	table_close(t);
	return next;
}

static struct table *write_until(struct table *t, const struct reader *readers, uint64_t changes)
{
	bool bound[ADDRESSES] = {false}, busy = true;
	uint32_t random = 7;
	unsigned number = 0;

	for (unsigned i = 0; i < ADDRESSES / 2; i++)
		bound[i] = true;
	for (uint64_t version = 1; busy; version++) {
		random = random * 1664525u + 1013904223u;
		if (!change(t, bound, version, random) || version % SWITCH_EVERY == 0)
			t = switch_generation(t, ++number);
		if (version % 16 == 0)
			reclaim(t, false);
		busy = version < changes;
		for (unsigned i = 0; i < READERS; i++)
			busy |= atomic_load(&readers[i].bursts) < BURSTS_MIN;
	}
	return t;
}

int main(int argc, char **argv)
{
	const uint64_t changes = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
	struct reader readers[READERS] = {0};
	struct table *t = make_table(0);
	uint64_t records = 0, defaults = 0, absent = 0;

	qsbr = aligned_alloc(64, rte_rcu_qsbr_get_memsize(64));
	CHECK(qsbr != NULL && rte_rcu_qsbr_init(qsbr, 64) == 0, "qsbr");
	for (unsigned i = 0; i < ADDRESSES / 2; i++)
		CHECK(bind(t, i), "address %u", i);
	atomic_store(&current, t);
	for (unsigned i = 0; i < READERS; i++) {
		readers[i].id = i;
		CHECK(pthread_create(&readers[i].thread, NULL, read_all_the_time, &readers[i]) == 0,
			"%u", i);
	}
	t = write_until(t, readers, changes);
	atomic_store(&stop, true);
	for (unsigned i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		records += readers[i].records;
		defaults += readers[i].defaults;
		absent += readers[i].absent;
	}
	table_close(t);
	free(qsbr);
	printf("%" PRIu64 " changes, look-ups: %" PRIu64 " records, %" PRIu64 " defaults, %" PRIu64
	       " absent\n",
		changes, records, defaults, absent);
	/* Each kind was met: the test saw what it is about. */
	return records > 0 && defaults > 0 && absent > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
