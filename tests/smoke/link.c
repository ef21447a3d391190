#include "link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool open_socket(struct link *link, const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(interface)};
	struct ifreq request = {0};
	const int on = 1, room = 64 << 20;

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	link->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (link->fd < 0 || setsockopt(link->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) != 0
		|| setsockopt(link->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) != 0
		|| setsockopt(link->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0
		|| bind(link->fd, (const void *)&address, sizeof(address)) != 0
		|| ioctl(link->fd, SIOCGIFHWADDR, &request) != 0) {
		perror(interface);
		return false;
	}
	memcpy(link->ethernet + 6, request.ifr_hwaddr.sa_data, 6);
	return true;
}

bool link_open(struct link *link, char **arguments)
{
	unsigned char to[6];

	if (sscanf(arguments[1], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &to[0], &to[1], &to[2], &to[3],
		    &to[4], &to[5])
		!= 6) {
		fprintf(stderr, "%s is no MAC address\n", arguments[1]);
		return false;
	}
	memcpy(link->ethernet, to, sizeof(to));
	if (inet_pton(AF_INET, arguments[2], link->addresses[0]) != 1
		|| inet_pton(AF_INET, arguments[3], link->addresses[0] + 4) != 1
		|| inet_pton(AF_INET6, arguments[4], link->addresses[1]) != 1
		|| inet_pton(AF_INET6, arguments[5], link->addresses[1] + 16) != 1) {
		fprintf(stderr, "addresses: IPv4, IPv4, IPv6, IPv6\n");
		return false;
	}
	return open_socket(link, arguments[0]);
}

bool link_send(const struct link *link, const uint8_t *f, size_t len)
{
	ssize_t sent = send(link->fd, f, len, 0);

	while (sent < 0 && errno == ENOBUFS) { /* what was sent before has not been taken yet */
		(void)usleep(1000);
		sent = send(link->fd, f, len, 0);
	}
	if (sent == (ssize_t)len)
		return true;
	perror("send");
	return false;
}

void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

unsigned get16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

unsigned sum(unsigned total, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		total += i % 2 == 0 ? (unsigned)bytes[i] << 8 : bytes[i];
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

uint8_t *link_write_ip(
	const struct link *link, bool ipv6, uint8_t protocol, unsigned len, uint8_t *ip)
{
	static const uint8_t ipv4_start[12] = {0x45, 0, 0, 0, 0, 1, 0, 0, 64};

	if (ipv6) {
		memset(ip, 0, 8);
		ip[0] = 0x60;
		put16(ip + 4, len);
		ip[6] = protocol;
		ip[7] = 64;
		memcpy(ip + 8, link->addresses[1], 32);
		return ip + 40;
	}
	memcpy(ip, ipv4_start, sizeof(ipv4_start));
	put16(ip + 2, 20 + len);
	ip[9] = protocol;
	memcpy(ip + sizeof(ipv4_start), link->addresses[0], 8);
	put16(ip + 10, ~sum(0, ip, 20) & 0xffff);
	return ip + 20;
}

unsigned link_payload_sum(bool ipv6, uint8_t protocol, unsigned len, const uint8_t *payload)
{
	const unsigned addresses = ipv6 ? 32 : 8;

	return sum(sum(protocol + len, payload - addresses, addresses), payload, len);
}
