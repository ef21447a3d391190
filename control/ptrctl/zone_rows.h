/*
 * The PTR records of a zone, gathered into rows: however they lie in it, those of one address are the
 * names of one row. They wait in a temporary file, not in memory, and come out in order of address;
 * those of a zone that is known to be in that order go through, each row as soon as it is whole.
 */
#pragma once

#include <stdio.h>

#include <ldns/ldns.h>

#include "row.h"
#include "zone_name.h"

struct zone_rows;

struct zone_rules {
	/*
	 * Records that cannot be taken are bad rows, but for the SOA and NS records of the zone itself,
	 * which a region has of its own. Otherwise they are counted.
	 */
	bool strict;
	bool in_order; /* no record is of a lower address than one before it */
};

/* NULL with `why` set: no memory, no temporary file. */
struct zone_rows *zone_rows_open(const struct zone_rules *rules, struct row *why);
void zone_rows_close(struct zone_rows *rows);

/*
 * Adds a record that stands at `line`. ROW_GOOD: it is taken, or passed over; `row` has members if
 * that makes a row whole, which is that one then, on the line of its first record. ROW_BAD: the row
 * says why not. ROW_FAILED: the temporary file could not be written, or the records are not in order.
 *
 * The owner of a PTR record has to be the name of one address, as zone_key_read() knows it. The row's
 * TTL is the least of its records' (RFC 2181 section 5.2).
 */
enum row_result zone_rows_add(
	struct zone_rows *rows, const ldns_rr *rr, size_t line, struct row *row);

/* The same for a PTR record by its parts. */
struct zone_ptr {
	struct zone_key owner;
	uint32_t ttl;
	const char *name;
	size_t line;
};
enum row_result zone_rows_add_ptr(
	struct zone_rows *rows, const struct zone_ptr *ptr, struct row *row);

/* All records have been added. Returns how many rows they make; 0: not known. */
uint64_t zone_rows_end(struct zone_rows *rows);

/* The next row, on the line of its first record. */
enum row_result zone_rows_next(struct zone_rows *rows, struct row *row);

/* Writes which records were passed over, "1 SOA, 2 NS". False: none. */
bool zone_rows_passed_over(const struct zone_rows *rows, FILE *out);
