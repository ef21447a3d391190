/*
 * What each reader of the tables has counted, one on a line, the main lcore first:
 *
 *   readers RUN_DIR NAME...
 *
 * The names are those of outcomes and events.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <ptrd/node.h>

static const _Atomic uint64_t *counter(const struct ptrd_counters *counters, const char *name)
{
#define FIND_OUTCOME(id, text, meaning)                                                            \
	if (strcmp(name, text) == 0)                                                               \
		return &counters->outcome[PTRD_##id];
#define FIND_EVENT(id, text, meaning)                                                              \
	if (strcmp(name, text) == 0)                                                               \
		return &counters->event[PTRD_EVENT_##id];
	PTRD_OUTCOMES(FIND_OUTCOME)
	PTRD_EVENTS(FIND_EVENT)
	return NULL;
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];

	if (argc < 3
		|| snprintf(path, sizeof(path), "%s/%s", argv[1], PTRD_NODE_FILE) >= PATH_MAX) {
		fprintf(stderr, "usage: readers RUN_DIR NAME...\n");
		return 2;
	}
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct ptrd_node *node
		= fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*node), PROT_READ, MAP_SHARED, fd, 0);
	if (node == MAP_FAILED) {
		perror(path);
		return 1;
	}
	for (uint32_t reader = 0; reader < node->readers; reader++) {
		for (int i = 2; i < argc; i++) {
			const _Atomic uint64_t *value = counter(&node->counters[reader], argv[i]);

			if (value == NULL) {
				fprintf(stderr, "there is no counter %s\n", argv[i]);
				return 2;
			}
			printf("%s%llu", i > 2 ? " " : "", (unsigned long long)*value);
		}
		printf("\n");
	}
	return 0;
}
