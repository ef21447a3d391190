/*
 * Arguments of a command, declared in a table: from the words of the command line to the params
 * of a request, and to the line of help that describes them.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

enum argument_type {
	ARGUMENT_TEXT,
	ARGUMENT_NUMBER,
	ARGUMENT_TEXTS,   /* collected in an array: an option may be repeated, a word may be many */
	ARGUMENT_FLAG,    /* an option without a value: `flag` is what it sets, or true */
	ARGUMENT_NONE,    /* an option without a value that sets an empty array */
	ARGUMENT_JSON,    /* a word that is a JSON object */
	ARGUMENT_OBJECTS, /* collected in an array as ARGUMENT_TEXTS, each made by `object` */
	ARGUMENT_RECORD,  /* an address; or a PTR id, which has exactly one colon and sets `id` */
};

struct argument {
	const char *word;  /* "ADDRESS": stands at its place; "--ttl": an option */
	const char *value; /* what help shows after an option, NULL for a word or a flag */
	const char *param; /* member of params that it sets; "soa.mname": member of a member */
	enum argument_type type;
	bool required;
	const char *flag; /* ARGUMENT_FLAG: text that the member gets; NULL: it becomes true */
	/*
	 * ARGUMENT_OBJECTS: the object that a text stands for, or NULL if it has not the form
	 * `value`.
	 */
	json_t *(*object)(const char *text);
};

/*
 * Reads `words` by the table `arguments`, which ends with a NULL word. Returns params, owned by the
 * caller; or NULL after writing to standard error what is wrong, each line starting with `title`.
 */
json_t *arguments_parse(
	const struct argument *arguments, const char *title, int count, char *const words[]);

/* Writes "ADDRESS NAME [NAME..] [--ttl N]" behind `column` characters, in as many lines as it takes. */
void arguments_print(FILE *out, const struct argument *arguments, int column);
