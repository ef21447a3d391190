/*
 * Messages to a server and back, on each way that there is to it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum path {
	PATH_UDP,
	PATH_TCP,
	/* UDP with an IPv4 option, or an IPv6 destination options header, in each packet: what no
	 * fast path looks into, and nothing else than a kernel's socket answers. */
	PATH_SLOW,
};

#define PATH_REPLY_MAX 65535

struct path_peer {
	const char *address; /* IPv4 or IPv6, in text */
	uint16_t port;
	enum path path;
	const char *from; /* address of ours that it is to see; NULL: any */
};

/* The same peer, asked from the address that may have zones if `transfers`. */
struct path_peer path_from(const struct path_peer *peer, bool transfers);

/*
 * A socket connected to the peer, or -1 after saying why. Its local port is `port`, or any if 0.
 */
int path_open(const struct path_peer *peer, uint16_t port);

/* Sends one message on a socket of path_open(). Returns false if it could not be. */
bool path_send(const struct path_peer *peer, int fd, const uint8_t *message, size_t len);

/*
 * UDP from port 0, which no UDP socket has: a raw socket connected to the peer, or -1 after saying
 * why; a query through it; and whether no datagram for port 0 has come to it by now.
 */
int path_open_raw(const struct path_peer *peer);
bool path_send_raw(int fd, const uint8_t *query, size_t len);
bool path_silent_raw(int fd);

/* The address that the peer sees, in network order: 16 bytes, or 4. Returns false after saying why
 * not. */
bool path_local(const struct path_peer *peer, bool *ipv6, uint8_t address[static 16]);

/*
 * Sends `query`, then an ordinary one, and waits for what comes back before that one is answered: a
 * server of one thread answers in order, so no reply by then is none, without a guess at its speed.
 * A message that got lost is sent again, once. Returns the reply's length, 0 if there is none (over
 * TCP: nothing but the end of the connection, too), or -1 after saying that the server does not
 * answer at all. `reply` has PATH_REPLY_MAX bytes.
 */
long path_ask(const struct path_peer *peer, const uint8_t *query, size_t len, uint8_t *reply);
