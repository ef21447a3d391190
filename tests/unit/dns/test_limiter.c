/*
 * Response rate limiting: the buckets by themselves, then in the engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cookie.h"
#include "rig.h"

#define NAME "7.113.0.203.in-addr.arpa."
#define RATE 10

static const struct dns_settings plain = {
	.limit_rate = RATE,
	.limit_slip = 2,
	.limit_ipv4 = 24,
	.limit_ipv6 = 56,
	.limit_buckets = 65536,
};

static struct dns_limiter *limiter_of(const struct dns_settings *settings)
{
	const size_t size = dns_limiter_size(settings);
	void *memory = aligned_alloc(64, size); /* of just this size, for the sanitizer */

	assert_int_equal(size % 64, 0);
	assert_non_null(memory);
	memset(memory, 0, size);
	dns_limiter_init(memory, settings);
	/* What it has not touched, the kernel has not had to zero. */
	const uint8_t *rest = (const uint8_t *)memory + 64;

	assert_true(rest[0] == 0 && memcmp(rest, rest + 1, size - 65) == 0);
	return memory;
}

/* Takes `count` at one moment; returns how many of them may be sent. */
static unsigned take(struct dns_limiter *limiter, const uint8_t *client, bool ipv6,
	enum dns_limit_kind kind, uint64_t now_ms, unsigned count)
{
	unsigned sent = 0;

	while (count-- > 0)
		sent += dns_limiter_take(
				limiter, dns_limiter_client(limiter, client, ipv6), kind, now_ms)
			== LIMIT_SEND;
	return sent;
}

static void test_rate(void **state)
{
	static const uint8_t client[16] = {192, 0, 2, 1};
	const uint64_t starts[] = {0, 12345, UINT32_MAX - 1500, (uint64_t)1 << 40};

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		struct dns_limiter *limiter = limiter_of(&plain);
		uint64_t now = starts[i];

		/* a second's worth at once, then as time goes by */
		assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, now, 100), RATE);
		assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, now + 99, 1), 0);
		assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, now + 100, 5), 1);
		assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, now + 600, 50), 5);
		/* never more than a second's worth is saved up */
		now += 3600 * 1000;
		assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, now, 100), RATE);
		/* in small steps, nothing gets lost */
		unsigned sent = 0;

		for (unsigned ms = 1; ms <= 10000; ms++)
			sent += take(limiter, client, false, LIMIT_ANSWER, now + ms, 1);
		assert_int_equal(sent, 10 * RATE);
		free(limiter);
	}
}

static void test_slip(void **state)
{
	static const uint8_t client[16] = {192, 0, 2, 1};

	(void)state;
	for (uint32_t slip = 0; slip < 5; slip++) {
		struct dns_settings settings = plain;

		settings.limit_slip = slip;
		struct dns_limiter *limiter = limiter_of(&settings);

		take(limiter, client, false, LIMIT_ERROR, 0, RATE);
		for (uint32_t i = 1; i <= 60; i++)
			assert_int_equal(
				dns_limiter_take(limiter,
					dns_limiter_client(limiter, client, false), LIMIT_ERROR, 0),
				slip > 0 && i % slip == 0 ? LIMIT_SLIP : LIMIT_DROP);
		free(limiter);
	}
}

/* Which clients share a bucket, and that each kind of answer has one of its own. */
static void test_prefixes(void **state)
{
	static const struct {
		uint8_t a[16], b[16];
		bool ipv6;
		uint8_t bits;
		bool shared;
	} rows[] = {
		{{192, 0, 2, 1}, {192, 0, 2, 254}, false, 24, true},
		{{192, 0, 2, 1}, {192, 0, 3, 1}, false, 24, false},
		{{192, 0, 2, 1}, {192, 0, 2, 1, 9}, false, 24, true},
		{{192, 0, 2, 1}, {192, 0, 2, 0}, false, 32, false},
		{{192, 0, 2, 1}, {192, 0, 2, 0}, false, 31, true},
		{{192, 0, 2, 1}, {192, 0, 2, 2}, false, 31, false},
		{{192, 0, 2, 1}, {10, 0, 0, 1}, false, 0, true},
		{{0x20, 1, 0xd, 0xb8, 1, 2, 3, 4}, {0x20, 1, 0xd, 0xb8, 1, 2, 3, 255}, true, 56,
			true},
		{{0x20, 1, 0xd, 0xb8, 1, 2, 3, 4}, {0x20, 1, 0xd, 0xb8, 1, 2, 4, 4}, true, 56,
			false},
		{{[15] = 1}, {[15] = 2}, true, 128, false},
		{{[15] = 2}, {[15] = 3}, true, 127, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_settings settings = plain;

		settings.limit_ipv4 = settings.limit_ipv6 = rows[i].bits;
		struct dns_limiter *limiter = limiter_of(&settings);

		assert_int_equal(take(limiter, rows[i].a, rows[i].ipv6, LIMIT_ANSWER, 0, 99), RATE);
		assert_int_equal(take(limiter, rows[i].b, rows[i].ipv6, LIMIT_ANSWER, 0, 99),
			rows[i].shared ? 0 : RATE);
		for (enum dns_limit_kind kind = LIMIT_ANSWER + 1; kind <= LIMIT_ERROR; kind++)
			assert_int_equal(take(limiter, rows[i].a, rows[i].ipv6, kind, 0, 99), RATE);
		assert_int_equal(
			take(limiter, rows[i].a, !rows[i].ipv6, LIMIT_ANSWER, 0, 99), RATE);
		free(limiter);
	}
}

/* A table of four buckets: the one that was used longest ago goes, those in use stay. */
static void test_eviction(void **state)
{
	struct dns_settings settings = plain;
	uint8_t client[16] = {10, 0, 0, 1};

	(void)state;
	settings.limit_buckets = 4;
	struct dns_limiter *limiter = limiter_of(&settings);

	for (uint8_t i = 0; i < 4; i++) {
		client[1] = i;
		assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, i, 99), RATE);
	}
	client[1] = 1;
	assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, 5, 1), 0);
	client[1] = 9;
	assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, 6, 99), RATE); /* for 0 */
	client[1] = 8;
	assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, 7, 99), RATE); /* for 2 */
	for (uint8_t i = 1; i < 4; i += 2) {
		client[1] = i;
		assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, 8, 1), 0);
	}
	client[1] = 0;
	assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, 9, 99), RATE);
	free(limiter);
}

/* Four times as many prefixes as there are buckets: each new one gets its answer, and the flood of
 * one prefix is held to its rate all the while, for its bucket is never the oldest. */
static void test_crowd(void **state)
{
	struct dns_settings settings = plain;
	uint8_t flood[16] = {198, 51, 100, 1};
	unsigned sent = 0;

	(void)state;
	settings.limit_buckets = 16384;
	struct dns_limiter *limiter = limiter_of(&settings);

	for (uint32_t i = 0; i < 65536; i++) {
		const uint8_t client[16] = {10, (uint8_t)(i >> 8), (uint8_t)i, 1};

		assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, i / 100, 1), 1);
		flood[3] = (uint8_t)i;
		sent += take(limiter, flood, false, LIMIT_ANSWER, i / 100, 1);
	}
	assert_int_equal(sent, RATE + 65535 / 100 * RATE / 1000);
	free(limiter);
}

static void test_off_and_huge(void **state)
{
	static const uint8_t client[16] = {192, 0, 2, 1};
	struct dns_settings settings = plain;

	(void)state;
	settings.limit_rate = 0;
	struct dns_limiter *limiter = limiter_of(&settings);

	assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, 0, 1000), 1000);
	free(limiter);
	settings.limit_rate = UINT32_MAX;
	settings.limit_buckets = 0;
	limiter = limiter_of(&settings);
	assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, 0, 100000), 100000);
	assert_int_equal(take(limiter, client, false, LIMIT_ANSWER, UINT32_MAX, 100000), 100000);
	free(limiter);
}

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_create(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_free(&rig);
	return 0;
}

/* Asks until the rate is used up. */
static void exhaust(const struct query *q, enum ptrd_outcome outcome)
{
	for (unsigned i = 0; i < RATE; i++) {
		struct reply reply;

		ask(&reply, rig.view, q, DNS_UDP);
		assert_int_equal(reply.request.outcome, outcome);
		assert_false(reply.request.limited);
		reply_free(&reply);
	}
}

static const struct {
	const char *name;
	unsigned type, class, rcode;
	enum ptrd_outcome outcome;
} answers[] = {
	{NAME, 12, 1, 0, PTRD_PTR_CUSTOM},
	{"11.113.0.203.in-addr.arpa.", 12, 1, 3, PTRD_NXDOMAIN},
	{NAME, 1, 1, 0, PTRD_NODATA},
	{"www.example.com.", 1, 1, 5, PTRD_REFUSED_ZONE},
};

static void test_engine(void **state)
{
	(void)state;
	ask_settings = plain;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct query q;
		struct reply reply;

		ask_limiter = limiter_of(&plain);
		query_header(&q, 0x0100, 1, 0, 0, 1);
		query_question(&q, answers[i].name, answers[i].type, answers[i].class);
		query_opt(&q, 1232, 0, "", 0);
		exhaust(&q, answers[i].outcome);
		for (unsigned over = 1; over <= 6; over++) {
			ask(&reply, rig.view, &q, DNS_UDP);
			assert_true(reply.request.limited);
			assert_int_equal(reply.len == 0, over % 2 != 0);
			assert_int_equal(reply.request.outcome,
				over % 2 != 0 ? PTRD_LIMITED_DROP : PTRD_LIMITED_SLIP);
			if (reply.len > 0) {
				assert_true(ldns_pkt_tc(reply.pkt));
				assert_true(question_echoed(&reply, &q));
				assert_int_equal(reply.len, q.len);
				assert_int_equal(reply_rcode(&reply), answers[i].rcode);
			}
			reply_free(&reply);
		}
		/* other kinds of answers, other clients, TCP */
		const unsigned other = (i + 1) % 4;
		struct query q2;

		query_simple(&q2, answers[other].name, answers[other].type);
		exhaust(&q2, answers[other].outcome);
		ask(&reply, rig.view, &q, DNS_TCP);
		assert_int_equal(reply.request.outcome, answers[i].outcome);
		assert_false(reply.request.limited);
		reply_free(&reply);
		ask_client[2] ^= 1;
		exhaust(&q, answers[i].outcome);
		ask_client[2] ^= 1;
		ask_now_ms += 1000;
		exhaust(&q, answers[i].outcome);
		free(ask_limiter);
		ask_limiter = NULL;
	}
}

/* Messages that get no reply cost no token; malformed ones do. */
static void test_engine_drops(void **state)
{
	struct query q;
	struct reply reply;

	(void)state;
	ask_settings = plain;
	ask_limiter = limiter_of(&plain);
	query_simple(&q, NAME, 12);
	q.bytes[2] |= 0x80;
	for (unsigned i = 0; i < 5 * RATE; i++) {
		ask(&reply, rig.view, &q, DNS_UDP);
		assert_int_equal(reply.request.outcome, PTRD_DROP_RESPONSE);
		assert_false(reply.request.limited);
		reply_free(&reply);
	}
	q.len = 12;
	q.bytes[2] &= 0x7f;
	exhaust(&q, PTRD_FORMERR_QUESTION);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_LIMITED_DROP);
	reply_free(&reply);
	free(ask_limiter);
	ask_limiter = NULL;
}

/* A client that brings a cookie gets BADCOOKIE and a new one, with which it is not limited. */
static void test_engine_cookies(void **state)
{
	uint8_t option[4 + COOKIE_SIZE] = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8};
	struct query q;
	struct reply reply;

	(void)state;
	ask_settings = plain;
	ask_settings.cookie_secrets = 1;
	ask_settings.limit_slip = 1;
	ask_limiter = limiter_of(&ask_settings);
	ask_now = 1000;
	query_header(&q, 0x0100, 1, 0, 0, 1);
	query_question(&q, NAME, 12, 1);
	query_opt(&q, 1232, 0, option, 4 + 8);
	exhaust(&q, PTRD_PTR_CUSTOM);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_BADCOOKIE);
	assert_true(reply.request.limited);
	assert_int_equal(reply_rcode(&reply), 23);
	assert_false(ldns_pkt_tc(reply.pkt));
	assert_false(ldns_pkt_aa(reply.pkt));
	assert_true(question_echoed(&reply, &q));
	assert_int_equal(reply.len, q.len + COOKIE_SERVER_SIZE);
	option[3] = COOKIE_SIZE;
	memcpy(option + 4, reply.bytes + reply.len - COOKIE_SIZE, COOKIE_SIZE);
	reply_free(&reply);

	query_header(&q, 0x0100, 1, 0, 0, 1);
	query_question(&q, NAME, 12, 1);
	query_opt(&q, 1232, 0, option, sizeof(option));
	for (unsigned i = 0; i < 5; i++)
		exhaust(&q, PTRD_PTR_CUSTOM);
	q.bytes[q.len - 1] ^= 1;
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.cookie, DNS_COOKIE_INVALID);
	assert_int_equal(reply.request.outcome, PTRD_BADCOOKIE);
	reply_free(&reply);
	free(ask_limiter);
	ask_limiter = NULL;
}

/* A query of another opcode is answered as one or not at all; what is limited carries no more
 * than it must. */
static void test_engine_limited_replies(void **state)
{
	const uint8_t cookie[] = {0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}, nsid[] = {0, 3, 0, 0};
	struct query q;
	struct reply reply;

	(void)state;
	ask_settings = plain;
	ask_settings.cookie_secrets = 1;
	ask_settings.limit_slip = 1;
	ask_settings.nsid_len = sizeof(ask_settings.nsid);
	ask_limiter = limiter_of(&ask_settings);
	query_header(&q, 0x1000, 1, 0, 0, 1); /* opcode 2, STATUS */
	query_question(&q, NAME, 12, 1);
	query_opt(&q, 1232, 0, cookie, sizeof(cookie));
	exhaust(&q, PTRD_NOTIMP);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_LIMITED_DROP);
	assert_int_equal(reply.len, 0);
	reply_free(&reply);

	query_header(&q, 0x0100, 1, 0, 0, 1);
	query_question(&q, NAME, 12, 1);
	query_opt(&q, 1232, 0, nsid, sizeof(nsid));
	exhaust(&q, PTRD_PTR_CUSTOM);
	ask(&reply, rig.view, &q, DNS_UDP);
	assert_int_equal(reply.request.outcome, PTRD_LIMITED_SLIP);
	assert_int_equal(reply.len, q.len - sizeof(nsid)); /* the question and a bare OPT */
	reply_free(&reply);
	free(ask_limiter);
	ask_limiter = NULL;
}

enum options {
	NO_OPT,
	NO_OPTIONS,
	CLIENT_COOKIE,
	VALID_COOKIE,
	INVALID_COOKIE,
	TWO_COOKIES,
	NSID_AND_COOKIE,
	OVERRUN,
	OPTIONS
};

static unsigned put_option(uint8_t *at, uint8_t code, const uint8_t *data, uint8_t len)
{
	const uint8_t head[4] = {0, code, 0, len};

	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), data, len);
	return (unsigned)sizeof(head) + len;
}

/* Writes the options that are meant, of the client in ask_client. Returns their length. */
static unsigned put_options(uint8_t *at, enum options options)
{
	static const uint8_t asked[COOKIE_CLIENT_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint8_t cookie[COOKIE_SIZE];
	unsigned len = 0;

	cookie_check(
		&ask_settings, ask_client, ask_client_ipv6, ask_now, asked, sizeof(asked), cookie);
	cookie[COOKIE_SIZE - 1] ^= options == INVALID_COOKIE;
	if (options == NSID_AND_COOKIE)
		len += put_option(at, 3, cookie, 0);
	if (options == CLIENT_COOKIE || options == TWO_COOKIES)
		len += put_option(at, 10, asked, sizeof(asked));
	if (options == VALID_COOKIE || options == INVALID_COOKIE || options == TWO_COOKIES
		|| options == NSID_AND_COOKIE || options == OVERRUN)
		len += put_option(at + len, 10, cookie, sizeof(cookie));
	return options == OVERRUN ? len - 1 : len;
}

/* A query of one of four clients, two of each family; answers and options of all kinds. */
static void make_mixed(struct query *q, unsigned i)
{
	static const uint8_t clients[4][16]
		= {{192, 0, 2, 1}, {0x20, 1, 0x0d, 0xb8}, {198, 51, 100, 1}, {0x20, 2}};
	const enum options options = i / 4 % OPTIONS;
	uint8_t rdata[64];

	memcpy(ask_client, clients[i % 4], sizeof(ask_client));
	ask_client_ipv6 = i % 2 == 1;
	query_header(q, i % 23 == 22 ? 0x8100 : 0x0100, 1, 0, 0, options != NO_OPT);
	query_question(q, answers[i / 3 % 4].name, answers[i / 3 % 4].type, 1);
	if (options != NO_OPT)
		query_opt(q, 1232, 0, rdata, put_options(rdata, options));
}

/* The query as a request of the client in ask_client. */
static void make_request(struct dns_request *r, const struct query *q, enum dns_transport transport)
{
	memset(r, 0xa5, sizeof(*r)); /* the engine must not rely on what a request held */
	r->room = transport == DNS_UDP ? DNS_UDP_SIZE : DNS_REPLY_MAX;
	r->msg = malloc(r->room);
	assert_non_null(r->msg);
	memcpy(r->msg, q->bytes, q->len);
	r->len = (uint16_t)q->len;
	r->port = 40000;
	r->transport = (uint8_t)transport;
	memcpy(r->client, ask_client, sizeof(r->client));
	r->client_ipv6 = ask_client_ipv6;
}

static void assert_same(const struct dns_request *r, const struct reply *single)
{
	assert_int_equal(r->outcome, single->request.outcome);
	assert_int_equal(r->cookie, single->request.cookie);
	assert_int_equal(r->limited, single->request.limited);
	assert_int_equal(r->reply_len, single->len);
	assert_int_equal(r->sum, single->request.sum);
	assert_memory_equal(r->msg, single->bytes, single->len);
}

/* Answers `count` queries from the `first` on one by one, and as one burst off the other limiter. */
static void compare_burst(
	const struct dns_context *context, unsigned first, unsigned count, unsigned *outcomes)
{
	struct dns_request burst[DNS_BURST];
	struct reply single[DNS_BURST];

	for (unsigned i = 0; i < count; i++) {
		const enum dns_transport transport = (first + i) % 11 == 10 ? DNS_TCP : DNS_UDP;
		struct query q;

		make_mixed(&q, first + i);
		ask(&single[i], rig.view, &q, transport);
		make_request(&burst[i], &q, transport);
	}
	dns_answer(context, burst, count);
	for (unsigned i = 0; i < count; i++) {
		assert_same(&burst[i], &single[i]);
		outcomes[burst[i].outcome]++;
		free(burst[i].msg);
		reply_free(&single[i]);
	}
}

/*
 * Bursts in which rated and other queries alternate give what one query after the other gives: whoever
 * is taken off a rate for somebody else would show.
 */
static void test_engine_bursts(void **state)
{
	const unsigned counts[] = {1, 2, 7, 32, DNS_BURST};
	unsigned outcomes[UINT8_MAX + 1] = {0};

	(void)state;
	ask_settings = plain;
	ask_settings.limit_rate = 2;
	ask_settings.cookie_secrets = 1;
	ask_settings.nsid_len = sizeof(ask_settings.nsid);
	ask_limiter = limiter_of(&ask_settings);
	ask_now = 1000;
	struct dns_limiter *other = limiter_of(&ask_settings);
	const struct dns_context context = {.view = rig.view,
		.settings = &ask_settings,
		.limiter = other,
		.now = ask_now,
		.now_ms = ask_now_ms};

	for (unsigned n = 0, first = 0; n < sizeof(counts) / sizeof(counts[0]); n++) {
		compare_burst(&context, first, counts[n], outcomes);
		first += counts[n];
	}
	assert_true(outcomes[PTRD_PTR_CUSTOM] > 0 && outcomes[PTRD_LIMITED_SLIP] > 0
		&& outcomes[PTRD_BADCOOKIE] > 0 && outcomes[PTRD_LIMITED_DROP] > 0);
	free(other);
	free(ask_limiter);
	ask_limiter = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_slip),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_off_and_huge),
		cmocka_unit_test(test_engine),
		cmocka_unit_test(test_engine_limited_replies),
		cmocka_unit_test(test_engine_drops),
		cmocka_unit_test(test_engine_cookies),
		cmocka_unit_test(test_engine_bursts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
