/*
 * The records of a reply, between finding and writing them.
 */
#pragma once

#include "engine.h"
#include "message.h"

/* The longest RR that is built for a reply: the SOA. */
#define ANSWER_BUILT_MAX (RR_HEAD_SIZE + sizeof(((struct dns_region *)0)->soa_rdata))
static_assert(DNS_HEADER_SIZE + PTRD_NAME_WIRE_MAX + 4 + ANSWER_BUILT_MAX + DNS_TEMPLATE_SLACK
		<= DNS_UDP_SIZE,
	"there is room for it behind the longest question");

/* The sections behind the question: RRs that lie ready in a table or view, or such as are built in
 * their place. Those of a negative answer stand in the authority section and at `wire` all the
 * same. */
struct answer {
	uint16_t ancount, nscount;
	bool authoritative;
	const uint8_t *wire;
	unsigned len; /* bytes at wire */
	/* The NS set of a referral comes behind them, or NULL. */
	const struct dns_delegation *referral;
	uint16_t referral_owner; /* offset in the message where its name stands */
	uint8_t *built;          /* where an RR is built: in the message, behind the question */
};

/* Makes an answer without records. */
void answer_init(struct answer *answer, const struct dns_request *r);

/* Finds the answer of a request that is not decided. Returns its outcome. */
enum ptrd_outcome answer_find(
	struct answer *answer, const struct dns_view *view, const struct dns_request *r);

/* Writes what stands before an RR's RDATA, RR_HEAD_SIZE bytes; `owner`: a compression pointer. */
void answer_put_head(uint8_t *at, unsigned owner, enum dns_type type, enum dns_class class,
	uint32_t ttl, unsigned rdlength);

/* Writes the name that a delegated address (IPv4, host byte order) is an alias of. Returns its
 * length. */
unsigned answer_alias_name(
	uint8_t *name, uint32_t address, const struct dns_delegation *delegation);

/* Makes the answer to a question of class CH that has one. */
void answer_chaos(
	struct answer *answer, const struct dns_settings *settings, const struct dns_request *r);
