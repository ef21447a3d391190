#include "serving.h"

#include <time.h>

#include <rte_rcu_qsbr.h>

#include "cookie.h"
#include "node.h"

struct dns_context serving_context(const struct serving *serving, unsigned reader)
{
	const struct policy *policy = atomic_load_explicit(&serving->policy, memory_order_acquire);
	struct timespec wall, monotonic;

	/* The coarse clocks are a load from memory, right to a tick of the kernel: cookies count
	 * in seconds, the limiter does not need more. They fail on no clock that exists. */
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &wall);
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &monotonic);
	return (struct dns_context){
		.view = atomic_load_explicit(&serving->view, memory_order_acquire),
		.settings = &policy->settings,
		.limiter = policy->limiter[reader],
		.now = (uint32_t)wall.tv_sec,
		.now_ms = (uint64_t)monotonic.tv_sec * 1000 + (uint64_t)monotonic.tv_nsec / 1000000,
	};
}

void serving_count(struct ptrd_counters *counters, const struct dns_request *request)
{
	ptrd_count(&counters->outcome[request->outcome], 1);
	/* Without a branch: no predictor knows which queries have a cookie. */
	ptrd_count(&counters->event[PTRD_EVENT_COOKIE_VALID], request->cookie == DNS_COOKIE_VALID);
	ptrd_count(
		&counters->event[PTRD_EVENT_COOKIE_INVALID], request->cookie == DNS_COOKIE_INVALID);
	if (request->reply_len > 0 && request->truncated)
		ptrd_count(&counters->event[PTRD_EVENT_TRUNCATED], 1);
}

void serving_wait(const struct serving *serving)
{
	rte_rcu_qsbr_synchronize(node_qsbr(serving->node), RTE_QSBR_THRID_INVALID);
}
