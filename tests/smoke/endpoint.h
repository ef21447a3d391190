/*
 * Sockets' addresses, and the way that their packets take.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

/* Fills in an IPv4 or IPv6 address; `port` in host byte order. Returns its size; ends the program,
 * after saying why, if the text is no address. */
socklen_t endpoint(const char *text, uint16_t port, struct sockaddr_storage *address);

/* Puts an IPv4 option, or an IPv6 destination options header, into each packet of the socket: what
 * no fast path looks into, and nothing else than a kernel's socket answers. Returns 0, or -1 with
 * errno. */
int endpoint_slow(int fd, int family);
