/*
 * first_answer SERVER ADDRESS SINCE: asks for ADDRESS until an answer comes, and writes how many
 * ms after SINCE (seconds of the wall clock, with a fraction, as bash's EPOCHREALTIME) it came.
 * Gives up after 30 s.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "query.h"

#define INTERVAL 2 /* ms between questions */
#define LIMIT 30.0 /* s */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char *argv[])
{
	struct in_addr address;
	uint8_t reply[4096];

	if (argc != 4 || inet_pton(AF_INET, argv[2], &address) != 1) {
		fprintf(stderr, "usage: first_answer SERVER ADDRESS SINCE\n");
		return 2;
	}
	double since = strtod(argv[3], NULL);
	int fd = query_open(argv[1]);
	if (fd < 0)
		return 3;
	while (now() - since < LIMIT) {
		/* Nobody listens yet: the kernel says so, at once or with the next call. */
		ssize_t len = query_send(fd, 1, ntohl(address.s_addr)) < 0
			? 0
			: query_receive(fd, 1, INTERVAL, reply, sizeof(reply));

		/* NOERROR, and there is an answer. */
		if (len > 0 && (reply[3] & 0x0F) == 0 && (reply[6] << 8 | reply[7]) > 0) {
			printf("%.0f\n", (now() - since) * 1000);
			return 0;
		}
		nanosleep(&(struct timespec){.tv_nsec = INTERVAL * 1000000}, NULL);
	}
	fprintf(stderr, "no answer in %.0f s\n", LIMIT);
	return 1;
}
