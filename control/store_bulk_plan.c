#include <stdio.h>
#include <string.h>

#include "store_bulk.h"
#include "store_private.h"

static void bind_text(sqlite3_stmt *statement, int parameter, const char *text)
{
	if (text != NULL)
		sqlite3_bind_text(statement, parameter, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(statement, parameter);
}

/* "" stands for no EIP. */
static const char *state_text(const struct eip_state *state)
{
	return state->json[0] != '\0' ? state->json : NULL;
}

/* The audit's picture of the EIP as it will be. */
static void state_then(struct eip_state *state, const struct eip_target *to)
{
	eip_state_of(state, to->id, to->project, to->ptr);
}

/* What is done with the rows that an EIP has. */
struct steps {
	bool drop_eip, put_eip, drop_ptr, put_ptr, taken;
};

static struct steps steps_of(const struct eip *eip, bool bound, const struct eip_target *to)
{
	const bool taken = bound && to != NULL && strcmp(eip->project, to->project) != 0;
	const bool stays = bound && to != NULL && !taken && strcmp(eip->id, to->id) == 0;

	return (struct steps){
		.drop_eip = bound && !stays,
		.put_eip = to != NULL && !stays,
		.drop_ptr = bound && eip->has_ptr && (!stays || to->ptr == NULL),
		.put_ptr = to != NULL && to->ptr != NULL,
		.taken = taken,
	};
}

/* Rows that go before any is put. */
static bool plan_drops(struct store *b, const struct address *address, const struct steps *steps)
{
	return (!steps->drop_eip
		       || store_run_address(b,
			       store_statement(
				       b, STMT_BULK_EIP_DROP, "INSERT INTO w.eip_drop VALUES (?)"),
			       address))
		&& (!steps->drop_ptr
			|| store_run_address(b,
				store_statement(
					b, STMT_BULK_PTR_DROP, "INSERT INTO w.ptr_drop VALUES (?)"),
				address));
}

static bool plan_row(struct store *b, const struct eip *eip, bool bound,
	const struct eip_target *to, const struct steps *steps)
{
	sqlite3_stmt *put = store_statement(b, STMT_BULK_PLAN,
		"INSERT INTO w.plan VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	const struct ptr_value *ptr = steps->put_ptr ? to->ptr : NULL;

	if (put == NULL || !bind_address(b, put, 2, &eip->address))
		return false;
	sqlite3_bind_int64(put, 1, (int64_t)b->revision);
	sqlite3_bind_int64(put, 3, eip->region->id);
	bind_text(put, 4, eip->region->name);
	bind_text(put, 5, to != NULL ? to->id : NULL);
	bind_text(put, 6, to != NULL ? to->project : eip->project);
	bind_text(put, 7, steps->taken ? eip->project : NULL);
	sqlite3_bind_int(put, 8, steps->put_eip);
	bind_text(put, 9, ptr != NULL ? ptr->names : NULL);
	sqlite3_bind_int64(put, 10, ptr != NULL ? ptr->ttl : 0);
	bind_text(put, 11, ptr != NULL ? ptr->description : NULL);
	bind_text(put, 12, ptr != NULL ? ptr->tags : NULL);
	bind_text(put, 13, bound && eip->has_ptr && !steps->drop_ptr ? PTR_UPDATE : PTR_CREATE);
	bind_text(put, 14, state_text(&b->before));
	bind_text(put, 15, state_text(&b->after));
	return store_run(b, put);
}

/* An entry that a statement, whose last parameter is the address, is run with. */
struct planned_entry {
	struct store *store;
	sqlite3_stmt *put;
	const struct address *address;
};

static bool plan_entry(void *context, const struct ptr_entry *entry)
{
	const struct planned_entry *planned = context;
	int parameter = 1;

	sqlite3_bind_text(
		planned->put, parameter++, entry->key, (int)entry->key_len, SQLITE_STATIC);
	if (entry->value != NULL)
		sqlite3_bind_text(planned->put, parameter++, entry->value, -1, SQLITE_STATIC);
	return bind_address(planned->store, planned->put, parameter, planned->address)
		&& store_run(planned->store, planned->put);
}

static bool plan_entries(struct store *b, enum store_statement id, const char *sql,
	ptr_each_fn *each, const char *list, const struct address *address)
{
	struct planned_entry planned = {b, store_statement(b, id, sql), address};

	return planned.put != NULL && each(list, plan_entry, &planned);
}

/* What PTRs are found by: only what differs is touched. */
static bool plan_index(struct store *b, const struct eip *eip, bool bound,
	const struct eip_target *to, const struct steps *steps)
{
	const bool had = bound && eip->has_ptr;
	const char *names = had ? eip->ptr_names : "", *tags = had ? eip->ptr_tags : "";
	const char *names_then = steps->put_ptr ? to->ptr->names : "";
	const char *tags_then = steps->put_ptr ? to->ptr->tags : "";

	return (strcmp(names, names_then) == 0
		       || (plan_entries(b, STMT_BULK_NAME_DROP,
				   "INSERT INTO w.name_drop VALUES (?, ?)", ptr_each_name, names,
				   &eip->address)
			       && plan_entries(b, STMT_BULK_NAME_PUT,
				       "INSERT INTO w.name_put VALUES (?, ?)", ptr_each_name,
				       names_then, &eip->address)))
		&& (strcmp(tags, tags_then) == 0
			|| (plan_entries(b, STMT_BULK_TAG_DROP,
				    "INSERT INTO w.tag_drop VALUES (?, ?, ?)", ptr_each_tag, tags,
				    &eip->address)
				&& plan_entries(b, STMT_BULK_TAG_PUT,
					"INSERT INTO w.tag_put VALUES (?, ?, ?)", ptr_each_tag,
					tags_then, &eip->address)));
}

static bool plan_usage(
	struct store *b, const struct eip *eip, bool bound, const struct eip_target *to)
{
	const int ptrs = bound && eip->has_ptr, ptrs_then = to != NULL && to->ptr != NULL;

	if (bound && to != NULL && strcmp(eip->project, to->project) == 0)
		return store_usage_add(b, eip->region, to->project, 0, ptrs_then - ptrs);
	return (!bound || store_usage_add(b, eip->region, eip->project, -1, -ptrs))
		&& (to == NULL || store_usage_add(b, eip->region, to->project, 1, ptrs_then));
}

bool store_bulk_plan(
	struct store *b, const struct eip *eip, bool bound, const struct eip_target *to)
{
	const struct steps steps = steps_of(eip, bound, to);

	b->revision++;
	eip_state(&b->before, bound ? eip : NULL);
	if (to != NULL)
		state_then(&b->after, to);
	else
		eip_state(&b->after, NULL);
	return plan_usage(b, eip, bound, to) && plan_drops(b, &eip->address, &steps)
		&& plan_row(b, eip, bound, to, &steps) && plan_index(b, eip, bound, to, &steps);
}

/*
 * Each goes through its table in order of the key, with one cursor that stays where it is. OR FAIL:
 * a failure ends the transaction anyway, so no statement keeps a journal to undo itself. Parameters:
 * time, actor, action.
 */
static const char *const writes[] = {
	"DELETE FROM ptr_name WHERE (key, address) IN (SELECT key, address FROM w.name_drop)",
	"DELETE FROM ptr_tag WHERE (key, value, address) IN"
	" (SELECT key, value, address FROM w.tag_drop)",
	"DELETE FROM ptr WHERE address IN (SELECT address FROM w.ptr_drop)",
	"DELETE FROM eip WHERE address IN (SELECT address FROM w.eip_drop)",
	"INSERT OR FAIL INTO eip SELECT address, region, id, project, revision, ?1 FROM w.plan"
	" WHERE put_eip ORDER BY revision",
	"INSERT OR FAIL INTO ptr SELECT address, project, names, ttl, description, tags, action,"
	" revision, ?1, ?1 FROM w.plan WHERE names IS NOT NULL ORDER BY revision" PTR_REPLACES,
	"INSERT OR FAIL INTO ptr_name SELECT key, address FROM w.name_put ORDER BY key, address",
	"INSERT OR FAIL INTO ptr_tag SELECT key, value, address FROM w.tag_put"
	" ORDER BY key, value, address",
	"INSERT OR FAIL INTO audit SELECT revision, ?1, ?2, ?3, region_name, address, project,"
	" old_project, before, after FROM w.plan ORDER BY revision",
};

bool store_bulk_id_twice(const struct store *b)
{
	return b->id_twice;
}

static bool write(struct store *b, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(b->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_fail(b);
	/* Those that a statement has not are no one's loss. */
	sqlite3_bind_int64(statement, 1, b->now);
	sqlite3_bind_text(statement, 2, b->actor, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 3, b->action, -1, SQLITE_STATIC);
	const bool written = store_run(b, statement);

	/* Of what is planned nothing else can be there already: an address is planned once. */
	b->id_twice = !written && sqlite3_extended_errcode(b->db) == SQLITE_CONSTRAINT_UNIQUE;
	sqlite3_finalize(statement);
	return written;
}

bool store_bulk_write(struct store *b)
{
	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		if (!write(b, writes[i]))
			return false;
	return true;
}
