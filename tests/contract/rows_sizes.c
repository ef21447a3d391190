/*
 * Sizes of replies: what is sent whole, and what is truncated; each limit met exactly, and missed by
 * one byte. Keys and lengths of the records are in world.c.
 */
#include "rows.h"

#define EU "113.0.203.in-addr.arpa."
#define EU6(last) last ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa."
#define LONG "7.65.100.in-addr.arpa."

#define SHORT_PTR(c) PTR_OF("10." EU, "600", CONTRACT_SHORT(c))
#define SHORT_PTRS                                                                                 \
	SHORT_PTR("0")                                                                             \
	SHORT_PTR("1")                                                                             \
	SHORT_PTR("2")                                                                             \
	SHORT_PTR("3")                                                                             \
	SHORT_PTR("4") SHORT_PTR("5") SHORT_PTR("6") SHORT_PTR("7") SHORT_PTR("8") SHORT_PTR("9")
#define LONG_PTR(c) PTR_OF("9." EU, "600", CONTRACT_LONG(c))
#define LONG_PTRS                                                                                  \
	LONG_PTR("0")                                                                              \
	LONG_PTR("1")                                                                              \
	LONG_PTR("2")                                                                              \
	LONG_PTR("3")                                                                              \
	LONG_PTR("4") LONG_PTR("5") LONG_PTR("6") LONG_PTR("7") LONG_PTR("8") LONG_PTR("9")

/* Two names, and five, that world.c has for the address. */
#define TWO(owner, a, b) PTR_OF(owner, "60", a) PTR_OF(owner, "60", b)
#define FIVE(owner, last)                                                                          \
	PTR_OF(owner, "60", CONTRACT_LONG("0"))                                                    \
	PTR_OF(owner, "60", CONTRACT_LONG("1"))                                                    \
	PTR_OF(owner, "60", CONTRACT_LONG("2"))                                                    \
	PTR_OF(owner, "60", CONTRACT_LONG("3")) PTR_OF(owner, "60", last)
#define PTRS_512 TWO("13." EU, CONTRACT_222("a"), CONTRACT_223("b"))
#define PTRS_513 TWO("14." EU, CONTRACT_223("a"), CONTRACT_223("b"))
#define PTRS_1232 FIVE("15." EU, CONTRACT_98("a"))
#define PTRS_1233 FIVE("16." EU, CONTRACT_99("a"))
#define PTRS6_512 TWO(EU6("c"), CONTRACT_199("a"), CONTRACT_199("b"))
#define PTRS6_513 TWO(EU6("d"), CONTRACT_199("a"), CONTRACT_200("b"))
#define PTRS6_1232 FIVE(EU6("e"), CONTRACT_51("a"))
#define PTRS6_1233 FIVE(EU6("f"), CONTRACT_52("a"))

#define SOA_LONG CONTRACT_LONG("m") " " CONTRACT_LONG("r") " * 3600 900 604800 300\n"

/* An OPT that gives any size, 0 too. */
#define OPT_SIZE(high, low) "\0\0\51" high low "\0\0\0\0\0\0"
#define BEHIND(bytes) .behind = bytes, .behind_len = sizeof(bytes) - 1
#define NSID "\0\3\0\0"

/* Whole over both, `len` bytes. */
#define WHOLE(why, n, len, records)                                                                \
	.what = why, .name = n, .type = PTR, .reply_flags = AA, .answer = records, .reply_len = len
/* Truncated over UDP, whole over TCP. */
#define TOO_LONG(why, n, len, records, ...)                                                        \
	{.what = why,                                                                              \
		.over = OVER_UDP,                                                                  \
		.name = n,                                                                         \
		.type = PTR,                                                                       \
		.reply_flags = AA | TC,                                                            \
		__VA_ARGS__},                                                                      \
	{                                                                                          \
		.what = why, .over = OVER_TCP, .name = n, .type = PTR, .reply_flags = AA,          \
		.answer = records, .reply_len = len, __VA_ARGS__                                   \
	}
#define EDNS(size) .edns = true, .udp_size = size

static const struct contract_case rows[] = {
	{.what = "over 512 without EDNS",
		.over = OVER_UDP,
		.name = "10." EU,
		.type = PTR,
		.reply_flags = AA | TC},
	{.what = "over 512 without EDNS",
		.over = OVER_TCP,
		.name = "10." EU,
		.type = PTR,
		.reply_flags = AA,
		.answer = SHORT_PTRS},
	{.what = "over 512, size 1232",
		.name = "10." EU,
		.type = PTR,
		.edns = true,
		.reply_flags = AA,
		.answer = SHORT_PTRS},
	{.what = "over 512, size 4096",
		.name = "10." EU,
		.type = PTR,
		.edns = true,
		.udp_size = 4096,
		.reply_flags = AA,
		.answer = SHORT_PTRS},
	{.what = "over 512, size 512",
		.over = OVER_UDP,
		.name = "10." EU,
		.type = PTR,
		.edns = true,
		.udp_size = 512,
		.reply_flags = AA | TC},
	{.what = "over 512, size 1 counts as 512",
		.over = OVER_UDP,
		.name = "10." EU,
		.type = PTR,
		.edns = true,
		.udp_size = 1,
		.reply_flags = AA | TC},
	{.what = "size 1 counts as 512",
		.name = "7." EU,
		.type = PTR,
		.edns = true,
		.udp_size = 1,
		.reply_flags = AA,
		.answer = PTR_OF("7." EU, "600", "mail.example.org.")},
	{.what = "over 1232",
		.over = OVER_UDP,
		.name = "9." EU,
		.type = PTR,
		.edns = true,
		.udp_size = 65535,
		.reply_flags = AA | TC},
	{.what = "over 1232",
		.over = OVER_TCP,
		.name = "9." EU,
		.type = PTR,
		.edns = true,
		.reply_flags = AA,
		.answer = LONG_PTRS},
	{.what = "over 1232 without EDNS",
		.over = OVER_TCP,
		.name = "9." EU,
		.type = PTR,
		.reply_flags = AA,
		.answer = LONG_PTRS},
	/* without OPT: 512 */
	{WHOLE("512 without EDNS", "13." EU, 512, PTRS_512)},
	TOO_LONG("513 without EDNS", "14." EU, 513, PTRS_513, ),
	{WHOLE("512 without EDNS, IPv6 name", EU6("c"), 512, PTRS6_512)},
	TOO_LONG("513 without EDNS, IPv6 name", EU6("d"), 513, PTRS6_513, ),
	/* the client's size: 523 is 512 and an OPT */
	{WHOLE("523, size 523", "13." EU, 523, PTRS_512), EDNS(523)},
	TOO_LONG("523, size 522", "13." EU, 523, PTRS_512, EDNS(522)),
	TOO_LONG("523, size 512", "13." EU, 523, PTRS_512, EDNS(512)),
	TOO_LONG("523, size 511", "13." EU, 523, PTRS_512, EDNS(511)),
	{WHOLE("523, size 523, IPv6 name", EU6("c"), 523, PTRS6_512), EDNS(523)},
	TOO_LONG("523, size 522, IPv6 name", EU6("c"), 523, PTRS6_512, EDNS(522)),
	/* sizes below 512 count as that */
	TOO_LONG("523, size 0", "13." EU, 523, PTRS_512, BEHIND(OPT_SIZE("\0", "\0")), .ar = 1,
		.opt = true),
	{WHOLE("size 0", "8." EU, 0,
		 PTR_OF("8." EU, "300", "ecs-203-0-113-8.compute.example.com.")),
		BEHIND(OPT_SIZE("\0", "\0")), .ar = 1, .opt = true},
	{.what = "size 0, two names",
		.name = "12." EU,
		.type = PTR,
		BEHIND(OPT_SIZE("\0", "\0")),
		.ar = 1,
		.opt = true,
		.reply_flags = AA,
		.answer = PTR_OF("12." EU, "60", "a.example.org.") PTR_OF(
			"12." EU, "60", "b.example.org.") PTR_OF("12." EU, "60", "c.example.org.")},
	/* ours: 1232 */
	{WHOLE("1232, size 1232", "15." EU, 1232, PTRS_1232), EDNS(1232)},
	{WHOLE("1232, size 65535", "15." EU, 1232, PTRS_1232), EDNS(65535)},
	TOO_LONG("1232, size 1231", "15." EU, 1232, PTRS_1232, EDNS(1231)),
	TOO_LONG("1233, size 1233", "16." EU, 1233, PTRS_1233, EDNS(1233)),
	TOO_LONG("1233, size 65535", "16." EU, 1233, PTRS_1233, EDNS(65535)),
	{WHOLE("1232, size 1232, IPv6 name", EU6("e"), 1232, PTRS6_1232), EDNS(1232)},
	TOO_LONG("1232, size 1231, IPv6 name", EU6("e"), 1232, PTRS6_1232, EDNS(1231)),
	TOO_LONG("1233, size 4096, IPv6 name", EU6("f"), 1233, PTRS6_1233, EDNS(4096)),
	/* options count, and stay */
	TOO_LONG("1232 and NSID", "15." EU, 1232 + 4 + sizeof(CONTRACT_NSID) - 1, PTRS_1232,
		EDNS(1232), .options = NSID, .options_len = sizeof(NSID) - 1, .nsid = true),
	TOO_LONG("1232 and a cookie", "15." EU, 1232 + 4 + 24, PTRS_1232, EDNS(1232),
		.cookie = COOKIE_CLIENT, .reply_cookie = REPLY_COOKIE_FRESH),
	/* type ANY gets the RRset like type PTR, no matter what it takes */
	{.what = "ANY, size 1232",
		.name = "15." EU,
		.type = ANY,
		EDNS(1232),
		.reply_flags = AA,
		.answer = PTRS_1232,
		.reply_len = 1232},
	{.what = "ANY over 512 without EDNS",
		.over = OVER_UDP,
		.name = "10." EU,
		.type = ANY,
		.reply_flags = AA | TC},
	{.what = "ANY over 512 without EDNS",
		.over = OVER_TCP,
		.name = "10." EU,
		.type = ANY,
		.reply_flags = AA,
		.answer = SHORT_PTRS},
	{.what = "over 512, class ANY",
		.over = OVER_UDP,
		.name = "10." EU,
		.type = PTR,
		.class = CLASS_ANY,
		.reply_flags = TC},
	/* a zone whose own records are as long as they can be */
	{.what = "long SOA, NXDOMAIN",
		.over = OVER_UDP,
		.name = "1." LONG,
		.type = PTR,
		.rcode = NXDOMAIN,
		.reply_flags = AA | TC},
	{.what = "long SOA, NXDOMAIN",
		.over = OVER_TCP,
		.name = "1." LONG,
		.type = PTR,
		.rcode = NXDOMAIN,
		.reply_flags = AA,
		.authority = LONG " 300 IN SOA " SOA_LONG},
	{.what = "long SOA, NXDOMAIN with EDNS",
		.name = "1." LONG,
		.type = PTR,
		.edns = true,
		.rcode = NXDOMAIN,
		.reply_flags = AA,
		.authority = LONG " 300 IN SOA " SOA_LONG},
	{.what = "long SOA, NODATA",
		.over = OVER_UDP,
		.name = "7." LONG,
		.type = A,
		.reply_flags = AA | TC},
	{.what = "long SOA", .over = OVER_UDP, .name = LONG, .type = SOA, .reply_flags = AA | TC},
	{.what = "long SOA",
		.over = OVER_TCP,
		.name = LONG,
		.type = SOA,
		.reply_flags = AA,
		.answer = LONG " 3600 IN SOA " SOA_LONG},
	{.what = "long NS", .over = OVER_UDP, .name = LONG, .type = NS, .reply_flags = AA | TC},
	{.what = "long NS with EDNS",
		.name = LONG,
		.type = NS,
		.edns = true,
		.reply_flags = AA,
		.answer = LONG
		" 7200 IN NS " CONTRACT_LONG("m") "\n" LONG " 7200 IN NS " CONTRACT_LONG("n") "\n"},
};

const struct contract_rows contract_sizes_rows = ROWS(rows);
