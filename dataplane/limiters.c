#include "limiters.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include "log.h"

#define MIB (1024 * 1024)

struct limiters {
	unsigned holders;
	size_t stride; /* bytes from one limiter to the next: whole pages, each one reader's alone */
	size_t size;   /* bytes of all */
	uint8_t *memory;
};

static size_t whole_pages(size_t size)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) / page * page;
}

struct limiters *limiters_create(const struct dns_settings *settings, unsigned readers)
{
	struct limiters *limiters = calloc(1, sizeof(*limiters));

	if (limiters == NULL) {
		log_line("out of memory for dataplane.dns.rate_limit");
		return NULL;
	}
	limiters->holders = 1;
	limiters->stride = whole_pages(dns_limiter_size(settings));
	limiters->size = readers * limiters->stride;
	/* Zero when it is touched, as a limiter takes it; in one piece, so that the kernel can
	 * refuse what is more than it has. */
	void *memory = mmap(
		NULL, limiters->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		log_line("dataplane.dns.rate_limit.buckets: %u for each of %u readers take %zu "
			 "MiB: %s",
			settings->limit_buckets, readers, limiters->size / MIB, strerror(errno));
		free(limiters);
		return NULL;
	}
	limiters->memory = memory;
	for (unsigned reader = 0; reader < readers; reader++)
		dns_limiter_init(limiters_of(limiters, reader), settings);
	return limiters;
}

struct limiters *limiters_hold(struct limiters *limiters)
{
	limiters->holders++;
	return limiters;
}

void limiters_release(struct limiters *limiters)
{
	if (limiters == NULL || --limiters->holders > 0)
		return;
	(void)munmap(limiters->memory, limiters->size);
	free(limiters);
}

struct dns_limiter *limiters_of(const struct limiters *limiters, unsigned reader)
{
	return (struct dns_limiter *)(void *)(limiters->memory + reader * limiters->stride);
}
