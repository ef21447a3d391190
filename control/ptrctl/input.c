#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct input {
	char name[512];
	enum reader_format format; /* of a file */
	FILE *file;
	struct source source;
	struct reader_csv *csv;
	struct reader_zone *zone;
	struct axfr *axfr;
	struct tsig_key key;
	uint64_t size; /* of a regular file, else 0 */
	uint64_t rows; /* good ones given */
};

static bool complain(const char *title, const char *name, const char *reason)
{
	fprintf(stderr, "ptrctl: %s: %s: %s\n", title, name, reason);
	return false;
}

/* The first line that is no comment. */
static bool read_key_file(struct input *input, const char *path, const char *title)
{
	FILE *file = fopen(path, "re");
	char line[sizeof(input->key.name) + sizeof(input->key.secret) + 32] = "";
	const char *error = "there is no key in it";

	if (file == NULL)
		return complain(title, path, strerror(errno));
	while (fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, " \t\r\n")] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		error = tsig_key_parse(line, &input->key);
		break;
	}
	fclose(file);
	sodium_memzero(line, sizeof(line));
	return error == NULL || complain(title, path, error);
}

static bool open_transfer(
	struct input *input, const struct input_options *options, const char *title)
{
	const bool has_key = options->tsig != NULL || options->tsig_file != NULL;
	struct row why = {.line = 0};

	snprintf(input->name, sizeof(input->name), "%s/%s", options->server, options->zone);
	if (options->tsig_file != NULL && !read_key_file(input, options->tsig_file, title))
		return false;
	if (options->tsig != NULL) {
		const char *error = tsig_key_parse(options->tsig, &input->key);

		if (error != NULL)
			return complain(title, "--tsig", error);
	}
	input->axfr = axfr_open(options->server, options->zone, has_key ? &input->key : NULL,
		options->strict, &why);
	return input->axfr != NULL || complain(title, input->name, why.message);
}

/* What begins like this is no text that any of the readers could take. */
static const char *foreign(const struct source *source)
{
	static const struct {
		const char *magic;
		size_t len;
		const char *reason;
	} files[] = {
		{"\xff\xfe", 2, "is UTF-16 text: convert it to UTF-8"},
		{"\xfe\xff", 2, "is UTF-16 text: convert it to UTF-8"},
		{"\x1f\x8b", 2, "is compressed: gzip -dc FILE | ptrctl ... -"},
		{"PK\x03\x04", 4, "is a ZIP archive or a spreadsheet: save it as CSV"},
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (source->len >= files[i].len
			&& memcmp(source_text(source), files[i].magic, files[i].len) == 0)
			return files[i].reason;
	return NULL;
}

/* A regular file can be looked through before it is read. */
static bool open_zone(struct input *input, const struct input_options *options, struct row *why)
{
	FILE *again = input->size > 0 && input->file != stdin ? fopen(options->file, "re") : NULL;

	input->zone = reader_zone_open(&input->source, options->zone, options->strict, again, why);
	if (again != NULL)
		fclose(again);
	return input->zone != NULL;
}

static bool open_reader(struct input *input, const struct input_options *options, const char *title)
{
	struct row why = {.line = 0};
	const int named = options->format != NULL ? reader_format_of_name(options->format)
						  : reader_format_of_path(options->file);

	input->format = named >= 0
		? (enum reader_format)named
		: reader_format_of_text(source_text(&input->source), input->source.len);
	switch (input->format) {
	case READER_CSV:
		input->csv = reader_csv_open(&input->source);
		return input->csv != NULL || complain(title, input->name, "out of memory");
	case READER_ZONE:
		return open_zone(input, options, &why) || complain(title, input->name, why.message);
	case READER_JSONL:
		break;
	}
	return true;
}

static bool open_file(struct input *input, const struct input_options *options, const char *title)
{
	const bool standard = strcmp(options->file, "-") == 0;
	const char *reason;
	struct stat st;

	snprintf(input->name, sizeof(input->name), "%s",
		standard ? "standard input" : options->file);
	input->file = standard ? stdin : fopen(options->file, "re");
	if (input->file == NULL)
		return complain(title, input->name, strerror(errno));
	if (fstat(fileno(input->file), &st) == 0 && S_ISREG(st.st_mode))
		input->size = (uint64_t)st.st_size;
	if (!source_open(&input->source, input->file))
		return complain(title, input->name, "out of memory");
	if (input->source.error != 0)
		return complain(title, input->name, strerror(input->source.error));
	if ((reason = foreign(&input->source)) != NULL)
		return complain(title, input->name, reason);
	return open_reader(input, options, title);
}

struct input *input_open(const struct input_options *options, const char *title)
{
	struct input *input = calloc(1, sizeof(*input));

	if (input == NULL) {
		complain(title, "import", "out of memory");
		return NULL;
	}
	if (options->server != NULL ? open_transfer(input, options, title)
				    : open_file(input, options, title))
		return input;
	input_close(input);
	return NULL;
}

void input_close(struct input *input)
{
	if (input == NULL)
		return;
	reader_csv_close(input->csv);
	reader_zone_close(input->zone);
	axfr_close(input->axfr);
	source_close(&input->source);
	if (input->file != NULL && input->file != stdin)
		fclose(input->file);
	sodium_memzero(&input->key, sizeof(input->key));
	free(input);
}

const char *input_name(const struct input *input)
{
	return input->name;
}

static enum row_result next(struct input *input, struct row *row)
{
	if (input->axfr != NULL)
		return axfr_next(input->axfr, row);
	if (input->zone != NULL)
		return reader_zone_next(input->zone, row);
	if (input->csv != NULL)
		return reader_csv_next(input->csv, row);
	return reader_jsonl_next(&input->source, row);
}

enum row_result input_next(struct input *input, struct row *row)
{
	const enum row_result result = next(input, row);

	input->rows += result == ROW_GOOD;
	return result;
}

void input_progress(const struct input *input, uint64_t *done, uint64_t *total)
{
	*total = input->axfr != NULL  ? axfr_total(input->axfr)
		: input->zone != NULL ? reader_zone_total(input->zone)
				      : 0;
	*done = input->rows;
	if (*total > 0)
		return;
	*total = input->size;
	*done = input->axfr != NULL ? axfr_bytes(input->axfr) : input->source.taken;
}

bool input_passed_over(const struct input *input, FILE *out)
{
	const struct zone_rows *rows = input->axfr != NULL ? axfr_rows(input->axfr)
		: input->zone != NULL                      ? reader_zone_rows(input->zone)
							   : NULL;

	return rows != NULL && zone_rows_passed_over(rows, out);
}
