/*
 * What the engine's tests share: regions with known records, queries built byte by byte, and
 * replies taken apart by ldns.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ldns/ldns.h>

#include "engine.h"
#include "image.h"

#define ADDRESS(a, b, c, d)                                                                        \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/*
 * Regions, all with SOA serial 42:
 *   eu    203.0.113.0/24 80.158.0.0/16 10.1.4.0/22
 *         custom: 203.0.113.7, 80.158.4.3 (1 name); 203.0.113.9 (10 names of 255 bytes),
 *         203.0.113.10 (10 short names)
 *         default: 203.0.113.8, 80.158.4.2, 10.1.6.1
 *   open  198.51.100.0/24, unbound addresses answer their default; custom: 198.51.100.1
 *   tiny  192.0.2.16/28; custom: 192.0.2.17; default: 192.0.2.18
 *   long  192.168.0.0/24, SOA and 13 NS names of 255 bytes; default: 192.168.0.1
 */
enum {
	EU,
	OPEN,
	TINY,
	LONG,
	REGIONS
};

struct rig {
	struct image images[REGIONS];
	struct dns_view *view;
};

/* What ask() runs the engine with, but for the view: no options configured and no limiter at
 * first. */
extern struct dns_settings ask_settings;
extern struct dns_limiter *ask_limiter;
extern uint32_t ask_now;
extern uint64_t ask_now_ms;
/* The client's address: 192.0.2.1 at first. */
extern uint8_t ask_client[16];
extern bool ask_client_ipv6;

void rig_create(struct rig *rig);
void rig_free(struct rig *rig);

/* Writes a name of exactly `len` bytes (1, or 3 to 255) on the wire. */
void wire_of_length(uint8_t *wire, unsigned len, char letter);

struct query {
	uint8_t bytes[UINT16_MAX];
	unsigned len;
};

enum {
	FLAG_NONE = 0
};
#define QUERY_ID 0xbeef

void query_header(
	struct query *q, unsigned flags, unsigned qd, unsigned an, unsigned ns, unsigned ar);
void query_bytes(struct query *q, const void *bytes, size_t len);
void query_u16(struct query *q, unsigned value);
void query_name(struct query *q, const char *text);
void query_question(struct query *q, const char *name, unsigned type, unsigned class);
/* An OPT record; `ttl` holds extended RCODE, version and flags. */
void query_opt(struct query *q, unsigned size, uint32_t ttl, const void *rdata, unsigned rdlength);
/* A whole query: header with RD, one question in class IN, no OPT. */
void query_simple(struct query *q, const char *name, unsigned type);

struct reply {
	struct dns_request request;
	uint8_t *bytes; /* request.room bytes of the heap */
	unsigned len;
	ldns_pkt *pkt; /* NULL: no reply */
};

/*
 * Runs the engine on a query and checks what holds for every reply: QR=1, the ID, RA, Z, AD and CD
 * clear, nothing left over behind the last record, the sum, the limit of its transport, one TTL in
 * each section. dns_parse() sees a heap buffer of just the query's size; the stages behind it one
 * in which all that follows the question has been overwritten.
 */
void ask(struct reply *reply, const struct dns_view *view, const struct query *q,
	enum dns_transport transport);
void reply_free(struct reply *reply);

/* Records of a section, one a line, fields separated by single spaces: to be freed. */
char *section_text(const ldns_rr_list *section);
/* Compares a section with the lines expected ("" for none). */
void assert_section(const ldns_rr_list *section, const char *expected);

/* RCODE of all 12 bits. */
unsigned reply_rcode(const struct reply *reply);
/* True if the question is that of the query, byte for byte; the query has just one. */
bool question_echoed(const struct reply *reply, const struct query *q);
