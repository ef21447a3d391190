/*
 * XDP program: queries for a service address go to the workers' AF_XDP sockets, everything else to
 * the kernel, untouched. It classifies layer by layer; each layer is a function that takes the
 * cursor from the one below.
 */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "steer_abi.h"

#define DNS_PORT 53
#define IPV4_FRAGMENT 0x3fff /* more-fragments flag and fragment offset, RFC 791 */
#define TAGS_MAX 2

struct vlan_tag {
	__be16 tci;
	__be16 protocol; /* of what follows */
};

/* DPDK's net_af_xdp puts the socket of each queue here: it asks for this very name. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, STEER_QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_SERVICES_MAX);
	__type(key, __u32);
	__type(value, __u8);
} ptrd_services4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_SERVICES_MAX);
	__type(key, struct in6_addr);
	__type(value, __u8);
} ptrd_services6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct steer_station);
} ptrd_station SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STEER_VERDICT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} ptrd_verdicts SEC(".maps");

/* What has not been read yet of a frame. */
struct cursor {
	const void *next;
	const void *end;
};

static __always_inline void count(enum steer_verdict verdict)
{
	const __u32 key = verdict;
	__u64 *counter = bpf_map_lookup_elem(&ptrd_verdicts, &key);

	if (counter)
		(*counter)++;
}

static __always_inline enum steer_verdict steer_udp(struct cursor c)
{
	const struct udphdr *udp = c.next;

	if ((const void *)(udp + 1) > c.end)
		return STEER_PASSED;
	return udp->dest == bpf_htons(DNS_PORT) ? STEER_REDIRECTED : STEER_PASSED;
}

static __always_inline enum steer_verdict steer_ipv4(struct cursor c)
{
	const struct iphdr *ip = c.next;

	if ((const void *)(ip + 1) > c.end)
		return STEER_PASSED;
	if (ip->protocol != IPPROTO_UDP || !bpf_map_lookup_elem(&ptrd_services4, &ip->daddr))
		return STEER_PASSED;
	if (ip->ihl != sizeof(*ip) / 4 || (ip->frag_off & bpf_htons(IPV4_FRAGMENT)))
		return STEER_SLOW;
	c.next = ip + 1;
	return steer_udp(c);
}

/* RFC 7045 section 4 lists them. UDP may lie behind: that takes a walk, which the kernel does. */
static __always_inline bool is_extension_header(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_ESP:
	case IPPROTO_AH:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
		return true;
	default:
		return false;
	}
}

static __always_inline enum steer_verdict steer_ipv6(struct cursor c)
{
	const struct ipv6hdr *ip = c.next;

	if ((const void *)(ip + 1) > c.end)
		return STEER_PASSED;
	const bool extended = is_extension_header(ip->nexthdr);
	if ((ip->nexthdr != IPPROTO_UDP && !extended)
		|| !bpf_map_lookup_elem(&ptrd_services6, &ip->daddr))
		return STEER_PASSED;
	if (extended)
		return STEER_SLOW;
	c.next = ip + 1;
	return steer_udp(c);
}

static __always_inline bool is_tag(__be16 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/* A promiscuous interface gets frames for others, and any interface groups' frames. */
static __always_inline bool is_for_us(const struct ethhdr *ether)
{
	const __u32 key = 0;
	const struct steer_station *station = bpf_map_lookup_elem(&ptrd_station, &key);
	const __u16 *to = (const void *)ether->h_dest;

	return station && to[0] == station->mac[0] && to[1] == station->mac[1]
		&& to[2] == station->mac[2];
}

static __always_inline enum steer_verdict steer_network(struct cursor c, __be16 protocol)
{
	switch (protocol) {
	case bpf_htons(ETH_P_IP):
		return steer_ipv4(c);
	case bpf_htons(ETH_P_IPV6):
		return steer_ipv6(c);
	default:
		return STEER_PASSED;
	}
}

static __always_inline enum steer_verdict steer_ethernet(struct cursor c)
{
	const struct ethhdr *ether = c.next;

	if ((const void *)(ether + 1) > c.end)
		return STEER_PASSED;
	__be16 protocol = ether->h_proto;
	c.next = ether + 1;
	for (int tags = 0; tags < TAGS_MAX && is_tag(protocol); tags++) {
		const struct vlan_tag *tag = c.next;

		if ((const void *)(tag + 1) > c.end)
			return STEER_PASSED;
		protocol = tag->protocol;
		c.next = tag + 1;
	}
	const enum steer_verdict verdict = steer_network(c, protocol);
	return verdict == STEER_REDIRECTED && !is_for_us(ether) ? STEER_STRANGE : verdict;
}

SEC("xdp")
int ptrd_steer(struct xdp_md *ctx)
{
	const struct cursor c = {(const void *)(long)ctx->data, (const void *)(long)ctx->data_end};
	enum steer_verdict verdict = steer_ethernet(c);
	int action = XDP_PASS;

	if (verdict == STEER_REDIRECTED) {
		/* The flags are the action for a queue without a socket. */
		action = (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
		if (action == XDP_PASS)
			verdict = STEER_UNBOUND;
	}
	count(verdict);
	return action;
}

/* The kernel asks for no licence to load this program: it calls no GPL-only helper. */
char _license[] SEC("license") = "BSD";
