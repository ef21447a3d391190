/*
 * The DNS engine: bytes and a view of the tables in, a reply and an outcome out. It knows nothing
 * of DPDK, sockets or files, allocates nothing and keeps nothing between calls; but for whole zones,
 * which are a stream of messages (transfer.h), and for the choice of the processor's fastest code
 * (checksum.h), which is made before main() begins.
 *
 * A caller runs the four stages, in order, over a burst of requests; TCP and the slow path run them
 * over one. All stages of a burst use one view and run within one reader section (node.h): the
 * caller reports no quiescent state in between.
 *
 *   dns_parse()   message -> question, EDNS, reverse name, or an outcome that needs no table
 *   dns_route()   reverse name -> zone, region and hash bucket, which it prefetches; client ->
 *                 rate limiter's bucket, likewise
 *   dns_lookup()  bucket -> record reference, whose cell it prefetches
 *   dns_write()   the reply, written over the query from the end of the question on
 *
 * What each query gets, the same over UDP and TCP, IPv4 and IPv6. The first line that fits holds.
 *
 * Messages
 *   shorter than a header; source port 0, 7, 13, 19 or 37 (whose services answer anything);
 *   QR=1
 *           no reply
 *   opcode other than QUERY
 *           NOTIMP: header with the opcode and all flags clear; OPT if one well-formed OPT was read
 *   no question, nor answer or authority records, but a cookie option
 *           NOERROR with the cookie, BADCOOKIE if it has a server cookie that is not valid (RFC
 *           7873 section 5.4)
 *   QDCOUNT other than 1; a question that ends early; a label over 63 bytes, a name over 255
 *           FORMERR without the question
 *   a compression pointer in the question
 *           the same: there is no earlier name to point to (RFC 1035 section 4.1.4)
 *   two OPT, OPT owner not the root, OPT RDATA or an option that overruns; a cookie of a length
 *   that none has; over TCP, a keepalive option with a value, which is for servers to give (RFC
 *   7828 section 3.2.1)
 *           FORMERR with OPT (RFC 6891 sections 6.1.1 and 7)
 *   answer or authority records (but IXFR's one SOA, RFC 1995), a record that ends early, a
 *   compression pointer that does not point back
 *           FORMERR, with OPT if one was read
 *   EDNS version other than 0
 *           BADVERS with version 0 (RFC 6891 section 6.1.3); its options are not looked at
 *   class CH
 *           type TXT of version.bind, version.server, hostname.bind or id.server: the configured
 *           text, TTL 0; REFUSED if there is none, and for all else, type ANY included
 *   class other than IN and ANY; type AXFR or IXFR, whatever the name, from a client that may not
 *   have zones
 *           REFUSED
 *   AXFR over UDP
 *           NOTIMP
 *   IXFR without the SOA of the zone that the client has, or with a malformed one
 *           FORMERR (RFC 1995 section 3)
 * Bytes behind the last counted record, and additional records other than OPT, are ignored.
 *
 * Transfers, from a client that may have zones
 *   a name that is no apex
 *           NOTAUTH (RFC 5936 section 2.2.1), as Knot DNS and NSD have it
 *   IXFR over UDP
 *           the SOA: the client comes back over TCP if it is newer than its own (RFC 1995 section 2)
 *   IXFR over TCP with a serial that is not older than ours (RFC 1982)
 *           the SOA alone (RFC 1995 section 4)
 *   AXFR over TCP, other IXFR: there is no history of changes to answer from
 *           the whole zone (RFC 1995 section 4); SERVFAIL while as many transfers are under way as
 *           may be at a time, which is what BIND does, or if no copy of the zone can be had
 *
 * Names. Zones: see struct dns_zone. Address: four canonical octets (RFC 1035 section 3.5), 32
 * nibbles (RFC 3596 section 2.5), or one octet before the name of an RFC 2317 zone of ours.
 *   at or below a delegation (RFC 2317)
 *           the referral: its NS set in the authority section; NODATA for its DS, which the parent
 *           would have (RFC 4035 section 3.1.4.1)
 *   in no zone, or above its apex
 *           REFUSED
 *   in a zone, with a label that is no canonical octet or nibble (07, 256, a; ab, g), or below an
 *   address
 *           NXDOMAIN
 *   apex, type SOA or NS
 *           the SOA, the NS set
 *   bound address, type PTR or ANY
 *           its 1 to 10 PTR RRs, or its default PTR: for ANY one RRset is enough (RFC 8482)
 *   address that is delegated and not bound, any type
 *           the CNAME into the customer's zone, and but for types CNAME and ANY the referral for
 *           that zone if it lies in ours (RFC 1034 section 4.3.2); the referral is left out where
 *           it does not fit
 *   unbound address in a region that answers these, type PTR or ANY
 *           the default PTR
 *   such a bound or unbound address, other type
 *           NODATA, also for meta types such as TKEY and MAILB
 *   address not bound
 *           NXDOMAIN; if it is an apex, NODATA, and the SOA for type ANY
 *   apex, other type
 *           NODATA; for type ANY the SOA, one RRset again
 *   between apex and address
 *           NODATA, whether or not an address below is bound: an empty non-terminal (RFC 8020),
 *           which resolvers that minimise names ask for (RFC 9156)
 * A record that fails its bounds check: SERVFAIL.
 *
 * Replies
 *   The question is echoed byte for byte and matched in any letter case (RFC 4343).
 *   AA=1 on answers from a zone but referrals, 0 with class ANY and on all others; RD copied; RA,
 *   AD, CD, Z 0.
 *   NXDOMAIN and NODATA carry the zone's SOA with TTL min(SOA TTL, minimum) (RFC 2308 section 3).
 *   A query with OPT gets an OPT: size 1232, version 0, DO copied.
 *   UDP replies over min(client's size, 1232), or over 512 without OPT (sizes below 512 count as
 *   512): TC=1 and no record but OPT (RFC 2181 section 9), also if it is a negative answer's SOA.
 *
 * Options of a reply to a well-formed OPT of version 0, error replies included. They are never left
 * out to make room: with the longest question and all of them the reply still fits into 512 bytes.
 *   NSID      where the query has it, whatever its content (RFC 5001)
 *   COOKIE    where the query has one; of several, the first counts (RFC 7873 section 5.2). An
 *   invalid
 *             server cookie is answered like none
 *   keepalive where the query has it, over TCP only (RFC 7828)
 *   EDE       14 Not Ready: no directory yet; 20 Not Authoritative: name in no zone, or no apex of
 *             one to transfer; 18 Prohibited: transfers; 21 Not Supported: opcodes, classes, CH names
 *             and AXFR over UDP (RFC 8914)
 * Options that are not configured are ignored, as are unknown ones and client subnets.
 *
 * Rate limiting (limiter.h), over UDP and without a valid cookie. Over the rate every Nth response
 * is slipped, the rest dropped. A slipped response has TC=1 and no record but OPT, so that a real
 * client comes back over TCP; a client that sent a cookie gets BADCOOKIE and a new one instead,
 * with which it comes back over UDP (RFC 7873 section 5.2.3).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ptrd/outcome.h>
#include <ptrd/table.h>

#include "arpa.h"
#include "cookie.h"
#include "limiter.h"
#include "settings.h"
#include "view.h"

#define DNS_BURST 64           /* requests that one call of a stage takes at most */
#define DNS_HEADER_SIZE 12     /* bytes, RFC 1035 section 4.1.1 */
#define DNS_UDP_SIZE 1232      /* our EDNS payload size, bytes */
#define DNS_UDP_SIZE_PLAIN 512 /* without EDNS, RFC 1035 section 4.2.1 */

/* OPT with an NSID, a cookie, a keepalive and an EDE option. */
#define DNS_OPT_MAX (11 + (4 + DNS_NSID_MAX) + (4 + COOKIE_SIZE) + (4 + 2) + (4 + 2))
static_assert(DNS_HEADER_SIZE + PTRD_NAME_WIRE_MAX + 4 + DNS_OPT_MAX <= DNS_UDP_SIZE_PLAIN,
	"options never make a reply too long");

/* Bytes at `msg` that always suffice: the longest question, a CNAME, the longest of 13 NS and 10
 * PTR RRs with names of 255 bytes, OPT. */
#define DNS_REPLY_MAX 4608
static_assert(DNS_HEADER_SIZE + PTRD_NAME_WIRE_MAX + 4 + DNS_OPT_MAX + (12 + PTRD_NAME_WIRE_MAX)
				+ PTRD_REGION_NS_MAX * (12 + PTRD_NAME_WIRE_MAX)
			<= DNS_REPLY_MAX
		&& PTRD_REGION_NS_MAX > PTRD_RECORD_NAMES_MAX,
	"the longest reply");

enum dns_transport {
	DNS_UDP,
	DNS_TCP
};

/* What a burst is answered from: set by the caller, the same for all its stages. */
struct dns_context {
	const struct dns_view *view;         /* outlives the burst, as do the settings */
	const struct dns_settings *settings; /* never NULL */
	struct dns_limiter *limiter;         /* the caller's own; NULL: no rate limiting */
	uint32_t now;                        /* seconds of the wall clock, for cookies */
	uint64_t now_ms; /* a monotonic clock in milliseconds, for the limiter */
};

struct dns_request {
	/* Set by the caller before dns_parse(). */
	uint8_t *msg;           /* the message; the reply is written over it */
	uint16_t len;           /* bytes of the query */
	uint16_t room;          /* bytes that may be written at msg: at least DNS_UDP_SIZE for UDP,
			    * DNS_REPLY_MAX for TCP, and never less than len */
	uint16_t port;          /* client's source port, host byte order */
	uint8_t transport;      /* enum dns_transport */
	bool transfer_possible; /* TCP only: whether a transfer can begin now */
	bool client_ipv6;
	uint8_t client[16]; /* its address in network order; IPv4 in the first 4 bytes */

	/* Set by dns_write(). */
	uint8_t outcome;    /* enum ptrd_outcome */
	uint8_t cookie;     /* enum dns_cookie: what the query has, if it is looked at */
	bool truncated;     /* the reply has TC=1 */
	bool limited;       /* over the rate: dropped or slipped */
	uint16_t reply_len; /* bytes of the reply, 0: send nothing, or a transfer */
	uint16_t sum; /* RFC 1071 sum of the reply as big-endian words, folded, not inverted */

	/* Between the stages: parse's findings. */
	bool decided;           /* outcome and rcode are final, later stages only write */
	uint16_t rcode;         /* 12 bits, RFC 6891 section 6.1.3 */
	uint16_t qtype, qclass; /* host byte order; only set with a question */
	bool transfer;          /* AXFR or IXFR */
	uint32_t client_serial; /* of the zone that the client has; only set for IXFR */
	uint16_t question_len; /* bytes of name, type and class; 0: the reply carries no question */
	bool has_opt, dnssec_ok;           /* the reply carries an OPT, with DO */
	bool options_read;                 /* it may carry options: cookie, if there is one, and */
	bool nsid, keepalive;              /* these */
	uint8_t cookie_reply[COOKIE_SIZE]; /* only set with a cookie */
	uint16_t udp_size;     /* largest UDP reply that the client and we take, bytes */
	struct arpa_name name; /* only set while undecided */

	/* Between the stages: route's and lookup's findings. */
	const struct dns_zone *zone;      /* NULL: no served zone */
	const struct dns_delegation *cut; /* the name is at or below it, or NULL */
	uint8_t cut_at, apex_at;          /* offsets in the name where these begin */
	bool at_apex, is_address;         /* an RFC 2317 zone's address is in `name` by now */
	struct ptrd_key key;              /* only set for an address */
	uint32_t ref;                     /* PTRD_REF_NONE but for a bound address */
	bool rated;           /* the reply counts for its client's rate, and this is set: */
	uint64_t rate_client; /* dns_limiter_client() */
};

/*
 * The stages: each takes the same `count` requests (at most DNS_BURST) and the same context. They
 * cannot fail; a request that gets no reply ends with reply_len 0. What stands behind msg + len changes
 * nothing; nothing behind msg + room is read or written. Any thread, on requests and a limiter of its
 * own.
 */
void dns_parse(const struct dns_context *context, struct dns_request *requests, unsigned count);
void dns_route(const struct dns_context *context, struct dns_request *requests, unsigned count);
void dns_lookup(const struct dns_context *context, struct dns_request *requests, unsigned count);
void dns_write(const struct dns_context *context, struct dns_request *requests, unsigned count);

/* The four stages. */
void dns_answer(const struct dns_context *context, struct dns_request *requests, unsigned count);
