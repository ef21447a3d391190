/*
 * PTR questions over UDP, one at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Socket connected to port 53 of an IPv4 address in text. Returns -1 after saying why. */
int query_open(const char *server);

/* Sends the question for an address (host byte order). Returns 0 or -errno. */
int query_send(int fd, uint16_t id, uint32_t address);

/*
 * Waits up to `timeout` ms for the reply with this id; older ones are passed over. Returns its
 * length, 0 if none came, or -errno.
 */
ssize_t query_receive(int fd, uint16_t id, int timeout, uint8_t *reply, size_t size);
