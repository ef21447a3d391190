#include "prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define FORM_RULE "must be an IPv4 or IPv6 address, a slash and a prefix length"
#define CLIENT_RULE "must be an IPv4 or IPv6 address, alone or with a slash and a prefix length"

/* Host byte order of 4 bytes in network order. */
static uint32_t address4(const uint8_t *address)
{
	uint32_t word;

	memcpy(&word, address, sizeof(word));
	return ntohl(word);
}

/* Bits behind the prefix length. */
static unsigned __int128 bits_behind(const struct dns_prefix *prefix)
{
	const unsigned width = prefix->ipv6 ? 128 : 32;
	const unsigned __int128 all = prefix->ipv6 ? ~(unsigned __int128)0 : UINT32_MAX;

	return prefix->bits < width ? all >> prefix->bits : 0;
}

static bool parse_address(struct dns_prefix *prefix, const char *text, size_t len)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	prefix->ipv6 = strchr(copy, ':') != NULL;
	if (inet_pton(prefix->ipv6 ? AF_INET6 : AF_INET, copy, address) != 1)
		return false;
	prefix->first = prefix->ipv6 ? dns_address6(address) : address4(address);
	return true;
}

const char *dns_prefix_parse(struct dns_prefix *prefix, const char *text)
{
	const char *slash = strchr(text, '/');
	int end = 0;

	if (slash == NULL || !parse_address(prefix, text, (size_t)(slash - text))
		|| strspn(slash + 1, "0123456789") == 0
		|| sscanf(slash + 1, "%3u%n", &prefix->bits, &end) != 1 || slash[1 + end] != '\0')
		return FORM_RULE;
	if (prefix->bits > (prefix->ipv6 ? 128 : 32))
		return prefix->ipv6 ? "the prefix length must be 0 to 128"
				    : "the prefix length must be 0 to 32";
	return (prefix->first & bits_behind(prefix)) != 0
		? "bits of the address are set behind the prefix length"
		: NULL;
}

const char *dns_prefix_parse_client(struct dns_prefix *prefix, const char *text)
{
	if (strchr(text, '/') != NULL)
		return dns_prefix_parse(prefix, text);
	if (!parse_address(prefix, text, strlen(text)))
		return CLIENT_RULE;
	prefix->bits = prefix->ipv6 ? 128 : 32;
	return NULL;
}

bool dns_prefix_contains(const struct dns_prefix *prefix, bool ipv6, const uint8_t address[16])
{
	if (ipv6 != prefix->ipv6)
		return false;
	const unsigned __int128 wanted = ipv6 ? dns_address6(address) : address4(address);

	return wanted - prefix->first <= bits_behind(prefix);
}
