/*
 * One connection to the control process: a request line out, a reply line in.
 */
#pragma once

#include <stdbool.h>
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
 * Sends `len` bytes, one request line with its newline, and does not wait for the reply: that is
 * kept until client_reply() takes it. However many requests are on their way, neither side waits
 * for the other one to read. Returns false if it could not be sent; client_reply() tells why.
 */
bool client_send(struct client *client, const char *line, size_t len);

/*
 * Waits for the reply to the oldest request whose reply has not been taken: replies come in the
 * order of requests, so none needs to be told from another by its id. Returns it, an object that
 * has "result" or an object "error", owned by the caller; or NULL after writing to standard error
 * that the connection failed.
 */
json_t *client_reply(struct client *client);

/* The two, one after the other. */
json_t *client_exchange(struct client *client, const char *line, size_t len);

/* The same for a method and its parameters (borrowed). */
json_t *client_request(struct client *client, const char *method, json_t *params);

/*
 * Waits for a notification, an object that has "method". Owned by the caller; NULL after writing to
 * standard error that the connection has ended.
 */
json_t *client_receive(struct client *client);
