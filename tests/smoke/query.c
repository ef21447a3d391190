#include "query.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int query_open(const char *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(53)};

	if (inet_pton(AF_INET, server, &address.sin_addr) != 1) {
		fprintf(stderr, "%s is no IPv4 address\n", server);
		return -1;
	}
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(server);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int query_send(int fd, uint16_t id, uint32_t address)
{
	uint8_t query[64] = {(uint8_t)(id >> 8), (uint8_t)id, 0, 0, 0, 1};
	size_t len = 12;

	for (int i = 0; i < 4; i++) {
		char octet[4];
		int n = snprintf(octet, sizeof(octet), "%u", address >> 8 * i & 255);

		query[len++] = (uint8_t)n;
		memcpy(query + len, octet, (size_t)n);
		len += (size_t)n;
	}
	/* The rest of the name, then type PTR and class IN. */
	static const uint8_t tail[] = "\7in-addr\4arpa\0\0\14\0\1";
	memcpy(query + len, tail, sizeof(tail) - 1);
	len += sizeof(tail) - 1;
	return send(fd, query, len, 0) < 0 ? -errno : 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

ssize_t query_receive(int fd, uint16_t id, int timeout, uint8_t *reply, size_t size)
{
	int64_t deadline = now_ms() + timeout;

	for (int64_t left = timeout; left >= 0; left = deadline - now_ms()) {
		struct pollfd waiting = {.fd = fd, .events = POLLIN};

		if (poll(&waiting, 1, (int)left) <= 0)
			continue;
		ssize_t len = recv(fd, reply, size, 0);
		if (len < 0)
			return -errno;
		if (len >= 12 && (reply[0] << 8 | reply[1]) == id)
			return len;
	}
	return 0;
}
