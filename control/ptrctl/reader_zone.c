#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reader.h"
#include "zone_line.h"
#include "zone_name.h"
#include "zone_rows.h"

struct reader_zone {
	struct source *source;
	struct zone_rows *rows; /* NULL while the file is only looked at */
	struct zone_line line;
	char *record; /* a line put together anew, for ldns */
	ldns_rdf *origin;
	struct zone_name below; /* the same; it and the next may be none */
	struct zone_name owner; /* the last that a line has; none: it is not known */
	bool has_default_ttl, has_last_ttl;
	uint32_t default_ttl; /* of $TTL, RFC 2308 section 4 */
	uint32_t last_ttl;    /* RFC 1035 section 5.1 */
	bool ended;           /* all of the file has been read */
	uint64_t total;
};

/* TTL, class and type that are put before the data; their words were no shorter but for these. */
#define RECORD_EXTRA 32

/* ldns has several buffers of 64 KiB for each record: the heap keeps them from one to the next. */
#define HEAP_SPARE (1024 * 1024)

/*
 * Takes it over in place of the one before. False: it is NULL or longer than a name may be, and there is
 * none then: what is relative to it must not come to be below the one before.
 */
static bool take_origin(struct reader_zone *reader, ldns_rdf *origin)
{
	ldns_rdf_deep_free(reader->origin);
	reader->origin = origin;
	if (origin != NULL && zone_name_of(origin, &reader->below))
		return true;
	ldns_rdf_deep_free(origin);
	reader->origin = NULL;
	reader->below.len = 0;
	return false;
}

/* A reader that has no rows yet. */
static struct reader_zone *begin(struct source *source, const char *origin, struct row *why)
{
	struct reader_zone *reader = calloc(1, sizeof(*reader));
	ldns_rdf *name = origin != NULL ? ldns_dname_new_frm_str(origin) : NULL;

	if (reader != NULL) {
		reader->source = source;
		reader->line.text = malloc(ROW_TEXT_MAX + 1);
		reader->record = malloc(ROW_TEXT_MAX + RECORD_EXTRA);
		if (name != NULL)
			take_origin(reader, name);
		if (reader->line.text != NULL && reader->record != NULL
			&& (origin == NULL) == (name == NULL))
			return reader;
	}
	row_fail(why,
		origin != NULL && name == NULL ? "the zone has no valid name" : "out of memory");
	if (reader == NULL)
		ldns_rdf_deep_free(name);
	reader_zone_close(reader);
	return NULL;
}

void reader_zone_close(struct reader_zone *reader)
{
	if (reader == NULL)
		return;
	zone_rows_close(reader->rows);
	ldns_rdf_deep_free(reader->origin);
	free(reader->line.text);
	free(reader->record);
	free(reader);
}

static enum row_result set_origin(struct reader_zone *reader, char *text, struct row *row)
{
	const char *word = zone_word(&text);
	ldns_rdf *name = word != NULL ? ldns_dname_new_frm_str(word) : NULL;

	if (name != NULL && !ldns_dname_str_absolute(word) && reader->origin != NULL)
		ldns_dname_cat(name, reader->origin);
	return take_origin(reader, name)
		? ROW_GOOD
		: row_refuse(row, PTRD_ERR_INVALID_REQUEST, "$ORIGIN", "is no domain name");
}

static enum row_result directive(struct reader_zone *reader, char *text, struct row *row)
{
	const char *word = zone_word(&text);

	if (strcasecmp(word, "$ORIGIN") == 0)
		return set_origin(reader, text, row);
	if (strcasecmp(word, "$TTL") == 0) {
		const char *value = zone_word(&text);

		if (value == NULL || !zone_period_parse(value, &reader->default_ttl))
			return row_refuse(row, PTRD_ERR_INVALID_TTL, "$TTL", "is no time");
		reader->has_default_ttl = true;
		return ROW_GOOD;
	}
	return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL,
		"%s is not read: only $ORIGIN and $TTL are; write out what it stands for, with "
		"named-compilezone for example",
		ROW_QUOTE(word));
}

/* The TTL of a record that may have none of its own. */
static bool choose_ttl(
	struct reader_zone *reader, const struct zone_words *words, bool is_soa, uint32_t *ttl)
{
	*ttl = words->has_ttl             ? words->ttl
		: reader->has_default_ttl ? reader->default_ttl
					  : reader->last_ttl;
	if (words->has_ttl) {
		reader->last_ttl = words->ttl;
		reader->has_last_ttl = true;
	}
	return words->has_ttl || reader->has_default_ttl || reader->has_last_ttl || is_soa;
}

/* Without any TTL before it, what follows the SOA has its minimum, as it was before RFC 2308. */
static void note_soa(struct reader_zone *reader, const ldns_rr *rr)
{
	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA || ldns_rr_rd_count(rr) != 7
		|| reader->has_last_ttl)
		return;
	reader->last_ttl = ldns_rdf2native_int32(ldns_rr_rdf(rr, 6));
	reader->has_last_ttl = true;
}

/* A record by ldns, which knows every type and every way to write one. */
static enum row_result any_record(
	struct reader_zone *reader, const struct zone_words *words, uint32_t ttl, struct row *row)
{
	struct zone_name *owner = &reader->owner;
	ldns_rdf *before = owner->len > 0
		? ldns_dname_new_frm_data((uint16_t)owner->len, owner->wire)
		: NULL;
	ldns_rr *rr = NULL;

	snprintf(reader->record, ROW_TEXT_MAX + RECORD_EXTRA, "%s %u %s %s %s", words->owner, ttl,
		words->has_class ? words->class_word : "IN", words->type_word, words->data);
	const ldns_status status
		= ldns_rr_new_frm_str(&rr, reader->record, 0, reader->origin, &before);

	/* Too long, and no blank owner stands for it, nor for the one before it. */
	if (before != NULL)
		zone_name_of(before, owner);
	ldns_rdf_deep_free(before);
	if (status != LDNS_STATUS_OK)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL, "is no record: %s",
			ldns_get_errorstr_by_id(status));
	note_soa(reader, rr);
	const enum row_result result = zone_rows_add(reader->rows, rr, row->line, row);

	ldns_rr_free(rr);
	return result;
}

/* The only word of a record's data, or NULL; what is blank behind it goes, unless it is escaped. */
static const char *only_word(char *data)
{
	char *word = data + strspn(data, " \t"), *end = word + strcspn(word, " \t\\");

	if (end == word || end[strspn(end, " \t")] != '\0')
		return NULL;
	*end = '\0';
	return word;
}

/*
 * What nearly every line is: a PTR record of class IN whose names are plain ones. False: it is another
 * record, or one that is to be refused, and ldns has not seen it yet.
 */
static bool plain_ptr(struct reader_zone *reader, const struct zone_words *words, uint32_t ttl,
	struct zone_ptr *ptr, char text[static ZONE_NAME_MAX])
{
	const char *data = only_word(words->data);
	struct zone_name name;

	if ((words->has_class && strcasecmp(words->class_word, "IN") != 0) || data == NULL
		|| reader->owner.len == 0 || !zone_key_read(&reader->owner, &ptr->owner)
		|| !zone_name_read(data, &reader->below, &name) || !zone_name_write(&name, text))
		return false;
	ptr->ttl = ttl;
	ptr->name = text;
	return true;
}

/*
 * The owner that a line has stands for a blank one behind it, also if the line is refused: no record
 * may come to be that of an address which is another line's. One that is not plain is left to ldns.
 */
static void take_owner(struct reader_zone *reader, const char *word)
{
	if (*word != '\0' && !zone_name_read(word, &reader->below, &reader->owner))
		reader->owner.len = 0;
}

static ldns_rr_type type_of(const char *word)
{
	return strcasecmp(word, "PTR") == 0 ? LDNS_RR_TYPE_PTR : ldns_get_rr_type_by_name(word);
}

static enum row_result record(struct reader_zone *reader, char *text, struct row *row)
{
	struct zone_ptr ptr = {.line = row->line};
	char name[ZONE_NAME_MAX];
	struct zone_words words;
	uint32_t ttl;

	zone_words_cut(text, &words);
	take_owner(reader, words.owner);
	if (words.type_word == NULL)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, "type", "is missing");
	const ldns_rr_type type = type_of(words.type_word);

	if (type == 0)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, "type", "%s is not known",
			ROW_QUOTE(words.type_word));
	if (*words.owner == '\0' && reader->owner.len == 0)
		return row_refuse(row, PTRD_ERR_INVALID_ADDRESS, "owner",
			"is missing, and there is no record before this one");
	if (!choose_ttl(reader, &words, type == LDNS_RR_TYPE_SOA, &ttl))
		return row_refuse(row, PTRD_ERR_INVALID_TTL, "ttl",
			"there is none, nor a $TTL or a record with one before");
	if (*words.owner != '\0' && !ldns_dname_str_absolute(words.owner) && reader->origin == NULL)
		return row_refuse(row, PTRD_ERR_INVALID_ADDRESS, "owner",
			"%s is relative, and no $ORIGIN says to what: give it with --zone",
			ROW_QUOTE(words.owner));
	if (type == LDNS_RR_TYPE_PTR && plain_ptr(reader, &words, ttl, &ptr, name))
		return zone_rows_add_ptr(reader->rows, &ptr, row);
	return any_record(reader, &words, ttl, row);
}

/* The next line, joined. What is wrong with it costs its first line only, as with CSV. */
static enum row_result scan(struct reader_zone *reader, struct row *row)
{
	struct source *source = reader->source;
	enum zone_result result;

	row->line = source->line;
	do {
		result = zone_line_scan(
			source_text(source), source->len, source->end, &reader->line);
	} while (result == ZONE_MORE && (source_more(source) || source->end));
	if (source->len == 0 || source->error != 0)
		return source_ended(source, row);
	if (result == ZONE_LINE) {
		source_take(source, reader->line.len);
		return ROW_GOOD;
	}
	source_take_line(source);
	reader->owner.len = 0;
	return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL, "%s",
		result == ZONE_BAD ? reader->line.error
				   : "the record is longer than 262144 bytes, or a parenthesis in "
				     "it is not closed");
}

/*
 * True if a record of this owner cannot be of a lower address than the ones before. Its line may be a
 * bad one: that is no matter then, as it only makes the order stricter.
 */
static bool follows(struct reader_zone *reader, char *text, struct zone_key *last)
{
	struct zone_words words;
	struct zone_name owner;
	struct zone_key key;

	zone_words_cut(text, &words);
	if (*words.owner == '\0')
		return true;
	if (!zone_name_read(words.owner, &reader->below, &owner))
		return false;
	if (!zone_key_read(&owner, &key))
		return true;
	if (zone_key_compare(&key, last) < 0)
		return false;
	*last = key;
	return true;
}

/*
 * Looks through the file: true if its records stand in order of address, as far as can be told by
 * owners that are plain names.
 */
static bool look(struct reader_zone *reader)
{
	struct zone_key last = {.bytes = {0}};
	struct row row = {.line = 0};
	enum row_result result;
	bool ordered = true;

	while (ordered && (result = scan(reader, &row)) != ROW_END && result != ROW_FAILED) {
		char *text = reader->line.text;

		if (result == ROW_GOOD && *text == '$')
			directive(reader, text, &row);
		else if (result == ROW_GOOD && text[strspn(text, " \t")] != '\0')
			ordered = follows(reader, text, &last);
	}
	return ordered;
}

static bool in_order(FILE *file, const char *origin)
{
	struct row why = {.line = 0};
	struct source source;
	bool ordered = false;

	if (!source_open(&source, file))
		return false;
	struct reader_zone *reader = begin(&source, origin, &why);

	if (reader != NULL)
		ordered = look(reader);
	reader_zone_close(reader);
	source_close(&source);
	return ordered;
}

struct reader_zone *reader_zone_open(
	struct source *source, const char *origin, bool strict, FILE *again, struct row *why)
{
	struct reader_zone *reader = begin(source, origin, why);
	const struct zone_rules rules = {
		.strict = strict,
		.in_order = reader != NULL && again != NULL && in_order(again, origin),
	};

	mallopt(M_TRIM_THRESHOLD, HEAP_SPARE);
	if (reader != NULL && (reader->rows = zone_rows_open(&rules, why)) != NULL)
		return reader;
	reader_zone_close(reader);
	return NULL;
}

enum row_result reader_zone_next(struct reader_zone *reader, struct row *row)
{
	while (!reader->ended) {
		row_clear(row);
		enum row_result result = scan(reader, row);
		char *text = reader->line.text;

		if (result == ROW_END) {
			reader->ended = true;
			reader->total = zone_rows_end(reader->rows);
			break;
		}
		if (result == ROW_GOOD && text[strspn(text, " \t")] != '\0')
			result = *text == '$' ? directive(reader, text, row)
					      : record(reader, text, row);
		if (result != ROW_GOOD || row->members != NULL)
			return result;
	}
	return zone_rows_next(reader->rows, row);
}

uint64_t reader_zone_total(const struct reader_zone *reader)
{
	return reader->total;
}

const struct zone_rows *reader_zone_rows(const struct reader_zone *reader)
{
	return reader->rows;
}
