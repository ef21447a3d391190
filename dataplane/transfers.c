#include "transfers.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include <rte_rcu_qsbr.h>

#include "log.h"
#include "node.h"
#include "transfer.h"

/* Buckets and entries of one turn, and so of one reader section: a tenth of a millisecond, up to a
 * whole one where each is a custom PTR that no cache holds. */
#define WORK_TURN 2048

struct transfer {
	LIST_ENTRY(transfer) link;
	struct transfers *transfers;
	const struct client *client;
	struct dns_transfer *zone;
	bool done;
	char name[PTRD_NAME_WIRE_MAX]; /* of the zone, for the log */
};

static struct ptrd_counters *counters_of(const struct transfers *transfers)
{
	return &transfers->serving->node->counters[NODE_READER_MAIN];
}

/* This thread is the one that replaces it. */
static const struct policy *policy_of(const struct transfers *transfers)
{
	return atomic_load_explicit(&transfers->serving->policy, memory_order_relaxed);
}

/* The question's name, which is one of ours: labels between dots, odd bytes as '?'. */
static void copy_name(char name[PTRD_NAME_WIRE_MAX], const struct dns_request *request)
{
	const uint8_t *label = request->msg + DNS_HEADER_SIZE;

	for (; *label != 0; label += 1 + *label) {
		for (unsigned i = 1; i <= *label; i++)
			*name++ = label[i] > ' ' && label[i] < 0x7f ? (char)label[i] : '?';
		*name++ = '.';
	}
	*name = '\0';
}

static void tell(const struct transfer *transfer, const char *why)
{
	log_line("transfer of %s: %s", transfer->name, why);
}

bool transfers_possible(const struct transfers *transfers, const struct client *client)
{
	const unsigned limit = policy_of(transfers)->transfers;
	const struct transfer *transfer = LIST_FIRST(&transfers->list);
	unsigned own = 0;

	for (; transfer != NULL; transfer = LIST_NEXT(transfer, link))
		own += transfer->client == client;
	return transfers->count < limit && own < (limit + 1) / 2;
}

struct transfer *transfer_begin(
	struct transfers *transfers, const struct client *client, const struct dns_request *request)
{
	const struct dns_context context = serving_context(transfers->serving, NODE_READER_MAIN);
	struct transfer *transfer = calloc(1, sizeof(*transfer));

	/* Not while copies have parts of what it was before. */
	if (transfers->count == 0)
		transfers->memory = policy_of(transfers)->transfer_memory;
	if (transfer != NULL) {
		transfer->transfers = transfers;
		transfer->client = client;
		copy_name(transfer->name, request);
		transfer->zone = dns_transfer_create(&context, request, &transfers->memory);
		LIST_INSERT_HEAD(&transfers->list, transfer, link);
		transfers->count++;
		if (transfer->zone != NULL)
			return transfer;
		tell(transfer, "no memory to begin with");
		transfer_end(transfer);
	}
	return NULL;
}

void transfer_end(struct transfer *transfer)
{
	if (transfer == NULL)
		return;
	ptrd_count(&counters_of(transfer->transfers)
			    ->event[transfer->done ? PTRD_EVENT_TRANSFER_DONE
						   : PTRD_EVENT_TRANSFER_ABORTED],
		1);
	LIST_REMOVE(transfer, link);
	transfer->transfers->count--;
	dns_transfer_free(transfer->zone);
	free(transfer);
}

static enum dns_transfer_state copy(struct transfer *transfer)
{
	struct serving *serving = transfer->transfers->serving;
	struct rte_rcu_qsbr *qsbr = node_qsbr(serving->node);
	const char *why;

	rte_rcu_qsbr_thread_online(qsbr, NODE_READER_MAIN);
	const struct dns_view *view = atomic_load_explicit(&serving->view, memory_order_acquire);
	const enum dns_transfer_state state
		= dns_transfer_copy(transfer->zone, view, WORK_TURN, &why);
	rte_rcu_qsbr_thread_offline(qsbr, NODE_READER_MAIN);
	if (state == DNS_TRANSFER_FAILED)
		tell(transfer, why);
	return state;
}

/* Writes messages until the output holds enough or there are no more. */
static enum transfer_turn write_messages(
	struct transfer *transfer, struct evbuffer *output, size_t enough)
{
	static uint8_t message[LENGTH_SIZE + DNS_TRANSFER_MESSAGE_MAX];

	while (evbuffer_get_length(output) < enough) {
		const unsigned len = dns_transfer_message(transfer->zone, message + LENGTH_SIZE);

		if (len == 0) {
			transfer->done = true;
			return TRANSFER_DONE;
		}
		message[0] = (uint8_t)(len >> 8);
		message[1] = (uint8_t)len;
		if (evbuffer_add(output, message, LENGTH_SIZE + len) != 0) {
			tell(transfer, "out of memory");
			return TRANSFER_BROKEN;
		}
		ptrd_count(&counters_of(transfer->transfers)->event[PTRD_EVENT_TX], 1);
	}
	return TRANSFER_FULL;
}

enum transfer_turn transfer_turn(struct transfer *transfer, struct evbuffer *output, size_t enough)
{
	switch (copy(transfer)) {
	case DNS_TRANSFER_COPYING:
		return TRANSFER_ON;
	case DNS_TRANSFER_WAITING:
		return TRANSFER_LATER;
	case DNS_TRANSFER_COPIED:
		return write_messages(transfer, output, enough);
	case DNS_TRANSFER_FAILED:
		break;
	}
	return TRANSFER_FAILED;
}
