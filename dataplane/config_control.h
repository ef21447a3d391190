/*
 * The configuration's control: its schema and its rules. Main thread.
 */
#pragma once

#include <stdbool.h>

#include <cyaml/cyaml.h>

#include <ptrd/config.h>

#include "config_source.h"

extern const cyaml_schema_field_t config_control_fields[]; /* of struct ptrd_config_control */

/* Fills in defaults, and checks what the schema cannot say. Returns false after writing every
 * error. */
bool config_control_check(const struct config_source *source, struct ptrd_config *config);
