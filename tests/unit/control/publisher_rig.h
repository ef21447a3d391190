/*
 * What the tests of the publisher share: a run directory, a dataplane as far as the node segment
 * shows it, and a reader of what is served. Functions fail the test where something is amiss.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <rte_rcu_qsbr.h>

#include <ptrd/node.h>
#include <ptrd/table.h>

#include "publisher.h"

/* Addresses of region "eu-demo". */
#define A1 0xcb007101u
#define A2 0xcb007102u

/* Of the running test. */
extern char run_dir[64];
int publisher_setup(void **state);
int publisher_teardown(void **state);

/* Holds the lock of the node segment, has one reader, applies on demand. */
struct dataplane {
	int fd;
	struct ptrd_node *node;
};
/* `fresh`: with a new segment. */
struct dataplane dataplane_start(bool fresh);
/* As SIGKILL would: the lock goes, the registered reader stays in the segment. */
void dataplane_kill(struct dataplane *d);
void apply(struct dataplane *d, uint64_t generation);

static inline struct rte_rcu_qsbr *qsbr(const struct dataplane *d)
{
	return (struct rte_rcu_qsbr *)d->node->qsbr;
}

/* A region of that name with 203.0.113.0/24. */
struct region_info info_of(const char *name);
struct address v4(uint32_t a);
/* A record that look_up() tells from others by `tag`. */
struct record_wire record_of(uint32_t tag);

/* A publisher that has started with no region. */
struct publisher *start(void);
/* Attaches "eu-demo" with one EIP, at serial 10; returns what publisher_commit() does. */
uint64_t attach_and_bind(struct publisher *p, uint32_t address);
/* One set in "eu-demo", in a transaction of its own that waits for nothing. */
void change(struct publisher *p, uint32_t address, uint32_t tag, uint32_t serial);
/* Fills FILLED addresses into a new table: with that record, or (`tag` 0) with the default PTR. */
#define FILLED 200
void fill(struct publisher *p, const char *region, uint32_t first, uint32_t tag);
/* Bytes of cells in use in the table of "eu-demo". */
uint64_t cells_used(const struct publisher *p);

/* The directory that stands, a new reference. */
json_t *directory(void);
uint64_t generation_on_disk(void);

/* The file that the directory names for a region, as a reader maps it. */
struct mapping {
	struct ptrd_table table;
	void *base;
	size_t size;
};
/*
 * False: the region is not in the directory. Both have to say that its settings are of the same
 * revision.
 */
bool map_served(struct mapping *m, const char *region);
void unmap(struct mapping *m);

/* -1: not bound, 0: default, else the record's tag. */
int64_t look_up(const struct ptrd_table *table, uint32_t address);
/* The same of a reader that maps the served file; -2: the region is not in the directory. */
int64_t served(const char *region, uint32_t address);

/* How many files of tables there are. */
unsigned table_files(void);
