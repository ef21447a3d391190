/* Load: fills region tables from the store. */
#pragma once

#include "commands/call.h"

/*
 * At start: gives the publisher every attached region with all its EIPs and starts to serve them.
 * Returns false after writing to standard error why.
 */
bool load_all(struct control *control);

/* Within a transaction: a region becomes attached with all its EIPs. False with `why` set. */
bool load_attached(struct control *control, const struct region *region, struct refusal *why);

/*
 * Within a transaction: an attached region gets a new table with all the EIPs that the store has
 * now, and all of them are served at once. False with `why` set.
 */
bool load_replaced(struct control *control, const struct region *region, struct refusal *why);

/*
 * Within a transaction in which the store has moved `prefix`: so have the tables. The regions are
 * as they are afterwards. False with `why` set.
 */
bool load_moved(struct control *control, const struct region *from, const struct region *to,
	const struct prefix *prefix, struct refusal *why);
