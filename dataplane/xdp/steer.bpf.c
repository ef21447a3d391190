/*
 * XDP program: queries for a service address go to the workers' AF_XDP sockets, everything else to
 * the kernel, untouched. It classifies layer by layer; each layer is a function that takes the
 * cursor from the one below, so that a VLAN tag or IPv6 is one more function.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "steer_abi.h"

#define QUEUES_MAX 64
#define DNS_PORT 53
#define IPV4_FRAGMENT 0x3fff /* more-fragments flag and fragment offset, RFC 791 */

/* DPDK's net_af_xdp puts the socket of each queue here: it asks for this very name. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, QUEUES_MAX);
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

static __always_inline enum steer_verdict steer_ethernet(struct cursor c)
{
	const struct ethhdr *ether = c.next;

	if ((const void *)(ether + 1) > c.end)
		return STEER_PASSED;
	/* Broadcast and multicast frames are not a worker's: see frame_parse(). */
	if (ether->h_dest[0] & 1)
		return STEER_PASSED;
	c.next = ether + 1;
	switch (ether->h_proto) {
	case bpf_htons(ETH_P_IP):
		return steer_ipv4(c);
	default:
		return STEER_PASSED;
	}
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
