/*
 * Description of a region: parameters of region.create in, the normalized description out; and
 * whether such a region may be among the others.
 */
#pragma once

#include "call.h"

/*
 * Checks what a region is made of and fills in every default. Returns a new reference, or NULL with
 * call->why set. Whether its prefixes and names are free is not looked at. A new region has at
 * least one prefix, one whose prefixes have moved away may have none.
 */
json_t *region_spec(struct call *call, size_t prefixes_min);

/*
 * True if no other region has an address or a zone of `region`, and the dataplane will serve it;
 * else call->why is set. It takes the place of the stored region of its name, if there is one.
 * `other` (or NULL) does so at the same time.
 */
bool region_check(struct call *call, const struct region *region, const struct region *other);

/*
 * The description that a stored region gets when the members of `changes` (parameters of
 * region.create) take the place of its own. NULL with call->why set.
 */
json_t *region_respec(
	struct call *call, const struct region *region, const json_t *changes, size_t prefixes_min);

/*
 * Parts of it: each adds its member to `spec`, whose prefixes are there. False with call->why set.
 */
bool put_rfc2317(struct call *call, json_t *spec);
bool put_delegations(struct call *call, json_t *spec);

/*
 * The names of 1 to 13 name servers, a set: equal ones count once. `given` is parameter `field`;
 * they go to `names` in canonical form.
 */
bool put_host_names(struct call *call, const char *field, const json_t *given, json_t *names);

/* True if one of two canonical names is at or below the other one, and both are in the reverse
 * tree. */
bool names_nested(const char *a, const char *b);
