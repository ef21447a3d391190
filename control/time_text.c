#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "validate.h"

#define SECONDS_DIGITS 11 /* the year 5138 */

/* Reads exactly that many digits. */
static bool digits(const char **text, int count, int *number)
{
	*number = 0;
	for (int i = 0; i < count; i++) {
		const char digit = (*text)[i];

		if (digit < '0' || digit > '9')
			return false;
		*number = *number * 10 + (digit - '0');
	}
	*text += count;
	return true;
}

static bool one_of(const char **text, const char *characters)
{
	if (**text == '\0' || strchr(characters, **text) == NULL)
		return false;
	++*text;
	return true;
}

static bool read_date(const char **text, struct tm *tm)
{
	if (!digits(text, 4, &tm->tm_year) || !one_of(text, "-") || !digits(text, 2, &tm->tm_mon)
		|| !one_of(text, "-") || !digits(text, 2, &tm->tm_mday))
		return false;
	tm->tm_year -= 1900;
	tm->tm_mon--;
	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1;
}

static bool read_clock(const char **text, struct tm *tm)
{
	if (!digits(text, 2, &tm->tm_hour) || !one_of(text, ":") || !digits(text, 2, &tm->tm_min)
		|| !one_of(text, ":") || !digits(text, 2, &tm->tm_sec))
		return false;
	if (one_of(text, ".")) {
		const size_t fraction = strspn(*text, "0123456789");

		if (fraction == 0)
			return false;
		*text += fraction;
	}
	/* 60: a leap second. */
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

/* "Z", or the difference to UTC, in seconds. */
static bool read_offset(const char **text, int64_t *offset)
{
	const bool west = **text == '-';
	int hours, minutes;

	*offset = 0;
	if (one_of(text, "Zz"))
		return true;
	if (!one_of(text, "+-") || !digits(text, 2, &hours) || !one_of(text, ":")
		|| !digits(text, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset = (west ? -60 : 60) * (hours * 60 + minutes);
	return true;
}

static bool read_rfc3339(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	int64_t offset;

	if (!read_date(&text, &tm) || !one_of(&text, "Tt ") || !read_clock(&text, &tm)
		|| !read_offset(&text, &offset) || *text != '\0')
		return false;
	const int day = tm.tm_mday;
	const bool leap = tm.tm_sec == 60;

	tm.tm_sec -= leap;
	*seconds = (int64_t)timegm(&tm) + leap - offset;
	/* timegm() takes the 31st of April for the 1st of May. */
	return tm.tm_mday == day;
}

bool time_parse(const char *text, int64_t *seconds, struct refusal *why)
{
	const size_t len = strlen(text);

	if (len > 0 && len <= SECONDS_DIGITS && strspn(text, "0123456789") == len) {
		*seconds = strtoll(text, NULL, 10);
		return true;
	}
	return read_rfc3339(text, seconds)
		|| refuse(why, PTRD_ERR_INVALID_REQUEST,
			"%s is not a time such as 2026-11-24T19:00:00Z, nor seconds since 1970",
			QUOTE(text));
}
