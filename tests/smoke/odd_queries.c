/*
 * Questions in IP packets that a fast path does not read: the kernel has to put them together or to
 * strip them.
 *
 *   odd_queries SERVICE4 SERVICE6 [KIND...]
 *
 * Asks with IPv4 options, in IPv4 fragments, behind IPv6 hop-by-hop and destination options, and in
 * IPv6 fragments, or in those kinds that are named, and wants an answer from the address that it
 * asked.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 20000
#define LONG 3000 /* bytes of a question that takes fragments on Ethernet */

static const uint8_t question[]
	= "\0\0\x01\0\0\1\0\0\0\0\0\0\0017\003113\0010\003203\7in-addr\4arpa"
	  "\0\0\x0c\0\1";

static const uint8_t ipv4_options[] = {1, 1, 1, 0};             /* no operation, end of list */
static const uint8_t ipv6_options[] = {0, 0, 1, 4, 0, 0, 0, 0}; /* PadN, RFC 8200 section 4.2 */

static const struct {
	const char *what;
	int family, level, option;
	const void *value;
	size_t value_len;
	size_t len; /* of the question; bytes behind it are nothing to a server */
} cases[] = {
	{"IPv4 options", AF_INET, IPPROTO_IP, IP_OPTIONS, ipv4_options, sizeof(ipv4_options),
		sizeof(question) - 1},
	{"IPv4 fragments", AF_INET, 0, 0, NULL, 0, LONG},
	{"IPv6 hop-by-hop options", AF_INET6, IPPROTO_IPV6, IPV6_HOPOPTS, ipv6_options,
		sizeof(ipv6_options), sizeof(question) - 1},
	{"IPv6 destination options", AF_INET6, IPPROTO_IPV6, IPV6_DSTOPTS, ipv6_options,
		sizeof(ipv6_options), sizeof(question) - 1},
	{"IPv6 fragments", AF_INET6, 0, 0, NULL, 0, LONG},
};

/* A connected socket only gets what comes from the address that it asked. */
static int open_socket(size_t i, const char *server)
{
	union {
		struct sockaddr any;
		struct sockaddr_in ipv4;
		struct sockaddr_in6 ipv6;
	} address = {.any.sa_family = (sa_family_t)cases[i].family};
	const int fd = socket(cases[i].family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const bool ipv4 = cases[i].family == AF_INET;

	address.ipv4.sin_port = htons(53); /* where sin6_port is */
	if (inet_pton(cases[i].family, server,
		    ipv4 ? (void *)&address.ipv4.sin_addr : (void *)&address.ipv6.sin6_addr)
		!= 1) {
		fprintf(stderr, "%s is no address of its family\n", server);
		return -1;
	}
	if (fd >= 0
		&& connect(fd, &address.any, ipv4 ? sizeof(address.ipv4) : sizeof(address.ipv6))
			== 0
		&& (cases[i].value == NULL
			|| setsockopt(fd, cases[i].level, cases[i].option, cases[i].value,
				   (socklen_t)cases[i].value_len)
				== 0))
		return fd;
	perror(cases[i].what);
	return -1;
}

static bool ask(size_t i, const char *server)
{
	uint8_t query[LONG] = {0}, reply[LONG];
	const int fd = open_socket(i, server);
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	if (fd < 0)
		return false;
	memcpy(query, question, sizeof(question) - 1);
	query[1] = (uint8_t)i;
	if (send(fd, query, cases[i].len, 0) != (ssize_t)cases[i].len) {
		perror(cases[i].what);
		return false;
	}
	const ssize_t len = poll(&ready, 1, WAIT_MS) == 1 ? recv(fd, reply, sizeof(reply), 0) : -1;
	close(fd);
	/* The same id, NOERROR and AA, one answer. */
	const bool good = len > (ssize_t)sizeof(question) && reply[1] == i && reply[2] == 0x85
		&& reply[3] == 0 && reply[7] == 1;
	printf("%s: %s\n", cases[i].what,
		good ? "answered" : (len < 0 ? "no reply" : "a wrong reply"));
	return good;
}

static bool wanted(const char *what, char **kinds, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(what, kinds[i]) == 0)
			return true;
	return count == 0;
}

int main(int argc, char **argv)
{
	bool good = true;
	int asked = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: odd_queries SERVICE4 SERVICE6 [KIND...]\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!wanted(cases[i].what, argv + 3, argc - 3))
			continue;
		good &= ask(i, cases[i].family == AF_INET ? argv[1] : argv[2]);
		asked++;
	}
	if (argc > 3 && asked != argc - 3) {
		fprintf(stderr, "not all of these kinds exist\n");
		return 2;
	}
	return good ? 0 : 1;
}
