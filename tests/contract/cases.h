/*
 * The contract of the DNS service as cases: one row for each line of what a query gets. A case is
 * built into a message, sent in any way, and its reply checked; the world is that of world.h.
 *
 * Not thread-safe: contract_from() is a setting of the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum transport {
	TRANSPORT_UDP,
	TRANSPORT_TCP
};

/* Bits of `over`. */
#define OVER_UDP 1
#define OVER_TCP 2

/* COOKIE option of a query (RFC 7873); what stands behind the client's 8 bytes. */
enum contract_cookie {
	COOKIE_NONE,
	COOKIE_CLIENT,  /* nothing */
	COOKIE_YOUNG,   /* a server cookie of ten minutes ago */
	COOKIE_OLD,     /* of 40 minutes ago: valid, to be renewed */
	COOKIE_AHEAD,   /* of 2 minutes in the future */
	COOKIE_EXPIRED, /* of 62 minutes ago */
	COOKIE_FUTURE,  /* of 7 minutes in the future */
	COOKIE_ROLLED,  /* of ten minutes ago, made with the previous secret */
	COOKIE_FORGED,  /* of ten minutes ago, one bit of its hash turned */
	COOKIE_OTHER,   /* of ten minutes ago, for another client address */
	COOKIE_VERSION, /* of ten minutes ago, version 2 with a hash that fits */
};

/* COOKIE option of a reply. */
enum contract_cookie_reply {
	REPLY_COOKIE_NONE,
	REPLY_COOKIE_ECHO,  /* the query's, as it is */
	REPLY_COOKIE_FRESH, /* the client's 8 bytes and a server cookie made just now */
};

#define CONTRACT_ID 0x5054 /* every query's ID */

/* Fields that are 0 or NULL: the plain case (class IN, no OPT, a whole message). */
struct contract_case {
	const char *what;
	bool transfers; /* the client is the one that may have zones; else it is any other one */

	/* The query. */
	const char *raw; /* the message behind its ID, of raw_len bytes; then `name` to `behind`
			      * are not used */
	unsigned raw_len;
	const char *name; /* QNAME; NULL: no question */
	unsigned type;
	unsigned class;     /* 0: IN */
	unsigned flags;     /* second word of the header */
	int qd, an, ns, ar; /* added to the true counts in the header */
	const char *middle; /* bytes between question and OPT */
	unsigned middle_len;
	bool edns;         /* an OPT: */
	unsigned udp_size; /* 0: 1232 */
	unsigned version;
	unsigned edns_flags; /* 0x8000: DO */
	const char *options; /* bytes of options before the cookie */
	unsigned options_len;
	enum contract_cookie cookie;
	const char *behind; /* bytes behind all */
	unsigned behind_len;

	/* The reply. */
	unsigned over;         /* OVER_*; 0: the same over both */
	bool dropped;          /* none */
	unsigned rcode;        /* 12 bits */
	unsigned reply_flags;  /* AA, TC, RD; QR and the query's opcode are always expected */
	bool no_question;      /* none in the reply; else the query's, byte for byte */
	const char *answer;    /* records, one a line, in any order; NULL: none. The serial of a */
	const char *authority; /* SOA is written as "*" */
	bool opt;              /* an OPT although `edns` is not set (raw messages) */
	bool no_opt;           /* none although it is */
	bool nsid;             /* the node's */
	bool keepalive;        /* the world's time-out (RFC 7828) */
	enum contract_cookie_reply reply_cookie;
	unsigned ede;       /* info-code (RFC 8914), 0: none */
	unsigned reply_len; /* bytes; 0: any that is allowed */
};

/* Case number `index`, NULL behind the last. */
const struct contract_case *contract_case_at(size_t index);

/* The client address, in network order, that cookies are made for from now on (of the world's
 * secrets, by the system's clock). At first 127.0.0.1. */
void contract_from(bool ipv6, const uint8_t *address);

#define CONTRACT_QUERY_MAX 4096 /* bytes at `wire` that suffice */
#define CONTRACT_WHY_SIZE 1024

/* Writes the query, without TCP's length. Returns its length. */
size_t contract_build(const struct contract_case *row, uint8_t *wire);

/*
 * Compares the reply (without TCP's length; `len` 0: none came) with what the case expects and with
 * what holds for every reply: ID, flags, limit of size, no byte left over, one TTL in each section.
 * To be called within a minute after contract_build(), for its cookie's sake. Returns true if all
 * is right, else false with `why` (CONTRACT_WHY_SIZE bytes) saying what differs.
 */
bool contract_check(const struct contract_case *c, const uint8_t *reply, size_t len,
	enum transport transport, char *why);
