#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

socklen_t endpoint(const char *text, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	fprintf(stderr, "%s is no address\n", text);
	exit(2);
}

int endpoint_slow(int fd, int family)
{
	static const uint8_t options4[4] = {IPOPT_NOOP, IPOPT_NOOP, IPOPT_NOOP, IPOPT_EOL};
	/* Next header (the kernel fills it in), length 0: 8 bytes; PadN of 4 (RFC 8200 section 4.2)
	 * */
	static const uint8_t options6[8] = {0, 0, IP6OPT_PADN, 4, 0, 0, 0, 0};

	return family == AF_INET
		? setsockopt(fd, IPPROTO_IP, IP_OPTIONS, options4, sizeof(options4))
		: setsockopt(fd, IPPROTO_IPV6, IPV6_DSTOPTS, options6, sizeof(options6));
}
