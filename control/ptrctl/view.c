#include "view.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 4096

static const json_t *find(const json_t *object, const char *path)
{
	char name[64];
	const char *dot;

	while ((dot = strchr(path, '.')) != NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		object = json_object_get(object, name);
		path = dot + 1;
	}
	return json_object_get(object, path);
}

static void format(char text[TEXT_MAX], const json_t *value, const char *separator);

/* Adds an item's text behind `used` bytes. False: no room. */
static bool join(char text[TEXT_MAX], size_t *used, const json_t *item, const char *separator)
{
	char part[TEXT_MAX];

	format(part, item, ",");
	const int n = snprintf(
		text + *used, TEXT_MAX - *used, "%s%s", *used > 0 ? separator : "", part);
	if (n < 0 || (size_t)n >= TEXT_MAX - *used)
		return false;
	*used += (size_t)n;
	return true;
}

/* True if the value is a tag, which is shown as it is given: key=value. */
static bool format_tag(char text[TEXT_MAX], const json_t *value)
{
	const char *key = json_string_value(json_object_get(value, "key"));
	const char *tag = json_string_value(json_object_get(value, "value"));

	if (key == NULL || tag == NULL)
		return false;
	snprintf(text, TEXT_MAX, "%s=%s", key, tag);
	return true;
}

/*
 * Text of a value; an array's values are joined by `separator`, an object's members by spaces. Too
 * long: cut.
 */
static void format(char text[TEXT_MAX], const json_t *value, const char *separator)
{
	const char *name;
	size_t index, used = 0;
	json_t *item;

	text[0] = '\0';
	if (json_string_length(value) > 0) {
		snprintf(text, TEXT_MAX, "%s", json_string_value(value));
	} else if (json_is_integer(value)) {
		snprintf(text, TEXT_MAX, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_boolean(value)) {
		snprintf(text, TEXT_MAX, "%s", json_is_true(value) ? "yes" : "no");
	} else if (json_is_array(value) && json_array_size(value) > 0) {
		json_array_foreach(
			value, index, item) if (!join(text, &used, item, separator)) break;
	} else if (format_tag(text, value)) {
		return;
	} else if (json_is_object(value)) {
		/* Iteration does not change it, but takes one that is not const. */
		json_object_foreach((json_t *)(uintptr_t)value, name,
			item) if (!join(text, &used, item, " ")) break;
	} else {
		snprintf(text, TEXT_MAX, "-");
	}
}

/* Texts are others' as often as not: none of them is to move the cursor of who looks at them. */
static void take_controls_away(char *text)
{
	for (; *text != '\0'; text++) {
		const unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];

		if (first < ' ' || first == 0x7f)
			*text = '?';
		/* U+0080 to U+009F, as UTF-8. */
		if (first == 0xC2 && second >= 0x80 && second <= 0x9F)
			text[0] = text[1] = '?';
	}
}

static void format_field(
	char text[TEXT_MAX], const struct field *field, const json_t *object, const char *separator)
{
	const json_t *value = find(object, field->path);

	if ((value == NULL || json_is_null(value)) && field->fallback != NULL)
		value = find(object, field->fallback);
	format(text, value, separator);
	take_controls_away(text);
}

/* Columns a UTF-8 text takes: its code points. Names are ASCII; projects and paths need not be. */
static int columns(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

/* Writes one cell and pads it to its column, unless it is the last of the line. */
static void print_cell(const char *text, int width, bool last)
{
	fputs(text, stdout);
	if (!last)
		printf("%*s", width - columns(text) + 2, "");
	else
		putchar('\n');
}

static void widen(struct table *table, const json_t *rows)
{
	char text[TEXT_MAX];
	size_t index;
	json_t *row;

	for (int i = 0; table->fields[i].title != NULL; i++) {
		int *width = &table->width[i];

		if (columns(table->fields[i].title) > *width)
			*width = columns(table->fields[i].title);
		json_array_foreach(rows, index, row)
		{
			format_field(text, &table->fields[i], row, ",");
			if (columns(text) > *width)
				*width = columns(text);
		}
	}
}

void view_table(struct table *table, const json_t *rows)
{
	const struct field *fields = table->fields;
	char text[TEXT_MAX];
	size_t index;
	json_t *row;

	widen(table, rows);
	if (!table->begun) {
		for (int i = 0; fields[i].title != NULL; i++)
			print_cell(fields[i].title, table->width[i], fields[i + 1].title == NULL);
		table->begun = true;
	}
	json_array_foreach(rows, index, row)
	{
		for (int i = 0; fields[i].title != NULL; i++) {
			format_field(text, &fields[i], row, ",");
			print_cell(text, table->width[i], fields[i + 1].title == NULL);
		}
	}
}

void view_object(const struct field *fields, const json_t *object)
{
	char text[TEXT_MAX];
	int width = 0;

	for (const struct field *f = fields; f->title != NULL; f++)
		if (columns(f->title) > width)
			width = columns(f->title);
	for (const struct field *f = fields; f->title != NULL; f++) {
		format_field(text, f, object, ", ");
		print_cell(f->title, width, false);
		print_cell(text, 0, true);
	}
}

unsigned view_counters(json_t *object)
{
	const char *name;
	json_t *value;
	unsigned shown = 0;

	json_object_foreach(object, name, value)
	{
		if (json_integer_value(value) == 0)
			continue;
		printf("  %-18s %12" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
		shown++;
	}
	return shown;
}
