#include "limiter.h"

#include <assert.h>
#include <stdalign.h>
#include <string.h>

#include <sodium.h>

#define SET_SIZE 4
#define MILLI 1000 /* credit is counted in thousandths of a response */

struct bucket {
	uint32_t tag;    /* upper half of the hash; 0: unused */
	uint32_t stamp;  /* milliseconds, of the last use */
	uint32_t credit; /* thousandths of a response */
	uint32_t over;   /* responses over the rate so far */
};

struct bucket_set {
	alignas(64) struct bucket bucket[SET_SIZE];
};
static_assert(sizeof(struct bucket_set) == 64, "one cache line");

struct dns_limiter {
	uint32_t rate, slip;
	uint8_t prefix_len[2]; /* IPv4, IPv6 */
	uint32_t set_mask;
	uint8_t key[crypto_shorthash_KEYBYTES];
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

void dns_limiter_init(void *memory, const struct dns_settings *settings)
{
	struct dns_limiter *limiter = memory;

	limiter->rate = settings->limit_rate < DNS_LIMITER_RATE_MAX ? settings->limit_rate
								    : DNS_LIMITER_RATE_MAX;
	limiter->slip = settings->limit_slip;
	limiter->prefix_len[0] = settings->limit_ipv4;
	limiter->prefix_len[1] = settings->limit_ipv6;
	limiter->set_mask = set_count(settings) - 1;
	randombytes_buf(limiter->key, sizeof(limiter->key));
}

/* SipHash, because the input is the attacker's choice. */
static uint64_t hash(const struct dns_limiter *limiter, const uint8_t client[16], bool client_ipv6,
	enum dns_limit_kind kind)
{
	const unsigned len = client_ipv6 ? 16 : 4;
	unsigned bits = limiter->prefix_len[client_ipv6];
	uint8_t input[18] = {0}, output[crypto_shorthash_BYTES];
	uint64_t value;

	static_assert(sizeof(output) == sizeof(value), "SipHash-2-4");
	for (unsigned i = 0; i < len && bits > 0; i++) {
		const unsigned taken = bits < 8 ? bits : 8;

		input[i] = (uint8_t)(client[i] & 0xff00u >> taken);
		bits -= taken;
	}
	input[16] = (uint8_t)kind;
	input[17] = client_ipv6;
	crypto_shorthash(output, input, sizeof(input), limiter->key);
	memcpy(&value, output, sizeof(value));
	return value;
}

/* The bucket of `tag`, made anew in the place of the one that was used longest ago if there is
 * none. */
static struct bucket *find(
	const struct dns_limiter *limiter, struct bucket_set *set, uint32_t tag, uint32_t now)
{
	struct bucket *oldest = NULL;
	uint32_t oldest_age = 0;

	for (unsigned i = 0; i < SET_SIZE; i++) {
		struct bucket *bucket = &set->bucket[i];
		const uint32_t age = bucket->tag == 0 ? UINT32_MAX : now - bucket->stamp;

		if (bucket->tag == tag)
			return bucket;
		if (oldest == NULL || age > oldest_age) {
			oldest = bucket;
			oldest_age = age;
		}
	}
	*oldest = (struct bucket){.tag = tag, .stamp = now, .credit = limiter->rate * MILLI};
	return oldest;
}

static void refill(const struct dns_limiter *limiter, struct bucket *bucket, uint32_t now)
{
	const int32_t elapsed = (int32_t)(now - bucket->stamp);
	const uint64_t full = (uint64_t)limiter->rate * MILLI;

	bucket->stamp = now;
	if (elapsed < 0) /* not used for 24 days, or more than 49: what it has is what it gets */
		return;
	/* A response's thousandths and a second's milliseconds cancel out. */
	const uint64_t credit = bucket->credit + (uint64_t)elapsed * limiter->rate;

	bucket->credit = (uint32_t)(credit < full ? credit : full);
}

enum dns_limit_verdict dns_limiter_take(struct dns_limiter *limiter, const uint8_t client[16],
	bool client_ipv6, enum dns_limit_kind kind, uint64_t now_ms)
{
	if (limiter->rate == 0)
		return LIMIT_SEND;
	const uint64_t value = hash(limiter, client, client_ipv6, kind);
	const uint32_t tag = (uint32_t)(value >> 32) | 1; /* 0 means unused */
	struct bucket *bucket
		= find(limiter, &limiter->set[value & limiter->set_mask], tag, (uint32_t)now_ms);

	refill(limiter, bucket, (uint32_t)now_ms);
	if (bucket->credit >= MILLI) {
		bucket->credit -= MILLI;
		return LIMIT_SEND;
	}
	bucket->over++;
	return limiter->slip > 0 && bucket->over % limiter->slip == 0 ? LIMIT_SLIP : LIMIT_DROP;
}
