#include "arguments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 79 /* of a terminal, its last column left free */
#define INDENT 8 /* of what does not fit into the first line of a usage */

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1] == '-';
}

/* True if it makes an array, of as many values as are given. */
static bool collects(const struct argument *argument)
{
	return argument->type == ARGUMENT_TEXTS || argument->type == ARGUMENT_OBJECTS;
}

/* Finds the option that `text` names, alone or as --option=value. */
static const struct argument *find_option(const struct argument *arguments, const char *text)
{
	size_t len = strcspn(text, "=");

	for (; arguments->word != NULL; arguments++)
		if (is_option(arguments->word) && strlen(arguments->word) == len
			&& memcmp(arguments->word, text, len) == 0)
			return arguments;
	return NULL;
}

/* Place that a word takes: the first unset one, or the last if that one collects many. */
static const struct argument *next_place(
	const struct argument *arguments, const struct argument *last)
{
	if (last != NULL && collects(last))
		return last;
	for (const struct argument *a = last == NULL ? arguments : last + 1; a->word != NULL; a++)
		if (!is_option(a->word))
			return a;
	return NULL;
}

/* Object that holds the member and the member's name: params, or the object before the dot. */
static json_t *holder(json_t *params, const char **param)
{
	const char *dot = strchr(*param, '.');

	if (dot == NULL)
		return params;
	char name[32];
	snprintf(name, sizeof(name), "%.*s", (int)(dot - *param), *param);
	*param = dot + 1;
	json_t *object = json_object_get(params, name);
	if (object == NULL) {
		object = json_object();
		json_object_set_new(params, name, object);
	}
	return object;
}

static json_t *parse_number(const char *text)
{
	char *end;

	errno = 0;
	long long number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return NULL;
	return json_integer(number);
}

/* Value of an argument, or NULL after writing why `text` (NULL: of none) cannot be one. */
static json_t *parse_value(const struct argument *argument, const char *title, const char *text)
{
	json_error_t error;
	json_t *value = NULL;

	switch (argument->type) {
	case ARGUMENT_NUMBER:
		value = parse_number(text);
		if (value == NULL)
			fprintf(stderr, "ptrctl: %s: %s: '%s' is not a whole number\n", title,
				argument->word, text);
		break;
	case ARGUMENT_JSON:
		value = json_loads(text, 0, &error);
		if (value == NULL)
			fprintf(stderr, "ptrctl: %s: %s: not JSON at column %d: %s\n", title,
				argument->word, error.column, error.text);
		break;
	case ARGUMENT_OBJECTS:
		value = argument->object(text);
		if (value == NULL)
			fprintf(stderr, "ptrctl: %s: %s: '%s' is not of the form %s\n", title,
				argument->word, text, argument->value);
		break;
	case ARGUMENT_FLAG:
		value = argument->flag != NULL ? json_string(argument->flag) : json_true();
		break;
	case ARGUMENT_NONE:
		value = json_array();
		break;
	case ARGUMENT_TEXT:
	case ARGUMENT_TEXTS:
	case ARGUMENT_RECORD:
		value = json_string(text);
		if (value == NULL)
			fprintf(stderr, "ptrctl: %s: %s: the value is not UTF-8 text\n", title,
				argument->word);
		break;
	}
	return value;
}

/* No IPv6 address has one colon alone, and no part of a PTR id has any. */
static const char *param_of(const struct argument *argument, const char *text)
{
	const char *colon
		= argument->type == ARGUMENT_RECORD && text != NULL ? strchr(text, ':') : NULL;

	return colon != NULL && strchr(colon + 1, ':') == NULL ? "id" : argument->param;
}

/* Puts a value into params. Returns false after writing why not. */
static bool set(
	json_t *params, const struct argument *argument, const char *title, const char *text)
{
	json_t *value = parse_value(argument, title, text);
	const char *member = param_of(argument, text);
	json_t *object = holder(params, &member);

	if (value == NULL)
		return false;
	json_t *old = json_object_get(object, member);
	if (collects(argument)) {
		if (old == NULL)
			json_object_set_new(object, member, old = json_array());
		return json_array_append_new(old, value) == 0;
	}
	if (old != NULL) {
		fprintf(stderr, "ptrctl: %s: %s is given twice\n", title, argument->word);
		json_decref(value);
		return false;
	}
	return json_object_set_new(object, member, value) == 0;
}

static bool check_required(
	const struct argument *arguments, const char *title, const json_t *params)
{
	for (; arguments->word != NULL; arguments++) {
		if (!arguments->required || json_object_get(params, arguments->param) != NULL
			|| (arguments->type == ARGUMENT_RECORD
				&& json_object_get(params, "id") != NULL))
			continue;
		fprintf(stderr, "ptrctl: %s: %s is missing\n", title, arguments->word);
		return false;
	}
	return true;
}

/* Reads one option, which may take the next word. Returns false after writing what is wrong. */
static bool parse_option(const struct argument *arguments, const char *title, json_t *params,
	int count, char *const words[], int *i)
{
	const char *word = words[*i];
	const struct argument *option = find_option(arguments, word);
	const char *equals = strchr(word, '=');

	if (option == NULL) {
		fprintf(stderr, "ptrctl: %s: unknown option %s\n", title, word);
		return false;
	}
	if (option->type == ARGUMENT_FLAG || option->type == ARGUMENT_NONE) {
		if (equals != NULL)
			fprintf(stderr, "ptrctl: %s: %s takes no value\n", title, option->word);
		return equals == NULL && set(params, option, title, NULL);
	}
	if (equals != NULL)
		return set(params, option, title, equals + 1);
	if (*i + 1 == count) {
		fprintf(stderr, "ptrctl: %s: %s needs a value\n", title, option->word);
		return false;
	}
	return set(params, option, title, words[++*i]);
}

json_t *arguments_parse(
	const struct argument *arguments, const char *title, int count, char *const words[])
{
	json_t *params = json_object();
	const struct argument *place = NULL;
	bool options = true, ok = true;

	for (int i = 0; i < count && ok; i++) {
		if (options && strcmp(words[i], "--") == 0) {
			options = false;
		} else if (options && is_option(words[i])) {
			ok = parse_option(arguments, title, params, count, words, &i);
		} else {
			place = next_place(arguments, place);
			if (place == NULL)
				fprintf(stderr, "ptrctl: %s: '%s' is one argument too many\n",
					title, words[i]);
			ok = place != NULL && set(params, place, title, words[i]);
			if (!ok)
				break;
		}
	}
	if (ok && check_required(arguments, title, params))
		return params;
	json_decref(params);
	return NULL;
}

/* "[--tag KEY=VALUE..]" */
static int format_argument(const struct argument *a, char *text, size_t size)
{
	const char *space = a->value != NULL ? " " : "";
	const char *value = a->value != NULL ? a->value : "";
	const bool many = collects(a);

	if (!a->required)
		return snprintf(text, size, "[%s%s%s%s]", a->word, space, value, many ? ".." : "");
	return snprintf(text, size, many ? "%s%s%s [%s%s%s..]" : "%s%s%s", a->word, space, value,
		a->word, space, value);
}

void arguments_print(FILE *out, const struct argument *arguments, int column)
{
	char text[2 * WIDTH];

	for (const struct argument *a = arguments; a->word != NULL; a++) {
		const int length = format_argument(a, text, sizeof(text));

		if (column + 1 + length > WIDTH)
			column = fprintf(out, "\n%*s", INDENT - 1, "") - 1;
		column += fprintf(out, " %s", text);
	}
}
