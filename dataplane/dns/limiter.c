#include "limiter.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include <sodium.h>

#include "bytes.h"
#include "siphash.h"

#define SET_SIZE 4
#define MILLI 1000            /* credit is counted in thousandths of a response */
#define KIND_BITS UINT32_C(7) /* of a tag: the kind, counted from 1 */
static_assert(LIMIT_ERROR + 1 <= KIND_BITS, "room for every kind");

/* Four buckets: the same number in each array is one bucket's. */
struct bucket_set {
	alignas(64) uint32_t tag[SET_SIZE]; /* of the client's prefix and the kind; 0: unused */
	uint32_t stamp[SET_SIZE];           /* milliseconds, of the last use */
	uint32_t credit[SET_SIZE];          /* thousandths of a response */
	uint32_t over[SET_SIZE];            /* responses over the rate so far */
};
static_assert(sizeof(struct bucket_set) == 64, "one cache line");

struct dns_limiter {
	uint32_t rate, slip;
	uint32_t set_mask;
	uint32_t mask4; /* of a prefix; network order, as mask6 */
	uint64_t mask6[2];
	uint8_t key[SIPHASH_KEY_SIZE];
	struct bucket_set set[];
};

static uint32_t set_count(const struct dns_settings *settings)
{
	uint32_t count = 1;

	while (count < UINT32_MAX / SET_SIZE / 2 && count * SET_SIZE < settings->limit_buckets)
		count *= 2;
	return count;
}

size_t dns_limiter_size(const struct dns_settings *settings)
{
	return sizeof(struct dns_limiter) + set_count(settings) * sizeof(struct bucket_set);
}

/* Sets the first `bits` bits of `size` bytes, which are 0. */
static void set_mask(void *mask, size_t size, unsigned bits)
{
	uint8_t *byte = mask;

	for (; size > 0 && bits > 0; size--, byte++) {
		const unsigned taken = bits < 8 ? bits : 8;

		*byte = (uint8_t)(0xff00u >> taken);
		bits -= taken;
	}
}

void dns_limiter_init(void *memory, const struct dns_settings *settings)
{
	struct dns_limiter *limiter = memory;

	limiter->rate = settings->limit_rate < DNS_LIMITER_RATE_MAX ? settings->limit_rate
								    : DNS_LIMITER_RATE_MAX;
	limiter->slip = settings->limit_slip;
	set_mask(&limiter->mask4, sizeof(limiter->mask4), settings->limit_ipv4);
	set_mask(limiter->mask6, sizeof(limiter->mask6), settings->limit_ipv6);
	limiter->set_mask = set_count(settings) - 1;
	randombytes_buf(limiter->key, sizeof(limiter->key));
}

/* SipHash, because the input is the attacker's choice. */
uint64_t dns_limiter_client(
	const struct dns_limiter *limiter, const uint8_t client[16], bool client_ipv6)
{
	struct siphash state = siphash_start(limiter->key);
	uint32_t address4;

	if (client_ipv6) {
		siphash_word(&state, load_word(client) & limiter->mask6[0]);
		siphash_word(&state, load_word(client + 8) & limiter->mask6[1]);
		return siphash_end(&state, 0, 16);
	}
	memcpy(&address4, client, sizeof(address4));
	return siphash_end(&state, address4 & limiter->mask4, sizeof(address4));
}

/* A client's kinds are not in one set: they would push each other out of it. */
static uint32_t set_of(const struct dns_limiter *limiter, uint64_t client, enum dns_limit_kind kind)
{
	return ((uint32_t)client + (uint32_t)kind) & limiter->set_mask;
}

void dns_limiter_prefetch(const struct dns_limiter *limiter, uint64_t client)
{
	__builtin_prefetch(&limiter->set[set_of(limiter, client, LIMIT_ANSWER)], 1);
}

/* Number of the bucket that was used longest ago. */
static unsigned oldest(const struct bucket_set *set, uint32_t now)
{
	unsigned found = 0;
	uint32_t found_age = 0;

	for (unsigned i = 0; i < SET_SIZE; i++) {
		const uint32_t age = set->tag[i] == 0 ? UINT32_MAX : now - set->stamp[i];

		if (age > found_age) {
			found = i;
			found_age = age;
		}
	}
	return found;
}

/* Number of the bucket of `tag`, which is made anew if there is none. */
static unsigned find(
	const struct dns_limiter *limiter, struct bucket_set *set, uint32_t tag, uint32_t now)
{
	unsigned same = 0;

	/* Which one it is cannot be predicted: all are compared. */
	for (unsigned i = 0; i < SET_SIZE; i++)
		same |= (unsigned)(set->tag[i] == tag) << i;
	if (same != 0)
		return (unsigned)__builtin_ctz(same);
	const unsigned bucket = oldest(set, now);

	set->tag[bucket] = tag;
	set->stamp[bucket] = now;
	set->credit[bucket] = limiter->rate * MILLI;
	set->over[bucket] = 0;
	return bucket;
}

/* What the bucket has by now. */
static uint32_t refill(const struct dns_limiter *limiter, const struct bucket_set *set,
	unsigned bucket, uint32_t now)
{
	const int32_t elapsed = (int32_t)(now - set->stamp[bucket]);
	const uint64_t full = (uint64_t)limiter->rate * MILLI;

	if (elapsed < 0) /* not used for 24 days, or more than 49: what it has is what it gets */
		return set->credit[bucket];
	/* A response's thousandths and a second's milliseconds cancel out. */
	const uint64_t credit = set->credit[bucket] + (uint64_t)elapsed * limiter->rate;

	return (uint32_t)(credit < full ? credit : full);
}

enum dns_limit_verdict dns_limiter_take(
	struct dns_limiter *limiter, uint64_t client, enum dns_limit_kind kind, uint64_t now_ms)
{
	if (limiter->rate == 0)
		return LIMIT_SEND;
	struct bucket_set *set = &limiter->set[set_of(limiter, client, kind)];
	const uint32_t tag = ((uint32_t)(client >> 32) & ~KIND_BITS) | ((uint32_t)kind + 1);
	const uint32_t now = (uint32_t)now_ms;
	const unsigned bucket = find(limiter, set, tag, now);
	const uint32_t credit = refill(limiter, set, bucket, now);

	set->stamp[bucket] = now;
	if (credit >= MILLI) {
		set->credit[bucket] = credit - MILLI;
		return LIMIT_SEND;
	}
	set->credit[bucket] = credit;
	const uint32_t over = ++set->over[bucket];

	return limiter->slip > 0 && over % limiter->slip == 0 ? LIMIT_SLIP : LIMIT_DROP;
}
