/*
 * What the process tells its operator: one line on standard error for each event.
 */
#pragma once

/* Writes "ptrd-dataplane: " and the formatted line, in one write. Any thread. */
__attribute__((format(printf, 1, 2))) void log_line(const char *format, ...);
