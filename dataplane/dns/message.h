/*
 * The DNS message format, RFC 1035 section 4: fields, codes, and readers of names and records that
 * never read past the message.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum dns_opcode {
	OPCODE_QUERY = 0
};

/* RCODEs, 12 bits with EDNS: RFC 1035 section 4.1.1, RFC 6891 section 9. */
enum dns_rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_NOTAUTH = 9, /* RFC 2136 section 2.2, RFC 5936 section 2.2.1 */
	RCODE_BADVERS = 16,
	RCODE_BADCOOKIE = 23, /* RFC 7873 section 8 */
};

enum dns_type {
	TYPE_NS = 2,
	TYPE_CNAME = 5,
	TYPE_SOA = 6,
	TYPE_PTR = 12,
	TYPE_TXT = 16,
	TYPE_OPT = 41,
	TYPE_DS = 43,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_ANY = 255,
};

enum dns_class {
	CLASS_IN = 1,
	CLASS_CH = 3,
	CLASS_ANY = 255
};

/* Offsets in the header. */
enum {
	HEADER_FLAGS = 2,
	HEADER_QDCOUNT = 4,
	HEADER_ANCOUNT = 6,
	HEADER_NSCOUNT = 8,
	HEADER_ARCOUNT = 10
};

/* The flags word. */
enum {
	FLAG_QR = 0x8000,
	FLAG_OPCODE = 0x7800,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_OPCODE_SHIFT = 11,
};

#define SOA_NUMBERS_SIZE 20  /* bytes of an SOA's RDATA behind its two names */
#define RR_FIXED_SIZE 10     /* type, class, TTL and RDLENGTH, bytes */
#define RR_HEAD_SIZE 12      /* the same behind an owner that is a compression pointer */
#define POINTER_QNAME 0xc00c /* compression pointer to the name of the question */

/*
 * Offset behind the name at `at` of a message of `len` bytes; 0 if it is malformed: a label longer
 * than 63 bytes or of unknown kind, more than 255 bytes, the end of the message within it. With
 * `pointers` it may end in a compression pointer that points back (RFC 1035 section 4.1.4), which
 * is not followed.
 */
unsigned message_name_end(const uint8_t *msg, unsigned len, unsigned at, bool pointers);

struct message_record {
	unsigned owner; /* offset */
	uint16_t type, class;
	uint32_t ttl;
	unsigned rdata; /* offset */
	uint16_t rdlength;
	bool overrun; /* the RDATA ends behind the message */
};

/* Reads the record at `at`. Returns false if the message ends before its RDATA, or its owner is
 * malformed. */
bool message_record(struct message_record *record, const uint8_t *msg, unsigned len, unsigned at);
