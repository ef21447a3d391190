#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

/*
 * Dotted quad as inet_pton() takes it: four decimal octets, no leading zeros, nothing around
 * them.
 */
static bool quad_parse(const char *text, size_t len, struct address *address)
{
	char copy[INET_ADDRSTRLEN];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*address = (struct address){.ipv6 = false};
	return inet_pton(AF_INET, copy, address->bytes) == 1;
}

static bool looks_like_ipv6(const char *text, size_t len)
{
	return memchr(text, ':', len) != NULL;
}

bool address_parse(const char *text, struct address *address, struct refusal *why)
{
	const char *slash = strchr(text, '/');
	const size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);

	if (looks_like_ipv6(text, len))
		return refuse(why, PTRD_ERR_INVALID_ADDRESS,
			"%s is an IPv6 address; this version serves IPv4 addresses only",
			QUOTE(text));
	if (!quad_parse(text, len, address))
		return refuse(why, PTRD_ERR_INVALID_ADDRESS,
			"%s is not an IPv4 address of four decimal octets, such as 203.0.113.7",
			QUOTE(text));
	if (slash != NULL && strcmp(slash, "/32") != 0)
		return refuse(why, PTRD_ERR_INVALID_ADDRESS,
			"%s is not one address: only a 32-bit mask is allowed, such as 203.0.113.7/32",
			QUOTE(text));
	return true;
}

const char *address_format(const struct address *address, char text[static ADDRESS_TEXT_MAX])
{
	return inet_ntop(
		address->ipv6 ? AF_INET6 : AF_INET, address->bytes, text, ADDRESS_TEXT_MAX);
}

size_t address_size(const struct address *address)
{
	return address->ipv6 ? 16 : 4;
}

int address_compare(const struct address *a, const struct address *b)
{
	if (a->ipv6 != b->ipv6)
		return a->ipv6 ? 1 : -1;
	return memcmp(a->bytes, b->bytes, address_size(a));
}

/* Decimal digits with no leading zero and at most `max`. */
static bool length_parse(const char *text, unsigned max, unsigned *length)
{
	const size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
		return false;
	*length = 0;
	for (size_t i = 0; i < digits; i++)
		*length = *length * 10 + (unsigned)(text[i] - '0');
	return *length <= max;
}

bool prefix_parse(const char *text, struct prefix *prefix, struct refusal *why)
{
	const char *slash = strchr(text, '/');
	char canonical[PREFIX_TEXT_MAX];

	if (looks_like_ipv6(text, strlen(text)))
		return refuse(why, PTRD_ERR_INVALID_REGION,
			"%s is an IPv6 prefix; this version serves IPv4 prefixes only",
			QUOTE(text));
	if (slash == NULL || !quad_parse(text, (size_t)(slash - text), &prefix->first)
		|| !length_parse(slash + 1, 32, &prefix->length))
		return refuse(why, PTRD_ERR_INVALID_REGION,
			"%s is not an IPv4 prefix such as 203.0.113.0/24", QUOTE(text));
	if (prefix->length < PREFIX_LENGTH_MIN)
		return refuse(why, PTRD_ERR_INVALID_REGION,
			"%s is too wide: a prefix has a length of %d to 32", QUOTE(text),
			PREFIX_LENGTH_MIN);

	const uint32_t host_bits = prefix->length == 32 ? 0 : UINT32_MAX >> prefix->length;
	uint32_t number;

	memcpy(&number, prefix->first.bytes, sizeof(number));
	const uint32_t first = htonl(ntohl(number) & ~host_bits);
	const uint32_t last = htonl(ntohl(number) | host_bits);
	const bool aligned = first == number;

	memcpy(prefix->first.bytes, &first, sizeof(first));
	prefix->last = (struct address){.ipv6 = false};
	memcpy(prefix->last.bytes, &last, sizeof(last));
	if (!aligned)
		return refuse(why, PTRD_ERR_INVALID_REGION,
			"%s has bits set behind its length; the prefix that holds it is %s",
			QUOTE(text), prefix_format(prefix, canonical));
	return true;
}

const char *prefix_format(const struct prefix *prefix, char text[static PREFIX_TEXT_MAX])
{
	char address[ADDRESS_TEXT_MAX];

	snprintf(text, PREFIX_TEXT_MAX, "%s/%u", address_format(&prefix->first, address),
		prefix->length);
	return text;
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return address_compare(&a->first, &b->last) <= 0
		&& address_compare(&b->first, &a->last) <= 0;
}
