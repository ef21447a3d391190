/*
 * lookup_rte_hash EAL-ARGUMENT... -- TABLE KEYS: looks up KEYS IPv4 addresses, all bound, in random
 * order and in bursts, in a region table (made at the path TABLE) and in an rte_hash of DPDK's for
 * readers without locks. Writes the ns of one look-up in each: the medians of rounds taken in turn.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "disk.h"
#include "replay.h"
#include "table.h"

#define BURST 32 /* as the worker's */
#define ROUNDS 9
#define LOOKUPS_MAX 2000000 /* in one round */
#define FIRST UINT32_C(0x0A000000)

static uint32_t *shuffled_keys(unsigned count)
{
	uint32_t *keys = calloc(count, sizeof(*keys));

	if (keys == NULL)
		err(1, "keys");
	for (unsigned i = 0; i < count; i++)
		keys[i] = FIRST + i;
	for (unsigned i = count - 1; i > 0; i--) {
		const unsigned other = (unsigned)(replay_random(i, UINT8_MAX) % (i + 1));
		const uint32_t key = keys[i];

		keys[i] = keys[other];
		keys[other] = key;
	}
	return keys;
}

static struct table *make_table(const char *path, unsigned count)
{
	const struct table_shape shape = {.region = "bench", .generation = 1, .eips = count};
	struct table *table = table_create(path, &shape);

	if (table == NULL)
		err(1, "%s", path);
	for (unsigned i = 0; i < count; i++) {
		const uint32_t a = FIRST + i;
		const struct address address = {.bytes
			= {(uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a}};
		_Atomic uint64_t *slot = table_reserve(table, &address);

		if (slot == NULL)
			errx(1, "the table takes no more than %u addresses", i);
		table_fill(table, slot, &address, PTRD_REF_DEFAULT);
	}
	return table;
}

/* With a quarter of its entries free: at its best. */
static struct rte_hash *make_hash(unsigned count)
{
	const struct rte_hash_parameters parameters = {
		.name = "bench",
		.entries = count + count / 3 + 64,
		.key_len = sizeof(uint32_t),
		.hash_func = rte_hash_crc,
		.extra_flag = RTE_HASH_EXTRA_FLAGS_RW_CONCURRENCY_LF,
	};
	struct rte_hash *hash = rte_hash_create(&parameters);

	if (hash == NULL)
		errx(1, "rte_hash_create: %s", rte_strerror(rte_errno));
	for (unsigned i = 0; i < count; i++) {
		const uint32_t key = FIRST + i;

		if (rte_hash_add_key(hash, &key) < 0)
			errx(1, "rte_hash takes no more than %u keys", i);
	}
	return hash;
}

static unsigned look_up_ours(const struct ptrd_table *table, const uint32_t *keys, unsigned count)
{
	unsigned found = 0;

	for (unsigned i = 0; i + BURST <= count; i += BURST) {
		struct ptrd_key key[BURST];

		for (unsigned k = 0; k < BURST; k++) {
			key[k] = ptrd_key4(table, keys[i + k]);
			ptrd_table_prefetch(table, key[k]);
		}
		for (unsigned k = 0; k < BURST; k++)
			found += ptrd_table_find4(table, key[k]) == PTRD_REF_DEFAULT;
	}
	return found;
}

static unsigned look_up_theirs(const struct rte_hash *hash, const uint32_t *keys, unsigned count)
{
	unsigned found = 0;

	for (unsigned i = 0; i + BURST <= count; i += BURST) {
		const void *key[BURST];
		int32_t position[BURST];

		for (unsigned k = 0; k < BURST; k++)
			key[k] = &keys[i + k];
		if (rte_hash_lookup_bulk(hash, key, BURST, position) != 0)
			return 0;
		for (unsigned k = 0; k < BURST; k++)
			found += position[k] >= 0;
	}
	return found;
}

static void compare(const struct ptrd_table *table, const struct rte_hash *hash,
	const uint32_t *keys, unsigned count)
{
	static double ours[ROUNDS], theirs[ROUNDS];
	const unsigned batch = count < LOOKUPS_MAX ? count / BURST * BURST : LOOKUPS_MAX;

	for (unsigned round = 0; round < ROUNDS; round++) {
		/* Each round goes on where the one before has ended: no key is still in a cache. */
		const uint32_t *from = keys + (size_t)round * batch % (count - batch + 1);
		const double start = now_us();
		unsigned found = look_up_ours(table, from, batch);
		const double between = now_us();

		found += look_up_theirs(hash, from, batch);
		ours[round] = (between - start) * 1000 / batch;
		theirs[round] = (now_us() - between) * 1000 / batch;
		if (found != 2 * batch)
			errx(1, "only %u of %u look-ups have found their key", found, 2 * batch);
	}
	printf("%.2f %.2f\n", median(ours, ROUNDS), median(theirs, ROUNDS));
}

int main(int argc, char **argv)
{
	const int used = rte_eal_init(argc, argv);

	if (used < 0)
		errx(1, "rte_eal_init: %s", rte_strerror(rte_errno));
	if (argc - used != 3) {
		fprintf(stderr, "usage: lookup_rte_hash EAL-ARGUMENT... -- TABLE KEYS\n");
		return 2;
	}
	const char *path = argv[used + 1];
	const unsigned count = (unsigned)strtoul(argv[used + 2], NULL, 10);
	uint32_t *keys = shuffled_keys(count);
	struct table *table = make_table(path, count);
	struct rte_hash *hash = make_hash(count);

	compare(table_view(table), hash, keys, count);
	rte_hash_free(hash);
	table_unlink(table);
	table_close(table);
	free(keys);
	return 0;
}
