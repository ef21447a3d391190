/*
 * One connection to the control process: a request line out, a reply line in.
 */
#pragma once

#include <stddef.h>

#include <jansson.h>

struct client;

/*
 * Connects to the unix socket at `path`. Returns NULL after writing to standard error which socket
 * it was, why it failed and what to do next.
 */
struct client *client_open(const char *path);
void client_close(struct client *client);

/*
 * Sends `len` bytes, one request line with its newline, and waits for the reply. Returns the reply,
 * an object that has "result" or an object "error", owned by the caller; or NULL after writing to
 * standard error that the connection failed. Replies come in the order of requests, so none needs
 * to be told from another by its id.
 */
json_t *client_exchange(struct client *client, const char *line, size_t len);

/* The same for a method and its parameters (borrowed). */
json_t *client_request(struct client *client, const char *method, json_t *params);

/*
 * Waits for a notification, an object that has "method". Owned by the caller; NULL after writing to
 * standard error that the connection has ended.
 */
json_t *client_receive(struct client *client);
