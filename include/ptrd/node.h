/*
 * Node segment: how the two processes of one node meet. A file in the run directory, mapped shared
 * and writable by both. The dataplane makes it and holds a write lock (F_OFD_SETLK, whole file) on
 * it while it lives; the control process asks for that lock's holder (F_OFD_GETLK) and counts a
 * dataplane that is gone as quiescent and as having applied everything.
 *
 * The file outlives the dataplane that made it. A new dataplane first takes the lock, then clears
 * the readers that its predecessor left registered, then reads the directory, in that order:
 * between death and lock nobody holds a reference, and after the lock no freed cell can be found
 * any more.
 */
#pragma once

#include <assert.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <ptrd/outcome.h>

/* The name holds the layout version: daemons of different layouts never share a segment. */
#define PTRD_NODE_FILE "node.5" /* in the run directory */
#define PTRD_NODE_MAGIC UINT64_C(0x353045444f4e5450)

/* Readers of the tables: number 0 is the main lcore, workers follow. */
#define PTRD_READERS_MAX 64
#define PTRD_QSBR_SIZE 4352 /* rte_rcu_qsbr_get_memsize(PTRD_READERS_MAX) of DPDK 22.11 is 4288 */

/* Counters of one reader, on cache lines of its own. That reader: wo (relaxed), others: ro. */
struct ptrd_counters {
	alignas(64) _Atomic uint64_t outcome[PTRD_OUTCOME_COUNT];
	_Atomic uint64_t event[PTRD_EVENT_COUNT];
	/* Of the time stamp counter, in all turns of a worker's loop and in those that had frames:
	 * the ratio of two differences is the worker's load. Main lcore: 0. */
	_Atomic uint64_t cycles, busy_cycles;
};

/* What a reader is, for people. Written before `readers` counts it. dataplane: wo, control: ro */
#define PTRD_PORT_NAME_MAX 64
struct ptrd_reader {
	uint32_t cpu;                  /* that its lcore runs on */
	uint32_t queue;                /* of its port */
	char port[PTRD_PORT_NAME_MAX]; /* "" for the main lcore, which has none */
};

/* Adds to a counter that only this thread writes: no locked instruction. */
static inline void ptrd_count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
		memory_order_relaxed);
}

struct ptrd_node {
	/* Written once by the dataplane before the file gets its name. */
	uint64_t magic;
	uint64_t size; /* bytes of the file */

	/* Process that holds the lock, 0 after a clean stop. For people; the lock is the truth.
	 * dataplane: wo, control: ro */
	_Atomic uint64_t pid;
	/* Wall clock of that process's start, in seconds. dataplane: wo, control: ro */
	_Atomic uint64_t started;
	/* Readers in use, the main lcore included. dataplane: wo (release), control: ro (acquire) */
	_Atomic uint32_t readers;

	/* Directory generation that every reader answers from. dataplane: wo (release, after
	 * its readers have passed a quiescent state since the switch), control: ro (acquire).
	 * Without the pair the control process could reuse the memory of the old generation
	 * while a reader still looks at it. */
	alignas(64) _Atomic uint64_t applied_generation;

	/* struct rte_rcu_qsbr. Its token is written by both processes (rte_rcu_qsbr_start()), each
	 * thread's counter by that thread alone. */
	alignas(64) uint8_t qsbr[PTRD_QSBR_SIZE];

	struct ptrd_counters counters[PTRD_READERS_MAX];
	struct ptrd_reader reader[PTRD_READERS_MAX];
};
static_assert(sizeof(struct ptrd_counters) % 64 == 0, "no two readers share a cache line");
static_assert(offsetof(struct ptrd_node, applied_generation) == 64, "layout");
static_assert(offsetof(struct ptrd_node, qsbr) == 128, "layout");
static_assert(offsetof(struct ptrd_node, counters) == 128 + PTRD_QSBR_SIZE, "layout");
