#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "csv.h"
#include "reader.h"
#include "tag_text.h"

struct reader_csv {
	struct source *source;
	struct csv_record record;
	const struct column *columns[CSV_FIELDS_MAX];
	unsigned count; /* of columns; 0: the header has not been read */
};

/* A cell that is not empty, into the row's members. False: the row says why not. */
static bool put_text(struct row *row, const char *name, const char *text);
static bool put_names(struct row *row, const char *name, const char *text);
static bool put_ttl(struct row *row, const char *name, const char *text);
static bool put_tags(struct row *row, const char *name, const char *text);

static const struct column {
	const char *name;
	bool (*put)(struct row *row, const char *name, const char *text);
} columns[] = {
	{"address", put_text},
	{"project", put_text},
	{"id", put_text},
	{"names", put_names},
	{"ttl", put_ttl},
	{"description", put_text},
	{"tags", put_tags},
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define COLUMN_NAMES "address, project, id, names, ttl, description, tags"

struct reader_csv *reader_csv_open(struct source *source)
{
	struct reader_csv *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return NULL;
	reader->source = source;
	reader->record.text = malloc(ROW_TEXT_MAX + 1);
	if (reader->record.text == NULL) {
		free(reader);
		return NULL;
	}
	return reader;
}

void reader_csv_close(struct reader_csv *reader)
{
	if (reader == NULL)
		return;
	free(reader->record.text);
	free(reader);
}

static bool put(struct row *row, const char *name, json_t *value)
{
	if (json_object_set_new(row->members, name, value) == 0)
		return true;
	row_refuse(row, PTRD_ERR_INVALID_REQUEST, name, "is not UTF-8 text");
	return false;
}

static bool put_text(struct row *row, const char *name, const char *text)
{
	return put(row, name, json_string(text));
}

static bool put_names(struct row *row, const char *name, const char *text)
{
	json_t *names = json_array();

	while (*(text += strspn(text, " ")) != '\0') {
		const size_t len = strcspn(text, " ");

		if (json_array_append_new(names, json_stringn(text, len)) < 0) {
			json_decref(names);
			return put(row, name, NULL);
		}
		text += len;
	}
	return put(row, name, names);
}

static bool put_ttl(struct row *row, const char *name, const char *text)
{
	char *end;

	errno = 0;
	const long long ttl = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || strspn(text, "-0123456789") != strlen(text)) {
		row_refuse(row, PTRD_ERR_INVALID_TTL, name, "%s is not a whole number",
			ROW_QUOTE(text));
		return false;
	}
	return put(row, name, json_integer(ttl));
}

static bool put_tags(struct row *row, const char *name, const char *text)
{
	const char *error;
	json_t *tags = tag_text_parse(text, &error);

	if (tags != NULL)
		return put(row, name, tags);
	row_refuse(row, PTRD_ERR_INVALID_TAG_KEY, name, "%s: %s", ROW_QUOTE(text), error);
	return false;
}

/*
 * Scans the next record. What is wrong with it costs its first line only: a quote too many does not
 * take the lines behind it along.
 */
static enum row_result scan(struct reader_csv *reader, struct row *row)
{
	struct source *source = reader->source;
	enum csv_result result;

	row->line = source->line;
	do {
		result = csv_scan(source_text(source), source->len, source->end, &reader->record);
	} while (result == CSV_MORE && (source_more(source) || source->end));
	if (source->len == 0 || source->error != 0)
		return source_ended(source, row);
	if (result == CSV_RECORD) {
		source_take(source, reader->record.len);
		return ROW_GOOD;
	}
	source_take_line(source);
	if (result == CSV_MORE)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL,
			"the row is longer than %d bytes, or a quoted field in it is not closed",
			ROW_TEXT_MAX);
	return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL, "%s", reader->record.error);
}

static bool is_empty(const struct csv_record *record)
{
	return record->count == 1 && *record->fields[0] == '\0';
}

static const struct column *find_column(const char *name)
{
	for (size_t i = 0; i < COLUMNS; i++)
		if (strcasecmp(columns[i].name, name) == 0)
			return &columns[i];
	return NULL;
}

static bool has_column(const struct reader_csv *reader, const struct column *column)
{
	for (unsigned i = 0; i < reader->count; i++)
		if (reader->columns[i] == column)
			return true;
	return false;
}

/* A file whose columns are not known has no rows at all. */
static enum row_result read_header(struct reader_csv *reader, struct row *row)
{
	enum row_result result = scan(reader, row);

	if (result == ROW_END)
		return row_fail(row,
			"is empty: the first line has to name the columns, "
			"such as: address,names,ttl");
	if (result == ROW_BAD)
		return ROW_FAILED;
	for (unsigned i = 0; result == ROW_GOOD && i < reader->record.count; i++) {
		const char *name = reader->record.fields[i];
		const struct column *column = find_column(name);

		if (column == NULL)
			result = row_fail(row, "the first line: %s is no column; there are: %s",
				ROW_QUOTE(name), COLUMN_NAMES);
		else if (has_column(reader, column))
			result = row_fail(row, "the first line: column %s is there twice", name);
		reader->columns[reader->count++] = column;
	}
	if (result == ROW_GOOD && !has_column(reader, find_column("address")))
		return row_fail(row, "the first line: there is no column address");
	return result;
}

static enum row_result convert(const struct reader_csv *reader, struct row *row)
{
	const struct csv_record *record = &reader->record;

	if (record->count != reader->count)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL,
			"the row has %u fields, the first line names %u", record->count,
			reader->count);
	row->members = json_object();
	for (unsigned i = 0; i < record->count; i++) {
		const struct column *column = reader->columns[i];

		if (*record->fields[i] != '\0') {
			if (!column->put(row, column->name, record->fields[i]))
				return ROW_BAD;
		} else if (column->put == put_names) {
			json_object_set_new(row->members, "default", json_true());
		}
	}
	return ROW_GOOD;
}

enum row_result reader_csv_next(struct reader_csv *reader, struct row *row)
{
	enum row_result result;

	row_clear(row);
	if (reader->count == 0 && (result = read_header(reader, row)) != ROW_GOOD)
		return result;
	do {
		result = scan(reader, row);
	} while (result == ROW_GOOD && is_empty(&reader->record));
	return result == ROW_GOOD ? convert(reader, row) : result;
}
