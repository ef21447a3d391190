#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <ptrd/directory.h>

#include "directory.h"
#include "publisher.h"

static json_t *text_array(const char *const *texts, unsigned count)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(array, json_string(texts[i]));
	return array;
}

/* NULL if there are none: the member is left out then. */
static json_t *delegation_array(const struct region_info *r)
{
	json_t *array = r->delegations_count > 0 ? json_array() : NULL;

	for (unsigned i = 0; i < r->delegations_count; i++) {
		const struct region_delegation *d = &r->delegations[i];

		json_array_append_new(array,
			json_pack("{s:s, s:s, s:o}", "prefix", d->prefix, "name", d->name, "ns",
				text_array(d->ns, d->ns_count)));
	}
	return array;
}

json_t *directory_region(const struct region_info *info)
{
	return json_pack("{s:s, s:o, s:s, s:s, s:s*, s:s*, s:o*, s:I, s:s,"
			 " s:{s:s, s:s, s:I, s:I, s:I, s:I, s:I}, s:{s:o, s:I}}",
		"name", info->name, "prefixes", text_array(info->prefixes, info->prefixes_count),
		"suffix", info->suffix, "default_name", info->default_name, "default_name6",
		info->default_name6, "rfc2317", info->rfc2317, "delegations",
		delegation_array(info), "default_ttl", (json_int_t)info->default_ttl, "unbound",
		info->unbound_default ? "default" : "nxdomain", "soa", "mname", info->soa_mname,
		"rname", info->soa_rname, "refresh", (json_int_t)info->soa_refresh, "retry",
		(json_int_t)info->soa_retry, "expire", (json_int_t)info->soa_expire, "minimum",
		(json_int_t)info->soa_minimum, "ttl", (json_int_t)info->soa_ttl, "ns", "names",
		text_array(info->ns_names, info->ns_names_count), "ttl", (json_int_t)info->ns_ttl);
}

uint64_t directory_region_revision(json_t *entry, uint64_t revision)
{
	const json_t *old = json_object_get(entry, "revision");

	if (old != NULL)
		return (uint64_t)json_integer_value(old);
	json_object_set_new(entry, "revision", json_integer((json_int_t)revision));
	return revision;
}

/* Paths of the directory and of the one to come. False if memory is short. */
static bool paths_of(const char *run_dir, char **path, char **next)
{
	*next = NULL;
	if (asprintf(path, "%s/%s", run_dir, PTRD_DIRECTORY_FILE) < 0) {
		*path = NULL;
		return false;
	}
	if (asprintf(next, "%s.new", *path) >= 0)
		return true;
	*next = NULL;
	return false;
}

int directory_prepare(const char *run_dir, uint64_t generation, json_t *regions)
{
	char *path, *next;
	int error = -ENOMEM;
	json_t *root = json_pack("{s:i, s:I, s:O}", "format", PTRD_DIRECTORY_FORMAT, "generation",
		(json_int_t)generation, "regions", regions);

	errno = 0;
	if (paths_of(run_dir, &path, &next) && root != NULL) {
		error = 0;
		if (json_dump_file(root, next, JSON_INDENT(2)) < 0)
			error = errno != 0 ? -errno : -EIO;
	}
	json_decref(root);
	free(path);
	free(next);
	return error;
}

int directory_switch(const char *run_dir)
{
	char *path, *next;
	int error = -ENOMEM;

	/* A reader finds the old file or the new one, whole: the bytes are all there before the
	 * name. */
	if (paths_of(run_dir, &path, &next))
		error = rename(next, path) == 0 ? 0 : -errno;
	free(path);
	free(next);
	return error;
}

uint64_t directory_generation(const char *run_dir)
{
	json_int_t generation = 0;
	char *path;

	if (asprintf(&path, "%s/%s", run_dir, PTRD_DIRECTORY_FILE) < 0)
		return 0;
	json_t *root = json_load_file(path, 0, NULL);
	free(path);
	if (root == NULL || json_unpack(root, "{s:I}", "generation", &generation) < 0)
		generation = 0;
	json_decref(root);
	return generation > 0 ? (uint64_t)generation : 0;
}
