/*
 * Replies as an independent reader sees them: ldns, which shares nothing with the engine under
 * test.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an EIP has to answer. */
struct expected {
	uint32_t address; /* host byte order */
	uint32_t ttl;
	unsigned count;
	char **names; /* absolute, lower case; a set */
};

#define REPLY_ERROR_SIZE 512

/*
 * Compares a DNS message with what is expected: an authoritative NOERROR answer to the PTR
 * question for the address, with just these names and this TTL. Returns false with the difference
 * in `error`.
 */
bool reply_check(const uint8_t *wire, size_t len, const struct expected *expected,
	char error[REPLY_ERROR_SIZE]);

/* Address that a reply's question asks for. Returns false if it is no PTR question for an IPv4
 * one. */
bool reply_address(const uint8_t *wire, size_t len, uint32_t *address);
