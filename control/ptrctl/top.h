/*
 * What a node does now: rates between two replies to node.stats.
 */
#pragma once

#include <stdio.h>

#include <jansson.h>

/*
 * Writes lines for people. `before` is the earlier reply, or NULL: rates since the start are not
 * known then, and shown as "-".
 */
void top_format(FILE *out, const json_t *before, const json_t *now);
