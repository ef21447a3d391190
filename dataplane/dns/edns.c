#include "edns.h"

#include "bytes.h"
#include "engine.h"

#define EDNS_VERSION 0
#define EDNS_OPTION_HEAD 4 /* OPTION-CODE and OPTION-LENGTH, bytes */

/* Fields in the TTL of an OPT, RFC 6891 section 6.1.3. */
#define EDNS_RCODE_SHIFT 24
#define EDNS_VERSION_SHIFT 16
#define EDNS_DO UINT32_C(0x8000)

/* True if the options fill the RDATA exactly. */
static bool options_fit(const uint8_t *rdata, unsigned len)
{
	unsigned at = 0;

	while (len - at >= EDNS_OPTION_HEAD) {
		const unsigned option_len = load16(rdata + at + 2);

		at += EDNS_OPTION_HEAD;
		if (option_len > len - at)
			return false;
		at += option_len;
	}
	return at == len;
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
		edns->state
			= EDNS_BADVERS; /* what its RDATA looks like is that version's business */
	else
		edns->state
			= options_fit(msg + opt->rdata, opt->rdlength) ? EDNS_OK : EDNS_MALFORMED;
}

void edns_write(uint8_t *at, uint16_t rcode, bool dnssec_ok)
{
	const uint32_t ttl = (uint32_t)(rcode >> 4) << EDNS_RCODE_SHIFT
		| (uint32_t)EDNS_VERSION << EDNS_VERSION_SHIFT | (dnssec_ok ? EDNS_DO : 0);

	at[0] = 0;
	store16(at + 1, TYPE_OPT);
	store16(at + 3, DNS_UDP_SIZE);
	store32(at + 5, ttl);
	store16(at + 9, 0);
}
