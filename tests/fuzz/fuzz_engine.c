/*
 * Any message, over UDP or TCP (the first byte says which): the reply is a well-formed response to
 * it.
 */
#include <ldns/ldns.h>

#include "checksum.h"
#include "target.h"

static alignas(64) uint8_t image[PTRD_TABLE_HEADER_SIZE + 4 * sizeof(struct ptrd_bucket) + 256];

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
	cell->sum = checksum_sum(rr, sizeof(rr));
	cell->ancount = 1;
	memcpy(cell->data, rr, sizeof(rr));
	return target_view(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dns_view *view;
	struct dns_request r;
	ldns_pkt *pkt = NULL;

	if (view == NULL)
		view = create_view();
	if (size < 1 || size > UINT16_MAX)
		return 0;
	target_ask(view, &r, data + 1, (uint16_t)(size - 1), data[0] & 1);
	CHECK(r.outcome < PTRD_OUTCOME_COUNT && r.outcome != PTRD_SERVFAIL);
	CHECK((r.reply_len == 0) == (size < 13 || (data[3] & 0x80) != 0));
	if (r.reply_len > 0) {
		CHECK(r.reply_len >= 12
			&& r.reply_len <= (r.transport == DNS_UDP ? r.udp_size : r.room));
		CHECK(memcmp(r.msg, data + 1, 2) == 0);
		CHECK((r.msg[2] & 0x80) != 0 && (r.msg[3] & 0xf0) == 0);
		CHECK(memcmp(r.msg + 12, data + 13, r.question_len) == 0);
		CHECK(r.sum == checksum_sum(r.msg, r.reply_len));
		CHECK(ldns_wire2pkt(&pkt, r.msg, r.reply_len) == LDNS_STATUS_OK);
		ldns_pkt_free(pkt);
	}
	free(r.msg);
	return 0;
}
