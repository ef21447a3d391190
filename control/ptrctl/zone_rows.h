/*
 * The PTR records of a zone, gathered into rows: however they lie in it, those of one name are the
 * names of one row. They wait in a temporary file, not in memory, and come out in order of address.
 */
#pragma once

#include <stdio.h>

#include <ldns/ldns.h>

#include "row.h"

struct zone_rows;

/*
 * `strict`: records that cannot be taken are bad rows, but for the SOA and NS records of the zone
 * itself, which a region has of its own. Otherwise they are counted. NULL with `why` set: no
 * memory, no temporary file.
 */
struct zone_rows *zone_rows_open(bool strict, struct row *why);
void zone_rows_close(struct zone_rows *rows);

/*
 * Adds a record that stands at `line`. ROW_GOOD: it is taken, or passed over. ROW_BAD: the row says
 * why not. ROW_FAILED: the temporary file could not be written.
 *
 * The owner of a PTR record has to be the name of one address: under in-addr.arpa four octets, or
 * one octet before an RFC 2317 zone's name of one label and three octets (7.0/25.113.0.203); under
 * ip6.arpa 32 nibbles. The row's TTL is the least of its records' (RFC 2181 section 5.2).
 */
enum row_result zone_rows_add(
	struct zone_rows *rows, const ldns_rr *rr, size_t line, struct row *row);

/* All records have been added. Returns how many rows they make. */
uint64_t zone_rows_end(struct zone_rows *rows);

/* The next row, on the line of its first record. */
enum row_result zone_rows_next(struct zone_rows *rows, struct row *row);

/* Writes which records were passed over, "1 SOA, 2 NS". False: none. */
bool zone_rows_passed_over(const struct zone_rows *rows, FILE *out);
