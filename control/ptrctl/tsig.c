#include "tsig.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define UNSIGNED_MAX 99 /* RFC 8945 section 5.3.1 */
#define HEADER_SIZE 12
#define ARCOUNT_AT 10

static bool is_sha512(const struct tsig_key *key)
{
	return strcmp(key->algorithm, "hmac-sha512.") == 0;
}

const char *tsig_key_parse(const char *text, struct tsig_key *key)
{
	const size_t name = strcspn(text, ":");
	const char *algorithm = text + name + (text[name] == ':');
	const size_t algorithm_len = strcspn(algorithm, ":");
	const char *secret = algorithm + algorithm_len + (algorithm[algorithm_len] == ':');
	const char *end;

	if (name == 0 || algorithm_len == 0 || *secret == '\0')
		return "a key has the form name:algorithm:secret";
	if (name >= sizeof(key->name) || strlen(secret) >= sizeof(key->secret))
		return "the name or the secret is too long";
	if (strncasecmp(algorithm, "hmac-sha256", algorithm_len) != 0
		&& strncasecmp(algorithm, "hmac-sha512", algorithm_len) != 0)
		return "the algorithm is neither hmac-sha256 nor hmac-sha512";
	if (algorithm_len != strlen("hmac-sha256"))
		return "the algorithm is neither hmac-sha256 nor hmac-sha512";
	memcpy(key->name, text, name);
	key->name[name] = '\0';
	strcpy(key->algorithm,
		strncasecmp(algorithm, "hmac-sha512", algorithm_len) == 0 ? "hmac-sha512."
									  : "hmac-sha256.");
	strcpy(key->secret, secret);
	if (sodium_base642bin(key->bytes, sizeof(key->bytes), secret, strlen(secret), NULL,
		    &key->len, &end, sodium_base64_VARIANT_ORIGINAL)
			!= 0
		|| *end != '\0' || key->len == 0)
		return "the secret is not base64";
	return NULL;
}

static void update(struct tsig_check *check, const void *data, size_t len)
{
	if (is_sha512(check->key))
		crypto_auth_hmacsha512_update(&check->state.sha512, data, len);
	else
		crypto_auth_hmacsha256_update(&check->state.sha256, data, len);
}

static void update16(struct tsig_check *check, uint16_t value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	update(check, bytes, sizeof(bytes));
}

static void update_rdf(struct tsig_check *check, const ldns_rdf *rdf)
{
	update(check, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
}

/* Each MAC digests the one before it. */
static void restart(struct tsig_check *check, const uint8_t *mac, size_t len)
{
	const struct tsig_key *key = check->key;

	if (is_sha512(key))
		crypto_auth_hmacsha512_init(&check->state.sha512, key->bytes, key->len);
	else
		crypto_auth_hmacsha256_init(&check->state.sha256, key->bytes, key->len);
	update(check, mac, len);
}

void tsig_check_begin(
	struct tsig_check *check, const struct tsig_key *key, const uint8_t *mac, size_t len)
{
	*check = (struct tsig_check){.key = key, .first = true};
	restart(check, mac, len);
}

/* Behind the name at `at`, or `len` if the message ends before. */
static size_t skip_name(const uint8_t *wire, size_t len, size_t at)
{
	while (at < len && wire[at] != 0 && wire[at] < 0xc0)
		at += 1u + wire[at];
	return at + (at < len && wire[at] >= 0xc0 ? 2 : 1);
}

/* Where the last record of the message begins: TSIG is the last one. 0: the message ends before. */
static size_t last_record(const uint8_t *wire, size_t len)
{
	unsigned counts[4], records;
	size_t at = HEADER_SIZE, begin = 0;

	for (unsigned i = 0; i < 4; i++)
		counts[i] = (unsigned)wire[4 + 2 * i] << 8 | wire[5 + 2 * i];
	for (unsigned i = 0; i < counts[0]; i++)
		at = skip_name(wire, len, at) + 4;
	records = counts[1] + counts[2] + counts[3];
	for (unsigned i = 0; i < records; i++) {
		begin = at;
		at = skip_name(wire, len, at) + 10;
		if (at > len)
			return 0;
		at += (size_t)wire[at - 2] << 8 | wire[at - 1];
	}
	return at <= len ? begin : 0;
}

/* The message as it was before TSIG was added. */
static const char *update_message(
	struct tsig_check *check, const uint8_t *wire, size_t len, const ldns_rr *tsig)
{
	uint8_t header[HEADER_SIZE];
	const size_t end = last_record(wire, len);
	const uint8_t *id = ldns_rdf_data(ldns_rr_rdf(tsig, 4));
	const unsigned arcount = ((unsigned)wire[ARCOUNT_AT] << 8 | wire[ARCOUNT_AT + 1]) - 1;

	if (end == 0)
		return "the message is malformed";
	memcpy(header, wire, sizeof(header));
	memcpy(header, id, 2);
	header[ARCOUNT_AT] = (uint8_t)(arcount >> 8);
	header[ARCOUNT_AT + 1] = (uint8_t)arcount;
	update(check, header, sizeof(header));
	update(check, wire + sizeof(header), end - sizeof(header));
	return NULL;
}

/* Section 4.3.3; of messages behind the first only the timers. */
static void update_variables(struct tsig_check *check, const ldns_rr *tsig)
{
	if (check->first) {
		static const uint8_t ttl[4];
		ldns_rdf *name = ldns_rdf_clone(ldns_rr_owner(tsig));
		ldns_rdf *algorithm = ldns_rdf_clone(ldns_rr_rdf(tsig, 0));

		ldns_dname2canonical(name);
		ldns_dname2canonical(algorithm);
		update_rdf(check, name);
		update16(check, LDNS_RR_CLASS_ANY);
		update(check, ttl, sizeof(ttl));
		update_rdf(check, algorithm);
		ldns_rdf_deep_free(name);
		ldns_rdf_deep_free(algorithm);
	}
	update_rdf(check, ldns_rr_rdf(tsig, 1));
	update_rdf(check, ldns_rr_rdf(tsig, 2));
	if (check->first) {
		update_rdf(check, ldns_rr_rdf(tsig, 5));
		update_rdf(check, ldns_rr_rdf(tsig, 6));
	}
}

/* Section 5.2.3 */
static bool in_time(const ldns_rr *tsig)
{
	const uint8_t *bytes = ldns_rdf_data(ldns_rr_rdf(tsig, 1));
	const int64_t fudge = ldns_rdf2native_int16(ldns_rr_rdf(tsig, 2));
	int64_t signed_at = 0;

	for (unsigned i = 0; i < 6; i++)
		signed_at = signed_at << 8 | bytes[i];
	const int64_t apart = (int64_t)time(NULL) - signed_at;

	return apart <= fudge && -apart <= fudge;
}

static bool same_name(const ldns_rdf *name, const char *text)
{
	ldns_rdf *other = ldns_dname_new_frm_str(text);
	const bool same = other != NULL && ldns_dname_compare(name, other) == 0;

	ldns_rdf_deep_free(other);
	return same;
}

static bool is_whole(const ldns_rr *tsig)
{
	return ldns_rr_rd_count(tsig) == 7 && ldns_rdf_size(ldns_rr_rdf(tsig, 1)) == 6
		&& ldns_rdf_size(ldns_rr_rdf(tsig, 2)) == 2
		&& ldns_rdf_size(ldns_rr_rdf(tsig, 3)) >= 2
		&& ldns_rdf_size(ldns_rr_rdf(tsig, 4)) == 2;
}

static const char *check_mac(struct tsig_check *check, const ldns_rr *tsig)
{
	const bool sha512 = is_sha512(check->key);
	const size_t size = sha512 ? crypto_auth_hmacsha512_BYTES : crypto_auth_hmacsha256_BYTES;
	uint8_t mac[crypto_auth_hmacsha512_BYTES];
	const ldns_rdf *given = ldns_rr_rdf(tsig, 3); /* its length stands before it */

	if (sha512)
		crypto_auth_hmacsha512_final(&check->state.sha512, mac);
	else
		crypto_auth_hmacsha256_final(&check->state.sha256, mac);
	if (ldns_rdf_size(given) != size + 2
		|| sodium_memcmp(ldns_rdf_data(given) + 2, mac, size) != 0)
		return "its signature is wrong";
	restart(check, ldns_rdf_data(given), ldns_rdf_size(given));
	return NULL;
}

const char *tsig_check_message(
	struct tsig_check *check, const uint8_t *wire, size_t len, const ldns_pkt *packet)
{
	const ldns_rr *tsig = ldns_pkt_tsig(packet);

	if (tsig == NULL && check->first)
		return "the first message is not signed";
	if (tsig == NULL && ++check->unsigned_count > UNSIGNED_MAX)
		return "more than 99 messages in a row are not signed";
	if (tsig == NULL) {
		update(check, wire, len);
		return NULL;
	}
	if (!is_whole(tsig))
		return "the TSIG record is malformed";
	if (!same_name(ldns_rr_owner(tsig), check->key->name)
		|| !same_name(ldns_rr_rdf(tsig, 0), check->key->algorithm))
		return "it is signed with another key or algorithm";
	const char *error = update_message(check, wire, len, tsig);

	if (error != NULL)
		return error;
	update_variables(check, tsig);
	error = check_mac(check, tsig);
	if (error != NULL)
		return error;
	check->first = false;
	check->unsigned_count = 0;
	return in_time(tsig) ? NULL : "it was signed at another time: the clocks differ";
}

const char *tsig_check_end(const struct tsig_check *check)
{
	return check->first || check->unsigned_count > 0 ? "the last message is not signed" : NULL;
}
