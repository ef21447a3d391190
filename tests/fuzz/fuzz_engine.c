/*
 * Any message, in any way (the first byte says which): the reply is a well-formed response to it.
 */
#include <ldns/ldns.h>

#include "checksum.h"
#include "target.h"

static alignas(64) uint8_t image[PTRD_TABLE_HEADER_SIZE + 4 * sizeof(struct ptrd_bucket) + 512];

static struct dns_view *create_view(void)
{
	static const uint8_t rr[] = "\xc0\x0c\0\14\0\1\0\0\2\x58\0\6\4mail"; /* and the root */
	struct ptrd_table table;

	target_table(&table, image, sizeof(image));
	struct ptrd_bucket *buckets = (void *)(image + PTRD_TABLE_HEADER_SIZE);
	struct ptrd_cell *cell
		= (void *)(image + PTRD_TABLE_HEADER_SIZE + 4 * sizeof(*buckets) + 32);
	const uint32_t addresses[] = {0xcb007107, 0xcb0071c8, 0x509e0402};

	/* The first has the cell, the others the default. */
	for (unsigned i = 0; i < 3; i++)
		buckets[ptrd_key4(&table, addresses[i]).bucket].slot[i]
			= (uint64_t)addresses[i] << 32 | (i == 0 ? 2 : PTRD_REF_DEFAULT);
	cell->key = addresses[0];
	cell->wire_len = sizeof(rr);
	cell->ancount = 1;
	memcpy(cell->data, rr, sizeof(rr));

	static const uint8_t address6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};
	const struct ptrd_key key = ptrd_key6(&table, address6);
	struct ptrd_cell *cell6 = (void *)((uint8_t *)cell + 8 * PTRD_GRANULE);

	buckets[key.bucket].slot[4] = (uint64_t)key.tag << 32 | PTRD_REF_IPV6 | 10;
	*cell6 = *cell;
	cell6->key = key.tag;
	cell6->flags = PTRD_CELL_IPV6;
	memcpy(cell6->data, address6, sizeof(address6));
	memcpy(cell6->data + sizeof(address6), rr, sizeof(rr));
	return target_view(&table);
}

static struct dns_limiter *create_limiter(void)
{
	const size_t size = dns_limiter_size(target_settings());
	void *memory = aligned_alloc(64, size);

	CHECK(memory != NULL);
	memset(memory, 0, size);
	dns_limiter_init(memory, target_settings());
	return memory;
}

static void check_reply(const struct dns_request *r, const uint8_t *query)
{
	ldns_pkt *pkt = NULL;

	CHECK(r->reply_len >= 12
		&& r->reply_len <= (r->transport == DNS_UDP ? r->udp_size : r->room));
	CHECK(memcmp(r->msg, query, 2) == 0);
	CHECK((r->msg[2] & 0x78) == (query[2] & 0x78));
	CHECK((r->msg[2] & 0x80) != 0 && (r->msg[3] & 0xf0) == 0);
	CHECK(memcmp(r->msg + 12, query + 12, r->question_len) == 0);
	CHECK(r->sum == checksum_sum(r->msg, r->reply_len));
	CHECK(((r->msg[2] & 2) != 0) == r->truncated);
	CHECK(ldns_wire2pkt(&pkt, r->msg, r->reply_len) == LDNS_STATUS_OK);
	ldns_pkt_free(pkt);
}

static void check_message(const struct dns_request *r, const uint8_t *message, unsigned len)
{
	ldns_pkt *pkt = NULL;

	CHECK(memcmp(message, r->msg, 2) == 0);
	CHECK(memcmp(message + 12, r->msg + 12, r->question_len) == 0);
	CHECK(ldns_wire2pkt(&pkt, message, len) == LDNS_STATUS_OK);
	CHECK(ldns_pkt_ancount(pkt) > 0);
	ldns_pkt_free(pkt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_view *view;
	static struct dns_limiter *limiter;
	struct dns_request r;

	if (view == NULL) {
		view = create_view();
		limiter = create_limiter();
	}
	if (size < 1 || size > UINT16_MAX)
		return 0;
	target_ask(view, limiter, &r, data + 1, (uint16_t)(size - 1), data[0]);
	CHECK(r.outcome < PTRD_OUTCOME_COUNT && r.outcome != PTRD_SERVFAIL);
	if (r.limited)
		CHECK((data[0] & TARGET_LIMITED) != 0 && (data[0] & TARGET_TCP) == 0
			&& r.cookie != DNS_COOKIE_VALID);
	if (r.outcome == PTRD_TRANSFER) {
		CHECK((data[0] & TARGET_TRANSFER) != 0 && (data[0] & TARGET_TCP) != 0
			&& r.reply_len == 0);
		CHECK(target_transfer(view, &r, check_message));
		free(r.msg);
		return 0;
	}
	CHECK((r.reply_len == 0)
		== (size < 13 || (data[3] & 0x80) != 0 || r.outcome == PTRD_LIMITED_DROP));
	if (r.reply_len > 0)
		check_reply(&r, data + 1);
	free(r.msg);
	return 0;
}
