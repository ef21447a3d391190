/*
 * The records of a reply, between finding and writing them.
 */
#pragma once

#include "engine.h"
#include "message.h"

/* The sections behind the question: RRs that lie ready in a table or view, or such as are built
 * here. Those of a negative answer stand in the authority section and at `wire` all the same. */
struct answer {
	uint16_t ancount, nscount;
	bool authoritative;
	bool has_sum;
	uint16_t sum; /* RFC 1071 sum of the bytes at wire, from an even offset */
	const uint8_t *wire;
	unsigned len; /* bytes at wire */
	/* The NS set of a referral comes behind them, or NULL. */
	const struct dns_delegation *referral;
	uint16_t referral_owner; /* offset in the message where its name stands */
	uint8_t built[RR_HEAD_SIZE + sizeof(((struct dns_region *)0)->soa_rdata)];
};

/* Makes an answer without records. */
void answer_init(struct answer *answer);

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
