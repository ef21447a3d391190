/*
 * Sends frames with a question made by hand and looks at what comes back, byte for byte:
 *
 *   frames INTERFACE SERVER_MAC CLIENT4 SERVICE4 CLIENT6 SERVICE6
 *
 * Good ones, of both families, with up to two VLAN tags and with Ethernet padding, must be answered
 * in kind; broken ones must not be. One good one behind each broken one tells when to stop waiting
 * for its answer. Prints how many broken ones of each sort went out: `short=N checksum=N`.
 */
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "link.h"

#define TAG 4
#define WAIT_MS 20000 /* for an answer that must come */

static const uint8_t question[] = "\x01\0\0\1\0\0\0\0\0\0\0017\003113\0010\003203\7in-addr\4arpa"
				  "\0\0\x0c\0\1";
#define DNS (2 + sizeof(question) - 1)

struct kind {
	bool ipv6;
	unsigned tags;
	unsigned padding;
};

static unsigned l3_of(const struct kind *kind)
{
	return 14 + kind->tags * TAG;
}

static unsigned l4_of(const struct kind *kind)
{
	return l3_of(kind) + (kind->ipv6 ? 40 : 20);
}

static unsigned udp_sum(const struct kind *kind, const uint8_t *f)
{
	const uint8_t *udp = f + l4_of(kind);

	return link_payload_sum(kind->ipv6, IPPROTO_UDP, get16(udp + 4), udp);
}

/* Writes a good frame with the question number `id`. Returns its length. */
static unsigned write_frame(
	const struct link *link, const struct kind *kind, uint16_t id, uint8_t f[FRAME_MAX])
{
	unsigned at = sizeof(link->ethernet);

	memset(f, 0, FRAME_MAX);
	memcpy(f, link->ethernet, sizeof(link->ethernet));
	for (unsigned tag = kind->tags; tag > 0; tag--, at += TAG) {
		put16(f + at, tag == 2 ? ETH_P_8021AD : ETH_P_8021Q);
		put16(f + at + 2, 100 + tag);
	}
	put16(f + at, kind->ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	uint8_t *udp = link_write_ip(link, kind->ipv6, IPPROTO_UDP, UDP + DNS, f + l3_of(kind));
	put16(udp, 40000);
	put16(udp + 2, 53);
	put16(udp + 4, UDP + DNS);
	put16(udp + UDP, id);
	memcpy(udp + UDP + 2, question, sizeof(question) - 1);
	put16(udp + 6, ~udp_sum(kind, f) & 0xffff);
	return (unsigned)(l4_of(kind) + UDP + DNS + kind->padding);
}

/* The kernel takes the outer tag out of a frame and tells it beside. */
static unsigned put_tag_back(struct msghdr *message, uint8_t *f, unsigned len)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if ((aux.tp_status & TP_STATUS_VLAN_VALID) == 0)
			continue;
		memmove(f + 12 + TAG, f + 12, len - 12);
		put16(f + 12, aux.tp_vlan_tpid);
		put16(f + 14, aux.tp_vlan_tci);
		return len + TAG;
	}
	return len;
}

/* The server's kernel looks for its neighbours as well: that is nobody's reply. */
static bool is_udp(const uint8_t *f, unsigned len)
{
	unsigned at = 12;

	while (at + 2 < len && (get16(f + at) == ETH_P_8021Q || get16(f + at) == ETH_P_8021AD))
		at += TAG;
	if (at + 2 + 40 > len)
		return false;
	return (get16(f + at) == ETHERTYPE_IP && f[at + 2 + 9] == IPPROTO_UDP)
		|| (get16(f + at) == ETHERTYPE_IPV6 && f[at + 2 + 6] == IPPROTO_UDP);
}

/* Next datagram that the server sent, in its frame, or 0 if none comes. */
static unsigned receive_frame(const struct link *link, uint8_t f[FRAME_MAX])
{
	for (int waited = 0; waited < WAIT_MS; waited += 10) {
		union {
			char bytes[256];
			struct cmsghdr align;
		} control;
		struct iovec bytes = {.iov_base = f, .iov_len = FRAME_MAX - TAG};
		struct msghdr message = {.msg_iov = &bytes,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control)};
		struct pollfd ready = {.fd = link->fd, .events = POLLIN};

		if (poll(&ready, 1, 10) <= 0)
			continue;
		const ssize_t len = recvmsg(link->fd, &message, MSG_DONTWAIT);
		if (len < 14 || memcmp(f + 6, link->ethernet, 6) != 0
			|| memcmp(f, link->ethernet + 6, 6) != 0)
			continue;
		const unsigned whole = put_tag_back(&message, f, (unsigned)len);
		if (is_udp(f, whole))
			return whole;
	}
	return 0;
}

static bool differs(const char *what, unsigned want, unsigned got)
{
	if (want == got)
		return false;
	printf("%s: want 0x%x, got 0x%x\n", what, want, got);
	return true;
}

/* The reply `f` to the question of that kind: its headers turned around, its checksums right. */
static bool reply_is_good(const struct link *link, const struct kind *kind, const uint8_t *f,
	unsigned len, uint16_t id)
{
	uint8_t query[FRAME_MAX];
	const unsigned l3 = l3_of(kind), l4 = l4_of(kind), size = kind->ipv6 ? 16 : 4;

	(void)write_frame(link, kind, id, query);
	if (len < l4 + UDP + DNS) {
		printf("a reply of %u bytes\n", len);
		return false;
	}
	if (memcmp(f + 12, query + 12, l3 - 12) != 0) {
		printf("the reply has other tags\n");
		return false;
	}
	if (memcmp(f + l4 - size, query + l4 - 2 * size, size) != 0
		|| memcmp(f + l4 - 2 * size, query + l4 - size, size) != 0) {
		printf("the addresses are not swapped\n");
		return false;
	}
	const unsigned udp_len = get16(f + l4 + 4);
	bool bad = differs("source port", 53, get16(f + l4));
	bad |= differs("destination port", 40000, get16(f + l4 + 2));
	bad |= differs("length", len, l4 + udp_len);
	if (kind->ipv6) {
		bad |= differs("payload length", udp_len, get16(f + l3 + 4));
		bad |= differs("hop limit", 64, f[l3 + 7]);
		bad |= differs("version, class and label", 0x6000, get16(f + l3));
	} else {
		bad |= differs("total length", 20 + udp_len, get16(f + l3 + 2));
		bad |= differs("header checksum", 0xffff, sum(0, f + l3, 20));
		bad |= differs("TTL", 64, f[l3 + 8]);
	}
	if (bad || l4 + udp_len > len)
		return false;
	bad = differs("UDP checksum", 0xffff, udp_sum(kind, f));
	bad |= differs("id", id, get16(f + l4 + UDP));
	bad |= differs("flags", 0x8500, get16(f + l4 + UDP + 2));
	return !bad && !differs("answers", 1, get16(f + l4 + UDP + 6));
}

static bool ask(const struct link *link, const struct kind *kind, uint16_t id)
{
	uint8_t f[FRAME_MAX];
	const unsigned len = write_frame(link, kind, id, f);

	if (!link_send(link, f, len))
		return false;
	const unsigned got = receive_frame(link, f);
	if (got > 0 && reply_is_good(link, kind, f, got, id))
		return true;
	printf("%s with %u tags and %u bytes of padding: %s\n", kind->ipv6 ? "IPv6" : "IPv4",
		kind->tags, kind->padding, got > 0 ? "a wrong reply" : "no reply");
	return false;
}

/* What breaks a good frame. */
static const struct {
	const char *what;
	bool ipv4, ipv6; /* where it does */
	int l4_at;       /* where to write, from the UDP header on: a negative one is in IP's */
	uint16_t value;
	bool is_checksum; /* counted as such, else as a wrong length */
} breaks[] = {
	{"UDP length over the payload", true, true, 4, UDP + DNS + 1, false},
	{"UDP length below a header", true, true, 4, UDP - 1, false},
	{"UDP length 0", true, true, 4, 0, false},
	{"IPv4 total length over the frame", true, false, -18, 20 + UDP + DNS + 1, false},
	{"IPv4 total length below UDP's", true, false, -18, 20 + UDP - 1, false},
	{"IPv6 payload length over the frame", false, true, -36, UDP + DNS + 1, false},
	{"IPv6 payload length below UDP's", false, true, -36, UDP - 1, false},
	{"IPv4 header checksum", true, false, -10, 0x1234, true},
	{"no IPv6 UDP checksum", false, true, 6, 0, true},
	{"UDP checksum", true, true, 6, 0x1234, true},
	{"UDP checksum of all ones", true, true, 6, 0xffff, true},
};

static bool try_break(const struct link *link, const struct kind *kind, size_t i, uint16_t id)
{
	uint8_t f[FRAME_MAX];
	const unsigned len = write_frame(link, kind, (uint16_t)(id + 0x8000), f);

	put16(f + (int)l4_of(kind) + breaks[i].l4_at, breaks[i].value);
	if (breaks[i].l4_at == -18) { /* the length is wrong, its checksum is not */
		put16(f + l4_of(kind) - 10, 0);
		put16(f + l4_of(kind) - 10, ~sum(0, f + l3_of(kind), 20) & 0xffff);
	}
	if (!link_send(link, f, len))
		return false;
	if (ask(link, kind, id))
		return true;
	printf("after: %s\n", breaks[i].what);
	return false;
}

/* Every break in every kind of frame. Returns false after telling which one failed. */
static bool try_breaks(const struct link *link)
{
	unsigned sent[2] = {0};
	uint16_t id = 1000;

	for (unsigned k = 0; k < 6; k++) {
		const struct kind kind = {.ipv6 = k % 2 == 1, .tags = k / 2};

		for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
			if (!(kind.ipv6 ? breaks[i].ipv6 : breaks[i].ipv4))
				continue;
			if (!try_break(link, &kind, i, id++))
				return false;
			sent[breaks[i].is_checksum]++;
		}
	}
	printf("short=%u checksum=%u\n", sent[false], sent[true]);
	return true;
}

static bool try_kinds(const struct link *link)
{
	static const unsigned paddings[] = {0, 1, 18, 500};
	uint16_t id = 1;

	for (unsigned k = 0; k < 6; k++)
		for (size_t p = 0; p < sizeof(paddings) / sizeof(paddings[0]); p++) {
			const struct kind kind
				= {.ipv6 = k % 2 == 1, .tags = k / 2, .padding = paddings[p]};

			if (!ask(link, &kind, id++))
				return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	struct link link = {0};

	if (argc != 1 + LINK_ARGUMENTS_COUNT) {
		fprintf(stderr, "usage: frames " LINK_ARGUMENTS "\n");
		return 2;
	}
	return link_open(&link, argv + 1) && try_kinds(&link) && try_breaks(&link) ? 0 : 1;
}
