/*
 * Transfers for clients that may have them: zones that fit into one message. That all others are
 * REFUSED is in rows_message.c.
 */
#include "rows.h"

#define ZONE "113.0.203.in-addr.arpa."
#define BOUND "17.2.0.192.in-addr.arpa."
#define UNBOUND "27.2.0.192.in-addr.arpa."
#define BOUND6 "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.0.8.b.d.0.1.0.0.2.ip6.arpa."
#define EMPTY "7.1.10.in-addr.arpa."
#define SHORT "6.1.10.in-addr.arpa."
#define SHORT6 "4.0.0.0.a.0.a.2.ip6.arpa."
#define SHORT6_LABELS "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.4.0.0.0.a.0.a.2.ip6.arpa."
#define LAB "128/26.2.0.192.in-addr.arpa."

#define CLIENT(n, t) .name = n, .type = t, .transfers = true
#define WHOLE(apex, records)                                                                       \
	.reply_flags = AA, .answer = SOA_OF(apex) NS_OF(apex) records SOA_OF(apex)
#define BOUND_RECORD PTR_OF(BOUND, "2147483647", "mail.example.org.")

/* An SOA in the authority section: root names, the serial, zeros. Serials of the world are above 0
 * and far below 65536. */
#define SERIAL(bytes)                                                                              \
	.ns = 1,                                                                                   \
	.middle = "\xc0\x0c\0\6\0\1\0\0\0\0\0\26\0\0" bytes "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",    \
	.middle_len = 12 + 22
#define OLDER SERIAL("\0\0\0\0")
#define NEWER SERIAL("\0\1\0\0")

static const struct contract_case rows[] = {
	{.what = "may AXFR", CLIENT(BOUND, AXFR), .over = OVER_TCP, WHOLE(BOUND, BOUND_RECORD)},
	{.what = "may AXFR with EDNS",
		CLIENT(BOUND, AXFR),
		.over = OVER_TCP,
		.edns = true,
		.edns_flags = 0x8000,
		WHOLE(BOUND, BOUND_RECORD)},
	{.what = "may AXFR, RD",
		CLIENT(UNBOUND, AXFR),
		.over = OVER_TCP,
		.flags = RD,
		.reply_flags = AA | RD,
		.answer = SOA_OF(UNBOUND) NS_OF(UNBOUND) SOA_OF(UNBOUND)},
	{.what = "may AXFR a zone without addresses",
		CLIENT(EMPTY, AXFR),
		.over = OVER_TCP,
		WHOLE(EMPTY, "")},
	{.what = "may AXFR a default name",
		CLIENT(SHORT, AXFR),
		.over = OVER_TCP,
		WHOLE(SHORT, PTR_OF("1." SHORT, "300", "ecs-10-1-6-1.compute.example.com."))},
	{.what = "may AXFR an IPv6 address",
		CLIENT(BOUND6, AXFR),
		.over = OVER_TCP,
		WHOLE(BOUND6, PTR_OF(BOUND6, "2147483647", "mail6.example.org."))},
	{.what = "may AXFR an IPv6 zone",
		CLIENT(SHORT6, AXFR),
		.over = OVER_TCP,
		WHOLE(SHORT6,
			PTR_OF(SHORT6_LABELS, "300",
				"ecs-2a0a-0004-0000-0000-0000-0000-0000-0001.compute.example.com."))},
	{.what = "may AXFR an RFC 2317 zone",
		CLIENT(LAB, AXFR),
		.over = OVER_TCP,
		WHOLE(LAB,
			PTR_OF("129." LAB, "600", "lab.example.org.")
				PTR_OF("130." LAB, "300", "lab-192-0-2-130.compute.example.com."))},
	{.what = "may AXFR over UDP", CLIENT(ZONE, AXFR), .over = OVER_UDP, .rcode = NOTIMP},
	{.what = "may AXFR over UDP with EDNS",
		CLIENT(ZONE, AXFR),
		.over = OVER_UDP,
		.flags = RD,
		.reply_flags = RD,
		.edns = true,
		.rcode = NOTIMP,
		.ede = EDE_NOT_SUPPORTED},
	{.what = "may AXFR elsewhere",
		CLIENT("example.com.", AXFR),
		.over = OVER_TCP,
		.rcode = NOTAUTH},
	{.what = "may AXFR elsewhere with EDNS",
		CLIENT("example.com.", AXFR),
		.over = OVER_TCP,
		.edns = true,
		.rcode = NOTAUTH,
		.ede = EDE_NOT_AUTHORITATIVE},
	{.what = "may AXFR a name in a zone",
		CLIENT("7." ZONE, AXFR),
		.over = OVER_TCP,
		.rcode = NOTAUTH},
	{.what = "may AXFR a name that does not exist",
		CLIENT("x." BOUND, AXFR),
		.over = OVER_TCP,
		.rcode = NOTAUTH},
	{.what = "may AXFR above an apex",
		CLIENT("0.203.in-addr.arpa.", AXFR),
		.over = OVER_TCP,
		.rcode = NOTAUTH},
	{.what = "may AXFR a delegation",
		CLIENT("64/26." ZONE, AXFR),
		.over = OVER_TCP,
		.rcode = NOTAUTH},
	{.what = "may AXFR, class ANY",
		CLIENT(BOUND, AXFR),
		.class = CLASS_ANY,
		.over = OVER_TCP,
		.answer = SOA_OF(BOUND) NS_OF(BOUND) BOUND_RECORD SOA_OF(BOUND)},
	{.what = "may AXFR with an SOA", CLIENT(BOUND, AXFR), NEWER, .rcode = FORMERR},
	{.what = "may IXFR over UDP",
		CLIENT(ZONE, IXFR),
		OLDER,
		.over = OVER_UDP,
		.reply_flags = AA,
		.answer = SOA_OF(ZONE)},
	{.what = "may IXFR over UDP with EDNS",
		CLIENT(ZONE, IXFR),
		NEWER,
		.over = OVER_UDP,
		.edns = true,
		.reply_flags = AA,
		.answer = SOA_OF(ZONE)},
	{.what = "may IXFR, newer than ours",
		CLIENT(ZONE, IXFR),
		NEWER,
		.reply_flags = AA,
		.answer = SOA_OF(ZONE)},
	{.what = "may IXFR, older",
		CLIENT(BOUND, IXFR),
		OLDER,
		.over = OVER_TCP,
		WHOLE(BOUND, BOUND_RECORD)},
	{.what = "may IXFR without SOA", CLIENT(BOUND, IXFR), .rcode = FORMERR},
	{.what = "may IXFR, SOA with a byte too few",
		CLIENT(BOUND, IXFR),
		.ns = 1,
		.middle = "\xc0\x0c\0\6\0\1\0\0\0\0\0\25\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		.middle_len = 12 + 21,
		.rcode = FORMERR},
	{.what = "may IXFR elsewhere",
		CLIENT("example.com.", IXFR),
		OLDER,
		.over = OVER_TCP,
		.rcode = NOTAUTH},
	{.what = "may IXFR a name in a zone", CLIENT("7." ZONE, IXFR), OLDER, .rcode = NOTAUTH},
};

const struct contract_rows contract_transfer_rows = ROWS(rows);
