/* Description of a region: parameters of region.create in, the normalized description out. */
#pragma once

#include "call.h"

/*
 * Checks what a region is made of and fills in every default. Returns a new reference, or NULL with
 * call->why set. Whether its prefixes are free is not looked at.
 */
json_t *region_spec(struct call *call);
