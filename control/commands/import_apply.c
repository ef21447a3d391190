#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_rows.h"
#include "load.h"
#include "store_bulk.h"

/* Changes of a region beyond which, if they are also a share of it, it gets a new table. */
#define CHANGES_FEW 4096
#define SHARE 8

/* A region that the import changes. */
struct touched {
	const struct region *region;
	uint64_t changes;
	bool one_by_one; /* published so, and not by a new table */
};

struct apply {
	struct call *call; /* its store is the bulk one */
	struct store *store;
	const struct region *whole; /* or NULL */
	const char *only;           /* region that all rows must be of, or "" */
	struct import_figures *figures;
	struct touched *touched;
	size_t touched_count;
	bool refused;
};

/* For the callbacks, of which false alone is no failure. */
static bool refused(struct apply *a)
{
	a->refused = true;
	return false;
}

/* The refusal in call->why is of this row. */
static bool refused_row(struct apply *a, const struct staged_row *row)
{
	a->call->why.row = (int64_t)row->place;
	a->call->why.value = NULL;
	return refused(a);
}

/* The rules of import_row.c once more: what there is may have changed since the row was sent. */
static bool check(struct apply *a, const struct staged_row *row, bool bound, struct eip *eip)
{
	char text[ADDRESS_TEXT_MAX];

	if (a->call->actor->role == ROLE_PROJECT
		&& (!bound || !actor_sees(a->call->actor, eip->project)))
		return call_no_eip(a->call, &row->address);
	if (!bound && row->kind == STAGED_UNBIND)
		return true;
	if (!bound && !call_bindable(a->call, &row->address, &eip->region))
		return false;
	const char *only = a->whole != NULL ? a->whole->name : a->only;

	if (only[0] == '\0' || strcmp(eip->region->name, only) == 0)
		return true;
	refuse(&a->call->why, PTRD_ERR_INVALID_REGION, "%s is not in the prefixes of region %s",
		address_format(&row->address, text), only);
	return refuse_field(&a->call->why, "address", NULL);
}

/* An id may go from one EIP to another in one import. */
static bool id_free(struct apply *a, const struct region *region, const char *id)
{
	struct eip holder;
	int found = store_eip_by_id(a->store, region, id, &holder);

	if (found == 1)
		found = store_bulk_keeps_id(a->store, &holder, a->whole != NULL);
	if (found < 0)
		return call_store_failed(a->call);
	return found == 0 || call_id_free(a->call, region, id);
}

/*
 * The id that the EIP shall have. One of the same project keeps the one it has, unless the whole
 * region is made anew.
 */
static bool choose_id(struct apply *a, const struct staged_row *row, const struct eip *eip,
	bool same_project, char id[static EIP_ID_MAX])
{
	if (row->id == NULL && !same_project) {
		eip_new_id(id);
		return true;
	}
	snprintf(id, EIP_ID_MAX, "%s", row->id != NULL ? row->id : eip->id);
	if (same_project && strcmp(id, eip->id) == 0)
		return true;
	if (same_project && a->whole == NULL)
		return call_id_kept(a->call, eip, id);
	return id_free(a, eip->region, id);
}

/* Rows come in order of address: mostly it is the region of the row before. */
static struct touched *touched(struct apply *a, const struct region *region)
{
	size_t i = a->touched_count;

	while (i > 0 && a->touched[i - 1].region != region)
		i--;
	if (i > 0)
		return &a->touched[i - 1];
	a->touched[a->touched_count] = (struct touched){.region = region};
	return &a->touched[a->touched_count++];
}

static bool plan(struct apply *a, const struct eip *eip, bool bound, const struct eip_target *to)
{
	touched(a, eip->region)->changes++;
	return store_bulk_plan(a->store, eip, bound, to) || call_store_failed(a->call);
}

static bool become(struct apply *a, const struct staged_row *row, bool bound, struct eip *eip)
{
	const bool set = row->kind == STAGED_SET, had = bound && eip->has_ptr;
	struct eip_target to = {.ptr = set ? &row->value : NULL};
	char id[EIP_ID_MAX];

	to.project = row->project != NULL ? row->project : bound ? eip->project : PROJECT_DEFAULT;
	to.id = id;
	const bool same_project = bound && strcmp(eip->project, to.project) == 0;

	if (!choose_id(a, row, eip, same_project, id))
		return false;
	const bool stays = same_project && strcmp(eip->id, id) == 0;

	if (stays && (set ? ptr_holds(eip, to.ptr) : !had)) {
		a->figures->unchanged++;
		call_repeated(a->call, eip->region);
		return true;
	}
	a->figures->bound += !bound;
	a->figures->rebound += bound && !stays;
	a->figures->set += set;
	a->figures->unset += stays && !set;
	return plan(a, eip, bound, &to);
}

static bool unbind(struct apply *a, bool bound, const struct eip *eip)
{
	a->figures->unbound += bound;
	a->figures->unchanged += !bound;
	return !bound || plan(a, eip, true, NULL);
}

static bool apply_row(void *context, const struct staged_row *row, bool bound, struct eip *eip)
{
	struct apply *a = context;
	const bool applied = check(a, row, bound, eip)
		&& (row->kind == STAGED_UNBIND ? unbind(a, bound, eip)
					       : become(a, row, bound, eip));

	return applied || refused_row(a, row);
}

static bool apply_missing(void *context, const struct eip *eip)
{
	struct apply *a = context;

	return unbind(a, true, eip) || refused(a);
}

static bool check_quota(struct apply *a)
{
	struct bulk_excess excess;
	const int found = store_bulk_over_quota(a->store, a->call->control->ptr_quota, &excess);

	if (found < 0)
		return call_store_failed(a->call);
	return found == 0
		|| refuse(&a->call->why, PTRD_ERR_QUOTA,
			"project %s would have %llu PTR records, and its quota is %llu",
			excess.project, (unsigned long long)excess.ptrs,
			(unsigned long long)excess.quota);
}

/* In the store: what unbinds has the first revisions, so that an id is never at two EIPs. */
static bool write(struct apply *a)
{
	if ((a->whole != NULL && !store_bulk_missing(a->store, a->whole, apply_missing, a))
		|| !store_bulk_rows(a->store, true, apply_row, a)
		|| (!a->refused && !store_bulk_rows(a->store, false, apply_row, a)))
		return call_store_failed(a->call);
	if (a->refused || !check_quota(a))
		return false;
	if (store_bulk_write(a->store))
		return true;
	/* Each id was looked at when its row was sent, in the region that the address had then. */
	return store_bulk_id_twice(a->store) ? refuse(&a->call->why, PTRD_ERR_INVALID_EIP_ID,
		       "two rows have one id and are of one region, which they were not when they "
		       "were sent: a prefix has moved; begin the import anew")
					     : call_store_failed(a->call);
}

/* A change of an EIP as the publisher wants it. */
static bool publish_change(void *context, const struct store_change *c)
{
	struct apply *a = context;
	struct publisher *p = a->call->control->publisher;
	const char *region = c->region->name;
	struct record_wire record;
	int error = 0;

	if (!touched(a, c->region)->one_by_one)
		return true;
	if (!c->was_bound)
		error = publisher_bind(p, region, &c->address);
	if (error == 0 && !c->is_bound) {
		error = publisher_unbind(p, region, &c->address);
	} else if (error == 0 && c->names != NULL) {
		record_encode(c->names, c->ttl, &record);
		error = publisher_set(p, region, &c->address, &record);
	} else if (error == 0 && c->was_bound) {
		error = publisher_unset(p, region, &c->address);
	}
	if (error == 0)
		return true;
	call_publisher_failed(a->call);
	return refused(a);
}

/*
 * Few changes go into the tables that are served. Many are cheaper in a new one; a region's whole
 * content always gets one, because no reader may see a part of it.
 */
static bool choose_way(struct apply *a, struct touched *t)
{
	struct region_figures f;

	if (!t->region->attached)
		return true;
	if (!store_region_figures(a->store, t->region, &f))
		return call_store_failed(a->call);
	t->one_by_one = t->region != a->whole
		&& (t->changes < CHANGES_FEW || t->changes < f.eips / SHARE);
	return t->one_by_one || load_replaced(a->call->control, t->region, &a->call->why);
}

static bool publish(struct apply *a, uint64_t revision)
{
	bool one_by_one = false;

	for (size_t i = 0; i < a->touched_count; i++) {
		if (!choose_way(a, &a->touched[i]))
			return false;
		one_by_one |= a->touched[i].one_by_one;
	}
	if (one_by_one && !store_each_revised(a->store, revision, publish_change, a))
		return call_store_failed(a->call);
	if (a->refused)
		return false;
	return publisher_prepare(a->call->control->publisher, store_revision(a->store)) == 0
		|| call_publisher_failed(a->call);
}

/* All of it, from the store's transaction to the publisher's. */
static bool apply(struct apply *a, struct store *store)
{
	struct publisher *p = a->call->control->publisher;
	const uint64_t revision = store_revision(store);

	if (!store_begin(a->store))
		return call_store_failed(a->call);
	if (!write(a))
		return false;
	publisher_begin(p);
	if (!publish(a, revision) || (!store_commit(a->store) && !call_store_failed(a->call))) {
		publisher_rollback(p);
		return false;
	}
	store_bulk_adopt(store, a->store);
	a->call->control->stats.transactions++;
	const uint64_t generation = publisher_commit(p, store_revision(store));

	if (generation > a->call->generation)
		a->call->generation = generation;
	return true;
}

bool import_apply(struct call *call, struct import *import, const struct region *whole,
	struct import_figures *figures)
{
	struct control *control = call->control, bulk = *control;
	struct apply a = {.call = call, .whole = whole, .only = import->region, .figures = figures};
	size_t regions;

	if (!staging_seal(import->staging))
		return refuse(&call->why, PTRD_ERR_INTERNAL,
			"cannot keep the rows, so the import is aborted: %s",
			staging_error(import->staging));
	a.store = bulk.store = store_bulk_open(control->store, import->staging);
	if (a.store == NULL)
		return call_store_failed(call);
	store_regions(a.store, &regions);
	a.touched = calloc(regions + 1, sizeof(*a.touched));
	call->control = &bulk;
	const bool applied = a.touched == NULL
		? refuse(&call->why, PTRD_ERR_INTERNAL, "out of memory")
		: apply(&a, control->store);

	call->control = control;
	store_bulk_close(a.store);
	free(a.touched);
	return applied;
}
