/*
 * Names of zone files whose characters stand for themselves, which is nearly every one, and reverse
 * names as keys. ldns reads and writes the others: it looks at each character for itself, and takes
 * several times as long. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ldns/ldns.h>

#define ZONE_NAME_MAX 255 /* bytes of a name on the wire */

struct zone_name {
	size_t len; /* 0: none */
	uint8_t wire[ZONE_NAME_MAX];
};

/*
 * The name that `text` stands for below `origin`, which may be none. False: it has other characters
 * than letters, digits, - _ and /, is too long, or is no name: ask ldns.
 */
bool zone_name_read(const char *text, const struct zone_name *origin, struct zone_name *name);

/*
 * The same of one that ldns has read. False, and `name` is none: it is too long, as ldns puts relative
 * names before an origin of any length.
 */
bool zone_name_of(const ldns_rdf *rdf, struct zone_name *name);

/* Its text. False: it has other characters than letters, digits, - and _, or is the root. */
bool zone_name_write(const struct zone_name *name, char text[static ZONE_NAME_MAX]);

/* An address: in order of family, IPv4 first, and then of the address itself. */
struct zone_key {
	uint8_t bytes[1 + 16]; /* family, 4 or 6; the rest of an IPv4 address is 0 */
};

/*
 * The address whose name this is: under in-addr.arpa four octets, or one octet before an RFC 2317
 * zone's name of one label and three octets (7.0/25.113.0.203); under ip6.arpa 32 nibbles. False: it
 * is that of none.
 */
bool zone_key_read(const struct zone_name *name, struct zone_key *key);
int zone_key_compare(const struct zone_key *a, const struct zone_key *b);
