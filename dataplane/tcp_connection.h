/*
 * TCP connections of clients: the queries that arrive on one, and their replies in the same order. Main
 * lcore; nothing blocks, and what one can have us hold has a bound.
 */
#pragma once

#include <stdint.h>

#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "transfers.h"

struct client;
struct connection;
struct event_base;

TAILQ_HEAD(connection_list, connection);

/* What they share. */
struct tcp_connections {
	struct event_base *base;
	struct serving *serving;
	struct ptrd_counters *counters;
	const struct timeval *idle_timeout;
	struct transfers transfers;
	struct connection_list list; /* the one that has been idle longest is first */
	uint32_t open;
	unsigned long_queries;                     /* connections that have one */
	uint8_t message[LENGTH_SIZE + UINT16_MAX]; /* being answered, its length in front */
};

/* Of a struct of zeroes; seconds until an idle one is closed. Returns 0; or -1 if memory is short, and
 * there is no connection then either. */
int tcp_connections_init(struct tcp_connections *all, struct event_base *base,
	struct serving *serving, uint32_t idle_timeout);

/* Serves the connected socket `fd` of `client`, whose place it gives up when it ends. Returns 0; or -1 if
 * memory is short, and `fd` is then still open. */
int tcp_connection_open(struct tcp_connections *all, int fd, struct client *client,
	const struct sockaddr_storage *address);

/* Closes it at once. */
void tcp_connection_free(struct connection *connection);

/* The one that has been idle longest, or NULL. */
struct connection *tcp_connections_first(const struct tcp_connections *all);
