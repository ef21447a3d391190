#include "row.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define QUOTE_MAX 40

void row_clear(struct row *row)
{
	json_decref(row->members);
	*row = (struct row){.line = 0};
}

static void refuse(struct row *row, enum ptrd_error error, const char *field, const char *format,
	va_list arguments)
{
#define ERROR_CODE(id, code, text) [PTRD_ERR_##id] = (code),
	static const char *const codes[] = { PTRD_ERRORS(ERROR_CODE) };
#undef ERROR_CODE

	json_decref(row->members);
	row->members = NULL;
	row->code = codes[error];
	snprintf(row->field, sizeof(row->field), "%s", field != NULL ? field : "");
	vsnprintf(row->message, sizeof(row->message), format, arguments);
}

enum row_result row_refuse(
	struct row *row, enum ptrd_error error, const char *field, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	refuse(row, error, field, format, arguments);
	va_end(arguments);
	return ROW_BAD;
}

enum row_result row_fail(struct row *row, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	refuse(row, PTRD_ERR_INVALID_REQUEST, NULL, format, arguments);
	va_end(arguments);
	return ROW_FAILED;
}

const char *row_quote(const char *text, size_t len)
{
	static char quoted[QUOTE_MAX + 6];
	const size_t shown = len < QUOTE_MAX ? len : QUOTE_MAX;

	quoted[0] = '\'';
	for (size_t i = 0; i < shown; i++)
		quoted[1 + i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '.' : text[i];
	snprintf(quoted + 1 + shown, sizeof(quoted) - 1 - shown, "%s'", shown < len ? "..." : "");
	return quoted;
}
