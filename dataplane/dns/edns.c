#include "edns.h"

#include <string.h>

#include "bytes.h"

#define EDNS_VERSION 0
#define OPTION_HEAD 4 /* OPTION-CODE and OPTION-LENGTH, bytes */

enum option_code {
	OPTION_NSID = 3,       /* RFC 5001 */
	OPTION_COOKIE = 10,    /* RFC 7873 */
	OPTION_KEEPALIVE = 11, /* RFC 7828 */
	OPTION_EDE = 15,       /* RFC 8914 */
};

/* Info-codes of RFC 8914 section 4; none is 0, which is "Other Error". */
enum ede_code {
	EDE_NOT_READY = 14,
	EDE_PROHIBITED = 18,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21,
};

/* Fields in the TTL of an OPT, RFC 6891 section 6.1.3. */
#define EDNS_RCODE_SHIFT 24
#define EDNS_VERSION_SHIFT 16
#define EDNS_DO UINT32_C(0x8000)

static void read_option(struct edns *edns, unsigned code, unsigned at, uint16_t len)
{
	switch (code) {
	case OPTION_NSID:
		edns->nsid = true;
		break;
	case OPTION_COOKIE:
		if (!edns->cookie) {
			edns->cookie_at = at;
			edns->cookie_len = len;
		}
		edns->cookie = true;
		break;
	case OPTION_KEEPALIVE:
		if (!edns->keepalive)
			edns->keepalive_len = len;
		edns->keepalive = true;
		break;
	}
}

bool edns_read_options(struct edns *edns, const uint8_t *msg, unsigned at, unsigned end)
{
	while (end - at >= OPTION_HEAD) {
		const unsigned code = load16(msg + at);
		const uint16_t len = load16(msg + at + 2);

		at += OPTION_HEAD;
		if (len > end - at)
			return false;
		read_option(edns, code, at, len);
		at += len;
	}
	return at == end;
}

void edns_read(struct edns *edns, const uint8_t *msg, const struct message_record *opt)
{
	if (edns->state != EDNS_NONE) {
		edns->state = EDNS_MALFORMED;
		return;
	}
	edns->udp_size = opt->class;
	edns->dnssec_ok = (opt->ttl & EDNS_DO) != 0;

	if (msg[opt->owner] != 0 || opt->overrun)
		edns->state = EDNS_MALFORMED;
	else if ((uint8_t)(opt->ttl >> EDNS_VERSION_SHIFT) != EDNS_VERSION)
		edns->state = EDNS_BADVERS; /* its RDATA is that version's business */
	else
		edns->state = edns_read_options(edns, msg, opt->rdata, opt->rdata + opt->rdlength)
			? EDNS_OK
			: EDNS_MALFORMED;
}

/* Why there is no answer, where a code of RFC 8914 fits; else 0. */
static unsigned extended_error(const struct dns_context *context, const struct dns_request *r)
{
	/* The outcome of a limited query is a slip or BADCOOKIE: no error of these. */
	switch (r->outcome) {
	case PTRD_REFUSED_ZONE:
	case PTRD_NOTAUTH_TRANSFER:
		return context->view->generation == 0 ? EDE_NOT_READY : EDE_NOT_AUTHORITATIVE;
	case PTRD_REFUSED_TRANSFER:
		return EDE_PROHIBITED;
	case PTRD_REFUSED_CLASS:
	case PTRD_REFUSED_CHAOS:
	case PTRD_NOTIMP:
	case PTRD_NOTIMP_TRANSFER:
		return EDE_NOT_SUPPORTED;
	default:
		return 0;
	}
}

unsigned edns_size(const struct dns_context *context, const struct dns_request *r)
{
	unsigned size = EDNS_OPT_SIZE;

	if (!r->has_opt)
		return 0;
	if (!r->options_read)
		return size;
	if (r->nsid)
		size += OPTION_HEAD + context->settings->nsid_len;
	if (r->cookie != DNS_COOKIE_NONE)
		size += OPTION_HEAD + COOKIE_SIZE;
	if (r->keepalive)
		size += OPTION_HEAD + 2;
	if (extended_error(context, r) != 0)
		size += OPTION_HEAD + 2;
	return size;
}

static uint8_t *put_option(uint8_t *at, enum option_code code, const void *data, unsigned len)
{
	store16(at, (uint16_t)code);
	store16(at + 2, (uint16_t)len);
	memcpy(at + OPTION_HEAD, data, len);
	return at + OPTION_HEAD + len;
}

static uint8_t *put_option16(uint8_t *at, enum option_code code, unsigned value)
{
	const uint8_t data[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	return put_option(at, code, data, sizeof(data));
}

void edns_write(uint8_t *at, const struct dns_request *r, unsigned size)
{
	const uint32_t ttl = (uint32_t)(r->rcode >> 4) << EDNS_RCODE_SHIFT
		| (uint32_t)EDNS_VERSION << EDNS_VERSION_SHIFT | (r->dnssec_ok ? EDNS_DO : 0);

	/* The owner's one byte is the first. */
	store64(at, (uint64_t)TYPE_OPT << 40 | (uint64_t)DNS_UDP_SIZE << 24 | ttl >> 8);
	store32(at + 7, ttl << 16 | (size - EDNS_OPT_SIZE));
}

void edns_write_options(uint8_t *at, const struct dns_context *context, const struct dns_request *r)
{
	const struct dns_settings *settings = context->settings;
	const unsigned error = extended_error(context, r);

	if (r->nsid)
		at = put_option(at, OPTION_NSID, settings->nsid, settings->nsid_len);
	if (r->cookie != DNS_COOKIE_NONE)
		at = put_option(at, OPTION_COOKIE, r->cookie_reply, COOKIE_SIZE);
	if (r->keepalive)
		at = put_option16(at, OPTION_KEEPALIVE, settings->tcp_keepalive);
	if (error != 0)
		put_option16(at, OPTION_EDE, error);
}
