#include "config_source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define TEXT_MAX (1024 * 1024)

/* What cyaml has to say about one error: a message, then one line for each level of nesting,
 * inmost first. */
static struct {
	char message[256];
	unsigned line;
	char keys[8][64]; /* of the nesting, inmost first */
	unsigned keys_count;
} complaint;

static void write_error(
	const struct config_source *source, unsigned line, const char *key, const char *rule)
{
	if (line > 0)
		(void)fprintf(stderr, "%s:%u: ", source->path, line);
	else
		(void)fprintf(stderr, "%s: ", source->path);
	(void)fprintf(stderr, "%s%s%s\n", key, key[0] != '\0' ? ": " : "", rule);
}

/* Reads at most one byte more than TEXT_MAX. Returns the length, or -1 with errno. */
static ssize_t read_all(int fd, uint8_t *text)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len <= TEXT_MAX && n > 0) {
		n = read(fd, text + len, TEXT_MAX + 1 - len);
		if (n > 0)
			len += (size_t)n;
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	return n < 0 ? -1 : (ssize_t)len;
}

static bool read_text(struct config_source *source)
{
	const int fd = open(source->path, O_RDONLY | O_CLOEXEC);

	source->text = malloc(TEXT_MAX + 1);
	const ssize_t len = fd >= 0 && source->text != NULL ? read_all(fd, source->text) : -1;
	const int saved = errno;
	if (fd >= 0)
		close(fd);
	if (len < 0) {
		write_error(source, 0, "", strerror(saved));
		return false;
	}
	if (len > TEXT_MAX) {
		write_error(source, 0, "", "longer than 1 MiB: this is no configuration");
		return false;
	}
	source->len = (size_t)len;
	return true;
}

static bool parse_yaml(struct config_source *source)
{
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser)) {
		write_error(source, 0, "", "out of memory");
		return false;
	}
	yaml_parser_set_input_string(&parser, source->text, source->len);
	source->has_document = yaml_parser_load(&parser, &source->document);
	if (!source->has_document)
		write_error(source, (unsigned)parser.problem_mark.line + 1, "not YAML",
			parser.problem != NULL ? parser.problem : "unreadable");
	yaml_parser_delete(&parser);
	if (source->has_document && yaml_document_get_root_node(&source->document) == NULL) {
		write_error(
			source, 0, "", "empty: scripts/ptrd.yaml.example shows what belongs there");
		return false;
	}
	return source->has_document;
}

bool config_source_open(struct config_source *source, const char *path)
{
	*source = (struct config_source){.path = path};
	if (read_text(source) && parse_yaml(source))
		return true;
	config_source_close(source);
	return false;
}

void config_source_close(struct config_source *source)
{
	if (source->has_document)
		yaml_document_delete(&source->document);
	free(source->text);
	*source = (struct config_source){0};
}

/* The document is only read, but libyaml's functions want it writable. */
static yaml_document_t *document_of(const struct config_source *source)
{
	return (yaml_document_t *)(uintptr_t)&source->document;
}

/* The child of `node` that `name` of `len` characters names: a key, or the place in a sequence. */
static const yaml_node_t *child(
	yaml_document_t *document, const yaml_node_t *node, const char *name, size_t len)
{
	if (node->type == YAML_SEQUENCE_NODE) {
		const yaml_node_item_t *item
			= node->data.sequence.items.start + strtoul(name, NULL, 10);

		return item < node->data.sequence.items.top
			? yaml_document_get_node(document, *item)
			: NULL;
	}
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);

		if (key->type == YAML_SCALAR_NODE && key->data.scalar.length == len
			&& memcmp(key->data.scalar.value, name, len) == 0)
			return yaml_document_get_node(document, pair->value);
	}
	return NULL;
}

/* Node at `key`, or NULL with the nearest enclosing one in `*nearest`. */
static const yaml_node_t *find(
	const struct config_source *source, const char *key, const yaml_node_t **nearest)
{
	yaml_document_t *document = document_of(source);
	const yaml_node_t *node = yaml_document_get_root_node(document);

	while (node != NULL && *key != '\0') {
		const size_t len = strcspn(key, ".");

		*nearest = node;
		node = child(document, node, key, len);
		key += len + (key[len] == '.' ? 1 : 0);
	}
	if (node != NULL)
		*nearest = node;
	return node;
}

unsigned config_source_line(const struct config_source *source, const char *key)
{
	const yaml_node_t *nearest = NULL;
	const yaml_node_t *node = find(source, key, &nearest);

	return node != NULL ? (unsigned)node->start_mark.line + 1 : 0;
}

bool config_source_error(
	const struct config_source *source, const char *key, const char *format, ...)
{
	const yaml_node_t *nearest = NULL;
	char rule[512];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(rule, sizeof(rule), format, values);
	va_end(values);
	(void)find(source, key, &nearest);
	write_error(
		source, nearest != NULL ? (unsigned)nearest->start_mark.line + 1 : 0, key, rule);
	return false;
}

bool config_source_is_bool(const struct config_source *source, const char *key)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};
	const yaml_node_t *nearest = NULL;
	const yaml_node_t *node = find(source, key, &nearest);

	if (node == NULL)
		return true;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (node->type == YAML_SCALAR_NODE
			&& strcasecmp((const char *)node->data.scalar.value, words[i]) == 0)
			return true;
	return config_source_error(source, key, "must be true or false");
}

bool config_source_absolute(const struct config_source *source, const char *path, const char *key)
{
	return path == NULL || path[0] == '/'
		|| config_source_error(source, key, "must be an absolute path, is \"%s\"", path);
}

bool config_number(const struct config_source *source, uint32_t *value, uint32_t by_default,
	uint32_t min, uint32_t max, const char *key)
{
	if (config_source_line(source, key) == 0)
		*value = by_default;
	if (*value >= min && *value <= max)
		return true;
	return config_source_error(
		source, key, "must be %" PRIu32 " to %" PRIu32 ", is %" PRIu32, min, max, *value);
}

void config_source_cyaml_log(cyaml_log_t level, void *context, const char *format, va_list values)
{
	char text[256], key[64];
	unsigned line;

	(void)level;
	(void)context;
	(void)vsnprintf(text, sizeof(text), format, values);
	text[strcspn(text, "\n")] = '\0';
	const bool field = sscanf(text, "  in mapping field '%63[^']' (line: %u", key, &line) == 2;
	if (!field && sscanf(text, "  in sequence entry '%63[^']' (line: %u", key, &line) != 2) {
		if (complaint.message[0] == '\0') {
			const char *message = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;

			memcpy(complaint.message, message, strlen(message) + 1);
		} else if (sscanf(text, "  in mapping (line: %u", &line) == 1
			&& complaint.line == 0) {
			complaint.line = line;
		}
		return;
	}
	if (complaint.line == 0)
		complaint.line = line;
	/* It counts entries from 1, our paths from 0. */
	const unsigned long entry = field ? 0 : strtoul(key, NULL, 10);
	if (entry > 0)
		(void)snprintf(key, sizeof(key), "%lu", entry - 1);
	if (complaint.keys_count < sizeof(complaint.keys) / sizeof(complaint.keys[0]))
		memcpy(complaint.keys[complaint.keys_count++], key, sizeof(key));
}

/* Line of an unknown key: cyaml only knows where the one before ends. */
static unsigned line_of_name(const struct config_source *source, const char *name, unsigned from)
{
	yaml_document_t *document = document_of(source);
	const yaml_node_t *node;

	for (int i = 1; (node = yaml_document_get_node(document, i)) != NULL; i++)
		if (node->type == YAML_SCALAR_NODE && node->start_mark.line + 1 >= from
			&& strcmp((const char *)node->data.scalar.value, name) == 0)
			return (unsigned)node->start_mark.line + 1;
	return from;
}

bool config_source_parse(const struct config_source *source, const cyaml_config_t *config,
	const cyaml_schema_value_t *schema, void **data)
{
	static const char unexpected[] = "Unexpected key: ";
	char path[512] = "";

	memset(&complaint, 0, sizeof(complaint));
	const cyaml_err_t err
		= cyaml_load_data(source->text, source->len, config, schema, data, NULL);
	if (err == CYAML_OK)
		return true;
	for (unsigned i = complaint.keys_count; i-- > 0;) {
		(void)strncat(path, complaint.keys[i], sizeof(path) - strlen(path) - 2);
		(void)strcat(path, i > 0 ? "." : "");
	}
	if (strncmp(complaint.message, unexpected, sizeof(unexpected) - 1) == 0)
		complaint.line = line_of_name(
			source, complaint.message + sizeof(unexpected) - 1, complaint.line);
	write_error(source, complaint.line, path,
		complaint.message[0] != '\0' ? complaint.message : cyaml_strerror(err));
	return false;
}
