#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

/*
 * The `len` bytes at `text` as inet_pton() takes them: no leading zeros in octets, nothing around.
 */
static bool text_parse(const char *text, size_t len, struct address *address)
{
	char copy[ADDRESS_TEXT_MAX];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*address = (struct address){.ipv6 = memchr(text, ':', len) != NULL};
	return inet_pton(address->ipv6 ? AF_INET6 : AF_INET, copy, address->bytes) == 1;
}

/* ::ffff:203.0.113.7, RFC 4291 section 2.5.5.2: the address becomes its IPv4 one. */
static bool unmap(struct address *address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct address whole = *address;

	if (!whole.ipv6 || memcmp(whole.bytes, mapped, sizeof(mapped)) != 0)
		return false;
	*address = (struct address){.ipv6 = false};
	memcpy(address->bytes, whole.bytes + sizeof(mapped), 4);
	return true;
}

static bool refuse_text(const char *text, size_t len, struct refusal *why)
{
	if (memchr(text, ':', len) != NULL)
		return refuse(why, PTRD_ERR_INVALID_ADDRESS,
			"%s is not an IPv6 address such as 2001:db8::7", QUOTE(text));
	return refuse(why, PTRD_ERR_INVALID_ADDRESS,
		"%s is neither an IPv4 address of four decimal octets, such as 203.0.113.7, nor an "
		"IPv6 address",
		QUOTE(text));
}

bool address_parse(const char *text, struct address *address, struct refusal *why)
{
	const char *slash = strchr(text, '/');
	const size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	char ipv4[ADDRESS_TEXT_MAX];

	if (!text_parse(text, len, address))
		return refuse_text(text, len, why);
	if (slash != NULL && strcmp(slash, address->ipv6 ? "/128" : "/32") != 0)
		return refuse(why, PTRD_ERR_INVALID_ADDRESS, "%s is not one address: only a %s",
			QUOTE(text),
			address->ipv6 ? "128-bit mask is allowed, such as 2001:db8::7/128"
				      : "32-bit mask is allowed, such as 203.0.113.7/32");
	if (unmap(address))
		return refuse(why, PTRD_ERR_INVALID_ADDRESS,
			"%s is an IPv4-mapped IPv6 address; give the IPv4 address %s", QUOTE(text),
			address_format(address, ipv4));
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

/* Widens the address in `first` to the prefix of `length` that holds it. */
static void prefix_bounds(struct prefix *prefix)
{
	prefix->last = prefix->first;
	for (unsigned i = 0; i < address_size(&prefix->first); i++) {
		const unsigned before = 8 * i;
		const unsigned bits = prefix->length <= before ? 0
			: prefix->length >= before + 8         ? 8
							       : prefix->length - before;

		prefix->first.bytes[i] &= (uint8_t)(0xff00 >> bits);
		prefix->last.bytes[i] |= (uint8_t)(0xff >> bits);
	}
}

static bool refuse_mapped(
	const char *text, const struct address *ipv4, unsigned length, struct refusal *why)
{
	char address[ADDRESS_TEXT_MAX];

	return refuse(why, PTRD_ERR_INVALID_REGION,
		"%s is an IPv4-mapped IPv6 prefix; give the IPv4 prefix %s/%u", QUOTE(text),
		address_format(ipv4, address), length - 96);
}

bool prefix_parse(const char *text, struct prefix *prefix, struct refusal *why)
{
	const char *slash = strchr(text, '/');
	char canonical[PREFIX_TEXT_MAX];

	if (slash == NULL || !text_parse(text, (size_t)(slash - text), &prefix->first)
		|| !length_parse(
			slash + 1, 8 * (unsigned)address_size(&prefix->first), &prefix->length))
		return refuse(why, PTRD_ERR_INVALID_REGION,
			"%s is not an IPv4 prefix such as 203.0.113.0/24, nor an IPv6 prefix such as "
			"2001:db8::/32",
			QUOTE(text));
	if (prefix->length < PREFIX_LENGTH_MIN)
		return refuse(why, PTRD_ERR_INVALID_REGION,
			"%s is too wide: a prefix has a length of %d to %zu", QUOTE(text),
			PREFIX_LENGTH_MIN, 8 * address_size(&prefix->first));

	const struct address given = prefix->first;
	struct address ipv4 = given;

	if (prefix->length >= 96 && unmap(&ipv4))
		return refuse_mapped(text, &ipv4, prefix->length, why);
	prefix_bounds(prefix);
	if (address_compare(&prefix->first, &given) != 0)
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

bool prefix_holds(const struct prefix *prefix, const struct address *address)
{
	return address_compare(&prefix->first, address) <= 0
		&& address_compare(address, &prefix->last) <= 0;
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
	return outer->length <= inner->length && prefix_overlaps(outer, inner);
}

struct prefix prefix_widen(const struct prefix *prefix, unsigned length)
{
	struct prefix wider = {.first = prefix->first, .length = length};

	prefix_bounds(&wider);
	return wider;
}

struct prefix prefix_sibling(const struct prefix *prefix)
{
	struct prefix sibling = {.first = prefix->first, .length = prefix->length};
	const unsigned bit = prefix->length - 1;

	sibling.first.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
	prefix_bounds(&sibling);
	return sibling;
}
