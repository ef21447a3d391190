#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <ldns/ldns.h>
#include <sodium.h>

#include "cases.h"
#include "wire.h"
#include "world.h"

#define HEADER_SIZE 12
#define UDP_SIZE 1232
#define UDP_SIZE_PLAIN 512
#define OPT_FIXED_SIZE 11
#define FRESH_SECONDS 90 /* a fresh cookie's age at most, and less than any that is sent */

enum {
	OPTION_NSID = 3,
	OPTION_COOKIE = 10,
	OPTION_KEEPALIVE = 11,
	OPTION_EDE = 15
};

/* One reply under check. */
struct check {
	const struct contract_case *row;
	const uint8_t *reply;
	size_t len;
	ldns_pkt *pkt;
	uint8_t query[CONTRACT_QUERY_MAX];
	size_t query_len;
	char *why;
};

__attribute__((format(printf, 2, 3))) static bool differs(
	const struct check *c, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(c->why, CONTRACT_WHY_SIZE, format, arguments);
	va_end(arguments);
	return false;
}

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* ldns reads a message whose records end before its bytes do; here nothing may be left over. */
static bool check_no_rest(const struct check *c)
{
	const unsigned questions = get16(c->reply + 4);
	const unsigned records = get16(c->reply + 6) + get16(c->reply + 8) + get16(c->reply + 10);
	size_t at = HEADER_SIZE;

	for (unsigned i = 0; i < questions + records; i++) {
		ldns_rr *rr = NULL;

		if (ldns_wire2rr(&rr, c->reply, c->len, &at,
			    i < questions ? LDNS_SECTION_QUESTION : LDNS_SECTION_ANSWER)
			!= LDNS_STATUS_OK)
			return differs(c, "record %u cannot be read", i);
		ldns_rr_free(rr);
	}
	return at == c->len || differs(c, "%zu bytes behind the last record", c->len - at);
}

static bool check_size(const struct check *c, enum transport transport)
{
	size_t limit = UDP_SIZE_PLAIN;

	if (c->row->edns) {
		limit = c->row->udp_size != 0 ? c->row->udp_size : UDP_SIZE;
		limit = limit > UDP_SIZE ? UDP_SIZE : limit;
		limit = limit < UDP_SIZE_PLAIN ? UDP_SIZE_PLAIN : limit;
	}
	if (c->row->reply_len != 0 && c->len != c->row->reply_len)
		return differs(c, "%zu bytes, expected %u", c->len, c->row->reply_len);
	return transport == TRANSPORT_TCP || c->len <= limit
		|| differs(c, "%zu bytes, %zu allowed", c->len, limit);
}

static bool check_header(const struct check *c)
{
	const unsigned flags = get16(c->reply + 2);
	const unsigned opcode = c->query_len >= 4 ? get16(c->query + 2) & 0x7800 : 0;
	const unsigned expected = 0x8000 | opcode | c->row->reply_flags | (c->row->rcode & 15);
	const unsigned rcode = (unsigned)ldns_pkt_edns_extended_rcode(c->pkt) << 4 | (flags & 15);

	if (get16(c->reply) != CONTRACT_ID)
		return differs(c, "ID %04x", get16(c->reply));
	if (rcode != c->row->rcode)
		return differs(c, "RCODE %u, expected %u", rcode, c->row->rcode);
	return flags == expected || differs(c, "flags %04x, expected %04x", flags, expected);
}

static bool check_question(const struct check *c)
{
	const unsigned expected = c->row->no_question ? 0 : 1;
	size_t end = HEADER_SIZE;

	if (get16(c->reply + 4) != expected)
		return differs(c, "QDCOUNT %u, expected %u", get16(c->reply + 4), expected);
	if (expected == 0)
		return true;
	while (c->query[end] != 0)
		end += 1u + c->query[end];
	end += 1 + 4;
	return (c->len >= end
		       && memcmp(c->reply + HEADER_SIZE, c->query + HEADER_SIZE, end - HEADER_SIZE)
			       == 0)
		|| differs(c, "the question is not the query's, byte for byte");
}

/* A record as text, its fields separated by single blanks, a serial written as "*". */
static char *record_text(const ldns_rr *rr)
{
	char *text = ldns_rr2str(rr);

	for (char *at = text; at != NULL && *at != '\0'; at++) {
		if (*at == '\t')
			*at = ' ';
	}
	if (text == NULL || ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA)
		return text;
	char *serial = text;

	for (unsigned field = 0; field < 6 && serial != NULL; field++)
		serial = strchr(serial + 1, ' ');
	if (serial != NULL) {
		const size_t len = strspn(++serial, "0123456789");

		*serial = '*';
		memmove(serial + 1, serial + len, strlen(serial + len) + 1);
	}
	return text;
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text != '\0'; text++)
		count += *text == '\n';
	return count;
}

/* True if `text` holds `line` (which ends in a newline) as a whole line. */
static bool has_line(const char *text, const char *line)
{
	for (const char *at = text; (at = strstr(at, line)) != NULL; at++) {
		if (at == text || at[-1] == '\n')
			return true;
	}
	return false;
}

static bool check_section(
	const struct check *c, const char *name, const ldns_rr_list *section, const char *expected)
{
	const size_t count = ldns_rr_list_rr_count(section);
	bool same = true;

	expected = expected != NULL ? expected : "";
	for (size_t i = 0; same && i < count; i++) {
		char *line = record_text(ldns_rr_list_rr(section, i));

		same = line != NULL
			&& (has_line(expected, line)
				|| differs(c, "%s: unexpected: %s", name, line));
		free(line);
		/* A whole zone begins and ends with the same one. */
		const bool soa = ldns_rr_get_type(ldns_rr_list_rr(section, i)) == LDNS_RR_TYPE_SOA;

		for (size_t j = 0; same && j < i && !(soa && c->row->transfers); j++) {
			if (ldns_rr_compare(
				    ldns_rr_list_rr(section, i), ldns_rr_list_rr(section, j))
				== 0)
				same = differs(c, "%s: a record twice", name);
		}
	}
	return same
		&& (count == count_lines(expected)
			|| differs(c, "%s: %zu records, expected %zu", name, count,
				count_lines(expected)));
}

static bool check_cookie(const struct check *c, const uint8_t *option, size_t len)
{
	const uint8_t *server = option + COOKIE_CLIENT_SIZE;
	/* The query's, where it is not among the row's own bytes: the last option of all. */
	const uint8_t *sent = c->query + c->query_len - COOKIE_SERVER_SIZE - COOKIE_CLIENT_SIZE;
	uint8_t hash[8];

	if (c->row->reply_cookie == REPLY_COOKIE_NONE)
		return differs(c, "an unexpected cookie");
	if (len != COOKIE_CLIENT_SIZE + COOKIE_SERVER_SIZE)
		return differs(c, "cookie of %zu bytes", len);
	/* A row that brings a cookie of its own says the client's part there, behind its head. */
	const char *own = c->row->options == NULL
		? NULL
		: memmem(c->row->options, c->row->options_len, "\0\x0a\0", 3);

	if (memcmp(option, own != NULL ? (const uint8_t *)own + 4 : contract_client_cookie,
		    COOKIE_CLIENT_SIZE)
		!= 0)
		return differs(c, "not the client's cookie");
	contract_own_hash(hash, option, server);
	if (memcmp(server, "\1\0\0\0", 4) != 0 || memcmp(hash, server + 8, sizeof(hash)) != 0)
		return differs(c, "not a server cookie of ours");

	const int32_t age
		= (int32_t)((uint32_t)time(NULL) - (get16(server + 4) << 16 | get16(server + 6)));

	if (c->row->reply_cookie == REPLY_COOKIE_FRESH)
		return (age >= 0 && age < FRESH_SECONDS) || differs(c, "cookie %d s old", age);
	/* The query was built once more just now, so its time may have moved on. */
	const int32_t moved = (int32_t)((get16(sent + 12) << 16 | get16(sent + 14))
		- (get16(server + 4) << 16 | get16(server + 6)));

	return (moved >= 0 && moved < FRESH_SECONDS)
		|| differs(c, "cookie made anew, %d s old", age);
}

/* The options of the reply, each at most once. */
static bool check_options(
	const struct check *c, const uint8_t *at, size_t len, enum transport transport)
{
	bool nsid = false, cookie = false, keepalive = false;
	unsigned ede = 0;

	while (len >= 4 && get16(at + 2) <= len - 4) {
		const unsigned code = get16(at), size = get16(at + 2);
		const uint8_t *data = at + 4;

		if (code == OPTION_NSID && !nsid && size == strlen(CONTRACT_NSID)
			&& memcmp(data, CONTRACT_NSID, size) == 0) {
			nsid = true;
		} else if (code == OPTION_COOKIE && !cookie) {
			if (!check_cookie(c, data, size))
				return false;
			cookie = true;
		} else if (code == OPTION_KEEPALIVE && !keepalive && size == 2
			&& transport == TRANSPORT_TCP && get16(data) == CONTRACT_TCP_KEEPALIVE) {
			keepalive = true;
		} else if (code == OPTION_EDE && ede == 0 && size >= 2) {
			ede = get16(data);
		} else {
			return differs(c, "option %u of %u bytes", code, size);
		}
		at += 4 + size;
		len -= 4 + size;
	}
	if (len > 0)
		return differs(c, "options end in %zu odd bytes", len);
	if (nsid != c->row->nsid)
		return differs(c, "NSID %s", nsid ? "unexpected" : "missing");
	if (keepalive != c->row->keepalive)
		return differs(c, "keepalive %s", keepalive ? "unexpected" : "missing");
	if (cookie != (c->row->reply_cookie != REPLY_COOKIE_NONE))
		return differs(c, "cookie missing");
	return ede == c->row->ede || differs(c, "EDE %u, expected %u", ede, c->row->ede);
}

/* The OPT is the only additional record, and the last: its owner the root, its place known by
 * that. */
static bool check_opt(const struct check *c, enum transport transport)
{
	const bool expected = (c->row->edns && !c->row->no_opt) || c->row->opt;
	const ldns_rdf *data = ldns_pkt_edns_data(c->pkt);
	const size_t len = data == NULL ? 0 : ldns_rdf_size(data);

	if ((get16(c->reply + 10) == 1) != expected || ldns_pkt_edns(c->pkt) != expected)
		return differs(c, "OPT %s", expected ? "missing" : "unexpected");
	if (!expected)
		return true;
	if (c->len < HEADER_SIZE + OPT_FIXED_SIZE + len
		|| ldns_pkt_edns_udp_size(c->pkt) != UDP_SIZE || ldns_pkt_edns_version(c->pkt) != 0)
		return differs(c, "OPT: size %u, version %u", ldns_pkt_edns_udp_size(c->pkt),
			ldns_pkt_edns_version(c->pkt));
	/* A raw message's flags are not known here; none has any. */
	if (ldns_pkt_edns_z(c->pkt) != (c->row->edns_flags & 0x8000))
		return differs(c, "OPT flags %04x", ldns_pkt_edns_z(c->pkt));
	return check_options(c, c->reply + c->len - len, len, transport);
}

bool contract_check(const struct contract_case *row, const uint8_t *reply, size_t len,
	enum transport transport, char *why)
{
	struct check c = {.row = row, .reply = reply, .len = len, .why = why};

	why[0] = '\0';
	if (len == 0)
		return row->dropped || differs(&c, "no reply");
	if (row->dropped)
		return differs(&c, "a reply of %zu bytes, none expected", len);
	if (len < HEADER_SIZE || ldns_wire2pkt(&c.pkt, reply, len) != LDNS_STATUS_OK)
		return differs(&c, "%zu bytes that are no DNS message", len);
	c.query_len = contract_build(row, c.query);
	const bool right = check_no_rest(&c) && check_size(&c, transport) && check_header(&c)
		&& check_question(&c)
		&& check_section(&c, "answer", ldns_pkt_answer(c.pkt), row->answer)
		&& check_section(&c, "authority", ldns_pkt_authority(c.pkt), row->authority)
		&& check_opt(&c, transport);

	ldns_pkt_free(c.pkt);
	return right;
}
