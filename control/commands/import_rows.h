/* Imports: what their methods share. */
#pragma once

#include "call.h"

/* Room for what a row says that is not the request's own text. */
struct row_texts {
	struct ptr_texts ptr;
};

/*
 * Reads one row, an object with
 *   {address, names, ttl?, description?, tags?, project?, id?}   bound, with this PTR
 *   {address, default: true, project?, id?}                      bound, with its default PTR
 *   {address, unbind: true}                                      not bound
 * by all the rules of eip.bind and ptr.set that do not need the other rows. `row` is a call whose
 * params are the row, and gets the refusal. Sets all but the place, and the region that it is in.
 */
bool import_row_read(struct call *row, const struct import *import, struct row_texts *texts,
	struct staged_row *staged, const struct region **region);

/* What a commit has done. An EIP that is bound with a PTR counts as bound and as set. */
struct import_figures {
	uint64_t bound, rebound, unbound, set, unset, unchanged;
};

/*
 * Makes the rows true, in the open transaction: in the store, and in the publisher. With a region
 * they become its whole content. Refuses the first row that is not to be had, with its place.
 */
bool import_apply(struct call *call, struct import *import, const struct region *whole,
	struct import_figures *figures);
