/*
 * The configuration's dataplane.dns: its schema and its rules. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <cyaml/cyaml.h>

#include <ptrd/config.h>

#include "config_source.h"

extern const cyaml_schema_field_t config_dns_fields[]; /* of struct ptrd_config_dns */

/* Fills in defaults, and checks what the schema cannot say; there are `workers` workers. Returns
 * false after writing every error. */
bool config_dns_check(
	const struct config_source *source, struct ptrd_config_dns *dns, unsigned workers);

/* ptrd_config_limiters_max() of a host with that many bytes of memory. */
uint64_t config_limiters_max(uint64_t memory);
