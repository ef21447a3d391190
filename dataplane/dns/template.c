#include "template.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "name.h"

/* {suffix} is not here: it is spliced into the text before tokens are looked for. */
static const struct token {
	const char *name;
	enum dns_token token;
	uint8_t octet;
} tokens[] = {
	{"{a}", DNS_OCTET, 0},
	{"{b}", DNS_OCTET, 1},
	{"{c}", DNS_OCTET, 2},
	{"{d}", DNS_OCTET, 3},
	{"{address}", DNS_ADDRESS, 0},
	{"{reverse}", DNS_REVERSE, 0},
};
#define TOKENS_COUNT (sizeof(tokens) / sizeof(tokens[0]))
#define SUFFIX_TOKEN "{suffix}"

static int refuse(char *error, const char *field, const char *value, const char *rule)
{
	snprintf(error, TEMPLATE_ERROR_SIZE, "%s \"%.60s%s\": %s", field, value,
		strlen(value) > 60 ? "..." : "", rule);
	return -EINVAL;
}

/* The rule that `text`, a name without its last dot, breaks as a host name (RFC 952, RFC 1123
 * section 2.1), or NULL. */
static const char *host_name_rule(const char *text)
{
	uint8_t wire[PTRD_NAME_WIRE_MAX];

	for (const char *at = text; *at != '\0';) {
		const size_t len = strcspn(at, ".");

		if (len == 0)
			return "has an empty label";
		if (len > NAME_LABEL_MAX)
			return "a label can become longer than 63 characters";
		for (size_t i = 0; i < len; i++) {
			if (!isascii((unsigned char)at[i])
				|| (!isalnum((unsigned char)at[i]) && at[i] != '-'))
				return "only letters, digits, hyphens and dots are allowed";
		}
		if (at[0] == '-' || at[len - 1] == '-')
			return "a label must not begin or end with a hyphen";
		at += len;
		if (at[0] == '.' && *++at == '\0')
			return "has an empty label";
	}
	if (text[0] == '\0')
		return "must have at least one label";
	if (name_to_wire(text, wire) < 0)
		return "the name can become longer than 255 bytes on the wire";
	return NULL;
}

/* Copies `text` with the suffix in place of its token, and without the last dot. */
static int splice_suffix(
	char *out, size_t size, const char *text, const char *suffix, size_t suffix_len)
{
	const size_t token_len = strlen(SUFFIX_TOKEN);
	size_t at = 0;

	while (*text != '\0') {
		const bool token = strncmp(text, SUFFIX_TOKEN, token_len) == 0;
		const size_t len = token ? suffix_len : 1;

		if (len >= size - at)
			return -EINVAL;
		memcpy(out + at, token ? suffix : text, len);
		at += len;
		text += token ? token_len : 1;
	}
	if (at > 0 && out[at - 1] == '.')
		at--;
	out[at] = '\0';
	return 0;
}

static const struct token *find_token(const char *text)
{
	for (size_t i = 0; i < TOKENS_COUNT; i++) {
		if (strncmp(text, tokens[i].name, strlen(tokens[i].name)) == 0)
			return &tokens[i];
	}
	return NULL;
}

/* Cuts `len` bytes of the text into parts. Returns NULL, or the rule that it breaks. */
static const char *cut_parts(struct dns_template *compiled, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *text = compiled->text + at;
		struct dns_template_part part = {.start = (uint16_t)at, .token = DNS_TEXT};

		if (compiled->count == DNS_TEMPLATE_PARTS_MAX)
			return "too many tokens, dots and texts between them (32 at most)";
		part.len = (uint16_t)strcspn(text, "{.");
		if (*text == '.') {
			part.token = DNS_DOT;
			part.len = 1;
		} else if (*text == '{') {
			const struct token *token = find_token(text);

			if (token == NULL)
				return "unknown token; the tokens are {a} {b} {c} {d} {address} "
				       "{reverse} {suffix}";
			part.token = (uint8_t)token->token;
			part.octet = token->octet;
			part.len = (uint16_t)strlen(token->name);
		}
		compiled->parts[compiled->count++] = part;
		at += part.len;
	}
	return NULL;
}

/* The longest name that the template gives, as text. */
static void longest_name(const struct dns_template *compiled, char *out, size_t size, size_t cut)
{
	size_t at = 0;

	for (unsigned i = 0; i < compiled->count; i++) {
		const struct dns_template_part *part = &compiled->parts[i];
		const char *text = compiled->text + part->start;
		int len = part->len;

		if (part->token == DNS_OCTET) {
			text = "255";
			len = 3;
		} else if (part->token == DNS_ADDRESS || part->token == DNS_REVERSE) {
			text = "255-255-255-255";
			len = 15;
		}
		at += (size_t)snprintf(out + at, size - at, "%.*s", len, text);
	}
	snprintf(out + at, size - at, "%s", compiled->text + cut);
}

int dns_template_compile(
	struct dns_template *compiled, const char *text, const char *suffix, char *error)
{
	size_t suffix_len = strlen(suffix);
	char name[sizeof(compiled->text) + DNS_TEMPLATE_PARTS_MAX * 15];
	char bare[PTRD_NAME_WIRE_MAX];

	memset(compiled, 0, sizeof(*compiled));
	if (suffix_len > 0 && suffix[suffix_len - 1] == '.')
		suffix_len--;
	if (suffix_len >= sizeof(bare))
		return refuse(error, "suffix", suffix, "a name has at most 255 bytes on the wire");
	memcpy(bare, suffix, suffix_len);
	bare[suffix_len] = '\0';
	const char *rule = host_name_rule(bare);
	if (rule != NULL)
		return refuse(error, "suffix", suffix, rule);

	if (strlen(text) > PTRD_TEMPLATE_MAX)
		return refuse(error, "default_name", text, "longer than 255 characters");
	if (splice_suffix(compiled->text, sizeof(compiled->text), text, bare, suffix_len) < 0)
		return refuse(error, "default_name", text,
			"the name can become longer than 255 bytes on the wire");

	/* What follows the first dot behind the last token needs no work at each expansion. */
	const char *last = strrchr(compiled->text, '{');
	const char *dot = last == NULL ? compiled->text : strchrnul(last, '.');
	const size_t cut = (size_t)(dot - compiled->text);

	rule = cut_parts(compiled, cut);
	if (rule != NULL)
		return refuse(error, "default_name", text, rule);
	longest_name(compiled, name, sizeof(name), cut);
	rule = host_name_rule(name);
	if (rule != NULL)
		return refuse(error, "default_name", text, rule);

	const char *tail = *dot == '.' ? dot + 1 : *dot == '\0' ? "." : dot;
	compiled->tail_len = (uint8_t)name_to_wire(tail, compiled->tail);
	return 0;
}

/* Decimal digits without a branch: where a leading zero would stand, the next digit overwrites it.
 * */
static inline uint8_t *put_octet(uint8_t *at, uint8_t octet)
{
	*at = (uint8_t)('0' + octet / 100);
	at += octet >= 100;
	*at = (uint8_t)('0' + octet / 10 % 10);
	at += octet >= 10;
	*at = (uint8_t)('0' + octet % 10);
	return at + 1;
}

static inline uint8_t *put_dashed(uint8_t *at, uint32_t address)
{
	at = put_octet(at, (uint8_t)(address >> 24));
	for (int shift = 16; shift >= 0; shift -= 8) {
		*at++ = '-';
		at = put_octet(at, (uint8_t)(address >> shift));
	}
	return at;
}

unsigned dns_template_expand(const struct dns_template *compiled, uint32_t address, uint8_t *wire)
{
	uint8_t *label = wire, *at = wire + 1;

	for (unsigned i = 0; i < compiled->count; i++) {
		const struct dns_template_part *part = &compiled->parts[i];

		switch (part->token) {
		case DNS_TEXT:
			memcpy(at, compiled->text + part->start, part->len);
			at += part->len;
			break;
		case DNS_DOT:
			*label = (uint8_t)(at - label - 1);
			label = at++;
			break;
		case DNS_OCTET:
			at = put_octet(at, (uint8_t)(address >> (24 - 8 * part->octet)));
			break;
		case DNS_ADDRESS:
			at = put_dashed(at, address);
			break;
		case DNS_REVERSE:
			at = put_dashed(at, __builtin_bswap32(address));
			break;
		}
	}
	if (compiled->count == 0)
		at = wire; /* no label holds a token: the tail is the whole name */
	else
		*label = (uint8_t)(at - label - 1);
	memcpy(at, compiled->tail, compiled->tail_len);
	return (unsigned)(at - wire) + compiled->tail_len;
}
