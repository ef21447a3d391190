/*
 * A crowd of frames that are nobody's query, and among them those that must not get lost in it:
 *
 *   crowd FILLER FRAMES ROUNDS INTERFACE SERVER_MAC CLIENT4 SERVICE4 CLIENT6 SERVICE6
 *
 * In each round FRAMES of what FILLER names (below), and between them queries, ARP requests, neighbour
 * solicitations, and TCP segments to ports 53 and 179. When all are sent it says so; a round ends when
 * every one of the latter is answered. Says at the end how many there were in all rounds: none of the kind
 * that the filler itself is of.
 */
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "link.h"

#define WAIT_S 20 /* for answers that must come */
#define STEP 50   /* frames of the crowd to one of the others */
#define ETHERNET 14

static const uint8_t question[] = "\0\0\1\0\0\0\0\0\0\0017\003113\0010\003203\7in-addr\4arpa"
				  "\0\0\x0c\0\1";
#define DNS (3 + sizeof(question) - 1)

enum kind {
	QUERY4,
	QUERY6,
	ARP,
	SOLICITATION,
	DNS_SYN, /* answered with SYN and ACK; the ACKs that follow, of no connection, with RST */
	DNS_ACK,
	BGP_ACK,
	BGP_ACK_NEAR, /* from the link */
	KINDS
};
static const char *const names[KINDS]
	= {"queries4", "queries6", "arp", "nd", "dns_syn", "dns_ack", "bgp_ack", "bgp_ack_near"};

/* TCP. Ports of our segments tell their kinds and numbers. */
#define SYN 0x02
#define RST 0x04
#define ACK 0x10
#define PORTS 1000
#define FIRST_PORT 20000

static uint8_t *write_ethernet(const struct link *link, unsigned type, uint8_t *f)
{
	memcpy(f, link->ethernet, sizeof(link->ethernet));
	put16(f + 12, type);
	return f + ETHERNET;
}

static uint8_t *start_packet(
	const struct link *link, bool ipv6, uint8_t protocol, unsigned len, uint8_t *f)
{
	uint8_t *ip = write_ethernet(link, ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP, f);

	return link_write_ip(link, ipv6, protocol, len, ip);
}

static unsigned end_packet(
	bool ipv6, uint8_t protocol, unsigned len, uint8_t *payload, unsigned at, uint8_t *f)
{
	put16(payload + at, 0);
	put16(payload + at, ~link_payload_sum(ipv6, protocol, len, payload) & 0xffff);
	return (unsigned)(payload + len - f);
}

static unsigned write_datagram(
	const struct link *link, bool ipv6, unsigned port, unsigned id, uint8_t *f)
{
	uint8_t *udp = start_packet(link, ipv6, IPPROTO_UDP, UDP + DNS, f);

	put16(udp, 40000);
	put16(udp + 2, port);
	put16(udp + 4, UDP + DNS);
	put16(udp + UDP, id);
	udp[UDP + 2] = 1; /* recursion desired */
	memcpy(udp + UDP + 3, question, sizeof(question) - 1);
	return end_packet(ipv6, IPPROTO_UDP, UDP + DNS, udp, 6, f);
}

static unsigned write_ping(const struct link *link, bool ipv6, unsigned id, uint8_t *f)
{
	const uint8_t protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	uint8_t *icmp = start_packet(link, ipv6, protocol, 8, f);

	memset(icmp, 0, 8);
	icmp[0] = ipv6 ? 128 : 8;
	put16(icmp + 6, id);
	if (ipv6)
		return end_packet(true, protocol, 8, icmp, 2, f);
	put16(icmp + 2, ~sum(0, icmp, 8) & 0xffff);
	return (unsigned)(icmp + 8 - f);
}

static unsigned write_arp(const struct link *link, uint8_t *f)
{
	static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1};
	uint8_t *arp = write_ethernet(link, ETHERTYPE_ARP, f);

	memset(f, 0xff, 6);
	memset(arp, 0, 28);
	memcpy(arp, request, sizeof(request));
	memcpy(arp + 8, link->ethernet + 6, 6);
	memcpy(arp + 14, link->addresses[0], 4);
	memcpy(arp + 24, link->addresses[0] + 4, 4);
	return ETHERNET + 28;
}

/* RFC 4861 section 4.3, to the solicited-node group, with our address at the end. */
static unsigned write_solicitation(const struct link *link, uint8_t *f)
{
	struct link group = *link;
	uint8_t *to = group.addresses[1] + 16;

	memset(to, 0, 13);
	put16(to, 0xff02);
	put16(to + 11, 0x01ff);
	put16(group.ethernet, 0x3333);
	memcpy(group.ethernet + 2, to + 12, 4);
	uint8_t *icmp = start_packet(&group, true, IPPROTO_ICMPV6, 32, f);

	icmp[-40 + 7] = 255; /* hop limit */
	memset(icmp, 0, 24);
	icmp[0] = 135;
	memcpy(icmp + 8, link->addresses[1] + 16, 16);
	put16(icmp + 24, 0x0101);
	memcpy(icmp + 26, link->ethernet + 6, 6);
	return end_packet(true, IPPROTO_ICMPV6, 32, icmp, 2, f);
}

static unsigned write_segment(
	const struct link *link, bool ipv6, unsigned from, unsigned to, unsigned flags, uint8_t *f)
{
	uint8_t *tcp = start_packet(link, ipv6, IPPROTO_TCP, 20, f);

	memset(tcp, 0, 20);
	put16(tcp, from);
	put16(tcp + 2, to);
	put16(tcp + 6, from);
	tcp[12] = 5 << 4;
	tcp[13] = (uint8_t)flags;
	put16(tcp + 14, 1000);
	return end_packet(ipv6, IPPROTO_TCP, 20, tcp, 16, f);
}

/* An IPv4 frame as it is before any router has it. */
static void come_from_link(uint8_t *f)
{
	uint8_t *ip = f + ETHERNET;

	ip[8] = 255;
	put16(ip + 10, 0);
	put16(ip + 10, ~sum(0, ip, 20) & 0xffff);
}

static unsigned write_kind(const struct link *link, enum kind kind, unsigned id, uint8_t *f)
{
	const unsigned port = FIRST_PORT + kind * PORTS + id;
	unsigned len;

	switch (kind) {
	case ARP:
		return write_arp(link, f);
	case SOLICITATION:
		return write_solicitation(link, f);
	case DNS_SYN:
		return write_segment(link, false, port, 53, SYN, f);
	case DNS_ACK:
		return write_segment(link, false, port, 53, ACK, f);
	case BGP_ACK:
		return write_segment(link, false, port, 179, ACK, f);
	case BGP_ACK_NEAR:
		len = write_segment(link, false, port, 179, ACK, f);
		come_from_link(f);
		return len;
	default:
		return write_datagram(link, kind == QUERY6, 53, id, f);
	}
}

/* A datagram to a closed port or a ping. */
static unsigned write_stranger(const struct link *link, unsigned id, uint8_t *f)
{
	const bool ipv6 = id % 2 == 1;

	return id / 2 % 2 == 0 ? write_datagram(link, ipv6, 9, id, f)
			       : write_ping(link, ipv6, id, f);
}

/* RFC 4861 section 4.4, but for the hop limit, from which one sees that it came through routers. */
static unsigned write_far_advertisement(const struct link *link, unsigned id, uint8_t *f)
{
	uint8_t *icmp = start_packet(link, true, IPPROTO_ICMPV6, 24, f);

	memset(icmp, 0, 8);
	icmp[0] = 136;
	memcpy(icmp + 8, link->addresses[1], 16);
	put16(icmp + 22, id);
	return end_packet(true, IPPROTO_ICMPV6, 24, icmp, 2, f);
}

static unsigned write_dns_syn(const struct link *link, unsigned id, uint8_t *f)
{
	return write_segment(link, id % 2 == 1, id, 53, SYN, f);
}

static unsigned write_dns_ack(const struct link *link, unsigned id, uint8_t *f)
{
	return write_segment(link, id % 2 == 1, id, 53, ACK, f);
}

static unsigned write_bgp_syn(const struct link *link, unsigned id, uint8_t *f)
{
	return write_segment(link, id % 2 == 1, id, 179, SYN, f);
}

static unsigned write_bgp_ack(const struct link *link, unsigned id, uint8_t *f)
{
	return write_segment(link, id % 2 == 1, 179, id, ACK, f);
}

static unsigned write_far_bfd(const struct link *link, unsigned id, uint8_t *f)
{
	return write_datagram(link, id % 2 == 1, 3784, id, f);
}

static unsigned write_multihop_bfd(const struct link *link, unsigned id, uint8_t *f)
{
	return write_datagram(link, id % 2 == 1, 4784, id, f);
}

/* What the crowd can be; and the kind that is of the same class, and may get lost in it. */
static const struct filler {
	const char *name;
	unsigned (*write)(const struct link *link, unsigned id, uint8_t *f);
	enum kind kind;
} fillers[] = {
	{"strangers", write_stranger, KINDS},
	{"far_nd", write_far_advertisement, KINDS},
	{"dns_syn", write_dns_syn, DNS_SYN},
	{"dns_ack", write_dns_ack, DNS_ACK},
	{"bgp_syn", write_bgp_syn, KINDS},
	{"bgp_ack", write_bgp_ack, BGP_ACK},
	{"far_bfd", write_far_bfd, KINDS},
	{"multihop_bfd", write_multihop_bfd, BGP_ACK},
};

static const struct filler *find_filler(const char *name)
{
	for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
		if (strcmp(fillers[i].name, name) == 0)
			return &fillers[i];
	return NULL;
}

/* Sends a round, and counts what is to be answered. */
static bool send_round(
	const struct link *link, const struct filler *filler, unsigned frames, unsigned sent[KINDS])
{
	uint8_t f[FRAME_MAX];

	memset(sent, 0, KINDS * sizeof(*sent));
	for (unsigned i = 0; i < frames; i++) {
		if (!link_send(link, f, filler->write(link, i, f)))
			return false;
		const enum kind kind = i / STEP % KINDS;
		if (i % STEP != 0 || kind == filler->kind)
			continue;
		if (!link_send(link, f, write_kind(link, kind, sent[kind], f)))
			return false;
		sent[kind]++;
	}
	printf("sent\n");
	(void)fflush(stdout);
	return true;
}

static enum kind kind_of_segment(const uint8_t *tcp, unsigned *id)
{
	const unsigned port = get16(tcp + 2), kind = port / PORTS - FIRST_PORT / PORTS;

	if (kind < DNS_SYN || kind >= KINDS
		|| (tcp[13] & (SYN | RST)) != (kind == DNS_SYN ? SYN : RST))
		return KINDS;
	*id = port % PORTS;
	return kind;
}

/* What the frame answers of ours, or KINDS; `*id` is that of the request where there is one. */
static enum kind kind_of(const struct link *link, const uint8_t *f, unsigned len, unsigned *id)
{
	const unsigned type = len < ETHERNET + 28 ? 0 : get16(f + 12);
	const uint8_t *ip = f + ETHERNET;
	const bool ipv6 = type == ETHERTYPE_IPV6;
	const uint8_t *payload = ip + (ipv6 ? 40 : 20);
	const unsigned size = ipv6 ? 16 : 4;

	if (type == ETHERTYPE_ARP)
		return get16(ip + 6) == 2 && memcmp(ip + 24, link->addresses[0], 4) == 0 ? ARP
											 : KINDS;
	if ((type != ETHERTYPE_IP && !ipv6) || payload + UDP + 2 > f + len
		|| memcmp(payload - size, link->addresses[ipv6], size) != 0)
		return KINDS;
	const uint8_t protocol = ipv6 ? ip[6] : ip[9];

	if (protocol == IPPROTO_ICMPV6)
		return payload[0] == 136 ? SOLICITATION : KINDS;
	if (protocol == IPPROTO_TCP && payload + 20 <= f + len)
		return kind_of_segment(payload, id);
	if (protocol != IPPROTO_UDP || get16(payload) != 53)
		return KINDS;
	*id = get16(payload + UDP);
	return ipv6 ? QUERY6 : QUERY4;
}

static bool is_complete(const unsigned got[KINDS], const unsigned sent[KINDS])
{
	bool complete = true;

	/* The kernel has neighbours to look for as well. */
	for (unsigned kind = 0; kind < KINDS; kind++)
		complete &= got[kind] >= sent[kind];
	return complete;
}

/* Counts answers until there are as many as were sent. A request that is answered twice, as the kernel
 * does with TCP's, counts once: ids are answered in their order. */
static bool receive_round(const struct link *link, const unsigned sent[KINDS])
{
	unsigned got[KINDS] = {0};
	uint8_t f[FRAME_MAX];

	const time_t end = time(NULL) + WAIT_S;

	while (!is_complete(got, sent)) {
		struct pollfd ready = {.fd = link->fd, .events = POLLIN};

		if (time(NULL) > end || poll(&ready, 1, WAIT_S * 1000) != 1)
			break;
		const ssize_t len = recv(link->fd, f, sizeof(f), 0);
		unsigned id = 0;
		const enum kind kind = len < 0 ? KINDS : kind_of(link, f, (unsigned)len, &id);

		if (kind == KINDS || (kind == DNS_SYN && id < got[kind]))
			continue;
		got[kind]++;
	}
	if (is_complete(got, sent))
		return true;
	for (unsigned kind = 0; kind < KINDS; kind++)
		printf("%s: %u sent, %u answered\n", names[kind], sent[kind], got[kind]);
	return false;
}

int main(int argc, char **argv)
{
	unsigned sent[KINDS], total[KINDS] = {0};
	struct link link = {0};

	const struct filler *filler = argc > 1 ? find_filler(argv[1]) : NULL;

	if (argc != 4 + LINK_ARGUMENTS_COUNT || filler == NULL) {
		fprintf(stderr, "usage: crowd FILLER FRAMES ROUNDS " LINK_ARGUMENTS "\n");
		return 2;
	}
	const unsigned frames = (unsigned)atoi(argv[2]), rounds = (unsigned)atoi(argv[3]);

	if (!link_open(&link, argv + 4))
		return 1;
	for (unsigned round = 0; round < rounds; round++) {
		if (!send_round(&link, filler, frames, sent) || !receive_round(&link, sent))
			return 1;
		for (unsigned kind = 0; kind < KINDS; kind++)
			total[kind] += sent[kind];
	}
	for (unsigned kind = 0; kind < KINDS; kind++)
		printf("%s%s=%u", kind > 0 ? " " : "", names[kind], total[kind]);
	printf("\n");
	return 0;
}
