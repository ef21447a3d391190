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
	X(REFUSED_ZONE,      "refused_zone",      "name in no served zone") \
	X(REFUSED_CLASS,     "refused_class",     "class other than IN") \
	X(REFUSED_TRANSFER,  "refused_transfer",  "AXFR or IXFR") \
	X(FORMERR_QUESTION,  "formerr_question",  "question count or question malformed") \
	X(FORMERR_SECTIONS,  "formerr_sections",  "answer or authority records in a query, or a truncated record") \
	X(FORMERR_EDNS,      "formerr_edns",      "two OPT records, a bad owner or overrunning options") \
	X(NOTIMP,            "notimp",            "opcode other than QUERY") \
	X(BADVERS,           "badvers",           "EDNS version other than 0") \
	X(SERVFAIL,          "servfail",          "table content refused by a bounds check") \
	X(DROP_SHORT,        "drop_short",        "shorter than a DNS header") \
	X(DROP_RESPONSE,     "drop_response",     "QR set: a response, not a query") \
	X(DROP_PORT,         "drop_port",         "source port 0, 7, 13, 19 or 37")

/* What happens to frames and connections beside the outcome of a query. */
#define PTRD_EVENTS(X) \
	X(RX,                "rx",                "frames or messages received") \
	X(TX,                "tx",                "replies sent") \
	X(TX_FULL,           "tx_full",           "replies dropped because the transmit ring was full") \
	X(TRUNCATED,         "truncated",         "replies sent with TC=1") \
	X(FRAME_SHORT,       "frame_short",       "frame too short for the headers it announces, or lengths at odds") \
	X(FRAME_LONG,        "frame_long",        "frame in several buffers, or in one with no room for a reply") \
	X(FRAME_FOREIGN,     "frame_foreign",     "frame that is not UDP/53 for a service address, on a port with no kernel path") \
	X(FRAME_CHECKSUM,    "frame_checksum",    "IP header checksum wrong") \
	X(TCP_ACCEPTED,      "tcp_accepted",      "TCP connections accepted") \
	X(TCP_REFUSED,       "tcp_refused",       "TCP connections closed because of a limit") \
	X(TCP_TIMEOUT,       "tcp_timeout",       "TCP connections closed because they were idle or too slow")

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
