/*
 * One message on the main lcore: the engine's stages as reader NODE_READER_MAIN.
 */
#pragma once

#include "serving.h"

struct sockaddr;

/* Sets who asks: `client` is of IPv4 or IPv6. */
void respond_client(struct dns_request *request, const struct sockaddr *client);

/* Answers one request (its caller's fields set) and counts its outcome. Main lcore. */
void respond(struct serving *serving, struct dns_request *request);
