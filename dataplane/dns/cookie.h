/*
 * DNS cookies, RFC 7873, with the server cookies that RFC 9018 makes the same everywhere: version
 * 1, 16 bytes, SipHash-2-4.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

#define COOKIE_CLIENT_SIZE 8
#define COOKIE_SERVER_SIZE 16
#define COOKIE_SIZE (COOKIE_CLIENT_SIZE + COOKIE_SERVER_SIZE) /* of an option in a reply */

enum dns_cookie {
	DNS_COOKIE_NONE,
	DNS_COOKIE_CLIENT,  /* a client cookie alone */
	DNS_COOKIE_INVALID, /* a server cookie that is not ours, or out of date */
	DNS_COOKIE_VALID,
};

/* True if an option may be `len` bytes long: a client cookie, and a server cookie of 8 to 32 bytes
 * if any (RFC 7873 section 4). */
bool cookie_length_valid(unsigned len);

/*
 * Judges the option of `len` bytes (a valid length) that `client` (network order; IPv4 in the first
 * four bytes) sent at `now` (seconds of the wall clock), and writes the option of the reply to
 * `reply` (COOKIE_SIZE bytes). It carries the client's server cookie if that is valid, younger than
 * half an hour and signed by the current secret, else a new one. `settings` has at least one
 * secret.
 */
enum dns_cookie cookie_check(const struct dns_settings *settings, const uint8_t client[16],
	bool client_ipv6, uint32_t now, const uint8_t *option, unsigned len, uint8_t *reply);
