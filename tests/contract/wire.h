/*
 * What building a query and checking its reply share.
 */
#pragma once

#include "cases.h"

#define COOKIE_CLIENT_SIZE 8
#define COOKIE_SERVER_SIZE 16

extern const uint8_t contract_client_cookie[COOKIE_CLIENT_SIZE]; /* of every query that has one */

/* Hash of a server cookie whose first 8 bytes stand at `server`, RFC 9018 section 4.4. */
void contract_cookie_hash(uint8_t hash[8], const uint8_t *client, const uint8_t *server,
	const char *secret, const uint8_t *address, size_t address_len);

/* The same for the client address of now and the world's secret. */
void contract_own_hash(uint8_t hash[8], const uint8_t *client, const uint8_t *server);
