#include "workload.h"

#include <stdio.h>

#include "query.h"
#include "reply.h"

#define FIRST UINT32_C(0x0A000000) /* 10.0.0.0 */
#define TRIES 5                    /* a lost packet is no wrong answer */

struct workload_ptr workload_ptr(const char *run, unsigned n)
{
	struct workload_ptr ptr = {.address = ""};

	snprintf(ptr.address, sizeof(ptr.address), "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255,
		n & 255);
	snprintf(ptr.name, sizeof(ptr.name), "%s-%u.customer.example.net.", run, n);
	return ptr;
}

bool workload_served(int fd, const char *run, unsigned n)
{
	static uint16_t id;
	struct workload_ptr ptr = workload_ptr(run, n);
	char error[REPLY_ERROR_SIZE], *names[] = {ptr.name};
	const struct expected expected
		= {.address = FIRST + n, .ttl = WORKLOAD_TTL, .count = 1, .names = names};
	uint8_t reply[4096];
	ssize_t len = 0;

	for (int i = 0; i < TRIES && len <= 0; i++)
		if (query_send(fd, ++id, FIRST + n) == 0)
			len = query_receive(fd, id, 1000, reply, sizeof(reply));
	if (len > 0 && reply_check(reply, (size_t)len, &expected, error))
		return true;
	fprintf(stderr, "%s: %s\n", ptr.address, len > 0 ? error : "no answer");
	return false;
}
