/*
 * stages CONFIG: cycles (of the time stamp counter) that a query costs in each stage of its way
 * through a worker, one name and figure on a line. It is a dataplane whose only worker looks at the
 * clock between the stages and ends after enough bursts. The medians are of bursts: what interrupts
 * one of them does not count. The out-of-order core overlaps stages a little, so the limits between
 * them are not sharp; the sum is.
 */
#include <assert.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_launch.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <ptrd/config.h>

#include "disk.h"
#include "eal.h"
#include "engine.h"
#include "events.h"
#include "loader.h"
#include "node.h"
#include "ports.h"
#include "serving.h"

#define BURST 32 /* as worker.c's */
static_assert(BURST <= DNS_BURST, "one burst is one call of each stage");
#define WARM_UP 20000
#define BURSTS 40000

#define STAGES(X)                                                                                  \
	X(RX, "rx")             /* out of the port */                                              \
	X(FRAME, "frame")       /* headers, checksums of the query verified */                     \
	X(PARSE, "parse")       /* message to name, zone and bucket */                             \
	X(LOOKUP, "lookup")     /* record */                                                       \
	X(WRITE, "write")       /* reply, and its sum */                                           \
	X(CHECKSUM, "checksum") /* headers turned round, checksums of the reply */                 \
	X(TX, "tx")             /* into the port, and counted */

#define STAGE_ID(id, name) id,
#define STAGE_NAME(id, name) name,
enum stage {
	STAGES(STAGE_ID) STAGE_COUNT
};
static const char *const names[] = {STAGES(STAGE_NAME)};

static double cycles[STAGE_COUNT][BURSTS];

struct run {
	struct serving *serving;
	const struct port *port;
	bool ok;
};

struct burst {
	struct rte_mbuf *mbuf[BURST];
	struct frame frame[BURST];
	struct dns_request request[BURST];
};

static bool parse_frame(const struct run *run, struct burst *burst, unsigned i)
{
	struct rte_mbuf *mbuf = burst->mbuf[i];
	struct frame *frame = &burst->frame[i];
	struct dns_request *request = &burst->request[i];

	if (frame_parse(frame, rte_pktmbuf_mtod(mbuf, uint8_t *), mbuf->data_len,
		    mbuf->data_len + rte_pktmbuf_tailroom(mbuf), &run->serving->services,
		    &run->port->station, run->port->checksums)
		!= FRAME_QUERY)
		return false;
	request->msg = frame->bytes + frame->dns;
	request->len = frame->len;
	request->room = (uint16_t)(mbuf->data_len + rte_pktmbuf_tailroom(mbuf) - frame->dns);
	request->port = frame->port;
	request->transport = DNS_UDP;
	request->client_ipv6 = frame->ipv6;
	frame_client(frame, request->client);
	return true;
}

static bool reply(const struct run *run, struct burst *burst, unsigned i)
{
	const struct dns_request *request = &burst->request[i];
	struct rte_mbuf *mbuf = burst->mbuf[i];

	if (request->reply_len == 0)
		return false;
	serving_count(&run->serving->node->counters[NODE_READER_MAIN + 1], request);
	mbuf->data_len = frame_reply(&burst->frame[i], request->reply_len, request->sum);
	mbuf->pkt_len = mbuf->data_len;
	return true;
}

/* One burst through all stages, with the time at the beginning and after each. */
static bool turn(const struct run *run, struct burst *burst, uint64_t at[STAGE_COUNT + 1])
{
	const struct port_queue *queue = &run->port->queue[0];

	at[RX] = rte_rdtsc();
	if (rte_eth_rx_burst(queue->device, queue->queue, burst->mbuf, BURST) != BURST)
		return false;
	for (unsigned i = 0; i < BURST; i++)
		rte_prefetch0(rte_pktmbuf_mtod(burst->mbuf[i], void *));
	at[FRAME] = rte_rdtsc();
	for (unsigned i = 0; i < BURST; i++)
		if (!parse_frame(run, burst, i))
			return false;
	const struct dns_context context = serving_context(run->serving, NODE_READER_MAIN + 1);
	at[PARSE] = rte_rdtsc();
	dns_parse(&context, burst->request, BURST);
	dns_route(&context, burst->request, BURST);
	at[LOOKUP] = rte_rdtsc();
	dns_lookup(&context, burst->request, BURST);
	at[WRITE] = rte_rdtsc();
	dns_write(&context, burst->request, BURST);
	at[CHECKSUM] = rte_rdtsc();
	for (unsigned i = 0; i < BURST; i++)
		if (!reply(run, burst, i))
			return false;
	at[TX] = rte_rdtsc();
	const uint16_t sent = rte_eth_tx_burst(queue->device, queue->queue, burst->mbuf, BURST);
	at[STAGE_COUNT] = rte_rdtsc();
	return sent == BURST;
}

static int run_worker(void *argument)
{
	static struct burst burst;
	struct run *run = argument;

	for (unsigned i = 0; i < WARM_UP + BURSTS; i++) {
		uint64_t at[STAGE_COUNT + 1];

		if (!turn(run, &burst, at))
			return -1;
		for (unsigned s = 0; i >= WARM_UP && s < STAGE_COUNT; s++)
			cycles[s][i - WARM_UP] = (double)(at[s + 1] - at[s]) / BURST;
	}
	run->ok = true;
	return 0;
}

int main(int argc, char **argv)
{
	static struct serving serving;
	static struct ports ports;
	static const uint8_t secret[DNS_COOKIE_SECRET_SIZE];
	struct node node;

	if (argc != 2) {
		fprintf(stderr, "usage: stages CONFIG\n");
		return 2;
	}
	struct ptrd_config *config = ptrd_config_load(argv[1]);
	if (config == NULL)
		return 1;
	const struct ptrd_config_dataplane *dataplane = config->dataplane;
	for (uint32_t i = 0; i < dataplane->service_addresses_count; i++)
		(void)frame_services_add(&serving.services, dataplane->service_addresses[i]);
	if (eal_check(config) != 0 || node_open(&node, config->run_dir) != 0)
		return 1;
	serving.node = node.shared;
	serving.policy
		= policy_create(dataplane->dns, dataplane->tcp->idle_timeout, 2, secret, NULL);
	if (serving.policy == NULL || ports_claim(&ports, dataplane) != 0
		|| eal_start(config, &ports) != 0 || ports_start(&ports, &serving.services) != 0)
		return 1;
	struct loader *loader = loader_create(events_create(), config->run_dir, &serving);
	struct run run = {.serving = &serving, .port = &ports.port[0]};
	if (loader == NULL || rte_eal_remote_launch(run_worker, &run, EAL_LCORE_MAIN + 1) != 0)
		return 1;
	rte_eal_mp_wait_lcore();
	if (!run.ok)
		errx(1, "a frame was no query, had no answer or could not be sent");
	for (unsigned s = 0; s < STAGE_COUNT; s++)
		printf("%s %.1f\n", names[s], median(cycles[s], BURSTS));
	/* The rest goes with the process; but whoever is alive holds the node's lock. */
	node_close(&node);
	return 0;
}
