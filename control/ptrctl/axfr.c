#include "axfr.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE 60 /* seconds that the primary may be silent */

struct axfr {
	int fd;
	const struct tsig_key *key;
	struct tsig_check check;
	struct zone_rows *rows;
	ldns_rdf *zone;
	uint16_t id;
	ldns_pkt *packet; /* the message that is read, or NULL */
	size_t next;      /* record of its answer section */
	size_t records;   /* read so far */
	uint32_t serial;  /* of the first SOA */
	bool ended;
	uint64_t total, bytes;
	uint8_t wire[65536];
};

static bool dial(struct axfr *axfr, const char *server, struct row *why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const struct timeval patience = {.tv_sec = PATIENCE};
	const size_t len = strcspn(server, "#");
	char host[256];
	struct addrinfo *found;

	snprintf(host, sizeof(host), "%.*s", (int)len, server);
	const int error
		= getaddrinfo(host, server[len] == '#' ? server + len + 1 : "53", &hints, &found);

	if (error != 0) {
		row_fail(why, "%s: %s", server, gai_strerror(error));
		return false;
	}
	int reason = 0;
	for (const struct addrinfo *a = found; a != NULL && axfr->fd < 0; a = a->ai_next) {
		axfr->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (axfr->fd < 0)
			continue;
		setsockopt(axfr->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(axfr->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (connect(axfr->fd, a->ai_addr, a->ai_addrlen) == 0)
			break;
		reason = errno;
		close(axfr->fd);
		axfr->fd = -1;
	}
	freeaddrinfo(found);
	if (axfr->fd < 0)
		row_fail(why, "%s: %s", server, strerror(reason));
	return axfr->fd >= 0;
}

static bool sign(struct axfr *axfr, ldns_pkt *query)
{
	const struct tsig_key *key = axfr->key;

	if (key == NULL)
		return true;
	if (ldns_pkt_tsig_sign(query, key->name, key->secret, 300, key->algorithm, NULL)
		!= LDNS_STATUS_OK)
		return false;
	const ldns_rdf *mac = ldns_rr_rdf(ldns_pkt_tsig(query), 3);

	tsig_check_begin(&axfr->check, key, ldns_rdf_data(mac), ldns_rdf_size(mac));
	return true;
}

static bool send_query(struct axfr *axfr, struct row *why)
{
	ldns_pkt *query = ldns_pkt_query_new(
		ldns_rdf_clone(axfr->zone), LDNS_RR_TYPE_AXFR, LDNS_RR_CLASS_IN, 0);
	uint8_t *wire = NULL;
	size_t len = 0;
	bool sent = false;

	if (query != NULL) {
		axfr->id = (uint16_t)randombytes_random();
		ldns_pkt_set_id(query, axfr->id);
		if (sign(axfr, query) && ldns_pkt2wire(&wire, query, &len) == LDNS_STATUS_OK) {
			axfr->wire[0] = (uint8_t)(len >> 8);
			axfr->wire[1] = (uint8_t)len;
			memcpy(axfr->wire + 2, wire, len);
			sent = send(axfr->fd, axfr->wire, len + 2, MSG_NOSIGNAL)
				== (ssize_t)(len + 2);
		}
	}
	free(wire);
	ldns_pkt_free(query);
	if (!sent)
		row_fail(why, "the query could not be sent: %s", strerror(errno));
	return sent;
}

struct axfr *axfr_open(const char *server, const char *zone, const struct tsig_key *key,
	bool strict, struct row *why)
{
	/* No row is sent before all of the transfer is known to be true, whatever its order. */
	const struct zone_rules rules = {.strict = strict};
	struct axfr *axfr = sodium_init() >= 0 ? calloc(1, sizeof(*axfr)) : NULL;

	if (axfr == NULL) {
		row_fail(why, "out of memory");
		return NULL;
	}
	axfr->fd = -1;
	axfr->key = key;
	axfr->zone = ldns_dname_new_frm_str(zone);
	if (axfr->zone == NULL)
		row_fail(why, "%s is no domain name", ROW_QUOTE(zone));
	if (axfr->zone != NULL && (axfr->rows = zone_rows_open(&rules, why)) != NULL
		&& dial(axfr, server, why) && send_query(axfr, why))
		return axfr;
	axfr_close(axfr);
	return NULL;
}

void axfr_close(struct axfr *axfr)
{
	if (axfr == NULL)
		return;
	if (axfr->fd >= 0)
		close(axfr->fd);
	zone_rows_close(axfr->rows);
	ldns_rdf_deep_free(axfr->zone);
	ldns_pkt_free(axfr->packet);
	free(axfr);
}

/* Exactly `len` bytes. False: errno says why, 0 standing for the end of the stream. */
static bool receive(int fd, uint8_t *at, size_t len)
{
	while (len > 0) {
		const ssize_t n = recv(fd, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = 0;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* What an error reply says, its TSIG error included: that tells a wrong key from a wrong name. */
static enum row_result refused(const ldns_pkt *packet, struct row *row)
{
	char *rcode = ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet));
	const ldns_rr *tsig = ldns_pkt_tsig(packet);
	const unsigned error = tsig != NULL && ldns_rr_rd_count(tsig) == 7
		? ldns_rdf2native_int16(ldns_rr_rdf(tsig, 5))
		: 0;
	const char *reason = error == 16 ? " (TSIG: BADSIG, the secrets differ)"
		: error == 17            ? " (TSIG: BADKEY, it has no such key)"
		: error == 18            ? " (TSIG: BADTIME, the clocks differ)"
					 : "";

	row_fail(row, "the primary refuses the transfer: %s%s", rcode != NULL ? rcode : "an error",
		reason);
	free(rcode);
	return ROW_FAILED;
}

/* The next message. */
static enum row_result receive_packet(struct axfr *axfr, struct row *row)
{
	uint8_t prefix[2];
	size_t len = 0;

	ldns_pkt_free(axfr->packet);
	axfr->packet = NULL;
	axfr->next = 0;
	bool ok = receive(axfr->fd, prefix, sizeof(prefix));
	if (ok) {
		len = (size_t)prefix[0] << 8 | prefix[1];
		ok = receive(axfr->fd, axfr->wire, len);
	}
	if (!ok)
		return row_fail(row, "the transfer broke off after %zu records: %s", axfr->records,
			errno == 0                ? "connection closed"
				: errno == EAGAIN ? "the primary is silent"
						  : strerror(errno));
	axfr->bytes += len;
	if (ldns_wire2pkt(&axfr->packet, axfr->wire, len) != LDNS_STATUS_OK) {
		axfr->packet = NULL;
		return row_fail(row, "the primary sent a malformed message");
	}
	if (ldns_pkt_id(axfr->packet) != axfr->id || !ldns_pkt_qr(axfr->packet))
		return row_fail(row, "the primary sent a message that is no answer");
	if (ldns_pkt_get_rcode(axfr->packet) != LDNS_RCODE_NOERROR)
		return refused(axfr->packet, row);
	const char *error = axfr->key != NULL
		? tsig_check_message(&axfr->check, axfr->wire, len, axfr->packet)
		: NULL;

	return error != NULL ? row_fail(row, "a message of the transfer: %s", error) : ROW_GOOD;
}

static bool soa_serial(const struct axfr *axfr, const ldns_rr *rr, uint32_t *serial)
{
	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA || ldns_rr_rd_count(rr) != 7
		|| ldns_dname_compare(ldns_rr_owner(rr), axfr->zone) != 0)
		return false;
	*serial = ldns_rdf2native_int32(ldns_rr_rdf(rr, 2));
	return true;
}

/* The SOA that came first ends the transfer when it comes again, RFC 5936 section 2.2. */
static enum row_result end(struct axfr *axfr, uint32_t serial, struct row *row)
{
	const char *error = axfr->key != NULL ? tsig_check_end(&axfr->check) : NULL;

	if (serial != axfr->serial)
		return row_fail(row, "the zone changed during the transfer: try it again");
	if (error != NULL)
		return row_fail(row, "the transfer: %s", error);
	axfr->ended = true;
	axfr->total = zone_rows_end(axfr->rows);
	return ROW_GOOD;
}

static enum row_result take_record(struct axfr *axfr, const ldns_rr *rr, struct row *row)
{
	uint32_t serial;
	const bool soa = soa_serial(axfr, rr, &serial);

	if (axfr->records == 0 && !soa)
		return row_fail(row, "the transfer does not begin with the zone's SOA");
	if (axfr->records > 0 && soa)
		return end(axfr, serial, row);
	if (soa)
		axfr->serial = serial;
	axfr->records++;
	return zone_rows_add(axfr->rows, rr, axfr->records, row);
}

enum row_result axfr_next(struct axfr *axfr, struct row *row)
{
	enum row_result result;

	row_clear(row);
	while (!axfr->ended) {
		const ldns_rr_list *answer
			= axfr->packet != NULL ? ldns_pkt_answer(axfr->packet) : NULL;

		if (answer == NULL || axfr->next == ldns_rr_list_rr_count(answer))
			result = receive_packet(axfr, row);
		else
			result = take_record(axfr, ldns_rr_list_rr(answer, axfr->next++), row);
		if (result != ROW_GOOD)
			return result;
	}
	return zone_rows_next(axfr->rows, row);
}

uint64_t axfr_total(const struct axfr *axfr)
{
	return axfr->total;
}

uint64_t axfr_bytes(const struct axfr *axfr)
{
	return axfr->bytes;
}

const struct zone_rows *axfr_rows(const struct axfr *axfr)
{
	return axfr->rows;
}
