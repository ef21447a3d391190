#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ldns/ldns.h>
#include <sodium.h>

#include "cases.h"
#include "wire.h"
#include "world.h"

#define TYPE_OPT 41
#define OPTION_COOKIE 10
#define UDP_SIZE 1232

const uint8_t contract_client_cookie[COOKIE_CLIENT_SIZE]
	= {0x24, 0x64, 0xc4, 0xab, 0xcf, 0x10, 0xc9, 0x57};

static uint8_t from[16] = {127, 0, 0, 1};
static size_t from_len = 4;

void contract_from(bool ipv6, const uint8_t *address)
{
	from_len = ipv6 ? 16 : 4;
	memcpy(from, address, from_len);
}

struct cursor {
	uint8_t *wire;
	size_t len;
};

static void put(struct cursor *c, const void *bytes, size_t len)
{
	assert(len <= CONTRACT_QUERY_MAX - c->len);
	if (len > 0)
		memcpy(c->wire + c->len, bytes, len);
	c->len += len;
}

static void put16(struct cursor *c, unsigned value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	put(c, bytes, sizeof(bytes));
}

static void put_question(struct cursor *c, const struct contract_case *row)
{
	ldns_rdf *name = ldns_dname_new_frm_str(row->name);

	assert(name != NULL);
	put(c, ldns_rdf_data(name), ldns_rdf_size(name));
	ldns_rdf_deep_free(name);
	put16(c, row->type);
	put16(c, row->class != 0 ? row->class : LDNS_RR_CLASS_IN);
}

void contract_cookie_hash(uint8_t hash[8], const uint8_t *client, const uint8_t *server,
	const char *secret, const uint8_t *address, size_t address_len)
{
	uint8_t key[crypto_shorthash_KEYBYTES], input[8 + 8 + 16];
	size_t key_len;

	static_assert(crypto_shorthash_BYTES == 8, "SipHash-2-4");
	sodium_hex2bin(key, sizeof(key), secret, strlen(secret), NULL, &key_len, NULL);
	assert(key_len == sizeof(key));
	memcpy(input, client, 8);
	memcpy(input + 8, server, 8);
	memcpy(input + 16, address, address_len);
	crypto_shorthash(hash, input, 16 + address_len, key);
}

void contract_own_hash(uint8_t hash[8], const uint8_t *client, const uint8_t *server)
{
	contract_cookie_hash(hash, client, server, CONTRACT_COOKIE_SECRET, from, from_len);
}

static int cookie_age(enum contract_cookie kind)
{
	switch (kind) {
	case COOKIE_OLD:
		return 40 * 60;
	case COOKIE_AHEAD:
		return -2 * 60;
	case COOKIE_EXPIRED:
		return 62 * 60;
	case COOKIE_FUTURE:
		return -7 * 60;
	default:
		return 10 * 60;
	}
}

static void put_cookie(struct cursor *c, enum contract_cookie kind)
{
	const uint32_t made = (uint32_t)time(NULL) - (uint32_t)cookie_age(kind);
	uint8_t server[COOKIE_SERVER_SIZE] = {kind == COOKIE_VERSION ? 2 : 1, 0, 0, 0,
		(uint8_t)(made >> 24), (uint8_t)(made >> 16), (uint8_t)(made >> 8), (uint8_t)made};
	uint8_t other[16];

	if (kind == COOKIE_NONE)
		return;
	put16(c, OPTION_COOKIE);
	put16(c, COOKIE_CLIENT_SIZE + (kind == COOKIE_CLIENT ? 0 : COOKIE_SERVER_SIZE));
	put(c, contract_client_cookie, COOKIE_CLIENT_SIZE);
	if (kind == COOKIE_CLIENT)
		return;

	memcpy(other, from, from_len);
	other[from_len - 1] ^= kind == COOKIE_OTHER;
	contract_cookie_hash(server + 8, contract_client_cookie, server,
		kind == COOKIE_ROLLED ? CONTRACT_COOKIE_SECRET_OLD : CONTRACT_COOKIE_SECRET, other,
		from_len);
	server[COOKIE_SERVER_SIZE - 1] ^= kind == COOKIE_FORGED;
	put(c, server, sizeof(server));
}

static void put_opt(struct cursor *c, const struct contract_case *row)
{
	put(c, "", 1); /* the root */
	put16(c, TYPE_OPT);
	put16(c, row->udp_size != 0 ? row->udp_size : UDP_SIZE);
	put16(c, row->version);
	put16(c, row->edns_flags);
	const size_t at = c->len;

	put16(c, 0);
	put(c, row->options, row->options_len);
	put_cookie(c, row->cookie);
	const size_t rdlength = c->len - at - 2;

	c->wire[at] = (uint8_t)(rdlength >> 8);
	c->wire[at + 1] = (uint8_t)rdlength;
}

size_t contract_build(const struct contract_case *row, uint8_t *wire)
{
	struct cursor c = {wire, 0};

	put16(&c, CONTRACT_ID);
	if (row->raw != NULL) {
		put(&c, row->raw, row->raw_len);
		return c.len;
	}
	put16(&c, row->flags);
	put16(&c, (unsigned)((row->name != NULL) + row->qd));
	put16(&c, (unsigned)row->an);
	put16(&c, (unsigned)row->ns);
	put16(&c, (unsigned)(row->edns + row->ar));
	if (row->name != NULL)
		put_question(&c, row);
	put(&c, row->middle, row->middle_len);
	if (row->edns)
		put_opt(&c, row);
	put(&c, row->behind, row->behind_len);
	return c.len;
}
