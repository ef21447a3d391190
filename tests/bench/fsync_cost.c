/*
 * fsync_cost DIRECTORY: what it costs there to have a page on the disk, the way a write-ahead log is
 * written that is used again: the median of many, in µs.
 */
#include <stdio.h>

#include "disk.h"

#define TIMES 501

int main(int argc, char **argv)
{
	static double costs[TIMES];
	struct disk disk;

	if (argc != 2) {
		fprintf(stderr, "usage: fsync_cost DIRECTORY\n");
		return 2;
	}
	if (!disk_open(&disk, argv[1]))
		return 1;
	for (unsigned i = 0; i < TIMES; i++)
		if (!disk_sync(&disk, &costs[i]))
			return 1;
	printf("%.1f\n", median(costs, TIMES));
	return 0;
}
