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
} tokens4[] = {
	/* What {address} and {reverse} stand for, spelled out: one step instead of seven. */
	{"{a}-{b}-{c}-{d}", DNS_ADDRESS, 0},
	{"{d}-{c}-{b}-{a}", DNS_REVERSE, 0},
	{"{a}", DNS_OCTET, 0},
	{"{b}", DNS_OCTET, 1},
	{"{c}", DNS_OCTET, 2},
	{"{d}", DNS_OCTET, 3},
	{"{address}", DNS_ADDRESS, 0},
	{"{reverse}", DNS_REVERSE, 0},
}, tokens6[] = {
	{"{address}", DNS_ADDRESS6, 0},
	{"{reverse}", DNS_REVERSE6, 0},
};
#define SUFFIX_TOKEN "{suffix}"

/* What is different between the families. */
static const struct family {
	const char *field;
	const struct token *tokens;
	size_t tokens_count;
	const char *unknown_rule;
} ipv4 = {"default_name", tokens4, sizeof(tokens4) / sizeof(tokens4[0]),
	"unknown token; the tokens are {a} {b} {c} {d} {address} {reverse} {suffix}"},
  ipv6 = {"default_name6", tokens6, sizeof(tokens6) / sizeof(tokens6[0]),
	  "unknown token; the tokens are {address} {reverse} {suffix}"};

/* The longest text of each token. */
static const char *const longest_text[] = {
	[DNS_NOTHING] = "",
	[DNS_DOT] = ".",
	[DNS_OCTET] = "255",
	[DNS_ADDRESS] = "255-255-255-255",
	[DNS_REVERSE] = "255-255-255-255",
	[DNS_ADDRESS6] = "ffff-ffff-ffff-ffff-ffff-ffff-ffff-ffff",
	[DNS_REVERSE6] = "ffff-ffff-ffff-ffff-ffff-ffff-ffff-ffff",
};
#define TOKEN_TEXT_MAX 39

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

static const struct token *find_token(const struct family *family, const char *text)
{
	for (size_t i = 0; i < family->tokens_count; i++) {
		const struct token *token = &family->tokens[i];

		if (strncmp(text, token->name, strlen(token->name)) == 0)
			return token;
	}
	return NULL;
}

/* Cuts `len` bytes of the text into parts. Returns NULL, or the rule that it breaks. */
static const char *cut_parts(const struct family *family, struct dns_template *compiled, size_t len)
{
	for (size_t at = 0; at < len;) {
		struct dns_template_part part = {.start = (uint16_t)at, .token = DNS_NOTHING};

		if (compiled->count == DNS_TEMPLATE_PARTS_MAX)
			return "too many tokens and dots between them (32 at most)";
		part.len = (uint16_t)strcspn(compiled->text + at, "{.");
		at += part.len;
		if (at < len && compiled->text[at] == '.') {
			part.token = DNS_DOT;
			at++;
		} else if (at < len) {
			const struct token *token = find_token(family, compiled->text + at);

			if (token == NULL)
				return family->unknown_rule;
			part.token = (uint8_t)token->token;
			part.shift = (uint8_t)(24 - 8 * token->octet);
			at += strlen(token->name);
		}
		compiled->parts[compiled->count++] = part;
	}
	return NULL;
}

/* The longest name that the template gives, as text. */
static void longest_name(const struct dns_template *compiled, char *out, size_t size, size_t cut)
{
	size_t at = 0;

	for (unsigned i = 0; i < compiled->count; i++) {
		const struct dns_template_part *part = &compiled->parts[i];

		at += (size_t)snprintf(out + at, size - at, "%.*s%s", part->len,
			compiled->text + part->start, longest_text[part->token]);
	}
	snprintf(out + at, size - at, "%s", compiled->text + cut);
}

static int compile(const struct family *family, struct dns_template *compiled, const char *text,
	const char *suffix, char *error)
{
	size_t suffix_len = strlen(suffix);
	char name[sizeof(compiled->text) + DNS_TEMPLATE_PARTS_MAX * TOKEN_TEXT_MAX];
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
		return refuse(error, family->field, text, "longer than 255 characters");
	if (splice_suffix(compiled->text, sizeof(compiled->text), text, bare, suffix_len) < 0)
		return refuse(error, family->field, text,
			"the name can become longer than 255 bytes on the wire");

	/* What follows the first dot behind the last token needs no work at each expansion. */
	const char *last = strrchr(compiled->text, '{');
	const char *dot = last == NULL ? compiled->text : strchrnul(last, '.');
	const size_t cut = (size_t)(dot - compiled->text);

	rule = cut_parts(family, compiled, cut);
	if (rule != NULL)
		return refuse(error, family->field, text, rule);
	longest_name(compiled, name, sizeof(name), cut);
	rule = host_name_rule(name);
	if (rule != NULL)
		return refuse(error, family->field, text, rule);

	const char *tail = *dot == '.' ? dot + 1 : *dot == '\0' ? "." : dot;
	compiled->tail_len = (uint8_t)name_to_wire(tail, compiled->tail);
	return 0;
}

int dns_template_compile(
	struct dns_template *compiled, const char *text, const char *suffix, char *error)
{
	return compile(&ipv4, compiled, text, suffix, error);
}

int dns_template_compile6(
	struct dns_template *compiled, const char *text, const char *suffix, char *error)
{
	return compile(&ipv6, compiled, text, suffix, error);
}

/* The octets in decimal: how many digits one has is up to chance, and no branch is to guess it. */
#define OCTET1(n)                                                                                  \
	{                                                                                          \
		{'0' + (n)}, 1                                                                     \
	}
#define OCTET2(n)                                                                                  \
	{                                                                                          \
		{'0' + (n) / 10, '0' + (n) % 10}, 2                                                \
	}
#define OCTET3(n)                                                                                  \
	{                                                                                          \
		{'0' + (n) / 100, '0' + (n) / 10 % 10, '0' + (n) % 10}, 3                          \
	}
#define TO_5(octet, n)                                                                             \
	octet(n), octet((n) + 1), octet((n) + 2), octet((n) + 3), octet((n) + 4), octet((n) + 5)
#define TO_9(octet, n)                                                                             \
	TO_5(octet, n), octet((n) + 6), octet((n) + 7), octet((n) + 8), octet((n) + 9)
#define TO_99(octet, n)                                                                            \
	TO_9(octet, n), TO_9(octet, (n) + 10), TO_9(octet, (n) + 20), TO_9(octet, (n) + 30),       \
		TO_9(octet, (n) + 40), TO_9(octet, (n) + 50), TO_9(octet, (n) + 60),               \
		TO_9(octet, (n) + 70), TO_9(octet, (n) + 80), TO_9(octet, (n) + 90)

static const struct octet_text {
	uint8_t text[3];
	uint8_t len;
} octet_texts[256] = {
	TO_9(OCTET1, 0),
	TO_9(OCTET2, 10),
	TO_9(OCTET2, 20),
	TO_9(OCTET2, 30),
	TO_9(OCTET2, 40),
	TO_9(OCTET2, 50),
	TO_9(OCTET2, 60),
	TO_9(OCTET2, 70),
	TO_9(OCTET2, 80),
	TO_9(OCTET2, 90),
	TO_99(OCTET3, 100),
	TO_9(OCTET3, 200),
	TO_9(OCTET3, 210),
	TO_9(OCTET3, 220),
	TO_9(OCTET3, 230),
	TO_9(OCTET3, 240),
	TO_5(OCTET3, 250),
};

/* Writes four bytes, of which those behind the digits are to be overwritten. */
static inline uint8_t *put_octet(uint8_t *at, uint8_t octet)
{
	const struct octet_text *text = &octet_texts[octet];

	memcpy(at, text, sizeof(*text));
	return at + text->len;
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

/* Eight groups of four digits, the first group at `address` or, stepping back, the last. */
static uint8_t *put_groups(uint8_t *at, const uint8_t *group, int step)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < 8; i++, group += step) {
		*at++ = (uint8_t)digits[group[0] >> 4];
		*at++ = (uint8_t)digits[group[0] & 15];
		*at++ = (uint8_t)digits[group[1] >> 4];
		*at++ = (uint8_t)digits[group[1] & 15];
		*at++ = '-';
	}
	return at - 1; /* none behind the last */
}

static inline uint8_t *put_text(uint8_t *at, const void *text, unsigned len)
{
	memcpy(at, text, DNS_TEMPLATE_BLOCK);
	for (unsigned done = DNS_TEMPLATE_BLOCK; done < len; done += DNS_TEMPLATE_BLOCK)
		memcpy(at + done, (const uint8_t *)text + done, DNS_TEMPLATE_BLOCK);
	return at + len;
}

/* Of the two addresses the template's family uses one. */
static inline unsigned expand(const struct dns_template *compiled, uint32_t address,
	const uint8_t *address6, uint8_t *wire)
{
	uint8_t *label = wire, *at = wire + 1;

	for (unsigned i = 0; i < compiled->count; i++) {
		const struct dns_template_part *part = &compiled->parts[i];

		at = put_text(at, compiled->text + part->start, part->len);
		switch (part->token) {
		case DNS_DOT:
			*label = (uint8_t)(at - label - 1);
			label = at++;
			break;
		case DNS_OCTET:
			at = put_octet(at, (uint8_t)(address >> part->shift));
			break;
		case DNS_ADDRESS:
			at = put_dashed(at, address);
			break;
		case DNS_REVERSE:
			at = put_dashed(at, __builtin_bswap32(address));
			break;
		case DNS_ADDRESS6:
			at = put_groups(at, address6, 2);
			break;
		case DNS_REVERSE6:
			at = put_groups(at, address6 + 14, -2);
			break;
		}
	}
	if (compiled->count == 0)
		at = wire; /* no label holds a token: the tail is the whole name */
	else
		*label = (uint8_t)(at - label - 1);
	return (unsigned)(put_text(at, compiled->tail, compiled->tail_len) - wire);
}

unsigned dns_template_expand(const struct dns_template *compiled, uint32_t address, uint8_t *wire)
{
	static const uint8_t none[16];

	return expand(compiled, address, none, wire);
}

unsigned dns_template_expand6(
	const struct dns_template *compiled, const uint8_t address[16], uint8_t *wire)
{
	return expand(compiled, 0, address, wire);
}

unsigned dns_put_octet(uint8_t *at, uint8_t octet)
{
	memcpy(at, octet_texts[octet].text, octet_texts[octet].len);
	return octet_texts[octet].len;
}
