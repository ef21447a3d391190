#include "zone_rows.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "arpa.h"

#define TYPES_MAX 32      /* types told apart among the records passed over */
#define KEY_SIZE (1 + 16) /* family, address: IPv4 sorts before IPv6 */

struct zone_rows {
	sqlite3 *db;
	sqlite3_stmt *insert, *select;
	bool strict;
	ldns_rdf *apex; /* owner of the SOA, or NULL */
	int64_t added;
	int step; /* of `select`: SQLITE_ROW if it stands at the first record of the next row */
	struct {
		ldns_rr_type type;
		uint64_t count;
	} passed[TYPES_MAX];
	unsigned passed_count;
};

static enum row_result failed(const struct zone_rows *rows, struct row *row)
{
	return row_fail(row, "the temporary file for its records: %s",
		rows->db != NULL ? sqlite3_errmsg(rows->db) : "out of memory");
}

/* A database without a name is a file that nobody else sees and that ends with the process. */
static bool open_database(struct zone_rows *rows)
{
	return sqlite3_open("", &rows->db) == SQLITE_OK
		&& sqlite3_exec(rows->db,
			   "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			   "PRAGMA cache_size = -16384;"
			   "CREATE TABLE record (address BLOB, number INTEGER, line INTEGER,"
			   " ttl INTEGER, name TEXT, PRIMARY KEY (address, number)) WITHOUT ROWID;"
			   "BEGIN",
			   NULL, NULL, NULL)
		== SQLITE_OK
		&& sqlite3_prepare_v2(rows->db, "INSERT INTO record VALUES (?, ?, ?, ?, ?)", -1,
			   &rows->insert, NULL)
		== SQLITE_OK
		&& sqlite3_prepare_v2(rows->db,
			   "SELECT address, line, ttl, name FROM record ORDER BY address, number",
			   -1, &rows->select, NULL)
		== SQLITE_OK;
}

struct zone_rows *zone_rows_open(bool strict, struct row *why)
{
	struct zone_rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL) {
		row_fail(why, "out of memory");
		return NULL;
	}
	rows->strict = strict;
	if (open_database(rows))
		return rows;
	failed(rows, why);
	zone_rows_close(rows);
	return NULL;
}

void zone_rows_close(struct zone_rows *rows)
{
	if (rows == NULL)
		return;
	sqlite3_finalize(rows->insert);
	sqlite3_finalize(rows->select);
	sqlite3_close(rows->db);
	ldns_rdf_deep_free(rows->apex);
	free(rows);
}

/* One octet before the name of an RFC 2317 zone, which has one label before three octets. */
static bool classless_octet(const struct arpa_name *name, const uint8_t *wire, uint8_t *octet)
{
	const unsigned second = 1u + wire[0];

	return name->tree == ARPA_IPV4 && name->labels == 3 && name->extra
		&& second < arpa_suffix(name, 3)
		&& second + 1u + wire[second] == arpa_suffix(name, 3)
		&& arpa_scan_octet(wire, octet);
}

/* The key of the address whose name this is. Returns its length, 0: it is none. */
static size_t owner_key(const ldns_rdf *owner, uint8_t key[KEY_SIZE])
{
	const uint8_t *wire = ldns_rdf_data(owner);
	struct arpa_name name;
	uint8_t octet = 0;

	arpa_parse(&name, wire, (unsigned)ldns_rdf_size(owner));
	if (arpa_is_address(&name) && name.tree == ARPA_IPV6) {
		key[0] = 6;
		memcpy(key + 1, name.address6, sizeof(name.address6));
		return KEY_SIZE;
	}
	if (!arpa_is_address(&name) && !classless_octet(&name, wire, &octet))
		return 0;
	const uint32_t address = htonl(name.address | octet);

	key[0] = 4;
	memcpy(key + 1, &address, sizeof(address));
	return 1 + sizeof(address);
}

static enum row_result refuse_owner(const ldns_rr *rr, struct row *row)
{
	char *owner = ldns_rdf2str(ldns_rr_owner(rr));
	const enum row_result result = row_refuse(row, PTRD_ERR_INVALID_ADDRESS, "owner",
		"%s is not the name of one address: four octets under in-addr.arpa, or 32 nibbles "
		"under ip6.arpa",
		owner != NULL ? ROW_QUOTE(owner) : "it");

	free(owner);
	return result;
}

static enum row_result pass_over(struct zone_rows *rows, ldns_rr_type type)
{
	unsigned i = 0;

	while (i < rows->passed_count && rows->passed[i].type != type)
		i++;
	if (i == rows->passed_count && i < TYPES_MAX)
		rows->passed[rows->passed_count++].type = type;
	if (i < TYPES_MAX)
		rows->passed[i].count++;
	return ROW_GOOD;
}

/* What is no PTR record. */
static enum row_result add_other(struct zone_rows *rows, const ldns_rr *rr, struct row *row)
{
	const ldns_rr_type type = ldns_rr_get_type(rr);

	if (type == LDNS_RR_TYPE_SOA && rows->apex == NULL)
		rows->apex = ldns_rdf_clone(ldns_rr_owner(rr));
	const bool own = (type == LDNS_RR_TYPE_SOA || type == LDNS_RR_TYPE_NS) && rows->apex != NULL
		&& ldns_dname_compare(rows->apex, ldns_rr_owner(rr)) == 0;

	if (!rows->strict || own)
		return pass_over(rows, type);
	char *word = ldns_rr_type2str(type);

	row_refuse(row, PTRD_ERR_INVALID_REQUEST, "type",
		"is %s: with --strict only PTR records, and SOA and NS at the apex, may be there",
		word != NULL ? word : "another one");
	free(word);
	return ROW_BAD;
}

/*
 * The text of a name whose characters stand for themselves, which is nearly every one: ldns formats each
 * character by itself. False: it is another one, or the root.
 */
static bool plain_name(const ldns_rdf *name, char text[static LDNS_MAX_DOMAINLEN + 1])
{
	const uint8_t *at = ldns_rdf_data(name);
	char *out = text;

	if (*at == 0)
		return false;
	for (unsigned left = *at++; left > 0; left = *at++) {
		for (; left > 0; left--, at++) {
			if (!isalnum(*at) && *at != '-' && *at != '_')
				return false;
			*out++ = (char)*at;
		}
		*out++ = '.';
	}
	*out = '\0';
	return true;
}

static enum row_result insert(struct zone_rows *rows, const ldns_rr *rr, const uint8_t *key,
	size_t key_len, struct row *row)
{
	const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);
	char plain[LDNS_MAX_DOMAINLEN + 1], *formatted = NULL;
	const char *name = plain_name(rdf, plain) ? plain : (formatted = ldns_rdf2str(rdf));
	int result = SQLITE_NOMEM;

	if (name != NULL) {
		sqlite3_bind_blob(rows->insert, 1, key, (int)key_len, SQLITE_STATIC);
		sqlite3_bind_int64(rows->insert, 2, rows->added++);
		sqlite3_bind_int64(rows->insert, 3, (sqlite3_int64)row->line);
		sqlite3_bind_int64(rows->insert, 4, ldns_rr_ttl(rr));
		sqlite3_bind_text(rows->insert, 5, name, -1, SQLITE_STATIC);
		result = sqlite3_step(rows->insert);
		sqlite3_reset(rows->insert);
		sqlite3_clear_bindings(rows->insert);
	}
	free(formatted);
	return result == SQLITE_DONE ? ROW_GOOD : failed(rows, row);
}

enum row_result zone_rows_add(
	struct zone_rows *rows, const ldns_rr *rr, size_t line, struct row *row)
{
	uint8_t key[KEY_SIZE];

	row->line = line;
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, "class", "must be IN");
	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_PTR)
		return add_other(rows, rr, row);
	/* RDATA of the form of RFC 3597 has one, too, but it may not be a name. */
	if (ldns_rr_rd_count(rr) != 1
		|| ldns_rdf_get_type(ldns_rr_rdf(rr, 0)) != LDNS_RDF_TYPE_DNAME)
		return row_refuse(row, PTRD_ERR_INVALID_NAME, "names", "must be a domain name");
	const size_t key_len = owner_key(ldns_rr_owner(rr), key);

	return key_len > 0 ? insert(rows, rr, key, key_len, row) : refuse_owner(rr, row);
}

uint64_t zone_rows_end(struct zone_rows *rows)
{
	sqlite3_stmt *count;
	uint64_t found = 0;

	if (sqlite3_prepare_v2(
		    rows->db, "SELECT count(DISTINCT address) FROM record", -1, &count, NULL)
			== SQLITE_OK
		&& sqlite3_step(count) == SQLITE_ROW)
		found = (uint64_t)sqlite3_column_int64(count, 0);
	sqlite3_finalize(count);
	rows->step = sqlite3_step(rows->select);
	return found;
}

/* Adds the record that `select` stands at. */
static bool add_record(struct zone_rows *rows, struct row *row)
{
	const json_int_t ttl = sqlite3_column_int64(rows->select, 2);
	const json_t *least = json_object_get(row->members, "ttl");
	json_t *names = json_object_get(row->members, "names");

	if (least == NULL || ttl < json_integer_value(least))
		json_object_set_new(row->members, "ttl", json_integer(ttl));
	return json_array_append_new(
		       names, json_string((const char *)sqlite3_column_text(rows->select, 3)))
		== 0;
}

enum row_result zone_rows_next(struct zone_rows *rows, struct row *row)
{
	uint8_t key[KEY_SIZE];
	char address[INET6_ADDRSTRLEN];

	row_clear(row);
	if (rows->step != SQLITE_ROW)
		return rows->step == SQLITE_DONE ? ROW_END : failed(rows, row);
	const size_t len = (size_t)sqlite3_column_bytes(rows->select, 0);

	memcpy(key, sqlite3_column_blob(rows->select, 0), len);
	inet_ntop(key[0] == 4 ? AF_INET : AF_INET6, key + 1, address, sizeof(address));
	row->line = (size_t)sqlite3_column_int64(rows->select, 1);
	row->members = json_pack("{s:s,s:[]}", "address", address, "names");
	do {
		if (!add_record(rows, row))
			return row_refuse(row, PTRD_ERR_INVALID_NAME, "names", "is not UTF-8 text");
		rows->step = sqlite3_step(rows->select);
	} while (rows->step == SQLITE_ROW && (size_t)sqlite3_column_bytes(rows->select, 0) == len
		&& memcmp(key, sqlite3_column_blob(rows->select, 0), len) == 0);
	return ROW_GOOD;
}

bool zone_rows_passed_over(const struct zone_rows *rows, FILE *out)
{
	for (unsigned i = 0; i < rows->passed_count; i++) {
		char *word = ldns_rr_type2str(rows->passed[i].type);

		fprintf(out, "%s%llu %s", i > 0 ? ", " : "",
			(unsigned long long)rows->passed[i].count, word != NULL ? word : "others");
		free(word);
	}
	return rows->passed_count > 0;
}
