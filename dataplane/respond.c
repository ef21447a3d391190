#include "respond.h"

#include <rte_rcu_qsbr.h>

#include "node.h"

void respond(struct serving *serving, struct dns_request *request)
{
	struct ptrd_counters *counters = &serving->node->counters[NODE_READER_MAIN];
	struct rte_rcu_qsbr *qsbr = node_qsbr(serving->node);

	ptrd_count(&counters->event[PTRD_EVENT_RX], 1);
	/* Between messages the main lcore waits for events, for hours maybe: it must not hold up
	 * a grace period then. */
	rte_rcu_qsbr_thread_online(qsbr, NODE_READER_MAIN);
	dns_answer(atomic_load_explicit(&serving->view, memory_order_acquire), request, 1);
	rte_rcu_qsbr_thread_offline(qsbr, NODE_READER_MAIN);
	ptrd_count(&counters->outcome[request->outcome], 1);
	if (request->reply_len > 0 && request->truncated)
		ptrd_count(&counters->event[PTRD_EVENT_TRUNCATED], 1);
}
