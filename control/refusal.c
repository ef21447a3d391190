#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "refusal.h"

void refusal_init(struct refusal *why)
{
	*why = (struct refusal){.index = -1};
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
