#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "reader.h"
#include "zone_line.h"
#include "zone_rows.h"

struct reader_zone {
	struct source *source;
	struct zone_rows *rows;
	struct zone_line line;
	char *record; /* a line put together anew, for ldns */
	ldns_rdf *origin, *owner;
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

struct reader_zone *reader_zone_open(
	struct source *source, const char *origin, bool strict, struct row *why)
{
	struct reader_zone *reader = calloc(1, sizeof(*reader));

	if (reader == NULL) {
		row_fail(why, "out of memory");
		return NULL;
	}
	mallopt(M_TRIM_THRESHOLD, HEAP_SPARE);
	reader->source = source;
	reader->rows = zone_rows_open(strict, why);
	reader->line.text = malloc(ROW_TEXT_MAX + 1);
	reader->record = malloc(ROW_TEXT_MAX + RECORD_EXTRA);
	if (origin != NULL)
		reader->origin = ldns_dname_new_frm_str(origin);
	if (reader->rows != NULL && reader->line.text != NULL && reader->record != NULL
		&& (origin == NULL) == (reader->origin == NULL))
		return reader;
	if (reader->rows != NULL)
		row_fail(why,
			origin != NULL && reader->origin == NULL ? "the zone has no valid name"
								 : "out of memory");
	reader_zone_close(reader);
	return NULL;
}

void reader_zone_close(struct reader_zone *reader)
{
	if (reader == NULL)
		return;
	zone_rows_close(reader->rows);
	ldns_rdf_deep_free(reader->origin);
	ldns_rdf_deep_free(reader->owner);
	free(reader->line.text);
	free(reader->record);
	free(reader);
}

static enum row_result set_origin(struct reader_zone *reader, char *text, struct row *row)
{
	const char *word = zone_word(&text);
	ldns_rdf *name = word != NULL ? ldns_dname_new_frm_str(word) : NULL;

	if (name == NULL)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, "$ORIGIN", "is no domain name");
	if (!ldns_dname_str_absolute(word) && reader->origin != NULL)
		ldns_dname_cat(name, reader->origin);
	ldns_rdf_deep_free(reader->origin);
	reader->origin = name;
	return ROW_GOOD;
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

static enum row_result record(struct reader_zone *reader, char *text, struct row *row)
{
	struct zone_words words;
	ldns_rr *rr = NULL;
	uint32_t ttl;

	zone_words_cut(text, &words);
	if (words.type_word == NULL)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, "type", "is missing");
	const ldns_rr_type type = ldns_get_rr_type_by_name(words.type_word);

	if (type == 0)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, "type", "%s is not known",
			ROW_QUOTE(words.type_word));
	if (*words.owner == '\0' && reader->owner == NULL)
		return row_refuse(row, PTRD_ERR_INVALID_ADDRESS, "owner",
			"is missing, and there is no record before this one");
	if (!choose_ttl(reader, &words, type == LDNS_RR_TYPE_SOA, &ttl))
		return row_refuse(row, PTRD_ERR_INVALID_TTL, "ttl",
			"there is none, nor a $TTL or a record with one before");
	if (*words.owner != '\0' && !ldns_dname_str_absolute(words.owner) && reader->origin == NULL)
		return row_refuse(row, PTRD_ERR_INVALID_ADDRESS, "owner",
			"%s is relative, and no $ORIGIN says to what: give it with --zone",
			ROW_QUOTE(words.owner));
	snprintf(reader->record, ROW_TEXT_MAX + RECORD_EXTRA, "%s %u %s %s %s", words.owner, ttl,
		words.has_class ? words.class_word : "IN", words.type_word, words.data);
	const ldns_status status
		= ldns_rr_new_frm_str(&rr, reader->record, 0, reader->origin, &reader->owner);

	if (status != LDNS_STATUS_OK)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL, "is no record: %s",
			ldns_get_errorstr_by_id(status));
	note_soa(reader, rr);
	const enum row_result result = zone_rows_add(reader->rows, rr, row->line, row);

	ldns_rr_free(rr);
	return result;
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
	return row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL, "%s",
		result == ZONE_BAD ? reader->line.error
				   : "the record is longer than 262144 bytes, or a parenthesis in "
				     "it is not closed");
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
		if (result != ROW_GOOD)
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
