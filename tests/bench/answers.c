/*
 * answers SERVER RUN FIRST COUNT STEP: asks for every STEPth of the EIPs FIRST to FIRST + COUNT - 1,
 * and for the last one; each has to answer with the PTR of that RUN.
 */
#include <stdio.h>
#include <stdlib.h>

#include "query.h"
#include "workload.h"

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: answers SERVER RUN FIRST COUNT STEP\n");
		return 2;
	}
	const unsigned first = (unsigned)strtoul(argv[3], NULL, 10);
	const unsigned last = first + (unsigned)strtoul(argv[4], NULL, 10) - 1;
	const unsigned step = (unsigned)strtoul(argv[5], NULL, 10);
	const int fd = query_open(argv[1]);

	if (fd < 0)
		return 1;
	for (unsigned n = first; n < last; n += step)
		if (!workload_served(fd, argv[2], n))
			return 1;
	return workload_served(fd, argv[2], last) ? 0 : 1;
}
