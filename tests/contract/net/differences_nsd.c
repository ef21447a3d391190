/*
 * Where NSD (4.6) answers otherwise.
 */
#include "differences.h"

#define OPEN6_NAME "d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa."
#define OPEN6 "no zone file holds every address of an IPv6 prefix whose unbound addresses answer"
#define RCODE_IN_QUERY                                                                             \
	"an RCODE in a query is malformed for it; here that field means nothing in a query"
#define TCP_SHORT "over TCP it ends the connection on a message too short for a question"
#define COOKIE_QUERY                                                                               \
	"it answers NOERROR to any OPT without a question; here only a valid cookie gets "         \
	"that (RFC 7873 section 5.4)"
#define FORMERR_OPT                                                                                \
	"it has no OPT in a FORMERR; here one OPT that was read is answered (RFC 6891 "            \
	"section 7)"
#define ERROR_QUESTION "it answers with the header alone; here a question that was read is repeated"
#define ADDITIONAL                                                                                 \
	"it takes no additional records but OPT and TSIG; here what is not looked at is "          \
	"passed over"
#define NOTIMP_FLAGS "it copies flags to NOTIMP, the reserved one too; here every flag is clear"
#define NOTIMP_OPT "it has no OPT, and so no options, on NOTIMP and for NOTIFY"
#define EDE "it tells no extended error (RFC 8914) there"
#define NOTIFY "it does NOTIFY, which this zone takes from nobody or which lacks a question"
#define CLASS_ANY_NEGATIVE                                                                         \
	"it gives a negative answer in class ANY no SOA; here it is that of class IN, "            \
	"which can be cached"
#define CH_ANY "in class CH it answers type ANY as well; here TXT alone"
#define ID_SERVER                                                                                  \
	"its identity answers id.server as well; here that has a text of its own, and "            \
	"none is configured"
#define TRANSFER                                                                                   \
	"a transfer that is not allowed: NOTIMP over UDP, NOTAUTH without the zone, "              \
	"REFUSED before anything else there; REFUSED here, if it is well-formed"
#define NON_TERMINAL                                                                               \
	"it knows that nothing is bound below the name; here every name between apex and "         \
	"address exists"
#define ANY_APEX "one RRset is enough for ANY (RFC 8482): here the PTR, there the SOA"
#define BADVERS_FLAGS "it copies the query's flags to BADVERS; here RD alone"
#define NOTIFY_FLAGS "it copies AA to its answer to NOTIFY; here every flag of NOTIMP is clear"
#define IXFR_UDP                                                                                   \
	"it answers IXFR over UDP with as much of the zone as there is room for; here with the "   \
	"SOA, which has the client come over TCP (RFC 1995 section 2)"
#define IXFR_WITHOUT_SOA                                                                           \
	"IXFR without an SOA gets what is no message; here FORMERR (RFC 1995 section 3)"
#define IXFR_BAD_SOA "it takes any RDATA for that of an SOA that is older than its own"
#define TRANSFER_CLASS_ANY                                                                         \
	"it sets AA with class ANY; such an answer is not authoritative (RFC 1035 section 6.2)"
#define BADVERS_DO "it does not copy DO to BADVERS (RFC 6891 section 6.1.4)"
#define TWICE                                                                                      \
	"an option that comes twice is answered twice, and the lengths are wrong: no "             \
	"message at all"
#define SECOND_COOKIE                                                                              \
	"it looks at the second cookie option as well, and finds it malformed; here the "          \
	"first counts"
#define KEEPALIVE "it has no keepalive option (RFC 7828)"
#define KEEPALIVE_VALUE                                                                            \
	"it does not look at the keepalive option; in a query it has no time-out (RFC "            \
	"7828 section 3.2.1)"

#define OPCODES                                                                                    \
	"opcode 1", "opcode 2", "opcode 3", "opcode 4", "opcode 5", "opcode 6", "opcode 7",        \
		"opcode 8", "opcode 9", "opcode 10", "opcode 11", "opcode 12", "opcode 13",        \
		"opcode 14", "opcode 15"
#define OPCODES_EDNS                                                                               \
	"opcode 1 with EDNS", "opcode 2 with EDNS", "opcode 3 with EDNS", "opcode 4 with EDNS",    \
		"opcode 5 with EDNS", "opcode 6 with EDNS", "opcode 7 with EDNS",                  \
		"opcode 8 with EDNS", "opcode 9 with EDNS", "opcode 10 with EDNS",                 \
		"opcode 11 with EDNS", "opcode 12 with EDNS", "opcode 13 with EDNS",               \
		"opcode 14 with EDNS", "opcode 15 with EDNS"
#define OPCODES_ALONE                                                                              \
	"opcode 1, header alone", "opcode 2, header alone", "opcode 3, header alone",              \
		"opcode 4, header alone", "opcode 5, header alone", "opcode 6, header alone",      \
		"opcode 7, header alone", "opcode 8, header alone", "opcode 9, header alone",      \
		"opcode 10, header alone", "opcode 11, header alone", "opcode 12, header alone",   \
		"opcode 13, header alone", "opcode 14, header alone", "opcode 15, header alone"

static const struct difference list[] = {
	{"both", FIELD_RCODE, "0", "3", OPEN6,
		{OPEN6_NAME " PTR", OPEN6_NAME " AAAA",
			"D.C.B.A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY",
			"d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. 1000"}},
	{"both", FIELD_ANSWER, "d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1*", "",
		OPEN6, {OPEN6_NAME " PTR"}},
	{"both", FIELD_AUTHORITY, "", "0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. 120 in soa ns1.example.*",
		OPEN6, {OPEN6_NAME " PTR"}},
	{"both", FIELD_RCODE, "0", "1", RCODE_IN_QUERY, {"an RCODE"}},
	{"both", FIELD_FLAGS, "aa ", "", RCODE_IN_QUERY, {"an RCODE"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. in ptr; ", "", RCODE_IN_QUERY,
		{"an RCODE"}},
	{"both", FIELD_ANSWER, "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ", "",
		RCODE_IN_QUERY, {"an RCODE"}},
	{"tcp", FIELD_REPLY, "yes", "none", TCP_SHORT,
		{"QDCOUNT 0", "QDCOUNT 1, no question", OPCODES_ALONE, "pointer of one byte",
			"NOTIFY without a whole question", "UPDATE, all counts 65535"}},
	{"both", FIELD_RCODE, "1", "0", COOKIE_QUERY,
		{"QDCOUNT 0 with OPT", "all flags, no question", "no question, NSID alone"}},
	{"both", FIELD_RCODE, "23", "0", COOKIE_QUERY,
		{"COOKIE_EXPIRED without a question", "COOKIE_FUTURE without a question",
			"COOKIE_FORGED without a question", "COOKIE_OTHER without a question",
			"COOKIE_VERSION without a question",
			"all flags, no question but a forged cookie"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", FORMERR_OPT,
		{"QDCOUNT 2 with OPT", "an answer record, with OPT", "an authority record",
			"ARCOUNT 2, one OPT", "additional record cut", "two OPT",
			"two OPT, one of version 1", "two OPT, the first of version 1",
			"OPT owner not the root", "OPT owner a pointer", "OPT RDATA overruns",
			"option one byte too long", "option of 65535 bytes",
			"second option overruns", "one byte of an option",
			"three bytes of an option", "one byte behind an option",
			"NSID, an answer record", "cookie of 0 bytes", "cookie of 7 bytes",
			"cookie of 9 bytes", "cookie of 15 bytes", "cookie of 41 bytes",
			"bad cookie elsewhere", "no question, cookie and a record",
			"no question, bad cookie", "an answer record and OPT, IPv6 name",
			"OPT owner a pointer to the root", "three OPT",
			"two OPT, another record between", "two OPT, CH", "two OPT, no zone",
			"version 1, an answer record", "cookie of 1 byte", "cookie of 12 bytes",
			"cookie of 48 bytes", "two cookies: the first is bad",
			"no question, cookie and an authority record",
			"no question, cookie and a record that is not there",
			"no question, version 1 and a cookie", "two questions and a cookie"}},
	{"both", FIELD_OPTIONS, "3 ", "", FORMERR_OPT, {"NSID, an answer record"}},
	{"both", FIELD_OPTIONS, "10 ", "", FORMERR_OPT,
		{"no question, cookie and a record", "no question, cookie and an authority record",
			"no question, cookie and a record that is not there",
			"two questions and a cookie"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. in ptr; ", "", ERROR_QUESTION,
		{"an answer record", "an answer record, with OPT", "an authority record",
			"ANCOUNT 1, no record", "NSCOUNT 1, no record", "ARCOUNT 1, no record",
			"ARCOUNT 2, one OPT", "OPT as an answer is none", "additional record cut",
			"additional owner points forward", "two OPT", "two OPT, one of version 1",
			"two OPT, the first of version 1", "OPT owner not the root",
			"OPT owner a pointer", "OPT RDATA overruns", "OPT without RDLENGTH",
			"option one byte too long", "option of 65535 bytes",
			"second option overruns", "one byte of an option",
			"three bytes of an option", "one byte behind an option",
			"NSID, an answer record", "cookie of 0 bytes", "cookie of 7 bytes",
			"cookie of 9 bytes", "cookie of 15 bytes", "cookie of 41 bytes"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. class2 ptr; ", "", ERROR_QUESTION,
		{"class 2", "class 2 with EDNS"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. hs ptr; ", "", ERROR_QUESTION,
		{"class CLASS_HS", "class CLASS_HS with EDNS"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. none ptr; ", "", ERROR_QUESTION,
		{"class CLASS_NONE", "class CLASS_NONE with EDNS"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. class256 ptr; ", "", ERROR_QUESTION,
		{"class 256", "class 256 with EDNS"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. class65535 ptr; ", "", ERROR_QUESTION,
		{"class 65535", "class 65535 with EDNS"}},
	{"both", FIELD_QUESTION, "113.0.203.in-addr.arpa. in axfr; ", "", ERROR_QUESTION,
		{"AXFR with an SOA"}},
	{"both", FIELD_QUESTION, "17.2.0.192.in-addr.arpa. in axfr; ", "", ERROR_QUESTION,
		{"may AXFR with an SOA"}},
	{"both", FIELD_QUESTION, "www.example.com. in a; ", "", ERROR_QUESTION,
		{"bad cookie elsewhere"}},
	{"both", FIELD_RCODE, "0", "1", ADDITIONAL,
		{"other additional records", "other additional records behind OPT",
			"no question, cookie and an additional record"}},
	{"both", FIELD_FLAGS, "aa ", "", ADDITIONAL,
		{"other additional records", "other additional records behind OPT"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. in ptr; ", "", ADDITIONAL,
		{"other additional records", "other additional records behind OPT"}},
	{"both", FIELD_ANSWER, "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ", "",
		ADDITIONAL, {"other additional records", "other additional records behind OPT"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", ADDITIONAL,
		{"other additional records", "other additional records behind OPT",
			"no question, cookie and an additional record"}},
	{"both", FIELD_FLAGS, "", "aa tc rd ra z cd ", NOTIMP_FLAGS,
		{OPCODES, "all flags, opcode"}},
	{"both", FIELD_FLAGS, "", "rd ", NOTIMP_FLAGS, {OPCODES_EDNS}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 8000", "none", NOTIMP_OPT,
		{OPCODES_EDNS, "all flags, opcode"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", NOTIMP_OPT,
		{"UPDATE with a record and OPT", "cookie, NOTIMP", "NOTIFY as a primary sends it",
			"opcode 2, version 1", "NSID, NOTIMP"}},
	{"both", FIELD_OPTIONS, "10 15 ", "", NOTIMP_OPT, {"cookie, NOTIMP"}},
	{"both", FIELD_OPTIONS, "15 ", "", EDE,
		{OPCODES_EDNS, "UPDATE with a record and OPT", "CH TXT id.server, no text",
			"NOTIFY as a primary sends it", "all flags, CH refused",
			"all flags, opcode"}},
	{"udp", FIELD_OPTIONS, "15 ", "", EDE, {"AXFR with EDNS", "may AXFR over UDP with EDNS"}},
	{"tcp", FIELD_OPTIONS, "15 ", "", EDE, {"may AXFR elsewhere with EDNS"}},
	{"both", FIELD_RCODE, "4", "5", NOTIFY,
		{"opcode 4", "opcode 4 with EDNS", "NOTIFY with a broken OPT", "cookie, NOTIMP",
			"NOTIFY as a primary sends it"}},
	{"udp", FIELD_RCODE, "4", "1", NOTIFY,
		{"opcode 4, header alone", "NOTIFY without a whole question"}},
	{"both", FIELD_AUTHORITY, "113.0.203.in-addr.arpa. 300 in soa ns1.example.net. hostm*", "",
		CLASS_ANY_NEGATIVE, {"class ANY, negative"}},
	{"both", FIELD_RCODE, "5", "0", CH_ANY,
		{"CH ANY version.bind.", "CH ANY version.server.", "CH ANY hostname.bind.",
			"CH ANY VeRSion.BinD.", "CH ANY id.server."}},
	{"both", FIELD_ANSWER, "", "version.bind. 0 ch txt \"ptrd contract\"; ", CH_ANY,
		{"CH ANY version.bind.", "CH ANY VeRSion.BinD."}},
	{"both", FIELD_ANSWER, "", "version.server. 0 ch txt \"ptrd contract\"; ", CH_ANY,
		{"CH ANY version.server."}},
	{"both", FIELD_ANSWER, "", "hostname.bind. 0 ch txt \"node.contract.example\"; ", CH_ANY,
		{"CH ANY hostname.bind."}},
	{"both", FIELD_RCODE, "5", "0", ID_SERVER,
		{"CH TXT id.server, no text", "all flags, CH refused"}},
	{"both", FIELD_ANSWER, "", "id.server. 0 ch txt \"node.contract.example\"; ", ID_SERVER,
		{"CH TXT id.server, no text"}},
	{"udp", FIELD_RCODE, "5", "4", TRANSFER, {"AXFR", "AXFR with EDNS", "AXFR elsewhere"}},
	{"tcp", FIELD_RCODE, "5", "9", TRANSFER, {"AXFR elsewhere"}},
	{"both", FIELD_RCODE, "1", "5", TRANSFER,
		{"IXFR with another record", "IXFR with two SOA"}},
	{"tcp", FIELD_FLAGS, "", "aa ", TRANSFER_CLASS_ANY, {"may AXFR, class ANY"}},
	{"udp", FIELD_ANSWER, "113.0.203.in-addr.arpa. 3600 in soa ns1.example.net. host*",
		"10.113.0.203.in-addr.arpa. 600 in ptr *", IXFR_UDP, {"may IXFR over UDP"}},
	{"both", FIELD_REPLY, "yes", "garbage", IXFR_WITHOUT_SOA, {"may IXFR without SOA"}},
	{"both", FIELD_RCODE, "1", "0", IXFR_BAD_SOA, {"may IXFR, SOA with a byte too few"}},
	{"both", FIELD_FLAGS, "", "aa ", IXFR_BAD_SOA, {"may IXFR, SOA with a byte too few"}},
	{"both", FIELD_ANSWER, "", "17.2.0.192.in-addr.arpa. 2147483647 in ptr *", IXFR_BAD_SOA,
		{"may IXFR, SOA with a byte too few"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 8000", "version 0 size 1232 flags 0000",
		BADVERS_DO, {"version 1, DO", "all flags, BADVERS"}},
	{"both", FIELD_REPLY, "yes", "garbage", TWICE,
		{"NSID twice", "two cookies: the first counts", "two cookies: the first is good"}},
	{"both", FIELD_RCODE, "0", "1", SECOND_COOKIE, {"a bad cookie behind a good one"}},
	{"both", FIELD_FLAGS, "aa ", "", SECOND_COOKIE, {"a bad cookie behind a good one"}},
	{"both", FIELD_QUESTION, "7.113.0.203.in-addr.arpa. in ptr; ", "", SECOND_COOKIE,
		{"a bad cookie behind a good one"}},
	{"both", FIELD_ANSWER, "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ", "",
		SECOND_COOKIE, {"a bad cookie behind a good one"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", SECOND_COOKIE,
		{"a bad cookie behind a good one"}},
	{"both", FIELD_OPTIONS, "10 ", "", SECOND_COOKIE, {"a bad cookie behind a good one"}},
	{"tcp", FIELD_OPTIONS, "11 ", "", KEEPALIVE, {"keepalive"}},
	{"tcp", FIELD_OPTIONS, "3 10 11 ", "3 10 ", KEEPALIVE, {"keepalive, NSID and cookie"}},
	{"tcp", FIELD_RCODE, "1", "0", KEEPALIVE_VALUE, {"keepalive with a value"}},
	{"tcp", FIELD_FLAGS, "", "aa ", KEEPALIVE_VALUE, {"keepalive with a value"}},
	{"tcp", FIELD_ANSWER, "", "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ",
		KEEPALIVE_VALUE, {"keepalive with a value"}},
	{"both", FIELD_RCODE, "0", "3", NON_TERMINAL,
		{"9.158.80.in-addr.arpa. PTR", "0.158.80.in-addr.arpa. PTR",
			"255.158.80.in-addr.arpa. PTR", "0.6.0.0.0.a.0.a.2.ip6.arpa. PTR",
			"9.9.0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa. A",
			"F.e.0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR"}},
	{"both", FIELD_RCODE, "0", "3", OPEN6, {"1.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR"}},
	{"both", FIELD_ANSWER, "*in ptr*", "*in soa*", ANY_APEX,
		{"17.2.0.192.in-addr.arpa. ANY",
			"9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY"}},
	{"both", FIELD_ANSWER, "?*", "", OPEN6,
		{"D.C.B.A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY"}},
	{"both", FIELD_AUTHORITY, "", "?*", OPEN6,
		{"D.C.B.A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY"}},
	{"both", FIELD_QUESTION, "?*", "", ERROR_QUESTION,
		{"an authority record, without OPT", "an SOA as for IXFR, but type PTR",
			"an answer record and an authority record", "ANCOUNT 65535",
			"NSCOUNT 65535", "ARCOUNT 65535", "all flags, an answer record",
			"all flags, two OPT", "OPT owner a pointer to the root", "three OPT",
			"two OPT, another record between", "version 1, an answer record",
			"cookie of 1 byte", "cookie of 12 bytes", "cookie of 48 bytes",
			"two cookies: the first is bad", "an answer record and OPT, IPv6 name",
			"an answer record in class CH", "two OPT, CH", "an answer record, no zone",
			"two OPT, no zone", "empty label in the middle", "class 0",
			"all flags, class", "NSID, class"}},
	{"both", FIELD_FLAGS, "", "aa ", NOTIFY_FLAGS, {"NOTIFY as a primary sends it"}},
	{"both", FIELD_AUTHORITY, "?*", "", CLASS_ANY_NEGATIVE, {"class ANY, NODATA"}},
	{"both", FIELD_ANSWER, "", "?*", CH_ANY, {"CH ANY id.server."}},
	{"both", FIELD_ANSWER, "", "?*", ID_SERVER, {"all flags, CH refused"}},
	{"both", FIELD_FLAGS, "rd ", "aa tc rd ra z cd ", BADVERS_FLAGS, {"all flags, BADVERS"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 8000", "none", FORMERR_OPT,
		{"all flags, an answer record", "all flags, two OPT"}},
	{"both", FIELD_OPTIONS, "3 15 ", "", NOTIMP_OPT, {"NSID, NOTIMP"}},
	{"both", FIELD_OPTIONS, "10 ", "", ADDITIONAL,
		{"no question, cookie and an additional record"}},
};

const struct peer_differences nsd_differences = DIFFERENCES("nsd", list);
