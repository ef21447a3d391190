/*
 * Cost of having a page on the disk, without a database.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct disk {
	int fd;
	unsigned next; /* page to be written */
};

/* A file without a name in `directory`, written once. Returns false after saying why. */
bool disk_open(struct disk *disk, const char *directory);

/* Writes a page over an old one and waits until it is on the disk: µs. Returns false after saying why. */
bool disk_sync(struct disk *disk, double *us);

double now_us(void);

/* Sorts them. */
double median(double *values, size_t count);
