/*
 * Stage 4: the reply, over the query. All that is needed of the query behind its question was read
 * by dns_parse().
 */
#include <string.h>

#include "answer.h"
#include "bytes.h"
#include "checksum.h"
#include "edns.h"

/* Flags of the reply. Another opcode goes without RD: it may give the bit another meaning. */
static uint16_t reply_flags(
	const struct dns_request *r, const struct answer *answer, uint16_t query_flags)
{
	unsigned flags = FLAG_QR | (query_flags & FLAG_OPCODE) | (r->rcode & 0xfu)
		| (r->truncated ? FLAG_TC : 0u);

	if (r->outcome == PTRD_NOTIMP)
		return (uint16_t)flags;
	flags |= query_flags & FLAG_RD;
	if (answer->authoritative && r->qclass == CLASS_IN)
		flags |= FLAG_AA;
	return (uint16_t)flags;
}

/* Bytes that the reply may take. */
static unsigned reply_limit(const struct dns_request *r)
{
	const unsigned limit = r->transport == DNS_TCP ? UINT16_MAX : r->udp_size;

	return limit < r->room ? limit : r->room;
}

static void drop_records(struct answer *answer)
{
	answer->len = answer->ancount = answer->nscount = 0;
	answer->referral = NULL;
}

/* Makes the answer fit: no partial RRset, RFC 2181 section 9. */
static void fit(struct dns_request *r, struct answer *answer, unsigned opt_len)
{
	const unsigned room = reply_limit(r) - DNS_HEADER_SIZE - r->question_len - opt_len;

	if (answer->referral != NULL && answer->len + answer->referral->ns_wire_len > room
		&& answer->ancount > 0) {
		/* The client finds its way with the answer alone. */
		answer->nscount = 0;
		answer->referral = NULL;
	}
	const unsigned referral_len = answer->referral != NULL ? answer->referral->ns_wire_len : 0;

	if (answer->len + referral_len > room) {
		r->truncated = true;
		drop_records(answer);
	}
}

static void write_header(const struct dns_request *r, const struct answer *answer)
{
	uint8_t *msg = r->msg;

	const uint64_t flags = reply_flags(r, answer, load16(msg + HEADER_FLAGS));
	const uint64_t qdcount = r->question_len > 0;

	store64(msg + HEADER_FLAGS,
		flags << 48 | qdcount << 32 | (uint64_t)answer->ancount << 16 | answer->nscount);
	store16(msg + HEADER_ARCOUNT, r->has_opt);
}

/* Writes the NS set of a referral with its owner. Returns its length. */
static unsigned write_referral(uint8_t *at, const struct answer *answer)
{
	const unsigned len = answer->referral->ns_wire_len;

	memcpy(at, answer->referral->ns_wire, len);
	for (unsigned rr = 0; rr < len; rr += RR_HEAD_SIZE + load16(at + rr + 10))
		store16(at + rr, (uint16_t)(0xc000u | answer->referral_owner));
	return len;
}

/* Writes all but options. Returns how many bytes of these are to come at the end. */
static unsigned write_reply(
	const struct dns_context *context, struct dns_request *r, struct answer *answer)
{
	const unsigned opt_len = edns_size(context, r);
	unsigned at = DNS_HEADER_SIZE + r->question_len;

	fit(r, answer, opt_len);
	write_header(r, answer);
	if (answer->len > 0 && answer->wire != r->msg + at)
		memcpy(r->msg + at, answer->wire, answer->len);
	at += answer->len;
	if (answer->referral != NULL)
		at += write_referral(r->msg + at, answer);
	if (opt_len > 0)
		edns_write(r->msg + at, r, opt_len);
	r->reply_len = (uint16_t)(at + opt_len);
	return opt_len > EDNS_OPT_SIZE ? opt_len - EDNS_OPT_SIZE : 0;
}

static bool is_drop(uint8_t outcome)
{
	return outcome == PTRD_DROP_SHORT || outcome == PTRD_DROP_RESPONSE
		|| outcome == PTRD_DROP_PORT;
}

static uint16_t outcome_rcode(enum ptrd_outcome outcome)
{
	switch (outcome) {
	case PTRD_NXDOMAIN:
		return RCODE_NXDOMAIN;
	case PTRD_SERVFAIL:
	case PTRD_SERVFAIL_TRANSFER:
		return RCODE_SERVFAIL;
	default:
		return RCODE_NOERROR;
	}
}

static enum dns_limit_kind limit_kind(const struct dns_request *r)
{
	switch (r->outcome) {
	case PTRD_NXDOMAIN:
		return LIMIT_NXDOMAIN;
	case PTRD_NODATA:
		return LIMIT_NODATA;
	case PTRD_REFERRAL:
		return LIMIT_REFERRAL;
	default:
		return r->rcode == RCODE_NOERROR ? LIMIT_ANSWER : LIMIT_ERROR;
	}
}

/* Takes the reply off its client's rate; over that it becomes an empty one, or none: false. */
static bool limit(const struct dns_context *context, struct dns_request *r, struct answer *answer)
{
	if (!r->rated)
		return true;
	const enum dns_limit_verdict verdict = dns_limiter_take(
		context->limiter, r->rate_client, limit_kind(r), context->now_ms);

	if (verdict == LIMIT_SEND)
		return true;
	r->limited = true;
	/* Another opcode has no reply that says "ask again": neither TC nor a cookie is its own. */
	if (verdict == LIMIT_DROP || r->outcome == PTRD_NOTIMP) {
		r->outcome = PTRD_LIMITED_DROP;
		return false;
	}
	/* No larger than it must be: this is what a flood gets. */
	drop_records(answer);
	r->nsid = false;
	if (r->cookie != DNS_COOKIE_NONE) {
		r->outcome = PTRD_BADCOOKIE;
		r->rcode = RCODE_BADCOOKIE;
		answer->authoritative = false;
	} else {
		r->outcome = PTRD_LIMITED_SLIP;
		r->truncated = true;
	}
	return true;
}

/* Returns the bytes of options that are to come at the reply's end. */
static unsigned write_one(const struct dns_context *context, struct dns_request *r)
{
	struct answer answer;

	r->truncated = r->limited = false;
	r->reply_len = 0;
	if (r->decided && is_drop(r->outcome))
		return 0;
	answer_init(&answer, r);
	if (!r->decided) {
		r->outcome = (uint8_t)answer_find(&answer, context->view, r);
		r->rcode = outcome_rcode(r->outcome);
	} else if (r->outcome == PTRD_CHAOS) {
		answer_chaos(&answer, context->settings, r);
	}
	/* The messages of a whole zone are written by transfer.h. */
	if (r->outcome == PTRD_TRANSFER || !limit(context, r, &answer))
		return 0;
	return write_reply(context, r, &answer);
}

/* By themselves: loads that span stores still under way would wait for them. */
static void sum_replies(struct dns_request *requests, unsigned count)
{
	struct dns_request *longer[DNS_BURST];
	unsigned longer_count = 0;

	/* The first block is all of most replies; which ones have more, no predictor knows. */
	for (unsigned i = 0; i < count; i++) {
		struct dns_request *r = &requests[i];
		const unsigned len
			= r->reply_len < CHECKSUM_SHORT_MAX ? r->reply_len : CHECKSUM_SHORT_MAX;

		r->sum = checksum_fold(checksum_words_short(r->msg, len, r->room));
		longer[longer_count] = r;
		longer_count += r->reply_len > CHECKSUM_SHORT_MAX;
	}
	for (unsigned i = 0; i < longer_count; i++) {
		struct dns_request *r = longer[i];

		r->sum = checksum_fold(r->sum
			+ checksum_words_short(r->msg + CHECKSUM_SHORT_MAX,
				(size_t)r->reply_len - CHECKSUM_SHORT_MAX,
				(size_t)r->room - CHECKSUM_SHORT_MAX));
	}
	for (unsigned i = 0; i < count; i++)
		requests[i].sum = be16toh(requests[i].sum); /* as it lies in memory until here */
}

void dns_write(const struct dns_context *context, struct dns_request *requests, unsigned count)
{
	struct {
		const struct dns_request *r;
		unsigned at;
	} with_options[DNS_BURST];
	unsigned options_count = 0;

	/* Options come by themselves: which replies have some, no predictor knows. */
	for (unsigned i = 0; i < count; i++) {
		struct dns_request *r = &requests[i];
		const unsigned options = write_one(context, r);

		with_options[options_count].r = r;
		with_options[options_count].at = r->reply_len - options;
		options_count += options > 0;
	}
	for (unsigned i = 0; i < options_count; i++)
		edns_write_options(
			with_options[i].r->msg + with_options[i].at, context, with_options[i].r);
	sum_replies(requests, count);
}
