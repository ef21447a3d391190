/*
 * Headers, sections, opcodes, classes, transfers: the form of messages.
 */
#include "rows.h"

#define NAME "7.113.0.203.in-addr.arpa."
#define ZONE "113.0.203.in-addr.arpa."
#define RECORD PTR_OF(NAME, "600", "mail.example.org.")
#define NAME6 "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa."
#define RECORD6 PTR_OF(NAME6, "600", "mail6.example.org.")

/* On the wire */
#define WIRE_NAME "\0017\003113\0010\003203\7in-addr\4arpa\0"
#define PTR_IN "\0\14\0\1"
#define A_RECORD "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
#define SOA_RECORD "\xc0\x0c\0\6\0\1\0\0\0\0\0\26\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define KEY_RECORD "\3key\0\0\372\0\377\0\0\0\0\0\2xx"
#define OPT_RECORD "\0\0\51\4\xd0\0\0\0\0\0\0"
#define L63 CONTRACT_L63
/* The rest of a header with one question and nothing else, no flags. */
#define ONE_QUESTION "\0\0\0\1\0\0\0\0\0\0"

#define RAW(bytes) .raw = bytes, .raw_len = sizeof(bytes) - 1
#define MIDDLE(bytes) .middle = bytes, .middle_len = sizeof(bytes) - 1
#define BEHIND(bytes) .behind = bytes, .behind_len = sizeof(bytes) - 1
#define NAMED .name = NAME, .type = PTR
#define ANSWERED .reply_flags = AA, .answer = RECORD

/* Without a question in the reply. */
#define FORMERR_RAW(why, bytes)                                                                    \
	{                                                                                          \
		.what = why, RAW(bytes), .rcode = FORMERR, .no_question = true                     \
	}

#define OPCODE_ROW(n)                                                                              \
	{.what = "opcode " #n,                                                                     \
		.name = ZONE,                                                                      \
		.type = SOA,                                                                       \
		.flags = OPCODE(n) | AA | TC | RD | RA | Z | AD | CD,                              \
		.rcode = NOTIMP,                                                                   \
		.no_question = true},                                                              \
		{.what = "opcode " #n ", header alone",                                            \
			.flags = OPCODE(n),                                                        \
			.rcode = NOTIMP,                                                           \
			.no_question = true},                                                      \
	{                                                                                          \
		.what = "opcode " #n " with EDNS", .name = ZONE, .type = SOA,                      \
		.flags = OPCODE(n) | RD, .edns = true, .edns_flags = 0x8000, .rcode = NOTIMP,      \
		.no_question = true, .ede = EDE_NOT_SUPPORTED                                      \
	}

#define CLASS_ROW(n)                                                                               \
	{.what = "class " #n, NAMED, .class = n, .rcode = REFUSED},                                \
	{                                                                                          \
		.what = "class " #n " with EDNS", NAMED, .class = n, .rcode = REFUSED,             \
		.edns = true, .ede = EDE_NOT_SUPPORTED                                             \
	}

#define CHAOS_REFUSED(n, t)                                                                        \
	{                                                                                          \
		.what = "CH " #t " " n, .name = n, .type = t, .class = CLASS_CH, .rcode = REFUSED  \
	}
#define CHAOS(n, text)                                                                             \
	{.what = "CH TXT " n,                                                                      \
		.name = n,                                                                         \
		.type = TXT,                                                                       \
		.class = CLASS_CH,                                                                 \
		.answer = n " 0 CH TXT \"" text "\"\n"},                                           \
		CHAOS_REFUSED(n, ANY), CHAOS_REFUSED(n, A), CHAOS_REFUSED(n, SOA)

static const struct contract_case rows[] = {
	/* no reply */
	{.what = "a response", NAMED, .flags = QR, .dropped = true},
	{.what = "a response, any opcode", NAMED, .flags = QR | OPCODE(4), .dropped = true},
	{.what = "a response, header alone", .flags = QR, .dropped = true},
	{.what = "one byte short of a header", RAW("\0\0\0\1\0\0\0\0\0"), .dropped = true},
	{.what = "an ID and nothing else", .raw = "", .raw_len = 0, .dropped = true},
	/* flags */
	{.what = "RD", NAMED, .flags = RD, .reply_flags = AA | RD, .answer = RECORD},
	{.what = "AA, TC, RA, Z, AD, CD", NAMED, .flags = AA | TC | RA | Z | AD | CD, ANSWERED},
	{.what = "all flags",
		NAMED,
		.flags = AA | TC | RD | RA | Z | AD | CD,
		.reply_flags = AA | RD,
		.answer = RECORD},
	{.what = "an RCODE", NAMED, .flags = 15, ANSWERED},
	{.what = "RD refused",
		.name = "www.example.com.",
		.type = A,
		.flags = RD | CD,
		.rcode = REFUSED,
		.reply_flags = RD},
	/* counts */
	FORMERR_RAW("QDCOUNT 0", "\0\0\0\0\0\0\0\0\0\0"),
	FORMERR_RAW("QDCOUNT 1, no question", "\0\0\0\1\0\0\0\0\0\0"),
	FORMERR_RAW("QDCOUNT 2, one question", "\0\0\0\2\0\0\0\0\0\0" WIRE_NAME PTR_IN),
	FORMERR_RAW("QDCOUNT 2, two questions",
		"\0\0\0\2\0\0\0\0\0\0" WIRE_NAME PTR_IN "\xc0\x0c" PTR_IN),
	FORMERR_RAW("QDCOUNT 65535", "\0\0\xff\xff\0\0\0\0\0\0" WIRE_NAME PTR_IN),
	{.what = "QDCOUNT 0 with OPT",
		RAW("\0\0\0\0\0\0\0\0\0\1" OPT_RECORD),
		.rcode = FORMERR,
		.no_question = true,
		.opt = true},
	{.what = "QDCOUNT 2 with OPT",
		RAW("\0\0\0\2\0\0\0\0\0\1" WIRE_NAME PTR_IN "\xc0\x0c" PTR_IN OPT_RECORD),
		.rcode = FORMERR,
		.no_question = true,
		.opt = true},
	{.what = "an answer record", NAMED, MIDDLE(A_RECORD), .an = 1, .rcode = FORMERR},
	{.what = "an answer record, with OPT",
		NAMED,
		MIDDLE(A_RECORD),
		.an = 1,
		.edns = true,
		.rcode = FORMERR},
	{.what = "an authority record",
		NAMED,
		MIDDLE(A_RECORD),
		.ns = 1,
		.edns = true,
		.rcode = FORMERR},
	{.what = "ANCOUNT 1, no record", NAMED, .an = 1, .rcode = FORMERR},
	{.what = "NSCOUNT 1, no record", NAMED, .ns = 1, .rcode = FORMERR},
	{.what = "ARCOUNT 1, no record", NAMED, .ar = 1, .rcode = FORMERR},
	{.what = "ARCOUNT 2, one OPT", NAMED, .ar = 1, .edns = true, .rcode = FORMERR},
	{.what = "OPT as an answer is none", NAMED, MIDDLE(OPT_RECORD), .an = 1, .rcode = FORMERR},
	{.what = "other additional records",
		NAMED,
		MIDDLE(KEY_RECORD A_RECORD),
		.ar = 2,
		.edns = true,
		ANSWERED},
	{.what = "other additional records behind OPT",
		NAMED,
		BEHIND(KEY_RECORD),
		.ar = 1,
		.edns = true,
		ANSWERED},
	{.what = "additional record cut",
		NAMED,
		BEHIND("\3key\0\0\372\0\377\0\0\0\0\0\2x"),
		.ar = 1,
		.edns = true,
		.rcode = FORMERR},
	{.what = "additional owner points forward",
		NAMED,
		MIDDLE("\xc0\xff\0\1\0\1\0\0\0\0\0\4\1\2\3\4"),
		.ar = 1,
		.rcode = FORMERR},
	{.what = "bytes behind the last record", NAMED, BEHIND("\xff\xff\xff\xff\xff"), ANSWERED},
	{.what = "an OPT that is not counted", NAMED, BEHIND(OPT_RECORD), ANSWERED},
	{.what = "bytes behind the OPT", NAMED, BEHIND("\0"), .edns = true, ANSWERED},
	/* questions */
	FORMERR_RAW("question cut in a label", ONE_QUESTION "\0017\00311"),
	FORMERR_RAW("question cut before its root", ONE_QUESTION "\0017\003113"),
	FORMERR_RAW("question without type", ONE_QUESTION WIRE_NAME),
	FORMERR_RAW("question without class", ONE_QUESTION WIRE_NAME "\0\14"),
	FORMERR_RAW("question one byte short", ONE_QUESTION WIRE_NAME "\0\14\0"),
	{.what = "label of 63", .name = L63 ".", .type = A, .rcode = REFUSED},
	FORMERR_RAW("label of 64", ONE_QUESTION "\100" L63 "a\0\0\14\0\1"),
	FORMERR_RAW("label of unknown kind", ONE_QUESTION "\201aaaa\0\0\14\0\1"),
	{.what = "name of 255", .name = CONTRACT_LONG("a"), .type = A, .rcode = REFUSED},
	FORMERR_RAW("name of 256",
		ONE_QUESTION
		"\77" L63 "\77" L63 "\77" L63
		"\76abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij\0" PTR_IN),
	FORMERR_RAW("pointer to itself", ONE_QUESTION "\300\14" PTR_IN),
	FORMERR_RAW("pointer to the start of its name", ONE_QUESTION "\1a\300\14" PTR_IN),
	FORMERR_RAW("pointer forward", ONE_QUESTION "\3007\113\300\20\0" PTR_IN),
	FORMERR_RAW("pointer into the header", ONE_QUESTION "\1a\300\4" PTR_IN),
	/* opcodes */
	OPCODE_ROW(1),
	OPCODE_ROW(2),
	OPCODE_ROW(3),
	OPCODE_ROW(4),
	OPCODE_ROW(5),
	OPCODE_ROW(6),
	OPCODE_ROW(7),
	OPCODE_ROW(8),
	OPCODE_ROW(9),
	OPCODE_ROW(10),
	OPCODE_ROW(11),
	OPCODE_ROW(12),
	OPCODE_ROW(13),
	OPCODE_ROW(14),
	OPCODE_ROW(15),
	{.what = "UPDATE with a record and OPT",
		.name = ZONE,
		.type = SOA,
		.flags = OPCODE(5),
		MIDDLE(A_RECORD),
		.ns = 1,
		.edns = true,
		.rcode = NOTIMP,
		.no_question = true,
		.ede = EDE_NOT_SUPPORTED},
	{.what = "NOTIFY with a broken OPT",
		.name = ZONE,
		.type = SOA,
		.flags = OPCODE(4),
		BEHIND("\0\0\51\4\xd0\0\0\0\0\0\1"),
		.ar = 1,
		.rcode = NOTIMP,
		.no_question = true},
	/* classes */
	{.what = "class ANY", NAMED, .class = CLASS_ANY, .answer = RECORD},
	{.what = "class ANY, negative",
		.name = "11." ZONE,
		.type = PTR,
		.class = CLASS_ANY,
		.rcode = NXDOMAIN,
		.authority = NEGATIVE(ZONE)},
	{.what = "class ANY, IPv6",
		.name = NAME6,
		.type = PTR,
		.class = CLASS_ANY,
		.answer = RECORD6},
	CLASS_ROW(2),
	CLASS_ROW(CLASS_HS),
	CLASS_ROW(CLASS_NONE),
	CLASS_ROW(256),
	CLASS_ROW(65535),
	CHAOS("version.bind.", CONTRACT_VERSION),
	CHAOS("version.server.", CONTRACT_VERSION),
	CHAOS("hostname.bind.", CONTRACT_HOSTNAME),
	CHAOS("VeRSion.BinD.", CONTRACT_VERSION),
	{.what = "CH TXT with EDNS",
		.name = "version.bind.",
		.type = TXT,
		.class = CLASS_CH,
		.edns = true,
		.answer = "version.bind. 0 CH TXT \"" CONTRACT_VERSION "\"\n"},
	{.what = "CH TXT id.server, no text",
		.name = "id.server.",
		.type = TXT,
		.class = CLASS_CH,
		.rcode = REFUSED,
		.edns = true,
		.ede = EDE_NOT_SUPPORTED},
	{.what = "CH TXT authors.bind",
		.name = "authors.bind.",
		.type = TXT,
		.class = CLASS_CH,
		.rcode = REFUSED},
	{.what = "CH TXT x.version.bind",
		.name = "x.version.bind.",
		.type = TXT,
		.class = CLASS_CH,
		.rcode = REFUSED},
	{.what = "CH PTR of an address", NAMED, .class = CLASS_CH, .rcode = REFUSED},
	{.what = "CH root", .name = ".", .type = NS, .class = CLASS_CH, .rcode = REFUSED},
	{.what = "IN TXT version.bind", .name = "version.bind.", .type = TXT, .rcode = REFUSED},
	/* transfers */
	{.what = "AXFR", .name = ZONE, .type = AXFR, .rcode = REFUSED},
	{.what = "AXFR with EDNS",
		.name = ZONE,
		.type = AXFR,
		.rcode = REFUSED,
		.edns = true,
		.ede = EDE_PROHIBITED},
	{.what = "AXFR elsewhere", .name = "example.com.", .type = AXFR, .rcode = REFUSED},
	{.what = "IXFR", .name = ZONE, .type = IXFR, MIDDLE(SOA_RECORD), .ns = 1, .rcode = REFUSED},
	{.what = "IXFR with EDNS",
		.name = ZONE,
		.type = IXFR,
		MIDDLE(SOA_RECORD),
		.ns = 1,
		.edns = true,
		.rcode = REFUSED,
		.ede = EDE_PROHIBITED},
	{.what = "IXFR without SOA", .name = ZONE, .type = IXFR, .rcode = REFUSED},
	{.what = "IXFR with another record",
		.name = ZONE,
		.type = IXFR,
		MIDDLE(A_RECORD),
		.ns = 1,
		.rcode = FORMERR},
	{.what = "IXFR with two SOA",
		.name = ZONE,
		.type = IXFR,
		MIDDLE(SOA_RECORD SOA_RECORD),
		.ns = 2,
		.rcode = FORMERR},
	{.what = "AXFR with an SOA",
		.name = ZONE,
		.type = AXFR,
		MIDDLE(SOA_RECORD),
		.ns = 1,
		.rcode = FORMERR},
};

const struct contract_rows contract_message_rows = ROWS(rows);
