#include "zone_line.h"

#include <string.h>
#include <strings.h>

#include <ldns/ldns.h>

static enum zone_result bad(struct zone_line *line, const char *error)
{
	line->error = error;
	return ZONE_BAD;
}

struct scan {
	const char *at, *end;
	char *out;
	unsigned depth; /* of parentheses */
	bool quoted;
};

/* One character, and the one behind a backslash. NULL, or the rule that it breaks. */
static const char *scan_character(struct scan *scan)
{
	const char c = *scan->at++;

	if (c == '\0')
		return "there is a NUL byte";
	if (c == '\n' && scan->quoted)
		return "a quoted text is not closed on its line";
	if (c == '\\' && scan->at < scan->end && *scan->at != '\n' && *scan->at != '\0') {
		*scan->out++ = c;
		*scan->out++ = *scan->at++;
		return NULL;
	}
	if (c == '"')
		scan->quoted = !scan->quoted;
	if (!scan->quoted && c == ')' && scan->depth == 0)
		return "a parenthesis is closed that was not opened";
	if (!scan->quoted && c == ';') {
		const char *end = memchr(scan->at, '\n', (size_t)(scan->end - scan->at));

		scan->at = end != NULL ? end : scan->end;
		return NULL;
	}
	const bool parenthesis = !scan->quoted && (c == '(' || c == ')');

	if (parenthesis && c == '(')
		scan->depth++;
	else if (parenthesis)
		scan->depth--;
	*scan->out++ = parenthesis || c == '\r' || c == '\n' ? ' ' : c;
	return NULL;
}

enum zone_result zone_line_scan(const char *text, size_t len, bool end, struct zone_line *line)
{
	struct scan scan = {.at = text, .end = text + len, .out = line->text};

	while (scan.at < scan.end) {
		const bool last = *scan.at == '\n' && scan.depth == 0 && !scan.quoted;
		const char *rule = scan_character(&scan);

		if (rule != NULL)
			return bad(line, rule);
		if (last)
			end = true;
		if (last)
			break;
	}
	if (!end)
		return ZONE_MORE;
	if (scan.depth > 0)
		return bad(line, "a parenthesis is not closed");
	if (scan.quoted)
		return bad(line, "a quoted text is not closed on its line");
	*scan.out = '\0';
	line->len = (size_t)(scan.at - text);
	return ZONE_LINE;
}

char *zone_word(char **text)
{
	char *word = *text + strspn(*text, " \t"), *at = word;

	while (*at != '\0' && *at != ' ' && *at != '\t')
		at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
	*text = at;
	if (*at != '\0')
		*(*text)++ = '\0';
	return *word != '\0' ? word : NULL;
}

bool zone_period_parse(const char *text, uint32_t *seconds)
{
	static const char units[] = "smhdw";
	static const uint32_t lengths[] = {1, 60, 3600, 86400, 604800};
	uint64_t sum = 0;

	if (*text == '\0')
		return false;
	while (*text != '\0') {
		uint64_t number = 0;
		const size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 10)
			return false;
		for (size_t i = 0; i < digits; i++)
			number = number * 10 + (uint64_t)(text[i] - '0');
		text += digits;
		if (*text != '\0') {
			const char *unit = strchr(units, *text | 0x20);

			if (unit == NULL)
				return false;
			number *= lengths[unit - units];
			text++;
		}
		sum += number;
		if (sum > UINT32_MAX)
			return false;
	}
	*seconds = (uint32_t)sum;
	return true;
}

void zone_words_cut(char *text, struct zone_words *words)
{
	static char none[] = "";
	char *word;

	*words = (struct zone_words){.owner = none};
	if (*text != ' ' && *text != '\t')
		words->owner = zone_word(&text);
	while ((word = zone_word(&text)) != NULL) {
		if (!words->has_ttl && zone_period_parse(word, &words->ttl)) {
			words->has_ttl = true;
		} else if (!words->has_class && ldns_get_rr_class_by_name(word) != 0) {
			words->has_class = true;
			words->class_word = word;
		} else {
			break;
		}
	}
	words->type_word = word;
	words->data = text;
}
