/*
 * TSIG, RFC 8945: the key, and the check of an answer of many messages, of which not each one needs
 * to be signed (section 5.3.1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>
#include <sodium.h>

#define TSIG_SECRET_MAX 512

struct tsig_key {
	char name[256];
	char algorithm[16];             /* "hmac-sha256." */
	char secret[TSIG_SECRET_MAX];   /* base64 */
	uint8_t bytes[TSIG_SECRET_MAX]; /* the secret */
	size_t len;
};

/* Reads "name:algorithm:secret". Returns NULL, or the rule that it breaks. */
const char *tsig_key_parse(const char *text, struct tsig_key *key);

struct tsig_check {
	const struct tsig_key *key;
	bool first;
	unsigned unsigned_count; /* messages since the last one that was signed */
	union {
		crypto_auth_hmacsha256_state sha256;
		crypto_auth_hmacsha512_state sha512;
	} state;
};

/* Begins with the MAC of the query, with its length before it, as the query's record has it. */
void tsig_check_begin(
	struct tsig_check *check, const struct tsig_key *key, const uint8_t *mac, size_t len);

/*
 * The next message of the answer, and the same parsed. Returns NULL, or what is wrong with it: then
 * nothing of it, nor of the messages before it since the last signed one, may be believed.
 */
const char *tsig_check_message(
	struct tsig_check *check, const uint8_t *wire, size_t len, const ldns_pkt *packet);

/* All of the answer has come: the last message has to be a signed one. */
const char *tsig_check_end(const struct tsig_check *check);
