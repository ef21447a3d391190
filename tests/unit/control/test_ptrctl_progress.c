/* The line of a progress bar, in every width. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "progress.h"

static const struct row {
	struct progress progress;
	unsigned width;
	const char *line;
} rows[] = {
	{{"import", "rows", 50, 100, 1234567, 10}, 100,
		"import  [####################--------------------]   50%  1234567 rows  123k/s  "
		"ETA 0:10"},
	{{"import", "rows", 50, 100, 1234567, 10}, 79,
		"import  [###############----------------]   50%  1234567 rows  123k/s  ETA 0:10"},
	{{"import", "rows", 50, 100, 1234567, 10}, 58, /* the shortest bar */
		"import  [#####-----]   50%  1234567 rows  123k/s  ETA 0:10"},
	{{"import", "rows", 50, 100, 1234567, 10}, 57,
		"import   50%  1234567 rows  123k/s  ETA 0:10"},
	{{"import", "rows", 50, 100, 1234567, 10}, 43, "import   50%  1234567 rows  123k/s"},
	{{"import", "rows", 50, 100, 1234567, 10}, 20, "import   50%  123k/s"},
	{{"import", "rows", 50, 100, 1234567, 10}, 6, "import"},
	{{"import", "rows", 50, 100, 1234567, 10}, 3, "imp"},
	{{"import", "rows", 50, 100, 1234567, 10}, 0, ""},
	/* not known how much there is */
	{{"import", "rows", 50, 0, 1, 3661}, 80, "import  1 rows  0/s  1:01:01"},
	/* the start, the end, and beyond it */
	{{"x", "rows", 0, 100, 0, 0}, 40, "x  [----------]    0%  0 rows  0/s  0:00"},
	{{"x", "rows", 100, 100, 999, 1}, 48, "x  [##########]  100%  999 rows  999/s  ETA 0:00"},
	{{"x", "rows", 200, 100, 9950, 1}, 27, "x  100%  9950 rows  9.9k/s"},
	{{"x", "rows", 1, 1000000, 1, 3600}, 30, "x    0%  1 rows  0/s"},
};

static void test_format(void **state)
{
	char line[256];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const size_t len
			= progress_format(&rows[i].progress, rows[i].width, line, sizeof(line));

		assert_int_equal(len, strlen(line));
		assert_true(len <= rows[i].width);
		assert_string_equal(line, rows[i].line);
	}
	/* No width is too small or too large, whatever the figures. */
	for (unsigned width = 0; width < 1000; width++) {
		const struct progress p
			= {"import", "rows", UINT64_MAX / 2, UINT64_MAX, UINT64_MAX, 1e9};

		assert_true(progress_format(&p, width, line, sizeof(line)) <= width);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
