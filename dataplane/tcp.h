/*
 * DNS over TCP, RFC 7766: a two-byte length and a message, in any segmentation; queries may be
 * pipelined, replies come in their order. Main lcore; nothing blocks, and every buffer has a
 * bound.
 */
#pragma once

#include <ptrd/config.h>

struct event_base;
struct serving;
struct tcp;

/* `base`: of events_create(). `limits` must outlive it. Returns NULL after log_line() told why. */
struct tcp *tcp_create(
	struct event_base *base, struct serving *serving, const struct ptrd_config_tcp *limits);

/* Accepts connections on `fd`, bound and not blocking: tcp's own if this returns 0; -1 with
 * errno. */
int tcp_listen(struct tcp *tcp, int fd);

/* Closes listeners and connections. NULL is allowed. */
void tcp_destroy(struct tcp *tcp);
