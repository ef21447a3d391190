#include "reader.h"

#include <string.h>
#include <strings.h>

static const struct name {
	const char *word;
	enum reader_format format;
} names[] = {
	{"csv", READER_CSV},
	{"jsonl", READER_JSONL},
	{"zone", READER_ZONE},
	/* As ends of file names only. */
	{"ndjson", READER_JSONL},
	{"json", READER_JSONL},
};
#define NAMES (sizeof(names) / sizeof(names[0]))
#define FORMATS 3

int reader_format_of_name(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(names[i].word, name) == 0)
			return (int)names[i].format;
	return -1;
}

int reader_format_of_path(const char *path)
{
	const char *dot = path != NULL ? strrchr(path, '.') : NULL;

	for (size_t i = 0; dot != NULL && i < NAMES; i++)
		if (strcasecmp(names[i].word, dot + 1) == 0)
			return (int)names[i].format;
	return -1;
}

/* True if `address` is one of the fields of the first line. */
static bool names_columns(const char *text, size_t len)
{
	static const char word[] = "address";
	const char *end = memchr(text, '\n', len);

	for (end = end != NULL ? end : text + len; text < end; text++) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *from = text, *to = comma != NULL ? comma : end;

		text = to;
		if (to > from && to[-1] == '\r')
			to--;
		if (to - from >= 2 && *from == '"' && to[-1] == '"') {
			from++;
			to--;
		}
		if (to - from == sizeof(word) - 1 && strncasecmp(from, word, sizeof(word) - 1) == 0)
			return true;
	}
	return false;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum reader_format reader_format_of_text(const char *text, size_t len)
{
	size_t blank = 0;

	while (blank < len && is_space(text[blank]))
		blank++;
	if (blank < len && text[blank] == '{')
		return READER_JSONL;
	return names_columns(text, len) ? READER_CSV : READER_ZONE;
}
