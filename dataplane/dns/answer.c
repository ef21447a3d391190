/*
 * What the answer is, given what was found of name and address.
 */
#include "answer.h"

#include <string.h>

#include "bytes.h"
#include "chaos.h"

#define CHAOS_TEXT_MAX 255 /* bytes of one character-string, RFC 1035 section 3.3.14 */

void answer_init(struct answer *answer, const struct dns_request *r)
{
	answer->ancount = answer->nscount = 0;
	answer->len = 0;
	answer->authoritative = false;
	answer->referral = NULL;
	answer->built = r->msg + DNS_HEADER_SIZE + r->question_len;
}

void answer_put_head(uint8_t *at, unsigned owner, enum dns_type type, enum dns_class class,
	uint32_t ttl, unsigned rdlength)
{
	store64(at,
		(uint64_t)owner << 48 | (uint64_t)type << 32 | (uint64_t) class << 16 | ttl >> 16);
	store32(at + 8, ttl << 16 | rdlength);
}

/* Finishes the answer of one RR whose RDATA was built in its place. Class IN also where the
 * question asked for class ANY. */
static void answer_built(struct answer *answer, enum dns_type type, enum dns_class class,
	uint32_t ttl, unsigned rdlength)
{
	answer_put_head(answer->built, POINTER_QNAME, type, class, ttl, rdlength);
	answer->wire = answer->built;
	answer->len = RR_HEAD_SIZE + rdlength;
	answer->ancount = 1;
}

static void build_soa(
	struct answer *answer, const struct dns_region *region, unsigned owner, uint32_t ttl)
{
	uint8_t *rdata = answer->built + RR_HEAD_SIZE;

	answer_put_head(answer->built, owner, TYPE_SOA, CLASS_IN, ttl, region->soa_rdata_len);
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

/* RFC 1982 section 3.2. Of two serials half the number space apart neither is older: the client gets
 * the zone. */
static bool is_older(uint32_t serial, uint32_t than)
{
	return serial != than && serial - than >= UINT32_C(1) << 31;
}

/* At an apex. Over UDP the SOA tells the client to come over TCP (RFC 1995 section 2). */
static enum ptrd_outcome answer_transfer(struct answer *answer, const struct dns_request *r)
{
	const struct dns_region *region = r->zone->region;

	if (r->qtype == TYPE_IXFR
		&& (r->transport == DNS_UDP
			|| !is_older(r->client_serial, ptrd_table_serial(&region->table)))) {
		(void)answer_soa(answer, region);
		return PTRD_IXFR_SOA;
	}
	if (r->transfer_possible)
		return PTRD_TRANSFER;
	answer->authoritative = false;
	return PTRD_SERVFAIL_TRANSFER;
}

static enum ptrd_outcome answer_ns(struct answer *answer, const struct dns_region *region)
{
	answer->wire = region->ns_wire;
	answer->len = region->ns_wire_len;
	answer->ancount = region->ns_count;
	return PTRD_NS;
}

static enum ptrd_outcome answer_default(struct answer *answer, const struct dns_request *r)
{
	const struct dns_region *region = r->zone->region;
	uint8_t *rdata = answer->built + RR_HEAD_SIZE;
	const unsigned len = r->name.tree == ARPA_IPV6
		? dns_template_expand6(&region->default_name6, r->name.address6, rdata)
		: dns_template_expand(&region->default_name, r->name.address, rdata);

	answer_built(answer, TYPE_PTR, CLASS_IN, region->default_ttl, len);
	return PTRD_PTR_DEFAULT;
}

static enum ptrd_outcome answer_failure(struct answer *answer)
{
	answer->authoritative = false;
	return PTRD_SERVFAIL;
}

/* What the table holds for a bound address. */
static enum ptrd_outcome answer_record(struct answer *answer, const struct dns_request *r)
{
	struct ptrd_record record;

	if (!ptrd_table_record(&r->zone->region->table, r->ref, &record))
		return answer_failure(answer);
	if (record.is_default)
		return answer_default(answer, r);

	const struct ptrd_cell *cell = record.cell;
	const bool cell_ipv6 = (cell->flags & PTRD_CELL_IPV6) != 0;

	if (cell->key != r->key.tag || cell_ipv6 != (r->name.tree == ARPA_IPV6) || cell->ancount < 1
		|| cell->ancount > PTRD_RECORD_NAMES_MAX
		|| record.wire_len < cell->ancount * (RR_HEAD_SIZE + 1))
		return answer_failure(answer);
	answer->wire = record.wire;
	answer->len = record.wire_len;
	answer->ancount = cell->ancount;
	return PTRD_PTR_CUSTOM;
}

/* The apex is a suffix of the question's name, so a pointer into the question names it. */
static enum ptrd_outcome answer_negative(
	struct answer *answer, const struct dns_request *r, enum ptrd_outcome outcome)
{
	const struct dns_region *region = r->zone->region;

	build_soa(answer, region, 0xc000u | (DNS_HEADER_SIZE + (unsigned)r->apex_at),
		region->negative_ttl);
	answer->nscount = 1;
	return outcome;
}

static enum ptrd_outcome answer_referral(
	struct answer *answer, const struct dns_delegation *cut, unsigned owner)
{
	answer->nscount = cut->ns_count;
	answer->referral = cut;
	answer->referral_owner = (uint16_t)owner;
	return PTRD_REFERRAL;
}

unsigned answer_alias_name(uint8_t *name, uint32_t address, const struct dns_delegation *delegation)
{
	const unsigned label_len = dns_put_octet(name + 1, (uint8_t)address);

	name[0] = (uint8_t)label_len;
	memcpy(name + 1 + label_len, delegation->name, delegation->name_len);
	return 1 + label_len + delegation->name_len;
}

/* The alias into the customer's zone, and the way there if that is ours to know. */
static enum ptrd_outcome answer_alias(
	struct answer *answer, const struct dns_request *r, const struct dns_delegation *delegation)
{
	uint8_t *rdata = answer->built + RR_HEAD_SIZE;
	const unsigned len = answer_alias_name(rdata, r->name.address, delegation);

	answer_built(answer, TYPE_CNAME, CLASS_IN, delegation->region->default_ttl, len);
	if (delegation->inside && r->qtype != TYPE_CNAME && r->qtype != TYPE_ANY)
		answer_referral(answer, delegation,
			DNS_HEADER_SIZE + r->question_len + RR_HEAD_SIZE + 1u + rdata[0]);
	return PTRD_CNAME;
}

/* The answer for an address with no entry in the table. */
static enum ptrd_outcome answer_unbound(
	struct answer *answer, const struct dns_view *view, const struct dns_request *r)
{
	const struct dns_delegation *delegation
		= view->delegation_count > 0 && r->name.tree == ARPA_IPV4
		? dns_view_delegation(view, r->name.address)
		: NULL;

	if (delegation != NULL)
		return answer_alias(answer, r, delegation);
	if (r->zone->region->unbound_default)
		return r->qtype == TYPE_PTR || r->qtype == TYPE_ANY
			? answer_default(answer, r)
			: answer_negative(answer, r, PTRD_NODATA);
	if (r->at_apex && r->qtype == TYPE_ANY)
		return answer_soa(answer, r->zone->region);
	/* The apex exists by its SOA. */
	return answer_negative(answer, r, r->at_apex ? PTRD_NODATA : PTRD_NXDOMAIN);
}

enum ptrd_outcome answer_find(
	struct answer *answer, const struct dns_view *view, const struct dns_request *r)
{
	const struct dns_region *region = r->zone->region;

	if (r->cut != NULL)
		return answer_referral(answer, r->cut, DNS_HEADER_SIZE + (unsigned)r->cut_at);
	answer->authoritative = true;
	if (r->transfer)
		return answer_transfer(answer, r);
	if (r->name.extra)
		return answer_negative(answer, r, PTRD_NXDOMAIN);
	if (r->at_apex && r->qtype == TYPE_SOA)
		return answer_soa(answer, region);
	if (r->at_apex && r->qtype == TYPE_NS)
		return answer_ns(answer, region);
	if (r->is_address) {
		if (r->ref == PTRD_REF_NONE)
			return answer_unbound(answer, view, r);
		return r->qtype == TYPE_PTR || r->qtype == TYPE_ANY
			? answer_record(answer, r)
			: answer_negative(answer, r, PTRD_NODATA);
	}
	if (r->at_apex && r->qtype == TYPE_ANY)
		return answer_soa(answer, region);
	/* An apex, or an empty non-terminal between apex and addresses. */
	return answer_negative(answer, r, PTRD_NODATA);
}

void answer_chaos(
	struct answer *answer, const struct dns_settings *settings, const struct dns_request *r)
{
	const char *text = chaos_text(settings, r);
	const size_t len = strnlen(text, CHAOS_TEXT_MAX);
	uint8_t *rdata = answer->built + RR_HEAD_SIZE;

	rdata[0] = (uint8_t)len;
	memcpy(rdata + 1, text, len);
	answer_built(answer, TYPE_TXT, CLASS_CH, 0, (unsigned)len + 1);
}
