#include "arpa.h"

#include <stddef.h>

#define LABELS_MAX 127 /* of one byte each, in a name of 255 bytes */

static const uint8_t in_addr_arpa[] = "\7in-addr\4arpa";

/* What setting in a letter makes it lower case; on a length, the hyphen and the root it would turn
 * other bytes into a match. */
static const uint8_t in_addr_arpa_case[sizeof(in_addr_arpa)]
	= {0, 0x20, 0x20, 0, 0x20, 0x20, 0x20, 0x20, 0, 0x20, 0x20, 0x20, 0x20, 0};

static bool is_in_addr_arpa(const uint8_t *wire)
{
	uint8_t different = 0;

	for (size_t i = 0; i < sizeof(in_addr_arpa); i++)
		different |= (uint8_t)((wire[i] | in_addr_arpa_case[i]) ^ in_addr_arpa[i]);
	return different == 0;
}

/* Reads a label as a canonical octet. */
static bool scan_octet(const uint8_t *label, uint8_t *octet)
{
	const unsigned len = label[0];
	unsigned value = 0;

	if (len == 0 || len > 3 || (len > 1 && label[1] == '0'))
		return false;
	for (unsigned i = 1; i <= len; i++) {
		const unsigned digit = label[i] - (unsigned)'0';

		if (digit > 9)
			return false;
		value = value * 10 + digit;
	}
	*octet = (uint8_t)value;
	return value <= UINT8_MAX;
}

void arpa_parse(struct arpa_name *name, const uint8_t *wire, unsigned len)
{
	uint8_t labels[LABELS_MAX];
	unsigned count = 0;

	name->tree = ARPA_NONE;
	for (unsigned at = 0; wire[at] != 0; at += 1u + wire[at])
		labels[count++] = (uint8_t)at;

	/* Only a suffix that starts at a label counts: "7in-addr" may also be bytes within one. */
	if (count < 2 || labels[count - 2] + sizeof(in_addr_arpa) != len
		|| !is_in_addr_arpa(wire + labels[count - 2]))
		return;
	count -= 2;

	name->tree = ARPA_IPV4;
	name->octets = 0;
	name->address = 0;
	name->suffix[0] = labels[count];
	while (count > 0 && name->octets < ARPA_OCTETS) {
		uint8_t octet;

		if (!scan_octet(wire + labels[count - 1], &octet))
			break;
		count--;
		name->address |= (uint32_t)octet << (24 - 8 * name->octets);
		name->suffix[++name->octets] = labels[count];
	}
	name->extra = count > 0;
}
