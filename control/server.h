/*
 * Server: the event loop of the control process. In each turn it reads what is ready on all
 * connections, executes it as one round, and sends the replies that may go.
 */
#pragma once

#include "commands/call.h"

/* Most connections at a time; who gets one: actor_gets_place(). */
#define SERVER_CONNECTIONS_MAX 256

struct server;

/*
 * Serves the listening socket `fd` (still the caller's). Returns NULL after writing to standard
 * error why. SIGTERM and SIGINT are the server's from here on.
 */
struct server *server_new(struct control *control, int fd);
void server_free(struct server *server);

/* Returns after SIGTERM, SIGINT or server_stop(), the last round finished. */
void server_run(struct server *server);
void server_stop(struct server *server);
