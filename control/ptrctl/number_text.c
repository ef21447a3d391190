#include "number_text.h"

#include <stdio.h>

void number_text(double number, char text[static NUMBER_TEXT_MAX])
{
	static const char *const units[] = {"", "k", "M", "G", "T"};
	unsigned unit = 0;

	while (number >= 999.5 && unit < 4) {
		number /= 1000;
		unit++;
	}
	snprintf(text, NUMBER_TEXT_MAX, unit > 0 && number < 99.95 ? "%.1f%s" : "%.0f%s", number,
		units[unit]);
}
