/*
 * The tables behind cases.h, one for each part of the contract, and the words that they are written
 * in.
 */
#pragma once

#include "cases.h"
#include "world.h"

struct contract_rows {
	const struct contract_case *rows;
	size_t count;
};

extern const struct contract_rows contract_ipv4_rows, contract_ipv6_rows, contract_sizes_rows,
	contract_message_rows, contract_flags_rows, contract_transfer_rows, contract_edns_rows,
	contract_cookie_rows;

#define ROWS(table)                                                                                \
	{                                                                                          \
		table, sizeof(table) / sizeof((table)[0])                                          \
	}

enum {
	A = 1,
	NS = 2,
	CNAME = 5,
	SOA = 6,
	PTR = 12,
	MX = 15,
	TXT = 16,
	AAAA = 28,
	OPT = 41,
	DS = 43,
	DNSKEY = 48,
	TKEY = 249,
	TSIG = 250,
	IXFR = 251,
	AXFR = 252,
	MAILB = 253,
	MAILA = 254,
	ANY = 255
};

enum {
	CLASS_CH = 3,
	CLASS_HS = 4,
	CLASS_NONE = 254,
	CLASS_ANY = 255
};

enum {
	NOERROR = 0,
	FORMERR = 1,
	NXDOMAIN = 3,
	NOTIMP = 4,
	REFUSED = 5,
	NOTAUTH = 9,
	BADVERS = 16,
	BADCOOKIE = 23
};

/* Bits of the flags word. */
enum {
	QR = 0x8000,
	AA = 0x0400,
	TC = 0x0200,
	RD = 0x0100,
	RA = 0x0080,
	Z = 0x0040,
	AD = 0x0020,
	CD = 0x0010
};
#define OPCODE(number) ((number) << 11)

/* RFC 8914 */
enum {
	EDE_PROHIBITED = 18,
	EDE_NOT_AUTHORITATIVE = 20,
	EDE_NOT_SUPPORTED = 21
};

#define BYTES(text) text, sizeof(text) - 1

#define SOA_RDATA "ns1.example.net. hostmaster.example.net. * 3600 900 604800 300\n"
#define NEGATIVE(apex) apex " 300 IN SOA " SOA_RDATA
#define SOA_OF(apex) apex " 3600 IN SOA " SOA_RDATA
#define NS_OF(apex) apex " 7200 IN NS ns1.example.net.\n" apex " 7200 IN NS ns2.example.net.\n"
#define PTR_OF(name, ttl, target) name " " ttl " IN PTR " target "\n"

/* Rows whose query is plain but for the name and type. */
#define ANSWER(n, t, records)                                                                      \
	{                                                                                          \
		.what = n " " #t, .name = n, .type = t, .reply_flags = AA, .answer = records       \
	}
#define NODATA_IN(n, t, soa)                                                                       \
	{                                                                                          \
		.what = n " " #t, .name = n, .type = t, .reply_flags = AA, .authority = soa        \
	}
#define NXDOMAIN_IN(n, t, soa)                                                                     \
	{                                                                                          \
		.what = n " " #t, .name = n, .type = t, .rcode = NXDOMAIN, .reply_flags = AA,      \
		.authority = soa                                                                   \
	}
#define REFUSED_AT(n, t)                                                                           \
	{.what = n " " #t, .name = n, .type = t, .rcode = REFUSED},                                \
	{                                                                                          \
		.what = n " " #t " with EDNS", .name = n, .type = t, .rcode = REFUSED,             \
		.edns = true, .ede = EDE_NOT_AUTHORITATIVE                                         \
	}
