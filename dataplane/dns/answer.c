/*
 * Stage 4: the reply, over the query. All that is needed of the query behind its question was read
 * by dns_parse().
 */
#include "engine.h"

#include <string.h>

#include "bytes.h"
#include "checksum.h"
#include "edns.h"
#include "message.h"

/* The section behind the question: either RRs that lie ready in a table or view, or such as are
 * built here. */
struct answer {
	uint16_t ancount, nscount;
	const uint8_t *wire;
	unsigned len; /* bytes at wire */
	bool has_sum;
	uint16_t sum; /* of these bytes from an even offset */
	uint8_t built[RR_HEAD_SIZE + sizeof(((struct dns_region *)0)->soa_rdata)];
};

static void put_head(
	uint8_t *at, unsigned owner, enum dns_type type, uint32_t ttl, unsigned rdlength)
{
	store16(at, (uint16_t)owner);
	store16(at + 2, (uint16_t)type);
	store16(at + 4, CLASS_IN); /* also where the question asked for class ANY */
	store32(at + 6, ttl);
	store16(at + 10, (uint16_t)rdlength);
}

static void build_soa(
	struct answer *answer, const struct dns_region *region, unsigned owner, uint32_t ttl)
{
	uint8_t *rdata = answer->built + RR_HEAD_SIZE;

	put_head(answer->built, owner, TYPE_SOA, ttl, region->soa_rdata_len);
	memcpy(rdata, region->soa_rdata, region->soa_rdata_len);
	store32(rdata + region->soa_serial_offset, ptrd_table_serial(&region->table));
	answer->wire = answer->built;
	answer->len = RR_HEAD_SIZE + region->soa_rdata_len;
}

static enum ptrd_outcome answer_soa(struct answer *answer, const struct dns_region *region)
{
	build_soa(answer, region, POINTER_QNAME, region->soa_ttl);
	answer->ancount = 1;
	return PTRD_SOA;
}

static enum ptrd_outcome answer_ns(struct answer *answer, const struct dns_region *region)
{
	answer->wire = region->ns_wire;
	answer->len = region->ns_wire_len;
	answer->ancount = region->ns_count;
	return PTRD_NS;
}

static enum ptrd_outcome answer_default(
	struct answer *answer, const struct dns_region *region, uint32_t address)
{
	const unsigned len
		= dns_template_expand(&region->default_name, address, answer->built + RR_HEAD_SIZE);

	put_head(answer->built, POINTER_QNAME, TYPE_PTR, region->default_ttl, len);
	answer->wire = answer->built;
	answer->len = RR_HEAD_SIZE + len;
	answer->ancount = 1;
	return PTRD_PTR_DEFAULT;
}

/* What the table holds for a bound address. */
static enum ptrd_outcome answer_record(struct answer *answer, const struct dns_request *r)
{
	const struct dns_region *region = r->zone->region;
	struct ptrd_record record;

	if (!ptrd_table_record(&region->table, r->ref, &record))
		return PTRD_SERVFAIL;
	if (record.is_default)
		return answer_default(answer, region, r->name.address);

	const struct ptrd_cell *cell = record.cell;

	if (cell->key != r->key.tag || (cell->flags & PTRD_CELL_IPV6) != 0 || cell->ancount < 1
		|| cell->ancount > PTRD_RECORD_NAMES_MAX
		|| record.wire_len < cell->ancount * (RR_HEAD_SIZE + 1))
		return PTRD_SERVFAIL;
	answer->wire = record.wire;
	answer->len = record.wire_len;
	answer->ancount = cell->ancount;
	answer->has_sum = true;
	answer->sum = cell->sum;
	return PTRD_PTR_CUSTOM;
}

/* The apex is a suffix of the question's name, so a pointer into the question names it. */
static enum ptrd_outcome answer_negative(
	struct answer *answer, const struct dns_request *r, enum ptrd_outcome outcome)
{
	const unsigned apex = DNS_HEADER_SIZE + r->name.suffix[r->zone->octets];

	build_soa(answer, r->zone->region, 0xc000u | apex, r->zone->region->negative_ttl);
	answer->nscount = 1;
	return outcome;
}

/* The answer to a question for a name in a served zone. */
static enum ptrd_outcome resolve(struct answer *answer, const struct dns_request *r)
{
	const struct dns_region *region = r->zone->region;
	const bool apex = r->name.octets == r->zone->octets;
	const bool address = r->name.octets == ARPA_OCTETS;

	if (r->name.extra)
		return answer_negative(answer, r, PTRD_NXDOMAIN);
	if (apex && r->qtype == TYPE_SOA)
		return answer_soa(answer, region);
	if (apex && r->qtype == TYPE_NS)
		return answer_ns(answer, region);

	if (address && (r->ref != PTRD_REF_NONE || region->unbound_default)) {
		if (r->qtype != TYPE_PTR && r->qtype != TYPE_ANY)
			return answer_negative(answer, r, PTRD_NODATA);
		if (r->ref != PTRD_REF_NONE)
			return answer_record(answer, r);
		return answer_default(answer, region, r->name.address);
	}
	if (apex && r->qtype == TYPE_ANY)
		return answer_soa(answer, region);
	/* The apex exists by its SOA, a name between apex and address as an empty non-terminal. */
	return answer_negative(answer, r, address && !apex ? PTRD_NXDOMAIN : PTRD_NODATA);
}

/* Flags of the reply. NOTIMP goes without RD: another opcode may give its bit another meaning. */
static uint16_t reply_flags(const struct dns_request *r, uint16_t query_flags)
{
	unsigned flags = FLAG_QR | (r->rcode & 0xfu);

	if (r->outcome == PTRD_NOTIMP)
		return (uint16_t)(flags | (query_flags & FLAG_OPCODE));
	flags |= query_flags & FLAG_RD;
	if (r->zone != NULL && r->outcome != PTRD_SERVFAIL && r->qclass == CLASS_IN)
		flags |= FLAG_AA;
	return (uint16_t)(flags | (r->truncated ? FLAG_TC : 0u));
}

/* Bytes that the reply may take. */
static unsigned reply_limit(const struct dns_request *r)
{
	const unsigned limit = r->transport == DNS_TCP ? UINT16_MAX : r->udp_size;

	return limit < r->room ? limit : r->room;
}

static void write_header(const struct dns_request *r, const struct answer *answer)
{
	uint8_t *msg = r->msg;

	store16(msg + HEADER_FLAGS, reply_flags(r, load16(msg + HEADER_FLAGS)));
	store16(msg + HEADER_QDCOUNT, r->question_len > 0);
	store16(msg + HEADER_ANCOUNT, answer->ancount);
	store16(msg + HEADER_NSCOUNT, answer->nscount);
	store16(msg + HEADER_ARCOUNT, r->has_opt);
}

static void write_reply(struct dns_request *r, struct answer *answer)
{
	unsigned at = DNS_HEADER_SIZE + r->question_len;
	const unsigned opt_len = r->has_opt ? EDNS_OPT_SIZE : 0;

	r->truncated = at + answer->len + opt_len > reply_limit(r);
	if (r->truncated) /* no partial RRset, RFC 2181 section 9 */
		answer->len = answer->ancount = answer->nscount = 0;
	write_header(r, answer);
	uint64_t sum = checksum_sum(r->msg, at);

	if (answer->len > 0) {
		memcpy(r->msg + at, answer->wire, answer->len);
		sum += checksum_at(
			answer->has_sum ? answer->sum : checksum_sum(answer->wire, answer->len),
			at);
		at += answer->len;
	}
	if (r->has_opt) {
		edns_write(r->msg + at, r->rcode, r->dnssec_ok);
		sum += checksum_at(checksum_sum(r->msg + at, EDNS_OPT_SIZE), at);
		at += EDNS_OPT_SIZE;
	}
	r->reply_len = (uint16_t)at;
	r->sum = checksum_fold(sum);
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
		return RCODE_SERVFAIL;
	default:
		return RCODE_NOERROR;
	}
}

void dns_write(struct dns_request *requests, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct dns_request *r = &requests[i];
		struct answer answer;

		r->truncated = false;
		r->reply_len = r->sum = 0;
		if (r->decided && is_drop(r->outcome))
			continue;
		answer.ancount = answer.nscount = 0;
		answer.len = 0;
		answer.has_sum = false;
		if (!r->decided) {
			r->outcome = (uint8_t)resolve(&answer, r);
			r->rcode = outcome_rcode(r->outcome);
		}
		write_reply(r, &answer);
	}
}
