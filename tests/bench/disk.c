#include "disk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 1000 /* as many as SQLite's log has before it is used again */

double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right)
{
	const double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static bool write_page(struct disk *disk)
{
	char page[PAGE];

	memset(page, (int)(disk->next % 256), sizeof(page));
	return pwrite(disk->fd, page, PAGE, (off_t)(disk->next++ % PAGES) * PAGE) == PAGE;
}

bool disk_open(struct disk *disk, const char *directory)
{
	bool ok = true;

	*disk = (struct disk){.fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
	for (unsigned i = 0; ok && i < PAGES; i++)
		ok = write_page(disk);
	if (disk->fd >= 0 && ok && fsync(disk->fd) == 0)
		return true;
	perror(directory);
	return false;
}

bool disk_sync(struct disk *disk, double *us)
{
	const double start = now_us();

	if (!write_page(disk) || fdatasync(disk->fd) != 0) {
		perror("fdatasync");
		return false;
	}
	*us = now_us() - start;
	return true;
}
