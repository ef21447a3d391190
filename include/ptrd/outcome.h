/*
 * Every fate of a query has a name and a counter. One query counts one outcome; an event is
 * something that may happen besides. Names are what `ptrctl status` shows: they are an interface.
 */
#pragma once

/* clang-format off */

/* X(identifier, name, what it means) */
#define PTRD_OUTCOMES(X) \
	X(PTR_CUSTOM,        "ptr_custom",        "custom PTR answered") \
	X(PTR_DEFAULT,       "ptr_default",       "default PTR answered") \
	X(NXDOMAIN,          "nxdomain",          "name does not exist in a served zone") \
	X(NODATA,            "nodata",            "name exists, type does not") \
	X(SOA,               "soa",               "zone apex SOA answered") \
	X(NS,                "ns",                "zone apex NS answered") \
	X(CNAME,             "cname",             "address delegated out: alias into the customer's zone (RFC 2317)") \
	X(REFERRAL,          "referral",          "name at or below a delegation") \
	X(CHAOS,             "chaos",             "class CH: name or version of the server answered") \
	X(COOKIE_ONLY,       "cookie_only",       "no question, but a cookie that wants one (RFC 7873 section 5.4)") \
	X(REFUSED_ZONE,      "refused_zone",      "name in no served zone") \
	X(REFUSED_CLASS,     "refused_class",     "class other than IN, ANY and CH") \
	X(REFUSED_CHAOS,     "refused_chaos",     "class CH: name unknown, or with no text configured") \
	X(TRANSFER,          "transfer",          "AXFR, or IXFR that gets the whole zone: begun") \
	X(IXFR_SOA,          "ixfr_soa",          "IXFR answered with the SOA alone") \
	X(REFUSED_TRANSFER,  "refused_transfer",  "AXFR or IXFR of a client that may not") \
	X(NOTAUTH_TRANSFER,  "notauth_transfer",  "AXFR or IXFR of a name that is no apex of a served zone") \
	X(NOTIMP_TRANSFER,   "notimp_transfer",   "AXFR over UDP") \
	X(SERVFAIL_TRANSFER, "servfail_transfer", "AXFR or IXFR beyond the number of transfers at a time, or of one client, or begun, but no copy of the zone could be had") \
	X(FORMERR_QUESTION,  "formerr_question",  "question count or question malformed") \
	X(FORMERR_SECTIONS,  "formerr_sections",  "answer or authority records in a query, or a truncated record") \
	X(FORMERR_EDNS,      "formerr_edns",      "two OPT records, a bad owner, overrunning or malformed options") \
	X(NOTIMP,            "notimp",            "opcode other than QUERY") \
	X(BADVERS,           "badvers",           "EDNS version other than 0") \
	X(BADCOOKIE,         "badcookie",         "a valid cookie demanded") \
	X(SERVFAIL,          "servfail",          "table content refused by a bounds check") \
	X(DROP_SHORT,        "drop_short",        "shorter than a DNS header") \
	X(DROP_RESPONSE,     "drop_response",     "QR set: a response, not a query") \
	X(DROP_PORT,         "drop_port",         "source port 0, 7, 13, 19 or 37") \
	X(LIMITED_SLIP,      "slipped",           "over the rate: an empty reply with TC=1") \
	X(LIMITED_DROP,      "drop_limited",      "over the rate: no reply")

/* What happens to frames and connections beside the outcome of a query. */
#define PTRD_EVENTS(X) \
	X(RX,                "rx",                "frames or messages received") \
	X(TX,                "tx",                "replies sent") \
	X(TX_FULL,           "tx_full",           "replies dropped because the transmit ring was full") \
	X(TRUNCATED,         "truncated",         "replies sent with TC=1") \
	X(COOKIE_VALID,      "cookie_valid",      "queries with a server cookie that is ours and current") \
	X(COOKIE_INVALID,    "cookie_invalid",    "queries with a server cookie that is not") \
	X(FRAME_SHORT,       "frame_short",       "frame too short for the headers it announces, or lengths at odds") \
	X(FRAME_LONG,        "frame_long",        "frame in several buffers, or in one with no room for a reply") \
	X(FRAME_FOREIGN,     "frame_foreign",     "frame that is not UDP/53 for a service address and our MAC address, on a port with no kernel path") \
	X(FRAME_CHECKSUM,    "frame_checksum",    "IPv4 header or UDP checksum wrong, or missing in IPv6") \
	X(TO_KERNEL,         "to_kernel",         "frames that are no query handed to the exception port") \
	X(FROM_KERNEL,       "from_kernel",       "frames of the kernel's sent for the exception port") \
	X(KERNEL_FULL,       "kernel_full",       "frames to or from the exception port dropped because a ring was full") \
	X(KERNEL_OVER,       "kernel_over",       "frames for the exception port dropped because others waited and their kind had had its share of time") \
	X(TCP_ACCEPTED,      "tcp_accepted",      "TCP connections accepted") \
	X(TCP_REFUSED,       "tcp_refused",       "TCP connections closed because of a limit") \
	X(TCP_EVICTED,       "tcp_evicted",       "TCP connections closed because others came when all places were taken") \
	X(TCP_TIMEOUT,       "tcp_timeout",       "TCP connections closed because they were idle or too slow") \
	X(TRANSFER_DONE,     "transfer_done",     "zone transfers that were written to their last SOA") \
	X(TRANSFER_ABORTED,  "transfer_aborted",  "zone transfers that ended before: the connection was closed, or no copy of the zone could be had")

/* clang-format on */

#define PTRD_ENUM_OUTCOME(id, name, text) PTRD_##id,
enum ptrd_outcome {
	PTRD_OUTCOMES(PTRD_ENUM_OUTCOME) PTRD_OUTCOME_COUNT
};
#undef PTRD_ENUM_OUTCOME

#define PTRD_ENUM_EVENT(id, name, text) PTRD_EVENT_##id,
enum ptrd_event {
	PTRD_EVENTS(PTRD_ENUM_EVENT) PTRD_EVENT_COUNT
};
#undef PTRD_ENUM_EVENT
