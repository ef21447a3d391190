/*
 * export: EIPs and PTRs into a file, as they are at one revision. The lists come in pages, between
 * which others may change what they show: each change gives its region a new revision, so regions
 * that are the same before and after have not changed in between.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "export_zones.h"
#include "interrupt.h"
#include "pages.h"
#include "progress.h"
#include "reader.h"

#define ATTEMPTS 3

static const struct argument export_arguments[] = {
	{"FILE|-", NULL, "file", ARGUMENT_TEXT},
	{"--format", "csv|jsonl|zone", "format", ARGUMENT_TEXT},
	{"--region", "REGION", "region", ARGUMENT_TEXT},
	{"--project", "PROJECT", "project", ARGUMENT_TEXT},
	{"--zone", "ZONE", "zone", ARGUMENT_TEXT},
	{"--dir", "DIR", "dir", ARGUMENT_TEXT},
	{"--mixed", NULL, "mixed", ARGUMENT_FLAG, .flag = "yes"},
	{"--quiet", NULL, "quiet", ARGUMENT_FLAG, .flag = "yes"},
	{NULL},
};

struct export
{
	struct session *session;
	const struct command *command;
	const char *file, *region, *folder;
	char *zone; /* with its final dot, in lower case; or NULL */
	enum reader_format format;
	bool mixed, quiet;
	bool unseen;     /* whether something was changed meanwhile */
	json_t *filters; /* of the lists: region, project */
	struct output *output;
	struct export_zones zones;
	uint64_t count; /* rows, or records of zones */
};

static enum exit_status usage(const struct export *export, const char *message)
{
	fprintf(stderr, "ptrctl: %s: %s\n", command_title(export->command), message);
	return EXIT_USAGE;
}

static const char *text(const json_t *params, const char *name)
{
	return json_string_value(json_object_get(params, name));
}

/* As the zones' names are written. */
static char *canonical(const char *name)
{
	char *zone;

	if (name == NULL
		|| asprintf(&zone, "%s%s", name,
			   *name != '\0' && name[strlen(name) - 1] == '.' ? "" : ".")
			< 0)
		return NULL;
	for (char *c = zone; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c | 0x20);
	return zone;
}

static enum exit_status choose_format(struct export *export, const char *format)
{
	int chosen = format != NULL ? reader_format_of_name(format)
				    : reader_format_of_path(export->file);

	if (format != NULL && chosen < 0)
		return usage(export, "--format: must be csv, jsonl or zone");
	if (chosen < 0)
		chosen = export->zone != NULL || export->folder != NULL ? READER_ZONE
			: export->session->json                         ? READER_JSONL
									: READER_CSV;
	export->format = (enum reader_format)chosen;
	return EXIT_OK;
}

static enum exit_status read_options(struct export *export, const json_t *params)
{
	struct stat st;

	export->file = text(params, "file");
	export->region = text(params, "region");
	export->folder = text(params, "dir");
	export->zone = canonical(text(params, "zone"));
	export->mixed = text(params, "mixed") != NULL;
	export->quiet = text(params, "quiet") != NULL;
	const char *project = text(params, "project");
	const enum exit_status status = choose_format(export, text(params, "format"));

	if (status != EXIT_OK)
		return status;
	export->filters = json_pack("{s:s*,s:s*}", "region", export->region, "project", project);
	if (export->format != READER_ZONE && (export->zone != NULL || export->folder != NULL))
		return usage(export, "--zone and --dir are for --format zone");
	if (export->format == READER_ZONE && project != NULL)
		return usage(export, "a zone has the PTRs of all projects: not with --project");
	if (export->folder != NULL && export->file != NULL)
		return usage(export, "give one of --dir and a file");
	if (export->folder != NULL && (stat(export->folder, &st) < 0 || !S_ISDIR(st.st_mode)))
		return usage(export, "--dir: there is no such directory");
	return EXIT_OK;
}

/* The regions as they are now. */
static json_t *look(const struct export *export, enum exit_status *status)
{
	json_t *regions = json_array(), *region;
	struct pages pages;

	if (export->region != NULL) {
		json_t *params = json_pack("{s:s}", "name", export->region);

		*status = session_call(
			export->session, export->command, "region.get", params, &region);
		if (*status == EXIT_OK)
			json_array_append_new(regions, region);
		json_decref(params);
	} else {
		json_t *none = json_object();

		pages_begin(
			&pages, export->session, export->command, "region.list", "regions", none);
		while ((region = pages_next(&pages)) != NULL)
			json_array_append(regions, region);
		*status = pages.status;
		pages_end(&pages);
		json_decref(none);
	}
	if (*status == EXIT_OK)
		return regions;
	json_decref(regions);
	return NULL;
}

/* Those that are served, or the one that was asked for. */
static json_t *regions_of_zones(const struct export *export, const json_t *regions)
{
	json_t *chosen = json_array();
	json_t *region;
	size_t i;

	json_array_foreach(regions, i, region)
	{
		const char *state = text(region, "state");

		if (export->region != NULL || (state != NULL && strcmp(state, "attached") == 0))
			json_array_append(chosen, region);
	}
	return chosen;
}

static void drop(struct export *export)
{
	export_zones_drop(&export->zones);
	output_drop(export->output);
	export->output = NULL;
}

static enum export_result attempt_rows(struct export *export, enum exit_status *status)
{
	*status = EXIT_REFUSED;
	export->output = output_open(export->file, command_title(export->command));
	if (export->output == NULL)
		return EXPORT_FAILED;
	const enum export_result result
		= export_rows(export->session, export->command, export->filters, export->format,
			output_stream(export->output), &export->count, status);

	/* What could not be written is told there. */
	return output_finish(export->output) ? result : EXPORT_FAILED;
}

static enum export_result attempt_zones(
	struct export *export, const json_t *regions, enum exit_status *status)
{
	json_t *chosen = regions_of_zones(export, regions);

	export->zones = (struct export_zones){.regions = chosen,
		.zone = export->zone,
		.folder = export->folder,
		.file = export->file};
	const enum export_result result
		= export_zones_write(&export->zones, export->session, export->command, status);

	export->count = export->zones.records;
	export->zones.regions = NULL;
	json_decref(chosen);
	return result;
}

/* A project is not shown the revisions of regions: they tell of what others do. */
static bool sees_revisions(const json_t *regions)
{
	return json_array_size(regions) == 0
		|| json_object_get(json_array_get(regions, 0), "revision") != NULL;
}

static bool may_export(const struct export *export, const json_t *regions)
{
	if (sees_revisions(regions) || export->format != READER_ZONE)
		return true;
	usage(export,
		"a zone has the PTRs of all projects, and this role does not see them: csv and "
		"jsonl have your own");
	return false;
}

/* Writes everything, and looks whether it changed meanwhile. */
static enum export_result attempt(struct export *export, enum exit_status *status)
{
	json_t *before = look(export, status), *after = NULL;
	enum export_result result = EXPORT_FAILED;

	if (before != NULL)
		*status = EXIT_REFUSED; /* if it fails, and nobody knows better */
	if (before != NULL && may_export(export, before))
		result = export->format == READER_ZONE ? attempt_zones(export, before, status)
						       : attempt_rows(export, status);
	if (result == EXPORT_DONE) {
		after = look(export, status);
		if (after == NULL)
			result = EXPORT_FAILED;
		else if (!json_equal(before, after))
			result = EXPORT_CHANGED;
		export->unseen = !sees_revisions(after);
	}
	json_decref(before);
	json_decref(after);
	return result;
}

static void report(const struct export *export)
{
	if (export->zones.unlisted)
		fputs("ptrctl: export: warning: every IPv6 address of a region that is not bound has "
		      "its default PTR, too: no zone file can list these\n",
			stderr);
	if (export->unseen)
		fputs("ptrctl: export: warning: this role does not see the revisions of regions: a PTR "
		      "that was changed while it was read may or may not be the new one\n",
			stderr);
	if (export->quiet || export->session->json)
		return;
	/* Standard output may be what was exported to. */
	if (export->format == READER_ZONE)
		fprintf(stderr, "%llu records in %zu zones\n", (unsigned long long)export->count,
			export->zones.count);
	else
		fprintf(stderr, "%llu rows\n", (unsigned long long)export->count);
}

static enum exit_status commit(struct export *export)
{
	bool done;

	report(export);
	if (export->format == READER_ZONE) {
		done = export_zones_commit(&export->zones);
	} else {
		done = output_commit(export->output);
		export->output = NULL;
	}
	return done ? EXIT_OK : EXIT_REFUSED;
}

static enum exit_status run_attempts(struct export *export)
{
	enum exit_status status = EXIT_OK;

	for (unsigned i = 1; i <= ATTEMPTS; i++) {
		const enum export_result result = attempt(export, &status);

		progress_clear();
		if (result == EXPORT_DONE)
			return commit(export);
		if (result == EXPORT_FAILED)
			break;
		if (i == ATTEMPTS && export->mixed) {
			fputs("ptrctl: export: warning: something was changed while it was read: "
			      "rows are of different revisions\n",
				stderr);
			return commit(export);
		}
		if (i == ATTEMPTS)
			fprintf(stderr,
				"ptrctl: export: something was changed each of the %d times that it "
				"was read, so nothing has been written\n"
				"  --region REGION reads less; --mixed takes rows of different "
				"revisions\n",
				ATTEMPTS);
		status = EXIT_REFUSED;
		drop(export);
	}
	drop(export);
	return status;
}

static enum exit_status run_export(
	struct session *session, const struct command *command, json_t *params)
{
	struct export export = {.session = session, .command = command};
	enum exit_status status = read_options(&export, params);

	if (status == EXIT_OK) {
		interrupt_catch("ptrctl: interrupted: nothing has been written\n", output_clean_up);
		progress_start(
			"export", export.format == READER_ZONE ? "records" : "rows", export.quiet);
		status = run_attempts(&export);
	}
	json_decref(export.filters);
	free(export.zone);
	return status;
}

const struct command export_commands[] = {
	{"export", NULL, run_export, NULL, export_arguments, NULL,
		"write EIPs and PTRs to a CSV, JSON lines or zone file",
		"The form is what --format says, or the name of the file; else CSV.\n"
		"CSV and JSON lines have all that an import needs to make the same again.\n"
		"Zones have what the dataplane answers, for other servers to load: --dir DIR\n"
		"writes a file for each one, --zone ZONE writes one.\n"
		"It is all of one revision: if something is changed meanwhile, it begins anew."},
	{NULL},
};
