/*
 * The load that is replayed into the dataplane from memory, and the answers that are right for it.
 *
 * EIP number n is 10.0.0.0 or 2001:db8:: and n. Every fifth has a custom PTR, with the name that
 * workload_ptr() gives it in the run "host"; the others have the default one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPLAY_FRAME_MAX 512 /* of a query and of its answer */
#define REPLAY_HEADERS(ipv6) (14 + ((ipv6) ? 40 : 20) + 8)

enum replay_kind {
	REPLAY_CUSTOM,
	REPLAY_DEFAULT,
	REPLAY_MISS,
	REPLAY_KINDS
};

struct replay {
	unsigned eips;
	bool ipv6;
	bool cookies; /* in half of the queries, of a client that has the server's */
	uint32_t now; /* seconds of the wall clock, for these */
};

/* A number that looks random: the same for the same arguments. */
uint64_t replay_random(uint64_t index, uint64_t purpose);

/*
 * Writes query number `index`: for EIP number `eip` or, whatever that is, for one address in twenty
 * that is not bound. Returns the length of the frame (at most REPLAY_FRAME_MAX), with its kind.
 */
size_t replay_query(const struct replay *replay, unsigned index, unsigned eip, uint8_t *frame,
	enum replay_kind *kind);

/*
 * Compares the frame of a reply with what the query (a frame of replay_query()) has to be answered
 * with. Returns what is wrong, or NULL.
 */
const char *replay_check(const struct replay *replay, const uint8_t *query, size_t query_len,
	const uint8_t *reply, size_t reply_len);
