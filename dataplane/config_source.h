/*
 * The configuration's text: which line a key stands in, and errors that say so. Main thread, at
 * start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cyaml/cyaml.h>
#include <yaml.h>

struct config_source {
	const char *path;
	uint8_t *text;
	size_t len;
	yaml_document_t document;
	bool has_document;
};

/* Reads the file and its YAML. Returns false after writing to standard error what is wrong. */
bool config_source_open(struct config_source *source, const char *path);
void config_source_close(struct config_source *source);

/* Reads the text by `schema` into `*data`. Returns false after writing an error. `config` must have
 * config_source_cyaml_log() as its log function. */
bool config_source_parse(const struct config_source *source, const cyaml_config_t *config,
	const cyaml_schema_value_t *schema, void **data);
void config_source_cyaml_log(cyaml_log_t level, void *context, const char *format, va_list values);

/* Line of the value at `key`, a path like "dataplane.ports.0.cores", counted from 1; 0 if it is
 * not there. */
unsigned config_source_line(const struct config_source *source, const char *key);

/* Writes "path:line: key: rule". The line is that of the nearest enclosing key that is there.
 * Always false. */
__attribute__((format(printf, 3, 4))) bool config_source_error(
	const struct config_source *source, const char *key, const char *format, ...);

/* True if the value at `key` is absent or one of YAML's words for true and false: cyaml takes
 * any other word for true. Writes an error otherwise. */
bool config_source_is_bool(const struct config_source *source, const char *key);

/* True if the path at `key` is NULL or absolute. Writes an error otherwise. */
bool config_source_absolute(const struct config_source *source, const char *path, const char *key);

/* A number: one that is not in the file gets its default, one that is must lie in the bounds.
 * Returns false after writing an error. */
bool config_number(const struct config_source *source, uint32_t *value, uint32_t by_default,
	uint32_t min, uint32_t max, const char *key);
