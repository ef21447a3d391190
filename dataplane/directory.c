#include "directory.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>

#include <jansson.h>

#include <ptrd/directory.h>
#include <ptrd/table.h>

#define REGIONS_MAX 65536
#define PATH_LEN_MAX 4095
#define PREFIX_LEN_MAX 64

/* An object being read, with a sticky error: fields are asked for in a row and the error is
 * checked once. A field that is missing or of a wrong type gives an empty value. */
struct reader {
	const json_t *object;
	char where[128]; /* of the object, for errors */
	char *error;     /* set by the first failure; DIRECTORY_ERROR_SIZE bytes */
};

__attribute__((format(printf, 3, 4))) static void complain(
	struct reader *reader, const char *key, const char *format, ...)
{
	char rule[256];
	va_list values;

	if (reader->error[0] != '\0')
		return;
	va_start(values, format);
	(void)vsnprintf(rule, sizeof(rule), format, values);
	va_end(values);
	(void)snprintf(reader->error, DIRECTORY_ERROR_SIZE, "%s: %s: %s", reader->where, key, rule);
}

static const json_t *field(struct reader *reader, const char *key)
{
	const json_t *value = json_object_get(reader->object, key);

	if (value == NULL)
		complain(reader, key, "missing");
	return value;
}

/* Text of 1 to `max` bytes; a NUL inside cannot come: jansson refuses it. */
static const char *text_of(struct reader *reader, const char *key, const json_t *value, size_t max)
{
	if (value == NULL)
		return "";
	if (!json_is_string(value)) {
		complain(reader, key, "must be a string");
		return "";
	}
	const size_t len = json_string_length(value);
	if (len == 0 || len > max)
		complain(reader, key, "must have 1 to %zu characters, has %zu", max, len);
	return json_string_value(value);
}

static const char *text(struct reader *reader, const char *key, size_t max)
{
	return text_of(reader, key, field(reader, key), max);
}

static uint64_t number(struct reader *reader, const char *key, uint64_t max)
{
	const json_t *value = field(reader, key);

	if (value == NULL)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0
		|| (uint64_t)json_integer_value(value) > max) {
		complain(reader, key, "must be a whole number from 0 to %" PRIu64, max);
		return 0;
	}
	return (uint64_t)json_integer_value(value);
}

static uint32_t number32(struct reader *reader, const char *key)
{
	return (uint32_t)number(reader, key, UINT32_MAX);
}

/* A text that may be absent: NULL then. */
static const char *optional_text(struct reader *reader, const char *key, size_t max)
{
	const json_t *value = json_object_get(reader->object, key);

	return value != NULL ? text_of(reader, key, value, max) : NULL;
}

/* Array of 1 to `max` texts. Returns the caller's to free, or NULL with the error set. */
static const char *const *texts(
	struct reader *reader, const char *key, size_t max, size_t text_max, unsigned *count)
{
	const json_t *array = field(reader, key);
	const size_t n = json_array_size(array);

	*count = 0;
	if (array == NULL)
		return NULL;
	if (!json_is_array(array) || n == 0 || n > max) {
		complain(reader, key, "must be an array of 1 to %zu strings", max);
		return NULL;
	}
	const char **list = calloc(n, sizeof(*list));
	if (list == NULL) {
		complain(reader, key, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < n; i++)
		list[i] = text_of(reader, key, json_array_get(array, i), text_max);
	*count = (unsigned)n;
	return list;
}

static struct reader nested(struct reader *reader, const char *key)
{
	struct reader inner = {.object = field(reader, key), .error = reader->error};

	(void)snprintf(inner.where, sizeof(inner.where), "%.100s: %s", reader->where, key);
	if (inner.object != NULL && !json_is_object(inner.object))
		complain(reader, key, "must be an object");
	return inner;
}

static void read_soa(struct reader *reader, struct dns_region_spec *spec)
{
	struct reader soa = nested(reader, "soa");

	spec->soa_mname = text(&soa, "mname", PTRD_NAME_WIRE_MAX * 4);
	spec->soa_rname = text(&soa, "rname", PTRD_NAME_WIRE_MAX * 4);
	spec->soa_refresh = number32(&soa, "refresh");
	spec->soa_retry = number32(&soa, "retry");
	spec->soa_expire = number32(&soa, "expire");
	spec->soa_minimum = number32(&soa, "minimum");
	spec->soa_ttl = number32(&soa, "ttl");
}

static void read_ns(struct reader *reader, struct dns_region_spec *spec)
{
	struct reader ns = nested(reader, "ns");

	spec->ns_names = texts(
		&ns, "names", PTRD_REGION_NS_MAX, PTRD_NAME_WIRE_MAX * 4, &spec->ns_names_count);
	spec->ns_ttl = number32(&ns, "ttl");
}

/* Names of other servers are not needed where the customer's zone is not below one of ours. */
static void read_delegation(struct reader *reader, struct dns_delegation_spec *delegation)
{
	delegation->prefix = text(reader, "prefix", PREFIX_LEN_MAX);
	delegation->name = text(reader, "name", PTRD_NAME_WIRE_MAX * 4);
	const json_t *ns = json_object_get(reader->object, "ns");
	if (ns != NULL && !(json_is_array(ns) && json_array_size(ns) == 0))
		delegation->ns = texts(reader, "ns", PTRD_REGION_NS_MAX, PTRD_NAME_WIRE_MAX * 4,
			&delegation->ns_count);
}

static void read_delegations(struct reader *reader, struct dns_region_spec *spec)
{
	const json_t *array = json_object_get(reader->object, "delegations");
	const size_t n = json_array_size(array);

	if (array == NULL || (json_is_array(array) && n == 0))
		return;
	if (!json_is_array(array) || n > PTRD_REGION_DELEGATIONS_MAX) {
		complain(reader, "delegations", "must be an array of at most %d objects",
			PTRD_REGION_DELEGATIONS_MAX);
		return;
	}
	struct dns_delegation_spec *list = calloc(n, sizeof(*list));
	if (list == NULL) {
		complain(reader, "delegations", "out of memory");
		return;
	}
	spec->delegations = list;
	spec->delegations_count = (unsigned)n;
	for (size_t i = 0; i < n && reader->error[0] == '\0'; i++) {
		struct reader inner = {.object = json_array_get(array, i), .error = reader->error};

		(void)snprintf(inner.where, sizeof(inner.where), "%.80s: delegation %zu",
			reader->where, i + 1);
		if (!json_is_object(inner.object))
			complain(&inner, "value", "must be an object");
		read_delegation(&inner, &list[i]);
	}
}

static bool read_unbound(struct reader *reader)
{
	const char *value = text(reader, "unbound", 16);

	if (strcmp(value, "default") == 0)
		return true;
	if (strcmp(value, "nxdomain") != 0)
		complain(reader, "unbound", "must be \"nxdomain\" or \"default\"");
	return false;
}

static void read_region(struct reader *reader, struct directory_region *region)
{
	struct dns_region_spec *spec = &region->spec;

	spec->name = text(reader, "name", PTRD_TABLE_REGION_MAX - 1);
	if (spec->name[0] != '\0')
		(void)snprintf(reader->where, sizeof(reader->where), "region %s", spec->name);
	region->table = text(reader, "table", PATH_LEN_MAX);
	if (region->table[0] != '/')
		complain(reader, "table", "must be an absolute path");
	spec->prefixes = texts(reader, "prefixes", PTRD_REGION_PREFIXES_MAX, PREFIX_LEN_MAX,
		&spec->prefixes_count);
	spec->suffix = text(reader, "suffix", PTRD_NAME_WIRE_MAX * 4);
	spec->default_name = text(reader, "default_name", PTRD_TEMPLATE_MAX);
	spec->default_name6 = optional_text(reader, "default_name6", PTRD_TEMPLATE_MAX);
	spec->rfc2317 = optional_text(reader, "rfc2317", PTRD_NAME_WIRE_MAX * 4);
	spec->revision = number(reader, "revision", INT64_MAX);
	spec->default_ttl = number32(reader, "default_ttl");
	spec->unbound_default = read_unbound(reader);
	read_soa(reader, spec);
	read_ns(reader, spec);
	read_delegations(reader, spec);
}

static void read_regions(struct reader *top, struct directory *directory)
{
	const json_t *array = field(top, "regions");
	const size_t n = json_array_size(array);

	if (array == NULL)
		return;
	if (!json_is_array(array) || n > REGIONS_MAX) {
		complain(top, "regions", "must be an array of at most %d objects", REGIONS_MAX);
		return;
	}
	directory->regions = calloc(n + 1, sizeof(*directory->regions));
	if (directory->regions == NULL) {
		complain(top, "regions", "out of memory");
		return;
	}
	for (size_t i = 0; i < n && top->error[0] == '\0'; i++) {
		struct reader reader = {.object = json_array_get(array, i), .error = top->error};

		(void)snprintf(reader.where, sizeof(reader.where), "region %zu", i + 1);
		if (!json_is_object(reader.object))
			complain(&reader, "value", "must be an object");
		directory->count++;
		read_region(&reader, &directory->regions[i]);
	}
}

static void read_document(struct directory *directory, char *error)
{
	struct reader top = {.object = directory->document, .where = "directory", .error = error};

	if (!json_is_object(top.object)) {
		complain(&top, "value", "must be an object");
		return;
	}
	if (number(&top, "format", INT64_MAX) != PTRD_DIRECTORY_FORMAT)
		complain(&top, "format", "must be %d: written by another version of ptrd-control",
			PTRD_DIRECTORY_FORMAT);
	directory->generation = number(&top, "generation", INT64_MAX);
	if (directory->generation == 0)
		complain(&top, "generation", "must be at least 1");
	read_regions(&top, directory);
}

int directory_read(struct directory *directory, const char *path, char error[DIRECTORY_ERROR_SIZE])
{
	json_error_t syntax;

	*directory = (struct directory){0};
	error[0] = '\0';
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		const int saved = errno;
		(void)snprintf(error, DIRECTORY_ERROR_SIZE, "%s: %s", path, strerror(saved));
		return -saved;
	}
	directory->document = json_loadfd(fd, JSON_REJECT_DUPLICATES, &syntax);
	close(fd);
	if (directory->document == NULL) {
		(void)snprintf(
			error, DIRECTORY_ERROR_SIZE, "line %d: %s", syntax.line, syntax.text);
		return -EINVAL;
	}
	read_document(directory, error);
	if (error[0] != '\0') {
		directory_free(directory);
		return -EINVAL;
	}
	return 0;
}

/* The lists of a specification are constant to all but this file. */
static void free_list(const void *list)
{
	free((void *)(uintptr_t)list);
}

static void free_spec(const struct dns_region_spec *spec)
{
	for (unsigned i = 0; i < spec->delegations_count; i++)
		free_list(spec->delegations[i].ns);
	free_list(spec->delegations);
	free_list(spec->prefixes);
	free_list(spec->ns_names);
}

void directory_free(struct directory *directory)
{
	for (unsigned i = 0; i < directory->count; i++)
		free_spec(&directory->regions[i].spec);
	free(directory->regions);
	json_decref(directory->document);
	*directory = (struct directory){0};
}
