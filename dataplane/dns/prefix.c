#include "prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define FORM_RULE "must be an IPv4 or IPv6 address, a slash and a prefix length"

const char *dns_prefix_parse(struct dns_prefix *prefix, const char *text)
{
	const char *slash = strchr(text, '/');
	char address_text[INET6_ADDRSTRLEN] = "";
	uint8_t address[16];
	int end = 0;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(address_text))
		return FORM_RULE;
	memcpy(address_text, text, (size_t)(slash - text));
	prefix->ipv6 = strchr(address_text, ':') != NULL;
	if (inet_pton(prefix->ipv6 ? AF_INET6 : AF_INET, address_text, address) != 1
		|| strspn(slash + 1, "0123456789") == 0
		|| sscanf(slash + 1, "%3u%n", &prefix->bits, &end) != 1 || slash[1 + end] != '\0')
		return FORM_RULE;
	if (prefix->bits > (prefix->ipv6 ? 128 : 32))
		return prefix->ipv6 ? "the prefix length must be 0 to 128"
				    : "the prefix length must be 0 to 32";

	unsigned __int128 behind = 0; /* bits behind the prefix length */

	if (prefix->ipv6) {
		prefix->first = dns_address6(address);
		if (prefix->bits < 128)
			behind = ~(unsigned __int128)0 >> prefix->bits;
	} else {
		uint32_t word;

		memcpy(&word, address, sizeof(word));
		prefix->first = ntohl(word);
		if (prefix->bits < 32)
			behind = UINT32_MAX >> prefix->bits;
	}
	return (prefix->first & behind) != 0
		? "bits of the address are set behind the prefix length"
		: NULL;
}
