#include "export_rows.h"

#include <stdlib.h>
#include <string.h>

#include "csv.h"
#include "pages.h"
#include "progress.h"
#include "tag_text.h"

#define CSV_HEADER "address,project,id,names,ttl,description,tags\r\n"

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static void put_names(FILE *out, const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		fprintf(out, "%s%s", i > 0 ? " " : "", json_string_value(name));
	}
}

/* `ptr` NULL: it has none of its own. False: out of memory. */
static bool put_csv(FILE *out, const json_t *eip, const json_t *ptr)
{
	static const char *const columns[] = {"address", "project", "id"};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		csv_put(out, text_of(eip, columns[i]));
		putc(',', out);
	}
	if (ptr == NULL) {
		fputs(",,,\r\n", out);
		return true;
	}
	char *tags = tag_text_format(json_object_get(ptr, "tags"));

	if (tags == NULL)
		return false;
	put_names(out, json_object_get(ptr, "names"));
	fprintf(out, ",%" JSON_INTEGER_FORMAT ",", json_integer_value(json_object_get(ptr, "ttl")));
	csv_put(out, text_of(ptr, "description"));
	putc(',', out);
	csv_put(out, tags);
	fputs("\r\n", out);
	free(tags);
	return true;
}

static bool put_jsonl(FILE *out, const json_t *eip, const json_t *ptr)
{
	json_t *row = json_pack("{s:O,s:O,s:O}", "address", json_object_get(eip, "address"),
		"project", json_object_get(eip, "project"), "id", json_object_get(eip, "id"));

	if (ptr == NULL) {
		json_object_set_new(row, "default", json_true());
	} else {
		json_object_set(row, "names", json_object_get(ptr, "names"));
		json_object_set(row, "ttl", json_object_get(ptr, "ttl"));
		if (*text_of(ptr, "description") != '\0')
			json_object_set(row, "description", json_object_get(ptr, "description"));
		if (json_array_size(json_object_get(ptr, "tags")) > 0)
			json_object_set(row, "tags", json_object_get(ptr, "tags"));
	}
	const bool written = row != NULL && json_dumpf(row, out, JSON_COMPACT) == 0;

	putc('\n', out);
	json_decref(row);
	return written;
}

/* The two lists are in the same order, and each PTR is one of an EIP. */
static enum export_result put_all(struct pages *eips, struct pages *ptrs, enum reader_format format,
	FILE *out, uint64_t *rows)
{
	const json_t *ptr = pages_next(ptrs), *eip;
	uint64_t total;

	if (ptrs->status != EXIT_OK)
		return EXPORT_FAILED;
	while (!ferror(out) && (eip = pages_next(eips)) != NULL) {
		const bool custom = !json_is_null(json_object_get(eip, "ptr"));

		if (custom && strcmp(text_of(ptr, "address"), text_of(eip, "address")) != 0)
			return EXPORT_CHANGED;
		if (!(format == READER_CSV ? put_csv : put_jsonl)(out, eip, custom ? ptr : NULL))
			return EXPORT_FAILED;
		if (custom)
			ptr = pages_next(ptrs);
		if (ptrs->status != EXIT_OK)
			return EXPORT_FAILED;
		total = (uint64_t)json_integer_value(json_object_get(eips->page, "total"));
		++*rows;
		progress_show(*rows, total, *rows);
	}
	if (eips->status != EXIT_OK)
		return EXPORT_FAILED;
	return ptr == NULL ? EXPORT_DONE : EXPORT_CHANGED;
}

enum export_result export_rows(struct session *session, const struct command *command,
	const json_t *filters, enum reader_format format, FILE *out, uint64_t *rows,
	enum exit_status *status)
{
	struct pages eips, ptrs;

	*rows = 0;
	if (format == READER_CSV)
		fputs(CSV_HEADER, out);
	pages_begin(&eips, session, command, "eip.list", "eips", filters);
	pages_begin(&ptrs, session, command, "ptr.list", "ptrs", filters);
	const enum export_result result = put_all(&eips, &ptrs, format, out, rows);

	*status = eips.status != EXIT_OK ? eips.status
		: ptrs.status != EXIT_OK ? ptrs.status
					 : EXIT_REFUSED;
	pages_end(&eips);
	pages_end(&ptrs);
	return result;
}
