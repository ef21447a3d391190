#include "clients.h"

#include <stdlib.h>

#include <sys/queue.h>
#include <sys/random.h>

struct client {
	LIST_ENTRY(client) link;
	uint64_t address;
	uint32_t connections;
};

LIST_HEAD(client_list, client);

struct clients {
	uint64_t key; /* random: nobody can choose addresses that share a list */
	unsigned shift;
	struct client_list *lists;
};

static struct client_list *list_of(struct clients *clients, uint64_t address)
{
	return &clients->lists[(address * clients->key) >> clients->shift];
}

struct clients *clients_create(uint32_t expected)
{
	struct clients *clients = calloc(1, sizeof(*clients));
	unsigned bits = 4;

	if (clients == NULL)
		return NULL;
	while (bits < 20 && (UINT32_C(1) << bits) < expected)
		bits++;
	clients->shift = 64 - bits;
	clients->lists = calloc((size_t)1 << bits, sizeof(*clients->lists)); /* zero is empty */
	if (clients->lists == NULL
		|| getrandom(&clients->key, sizeof(clients->key), 0) != sizeof(clients->key)) {
		free(clients->lists);
		free(clients);
		return NULL;
	}
	clients->key |= 1; /* odd: multiplication loses nothing */
	return clients;
}

void clients_destroy(struct clients *clients)
{
	if (clients == NULL)
		return;
	free(clients->lists);
	free(clients);
}

struct client *clients_enter(struct clients *clients, uint64_t address, uint32_t limit)
{
	struct client_list *list = list_of(clients, address);
	struct client *client = LIST_FIRST(list);

	for (; client != NULL; client = LIST_NEXT(client, link)) {
		if (client->address != address)
			continue;
		if (client->connections >= limit)
			return NULL;
		client->connections++;
		return client;
	}
	client = calloc(1, sizeof(*client));
	if (client == NULL)
		return NULL;
	client->address = address;
	client->connections = 1;
	LIST_INSERT_HEAD(list, client, link);
	return client;
}

void clients_leave(struct client *client)
{
	if (--client->connections > 0)
		return;
	LIST_REMOVE(client, link);
	free(client);
}
