#include "tables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/stat.h>

struct table_file {
	struct table_file *next;
	unsigned references;
	/* What tells one file from another while it is mapped: its inode is not used again till
	 * then. */
	dev_t device;
	ino_t inode;
	void *base;
	size_t size;
};

static struct table_file *find(const struct tables *tables, const struct stat *status)
{
	for (struct table_file *file = tables->first; file != NULL; file = file->next)
		if (file->device == status->st_dev && file->inode == status->st_ino)
			return file;
	return NULL;
}

/* Maps the open file and puts it in the list. Returns NULL with errno. */
static struct table_file *map(struct tables *tables, int fd, const struct stat *status)
{
	struct table_file *file = calloc(1, sizeof(*file));

	if (file == NULL)
		return NULL;
	file->device = status->st_dev;
	file->inode = status->st_ino;
	file->size = (size_t)status->st_size;
	file->base = mmap(NULL, file->size, PROT_READ, MAP_SHARED, fd, 0);
	if (file->base == MAP_FAILED) {
		free(file);
		return NULL;
	}
	file->next = tables->first;
	tables->first = file;
	return file;
}

static struct table_file *open_and_map(struct tables *tables, const char *path)
{
	struct stat status;
	struct table_file *file = NULL;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0) {
		file = find(tables, &status);
		if (file == NULL)
			file = map(tables, fd, &status);
	}
	const int saved = errno;
	close(fd);
	errno = saved;
	return file;
}

struct table_file *tables_get(struct tables *tables, const char *path, const char *region,
	struct ptrd_table *table, int *err, char error[TABLE_ERROR_SIZE])
{
	const char *why;
	struct table_file *file = open_and_map(tables, path);

	if (file == NULL) {
		*err = errno != 0 ? -errno : -EIO;
		(void)snprintf(error, TABLE_ERROR_SIZE, "region %s: table %s: %s", region, path,
			strerror(-*err));
		return NULL;
	}
	file->references++;
	*err = ptrd_table_map(table, file->base, file->size, &why);
	if (*err == 0 && strcmp(table->header->region, region) != 0) {
		*err = -EINVAL;
		why = "it is another region's";
	}
	if (*err != 0) {
		(void)snprintf(
			error, TABLE_ERROR_SIZE, "region %s: table %s: %s", region, path, why);
		tables_put(tables, file);
		return NULL;
	}
	return file;
}

void tables_put(struct tables *tables, struct table_file *file)
{
	struct table_file **link = &tables->first;

	if (--file->references > 0)
		return;
	while (*link != file)
		link = &(*link)->next;
	*link = file->next;
	munmap(file->base, file->size);
	free(file);
}
