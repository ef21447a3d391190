/*
 * Class CH: what a server says of itself, for version.bind and its like (RFC 4892).
 */
#pragma once

#include "engine.h"

/* The text that answers the request's question of class CH, or NULL. */
const char *chaos_text(const struct dns_settings *settings, const struct dns_request *r);
