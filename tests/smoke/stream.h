/*
 * Queries on a TCP connection, and their replies in order. The server has bound 203.0.113.0/24 with
 * default names ecs-203-0-113-N.compute.example.com and TTL 300.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_QUERY_MAX 64 /* bytes, its length included */

/* Writes query number `i`, with its length in front: of three sizes in turn, no two that follow
 * each other alike. Returns its bytes. */
size_t stream_query(unsigned i, uint8_t query[static STREAM_QUERY_MAX]);

/* Connects, not blocking, from `local` (NULL: any). Returns -1 after saying why. */
int stream_open(const char *server, const char *local);

/* What has come of the replies. */
struct stream_replies {
	unsigned count; /* right ones, number 0 first */
	size_t used;
	uint8_t bytes[4096];
};

/* Reads what is there and checks it. Returns 1, 0 at the end of the connection, or -1 after saying
 * what is wrong. */
int stream_receive(int fd, struct stream_replies *replies);

/* Waits until `fd` has one of `events` (poll(2)). Returns false after 30 s without. */
bool stream_wait(int fd, short events);

/* Sends all, waiting for room. Returns false after saying why not. */
bool stream_send(int fd, const uint8_t *bytes, size_t len);

/* Asks query `i` on a connection of its own that it opens from `local`. Returns whether the answer
 * came and is right. */
bool stream_ask_once(const char *server, const char *local);
