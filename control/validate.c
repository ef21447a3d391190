#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "validate.h"

#define LABEL_MAX 63 /* RFC 1035 section 2.3.4 */
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Characters of `set` only, 1 to `max` of them. */
static bool word_check(const char *text, const char *set, size_t max)
{
	const size_t len = strlen(text);

	return len >= 1 && len <= max && strspn(text, set) == len;
}

bool region_name_check(const char *text, struct refusal *why)
{
	if (word_check(text, LOWER DIGITS "-", REGION_NAME_MAX - 1) && text[0] != '-')
		return true;
	return refuse(why, PTRD_ERR_INVALID_REGION,
		"%s is not a region name: 1 to 63 of a-z, 0-9 and hyphen, not a hyphen first",
		QUOTE(text));
}

bool eip_id_check(const char *text, struct refusal *why)
{
	if (word_check(text, LOWER UPPER DIGITS "._-", EIP_ID_MAX - 1))
		return true;
	return refuse(why, PTRD_ERR_INVALID_EIP_ID,
		"%s is not an EIP id: 1 to 100 of A-Z, a-z, 0-9, dot, underscore and hyphen",
		QUOTE(text));
}

bool project_check(const char *text, struct refusal *why)
{
	if (word_check(text, PTRD_PROJECT_CHARACTERS, PTRD_PROJECT_LEN_MAX))
		return true;
	return refuse(why, PTRD_ERR_INVALID_REQUEST,
		"%s is not a project: 1 to 64 of A-Z, a-z, 0-9, dot, underscore and hyphen",
		QUOTE(text));
}

bool ptr_id_split(const char *text, char region[static REGION_NAME_MAX],
	char eip_id[static EIP_ID_MAX], struct refusal *why)
{
	const char *colon = strchr(text, ':');
	struct refusal part;

	if (colon != NULL && colon - text < REGION_NAME_MAX && strlen(colon + 1) < EIP_ID_MAX) {
		snprintf(region, REGION_NAME_MAX, "%.*s", (int)(colon - text), text);
		snprintf(eip_id, EIP_ID_MAX, "%s", colon + 1);
		if (region_name_check(region, &part) && eip_id_check(eip_id, &part))
			return true;
	}
	return refuse(why, PTRD_ERR_INVALID_PTR_ID,
		"%s is not a PTR id: a region's name, a colon and an EIP id", QUOTE(text));
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* `slashes`: of a zone, RFC 2317. */
static bool is_of_name(char c, bool slashes)
{
	const char folded = fold(c);

	return (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'
		|| (slashes && c == '/');
}

/* The character that no name may have gets the reason that helps most. */
static bool refuse_character(const char *text, char c, bool slashes, struct refusal *why)
{
	if (c == '*')
		return refuse(why, PTRD_ERR_INVALID_NAME, "%s is a wildcard; a PTR names one host",
			QUOTE(text));
	if ((c & 0x80) != 0)
		return refuse(why, PTRD_ERR_INVALID_NAME,
			"%s has letters outside of ASCII: give the A-label form (xn--...), RFC 5890",
			QUOTE(text));
	return refuse(why, PTRD_ERR_INVALID_NAME,
		"%s has a character other than letters, digits, hyphens%s", QUOTE(text),
		slashes ? ", underscores and slashes" : " and underscores");
}

/* One label at `text`, ended by a dot or the end. Sets its length. */
static bool label_check(
	const char *name, const char *text, bool slashes, size_t *len, struct refusal *why)
{
	*len = 0;
	while (is_of_name(text[*len], slashes))
		++*len;
	if (text[*len] != '.' && text[*len] != '\0')
		return refuse_character(name, text[*len], slashes, why);
	if (*len == 0)
		return refuse(why, PTRD_ERR_INVALID_NAME, "%s has an empty label", QUOTE(name));
	if (*len > LABEL_MAX)
		return refuse(why, PTRD_ERR_INVALID_NAME,
			"%s has a label of %zu characters; the most is 63", QUOTE(name), *len);
	if (text[0] == '-' || text[*len - 1] == '-')
		return refuse(why, PTRD_ERR_INVALID_NAME,
			"%s has a label that starts or ends with a hyphen", QUOTE(name));
	return true;
}

static bool canonical(
	const char *text, bool slashes, char name[static NAME_TEXT_MAX], struct refusal *why)
{
	const char *at = text;
	size_t used = 0, len;

	do {
		if (!label_check(text, at, slashes, &len, why))
			return false;
		if (used + len + 1 >= NAME_TEXT_MAX)
			return refuse(why, PTRD_ERR_INVALID_NAME,
				"%s is longer than 254 characters with its final dot", QUOTE(text));
		for (size_t i = 0; i < len; i++)
			name[used++] = fold(at[i]);
		name[used++] = '.';
		at += len;
		if (*at == '.')
			at++;
	} while (*at != '\0');
	name[used] = '\0';
	return true;
}

bool name_canonical(const char *text, char name[static NAME_TEXT_MAX], struct refusal *why)
{
	return canonical(text, false, name, why);
}

bool zone_name_canonical(const char *text, char name[static NAME_TEXT_MAX], struct refusal *why)
{
	return canonical(text, true, name, why);
}

bool name_at_or_below(const char *name, const char *zone)
{
	const size_t name_len = strlen(name), zone_len = strlen(zone);

	return name_len >= zone_len && strcmp(name + name_len - zone_len, zone) == 0
		&& (name_len == zone_len || name[name_len - zone_len - 1] == '.');
}

bool ttl_check(int64_t ttl, struct refusal *why)
{
	if (ttl >= 1 && ttl <= TTL_MAX)
		return true;
	return refuse(
		why, PTRD_ERR_INVALID_TTL, "%lld is outside 1 to %d", (long long)ttl, TTL_MAX);
}

/* Characters, not bytes, of UTF-8 that is well formed: jansson takes no other. */
static size_t characters(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

bool description_check(const char *text, struct refusal *why)
{
	const size_t count = characters(text);

	return count <= DESCRIPTION_CHARACTERS
		|| refuse(why, PTRD_ERR_LONG_DESCRIPTION, "has %zu characters; the most is %d",
			count, DESCRIPTION_CHARACTERS);
}

/* What holds for both parts of a tag. */
static bool tag_check(const char *text, size_t most, enum ptrd_error code, struct refusal *why)
{
	const size_t len = strlen(text), count = characters(text);

	if (count > most)
		return refuse(why, code, "%s has %zu characters; the most is %zu", QUOTE(text),
			count, most);
	if (len > 0 && (text[0] == ' ' || text[len - 1] == ' '))
		return refuse(why, code, "%s has a space at an end", QUOTE(text));
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return refuse(why, code, "%s has a control character", QUOTE(text));
	return true;
}

bool tag_key_check(const char *text, struct refusal *why)
{
	if (text[0] == '\0')
		return refuse(why, PTRD_ERR_INVALID_TAG_KEY, "is empty");
	if (strncmp(text, "_sys_", 5) == 0)
		return refuse(why, PTRD_ERR_INVALID_TAG_KEY,
			"%s starts with _sys_, which is the system's", QUOTE(text));
	return tag_check(text, TAG_KEY_CHARACTERS, PTRD_ERR_INVALID_TAG_KEY, why);
}

bool tag_value_check(const char *text, struct refusal *why)
{
	return tag_check(text, TAG_VALUE_CHARACTERS, PTRD_ERR_INVALID_TAG_VALUE, why);
}

/* True if the list `names` has the `len` bytes at `name` as one of its words. */
static bool names_have(const char *names, const char *name, size_t len)
{
	while (*names != '\0') {
		const size_t word = strcspn(names, " ");

		if (word == len && memcmp(names, name, len) == 0)
			return true;
		names += word;
		names += *names == ' ';
	}
	return false;
}

static bool names_within(const char *some, const char *all)
{
	while (*some != '\0') {
		const size_t word = strcspn(some, " ");

		if (!names_have(all, some, word))
			return false;
		some += word;
		some += *some == ' ';
	}
	return true;
}

bool names_equal(const char *a, const char *b)
{
	/* No name is twice in a list, so equal length and inclusion make it the same set. */
	return strlen(a) == strlen(b) && names_within(a, b);
}

static uint8_t *put16(uint8_t *out, uint16_t value)
{
	value = htons(value);
	memcpy(out, &value, sizeof(value));
	return out + sizeof(value);
}

/* A canonical name of `len` characters as labels; returns the byte behind the root label. */
static uint8_t *put_name(uint8_t *out, const char *name, size_t len)
{
	for (const char *end = name + len; name < end;) {
		const size_t label = strcspn(name, ".");

		*out++ = (uint8_t)label;
		memcpy(out, name, label);
		out += label;
		name += label + 1;
	}
	*out++ = 0;
	return out;
}

void record_encode(const char *names, uint32_t ttl, struct record_wire *record)
{
	uint8_t *out = record->bytes;

	record->ancount = 0;
	while (*names != '\0') {
		const size_t len = strcspn(names, " ");

		out = put16(out, 0xc00c); /* owner: the question's name, RFC 1035 section 4.1.4 */
		out = put16(out, 12);     /* PTR */
		out = put16(out, 1);      /* IN */
		out = put16(out, (uint16_t)(ttl >> 16));
		out = put16(out, (uint16_t)ttl);
		/* Each dot becomes a length byte before its label, and the root label adds one. */
		out = put16(out, (uint16_t)(len + 1));
		out = put_name(out, names, len);
		record->ancount++;
		names += len;
		names += *names == ' ';
	}
	record->len = (uint16_t)(out - record->bytes);
}

/* Random bytes are fetched for many at a time: each time is a system call. Main thread. */
static void fill_random(uint8_t bytes[static 16])
{
	static uint8_t pool[64][16];
	static unsigned left;

	if (left == 0) {
		randombytes_buf(pool, sizeof(pool));
		left = sizeof(pool) / sizeof(pool[0]);
	}
	memcpy(bytes, pool[--left], sizeof(pool[0]));
}

void uuid_text(uint64_t milliseconds, char text[static 37])
{
	uint8_t bytes[16], *b = bytes;
	size_t at = 0;

	fill_random(bytes);
	for (int i = 0; i < 6; i++)
		b[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
	b[6] = (uint8_t)(0x70 | (b[6] & 0x0f)); /* version */
	b[8] = (uint8_t)(0x80 | (b[8] & 0x3f)); /* variant */
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		text[at++] = "0123456789abcdef"[b[i] >> 4];
		text[at++] = "0123456789abcdef"[b[i] & 15];
	}
	text[at] = '\0';
}
