#include "arpa.h"

#include <stddef.h>
#include <string.h>

#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include "bytes.h"

#define LABELS_MAX 127 /* of one byte each, in a name of 255 bytes */

/* A tree's root on the wire, and what setting in a letter makes it lower case; on a length, a
 * digit, the hyphen and the end it would turn other bytes into a match. */
static const uint8_t in_addr_arpa[] = "\7in-addr\4arpa";
static const uint8_t in_addr_arpa_case[sizeof(in_addr_arpa)]
	= {0, 0x20, 0x20, 0, 0x20, 0x20, 0x20, 0x20, 0, 0x20, 0x20, 0x20, 0x20, 0};
static const uint8_t ip6_arpa[] = "\3ip6\4arpa";
static const uint8_t ip6_arpa_case[sizeof(ip6_arpa)]
	= {0, 0x20, 0x20, 0, 0, 0x20, 0x20, 0x20, 0x20, 0};

/* The shortest name of an IPv4 address, and every one of an IPv6 address; root labels included. */
#define ADDRESS4_MIN (2 * ARPA_OCTETS + sizeof(in_addr_arpa))
#define ADDRESS6_SIZE (2 * ARPA_NIBBLES + (unsigned)sizeof(ip6_arpa))

/* Whether the `size` bytes (8 to 16) at `wire` are those of `root`, letters in any case: two words, which
 * overlap. */
static inline bool matches(
	const uint8_t *wire, const uint8_t *root, const uint8_t *letters, size_t size)
{
	const size_t last = size - sizeof(uint64_t);

	return (((load_word(wire) | load_word(letters)) ^ load_word(root))
		       | ((load_word(wire + last) | load_word(letters + last))
			       ^ load_word(root + last)))
		== 0;
}

static bool is_in_addr_arpa(const uint8_t *wire)
{
	return matches(wire, in_addr_arpa, in_addr_arpa_case, sizeof(in_addr_arpa));
}

static bool is_ip6_arpa(const uint8_t *wire)
{
	return matches(wire, ip6_arpa, ip6_arpa_case, sizeof(ip6_arpa));
}

bool arpa_scan_octet(const uint8_t *label, uint8_t *octet)
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

/*
 * The octet in a label of one to three digits, which begins with its length; anything over 255 if it
 * is none in its canonical form. Without a branch: how many digits an octet has is up to chance.
 */
static inline unsigned octet_of(uint32_t label)
{
	static const uint8_t least[4] = {255, 0, 10, 100}; /* without a leading zero */
	const unsigned len = label >> 24;
	const uint64_t digits = (uint64_t)(label & 0xffffff) >> (8 * (3 - (len & 3)));
	const uint64_t values = digits ^ (UINT64_C(0x303030) >> (8 * (3 - (len & 3))));
	const unsigned value
		= (unsigned)((values >> 16) * 100 + (values >> 8 & 0xff) * 10 + (values & 0xff));
	const bool wrong = (((values + 0x767676) | values) & 0x808080) != 0 || len > 3
		|| value < least[len & 3];

	return value | (wrong ? 0x100u : 0);
}

/* The value of a hexadecimal digit, over 15 for any other byte; without a branch. */
static inline uint8_t digit_value(uint8_t byte)
{
	const uint8_t digit = (uint8_t)(byte - '0');
	const uint8_t letter = (uint8_t)((byte | 0x20) - 'a');

	return digit < 10 ? digit : letter < 6 ? (uint8_t)(letter + 10) : 16;
}

static void read_octets(
	struct arpa_name *name, const uint8_t *wire, const uint8_t *labels, unsigned count)
{
	name->tree = ARPA_IPV4;
	name->labels = 0;
	name->address = 0;
	name->suffix[0] = labels[count];
	while (count > 0 && name->labels < ARPA_OCTETS) {
		uint8_t octet;

		if (!arpa_scan_octet(wire + labels[count - 1], &octet))
			break;
		count--;
		name->address |= (uint32_t)octet << (24 - 8 * name->labels);
		name->suffix[++name->labels] = labels[count];
	}
	name->extra = count > 0;
}

static void read_nibbles(
	struct arpa_name *name, const uint8_t *wire, const uint8_t *labels, unsigned count)
{
	name->tree = ARPA_IPV6;
	name->labels = 0;
	memset(name->address6, 0, sizeof(name->address6));
	name->suffix[0] = labels[count];
	while (count > 0 && name->labels < ARPA_NIBBLES) {
		const uint8_t *label = wire + labels[count - 1];
		const uint8_t nibble = digit_value(label[1]);

		if (label[0] != 1 || nibble > 15)
			break;
		count--;
		name->address6[name->labels / 2]
			|= (uint8_t)(name->labels % 2 == 0 ? nibble << 4 : nibble);
		name->labels++;
	}
	name->extra = count > 0;
}

/*
 * The address that four labels stand for, the last octet's first, which begin at `at` of `wire`; false
 * if one of them is no octet in its canonical form. Each label and the bytes behind it, four in all, are
 * a lane of a vector. Sanitizers get the plain C, as in ptrd/table.h.
 */
#if defined(__SSE4_1__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
static inline bool read_labels(
	uint32_t *address, const uint8_t *wire, const uint8_t at[ARPA_OCTETS])
{
	const __m128i each_first
		= _mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12);
	const __m128i length_byte = _mm_set1_epi32(0xff);
	const __m128i least_of = _mm_setr_epi8(-1, 0, 10, 100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	int32_t lane[ARPA_OCTETS];

	for (unsigned i = 0; i < ARPA_OCTETS; i++)
		memcpy(&lane[i], wire + at[i], sizeof(lane[i]));
	const __m128i labels = _mm_setr_epi32(lane[0], lane[1], lane[2], lane[3]);
	const __m128i lengths = _mm_shuffle_epi8(labels, each_first);
	/* Moves the last digit to a lane's highest byte: a lane's factor has a 1 in byte 3 - length. */
	const __m128i factors = _mm_and_si128(
		_mm_cmpeq_epi8(lengths, _mm_set1_epi32(0x00010203)), _mm_set1_epi8(1));
	const __m128i digits = _mm_mullo_epi32(
		_mm_andnot_si128(length_byte, _mm_xor_si128(labels, _mm_set1_epi32(0x30303000))),
		factors);
	const __m128i values = _mm_madd_epi16(
		_mm_maddubs_epi16(digits, _mm_set1_epi32(0x010a6400)), _mm_set1_epi16(1));
	const __m128i least = _mm_and_si128(length_byte, _mm_shuffle_epi8(least_of, lengths));
	const __m128i wrong = _mm_or_si128(_mm_or_si128(_mm_subs_epu8(digits, _mm_set1_epi8(9)),
						   _mm_subs_epu8(lengths, _mm_set1_epi8(3))),
		_mm_or_si128(
			_mm_cmpgt_epi32(least, values), _mm_andnot_si128(length_byte, values)));
	const __m128i words = _mm_packus_epi32(values, values);

	*address = (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(words, words));
	return _mm_testz_si128(wrong, wrong);
}
#else
static inline bool read_labels(
	uint32_t *address, const uint8_t *wire, const uint8_t at[ARPA_OCTETS])
{
	unsigned wrong = 0;

	*address = 0;
	for (unsigned i = 0; i < ARPA_OCTETS; i++) {
		const unsigned octet = octet_of(load32(wire + at[i]));

		wrong |= octet;
		*address |= (uint32_t)octet << (8 * i);
	}
	return wrong <= UINT8_MAX;
}
#endif

/* IPv4: where a label begins depends on those before it, but nothing is to be guessed. */
static unsigned read_address4(struct arpa_name *name, const uint8_t *wire, unsigned len)
{
	uint8_t at[ARPA_OCTETS];
	unsigned end = 0;

	for (unsigned i = 0; i < ARPA_OCTETS; i++) {
		at[i] = name->suffix[ARPA_OCTETS - i] = (uint8_t)end;
		end += 1 + (wire[end] & 3);
	}
	if (!read_labels(&name->address, wire, at) || len - end < sizeof(in_addr_arpa)
		|| !is_in_addr_arpa(wire + end))
		return 0;
	name->suffix[0] = (uint8_t)end;
	name->tree = ARPA_IPV4;
	name->labels = ARPA_OCTETS;
	name->extra = false;
	return end + (unsigned)sizeof(in_addr_arpa);
}

/*
 * IPv6: each label is where it must be, so none depends on the one before, and the compiler makes
 * vectors of the loops.
 */
static unsigned read_address6(struct arpa_name *name, const uint8_t *wire, unsigned len)
{
	uint8_t nibbles[ARPA_NIBBLES], wrong = 0;

	if (len < ADDRESS6_SIZE)
		return 0;
	for (unsigned i = 0; i < ARPA_NIBBLES; i++) {
		nibbles[i] = digit_value(wire[2 * i + 1]);
		wrong |= (uint8_t)((wire[2 * i] ^ 1) | (nibbles[i] & 16));
	}
	if (wrong != 0 || !is_ip6_arpa(wire + 2 * ARPA_NIBBLES))
		return 0;
	name->tree = ARPA_IPV6;
	name->labels = ARPA_NIBBLES;
	name->extra = false;
	name->suffix[0] = 2 * ARPA_NIBBLES;
	for (unsigned i = 0; i < sizeof(name->address6); i++)
		name->address6[i] = (uint8_t)(nibbles[ARPA_NIBBLES - 1 - 2 * i] << 4
			| nibbles[ARPA_NIBBLES - 2 - 2 * i]);
	return ADDRESS6_SIZE;
}

unsigned arpa_read_address(struct arpa_name *name, const uint8_t *wire, unsigned len)
{
	/* Five labels of one byte: no IPv4 address has them. */
	static const uint8_t lengths[] = {1, 0xff, 1, 0xff, 1, 0xff, 1, 0xff, 1};
	static const uint8_t any_byte[] = {0, 0xff, 0, 0xff, 0, 0xff, 0, 0xff, 0};

	if (len < ADDRESS4_MIN)
		return 0;
	return matches(wire, lengths, any_byte, sizeof(lengths)) ? read_address6(name, wire, len)
								 : read_address4(name, wire, len);
}

void arpa_parse(struct arpa_name *name, const uint8_t *wire, unsigned len)
{
	uint8_t labels[LABELS_MAX];
	unsigned count = 0;

	name->tree = ARPA_NONE;
	for (unsigned at = 0; wire[at] != 0; at += 1u + wire[at])
		labels[count++] = (uint8_t)at;
	if (count < 2)
		return;
	count -= 2;

	/* Only a suffix that starts at a label counts: "7in-addr" may also be bytes within one. */
	const unsigned root = labels[count];

	if (root + sizeof(in_addr_arpa) == len && is_in_addr_arpa(wire + root))
		read_octets(name, wire, labels, count);
	else if (root + sizeof(ip6_arpa) == len && is_ip6_arpa(wire + root))
		read_nibbles(name, wire, labels, count);
}
