#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "table_files.h"

/* Below this a huge page would be mostly empty, and the TLB holds the ordinary ones. */
#define HUGE_MIN (1024 * 1024)

struct table_files {
	char *dir;
	char *huge_dir; /* or NULL */
	uint64_t number;
	char **leftovers;
	size_t leftovers_count;
};

/* The number of a file name `<region>.<number>`, or 0. */
static uint64_t number_of(const char *name)
{
	const char *dot = strrchr(name, '.');
	char *end;

	if (dot == NULL || dot == name || dot[1] < '0' || dot[1] > '9')
		return 0;
	const uint64_t number = strtoull(dot + 1, &end, 10);
	return *end == '\0' ? number : 0;
}

static void remember_leftover(struct table_files *f, const char *dir, const char *name)
{
	char **list = reallocarray(f->leftovers, f->leftovers_count + 1, sizeof(*list));
	char *path;

	if (list == NULL)
		return;
	f->leftovers = list;
	if (asprintf(&path, "%s/%s", dir, name) >= 0)
		f->leftovers[f->leftovers_count++] = path;
}

static void scan(struct table_files *f, const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		const uint64_t number = number_of(entry->d_name);

		if (number == 0)
			continue;
		if (number > f->number)
			f->number = number;
		remember_leftover(f, path, entry->d_name);
	}
	closedir(dir);
}

static bool make_folder(const char *path)
{
	if (mkdir(path, 0750) == 0 || errno == EEXIST)
		return true;
	fprintf(stderr, "ptrd-control: %s: %s\n", path, strerror(errno));
	return false;
}

static bool on_hugetlbfs(const char *dir)
{
	struct statfs fs;

	if (statfs(dir, &fs) < 0) {
		fprintf(stderr, "ptrd-control: huge_dir: %s: %s\n", dir, strerror(errno));
		return false;
	}
	if (fs.f_type != HUGETLBFS_MAGIC) {
		fprintf(stderr,
			"ptrd-control: huge_dir: %s: not on a hugetlbfs; mount one there, or leave "
			"huge_dir out\n",
			dir);
		return false;
	}
	return true;
}

/* `<huge_dir>/ptrd-run-ptrd` for run_dir /run/ptrd. NULL if memory is short. */
static char *own_folder(const char *huge_dir, const char *run_dir)
{
	char *path;

	if (asprintf(&path, "%s/ptrd%s", huge_dir, run_dir) < 0)
		return NULL;
	for (char *c = path + strlen(huge_dir) + 1; *c != '\0'; c++) {
		if (*c == '/')
			*c = '-';
	}
	return path;
}

struct table_files *table_files_open(const char *run_dir, const char *huge_dir)
{
	struct table_files *f = calloc(1, sizeof(*f));

	if (f == NULL || asprintf(&f->dir, "%s/tables", run_dir) < 0
		|| (huge_dir != NULL && (f->huge_dir = own_folder(huge_dir, run_dir)) == NULL)) {
		fprintf(stderr, "ptrd-control: out of memory\n");
		free(f);
		return NULL;
	}
	if (!make_folder(f->dir)
		|| (huge_dir != NULL && (!on_hugetlbfs(huge_dir) || !make_folder(f->huge_dir)))) {
		table_files_close(f);
		return NULL;
	}
	scan(f, f->dir);
	if (f->huge_dir != NULL)
		scan(f, f->huge_dir);
	return f;
}

void table_files_close(struct table_files *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->leftovers_count; i++)
		free(f->leftovers[i]);
	free(f->leftovers);
	free(f->huge_dir);
	free(f->dir);
	free(f);
}

static struct table *create_in(
	struct table_files *f, const char *dir, const struct table_shape *shape)
{
	char *path;

	if (asprintf(&path, "%s/%s.%llu", dir, shape->region, (unsigned long long)f->number) < 0) {
		errno = ENOMEM;
		return NULL;
	}
	struct table *t = table_create(path, shape);
	const int saved = errno;

	free(path);
	errno = saved;
	return t;
}

struct table *table_files_create(struct table_files *f, const struct table_shape *shape)
{
	struct table *t = NULL;

	f->number++;
	if (f->huge_dir != NULL && table_file_size(shape, 4096) >= HUGE_MIN) {
		t = create_in(f, f->huge_dir, shape);
		if (t == NULL)
			fprintf(stderr,
				"ptrd-control: region %s: no huge pages for a table of %llu MiB (%s): "
				"it takes ordinary ones\n",
				shape->region,
				(unsigned long long)(table_file_size(shape, 4096) >> 20),
				strerror(errno));
	}
	return t != NULL ? t : create_in(f, f->dir, shape);
}

void table_files_remove_leftovers(struct table_files *f)
{
	for (size_t i = 0; i < f->leftovers_count; i++) {
		unlink(f->leftovers[i]);
		free(f->leftovers[i]);
	}
	f->leftovers_count = 0;
}

bool table_files_is_huge(const struct table_files *f, const struct table *t)
{
	const size_t len = f->huge_dir != NULL ? strlen(f->huge_dir) : 0;
	const char *path = table_path(t);

	return len > 0 && strncmp(path, f->huge_dir, len) == 0 && path[len] == '/'
		&& strchr(path + len + 1, '/') == NULL;
}

const char *table_files_dir(const struct table_files *f)
{
	return f->dir;
}
