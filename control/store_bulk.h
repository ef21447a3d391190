/*
 * Bulk: the store's changes for a whole import in one transaction, on a connection of its own, so
 * that the store can be read (not changed) meanwhile. Each EIP that changes is planned with what there is beside what there shall be; then all of a kind is written
 * in the order of its index, which takes a fraction of the time that single changes take.
 *
 *   store_bulk_open()
 *   store_begin()
 *   store_bulk_missing(), store_bulk_rows()   give the caller each EIP, who says store_bulk_plan()
 *   store_bulk_write()                        now the changes can be read on this connection
 *   store_commit()
 *   store_bulk_adopt()                        in the store's own thread
 *   store_bulk_close()                        undoes what is not committed
 *
 * What it returns is a struct store whose regions are the other one's, to be read with all of
 * store.h and changed with what is here alone. What does not fit into its cache goes to temporary
 * files beside the store, which have no names and so end with the process.
 */
#pragma once

#include "staging.h"

/* NULL: store_error(s) says why. `rows` is sealed. The audit names who and what it would of `s`. */
struct store *store_bulk_open(struct store *s, const struct staging *rows);
void store_bulk_close(struct store *b);

/* The store's revision is that of what the bulk has committed. */
void store_bulk_adopt(struct store *s, const struct store *b);

/*
 * A row with the EIP that is at its address; if none is, `eip` has the address alone. False stops,
 * which is no failure. What is given lives as long as the call.
 */
typedef bool bulk_row_fn(void *context, const struct staged_row *row, bool bound, struct eip *eip);

/* The rows that unbind, or the other ones, in order of address. */
bool store_bulk_rows(struct store *b, bool unbinds, bulk_row_fn *fn, void *context);

/* The EIPs of a region whose addresses have no row. */
bool store_bulk_missing(
	struct store *b, const struct region *region, store_eip_fn *fn, void *context);

/*
 * 1: the EIP still has its id after the import, 0: it has not. `whole`: EIPs without a row are unbound.
 */
int store_bulk_keeps_id(struct store *b, const struct eip *eip, bool whole);

/*
 * Takes the next revision for what there is (`eip`, if `bound`) to become this; NULL: not bound.
 * Only once for an address.
 */
bool store_bulk_plan(
	struct store *b, const struct eip *eip, bool bound, const struct eip_target *to);

/*
 * A project that has more PTRs than before the transaction, and than its quota; `quota` is the one
 * of projects that have none of their own, 0: no limit. 1: found, 0: there is none, -1: failure.
 */
struct bulk_excess {
	char project[PROJECT_MAX];
	uint64_t ptrs, quota;
};
int store_bulk_over_quota(struct store *b, uint64_t quota, struct bulk_excess *excess);

/* Writes what is planned. */
bool store_bulk_write(struct store *b);

/* True if that has failed because two EIPs of a region would have one id. */
bool store_bulk_id_twice(const struct store *b);
