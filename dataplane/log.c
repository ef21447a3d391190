#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void log_line(const char *format, ...)
{
	char line[1024] = "ptrd-dataplane: ";
	size_t len = sizeof("ptrd-dataplane: ") - 1;
	va_list arguments;

	va_start(arguments, format);
	const int n = vsnprintf(line + len, sizeof(line) - len - 1, format, arguments);
	va_end(arguments);
	if (n < 0)
		return;
	len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	/* One write, so that lines of several processes on one terminal do not mix. */
	if (write(STDERR_FILENO, line, len) < 0)
		return; /* nowhere left to tell it */
}
