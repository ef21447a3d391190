#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "directory.h"
#include "publisher_private.h"

int publisher_fail(struct publisher *p, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->error, sizeof(p->error), format, args);
	va_end(args);
	return error;
}

const char *publisher_error(const struct publisher *p)
{
	return p->error;
}

struct publisher *publisher_open(const char *run_dir, const char *huge_dir)
{
	struct publisher *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->run_dir = strdup(run_dir)) == NULL
		|| (p->node = node_open(run_dir)) == NULL) {
		fprintf(stderr, "ptrd-control: out of memory\n");
		publisher_close(p);
		return NULL;
	}
	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST) {
		fprintf(stderr, "ptrd-control: run_dir %s: %s\n", run_dir, strerror(errno));
		publisher_close(p);
		return NULL;
	}
	p->files = table_files_open(run_dir, huge_dir);
	if (p->files == NULL) {
		publisher_close(p);
		return NULL;
	}
	const uint64_t written = directory_generation(run_dir);
	const uint64_t applied = node_last_applied(p->node);

	p->generation = written > applied ? written : applied;
	return p;
}

static void close_tables(struct publisher *p)
{
	while (p->regions != NULL) {
		struct region_table *r = p->regions;

		p->regions = r->next;
		if (r->served != NULL && r->served != r->table)
			table_close(r->served);
		/* A served table outlives this process: the dataplane goes on with it. */
		if (r->table == r->served) {
			table_close(r->table);
			r->table = NULL;
		}
		region_table_free(r);
	}
	publisher_close_waiting(p);
}

void publisher_close(struct publisher *p)
{
	if (p == NULL)
		return;
	publisher_rollback(p);
	close_tables(p);
	free(p->changes.list);
	free(p->changes.by_address);
	table_files_close(p->files);
	node_close(p->node);
	free(p->run_dir);
	free(p);
}

struct region_table *publisher_region(const struct publisher *p, const char *name)
{
	for (struct region_table *r = p->regions; r != NULL; r = r->next) {
		if (!r->leaving && strcmp(r->name, name) == 0)
			return r;
	}
	return NULL;
}

struct region_table *publisher_add_region(struct publisher *p, const struct region_info *info,
	uint64_t revision, uint64_t eips, uint64_t ptrs)
{
	struct region_table *r
		= region_table_create(p->files, info, revision, p->generation + 1, eips, ptrs);

	if (r == NULL) {
		const int saved = errno;

		publisher_fail(p, -saved, "region %s: no table for %llu EIPs in %s: %s", info->name,
			(unsigned long long)eips, table_files_dir(p->files), strerror(saved));
		errno = saved;
		return NULL;
	}
	r->next = p->regions;
	p->regions = r;
	p->directory_due = true;
	return r;
}

void publisher_unlink_region(struct publisher *p, const struct region_table *region)
{
	for (struct region_table **r = &p->regions; *r != NULL; r = &(*r)->next) {
		if (*r == region) {
			*r = region->next;
			return;
		}
	}
}

int publisher_load_region(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected)
{
	struct region_table *r
		= publisher_add_region(p, info, revision, eips_expected, ptrs_expected);

	if (r == NULL)
		return -errno;
	table_set_settings(r->table, directory_region_revision(r->entry, revision));
	return 0;
}

int publisher_start(struct publisher *p)
{
	const int error = publisher_switch(p);

	if (error == 0) {
		p->started = true;
		p->first_generation = p->generation;
	}
	return error;
}
