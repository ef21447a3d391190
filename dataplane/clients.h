/*
 * How many connections each client address has open: a client is one as long as it has any. Main lcore.
 */
#pragma once

#include <stdint.h>

struct clients;
struct client;

/* `expected`: clients at a time, about. Returns NULL if memory is short. */
struct clients *clients_create(uint32_t expected);
void clients_destroy(struct clients *clients);

/*
 * One more connection from `address` (any byte order, always the same). Returns the client, to be
 * given to clients_leave(); or NULL if it has `limit` open already, or memory is short.
 */
struct client *clients_enter(struct clients *clients, uint64_t address, uint32_t limit);
void clients_leave(struct client *client);
