#include "readers_rig.h"

enum row_result next(struct reader *reader, struct row *row)
{
	return reader->csv != NULL     ? reader_csv_next(reader->csv, row)
		: reader->zone != NULL ? reader_zone_next(reader->zone, row)
				       : reader_jsonl_next(&reader->source, row);
}

FILE *open_text(const char *text, size_t len)
{
	FILE *file
		= len > 0 ? fmemopen((char *)(uintptr_t)text, len, "r") : fopen("/dev/null", "r");

	assert_non_null(file);
	return file;
}

void open_reader(
	struct reader *reader, enum reader_format format, const char *text, size_t len, bool look)
{
	struct row why = {.line = 0};

	*reader = (struct reader){.format = format};
	reader->file = open_text(text, len);
	reader->again = look ? open_text(text, len) : NULL;
	assert_true(source_open(&reader->source, reader->file));
	if (format == READER_CSV)
		assert_non_null(reader->csv = reader_csv_open(&reader->source));
	if (format == READER_ZONE)
		assert_non_null(reader->zone
			= reader_zone_open(&reader->source, NULL, false, reader->again, &why));
}

void close_reader(struct reader *reader)
{
	reader_csv_close(reader->csv);
	reader_zone_close(reader->zone);
	source_close(&reader->source);
	fclose(reader->file);
	if (reader->again != NULL)
		fclose(reader->again);
}

static void check_good(const struct file *file, const struct row *row, const char *want)
{
	json_t *expected = json_loads(want, 0, NULL);

	assert_non_null(expected);
	if (!json_equal(row->members, expected)) {
		char *got = json_dumps(row->members, JSON_COMPACT);

		fail_msg("%s\nwant %s\ngot  %s", file->text, want, got);
	}
	json_decref(expected);
}

static void check_bad(const struct file *file, const struct row *row, const char *want)
{
	const size_t field = strcspn(want, " ");

	assert_int_equal(*want, '!');
	if (strlen(row->field) != field - 1 || memcmp(row->field, want + 1, field - 1) != 0
		|| strstr(row->message, want + field + 1) == NULL)
		fail_msg("%s\nwant %s\ngot  !%s %s", file->text, want, row->field, row->message);
	assert_int_equal(strncmp(row->code, "DNS.", 4), 0);
}

void check(enum reader_format format, const struct file *file, bool look)
{
	struct reader reader;
	struct row row = {.line = 0};
	enum row_result result;
	size_t i = 0;

	open_reader(
		&reader, format, file->text, file->len > 0 ? file->len : strlen(file->text), look);
	while ((result = next(&reader, &row)) == ROW_GOOD || result == ROW_BAD) {
		if (i == ROWS_MAX || file->rows[i].row == NULL)
			fail_msg("%s\none row too many: line %zu %s", file->text, row.line,
				row.message);
		if ((result == ROW_GOOD) != (*file->rows[i].row != '!'))
			fail_msg("%s\nrow %zu is %s: %s", file->text, i,
				result == ROW_GOOD ? "good" : "bad", row.message);
		if (row.line != file->rows[i].line)
			fail_msg("%s\nrow %zu is on line %zu, not %zu", file->text, i, row.line,
				file->rows[i].line);
		(result == ROW_GOOD ? check_good : check_bad)(file, &row, file->rows[i].row);
		i++;
	}
	if (i < ROWS_MAX && file->rows[i].row != NULL)
		fail_msg("%s\nrow %zu does not come: %s", file->text, i, row.message);
	assert_int_equal(result, file->failed != NULL ? ROW_FAILED : ROW_END);
	if (file->failed != NULL && strstr(row.message, file->failed) == NULL)
		fail_msg("%s\nwant %s\ngot  %s", file->text, file->failed, row.message);
	row_clear(&row);
	close_reader(&reader);
}
