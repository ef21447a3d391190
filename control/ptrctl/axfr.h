/*
 * A zone from its primary server, RFC 5936.
 */
#pragma once

#include "row.h"
#include "tsig.h"
#include "zone_rows.h"

struct axfr;

/*
 * Asks `server` ("192.0.2.1", "ns1.example.net", with #PORT behind it if it is not 53) for `zone`.
 * `key` (borrowed) signs the query, and then the answer has to be signed too; NULL: neither. Returns
 * NULL with `why` set if there is no such server or it cannot be asked.
 */
struct axfr *axfr_open(const char *server, const char *zone, const struct tsig_key *key,
	bool strict, struct row *why);

/*
 * The next row; row->line is the number of its first record in the transfer, from 1. All of the
 * transfer has come, and was verified, before the first good row is given.
 */
enum row_result axfr_next(struct axfr *axfr, struct row *row);
void axfr_close(struct axfr *axfr);

uint64_t axfr_total(const struct axfr *axfr); /* rows, 0 before the first good one */
uint64_t axfr_bytes(const struct axfr *axfr); /* that have come so far */
const struct zone_rows *axfr_rows(const struct axfr *axfr);
