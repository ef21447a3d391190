/*
 * The DNS engine: bytes and a view of the tables in, a reply and an outcome out. It knows nothing of
 * DPDK, sockets or files, allocates nothing and keeps nothing between calls.
 *
 * A caller runs the four stages, in order, over a burst of requests; TCP and the slow path run them
 * over one. All stages of a burst use one view and run within one reader section (node.h): the
 * caller reports no quiescent state in between.
 *
 *   dns_parse()   message -> question, EDNS, reverse name, or an outcome that needs no table
 *   dns_route()   reverse name -> zone, region and hash bucket, which it prefetches
 *   dns_lookup()  bucket -> record reference, whose cell it prefetches
 *   dns_write()   the reply, written over the query from the end of the question on
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/outcome.h>
#include <ptrd/table.h>

#include "arpa.h"
#include "view.h"

#define DNS_BURST 64           /* requests that one call of a stage takes at most */
#define DNS_HEADER_SIZE 12     /* bytes, RFC 1035 section 4.1.1 */
#define DNS_UDP_SIZE 1232      /* our EDNS payload size, bytes */
#define DNS_UDP_SIZE_PLAIN 512 /* without EDNS, RFC 1035 section 4.2.1 */

/* Bytes at `msg` that always suffice: the longest question, ten PTR RRs with the longest names, OPT. */
#define DNS_REPLY_MAX 4096

enum dns_transport { DNS_UDP, DNS_TCP };

struct dns_request {
	/* Set by the caller before dns_parse(). */
	uint8_t *msg;      /* the message; the reply is written over it */
	uint16_t len;      /* bytes of the query */
	uint16_t room;     /* bytes that may be written at msg: at least DNS_UDP_SIZE for UDP,
			    * DNS_REPLY_MAX for TCP, and never less than len */
	uint16_t port;     /* client's source port, host byte order */
	uint8_t transport; /* enum dns_transport */

	/* Set by dns_write(). */
	uint8_t outcome;     /* enum ptrd_outcome */
	bool truncated;      /* the reply has TC=1 */
	uint16_t reply_len;  /* bytes of the reply, 0: send nothing */
	uint16_t sum;        /* RFC 1071 sum of the reply as big-endian words, folded, not inverted */

	/* Between the stages: parse's findings. */
	bool decided;           /* outcome and rcode are final, later stages only write */
	uint16_t rcode;         /* 12 bits, RFC 6891 section 6.1.3 */
	uint16_t qtype, qclass; /* host byte order */
	uint16_t question_len;  /* bytes of name, type and class; 0: the reply carries no question */
	bool has_opt, dnssec_ok;
	uint16_t udp_size;      /* largest UDP reply that the client and we take, bytes */
	struct arpa_name name;

	/* Between the stages: route's and lookup's findings. */
	const struct dns_zone *zone; /* NULL: no served zone */
	struct ptrd_key key;
	uint32_t ref;
};

void dns_parse(struct dns_request *requests, unsigned count);
void dns_route(const struct dns_view *view, struct dns_request *requests, unsigned count);
void dns_lookup(struct dns_request *requests, unsigned count);
void dns_write(struct dns_request *requests, unsigned count);

/* The four stages in a row. */
void dns_answer(const struct dns_view *view, struct dns_request *requests, unsigned count);
