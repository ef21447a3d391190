/*
 * What fuzz targets share: a view of one region, and a check that does not go away with NDEBUG.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "prefix.h"
#include "transfer.h"

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* View of 203.0.113.0/24 (a part of which is delegated), 80.158.0.0/16, 2001:db8::/32 and, as
 * 16/28.2.0.192.in-addr.arpa, 192.0.2.16/28 over `table`. */
static inline struct dns_view *target_view(const struct ptrd_table *table)
{
	static const char *const prefixes[]
		= {"203.0.113.0/24", "80.158.0.0/16", "192.0.2.16/28", "2001:db8::/32"};
	static const char *const ns_names[] = {"ns1.example.net.", "ns2.example.net."};
	const struct dns_delegation_spec delegation
		= {"203.0.113.64/26", "64/26.113.0.203.in-addr.arpa.", ns_names, 2};
	const struct dns_region_spec spec = {
		.name = "fuzz",
		.table = *table,
		.prefixes = prefixes,
		.prefixes_count = 4,
		.rfc2317 = "16/28.2.0.192.in-addr.arpa.",
		.delegations = &delegation,
		.delegations_count = 1,
		.suffix = "compute.example.com.",
		.default_name = "ecs-{address}.{suffix}",
		.default_ttl = 300,
		.soa_mname = "ns1.example.net.",
		.soa_rname = "hostmaster.example.net.",
		.soa_minimum = 300,
		.soa_ttl = 3600,
		.ns_names = ns_names,
		.ns_names_count = 2,
		.ns_ttl = 7200,
	};
	char error[DNS_VIEW_ERROR_SIZE];
	struct dns_view *view = dns_view_create(1, &spec, 1, error);

	CHECK(view != NULL);
	return view;
}

/* Lays a table over `size` bytes at `base` (64-byte aligned, a multiple of 64): two primary
 * buckets, two overflow buckets, the rest cells. */
static inline void target_table(struct ptrd_table *table, uint8_t *base, size_t size)
{
	struct ptrd_table_header *header = (void *)base;
	const char *why;

	memset(header, 0, sizeof(*header));
	header->magic = PTRD_TABLE_MAGIC;
	header->file_size = size;
	header->hash_key[0] = UINT64_C(0x9e3779b97f4a7c15);
	header->bucket_offset = PTRD_TABLE_HEADER_SIZE;
	header->bucket_count = header->overflow_count = 2;
	header->cell_offset = PTRD_TABLE_HEADER_SIZE + 4 * sizeof(struct ptrd_bucket);
	header->cell_size = size - header->cell_offset;
	CHECK(ptrd_table_map(table, base, size, &why) == 0);
}

/* Settings with everything on. */
static inline const struct dns_settings *target_settings(void)
{
	static const struct dns_prefix clients = {.bits = 24, .first = 0xc0000200};
	static const struct dns_settings settings = {
		.transfer_to = &clients,
		.transfer_to_count = 1,
		.nsid = "fuzz",
		.nsid_len = 4,
		.version = "fuzz",
		.hostname = "fuzz.example",
		.cookie_secret = {"0123456789abcde", "fedcba987654321"},
		.cookie_secrets = 2,
		.tcp_keepalive = 100,
		.limit_rate = 2,
		.limit_slip = 2,
		.limit_ipv4 = 24,
		.limit_ipv6 = 56,
		.limit_buckets = 16,
	};

	return &settings;
}

/* Bits that say how a message comes in. */
enum {
	TARGET_TCP = 1,
	TARGET_IPV6 = 2,      /* the client's family */
	TARGET_LIMITED = 4,   /* there is a rate limiter */
	TARGET_BARE = 8,      /* nothing is configured */
	TARGET_TRANSFER = 16, /* a transfer is possible */
};

/* Runs one message through the engine, in heap blocks of just its size (parse) and its room. */
static inline void target_ask(const struct dns_view *view, struct dns_limiter *limiter,
	struct dns_request *r, const uint8_t *query, uint16_t len, unsigned how)
{
	static const struct dns_settings bare;
	const struct dns_context context = {
		.view = view,
		.settings = (how & TARGET_BARE) != 0 ? &bare : target_settings(),
		.limiter = (how & TARGET_LIMITED) != 0 ? limiter : NULL,
		.now = 1600000000,
		.now_ms = 1000,
	};
	const bool tcp = (how & TARGET_TCP) != 0;
	const uint16_t room = tcp ? DNS_REPLY_MAX : DNS_UDP_SIZE;
	uint8_t *exact = malloc(len > 0 ? len : 1);

	CHECK(exact != NULL);
	memcpy(exact, query, len);
	*r = (struct dns_request){.msg = exact,
		.len = len,
		.room = len > room ? len : room,
		.port = 40000,
		.transport = tcp ? DNS_TCP : DNS_UDP,
		.transfer_possible = (how & TARGET_TRANSFER) != 0,
		.client = {192, 0, 2, 1},
		.client_ipv6 = (how & TARGET_IPV6) != 0};
	dns_parse(&context, r, 1);
	r->msg = malloc(r->room);
	CHECK(r->msg != NULL);
	memcpy(r->msg, exact, len);
	free(exact);
	dns_route(&context, r, 1);
	dns_lookup(&context, r, 1);
	dns_write(&context, r, 1);
}

/* Runs the transfer that a request has begun, and gives each message to `check`. Returns whether the
 * zone could be copied. */
static inline bool target_transfer(const struct dns_view *view, const struct dns_request *r,
	void (*check)(const struct dns_request *r, const uint8_t *message, unsigned len))
{
	const struct dns_context context = {.view = view, .settings = target_settings()};
	size_t memory = 1 << 20;
	struct dns_transfer *transfer = dns_transfer_create(&context, r, &memory);
	uint8_t *message = malloc(DNS_TRANSFER_MESSAGE_MAX);
	const char *why;
	enum dns_transfer_state state;
	unsigned len;

	CHECK(transfer != NULL && message != NULL);
	while ((state = dns_transfer_copy(transfer, view, 100, &why)) == DNS_TRANSFER_COPYING
		|| state == DNS_TRANSFER_WAITING)
		;
	while (state == DNS_TRANSFER_COPIED
		&& (len = dns_transfer_message(transfer, message)) > 0) {
		CHECK(len <= DNS_TRANSFER_MESSAGE_MAX);
		check(r, message, len);
	}
	free(message);
	dns_transfer_free(transfer);
	CHECK(memory == 1 << 20);
	return state == DNS_TRANSFER_COPIED;
}
