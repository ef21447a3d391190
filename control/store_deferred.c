#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store_deferred.h"

/* The PTR that goes and the one that comes in one change, their entries, all its texts. */
#define PTRS_SPARE 2
#define ENTRIES_SPARE (2 * (PTRD_RECORD_NAMES_MAX + TAGS_MAX))
#define TEXT_SPARE (2 * (sizeof(struct eip_state) + NAMES_TEXT_MAX + TAGS_TEXT_MAX) + 4096)

bool store_deferred_open(struct store *s)
{
	/* The kernel has no memory for what is never touched. */
	s->deferred = calloc(1, sizeof(*s->deferred));
	if (s->deferred == NULL) {
		snprintf(s->error, sizeof(s->error), "out of memory");
		return false;
	}
	s->deferred->audits_most = DEFERRED_AUDITS;
	s->deferred->epoch = 1;
	return store_deferred_tables(s);
}

void store_deferred_clear(struct store *s)
{
	struct deferred *d = s->deferred;

	if (d == NULL)
		return;
	d->used = d->written = d->savepoint = d->savepoint_written = (struct deferred_mark){0};
	d->epoch++;
}

static const char *keep(struct deferred *d, const char *text, size_t len)
{
	char *kept = d->text + d->used.text;

	memcpy(kept, text, len);
	kept[len] = '\0';
	d->used.text += len + 1;
	return kept;
}

static const char *keep_text(struct deferred *d, const char *text)
{
	return text != NULL && *text != '\0' ? keep(d, text, strlen(text)) : NULL;
}

/* One change after another is often of the same actor, region, project. */
static const char *keep_same(struct deferred *d, const char *before, const char *text)
{
	return before != NULL && text != NULL && strcmp(before, text) == 0 ? before
									   : keep_text(d, text);
}

static bool fits(const struct deferred *d, unsigned share)
{
	return d->used.audits < d->audits_most / share
		&& d->used.ptrs + PTRS_SPARE <= DEFERRED_PTRS / share
		&& d->used.entries + ENTRIES_SPARE <= DEFERRED_ENTRIES / share
		&& d->used.text + TEXT_SPARE <= DEFERRED_TEXT / share;
}

static bool make_room(struct store *s)
{
	return fits(s->deferred, 1) || store_deferred_write(s);
}

static unsigned bucket_of(const struct address *address)
{
	/* FNV-1a: a burst of neighbours, or a client's choice of addresses, makes chains at worst. */
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < address_size(address); i++)
		hash = (hash ^ address->bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % DEFERRED_BUCKETS;
}

/* PTR `i` waits from now on. */
static void ptr_waits(struct deferred *d, unsigned i)
{
	const unsigned bucket = bucket_of(&d->ptrs[i].address);
	const bool first = d->buckets[bucket].epoch != d->epoch;

	d->ptrs[i].next = first ? 0 : d->buckets[bucket].last;
	d->buckets[bucket].epoch = d->epoch;
	d->buckets[bucket].last = i + 1;
}

bool store_deferred_has(const struct store *s, const struct address *address)
{
	const struct deferred *d = s->deferred;
	const unsigned bucket = d != NULL ? bucket_of(address) : 0;

	if (d == NULL || d->buckets[bucket].epoch != d->epoch)
		return false;
	for (unsigned i = d->buckets[bucket].last; i > 0; i = d->ptrs[i - 1].next)
		if (address_compare(&d->ptrs[i - 1].address, address) == 0)
			return true;
	return false;
}

bool store_deferred_settle(struct store *s, const struct address *address)
{
	return !store_deferred_has(s, address) || store_deferred_write(s);
}

static void add_ptr(struct deferred *d, const struct deferred_ptr *ptr)
{
	d->ptrs[d->used.ptrs] = *ptr;
	ptr_waits(d, d->used.ptrs++);
}

bool store_defer_ptr(struct store *s, const struct eip *eip)
{
	struct deferred *d = s->deferred;

	if (!make_room(s))
		return false;
	const struct deferred_ptr *last = d->used.ptrs > 0 ? &d->ptrs[d->used.ptrs - 1]
							   : &(struct deferred_ptr){.put = false};

	add_ptr(d,
		&(struct deferred_ptr){
			.address = eip->address,
			.put = true,
			.ttl = eip->ptr_ttl,
			.project = keep_same(d, last->project, eip->project),
			.names = keep_text(d, eip->ptr_names),
			.description = keep_text(d, eip->ptr_description),
			.tags = keep_text(d, eip->ptr_tags),
			.action = eip->ptr_action,
			.revision = eip->ptr_revision,
			.time = s->now,
		});
	return true;
}

bool store_defer_ptr_gone(struct store *s, const struct address *address)
{
	/* Those that go are written before those that come. */
	if (!store_deferred_settle(s, address) || !make_room(s))
		return false;
	add_ptr(s->deferred, &(struct deferred_ptr){.address = *address, .put = false});
	return true;
}

bool store_defer_audit(struct store *s, const struct eip *eip, const char *old_project)
{
	struct deferred *d = s->deferred;

	if (!make_room(s))
		return false;
	const struct deferred_audit none = {.revision = 0};
	const struct deferred_audit *last
		= d->used.audits > 0 ? &d->audits[d->used.audits - 1] : &none;

	d->audits[d->used.audits++] = (struct deferred_audit){
		.revision = s->revision,
		.time = s->now,
		.actor = keep_same(d, last->actor, s->actor),
		.action = keep_same(d, last->action, s->action),
		.region = keep_same(d, last->region, eip->region->name),
		.project = keep_same(d, last->project, eip->project),
		.old_project = keep_text(d, old_project),
		.before = keep_text(d, s->before.json),
		.after = keep_text(d, s->after.json),
		.address = eip->address,
	};
	return true;
}

bool store_defer_entry(void *context, const struct ptr_entry *entry)
{
	const struct deferral *deferral = context;
	struct deferred *d = deferral->store->deferred;

	if (!make_room(deferral->store))
		return false;
	d->entries[d->used.entries++] = (struct deferred_entry){
		.key = keep(d, entry->key, entry->key_len),
		.value = entry->value != NULL ? keep(d, entry->value, strlen(entry->value)) : NULL,
		.address = *deferral->address,
		.put = deferral->put,
	};
	return true;
}

/* Order of the indexes: names, then tags. 0: it is the same entry. */
static int entry_order(const struct deferred_entry *a, const struct deferred_entry *b)
{
	int order = (a->value != NULL) - (b->value != NULL);

	if (order == 0)
		order = strcmp(a->key, b->key);
	if (order == 0 && a->value != NULL)
		order = strcmp(a->value, b->value);
	if (order == 0)
		order = address_compare(&a->address, &b->address);
	return order;
}

/* And for one entry the order of the changes. */
static int compare_entries(const void *left, const void *right)
{
	const struct deferred_entry *a = *(const struct deferred_entry *const *)left;
	const struct deferred_entry *b = *(const struct deferred_entry *const *)right;
	const int order = entry_order(a, b);

	return order != 0 ? order : (a > b) - (a < b);
}

static int compare_ptrs(const void *left, const void *right)
{
	const struct deferred_ptr *a = *(const struct deferred_ptr *const *)left;
	const struct deferred_ptr *b = *(const struct deferred_ptr *const *)right;

	return address_compare(&a->address, &b->address);
}

static void sort_ptrs(struct deferred *d)
{
	d->sorted_ptrs_count = d->used.ptrs - d->written.ptrs;
	for (unsigned i = 0; i < d->sorted_ptrs_count; i++)
		d->sorted_ptrs[i] = &d->ptrs[d->written.ptrs + i];
	qsort(d->sorted_ptrs, d->sorted_ptrs_count, sizeof(d->sorted_ptrs[0]), compare_ptrs);
}

static void sort_entries(struct deferred *d)
{
	const struct deferred_entry **sorted = d->sorted_entries;
	const unsigned count = d->used.entries - d->written.entries;
	unsigned kept = 0;

	for (unsigned i = 0; i < count; i++)
		sorted[i] = &d->entries[d->written.entries + i];
	qsort(sorted, count, sizeof(*sorted), compare_entries);
	for (unsigned i = 0; i < count; i++)
		if (i + 1 == count || entry_order(sorted[i], sorted[i + 1]) != 0)
			sorted[kept++] = sorted[i];
	d->sorted_entries_count = kept;
}

/* Of names and of tags, those that go and those that come. What comes may have been there before, and
 * have gone and come back. */
static const char *const entry_writes[] = {
	"DELETE FROM ptr_name WHERE (key, address) IN"
	" (SELECT key, address FROM deferred_entry WHERE value IS NULL AND NOT put)",
	"INSERT OR IGNORE INTO ptr_name SELECT key, address FROM deferred_entry"
	" WHERE value IS NULL AND put",
	"DELETE FROM ptr_tag WHERE (key, value, address) IN"
	" (SELECT key, value, address FROM deferred_entry WHERE value IS NOT NULL AND NOT put)",
	"INSERT OR IGNORE INTO ptr_tag SELECT key, value, address FROM deferred_entry"
	" WHERE value IS NOT NULL AND put",
};
#define ENTRY_WRITES (sizeof(entry_writes) / sizeof(entry_writes[0]))
static_assert(STMT_DEFERRED_PTR - STMT_DEFERRED_ENTRY == ENTRY_WRITES, "a statement for each");

static bool write_entries(struct store *s)
{
	const struct deferred *d = s->deferred;
	bool wanted[ENTRY_WRITES] = {false};

	for (unsigned i = 0; i < d->sorted_entries_count; i++)
		wanted[2 * (d->sorted_entries[i]->value != NULL) + d->sorted_entries[i]->put]
			= true;
	for (unsigned i = 0; i < ENTRY_WRITES; i++)
		if (wanted[i] && !store_execute(s, STMT_DEFERRED_ENTRY + i, entry_writes[i]))
			return false;
	return true;
}

static bool write_ptrs(struct store *s)
{
	const struct deferred *d = s->deferred;
	bool wanted[2] = {false};

	for (unsigned i = 0; i < d->sorted_ptrs_count; i++)
		wanted[d->sorted_ptrs[i]->put] = true;
	return (!wanted[false]
		       || store_execute(s, STMT_DEFERRED_PTR,
			       "DELETE FROM ptr WHERE address IN"
			       " (SELECT address FROM deferred_ptr WHERE NOT put)"))
		&& (!wanted[true]
			|| store_execute(s, STMT_DEFERRED_PTR + 1,
				"INSERT OR FAIL INTO ptr SELECT address, project, names, ttl,"
				" description, tags, action, revision, time, time"
				" FROM deferred_ptr WHERE put" PTR_REPLACES));
}

static bool write_all(struct store *s)
{
	struct deferred *d = s->deferred;

	sort_ptrs(d);
	sort_entries(d);
	/* OR FAIL: a failure ends the transaction, so the statement keeps no journal to undo itself. */
	return write_ptrs(s) && write_entries(s)
		&& (d->used.audits == d->written.audits
			|| store_execute(s, STMT_DEFERRED_AUDIT,
				"INSERT OR FAIL INTO audit SELECT * FROM deferred_audit"));
}

static bool waits(const struct store *s)
{
	const struct deferred *d = s->deferred;

	return d->used.audits > d->written.audits || d->used.ptrs > d->written.ptrs
		|| d->used.entries > d->written.entries;
}

bool store_deferred_write(struct store *s)
{
	struct deferred *d = s->deferred;

	if (d == NULL)
		return true;
	if (waits(s) && !write_all(s))
		return false;
	/* What came since the savepoint is undone in the database, what came before it is not. */
	d->used = d->written = d->savepoint;
	d->epoch++;
	return true;
}

bool store_deferred_savepoint(struct store *s)
{
	struct deferred *d = s->deferred;

	if (!fits(d, 2) && !store_deferred_write(s))
		return false;
	d->savepoint = d->used;
	d->savepoint_written = d->written;
	return true;
}

void store_deferred_release(struct store *s)
{
	s->deferred->savepoint = (struct deferred_mark){0};
}

void store_deferred_undo(struct store *s)
{
	struct deferred *d = s->deferred;

	d->used = d->savepoint;
	d->written = d->savepoint_written;
	d->epoch++;
	for (unsigned i = d->written.ptrs; i < d->used.ptrs; i++)
		ptr_waits(d, i);
	store_deferred_release(s);
}
