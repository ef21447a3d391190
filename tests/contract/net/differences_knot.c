/*
 * Where Knot DNS (3.2) answers otherwise.
 */
#include "differences.h"

#define TYPE0 "it does not know type 0; here every type that a name does not have is NODATA"
#define ANY_APEX "one RRset is enough for ANY (RFC 8482): here the SOA, there the NS"
#define ANY_ADDRESS "the same where the apex is an address: here its PTR, there the NS"
#define TINY6(last) last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.0.8.b.d.0.1.0.0.2.ip6.arpa."
#define SIZE_1                                                                                     \
	"it takes an EDNS size of exactly 1 for malformed; here it counts as 512 (RFC "            \
	"6891 section 6.2.3)"
#define OPEN6_NAME "d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa."
#define OPEN6 "no zone file holds every address of an IPv6 prefix whose unbound addresses answer"
#define MALFORMED_DROPPED "it drops a message whose question it cannot read; here that is FORMERR"
#define SECTIONS "it passes over answer and authority records of a query; here they are FORMERR"
#define FORMERR_OPT                                                                                \
	"it has no OPT in a FORMERR once the records did not parse; here one OPT that "            \
	"was read is answered"
#define TRAILING                                                                                   \
	"it wants nothing but the OPT behind the question; here what is not looked at is "         \
	"passed over"
#define NOTIMP_FLAGS                                                                               \
	"it copies RD to NOTIMP; here every flag is clear, for what it means with that "           \
	"opcode is not known"
#define NOTIMP_QUESTION                                                                            \
	"here NOTIMP has no question: with that opcode the section may be another thing"
#define EDE "it tells no extended error (RFC 8914) there"
#define NOTIFY_UPDATE                                                                              \
	"it does NOTIFY and UPDATE, which this zone takes from nobody or which lack a "            \
	"question"
#define CLASS_ANY                                                                                  \
	"it sets AA with class ANY; such an answer is not authoritative (RFC 1035 "                \
	"section 6.2)"
#define ID_SERVER                                                                                  \
	"its identity answers id.server as well; here that has a text of its own, and "            \
	"none is configured"
#define TRANSFER "a transfer that is not allowed: NOTIMP over UDP and NOTAUTH there, REFUSED here"
#define TRANSFER_AA "it sets no AA on transfers; RFC 5936 section 2.2.1 wants it"
#define TRANSFER_SOA                                                                               \
	"it passes over records of a query, also of a transfer; here they are FORMERR, but for "   \
	"the SOA of IXFR"
#define VERSION_1_OPTIONS                                                                          \
	"it reads the options of an OPT of unknown version; here only the version is"
#define NSID_BADVERS "it reads the options of an OPT of unknown version; here only the version is"
#define OPT_OWNER                                                                                  \
	"it does not look at the OPT's owner, which must be the root (RFC 6891 section "           \
	"6.1.2)"
#define COOKIE_MODULE                                                                              \
	"cookies are a module there, which is not loaded: it would not answer without one"
#define COOKIE_QUERY                                                                               \
	"without its module for cookies a message without a question is malformed (RFC "           \
	"7873 section 5.4)"
#define KEEPALIVE "it has no keepalive option (RFC 7828)"
#define KEEPALIVE_VALUE                                                                            \
	"it does not look at the keepalive option; in a query it has no time-out (RFC "            \
	"7828 section 3.2.1)"
#define NON_TERMINAL                                                                               \
	"it knows that nothing is bound below the name; here every name between apex and "         \
	"address exists"
#define TC_SOA "it leaves out the SOA of a negative answer for want of room; here that is TC=1"
#define CH_NOTIMP "it has NOTIMP for types that it does not know; here class CH refuses them"
#define NOTIMP_LATER "it looks at the OPT and at the class first; here at the opcode"
#define VERSION_FIRST                                                                              \
	"it looks at the version of EDNS before the counts; here malformed is malformed"
#define COOKIE_MODULE_KEEPALIVE                                                                    \
	"it has no keepalive option (RFC 7828), and no cookies without their module"

#define OPCODES_BOTH                                                                               \
	"opcode 1", "opcode 1 with EDNS", "opcode 2", "opcode 2 with EDNS", "opcode 3",            \
		"opcode 3 with EDNS", "opcode 4", "opcode 4 with EDNS", "opcode 5",                \
		"opcode 5 with EDNS", "opcode 6", "opcode 6 with EDNS", "opcode 7",                \
		"opcode 7 with EDNS", "opcode 8", "opcode 8 with EDNS", "opcode 9",                \
		"opcode 9 with EDNS", "opcode 10", "opcode 10 with EDNS", "opcode 11",             \
		"opcode 11 with EDNS", "opcode 12", "opcode 12 with EDNS", "opcode 13",            \
		"opcode 13 with EDNS", "opcode 14", "opcode 14 with EDNS", "opcode 15",            \
		"opcode 15 with EDNS"
#define OPCODES_EDNS                                                                               \
	"opcode 1 with EDNS", "opcode 2 with EDNS", "opcode 3 with EDNS", "opcode 4 with EDNS",    \
		"opcode 5 with EDNS", "opcode 6 with EDNS", "opcode 7 with EDNS",                  \
		"opcode 8 with EDNS", "opcode 9 with EDNS", "opcode 10 with EDNS",                 \
		"opcode 11 with EDNS", "opcode 12 with EDNS", "opcode 13 with EDNS",               \
		"opcode 14 with EDNS", "opcode 15 with EDNS"

static const struct difference list[] = {
	{"both", FIELD_RCODE, "0", "4", TYPE0, {"7.113.0.203.in-addr.arpa. 0"}},
	{"both", FIELD_FLAGS, "aa ", "", TYPE0, {"7.113.0.203.in-addr.arpa. 0"}},
	{"both", FIELD_AUTHORITY, "113.0.203.in-addr.arpa. 300 in soa ns1.example.net. hostm*", "",
		TYPE0, {"7.113.0.203.in-addr.arpa. 0"}},
	{"both", FIELD_ANSWER, "113.0.203.in-addr.arpa. 3600 in soa ns1.example.net. host*",
		"113.0.203.in-addr.arpa. 7200 in ns ns1.example.net.; 113.*", ANY_APEX,
		{"113.0.203.in-addr.arpa. ANY"}},
	{"both", FIELD_ANSWER, "128/26.2.0.192.in-addr.arpa. 3600 in soa ns1.example.net.*",
		"128/26.2.0.192.in-addr.arpa. 7200 in ns ns1.example.net.;*", ANY_APEX,
		{"128/26.2.0.192.in-addr.arpa. ANY"}},
	{"both", FIELD_ANSWER, "0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa. 3600 in soa ns1.example*",
		"0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa. 7200 in ns ns1.example.*", ANY_APEX,
		{"0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY"}},
	{"both", FIELD_FLAGS, "", "aa ", ANY_APEX, {"class ANY"}},
	{"udp", FIELD_RCODE, "0", "1", SIZE_1, {"over 512, size 1 counts as 512"}},
	{"udp", FIELD_FLAGS, "aa tc ", "", SIZE_1, {"over 512, size 1 counts as 512"}},
	{"udp", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", SIZE_1,
		{"over 512, size 1 counts as 512"}},
	{"both", FIELD_RCODE, "0", "1", SIZE_1, {"size 1 counts as 512"}},
	{"both", FIELD_FLAGS, "aa ", "", SIZE_1, {"size 1 counts as 512"}},
	{"both", FIELD_ANSWER, "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ", "",
		SIZE_1, {"size 1 counts as 512"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", SIZE_1,
		{"size 1 counts as 512"}},
	{"both", FIELD_RCODE, "0", "3", OPEN6,
		{OPEN6_NAME " PTR", OPEN6_NAME " AAAA",
			"D.C.B.A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY",
			"d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. 1000"}},
	{"both", FIELD_ANSWER, "d.c.b.a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1*", "",
		OPEN6, {OPEN6_NAME " PTR"}},
	{"both", FIELD_AUTHORITY, "", "0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. 120 in soa ns1.example.*",
		OPEN6, {OPEN6_NAME " PTR"}},
	{"both", FIELD_REPLY, "yes", "none", MALFORMED_DROPPED,
		{"QDCOUNT 1, no question", "QDCOUNT 2, one question", "QDCOUNT 2, two questions",
			"QDCOUNT 65535", "QDCOUNT 2 with OPT", "question cut in a label",
			"question cut before its root", "question without type",
			"question without class", "question one byte short", "label of 64",
			"label of unknown kind", "name of 256", "pointer to itself",
			"pointer to the start of its name", "pointer forward",
			"pointer into the header", "all counts 65535", "extended label",
			"name of 256, short labels", "name of 256, below the zone",
			"name without end", "pointer of one byte", "pointer behind the question",
			"pointer behind the message", "pointer at the end of our name",
			"NOTIFY without a whole question", "UPDATE, all counts 65535",
			"two questions and a cookie"}},
	{"both", FIELD_RCODE, "1", "0", SECTIONS,
		{"an answer record", "an answer record, with OPT", "an authority record",
			"NSID, an answer record", "an authority record, without OPT",
			"an SOA as for IXFR, but type PTR", "an answer record and OPT, IPv6 name",
			"an answer record in class CH", "an answer record and an authority record",
			"all flags, an answer record"}},
	{"both", FIELD_FLAGS, "", "aa ", SECTIONS,
		{"an answer record", "an answer record, with OPT", "an authority record",
			"NSID, an answer record", "an authority record, without OPT",
			"an SOA as for IXFR, but type PTR", "an answer record and OPT, IPv6 name",
			"an answer record and an authority record"}},
	{"both", FIELD_ANSWER, "", "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ",
		SECTIONS,
		{"an answer record", "an answer record, with OPT", "an authority record",
			"NSID, an answer record"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", FORMERR_OPT,
		{"ARCOUNT 2, one OPT", "additional record cut", "two OPT",
			"two OPT, one of version 1", "two OPT, the first of version 1",
			"OPT RDATA overruns", "option one byte too long", "option of 65535 bytes",
			"second option overruns", "one byte of an option",
			"three bytes of an option", "one byte behind an option",
			"OPT owner a pointer to the root", "three OPT",
			"two OPT, another record between", "two OPT, CH", "two OPT, no zone",
			"no question, cookie and a record that is not there"}},
	{"both", FIELD_RCODE, "0", "1", TRAILING,
		{"other additional records", "other additional records behind OPT",
			"bytes behind the last record", "an OPT that is not counted",
			"bytes behind the OPT", "bytes behind the last record, IPv6 name",
			"an answer record that is not counted"}},
	{"both", FIELD_FLAGS, "aa ", "", TRAILING,
		{"other additional records", "other additional records behind OPT",
			"bytes behind the last record", "an OPT that is not counted",
			"bytes behind the OPT", "bytes behind the last record, IPv6 name",
			"bytes behind an NXDOMAIN", "an answer record that is not counted"}},
	{"both", FIELD_ANSWER, "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ", "",
		TRAILING,
		{"other additional records", "other additional records behind OPT",
			"bytes behind the last record", "an OPT that is not counted",
			"bytes behind the OPT"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", TRAILING,
		{"other additional records", "other additional records behind OPT",
			"bytes behind the OPT"}},
	{"both", FIELD_FLAGS, "", "rd ", NOTIMP_FLAGS, {OPCODES_BOTH, "all flags, opcode"}},
	{"both", FIELD_QUESTION, "", "113.0.203.in-addr.arpa. in soa; ", NOTIMP_QUESTION,
		{OPCODES_BOTH, "UPDATE with a record and OPT", "NOTIFY with a broken OPT",
			"cookie, NOTIMP"}},
	{"both", FIELD_OPTIONS, "15 ", "", EDE,
		{OPCODES_EDNS, "UPDATE with a record and OPT", "class 2 with EDNS",
			"class CLASS_HS with EDNS", "class CLASS_NONE with EDNS",
			"class 256 with EDNS", "class 65535 with EDNS", "CH TXT id.server, no text",
			"AXFR with EDNS", "IXFR with EDNS", "NOTIFY as a primary sends it",
			"all flags, class", "all flags, CH refused", "all flags, opcode"}},
	{"udp", FIELD_OPTIONS, "15 ", "", EDE, {"may AXFR over UDP with EDNS"}},
	{"tcp", FIELD_OPTIONS, "15 ", "", EDE, {"may AXFR elsewhere with EDNS"}},
	{"both", FIELD_RCODE, "4", "9", NOTIFY_UPDATE,
		{"opcode 4", "opcode 4 with EDNS", "opcode 5", "opcode 5 with EDNS",
			"UPDATE with a record and OPT", "cookie, NOTIMP",
			"NOTIFY as a primary sends it"}},
	{"both", FIELD_RCODE, "4", "1", NOTIFY_UPDATE,
		{"opcode 4, header alone", "opcode 5, header alone", "NOTIFY with a broken OPT"}},
	{"both", FIELD_FLAGS, "", "aa ", CLASS_ANY,
		{"class ANY, negative", "class ANY, IPv6", "class ANY, NODATA",
			"class ANY, default name", "class ANY, SOA", "class ANY, NS",
			"class ANY, type ANY", "class ANY, alias"}},
	{"both", FIELD_RCODE, "5", "0", ID_SERVER,
		{"CH TXT id.server, no text", "all flags, CH refused"}},
	{"both", FIELD_ANSWER, "", "id.server. 0 ch txt \"node.contract.example\"; ", ID_SERVER,
		{"CH TXT id.server, no text"}},
	{"udp", FIELD_RCODE, "5", "4", TRANSFER, {"AXFR", "AXFR with EDNS", "AXFR elsewhere"}},
	{"tcp", FIELD_RCODE, "5", "9", TRANSFER, {"AXFR", "AXFR with EDNS", "AXFR elsewhere"}},
	{"both", FIELD_RCODE, "5", "9", TRANSFER, {"IXFR", "IXFR with EDNS", "IXFR without SOA"}},
	{"both", FIELD_RCODE, "1", "9", TRANSFER,
		{"IXFR with another record", "IXFR with two SOA"}},
	{"udp", FIELD_RCODE, "1", "4", TRANSFER, {"AXFR with an SOA"}},
	{"tcp", FIELD_RCODE, "1", "9", TRANSFER, {"AXFR with an SOA"}},
	{"tcp", FIELD_FLAGS, "aa *", "*", TRANSFER_AA,
		{"may AXFR", "may AXFR with EDNS", "may AXFR, RD",
			"may AXFR a zone without addresses", "may AXFR a default name",
			"may AXFR an IPv6 address", "may AXFR an IPv6 zone",
			"may AXFR an RFC 2317 zone", "may IXFR, older"}},
	{"udp", FIELD_FLAGS, "aa ", "", TRANSFER_AA,
		{"may IXFR over UDP", "may IXFR over UDP with EDNS"}},
	{"both", FIELD_FLAGS, "aa ", "", TRANSFER_AA, {"may IXFR, newer than ours"}},
	{"udp", FIELD_RCODE, "1", "4", TRANSFER_SOA, {"may AXFR with an SOA"}},
	{"tcp", FIELD_RCODE, "1", "0", TRANSFER_SOA, {"may AXFR with an SOA"}},
	{"tcp", FIELD_ANSWER, "", "17.2.0.192.in-addr.arpa. 2147483647 in ptr *", TRANSFER_SOA,
		{"may AXFR with an SOA"}},
	{"both", FIELD_RCODE, "16", "1", VERSION_1_OPTIONS, {"version 1, options of its own kind"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 0000", "none", VERSION_1_OPTIONS,
		{"version 1, options of its own kind"}},
	{"both", FIELD_OPTIONS, "", "3 ", NSID_BADVERS, {"version 1, cookie and NSID"}},
	{"both", FIELD_RCODE, "1", "0", OPT_OWNER,
		{"OPT owner not the root", "OPT owner a pointer"}},
	{"both", FIELD_FLAGS, "", "aa ", OPT_OWNER,
		{"OPT owner not the root", "OPT owner a pointer"}},
	{"both", FIELD_ANSWER, "", "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ",
		OPT_OWNER, {"OPT owner not the root", "OPT owner a pointer"}},
	{"udp", FIELD_OPTIONS, "3 10 ", "3 ", COOKIE_MODULE, {"NSID, truncated reply"}},
	{"both", FIELD_OPTIONS, "10 ", "", COOKIE_MODULE,
		{"COOKIE_CLIENT", "COOKIE_YOUNG", "COOKIE_OLD", "COOKIE_AHEAD", "COOKIE_EXPIRED",
			"COOKIE_FUTURE", "COOKIE_ROLLED", "COOKIE_FORGED", "COOKIE_OTHER",
			"COOKIE_VERSION", "a bad cookie behind a good one",
			"two cookies: the first counts", "server cookie of 8 bytes",
			"server cookie of 32 bytes", "cookie, NXDOMAIN", "1232 and a cookie",
			"cookie of 17 bytes", "cookie of 23 bytes", "cookie of 24 bytes",
			"cookie of 25 bytes", "cookie of 32 bytes", "cookie of 39 bytes",
			"cookie of 8 bytes", "two cookies: the first is good"}},
	{"both", FIELD_RCODE, "1", "0", COOKIE_MODULE,
		{"cookie of 0 bytes", "cookie of 7 bytes", "cookie of 9 bytes",
			"cookie of 15 bytes", "cookie of 41 bytes", "cookie of 1 byte",
			"cookie of 12 bytes", "cookie of 48 bytes",
			"two cookies: the first is bad"}},
	{"both", FIELD_FLAGS, "", "aa ", COOKIE_MODULE,
		{"cookie of 0 bytes", "cookie of 7 bytes", "cookie of 9 bytes",
			"cookie of 15 bytes", "cookie of 41 bytes", "cookie of 1 byte",
			"cookie of 12 bytes", "cookie of 48 bytes",
			"two cookies: the first is bad"}},
	{"both", FIELD_ANSWER, "", "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ",
		COOKIE_MODULE,
		{"cookie of 0 bytes", "cookie of 7 bytes", "cookie of 9 bytes",
			"cookie of 15 bytes", "cookie of 41 bytes"}},
	{"both", FIELD_RCODE, "1", "5", COOKIE_MODULE, {"bad cookie elsewhere"}},
	{"both", FIELD_OPTIONS, "", "15 ", COOKIE_MODULE, {"bad cookie elsewhere"}},
	{"both", FIELD_OPTIONS, "10 15 ", "15 ", COOKIE_MODULE, {"cookie, refused"}},
	{"both", FIELD_OPTIONS, "3 10 ", "3 ", COOKIE_MODULE,
		{"cookie and NSID", "NSID, a name of 255 bytes and a cookie"}},
	{"both", FIELD_OPTIONS, "10 15 ", "", COOKIE_MODULE, {"cookie, NOTIMP"}},
	{"both", FIELD_RCODE, "0", "1", COOKIE_QUERY,
		{"COOKIE_CLIENT without a question", "COOKIE_YOUNG without a question",
			"COOKIE_OLD without a question", "COOKIE_AHEAD without a question",
			"COOKIE_ROLLED without a question", "no question, RD and cookie",
			"all flags, no question but a cookie",
			"no question, cookie and an additional record",
			"no question, cookie and NSID"}},
	{"both", FIELD_OPTIONS, "10 ", "", COOKIE_QUERY,
		{"COOKIE_CLIENT without a question", "COOKIE_YOUNG without a question",
			"COOKIE_OLD without a question", "COOKIE_AHEAD without a question",
			"COOKIE_EXPIRED without a question", "COOKIE_FUTURE without a question",
			"COOKIE_ROLLED without a question", "COOKIE_FORGED without a question",
			"COOKIE_OTHER without a question", "COOKIE_VERSION without a question",
			"no question, cookie and a record", "no question, RD and cookie",
			"all flags, no question but a cookie",
			"all flags, no question but a forged cookie",
			"no question, cookie and an authority record",
			"no question, cookie and an additional record",
			"no question, cookie and a record that is not there"}},
	{"both", FIELD_RCODE, "23", "1", COOKIE_QUERY,
		{"COOKIE_EXPIRED without a question", "COOKIE_FUTURE without a question",
			"COOKIE_FORGED without a question", "COOKIE_OTHER without a question",
			"COOKIE_VERSION without a question",
			"all flags, no question but a forged cookie"}},
	{"tcp", FIELD_OPTIONS, "11 ", "", KEEPALIVE, {"keepalive"}},
	{"tcp", FIELD_RCODE, "1", "0", KEEPALIVE_VALUE, {"keepalive with a value"}},
	{"tcp", FIELD_FLAGS, "", "aa ", KEEPALIVE_VALUE, {"keepalive with a value"}},
	{"tcp", FIELD_ANSWER, "", "7.113.0.203.in-addr.arpa. 600 in ptr mail.example.org.; ",
		KEEPALIVE_VALUE, {"keepalive with a value"}},
	{"tcp", FIELD_OPTIONS, "3 10 11 ", "3 ", COOKIE_MODULE_KEEPALIVE,
		{"keepalive, NSID and cookie"}},
	{"both", FIELD_ANSWER, "*in soa*", "*in ns*", ANY_APEX,
		{"158.80.in-addr.arpa. ANY", "100.51.198.in-addr.arpa. ANY",
			"31.2.0.192.in-addr.arpa. ANY", "0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY",
			TINY6("8") " ANY"}}, /* NOLINT(bugprone-suspicious-missing-comma) */
	{"both", FIELD_ANSWER, "*in ptr*", "*in ns*", ANY_ADDRESS,
		{"17.2.0.192.in-addr.arpa. ANY", TINY6("9") " ANY"}},
	{"both", FIELD_RCODE, "0", "3", NON_TERMINAL,
		{"9.158.80.in-addr.arpa. PTR", "0.158.80.in-addr.arpa. PTR",
			"255.158.80.in-addr.arpa. PTR", "0.6.0.0.0.a.0.a.2.ip6.arpa. PTR",
			"9.9.0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa. A",
			"F.e.0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR"}},
	{"both", FIELD_RCODE, "0", "3", OPEN6, {"1.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR"}},
	{"both", FIELD_ANSWER, "?*", "", OPEN6,
		{"D.C.B.A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY"}},
	{"both", FIELD_AUTHORITY, "", "?*", OPEN6,
		{"D.C.B.A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.8.b.d.0.1.0.0.2.ip6.arpa. ANY"}},
	{"udp", FIELD_FLAGS, "aa tc ", "aa ", COOKIE_MODULE, {"1232 and a cookie"}},
	{"udp", FIELD_FLAGS, "aa tc ", "aa ", TC_SOA, {"long SOA, NXDOMAIN", "long SOA, NODATA"}},
	{"udp", FIELD_ANSWER, "", "?*", COOKIE_MODULE, {"1232 and a cookie"}},
	{"udp", FIELD_FLAGS, "tc ", "aa tc ", CLASS_ANY, {"over 512, class ANY"}},
	{"both", FIELD_ANSWER, "", "?*", SECTIONS,
		{"an authority record, without OPT", "an SOA as for IXFR, but type PTR",
			"an answer record and an authority record", "all flags, an answer record",
			"an answer record and OPT, IPv6 name", "an answer record in class CH"}},
	{"both", FIELD_ANSWER, "", "?*", COOKIE_MODULE,
		{"cookie of 1 byte", "cookie of 12 bytes", "cookie of 48 bytes",
			"two cookies: the first is bad"}},
	{"both", FIELD_RCODE, "1", "5", SECTIONS, {"an answer record, no zone"}},
	{"both", FIELD_ANSWER, "?*", "", TRAILING,
		{"bytes behind the last record, IPv6 name",
			"an answer record that is not counted"}},
	{"both", FIELD_RCODE, "3", "1", TRAILING, {"bytes behind an NXDOMAIN"}},
	{"both", FIELD_AUTHORITY, "?*", "", TRAILING, {"bytes behind an NXDOMAIN"}},
	{"both", FIELD_RCODE, "5", "1", TRAILING, {"empty label in the middle"}},
	{"both", FIELD_QUESTION, "", "?*", NOTIMP_QUESTION,
		{"NOTIFY as a primary sends it", "opcode 2, version 1", "opcode 2, two OPT",
			"all flags, opcode", "NSID, NOTIMP",
			"opcode 2, other class and a transfer"}},
	{"both", FIELD_RCODE, "4", "5", NOTIMP_LATER, {"opcode 2, other class and a transfer"}},
	{"both", FIELD_RCODE, "4", "16", NOTIMP_LATER, {"opcode 2, version 1"}},
	{"both", FIELD_RCODE, "4", "1", NOTIMP_LATER, {"opcode 2, two OPT"}},
	{"both", FIELD_RCODE, "5", "4", CH_NOTIMP, {"CH 0 version.bind.", "CH AXFR version.bind."}},
	{"both", FIELD_FLAGS, "rd ", "aa rd ", CLASS_ANY, {"all flags, class ANY"}},
	{"both", FIELD_FLAGS, "rd ", "aa rd ", SECTIONS, {"all flags, an answer record"}},
	{"both", FIELD_ANSWER, "", "?*", ID_SERVER, {"all flags, CH refused"}},
	{"both", FIELD_EDNS, "version 0 size 1232 flags 8000", "none", FORMERR_OPT,
		{"all flags, two OPT"}},
	{"both", FIELD_RCODE, "1", "16", VERSION_FIRST,
		{"version 1, an answer record", "no question, version 1 and a cookie"}},
	{"both", FIELD_OPTIONS, "3 15 ", "3 ", EDE, {"NSID, NOTIMP", "NSID, class"}},
	{"both", FIELD_OPTIONS, "3 10 ", "3 ", COOKIE_QUERY, {"no question, cookie and NSID"}},
};

const struct peer_differences knot_differences = DIFFERENCES("knot", list);
