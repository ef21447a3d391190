/*
 * Lines of zone files, RFC 1035 section 5.1: parentheses join lines, comments go. Pure: text in, a
 * line out, and what its words are.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum zone_result {
	ZONE_LINE,
	ZONE_MORE, /* the text ends inside of the line */
	ZONE_BAD,
};

struct zone_line {
	size_t len;        /* ZONE_LINE: bytes that it takes, its last line break included */
	const char *error; /* ZONE_BAD: the rule that it breaks */
	char *text;        /* the caller's: as many bytes as the text that is scanned, and one */
};

/*
 * Scans the line at `text`, which gets into line->text without comments, parentheses and line
 * breaks, ended by a NUL. `end`: nothing follows its `len` bytes.
 */
enum zone_result zone_line_scan(const char *text, size_t len, bool end, struct zone_line *line);

/* A resource record's words: slices of the line, ended by a NUL in it. */
struct zone_words {
	char *owner;     /* "": that of the record before */
	char *type_word; /* NULL: there is none */
	char *data;
	bool has_ttl, has_class;
	uint32_t ttl;
	char *class_word;
};

/* Cuts a line that is no directive into its words: TTL and class in either order, both optional. */
void zone_words_cut(char *text, struct zone_words *words);

/* "3600", "1h30m". False: no time, or one of more than 32 bits. */
bool zone_period_parse(const char *text, uint32_t *seconds);

/* Cuts off the first word of `*text`, which then stands at the next one; NULL: there is none. */
char *zone_word(char **text);
