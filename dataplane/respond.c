#include "respond.h"

#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <rte_rcu_qsbr.h>

#include "node.h"

void respond_client(struct dns_request *request, const struct sockaddr *client)
{
	request->client_ipv6 = client->sa_family == AF_INET6;
	if (request->client_ipv6) {
		const struct sockaddr_in6 *ipv6 = (const void *)client;

		memcpy(request->client, &ipv6->sin6_addr, sizeof(ipv6->sin6_addr));
		request->port = ntohs(ipv6->sin6_port);
	} else {
		const struct sockaddr_in *ipv4 = (const void *)client;

		memcpy(request->client, &ipv4->sin_addr, sizeof(ipv4->sin_addr));
		request->port = ntohs(ipv4->sin_port);
	}
}

void respond(struct serving *serving, struct dns_request *request)
{
	struct ptrd_counters *counters = &serving->node->counters[NODE_READER_MAIN];
	struct rte_rcu_qsbr *qsbr = node_qsbr(serving->node);

	/* Between messages the main lcore waits for events, for hours maybe: it must not hold up
	 * a grace period then. */
	rte_rcu_qsbr_thread_online(qsbr, NODE_READER_MAIN);
	const struct dns_context context = serving_context(serving, NODE_READER_MAIN);
	dns_answer(&context, request, 1);
	rte_rcu_qsbr_thread_offline(qsbr, NODE_READER_MAIN);
	serving_count(counters, request);
}
