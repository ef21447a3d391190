/*
 * A zone as a stream of messages: AXFR (RFC 5936), and IXFR that gets the whole zone (RFC 1995
 * section 4).
 *
 * The stream is SOA, NS set, NS sets of delegations, the PTR RRs of every bound address, custom and
 * default, then those records that exist by a rule: a CNAME for each address that is delegated and
 * not bound and, in an IPv4 zone of a region that answers unbound addresses, the default PTR of each
 * of these, up to the 2^24 of a zone of one octet; and the SOA again. An IPv6 zone has too many
 * unbound addresses: a secondary answers NXDOMAIN for them. Otherwise RRs come in no order. Each message
 * has the question (RFC 5936 section 2.2.1 leaves it open behind the first), OPT if the query had one
 * (RFC 6891 section 6.1.1: every response), and is at most 16 KiB, which a compression pointer
 * reaches.
 *
 * All of it is of one revision of the zone. Records change while a stream runs, for as long as the
 * client likes to take, and both SOAs have to be the same (RFC 5936 section 2.2). To break off when
 * the serial moves would never end in a zone that changes all the time; to stream the table as it is
 * under the first serial would send states that never were. So the zone is copied first
 * (zone_copy.h), and what is sent comes from the copy alone: neither a change nor another
 * generation of the tables touches it. Settings of the region (its SOA and NS, its default names) are
 * of that revision too: table and directory both say which revision made the settings, and until the
 * table of the copy and the view that is served agree on one that is not behind the copy, the
 * transfer waits. Should the control process have died between the two, that is until it is back.
 *
 * A copy costs 6 bytes for a default PTR of IPv4, 18 of IPv6, and a custom one's RRs more, within a
 * bound that all transfers share. Nothing is sent before it is whole, and a zone that is detached or
 * whose table is replaced until then is noticed: the former ends the transfer, the latter begins the
 * copy anew.
 *
 * The only part of the engine that allocates and that lives on between calls. Main lcore.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "engine.h"

#define DNS_TRANSFER_MESSAGE_MAX 16384 /* bytes */

struct dns_transfer;

/*
 * A transfer for a request that dns_write() left with outcome PTRD_TRANSFER. What it allocates is
 * taken off `*memory`, which must outlive it. Returns NULL if there is not enough. The request and
 * the context are not referred to afterwards.
 */
struct dns_transfer *dns_transfer_create(
	const struct dns_context *context, const struct dns_request *r, size_t *memory);
/* Gives its memory back. NULL is allowed. */
void dns_transfer_free(struct dns_transfer *transfer);

enum dns_transfer_state {
	DNS_TRANSFER_COPYING, /* call again */
	/* Call again a little later: a change is being published. */
	DNS_TRANSFER_WAITING,
	DNS_TRANSFER_COPIED, /* the messages are ready to be written */
	DNS_TRANSFER_FAILED,
};

/*
 * Copies on, about `work` buckets and entries. The caller is a registered reader and not quiescent
 * (node.h); `view` is what is served now. When it fails, `*why` is a text.
 */
enum dns_transfer_state dns_transfer_copy(struct dns_transfer *transfer,
	const struct dns_view *view, unsigned work, const char **why);

/*
 * Writes the next message of a copied zone (without TCP's length) to `msg`,
 * DNS_TRANSFER_MESSAGE_MAX bytes. Returns its length, 0 behind the last one. Looks into no table and
 * no view.
 */
unsigned dns_transfer_message(struct dns_transfer *transfer, uint8_t *msg);
