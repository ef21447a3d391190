#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (64 * 1024)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

bool source_open(struct source *source, FILE *file)
{
	*source = (struct source){.file = file, .line = 1};
	source->text = malloc(ROW_TEXT_MAX);
	if (source->text == NULL)
		return false;
	while (source->len < strlen(BYTE_ORDER_MARK) && source_more(source)) {}
	if (source->len >= 3 && memcmp(source_text(source), BYTE_ORDER_MARK, 3) == 0)
		source_take(source, 3);
	return true;
}

void source_close(struct source *source)
{
	free(source->text);
	source->text = NULL;
}

bool source_more(struct source *source)
{
	if (source->end || source->len == ROW_TEXT_MAX)
		return false;
	if (source->start + source->len + PIECE > ROW_TEXT_MAX) {
		memmove(source->text, source->text + source->start, source->len);
		source->start = 0;
	}
	const size_t room = ROW_TEXT_MAX - source->start - source->len;
	const size_t wanted = room < PIECE ? room : PIECE;

	errno = 0;
	const size_t n = fread(source->text + source->start + source->len, 1, wanted, source->file);

	source->len += n;
	if (n < wanted) {
		source->end = true;
		source->error = ferror(source->file) ? (errno != 0 ? errno : EIO) : 0;
	}
	return n > 0;
}

void source_take(struct source *source, size_t len)
{
	const char *at = source_text(source), *end = at + len;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		source->line++;
		at++;
	}
	source->start += len;
	source->len -= len;
	source->taken += len;
}

void source_take_line(struct source *source)
{
	const char *text, *end;

	do {
		text = source_text(source);
		end = memchr(text, '\n', source->len);
		source_take(source, end != NULL ? (size_t)(end - text) + 1 : source->len);
	} while (end == NULL && source_more(source));
}

enum row_result source_ended(const struct source *source, struct row *row)
{
	row->line = source->line;
	return source->error != 0 ? row_fail(row, "cannot be read: %s", strerror(source->error))
				  : ROW_END;
}

bool source_line(struct source *source, size_t *len, struct row *row, enum row_result *why)
{
	size_t seen = 0;

	row->line = source->line;
	for (;;) {
		const char *text = source_text(source);
		const char *end = memchr(text + seen, '\n', source->len - seen);

		if (end != NULL) {
			*len = (size_t)(end - text);
			return true;
		}
		seen = source->len;
		if (!source_more(source))
			break;
	}
	/* A last line without its line break is a line, but not one that was cut by an error. */
	if (source->error == 0 && source->end && source->len > 0) {
		*len = source->len;
		return true;
	}
	if (source->end) {
		*why = source_ended(source, row);
		return false;
	}
	source_take_line(source);
	*why = row_refuse(row, PTRD_ERR_INVALID_REQUEST, NULL,
		"the line is longer than %d bytes, more than any row takes", ROW_TEXT_MAX);
	return false;
}

void source_take_found(struct source *source, size_t len)
{
	source_take(source, len < source->len ? len + 1 : len);
}
