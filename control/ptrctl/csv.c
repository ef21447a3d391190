#include "csv.h"

#include <string.h>

/* A place in the text that is scanned, and one in the text that is made of it. */
struct scan {
	const char *at, *end;
	char *out;
	bool last; /* nothing follows `end` */
};

static enum csv_result bad(struct csv_record *record, const char *error)
{
	record->error = error;
	return CSV_BAD;
}

/* A field in quotes, from behind the first one to behind the last. */
static enum csv_result scan_quoted(struct scan *scan, struct csv_record *record)
{
	for (;;) {
		const char *quote = memchr(scan->at, '"', (size_t)(scan->end - scan->at));

		if (quote == NULL)
			return scan->last ? bad(record, "a quoted field is not closed") : CSV_MORE;
		memcpy(scan->out, scan->at, (size_t)(quote - scan->at));
		scan->out += quote - scan->at;
		scan->at = quote + 1;
		if (scan->at == scan->end && !scan->last)
			return CSV_MORE;
		if (scan->at == scan->end || *scan->at != '"')
			return CSV_RECORD;
		*scan->out++ = '"';
		scan->at++;
	}
}

static enum csv_result scan_plain(struct scan *scan, struct csv_record *record)
{
	for (; scan->at < scan->end; *scan->out++ = *scan->at++) {
		if (*scan->at == ',' || *scan->at == '\r' || *scan->at == '\n')
			break;
		if (*scan->at == '"')
			return bad(
				record, "a quote stands in a field that does not begin with one");
	}
	return scan->at < scan->end || scan->last ? CSV_RECORD : CSV_MORE;
}

/* What is behind a field: `*more` if another one. */
static enum csv_result scan_separator(struct scan *scan, struct csv_record *record, bool *more)
{
	*more = false;
	if (scan->at == scan->end)
		return CSV_RECORD;
	if (*scan->at == ',') {
		scan->at++;
		*more = true;
		return CSV_RECORD;
	}
	if (*scan->at == '\r') {
		if (scan->at + 1 == scan->end && !scan->last)
			return CSV_MORE;
		scan->at++;
		if (scan->at == scan->end)
			return CSV_RECORD;
	}
	if (*scan->at != '\n')
		return bad(record, "something stands between a field and the comma behind it");
	scan->at++;
	return CSV_RECORD;
}

enum csv_result csv_scan(const char *text, size_t len, bool end, struct csv_record *record)
{
	struct scan scan = {text, text + len, record->text, end};
	enum csv_result result;
	bool more = true;

	for (record->count = 0; more; record->count++) {
		const char *begin = scan.out;

		if (record->count == CSV_FIELDS_MAX)
			return bad(record, "there are more than 32 fields");
		if (scan.at < scan.end && *scan.at == '"') {
			scan.at++;
			result = scan_quoted(&scan, record);
		} else {
			result = scan_plain(&scan, record);
		}
		if (result == CSV_RECORD)
			result = scan_separator(&scan, record, &more);
		if (result != CSV_RECORD)
			return result;
		if (memchr(begin, '\0', (size_t)(scan.out - begin)) != NULL)
			return bad(record, "there is a NUL byte");
		*scan.out++ = '\0';
		record->fields[record->count] = begin;
	}
	record->len = (size_t)(scan.at - text);
	return CSV_RECORD;
}

void csv_put(FILE *out, const char *field)
{
	if (strpbrk(field, ",\"\r\n") == NULL) {
		fputs(field, out);
		return;
	}
	putc('"', out);
	for (; *field != '\0'; field++) {
		if (*field == '"')
			putc('"', out);
		putc(*field, out);
	}
	putc('"', out);
}
