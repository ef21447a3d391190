/*
 * Any bytes as a file to import, in each format: readers come to an end, tell lines in order, and
 * give rows that can be sent. Its first byte says which format.
 */
#include "reader.h"
#include "target.h"
#include "zone_line.h"

/* Each step takes at least one byte of the file, but for the last. */
static void read_rows(struct source *source, struct reader_csv *csv, size_t size)
{
	struct row row = {.line = 0};
	enum row_result result;
	size_t line = 1, steps = 0;

	do {
		result = csv != NULL ? reader_csv_next(csv, &row) : reader_jsonl_next(source, &row);
		CHECK(row.line >= line && ++steps <= size + 1);
		line = row.line;
		CHECK((result == ROW_GOOD) == json_is_object(row.members));
		CHECK(result == ROW_GOOD || result == ROW_END
			|| (row.code != NULL && row.message[0] != '\0'));
		if (result == ROW_GOOD) {
			char *text = json_dumps(row.members, JSON_COMPACT);

			CHECK(text != NULL);
			free(text);
		}
	} while (result == ROW_GOOD || result == ROW_BAD);
	row_clear(&row);
}

/* A line takes a byte at least; its words lie in it. */
static void cut_lines(const uint8_t *data, size_t size)
{
	struct zone_line line = {.text = malloc(size + 1)};
	struct zone_words words;

	CHECK(line.text != NULL);
	while (size > 0) {
		const char *text = (const char *)data;
		const enum zone_result result = zone_line_scan(text, size, true, &line);

		CHECK(result == ZONE_BAD || result == ZONE_LINE);
		if (result == ZONE_BAD)
			break;
		CHECK(line.len > 0 && line.len <= size && strlen(line.text) <= line.len);
		zone_words_cut(line.text, &words);
		CHECK(words.type_word == NULL || words.data <= line.text + line.len);
		data += line.len;
		size -= line.len;
	}
	free(line.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct source source;

	if (size < 2)
		return 0;
	if (data[0] % 3 == 2) {
		cut_lines(data + 1, size - 1);
		return 0;
	}
	FILE *file = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r");

	CHECK(file != NULL && source_open(&source, file));
	struct reader_csv *csv = data[0] % 3 == 0 ? reader_csv_open(&source) : NULL;

	read_rows(&source, csv, size);
	reader_csv_close(csv);
	source_close(&source);
	fclose(file);
	return 0;
}
