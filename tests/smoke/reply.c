#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

static bool owner_address(const ldns_rr *rr, uint32_t *address)
{
	char *owner = ldns_rdf2str(ldns_rr_owner(rr));
	unsigned a, b, c, d;
	int end = 0;
	bool ok = owner != NULL
		&& sscanf(owner, "%3u.%3u.%3u.%3u.in-addr.arpa.%n", &d, &c, &b, &a, &end) == 4
		&& end > 0 && owner[end] == '\0' && a < 256 && b < 256 && c < 256 && d < 256;

	free(owner);
	if (ok)
		*address = a << 24 | b << 16 | c << 8 | d;
	return ok;
}

static bool question_address(const ldns_pkt *packet, uint32_t *address)
{
	const ldns_rr_list *question = ldns_pkt_question(packet);

	return ldns_rr_list_rr_count(question) == 1
		&& ldns_rr_get_type(ldns_rr_list_rr(question, 0)) == LDNS_RR_TYPE_PTR
		&& owner_address(ldns_rr_list_rr(question, 0), address);
}

bool reply_address(const uint8_t *wire, size_t len, uint32_t *address)
{
	ldns_pkt *packet;

	if (ldns_wire2pkt(&packet, wire, len) != LDNS_STATUS_OK)
		return false;
	bool ok = question_address(packet, address);

	ldns_pkt_free(packet);
	return ok;
}

/* Position of a name in the expected set, or -1. */
static int find_name(const struct expected *expected, const ldns_rdf *name)
{
	char *text = ldns_rdf2str(name);
	int found = -1;

	for (unsigned i = 0; text != NULL && i < expected->count; i++)
		if (strcmp(expected->names[i], text) == 0)
			found = (int)i;
	free(text);
	return found;
}

static const char *check_rr(const struct expected *expected, const ldns_rr *rr, uint64_t *seen)
{
	uint32_t address;

	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_PTR || ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return "an answer that is no IN PTR";
	if (!owner_address(rr, &address) || address != expected->address)
		return "an answer for another owner";
	if (ldns_rr_ttl(rr) != expected->ttl)
		return "another TTL";
	int i = find_name(expected, ldns_rr_rdf(rr, 0));
	if (i < 0)
		return "a name that the record does not have";
	if (*seen & UINT64_C(1) << i)
		return "a name twice";
	*seen |= UINT64_C(1) << i;
	return NULL;
}

static const char *check(const struct expected *expected, const ldns_pkt *packet)
{
	const ldns_rr_list *answer = ldns_pkt_answer(packet);
	uint32_t address;
	uint64_t seen = 0;
	const char *why;

	if (!ldns_pkt_qr(packet) || !ldns_pkt_aa(packet) || ldns_pkt_ra(packet)
		|| ldns_pkt_tc(packet))
		return "wrong flags";
	if (ldns_pkt_get_rcode(packet) != LDNS_RCODE_NOERROR)
		return "not NOERROR";
	if (!question_address(packet, &address) || address != expected->address)
		return "another question";
	if (ldns_rr_list_rr_count(answer) != expected->count)
		return "another number of names";
	for (size_t i = 0; i < expected->count; i++)
		if ((why = check_rr(expected, ldns_rr_list_rr(answer, i), &seen)) != NULL)
			return why;
	return NULL;
}

static void describe(const struct expected *expected, const char *why, const ldns_pkt *packet,
	char error[REPLY_ERROR_SIZE])
{
	char *text = packet != NULL ? ldns_pkt2str(packet) : NULL;

	snprintf(error, REPLY_ERROR_SIZE, "%s; want %u names, first %s, TTL %u; got %s", why,
		expected->count, expected->names[0], expected->ttl,
		text != NULL ? text : "no DNS message");
	free(text);
}

bool reply_check(const uint8_t *wire, size_t len, const struct expected *expected,
	char error[REPLY_ERROR_SIZE])
{
	ldns_pkt *packet = NULL;
	ldns_status status = ldns_wire2pkt(&packet, wire, len);
	const char *why = status == LDNS_STATUS_OK ? check(expected, packet)
						   : ldns_get_errorstr_by_id(status);

	if (why != NULL)
		describe(expected, why, status == LDNS_STATUS_OK ? packet : NULL, error);
	if (status == LDNS_STATUS_OK)
		ldns_pkt_free(packet);
	return why == NULL;
}
