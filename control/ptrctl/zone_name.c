#include "zone_name.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "arpa.h"

#define LABEL_MAX 63

/* True for a character that is itself in a name's text and on the wire. */
static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '/';
}

static bool put_origin(const struct zone_name *origin, struct zone_name *name, size_t used)
{
	if (origin->len == 0 || used + origin->len > ZONE_NAME_MAX)
		return false;
	memcpy(name->wire + used, origin->wire, origin->len);
	name->len = used + origin->len;
	return true;
}

bool zone_name_read(const char *text, const struct zone_name *origin, struct zone_name *name)
{
	size_t used = 0;

	if (strcmp(text, "@") == 0)
		return put_origin(origin, name, 0);
	while (*text != '\0') {
		size_t len = 0;

		/* With its length and the root behind it. */
		while (len <= LABEL_MAX && is_plain(text[len]))
			len++;
		if (len == 0 || len > LABEL_MAX || used + 1 + len + 1 > ZONE_NAME_MAX)
			return false;
		name->wire[used] = (uint8_t)len;
		memcpy(name->wire + used + 1, text, len);
		used += 1 + len;
		text += len;
		if (*text == '\0')
			return put_origin(origin, name, used);
		if (*text++ != '.')
			return false;
	}
	name->wire[used] = 0;
	name->len = used + 1;
	return used > 0;
}

bool zone_name_of(const ldns_rdf *rdf, struct zone_name *name)
{
	const size_t len = ldns_rdf_size(rdf);

	name->len = 0;
	if (len > sizeof(name->wire))
		return false;
	memcpy(name->wire, ldns_rdf_data(rdf), len);
	name->len = len;
	return true;
}

bool zone_name_write(const struct zone_name *name, char text[static ZONE_NAME_MAX])
{
	const uint8_t *at = name->wire;

	if (*at == 0)
		return false;
	for (unsigned left = *at++; left > 0; left = *at++) {
		for (; left > 0; left--, at++) {
			if (!is_plain((char)*at) || *at == '/')
				return false;
			*text++ = (char)*at;
		}
		*text++ = '.';
	}
	*text = '\0';
	return true;
}

/* One octet before the name of an RFC 2317 zone, which has one label before three octets. */
static bool classless_octet(const struct arpa_name *name, const uint8_t *wire, uint8_t *octet)
{
	const unsigned second = 1u + wire[0];

	return name->tree == ARPA_IPV4 && name->labels == 3 && name->extra
		&& second < arpa_suffix(name, 3)
		&& second + 1u + wire[second] == arpa_suffix(name, 3)
		&& arpa_scan_octet(wire, octet);
}

bool zone_key_read(const struct zone_name *name, struct zone_key *key)
{
	struct arpa_name arpa = {.labels = 0}; /* as it stays for another name */
	uint8_t octet = 0;

	arpa_parse(&arpa, name->wire, (unsigned)name->len);
	*key = (struct zone_key){.bytes = {arpa.tree == ARPA_IPV6 ? 6 : 4}};
	if (arpa_is_address(&arpa) && arpa.tree == ARPA_IPV6) {
		memcpy(key->bytes + 1, arpa.address6, sizeof(arpa.address6));
		return true;
	}
	if (!arpa_is_address(&arpa) && !classless_octet(&arpa, name->wire, &octet))
		return false;
	const uint32_t address = htonl(arpa.address | octet);

	memcpy(key->bytes + 1, &address, sizeof(address));
	return true;
}

int zone_key_compare(const struct zone_key *a, const struct zone_key *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}
