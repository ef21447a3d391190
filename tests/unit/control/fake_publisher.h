/*
 * A publisher for tests of what stands before it: it keeps the EIPs that it was given in a list,
 * undoes what is rolled back, and fails the test if a call breaks publisher.h's contract (a bind
 * of what is bound, a change of what is not, a change outside of a transaction).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "publisher.h"

struct fake_eip {
	char region[PTRD_TABLE_REGION_MAX];
	struct address address;
	bool has_record;
	struct record_wire record;
};

struct publisher {
	struct fake_eip *eips;
	size_t eips_count, eips_room;
	char regions[16][PTRD_TABLE_REGION_MAX];
	size_t regions_count;

	/* States to go back to: one for the transaction and one for each change in it. */
	struct fake_state *states;
	size_t states_count, states_room;
	bool in_transaction;

	unsigned commits;
	uint32_t serial; /* of the last commit */
	int fail_after;  /* changes until one fails with -ENOSPC; negative: none does */
	uint64_t next;   /* what publisher_commit() returns */
	uint64_t made;   /* what publisher_generation() returns */
	int unprepared;  /* times that publisher_prepare() fails from now on */
	volatile uint64_t
		*applied; /* where the dataplane's generation stands; NULL: applied always */
};

/* The EIP at that address, or NULL. */
const struct fake_eip *fake_find(const struct publisher *p, const char *address);
bool fake_has_region(const struct publisher *p, const char *region);
