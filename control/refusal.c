#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "refusal.h"

void refusal_init(struct refusal *why)
{
	*why = (struct refusal){.index = -1, .row = -1};
}

bool refuse(struct refusal *why, enum ptrd_error code, const char *format, ...)
{
	va_list args;

	why->code = code;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	return false;
}

bool refuse_field(struct refusal *why, const char *field, const json_t *value)
{
	snprintf(why->field, sizeof(why->field), "%s", field);
	why->value = value;
	return false;
}

/* Messages are ASCII: a cut in the middle of a character could not be encoded. */
void refusal_text(const struct refusal *why, char text[static REFUSAL_TEXT_MAX])
{
	char *out = text;

	if (why->index >= 0)
		out += snprintf(text, REFUSAL_TEXT_MAX, "requests[%d]%s%s%s: ", why->index,
			why->method[0] != '\0' ? " (" : "", why->method,
			why->method[0] != '\0' ? ")" : "");
	if (why->row >= 0)
		out += snprintf(out, REFUSAL_TEXT_MAX - (size_t)(out - text),
			"row %lld: ", (long long)why->row);
	snprintf(out, REFUSAL_TEXT_MAX - (size_t)(out - text), "%s%s%s", why->field,
		why->field[0] != '\0' ? ": " : "", why->text);
	for (char *c = text; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

const char *refusal_code(enum ptrd_error code)
{
#define CODE_TEXT(id, text, meaning) [PTRD_ERR_##id] = (text),
	static const char *const codes[PTRD_ERR_COUNT] = { PTRD_ERRORS(CODE_TEXT) };
#undef CODE_TEXT

	return codes[code];
}

const char *quote(struct quoted *buffer, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	/* Room kept behind the text: one escape, the dots, the closing quote and the NUL. */
	char *out = buffer->text, *const end = buffer->text + sizeof(buffer->text) - 4 - 5;

	*out++ = '"';
	for (; *text != '\0' && out < end; text++) {
		const unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c < 0x7f) {
			*out++ = (char)c;
			continue;
		}
		*out++ = '\\';
		*out++ = 'x';
		*out++ = digits[c >> 4];
		*out++ = digits[c & 15];
	}
	if (*text != '\0') {
		memcpy(out, "...", 3);
		out += 3;
	}
	*out++ = '"';
	*out = '\0';
	return buffer->text;
}
