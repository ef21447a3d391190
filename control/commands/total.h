/* Totals of lists that have been counted, for as long as nothing changes. */
#pragma once

#include "call.h"

/*
 * Writes into `key` what a list is narrowed to, its page left out. False: no memory, or the store
 * is in the middle of changes, of which nothing may be kept.
 */
bool total_key(const struct call *call, struct total *key);

/* The total of that list at the store's revision; false if it is not kept. */
bool total_find(const struct control *control, const struct total *key, uint64_t *count);

/* Keeps one, in place of the oldest. */
void total_keep(struct control *control, const struct total *key, uint64_t count);
