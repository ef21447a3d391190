/*
 * Any well-formed name: what the scanner finds is what the name says, told by writing it again.
 */
#include <strings.h>

#include <ldns/ldns.h>

#include "message.h"
#include "target.h"

/* The text that the suffix of `labels` octets or nibbles must have. */
static void expected_text(char *out, size_t size, const struct arpa_name *name, unsigned labels)
{
	const bool ipv6 = name->tree == ARPA_IPV6;
	size_t at = 0;

	for (unsigned i = labels; i > 0; i--) {
		if (ipv6)
			at += (size_t)snprintf(out + at, size - at, "%x.",
				name->address6[(i - 1) / 2] >> (i % 2 == 0 ? 0 : 4) & 15);
		else
			at += (size_t)snprintf(
				out + at, size - at, "%u.", name->address >> (32 - 8 * i) & 255);
	}
	snprintf(out + at, size - at, ipv6 ? "ip6.arpa." : "in-addr.arpa.");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arpa_name name, read;
	char expected[80];
	const unsigned len
		= size > UINT16_MAX ? 0 : message_name_end(data, (unsigned)size, 0, false);

	if (len == 0)
		return 0;
	uint8_t *exact = malloc(len);

	CHECK(exact != NULL);
	memcpy(exact, data, len);
	arpa_parse(&name, exact, len);
	const bool address = name.tree != ARPA_NONE && arpa_is_address(&name);

	CHECK(arpa_read_address(&read, exact, len) == (address ? len : 0));
	CHECK(!address
		|| (read.tree == name.tree && arpa_is_address(&read)
			&& memcmp(read.address6, name.address6, name.tree == ARPA_IPV6 ? 16 : 4)
				== 0));
	for (unsigned i = 0; name.tree != ARPA_NONE && i <= name.labels; i++) {
		size_t at = arpa_suffix(&name, i);
		ldns_rdf *rdf = NULL;

		CHECK(name.labels <= (name.tree == ARPA_IPV6 ? ARPA_NIBBLES : ARPA_OCTETS)
			&& ldns_wire2dname(&rdf, exact, len, &at) == LDNS_STATUS_OK);
		char *text = ldns_rdf2str(rdf);

		expected_text(expected, sizeof(expected), &name, i);
		CHECK(strcasecmp(text, expected) == 0);
		free(text);
		ldns_rdf_deep_free(rdf);
	}
	CHECK(name.tree == ARPA_NONE || name.extra == (arpa_suffix(&name, name.labels) != 0));
	free(exact);
	return 0;
}
