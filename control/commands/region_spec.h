/* Description of a region: parameters of region.create in, the normalized description out. */
#pragma once

#include "call.h"

/*
 * Checks what a region is made of and fills in every default. Returns a new reference, or NULL with
 * call->why set. Whether its prefixes and names are free is not looked at.
 */
json_t *region_spec(struct call *call);

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
