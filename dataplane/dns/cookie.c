#include "cookie.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"
#include "siphash.h"

#define SERVER_SIZE_MIN 8 /* RFC 7873 section 4 */
#define SERVER_SIZE_MAX 32
#define VERSION 1

/* Places in a server cookie, RFC 9018 section 4. */
#define AT_TIMESTAMP 4
#define AT_HASH 8

/* Seconds, RFC 9018 section 4.3. */
#define AGE_MAX 3600
#define AGE_MIN (-300)
#define AGE_RENEWED 1800

bool cookie_length_valid(unsigned len)
{
	return len == COOKIE_CLIENT_SIZE
		|| (len >= COOKIE_CLIENT_SIZE + SERVER_SIZE_MIN
			&& len <= COOKIE_CLIENT_SIZE + SERVER_SIZE_MAX);
}

/* Hash over the client cookie, the server cookie's first half and the client's address, as the bytes
 * lie in the cookie. */
static uint64_t hash(
	const uint8_t *cookie, const uint8_t *client, bool client_ipv6, const uint8_t *secret)
{
	const unsigned head = COOKIE_CLIENT_SIZE + AT_HASH;
	struct siphash state = siphash_start(secret);
	uint32_t address4;

	static_assert(COOKIE_CLIENT_SIZE == sizeof(uint64_t) && AT_HASH == sizeof(uint64_t)
			&& DNS_COOKIE_SECRET_SIZE == SIPHASH_KEY_SIZE,
		"whole words");
	siphash_word(&state, le64toh(load_word(cookie)));
	siphash_word(&state, le64toh(load_word(cookie + COOKIE_CLIENT_SIZE)));
	if (client_ipv6) {
		siphash_word(&state, le64toh(load_word(client)));
		siphash_word(&state, le64toh(load_word(client + 8)));
		return htole64(siphash_end(&state, 0, head + 16));
	}
	memcpy(&address4, client, sizeof(address4));
	return htole64(siphash_end(&state, le32toh(address4), head + sizeof(address4)));
}

/* Number of the secret that signed the server cookie, or -1. */
static int signer(const struct dns_settings *settings, const uint8_t *cookie, const uint8_t *client,
	bool client_ipv6)
{
	const uint64_t given = load_word(cookie + COOKIE_CLIENT_SIZE + AT_HASH);

	/* A word is compared in the same time whatever it is. */
	for (unsigned i = 0; i < settings->cookie_secrets; i++)
		if (hash(cookie, client, client_ipv6, settings->cookie_secret[i]) == given)
			return (int)i;
	return -1;
}

enum dns_cookie cookie_check(const struct dns_settings *settings, const uint8_t client[16],
	bool client_ipv6, uint32_t now, const uint8_t *option, unsigned len, uint8_t *reply)
{
	const uint8_t *server = option + COOKIE_CLIENT_SIZE;
	enum dns_cookie found = len == COOKIE_CLIENT_SIZE ? DNS_COOKIE_CLIENT : DNS_COOKIE_INVALID;

	if (len == COOKIE_SIZE && server[0] == VERSION) {
		/* Serial number arithmetic (RFC 1982), as 32 bits of seconds wrap in 2106. */
		const int32_t age = (int32_t)(now - load32(server + AT_TIMESTAMP));
		const int by = age >= AGE_MIN && age <= AGE_MAX
			? signer(settings, option, client, client_ipv6)
			: -1;

		if (by >= 0)
			found = DNS_COOKIE_VALID;
		if (by == 0 && age <= AGE_RENEWED) {
			memcpy(reply, option, COOKIE_SIZE);
			return found;
		}
	}
	memcpy(reply, option, COOKIE_CLIENT_SIZE);
	memset(reply + COOKIE_CLIENT_SIZE, 0, AT_TIMESTAMP); /* reserved bytes */
	reply[COOKIE_CLIENT_SIZE] = VERSION;
	store32(reply + COOKIE_CLIENT_SIZE + AT_TIMESTAMP, now);
	const uint64_t made = hash(reply, client, client_ipv6, settings->cookie_secret[0]);

	memcpy(reply + COOKIE_CLIENT_SIZE + AT_HASH, &made, sizeof(made));
	return found;
}
