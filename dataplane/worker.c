#include "worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <rte_rcu_qsbr.h>

#include "engine.h"
#include "foreign.h"
#include "log.h"
#include "node.h"

#define BURST 32
static_assert(BURST <= DNS_BURST, "one burst is one call of each stage");

/* Frames that a turn takes from the kernel while others wait: more than it hands over on average, so
 * that what the kernel answers does not pile up in its queue. */
#define BUSY_BURST 8
/* Looking for frames of the kernel is a system call each time: where none was handed over, that may
 * have an answer, only so often. */
#define LOOKS_PER_SECOND 20000

/* What one burst brought: queries, in three arrays that run in parallel, and the rest. */
struct burst {
	bool full; /* more may be waiting: time that the rest takes is time that queries lose */
	bool empty;
	struct rte_mbuf *mbuf[BURST];
	struct frame frame[BURST];
	struct dns_request request[BURST];
	uint16_t count;
	struct rte_mbuf *other[BURST]; /* no queries: the kernel's */
	uint16_t others;
};

/* What the adapter found out about the checksums, and what holds for all frames of the port. */
static unsigned checksums_of(const struct worker *worker, const struct rte_mbuf *mbuf)
{
	const uint64_t ip = mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint64_t udp = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	unsigned known = worker->port->checksums;

	if ((ip | udp) == 0)
		return known;
	if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		known |= FRAME_IP_GOOD;
	if (udp == RTE_MBUF_F_RX_L4_CKSUM_GOOD || udp == RTE_MBUF_F_RX_L4_CKSUM_NONE)
		known |= FRAME_UDP_GOOD;
	else if (udp == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		known |= FRAME_UDP_BAD;
	return known;
}

static void drop(struct ptrd_counters *counters, enum ptrd_event why, struct rte_mbuf *mbuf)
{
	ptrd_count(&counters->event[why], 1);
	rte_pktmbuf_free(mbuf);
}

/* A frame that is not the fast path's: the kernel's, where it is behind the port. */
static void set_aside(const struct worker *worker, struct ptrd_counters *counters,
	struct burst *burst, struct rte_mbuf *mbuf, enum ptrd_event why)
{
	if (worker->port->exception == EXCEPTION_NONE)
		drop(counters, why, mbuf);
	else
		burst->other[burst->others++] = mbuf;
}

/* Adds the query in `mbuf` to the burst. */
static void take_query(struct burst *burst, struct rte_mbuf *mbuf, unsigned end)
{
	const struct frame *frame = &burst->frame[burst->count];
	struct dns_request *request = &burst->request[burst->count];

	/* Field by field: clearing the rest, which the engine sets, would take longer. */
	request->msg = frame->bytes + frame->dns;
	request->len = frame->len;
	request->room = (uint16_t)(end - frame->dns);
	request->port = frame->port;
	request->transport = DNS_UDP;
	request->client_ipv6 = frame->ipv6;
	frame_client(frame, request->client);
	burst->mbuf[burst->count++] = mbuf;
}

static void take_frame(const struct worker *worker, struct ptrd_counters *counters,
	struct burst *burst, struct rte_mbuf *mbuf)
{
	struct frame *frame = &burst->frame[burst->count];
	const unsigned end = mbuf->data_len + rte_pktmbuf_tailroom(mbuf);

	if (mbuf->nb_segs > 1) {
		set_aside(worker, counters, burst, mbuf, PTRD_EVENT_FRAME_LONG);
		return;
	}
	switch (frame_parse(frame, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len, end,
		&worker->serving->services, &worker->port->station, checksums_of(worker, mbuf))) {
	case FRAME_QUERY:
		if (end < (unsigned)frame->dns + DNS_UDP_SIZE)
			set_aside(worker, counters, burst, mbuf, PTRD_EVENT_FRAME_LONG);
		else
			take_query(burst, mbuf, end);
		break;
	case FRAME_FOREIGN:
		set_aside(worker, counters, burst, mbuf, PTRD_EVENT_FRAME_FOREIGN);
		break;
	case FRAME_SHORT:
		drop(counters, PTRD_EVENT_FRAME_SHORT, mbuf);
		break;
	case FRAME_CHECKSUM:
		drop(counters, PTRD_EVENT_FRAME_CHECKSUM, mbuf);
		break;
	}
}

static void receive(
	const struct worker *worker, struct ptrd_counters *counters, struct burst *burst)
{
	struct rte_mbuf *received[BURST];
	const uint16_t n
		= rte_eth_rx_burst(worker->queue.device, worker->queue.queue, received, BURST);

	burst->full = n == BURST;
	burst->empty = n == 0;
	burst->count = 0;
	burst->others = 0;
	if (n == 0)
		return;
	ptrd_count(&counters->event[PTRD_EVENT_RX], n);
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(received[i], void *));
	for (uint16_t i = 0; i < n; i++)
		take_frame(worker, counters, burst, received[i]);
}

/* Frames the replies; the queries that get none are freed, the others move up. */
static void frame_replies(struct ptrd_counters *counters, struct burst *burst)
{
	uint16_t replies = 0;

	for (uint16_t i = 0; i < burst->count; i++) {
		const struct dns_request *request = &burst->request[i];
		struct rte_mbuf *mbuf = burst->mbuf[i];

		serving_count(counters, request);
		if (request->reply_len == 0) {
			rte_pktmbuf_free(mbuf);
			continue;
		}
		mbuf->data_len = frame_reply(&burst->frame[i], request->reply_len, request->sum);
		mbuf->pkt_len = mbuf->data_len;
		burst->mbuf[replies++] = mbuf;
	}
	burst->count = replies;
}

/* Sends `count` frames and counts them as `sent`; those that find no room count as `full`: waiting
 * for it would lose queries at the other end, uncounted. */
static void transmit(struct ptrd_counters *counters, uint16_t device, uint16_t queue,
	struct rte_mbuf **mbufs, uint16_t count, enum ptrd_event sent, enum ptrd_event full)
{
	if (count == 0)
		return;
	const uint16_t taken = rte_eth_tx_burst(device, queue, mbufs, count);

	ptrd_count(&counters->event[sent], taken);
	if (taken == count)
		return;
	ptrd_count(&counters->event[full], (uint64_t)count - taken);
	rte_pktmbuf_free_bulk(mbufs + taken, (unsigned)(count - taken));
}

static void answer(const struct worker *worker, struct ptrd_counters *counters, struct burst *burst)
{
	if (burst->count == 0)
		return;
	const struct dns_context context = serving_context(worker->serving, worker->reader);

	dns_answer(&context, burst->request, burst->count);
	frame_replies(counters, burst);
	transmit(counters, worker->queue.device, worker->queue.queue, burst->mbuf, burst->count,
		PTRD_EVENT_TX, PTRD_EVENT_TX_FULL);
}

/* A frame through a TAP is a system call, as dear as some twenty queries. While frames wait, only what
 * each class of them is allowed goes there. */
static void keep_to_allowance(const struct worker *worker, struct foreign_allowance *allowance,
	uint64_t now, struct ptrd_counters *counters, struct burst *burst)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < burst->others; i++) {
		struct rte_mbuf *mbuf = burst->other[i];
		const enum foreign_class class = foreign_classify(rte_pktmbuf_mtod(mbuf, uint8_t *),
			mbuf->data_len, &worker->serving->services);

		/* What goes while there is time counts as well. */
		if (foreign_allow(allowance, class, now) || !burst->full)
			burst->other[kept++] = mbuf;
		else
			drop(counters, PTRD_EVENT_KERNEL_OVER, mbuf);
	}
	burst->others = kept;
}

/* What a worker keeps of its traffic with the exception twin; times in cycles. */
struct exchange {
	struct foreign_allowance allowance;
	uint64_t pause; /* between two looks for frames of the kernel */
	uint64_t next;  /* look */
};

static void hand_over(const struct worker *worker, struct exchange *state, uint64_t now,
	struct ptrd_counters *counters, struct burst *burst)
{
	keep_to_allowance(worker, &state->allowance, now, counters, burst);
	transmit(counters, worker->port->exception, worker->queue.exception_queue, burst->other,
		burst->others, PTRD_EVENT_TO_KERNEL, PTRD_EVENT_KERNEL_FULL);
	state->next = now;
}

static void take_back(const struct worker *worker, struct exchange *state, uint64_t now,
	struct ptrd_counters *counters, struct burst *burst)
{
	const uint16_t room = burst->full ? BUSY_BURST : BURST;
	const uint16_t n = rte_eth_rx_burst(
		worker->port->exception, worker->queue.exception_queue, burst->other, room);

	transmit(counters, worker->queue.device, worker->queue.queue, burst->other, n,
		PTRD_EVENT_FROM_KERNEL, PTRD_EVENT_KERNEL_FULL);
	state->next = n == room ? now : now + state->pause;
}

/* Between the port and its exception twin, both ways. */
static void exchange(const struct worker *worker, struct exchange *state,
	struct ptrd_counters *counters, struct burst *burst)
{
	if (worker->port->exception == EXCEPTION_NONE)
		return;
	const uint64_t now = rte_rdtsc();

	if (burst->others > 0)
		hand_over(worker, state, now, counters, burst);
	if (now >= state->next)
		take_back(worker, state, now, counters, burst);
}

int worker_register(const struct worker *worker)
{
	if (rte_rcu_qsbr_thread_register(node_qsbr(worker->serving->node), worker->reader) == 0)
		return 0;
	log_line("the worker of port %u queue %u cannot register as reader %u (there are %d)",
		worker->queue.device, worker->queue.queue, worker->reader, PTRD_READERS_MAX);
	return -1;
}

/* Returns the end of the turn that began at `begin`. */
static uint64_t count_turn(
	struct ptrd_counters *counters, const struct burst *burst, uint64_t begin)
{
	const uint64_t end = rte_rdtsc();

	ptrd_count(&counters->cycles, end - begin);
	if (!burst->empty)
		ptrd_count(&counters->busy_cycles, end - begin);
	return end;
}

int worker_run(void *argument)
{
	const struct worker *worker = argument;
	struct serving *serving = worker->serving;
	struct ptrd_counters *counters = &serving->node->counters[worker->reader];
	struct rte_rcu_qsbr *qsbr = node_qsbr(serving->node);
	struct exchange state = {
		.allowance.cost = rte_get_tsc_hz() / FOREIGN_RATE,
		.pause = rte_get_tsc_hz() / LOOKS_PER_SECOND,
	};
	struct burst burst;
	uint64_t turn = rte_rdtsc();

	rte_rcu_qsbr_thread_online(qsbr, worker->reader);
	while (!atomic_load_explicit(&serving->stop, memory_order_relaxed)) {
		receive(worker, counters, &burst);
		answer(worker, counters, &burst);
		exchange(worker, &state, counters, &burst);
		/* Here this worker holds no reference into a view, a policy or a table. */
		rte_rcu_qsbr_quiescent(qsbr, worker->reader);
		turn = count_turn(counters, &burst, turn);
	}
	rte_rcu_qsbr_thread_offline(qsbr, worker->reader);
	rte_rcu_qsbr_thread_unregister(qsbr, worker->reader);
	return 0;
}
