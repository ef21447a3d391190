/*
 * Readers: a file of some format in, one row after the other out. They hold to the form of the
 * format; whether an address, a name or a TTL is one that can be is the control process's to say.
 */
#pragma once

#include "source.h"

enum reader_format {
	READER_CSV,
	READER_JSONL,
	READER_ZONE,
};

/* The format that a name is of ("csv", "jsonl", "zone"), or -1. */
int reader_format_of_name(const char *name);

/* The same by the end of a file's name: .csv, .jsonl, .ndjson, .json, .zone; -1: none of these. */
int reader_format_of_path(const char *path);

/*
 * The same by how a file begins: '{' begins JSON lines, a first line with `address` between commas
 * CSV, all else is a zone file.
 */
enum reader_format reader_format_of_text(const char *text, size_t len);

/*
 * CSV as RFC 4180 has it, lines ended by CRLF or LF. The first line names the columns, in any order
 * and letter case: address, and any of project, id, names (separated by spaces), ttl, description,
 * tags (key=value;key=value, a backslash before any character that is to stand for itself). An
 * empty cell is as good as none, but in `names` it says that the EIP has its default PTR.
 */
struct reader_csv;
struct reader_csv *reader_csv_open(struct source *source); /* NULL: out of memory */
enum row_result reader_csv_next(struct reader_csv *reader, struct row *row);
void reader_csv_close(struct reader_csv *reader);

/*
 * JSON lines: one object on a line, with the members of a row of import.rows and no others. Empty
 * lines are passed over.
 */
enum row_result reader_jsonl_next(struct source *source, struct row *row);

/*
 * A zone file, RFC 1035 section 5: see zone_rows.h for what it makes of the records. `origin`: that
 * names are relative to before the first $ORIGIN, or NULL. No $INCLUDE, no $GENERATE. `again`: the same
 * file once more, or NULL. It is read first, and if the records turn out to be in order of address, rows
 * come while the file is read, and not when it has been. NULL with `why` set: no memory, no temporary
 * file.
 */
struct reader_zone;
struct reader_zone *reader_zone_open(
	struct source *source, const char *origin, bool strict, FILE *again, struct row *why);
enum row_result reader_zone_next(struct reader_zone *reader, struct row *row);
void reader_zone_close(struct reader_zone *reader);

/* Rows that the zone makes: known when the first good one comes, 0 before, and if they are in order. */
uint64_t reader_zone_total(const struct reader_zone *reader);

struct zone_rows;
const struct zone_rows *reader_zone_rows(const struct reader_zone *reader);
