/*
 * Names under ip6.arpa.
 */
#include "rows.h"

#define ARPA "ip6.arpa."
#define EU "0.0.1.0.8.b.d.0.1.0.0.2." ARPA
#define OPEN "0.0.2.0.8.b.d.0.1.0.0.2." ARPA
#define OPEN_SOA OPEN " 120 IN SOA ns1.example.net. hostmaster.example.net. * 3600 900 604800 900\n"
#define NIL4 "0.0.0.0."
#define NIL16 NIL4 NIL4 NIL4 NIL4
/* the last group of an address whose others behind the /48 are zero */
#define LOW(last) last NIL16
#define TINY(last) last ".0.0.0." NIL16 "0.0.3.0.8.b.d.0.1.0.0.2." ARPA
#define WIDE(last) last ".0.0.0.a.0.a.2." ARPA /* 2a0a:4::/30 as /32 zones */
#define FULL "0.f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.f.f.f.f." EU
#define F4 "f.f.f.f."
#define LAST F4 F4 F4 F4 F4 F4 WIDE("7")
#define DEFAULT6(hex) "ecs-" hex ".compute.example.com."

static const struct contract_case rows[] = {
	/* bound addresses */
	ANSWER(LOW("7.0.0.0.") EU, PTR, PTR_OF(LOW("7.0.0.0.") EU, "600", "mail6.example.org.")),
	ANSWER(LOW("7.0.0.0.") EU, ANY, PTR_OF(LOW("7.0.0.0.") EU, "600", "mail6.example.org.")),
	ANSWER(LOW("8.0.0.0.") EU, PTR,
		PTR_OF(LOW("8.0.0.0.") EU, "300",
			DEFAULT6("2001-0db8-0100-0000-0000-0000-0000-0008"))),
	ANSWER(LOW("8.0.0.0.") EU, ANY,
		PTR_OF(LOW("8.0.0.0.") EU, "300",
			DEFAULT6("2001-0db8-0100-0000-0000-0000-0000-0008"))),
	ANSWER(FULL, PTR,
		PTR_OF(FULL, "60", "a.example.org.") PTR_OF(FULL, "60", "b.example.org.")),
	ANSWER(LAST, PTR, PTR_OF(LAST, "600", "last.example.org.")),
	ANSWER("1.0.0.0." NIL4 NIL16 WIDE("4"), PTR,
		PTR_OF("1.0.0.0." NIL4 NIL16 WIDE("4"), "300",
			DEFAULT6("2a0a-0004-0000-0000-0000-0000-0000-0001"))),
	{.what = "letters of any case",
		.name = "0.F.e.D.c.B.a.9.8.7.6.5.4.3.2.1.F.f.F.f.0.0.1.0.8.B.d.0.1.0.0.2.iP6.ArPA.",
		.type = ANY,
		.reply_flags = AA,
		.answer = PTR_OF("0.F.e.D.c.B.a.9.8.7.6.5.4.3.2.1.F.f.F.f.0.0.1.0.8.B.d.0.1.0.0.2."
				 "iP6.ArPA.",
			"60", "a.example.org.")
			PTR_OF("0.F.e.D.c.B.a.9.8.7.6.5.4.3.2.1.F.f.F.f.0.0.1.0.8.B.d.0.1.0.0.2."
			       "iP6.ArPA.",
				"60", "b.example.org.")},
	NODATA_IN(LOW("7.0.0.0.") EU, A, NEGATIVE(EU)),
	NODATA_IN(LOW("7.0.0.0.") EU, AAAA, NEGATIVE(EU)),
	NODATA_IN(LOW("7.0.0.0.") EU, SOA, NEGATIVE(EU)),
	NODATA_IN(LOW("7.0.0.0.") EU, NS, NEGATIVE(EU)),
	NODATA_IN(LOW("7.0.0.0.") EU, 1000, NEGATIVE(EU)),
	NODATA_IN(LOW("7.0.0.0.") EU, MX, NEGATIVE(EU)),
	NODATA_IN(LOW("7.0.0.0.") EU, MAILB, NEGATIVE(EU)),
	NODATA_IN(LOW("8.0.0.0.") EU, TXT, NEGATIVE(EU)),
	NODATA_IN(LOW("8.0.0.0.") EU, A, NEGATIVE(EU)),
	NODATA_IN(LOW("8.0.0.0.") EU, MX, NEGATIVE(EU)),
	NODATA_IN(LOW("8.0.0.0.") EU, 1000, NEGATIVE(EU)),
	NODATA_IN(LAST, TXT, NEGATIVE(WIDE("7"))),
	/* addresses that are not bound */
	NXDOMAIN_IN(LOW("9.0.0.0.") EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN(LOW("9.0.0.0.") EU, ANY, NEGATIVE(EU)),
	NXDOMAIN_IN(LOW("0.0.0.0.") EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN(F4 F4 F4 F4 F4 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("1.0.0.0." NIL4 NIL16 WIDE("5"), PTR, NEGATIVE(WIDE("5"))),
	ANSWER(LOW("1.0.0.0.") OPEN, PTR, PTR_OF(LOW("1.0.0.0.") OPEN, "1", "mail6.example.org.")),
	ANSWER(LOW("d.c.b.a.") OPEN, PTR,
		PTR_OF(LOW("d.c.b.a.") OPEN, "600",
			"static-abcd-0000-0000-0000-0000-0200-0db8-2001.open.example.com.")),
	ANSWER(LOW("D.C.B.A.") OPEN, ANY,
		PTR_OF(LOW("D.C.B.A.") OPEN, "600",
			"static-abcd-0000-0000-0000-0000-0200-0db8-2001.open.example.com.")),
	NODATA_IN(LOW("d.c.b.a.") OPEN, AAAA, OPEN_SOA),
	NODATA_IN(LOW("d.c.b.a.") OPEN, 1000, OPEN_SOA),
	NXDOMAIN_IN("1." LOW("d.c.b.a.") OPEN, PTR, OPEN_SOA),
	NXDOMAIN_IN("g.c.b.a." NIL16 OPEN, PTR, OPEN_SOA),
	/* names that are no address */
	NXDOMAIN_IN("1." LOW("7.0.0.0.") EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("www." LOW("9.0.0.0.") EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("g.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("07.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("0007." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("7.0.0.x." NIL16 EU, PTR, NEGATIVE(EU)),
	/* no nibbles: two characters, none, the bytes beside the digits and the letters */
	NXDOMAIN_IN("ab.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("70.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("0x7.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("7.0.00.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("7.0.0.0." NIL4 NIL4 NIL4 "0.0.0.ab." EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("ab." EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("ff." EU, ANY, NEGATIVE(EU)),
	NXDOMAIN_IN("/.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN(":.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("\\064.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("G.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("`.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("\\023.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)), /* 7 but for one bit */
	NXDOMAIN_IN("\\000.0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("g.f." EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("f.g." EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN(CONTRACT_L63 "." LOW("7.0.0.0.") EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("x." EU, PTR, NEGATIVE(EU)),
	NXDOMAIN_IN("-." EU, ANY, NEGATIVE(EU)),
	/* apexes, and names between them and the addresses */
	ANSWER(EU, SOA, SOA_OF(EU)),
	ANSWER(EU, ANY, SOA_OF(EU)),
	ANSWER(EU, NS, NS_OF(EU)),
	NODATA_IN(EU, PTR, NEGATIVE(EU)),
	NODATA_IN(EU, DS, NEGATIVE(EU)),
	NODATA_IN(EU, A, NEGATIVE(EU)),
	NODATA_IN(EU, TXT, NEGATIVE(EU)),
	NODATA_IN(EU, 1000, NEGATIVE(EU)),
	ANSWER(OPEN, SOA, OPEN_SOA),
	ANSWER(OPEN, NS, OPEN " 7200 IN NS ns1.example.net.\n"),
	ANSWER(OPEN, ANY, OPEN_SOA),
	NODATA_IN(OPEN, PTR, OPEN_SOA),
	/* a /30: four zones */
	ANSWER(WIDE("4"), SOA, SOA_OF(WIDE("4"))),
	ANSWER(WIDE("4"), NS, NS_OF(WIDE("4"))),
	ANSWER(WIDE("5"), SOA, SOA_OF(WIDE("5"))),
	ANSWER(WIDE("6"), NS, NS_OF(WIDE("6"))),
	ANSWER(WIDE("7"), NS, NS_OF(WIDE("7"))),
	NODATA_IN(WIDE("5"), PTR, NEGATIVE(WIDE("5"))),
	NODATA_IN("0." WIDE("6"), PTR, NEGATIVE(WIDE("6"))),
	ANSWER(WIDE("5"), NS, NS_OF(WIDE("5"))),
	ANSWER(WIDE("6"), SOA, SOA_OF(WIDE("6"))),
	ANSWER(WIDE("7"), SOA, SOA_OF(WIDE("7"))),
	NODATA_IN("f." EU, PTR, NEGATIVE(EU)),
	NODATA_IN(F4 EU, NS, NEGATIVE(EU)),
	NODATA_IN("0.0.0." NIL16 EU, PTR, NEGATIVE(EU)),
	NODATA_IN("0.0.0." NIL16 EU, ANY, NEGATIVE(EU)),
	NODATA_IN("0.0.0." NIL16 EU, SOA, NEGATIVE(EU)),
	NODATA_IN("0.0.0." NIL16 EU, 1000, NEGATIVE(EU)),
	NODATA_IN("9.9." EU, A, NEGATIVE(EU)), /* nothing is bound below it */
	NODATA_IN("F.e." EU, PTR, NEGATIVE(EU)),
	NODATA_IN("1." OPEN, PTR, OPEN_SOA),
	/* single addresses */
	ANSWER(TINY("9"), PTR, PTR_OF(TINY("9"), "2147483647", "mail6.example.org.")),
	ANSWER(TINY("a"), PTR,
		PTR_OF(TINY("a"), "300",
			"2001-0db8-0300-0000-0000-0000-0000-000a.compute.example.com.")),
	ANSWER(TINY("9"), SOA, SOA_OF(TINY("9"))),
	ANSWER(TINY("b"), NS, NS_OF(TINY("b"))),
	NODATA_IN(TINY("9"), AAAA, NEGATIVE(TINY("9"))),
	NODATA_IN(TINY("8"), PTR, NEGATIVE(TINY("8"))),
	ANSWER(TINY("8"), SOA, SOA_OF(TINY("8"))),
	ANSWER(TINY("8"), ANY, SOA_OF(TINY("8"))),
	ANSWER(TINY("9"), ANY, PTR_OF(TINY("9"), "2147483647", "mail6.example.org.")),
	ANSWER(TINY("9"), NS, NS_OF(TINY("9"))),
	NXDOMAIN_IN("1." TINY("8"), PTR, NEGATIVE(TINY("8"))),
	REFUSED_AT(TINY("09"), PTR),
	NXDOMAIN_IN("1." TINY("9"), PTR, NEGATIVE(TINY("9"))),
	REFUSED_AT(TINY("7"), PTR),
	REFUSED_AT(TINY("c"), PTR),
	/* no zone of ours */
	REFUSED_AT(ARPA, SOA),
	REFUSED_AT("2." ARPA, PTR),
	REFUSED_AT("0.1.0.8.b.d.0.1.0.0.2." ARPA, SOA),
	REFUSED_AT(WIDE("3"), SOA),
	REFUSED_AT(WIDE("8"), SOA),
	REFUSED_AT(LOW("7.0.0.0.") "1.0.1.0.8.b.d.0.1.0.0.2." ARPA, PTR),
	REFUSED_AT("x.0.1.0.8.b.d.0.1.0.0.2." ARPA, PTR),
	REFUSED_AT(EU "example.", PTR),
	REFUSED_AT("7.0.0.0." NIL16 "0.0.1.0.8.b.d.0.1.0.0.2.xip6.arpa.", PTR),
	REFUSED_AT("7.0.0.0." NIL16 "0.0.1.0.8.b.d.0.1.0.0.2.in-addr.arpa.", PTR),
	REFUSED_AT("7.0.0.0." NIL16 "0.0.1.0.8.b.d.0.1.0.0.2.ip\\022.arpa.", PTR),
	/* a region that is detached, with a bound address */
	REFUSED_AT("7.0.0.0." NIL16 "0.0.4.0.8.b.d.0.1.0.0.2." ARPA, PTR),
	REFUSED_AT("0.0.4.0.8.b.d.0.1.0.0.2." ARPA, SOA),
	REFUSED_AT("0.0.1.0.8.b.d.0.1.0.0.2.ip6.int.", PTR),
};

const struct contract_rows contract_ipv6_rows = ROWS(rows);
