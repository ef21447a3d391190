/*
 * Any bytes as the buckets and cells of a table, and addresses asked of it: never a read outside of
 * the table, never a write outside of the message's room.
 */
#include "target.h"

#define IMAGE_MAX 16384

#define HEADER "\0\1\1\0\0\1\0\0\0\0\0\0"
/* 0.113.0.203.in-addr.arpa PTR IN, its last octet of one digit */
static const uint8_t query4[] = HEADER "\0010\003113\0010\003203\7in-addr\4arpa\0\0\14\0\1";
/* 2001:db8::0, its last nibble of one digit */
#define EIGHT "\0010\0010\0010\0010\0010\0010\0010\0010"
static const uint8_t query6[]
	= HEADER EIGHT EIGHT EIGHT "\0018\001b\001d\0010\0011\0010\0010\0012\3ip6\4arpa\0\0\14\0\1";
#define QUERY_DIGIT 13

static void ask_digit(
	const struct dns_view *view, const uint8_t *query, uint16_t len, unsigned digit)
{
	struct dns_request r;
	uint8_t msg[sizeof(query6)];

	memcpy(msg, query, len);
	msg[QUERY_DIGIT] = (uint8_t)('0' + digit);
	target_ask(view, NULL, &r, msg, len, TARGET_TCP);
	CHECK(r.outcome == PTRD_NXDOMAIN || r.outcome == PTRD_PTR_DEFAULT
		|| r.outcome == PTRD_PTR_CUSTOM || r.outcome == PTRD_SERVFAIL);
	CHECK(r.reply_len >= len && r.reply_len <= r.room);
	free(r.msg);
}

/* RRs fill the message to its end, whatever their RDATA. */
static void check_message(const struct dns_request *r, const uint8_t *message, unsigned len)
{
	unsigned at = 12u + r->question_len;

	for (unsigned i = 0; i < (unsigned)(message[6] << 8 | message[7]); i++) {
		while (message[at] != 0 && message[at] < 0xc0)
			at += 1u + message[at];
		at += message[at] == 0 ? 1 : 2;
		at += 10u + (unsigned)(message[at + 8] << 8 | message[at + 9]);
		CHECK(at <= len);
	}
	CHECK(at == len);
}

static void transfer(const struct dns_view *view, const uint8_t *query, unsigned len, unsigned from)
{
	struct dns_request r;
	uint8_t msg[sizeof(query6)];

	/* The zone is what stands behind the name's first labels. */
	memcpy(msg, query, 12);
	memcpy(msg + 12, query + from, len - from);
	msg[12 + len - from - 3] = 252;
	target_ask(view, NULL, &r, msg, (uint16_t)(12 + len - from), TARGET_TCP | TARGET_TRANSFER);
	CHECK(r.outcome == PTRD_TRANSFER);
	(void)target_transfer(view, &r, check_message);
	free(r.msg);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ptrd_table table;

	if (size < 4 * sizeof(struct ptrd_bucket) || size > IMAGE_MAX)
		return 0;
	const size_t whole = PTRD_TABLE_HEADER_SIZE + size / PTRD_CACHE_LINE * PTRD_CACHE_LINE;
	uint8_t *base = aligned_alloc(PTRD_CACHE_LINE, whole);

	CHECK(base != NULL);
	memcpy(base + PTRD_TABLE_HEADER_SIZE, data, whole - PTRD_TABLE_HEADER_SIZE);
	target_table(&table, base, whole);
	struct dns_view *view = target_view(&table);

	for (unsigned digit = 0; digit < 10; digit++) {
		ask_digit(view, query4, sizeof(query4) - 1, digit);
		ask_digit(view, query6, sizeof(query6) - 1, digit);
	}
	transfer(view, query4, sizeof(query4) - 1, 14);
	transfer(view, query6, sizeof(query6) - 1, 12 + 2 * 24);
	dns_view_free(view);
	free(base);
	return 0;
}
