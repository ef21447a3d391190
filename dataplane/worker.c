#include "worker.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <rte_rcu_qsbr.h>

#include "engine.h"
#include "log.h"
#include "node.h"

#define BURST 32
static_assert(BURST <= DNS_BURST, "one burst is one call of each stage");

/* Queries of one burst: the three arrays run in parallel. */
struct burst {
	struct rte_mbuf *mbuf[BURST];
	struct frame frame[BURST];
	struct dns_request request[BURST];
	uint16_t count;
};

static enum ptrd_event event_of(enum frame_verdict verdict)
{
	switch (verdict) {
	case FRAME_SHORT:
		return PTRD_EVENT_FRAME_SHORT;
	case FRAME_CHECKSUM:
		return PTRD_EVENT_FRAME_CHECKSUM;
	default:
		return PTRD_EVENT_FRAME_FOREIGN;
	}
}

/* Adds the query in `mbuf` to the burst; drops and counts whatever is none. */
static void take_frame(const struct serving *serving, struct ptrd_counters *counters,
	struct burst *burst, struct rte_mbuf *mbuf)
{
	struct frame *frame = &burst->frame[burst->count];
	enum ptrd_event drop = PTRD_EVENT_FRAME_LONG;

	if (mbuf->nb_segs == 1) {
		uint8_t *bytes = rte_pktmbuf_mtod(mbuf, uint8_t *);
		const enum frame_verdict verdict
			= frame_parse(frame, bytes, mbuf->data_len, &serving->services);
		const unsigned end = mbuf->data_len + rte_pktmbuf_tailroom(mbuf);

		drop = event_of(verdict);
		if (verdict == FRAME_QUERY && end < (unsigned)frame->dns + DNS_UDP_SIZE)
			drop = PTRD_EVENT_FRAME_LONG;
		else if (verdict == FRAME_QUERY) {
			burst->request[burst->count] = (struct dns_request){
				.msg = bytes + frame->dns,
				.len = frame->len,
				.room = (uint16_t)(end - frame->dns),
				.port = frame->port,
				.transport = DNS_UDP,
			};
			burst->mbuf[burst->count++] = mbuf;
			return;
		}
	}
	ptrd_count(&counters->event[drop], 1);
	rte_pktmbuf_free(mbuf);
}

static void receive(
	const struct worker *worker, struct ptrd_counters *counters, struct burst *burst)
{
	struct rte_mbuf *received[BURST];
	const uint16_t n = rte_eth_rx_burst(worker->port, worker->queue, received, BURST);

	burst->count = 0;
	if (n == 0)
		return;
	ptrd_count(&counters->event[PTRD_EVENT_RX], n);
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(received[i], void *));
	for (uint16_t i = 0; i < n; i++)
		take_frame(worker->serving, counters, burst, received[i]);
}

/* Frames the replies; the queries that get none are freed, the others move up. */
static void frame_replies(struct ptrd_counters *counters, struct burst *burst)
{
	uint16_t replies = 0;

	for (uint16_t i = 0; i < burst->count; i++) {
		const struct dns_request *request = &burst->request[i];
		struct rte_mbuf *mbuf = burst->mbuf[i];

		ptrd_count(&counters->outcome[request->outcome], 1);
		if (request->reply_len == 0) {
			rte_pktmbuf_free(mbuf);
			continue;
		}
		if (request->truncated)
			ptrd_count(&counters->event[PTRD_EVENT_TRUNCATED], 1);
		mbuf->data_len = frame_reply(&burst->frame[i], request->reply_len, request->sum);
		mbuf->pkt_len = mbuf->data_len;
		burst->mbuf[replies++] = mbuf;
	}
	burst->count = replies;
}

static void transmit(
	const struct worker *worker, struct ptrd_counters *counters, struct burst *burst)
{
	if (burst->count == 0)
		return;
	const uint16_t sent
		= rte_eth_tx_burst(worker->port, worker->queue, burst->mbuf, burst->count);

	ptrd_count(&counters->event[PTRD_EVENT_TX], sent);
	if (sent == burst->count)
		return;
	/* Waiting for the ring would lose queries at the other end, uncounted. */
	ptrd_count(&counters->event[PTRD_EVENT_TX_FULL], (uint64_t)burst->count - sent);
	rte_pktmbuf_free_bulk(burst->mbuf + sent, (unsigned)(burst->count - sent));
}

static void answer_burst(const struct worker *worker, struct ptrd_counters *counters)
{
	struct burst burst;

	receive(worker, counters, &burst);
	if (burst.count == 0)
		return;
	const struct dns_view *view
		= atomic_load_explicit(&worker->serving->view, memory_order_acquire);

	dns_answer(view, burst.request, burst.count);
	frame_replies(counters, &burst);
	transmit(worker, counters, &burst);
}

int worker_register(const struct worker *worker)
{
	if (rte_rcu_qsbr_thread_register(node_qsbr(worker->serving->node), worker->reader) == 0)
		return 0;
	log_line("the worker of port %u queue %u cannot register as reader %u (there are %d)",
		worker->port, worker->queue, worker->reader, PTRD_READERS_MAX);
	return -1;
}

int worker_run(void *argument)
{
	const struct worker *worker = argument;
	struct serving *serving = worker->serving;
	struct ptrd_counters *counters = &serving->node->counters[worker->reader];
	struct rte_rcu_qsbr *qsbr = node_qsbr(serving->node);

	rte_rcu_qsbr_thread_online(qsbr, worker->reader);
	while (!atomic_load_explicit(&serving->stop, memory_order_relaxed)) {
		answer_burst(worker, counters);
		/* Here this worker holds no reference into a view or a table. */
		rte_rcu_qsbr_quiescent(qsbr, worker->reader);
	}
	rte_rcu_qsbr_thread_offline(qsbr, worker->reader);
	rte_rcu_qsbr_thread_unregister(qsbr, worker->reader);
	return 0;
}
