#include "zone_rows.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define TYPES_MAX 32 /* types told apart among the records passed over */

struct zone_rows {
	struct zone_rules rules;
	ldns_rdf *apex; /* owner of the SOA, or NULL */
	/* In order: the row that the next record may belong to; no members: there is none. */
	struct row open;
	struct zone_key open_owner;
	/* Else all records are here first. */
	sqlite3 *db;
	sqlite3_stmt *insert, *select;
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

struct zone_rows *zone_rows_open(const struct zone_rules *rules, struct row *why)
{
	struct zone_rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL) {
		row_fail(why, "out of memory");
		return NULL;
	}
	rows->rules = *rules;
	if (rules->in_order || open_database(rows))
		return rows;
	failed(rows, why);
	zone_rows_close(rows);
	return NULL;
}

void zone_rows_close(struct zone_rows *rows)
{
	if (rows == NULL)
		return;
	row_clear(&rows->open);
	sqlite3_finalize(rows->insert);
	sqlite3_finalize(rows->select);
	sqlite3_close(rows->db);
	ldns_rdf_deep_free(rows->apex);
	free(rows);
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

	if (!rows->rules.strict || own)
		return pass_over(rows, type);
	char *word = ldns_rr_type2str(type);

	row_refuse(row, PTRD_ERR_INVALID_REQUEST, "type",
		"is %s: with --strict only PTR records, and SOA and NS at the apex, may be there",
		word != NULL ? word : "another one");
	free(word);
	return ROW_BAD;
}

static void begin_row(struct row *row, const struct zone_key *owner, size_t line)
{
	const int family = owner->bytes[0] == 4 ? AF_INET : AF_INET6;
	char address[INET6_ADDRSTRLEN];

	inet_ntop(family, owner->bytes + 1, address, sizeof(address));
	row->line = line;
	row->members = json_pack("{s:s,s:[]}", "address", address, "names");
}

/* Names are ASCII as they come from ldns, which writes other bytes as numbers. */
static bool add_name(struct row *row, const char *name, json_int_t ttl)
{
	const json_t *least = json_object_get(row->members, "ttl");
	json_t *names = json_object_get(row->members, "names");

	if (least == NULL || ttl < json_integer_value(least))
		json_object_set_new(row->members, "ttl", json_integer(ttl));
	return json_array_append_new(names, json_string(name)) == 0;
}

/* To the row of the record before, or that one is whole. */
static enum row_result add_in_order(
	struct zone_rows *rows, const struct zone_ptr *ptr, struct row *row)
{
	struct row *open = &rows->open;
	const int order
		= open->members == NULL ? 1 : zone_key_compare(&ptr->owner, &rows->open_owner);

	if (order < 0)
		return row_fail(row, "the file has changed while it was read");
	if (order > 0) {
		*row = *open;
		*open = (struct row){.line = 0};
		begin_row(open, &ptr->owner, ptr->line);
		rows->open_owner = ptr->owner;
	}
	return add_name(open, ptr->name, ptr->ttl) ? ROW_GOOD : row_fail(row, "out of memory");
}

static enum row_result insert(struct zone_rows *rows, const struct zone_ptr *ptr, struct row *row)
{
	const int key_len = ptr->owner.bytes[0] == 4 ? 1 + 4 : 1 + 16;

	sqlite3_bind_blob(rows->insert, 1, ptr->owner.bytes, key_len, SQLITE_STATIC);
	sqlite3_bind_int64(rows->insert, 2, rows->added++);
	sqlite3_bind_int64(rows->insert, 3, (sqlite3_int64)ptr->line);
	sqlite3_bind_int64(rows->insert, 4, ptr->ttl);
	sqlite3_bind_text(rows->insert, 5, ptr->name, -1, SQLITE_STATIC);
	const int result = sqlite3_step(rows->insert);

	sqlite3_reset(rows->insert);
	sqlite3_clear_bindings(rows->insert);
	return result == SQLITE_DONE ? ROW_GOOD : failed(rows, row);
}

enum row_result zone_rows_add_ptr(
	struct zone_rows *rows, const struct zone_ptr *ptr, struct row *row)
{
	return rows->rules.in_order ? add_in_order(rows, ptr, row) : insert(rows, ptr, row);
}

static enum row_result add_ptr(
	struct zone_rows *rows, const ldns_rr *rr, size_t line, struct row *row)
{
	const ldns_rdf *rdf = ldns_rr_rdf(rr, 0);
	struct zone_ptr ptr = {.ttl = ldns_rr_ttl(rr), .line = line};
	char plain[ZONE_NAME_MAX], *formatted = NULL;
	enum row_result result;
	struct zone_name name;

	if (!zone_name_of(ldns_rr_owner(rr), &name) || !zone_key_read(&name, &ptr.owner))
		return refuse_owner(rr, row);
	if (!zone_name_of(rdf, &name))
		return row_refuse(row, PTRD_ERR_INVALID_NAME, "names",
			"has a name of more than %d bytes", ZONE_NAME_MAX);
	ptr.name = zone_name_write(&name, plain) ? plain : (formatted = ldns_rdf2str(rdf));
	result = ptr.name != NULL ? zone_rows_add_ptr(rows, &ptr, row)
				  : row_fail(row, "out of memory");
	free(formatted);
	return result;
}

enum row_result zone_rows_add(
	struct zone_rows *rows, const ldns_rr *rr, size_t line, struct row *row)
{
	row->line = line;
	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return row_refuse(row, PTRD_ERR_INVALID_REQUEST, "class", "must be IN");
	if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_PTR)
		return add_other(rows, rr, row);
	/* RDATA of the form of RFC 3597 has one, too, but it may not be a name. */
	if (ldns_rr_rd_count(rr) != 1
		|| ldns_rdf_get_type(ldns_rr_rdf(rr, 0)) != LDNS_RDF_TYPE_DNAME)
		return row_refuse(row, PTRD_ERR_INVALID_NAME, "names", "must be a domain name");
	return add_ptr(rows, rr, line, row);
}

uint64_t zone_rows_end(struct zone_rows *rows)
{
	sqlite3_stmt *count;
	uint64_t found = 0;

	if (rows->rules.in_order)
		return 0;
	if (sqlite3_prepare_v2(
		    rows->db, "SELECT count(DISTINCT address) FROM record", -1, &count, NULL)
			== SQLITE_OK
		&& sqlite3_step(count) == SQLITE_ROW)
		found = (uint64_t)sqlite3_column_int64(count, 0);
	sqlite3_finalize(count);
	rows->step = sqlite3_step(rows->select);
	return found;
}

/* Adds the record that `select` stands at, and goes on to the next. */
static bool add_selected(struct zone_rows *rows, struct row *row)
{
	const char *name = (const char *)sqlite3_column_text(rows->select, 3);
	const bool added = add_name(row, name, sqlite3_column_int64(rows->select, 2));

	rows->step = sqlite3_step(rows->select);
	return added;
}

static struct zone_key selected_owner(const struct zone_rows *rows)
{
	struct zone_key owner = {.bytes = {0}};

	memcpy(owner.bytes, sqlite3_column_blob(rows->select, 0),
		(size_t)sqlite3_column_bytes(rows->select, 0));
	return owner;
}

/* The next row of those that waited for each other. */
static enum row_result select_row(struct zone_rows *rows, struct row *row)
{
	struct zone_key owner, next;

	if (rows->step != SQLITE_ROW)
		return rows->step == SQLITE_DONE ? ROW_END : failed(rows, row);
	owner = selected_owner(rows);
	begin_row(row, &owner, (size_t)sqlite3_column_int64(rows->select, 1));
	do {
		if (!add_selected(rows, row))
			return row_fail(row, "out of memory");
		if (rows->step == SQLITE_ROW)
			next = selected_owner(rows);
	} while (rows->step == SQLITE_ROW && zone_key_compare(&owner, &next) == 0);
	return ROW_GOOD;
}

enum row_result zone_rows_next(struct zone_rows *rows, struct row *row)
{
	row_clear(row);
	if (!rows->rules.in_order)
		return select_row(rows, row);
	*row = rows->open;
	rows->open = (struct row){.line = 0};
	return row->members != NULL ? ROW_GOOD : ROW_END;
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
