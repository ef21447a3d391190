/*
 * One message on the main lcore: the engine's stages as reader NODE_READER_MAIN.
 */
#pragma once

#include "engine.h"
#include "worker.h"

/* Answers one request (its caller's fields set) and counts it. Main lcore. */
void respond(struct serving *serving, struct dns_request *request);
