/*
 * What the DNS engine says about regions: it compiles templates and zones for the dataplane, so it
 * is the judge of what may be stored, and it expands the default names that are shown. Pure
 * functions.
 */
#pragma once

#include <stdbool.h>

#include "publisher.h"
#include "validate.h"

#define ENGINE_ERROR_SIZE 256 /* bytes that an error text takes at most, NUL included */

/*
 * True if a template with a suffix gives a host name for every address of the family; else `error`
 * names the field, its value and the rule.
 */
bool engine_check_template(
	const char *text, const char *suffix, bool ipv6, char error[static ENGINE_ERROR_SIZE]);

/*
 * True if the dataplane will serve the region; else `error` names the field, its value and the
 * rule. A directory that it refuses would keep every later change of every region from being
 * served.
 */
bool engine_check_region(const struct region_info *info, char error[static ENGINE_ERROR_SIZE]);

/* Default name of an address of the region, as text with its final dot. False: it has none. */
bool engine_default_name(const struct region_info *info, const struct address *address,
	char name[static NAME_TEXT_MAX]);
