#include <stdio.h>
#include <string.h>

#include "store_private.h"

/*
 * A list walks one index, within spans of addresses that follow from regions, status, prefix and
 * marker, and checks the rest of the filters row by row; the rows of the page are then looked up
 * whole. Which index: of those that the filters offer the one with the fewest rows there, as far as
 * that can be told by counting a few. All are in order of address, but two: these are used while
 * they have so few rows that sorting them is cheap.
 */

static sqlite3_stmt *statement(struct store *s, const struct list_plan *plan)
{
	const unsigned index = ((unsigned)plan->driver * LIST_MODES + plan->mode) * 4
		+ (plan->check_project ? 2 : 0) + (plan->check_ptr ? 1 : 0);
	char sql[LIST_SQL_MAX];

	list_sql(plan, sql);
	return store_statement(s, STMT_LIST + index, sql);
}

/* Spans of addresses that a query is about, one after the other in order of address. */
struct span {
	struct address first, last;
};

struct spans {
	const struct eip_query *query;
	struct span whole; /* that all of them are in */
	size_t next;       /* prefix of a region to look at next */
};

static void spans_begin(struct spans *spans, const struct eip_query *query)
{
	*spans = (struct spans){.query = query};
	spans->whole.last.ipv6 = true;
	memset(spans->whole.last.bytes, 0xff, sizeof(spans->whole.last.bytes));
	if (query->prefix != NULL)
		spans->whole = (struct span){query->prefix->first, query->prefix->last};
}

static bool has_status(const struct region *region, const struct eip_query *query)
{
	return query->status == STATUS_ANY || region->attached == (query->status == STATUS_ACTIVE);
}

static bool is_asked_for(const struct region *region, const struct eip_query *query)
{
	return (query->region == NULL || query->region == region) && has_status(region, query);
}

/* The next span: that of the whole, or of a region's prefix in it. */
static bool spans_next(const struct store *s, struct spans *spans, struct span *span)
{
	*span = spans->whole;
	if (spans->query->region == NULL && spans->query->status == STATUS_ANY)
		return spans->next++ == 0;
	while (spans->next < s->ranges_count) {
		const struct region_range *range = &s->ranges[spans->next++];

		if (!is_asked_for(range->region, spans->query)
			|| address_compare(&range->last, &spans->whole.first) < 0
			|| address_compare(&range->first, &spans->whole.last) > 0)
			continue;
		if (address_compare(&range->first, &spans->whole.first) > 0)
			span->first = range->first;
		if (address_compare(&range->last, &spans->whole.last) < 0)
			span->last = range->last;
		return true;
	}
	return false;
}

/* What the statements of one query are given. */
struct listing {
	const struct eip_query *query;
	struct list_plan plan;
	const struct tag_filter *tag; /* of DRIVER_TAG and DRIVER_KEY */
	struct ptr_filter *filter;    /* if plan.check_ptr */
};

static void bind_key(sqlite3_stmt *list, int parameter, const char *text, size_t len)
{
	sqlite3_bind_text(list, parameter, text, (int)len, SQLITE_TRANSIENT);
}

/* The keys of the names below one start with its own, and '/' is the character behind the dot. */
static void bind_names(sqlite3_stmt *list, const struct eip_query *query)
{
	char key[NAME_TEXT_MAX];
	const size_t len = strlen(query->name);

	name_key(query->name, len, key);
	bind_key(list, ARG_KEY, key, len);
	if (!query->below)
		return;
	key[len - 1] = '/';
	bind_key(list, ARG_VALUE, key, len);
}

/*
 * Binds all but the limit. `after`: what comes behind it. That is the least blob that is greater,
 * one zero byte longer.
 */
static bool bind(struct store *s, sqlite3_stmt *list, const struct listing *l,
	const struct span *span, const struct address *after)
{
	const bool behind = after != NULL && address_compare(&span->first, after) <= 0;
	uint8_t first[KEY_MAX + 1] = {0};
	const size_t size = address_key(behind ? after : &span->first, first) + (behind ? 1 : 0);

	if (sqlite3_bind_blob(list, ARG_FIRST, first, (int)size, SQLITE_TRANSIENT) != SQLITE_OK)
		return store_fail(s);
	if (l->query->project != NULL)
		sqlite3_bind_text(list, ARG_PROJECT, l->query->project, -1, SQLITE_STATIC);
	if (l->plan.driver == DRIVER_NAME || l->plan.driver == DRIVER_BELOW)
		bind_names(list, l->query);
	if (l->tag != NULL) {
		sqlite3_bind_text(list, ARG_KEY, l->tag->key, -1, SQLITE_STATIC);
		sqlite3_bind_text(list, ARG_VALUE, l->tag->value, -1, SQLITE_STATIC);
	}
	if (l->filter != NULL)
		sqlite3_bind_pointer(list, ARG_FILTER, l->filter, PTR_FILTER, NULL);
	return bind_address(s, list, ARG_LAST, &span->last);
}

static bool single(struct store *s, sqlite3_stmt *count, int64_t *sum)
{
	if (store_step(s, count) != 1)
		return false;
	*sum += sqlite3_column_int64(count, 0);
	sqlite3_reset(count);
	return true;
}

/* Rows that the driver's index finds for all spans, counted up to `most`; -1 on failure. */
static int64_t probe(struct store *s, const struct listing *l, int64_t most)
{
	struct listing rows = *l;
	struct spans spans;
	struct span span;
	int64_t found = 0;

	rows.plan.mode = LIST_PROBE;
	rows.plan.check_ptr = rows.plan.check_project = false;
	rows.filter = NULL;
	spans_begin(&spans, l->query);
	while (found < most && spans_next(s, &spans, &span)) {
		sqlite3_stmt *count = statement(s, &rows.plan);

		if (count == NULL || !bind(s, count, &rows, &span, NULL))
			return -1;
		sqlite3_bind_int64(count, ARG_LIMIT, most - found);
		if (!single(s, count, &found))
			return -1;
	}
	return found;
}

/* Takes `driver` in place of what has been chosen so far if it has fewer rows. */
static bool consider(struct store *s, struct listing *chosen, int64_t *fewest,
	enum list_driver driver, const struct tag_filter *tag)
{
	struct listing l = *chosen;

	l.plan.driver = driver;
	l.tag = tag;
	const int64_t rows = probe(s, &l, *fewest);

	if (rows < 0)
		return false;
	/* One in order may have more rows than are counted and still be no worse than all PTRs. */
	if (rows < *fewest
		|| (list_in_order(driver) && chosen->plan.driver == DRIVER_PTR
			&& driver != DRIVER_PTR)) {
		*chosen = l;
		*fewest = rows;
	}
	return true;
}

/* Chooses between the indexes that names, tags and project offer. */
static bool choose(struct store *s, struct listing *l)
{
	const struct eip_query *q = l->query;
	int64_t fewest = s->list_narrow;

	l->plan.driver = DRIVER_PTR;
	for (size_t i = 0; i < q->tags_count; i++)
		if (!q->tags[i].contains && !consider(s, l, &fewest, DRIVER_TAG, &q->tags[i]))
			return false;
	if (q->name != NULL
		&& !consider(s, l, &fewest, q->below ? DRIVER_BELOW : DRIVER_NAME, NULL))
		return false;
	for (size_t i = 0; i < q->tags_count; i++)
		if (q->tags[i].contains && !consider(s, l, &fewest, DRIVER_KEY, &q->tags[i]))
			return false;
	return consider(s, l, &fewest, q->project != NULL ? DRIVER_PTR_PROJECT : DRIVER_PTR, NULL);
}

static bool about_ptrs(const struct eip_query *query)
{
	return query->name != NULL || query->tags_count > 0;
}

/* True if the driver's rows are all that names and tags ask for. */
static bool driver_suffices(const struct listing *l)
{
	switch (l->plan.driver) {
	case DRIVER_TAG:
	case DRIVER_KEY:
		return l->query->name == NULL && l->query->tags_count == 1;
	case DRIVER_NAME:
	case DRIVER_BELOW:
		return l->query->tags_count == 0;
	default:
		return !about_ptrs(l->query);
	}
}

/* Makes up the plan. False: the store has failed, or there is no memory. */
static bool listing_begin(struct store *s, struct listing *l, const struct eip_query *query)
{
	*l = (struct listing){.query = query};
	if (about_ptrs(query)) {
		if (!choose(s, l))
			return false;
	} else if (query->project != NULL) {
		l->plan.driver = query->ptrs_only ? DRIVER_PTR_PROJECT : DRIVER_EIP_PROJECT;
	} else {
		l->plan.driver = query->ptrs_only ? DRIVER_PTR : DRIVER_EIP;
	}
	l->plan.check_project = query->project != NULL && l->plan.driver >= DRIVER_TAG;
	l->plan.check_ptr = !driver_suffices(l);
	if (!l->plan.check_ptr || (l->filter = ptr_filter_new(query)) != NULL)
		return true;
	snprintf(s->error, sizeof(s->error), "out of memory");
	return false;
}

/* Takes the page out of the addresses that are walked through. */
struct pager {
	struct store *store;
	store_eip_fn *fn;
	void *context;
	int64_t skip, left;
	bool any; /* `last` is set */
	struct address last;
	bool full; /* the caller has had enough */
};

static bool take(struct pager *p, const struct address *address)
{
	struct eip eip;

	/* An address comes once for each of its names that match. */
	if (p->any && address_compare(&p->last, address) == 0)
		return true;
	p->any = true;
	p->last = *address;
	if (p->skip > 0) {
		p->skip--;
		return true;
	}
	const int found = store_eip(p->store, address, &eip);

	if (found < 0)
		return false;
	if (found == 0) {
		snprintf(p->store->error, sizeof(p->store->error),
			"%s/ptrd.db finds a PTR whose EIP it does not hold", p->store->state_dir);
		p->store->failed = true;
		return false;
	}
	p->left--;
	p->full = !p->fn(p->context, &eip) || p->left == 0;
	return true;
}

/* Walks through one span. */
static bool walk(struct store *s, sqlite3_stmt *list, struct pager *p)
{
	struct address address;
	int found;

	while ((found = store_step(s, list)) == 1) {
		if (column_address(list, 0, &address) && take(p, &address) && !p->full)
			continue;
		sqlite3_reset(list);
		return p->full;
	}
	return found == 0;
}

/* Rows that the page may take, of which as many as `names` may be of one address; -1: all. */
static int64_t rows_wanted(const struct pager *p, int64_t names)
{
	if (p->left < 0 || p->skip > INT64_MAX / names - p->left)
		return -1;
	return (p->skip + p->left) * names;
}

static bool walk_spans(struct store *s, const struct listing *l, struct pager *p)
{
	/* A sort keeps no more rows than it is to give. */
	const int64_t names = l->plan.driver == DRIVER_BELOW ? PTRD_RECORD_NAMES_MAX : 1;
	struct spans spans;
	struct span span;

	spans_begin(&spans, l->query);
	while (!p->full && spans_next(s, &spans, &span)) {
		const struct address *after = l->query->after;

		if (after != NULL && address_compare(&span.last, after) <= 0)
			continue;
		sqlite3_stmt *list = statement(s, &l->plan);

		if (list == NULL || !bind(s, list, l, &span, after))
			return false;
		sqlite3_bind_int64(list, ARG_LIMIT, rows_wanted(p, names));
		if (!walk(s, list, p))
			return false;
	}
	return true;
}

bool store_eip_list(struct store *s, const struct eip_query *query, store_eip_fn *fn, void *context)
{
	struct pager pager = {.store = s,
		.fn = fn,
		.context = context,
		.skip = query->offset,
		.left = query->limit};
	struct listing l;
	const bool listed = listing_begin(s, &l, query) && walk_spans(s, &l, &pager);

	ptr_filter_free(l.filter);
	return listed;
}

/* From the counters: of a project, or of all, in a region (NULL: in all). */
static bool usage_count(
	struct store *s, const struct eip_query *query, const struct region *region, int64_t *count)
{
	static const char *const sql[4] = {
		"SELECT sum(eips), sum(ptrs) FROM usage",
		"SELECT sum(eips), sum(ptrs) FROM usage WHERE region = ?1",
		"SELECT sum(eips), sum(ptrs) FROM usage WHERE project = ?2",
		"SELECT sum(eips), sum(ptrs) FROM usage WHERE region = ?1 AND project = ?2",
	};
	const unsigned which = (region != NULL ? 1 : 0) + (query->project != NULL ? 2 : 0);
	sqlite3_stmt *sum = store_statement(s, STMT_USAGE_COUNT + which, sql[which]);

	if (sum == NULL || !store_usage_flush(s))
		return false;
	if (region != NULL)
		sqlite3_bind_int64(sum, 1, region->id);
	if (query->project != NULL)
		sqlite3_bind_text(sum, 2, query->project, -1, SQLITE_STATIC);
	if (store_step(s, sum) != 1)
		return false;
	/* The sum of no rows is NULL, which reads as 0. */
	*count += sqlite3_column_int64(sum, query->ptrs_only ? 1 : 0);
	sqlite3_reset(sum);
	return true;
}

/* By walking through the spans. */
static bool span_count(struct store *s, const struct eip_query *query, int64_t *count)
{
	struct listing l;
	struct spans spans;
	struct span span;
	bool counted = listing_begin(s, &l, query);

	l.plan.mode = LIST_COUNT;
	spans_begin(&spans, query);
	while (counted && spans_next(s, &spans, &span)) {
		sqlite3_stmt *rows = statement(s, &l.plan);

		counted = rows != NULL && bind(s, rows, &l, &span, NULL) && single(s, rows, count);
	}
	ptr_filter_free(l.filter);
	return counted;
}

/* True if all of the region is in the prefix. */
static bool holds_region(const struct prefix *prefix, const struct region *region)
{
	for (unsigned i = 0; i < region->info.prefixes_count; i++)
		if (!prefix_covers(prefix, &region->prefixes[i]))
			return false;
	return true;
}

/* Whole regions from the counters, parts of one by walking through them. */
static bool regions_count(struct store *s, const struct eip_query *query, int64_t *count)
{
	for (size_t i = 0; i < s->regions_count; i++) {
		const struct region *region = s->regions[i];
		struct eip_query part = *query;

		if (!is_asked_for(region, query))
			continue;
		part.region = region;
		if (query->prefix == NULL || holds_region(query->prefix, region)
				? !usage_count(s, query, region, count)
				: !span_count(s, &part, count))
			return false;
	}
	return true;
}

bool store_eip_count(struct store *s, const struct eip_query *query, uint64_t *count)
{
	int64_t sum = 0;
	bool counted;

	if (about_ptrs(query))
		counted = span_count(s, query, &sum);
	else if (query->prefix == NULL && query->status == STATUS_ANY)
		counted = usage_count(s, query, query->region, &sum);
	else
		counted = regions_count(s, query, &sum);
	*count = (uint64_t)sum;
	return counted;
}
