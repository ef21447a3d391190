/*
 * Socket addresses from text.
 */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

/* Fills in an IPv4 or IPv6 address; `port` in host byte order. Returns its size; ends the program,
 * after saying why, if the text is no address. */
socklen_t endpoint(const char *text, uint16_t port, struct sockaddr_storage *address);
