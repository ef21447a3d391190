#include "name.h"

#include <stdbool.h>
#include <stddef.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads one byte of a label; returns the text behind it, or NULL if its escape is malformed. */
static const char *scan_byte(const char *text, uint8_t *byte)
{
	if (*text != '\\') {
		*byte = (uint8_t)*text;
		return text + 1;
	}
	text++;
	if (!is_digit(*text)) {
		*byte = (uint8_t)*text;
		return *text == '\0' ? NULL : text + 1;
	}
	if (!is_digit(text[1]) || !is_digit(text[2]))
		return NULL;
	const int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
	*byte = (uint8_t)value;
	return value > UINT8_MAX ? NULL : text + 3;
}

int name_to_wire(const char *text, uint8_t wire[PTRD_NAME_WIRE_MAX])
{
	unsigned label = 0, at = 1; /* the length byte of the label under way, and its end */

	if (text[0] == '.' && text[1] == '\0')
		text++;
	else if (text[0] == '\0')
		return -1;

	while (*text != '\0') {
		if (*text != '.') {
			uint8_t byte;

			text = scan_byte(text, &byte);
			/* One byte is kept for the root label. */
			if (text == NULL || at - label > NAME_LABEL_MAX
				|| at + 1 >= PTRD_NAME_WIRE_MAX)
				return -1;
			wire[at++] = byte;
			if (*text != '\0')
				continue;
		}
		if (at == label + 1)
			return -1;
		wire[label] = (uint8_t)(at - label - 1);
		label = at++;
		if (*text == '.')
			text++;
	}
	wire[label] = 0;
	return (int)at;
}
