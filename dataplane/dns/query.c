/*
 * Stage 1: what is asked, and every refusal that needs no table.
 */
#include "engine.h"

#include <string.h>

#include "bytes.h"
#include "chaos.h"
#include "edns.h"
#include "message.h"
#include "name.h"
#include "prefix.h"

#define LABEL_POINTER 0xc0

unsigned message_name_end(const uint8_t *msg, unsigned len, unsigned at, bool pointers)
{
	const unsigned start = at;

	while (at < len && at - start < PTRD_NAME_WIRE_MAX) {
		const unsigned label = msg[at];

		if (label == 0)
			return at + 1;
		if (label <= NAME_LABEL_MAX) {
			at += 1 + label;
			continue;
		}
		if (!pointers || label < LABEL_POINTER || at + 2 > len
			|| (load16(msg + at) & 0x3fffu) >= at)
			return 0;
		return at + 2;
	}
	return 0;
}

bool message_record(struct message_record *record, const uint8_t *msg, unsigned len, unsigned at)
{
	record->owner = at;
	at = message_name_end(msg, len, at, true);
	if (at == 0 || len - at < RR_FIXED_SIZE)
		return false;
	record->type = load16(msg + at);
	record->class = load16(msg + at + 2);
	record->ttl = load32(msg + at + 4);
	record->rdlength = load16(msg + at + 8);
	record->rdata = at + RR_FIXED_SIZE;
	record->overrun = record->rdlength > len - record->rdata;
	return true;
}

/* Counts of the header's sections, and what their records tell. */
struct sections {
	unsigned qdcount, ancount, nscount, arcount;
	bool truncated;                  /* the message ends within a counted record */
	struct message_record authority; /* the last record in that section */
	struct edns edns;
};

/* Walks the records from `at` on. An OPT counts in the additional section only. */
static void walk_records(struct sections *s, const uint8_t *msg, unsigned len, unsigned at)
{
	const unsigned additional = s->ancount + s->nscount;
	const unsigned count = additional + s->arcount;

	for (unsigned i = 0; i < count; i++) {
		struct message_record record;

		if (!message_record(&record, msg, len, at)) {
			s->truncated = true;
			return;
		}
		if (i >= additional && record.type == TYPE_OPT)
			edns_read(&s->edns, msg, &record);
		else if (i >= s->ancount && i < additional)
			s->authority = record;
		if (record.overrun) {
			s->truncated = true;
			return;
		}
		at = record.rdata + record.rdlength;
	}
}

/* Offset behind all questions, 0 if one is malformed. */
static unsigned skip_questions(const uint8_t *msg, unsigned len, unsigned count)
{
	unsigned at = DNS_HEADER_SIZE;

	for (unsigned i = 0; i < count; i++) {
		at = message_name_end(msg, len, at, i > 0);
		if (at == 0 || len - at < 4)
			return 0;
		at += 4;
	}
	return at;
}

static void decide(struct dns_request *r, enum ptrd_outcome outcome, enum dns_rcode rcode)
{
	r->decided = true;
	r->outcome = (uint8_t)outcome;
	r->rcode = (uint16_t)rcode;
}

/* Messages that get no reply: RFC 1035 section 7.3 (a response must not be answered), and source
 * ports whose services would answer our reply in turn, or that cannot be sent to. */
static bool is_dropped(struct dns_request *r)
{
	if (r->len < DNS_HEADER_SIZE)
		decide(r, PTRD_DROP_SHORT, RCODE_NOERROR);
	else if (r->port == 0 || r->port == 7 || r->port == 13 || r->port == 19 || r->port == 37)
		decide(r, PTRD_DROP_PORT, RCODE_NOERROR);
	else if (load16(r->msg + HEADER_FLAGS) & FLAG_QR)
		decide(r, PTRD_DROP_RESPONSE, RCODE_NOERROR);
	return r->decided;
}

/* Judges the options that have a form to keep. Returns false if one is malformed. */
static bool check_options(
	const struct dns_context *context, struct dns_request *r, const struct edns *edns)
{
	const struct dns_settings *settings = context->settings;
	const bool tcp = r->transport == DNS_TCP && settings->tcp_keepalive != 0;

	if (edns->keepalive && tcp && edns->keepalive_len > 0)
		return false;
	if (edns->cookie && settings->cookie_secrets > 0) {
		if (!cookie_length_valid(edns->cookie_len))
			return false;
		r->cookie = (uint8_t)cookie_check(settings, r->client, r->client_ipv6, context->now,
			r->msg + edns->cookie_at, edns->cookie_len, r->cookie_reply);
	}
	r->nsid = edns->nsid && settings->nsid_len > 0;
	r->keepalive = edns->keepalive && tcp;
	return true;
}

/* Of the client's UDP size, 0 without EDNS. */
static void set_udp_size(struct dns_request *r, uint16_t size)
{
	const uint16_t least = size > DNS_UDP_SIZE_PLAIN ? size : DNS_UDP_SIZE_PLAIN;

	r->udp_size = least < DNS_UDP_SIZE ? least : DNS_UDP_SIZE;
}

static void read_edns(const struct dns_context *context, struct dns_request *r, struct edns *edns)
{
	if (edns->state == EDNS_OK && !check_options(context, r, edns))
		edns->state = EDNS_MALFORMED;
	r->options_read = edns->state == EDNS_OK;
	r->has_opt = edns->state != EDNS_NONE;
	r->dnssec_ok = edns->dnssec_ok;
	set_udp_size(r, edns->udp_size);
}

/* A message without a question that asks for a cookie, RFC 7873 section 5.4. */
static bool is_cookie_only(const struct dns_request *r, const struct sections *s)
{
	return s->qdcount == 0 && r->cookie != DNS_COOKIE_NONE && s->ancount == 0 && s->nscount == 0
		&& !s->truncated;
}

/* Sets the question and the outcome of messages whose form is wrong. */
static void check_form(struct dns_request *r, const struct sections *s, unsigned question_end)
{
	if (is_cookie_only(r, s)) {
		if (r->cookie == DNS_COOKIE_INVALID)
			decide(r, PTRD_BADCOOKIE, RCODE_BADCOOKIE);
		else
			decide(r, PTRD_COOKIE_ONLY, RCODE_NOERROR);
		return;
	}
	if (s->qdcount != 1 || question_end == 0) {
		decide(r, PTRD_FORMERR_QUESTION, RCODE_FORMERR);
		return;
	}
	r->question_len = (uint16_t)(question_end - DNS_HEADER_SIZE);
	r->qtype = load16(r->msg + question_end - 4);
	r->qclass = load16(r->msg + question_end - 2);

	/* RFC 1995 section 3: the SOA of the version that the client has. */
	const bool ixfr = r->qtype == TYPE_IXFR && s->nscount == 1 && s->authority.type == TYPE_SOA;

	if (s->edns.state == EDNS_MALFORMED)
		decide(r, PTRD_FORMERR_EDNS, RCODE_FORMERR);
	else if (s->truncated || s->ancount > 0 || (s->nscount > 0 && !ixfr))
		decide(r, PTRD_FORMERR_SECTIONS, RCODE_FORMERR);
	else if (s->edns.state == EDNS_BADVERS)
		decide(r, PTRD_BADVERS, RCODE_BADVERS);
}

/* Reads the serial of the SOA record `soa`. Returns false if its RDATA is malformed. */
static bool read_serial(struct dns_request *r, const struct message_record *soa)
{
	const unsigned end = soa->rdata + soa->rdlength;
	unsigned at = soa->rdata;

	for (unsigned name = 0; name < 2; name++) {
		at = message_name_end(r->msg, end, at, true);
		if (at == 0)
			return false;
	}
	if (end - at != SOA_NUMBERS_SIZE)
		return false;
	r->client_serial = load32(r->msg + at);
	return true;
}

static bool may_transfer(const struct dns_settings *settings, const struct dns_request *r)
{
	for (unsigned i = 0; i < settings->transfer_to_count; i++)
		if (dns_prefix_contains(&settings->transfer_to[i], r->client_ipv6, r->client))
			return true;
	return false;
}

/* A transfer is judged here as far as that needs no zone. */
static void check_transfer(
	const struct dns_context *context, struct dns_request *r, const struct sections *s)
{
	if (!may_transfer(context->settings, r))
		decide(r, PTRD_REFUSED_TRANSFER, RCODE_REFUSED);
	else if (r->qtype == TYPE_AXFR && r->transport == DNS_UDP)
		decide(r, PTRD_NOTIMP_TRANSFER, RCODE_NOTIMP);
	else if (r->qtype == TYPE_IXFR && (s->nscount != 1 || !read_serial(r, &s->authority)))
		decide(r, PTRD_FORMERR_SECTIONS, RCODE_FORMERR);
}

/* What is asked in a message of good form. */
static void check_question(
	const struct dns_context *context, struct dns_request *r, const struct sections *s)
{
	if (r->qclass == CLASS_CH) {
		if (chaos_text(context->settings, r) != NULL)
			decide(r, PTRD_CHAOS, RCODE_NOERROR);
		else
			decide(r, PTRD_REFUSED_CHAOS, RCODE_REFUSED);
		return;
	}
	if (r->qclass != CLASS_IN && r->qclass != CLASS_ANY) {
		decide(r, PTRD_REFUSED_CLASS, RCODE_REFUSED);
		return;
	}
	r->transfer = r->qtype == TYPE_AXFR || r->qtype == TYPE_IXFR;
	if (r->transfer)
		check_transfer(context, r, s);
	arpa_parse(&r->name, r->msg + DNS_HEADER_SIZE, r->question_len - 4u);
}

/* Any message that is to be answered. */
static void parse_sections(const struct dns_context *context, struct dns_request *r)
{
	struct sections s = {
		.qdcount = load16(r->msg + HEADER_QDCOUNT),
		.ancount = load16(r->msg + HEADER_ANCOUNT),
		.nscount = load16(r->msg + HEADER_NSCOUNT),
		.arcount = load16(r->msg + HEADER_ARCOUNT),
	};
	const unsigned question_end = skip_questions(r->msg, r->len, s.qdcount);

	if (question_end != 0)
		walk_records(&s, r->msg, r->len, question_end);
	read_edns(context, r, &s.edns);

	if ((load16(r->msg + HEADER_FLAGS) & FLAG_OPCODE) >> FLAG_OPCODE_SHIFT != OPCODE_QUERY) {
		decide(r, PTRD_NOTIMP, RCODE_NOTIMP);
		/* What looks like a broken OPT may be something else with another opcode. */
		r->has_opt = s.edns.state == EDNS_OK || s.edns.state == EDNS_BADVERS;
		return;
	}
	check_form(r, &s, question_end);
	if (!r->decided)
		check_question(context, r, &s);
}

/* Whether the header is that of a query with one question and no answer or authority records. */
static bool is_plain_header(const uint8_t *msg)
{
	static const uint8_t wanted[8] = {[3] = 1};
	static const uint8_t fixed[8]
		= {(FLAG_QR | FLAG_OPCODE) >> 8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	return ((load_word(msg + HEADER_FLAGS) ^ load_word(wanted)) & load_word(fixed)) == 0;
}

/* Offset behind the question, if it is for an address's record of class IN; else 0. */
static unsigned read_plain_question(struct dns_request *r)
{
	const unsigned room = r->len - DNS_HEADER_SIZE;
	const unsigned name_len = arpa_read_address(&r->name, r->msg + DNS_HEADER_SIZE, room);
	const unsigned end = DNS_HEADER_SIZE + name_len + 4;

	if (name_len == 0 || r->len < end)
		return 0;
	r->qtype = load16(r->msg + end - 4);
	r->qclass = load16(r->msg + end - 2);
	return r->qclass == CLASS_IN && r->qtype != TYPE_AXFR && r->qtype != TYPE_IXFR ? end : 0;
}

/*
 * What nearly every message is: the question for an address, behind it an OPT of version 0 or nothing.
 * It is read without a loop, and without a branch on what no predictor knows, such as whether there is
 * an OPT. Returns false for any other one. `*options`: the OPT has some, and take_options() comes next.
 */
static bool parse_plain(struct dns_request *r, bool *options)
{
	static const uint8_t no_opt[EDNS_OPT_SIZE] = {[2] = TYPE_OPT};
	const unsigned opts = load16(r->msg + HEADER_ARCOUNT);
	const unsigned end = read_plain_question(r);

	if (end == 0 || !is_plain_header(r->msg) || opts > 1 || r->len < end + opts * EDNS_OPT_SIZE)
		return false;
	const uint8_t *opt = opts > 0 ? r->msg + end : no_opt;

	if (opt[0] != 0 || load16(opt + 1) != TYPE_OPT || opt[6] != 0)
		return false;
	*options = load16(opt + 9) > 0;
	r->question_len = (uint16_t)(end - DNS_HEADER_SIZE);
	r->has_opt = r->options_read = opts > 0;
	r->dnssec_ok = opt[7] >> 7;
	set_udp_size(r, load16(opt + 3));
	return true;
}

/* Takes in the options of a message that is plain but for them. There is an OPT, as parse_plain() saw. */
static void take_options(const struct dns_context *context, struct dns_request *r)
{
	const unsigned options = DNS_HEADER_SIZE + r->question_len + EDNS_OPT_SIZE;
	const unsigned end = options + load16(r->msg + options - 2); /* RDLENGTH */
	struct edns edns = {0};

	if (end > r->len || !edns_read_options(&edns, r->msg, options, end)
		|| !check_options(context, r, &edns))
		parse_sections(context, r);
}

/* Returns true if options are left to be read. */
static bool parse(const struct dns_context *context, struct dns_request *r)
{
	bool options = false;

	r->decided = false;
	r->rcode = RCODE_NOERROR;
	r->question_len = 0;
	r->has_opt = r->options_read = r->nsid = r->keepalive = r->transfer = false;
	r->cookie = DNS_COOKIE_NONE;
	r->zone = NULL;
	r->cut = NULL;
	r->ref = PTRD_REF_NONE;
	if (!is_dropped(r) && !parse_plain(r, &options))
		parse_sections(context, r);
	return options;
}

void dns_parse(const struct dns_context *context, struct dns_request *requests, unsigned count)
{
	struct dns_request *with_options[DNS_BURST];
	unsigned options = 0;

	/* Those with options come by themselves: which these are, no predictor knows. */
	for (unsigned i = 0; i < count; i++) {
		with_options[options] = &requests[i];
		options += parse(context, &requests[i]);
	}
	for (unsigned i = 0; i < options; i++)
		take_options(context, with_options[i]);
}
