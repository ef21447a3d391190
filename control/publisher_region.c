/* Changes of whole regions: each is a new table, a new entry of the directory, or both. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "directory.h"
#include "publisher_private.h"

/* A new table is only made while the dataplane lets go of the old ones. */
static int may_make_table(struct publisher *p, const char *region)
{
	publisher_reclaim(p);
	if (!publisher_too_many_waiting(p))
		return 0;
	return publisher_fail(p, -EBUSY,
		"region %s: it needs another table, and the dataplane has not let go of %d earlier "
		"ones: is it hung?",
		region, CLOSING_MAX);
}

int publisher_grow(struct publisher *p, struct region_table *r, enum shortage shortage)
{
	int error = may_make_table(p, r->name);

	if (error < 0)
		return error;
	error = region_table_grow(r, p->files, &p->changes, p->generation + 1, shortage);
	if (error < 0)
		return publisher_fail(p, error,
			"region %s: its table is full and there is no room for a larger one in %s: %s",
			r->name, table_files_dir(p->files), strerror(-error));
	p->directory_due = true;
	return 0;
}

/* The transaction's own: nobody reads its table yet. */
static int attach(struct publisher *p, struct region_table *r)
{
	struct change change = {.kind = CHANGE_ATTACH, .region = r};
	const int error = publisher_reserve(p, &change, NULL);

	if (error < 0) {
		publisher_unlink_region(p, r);
		region_table_free(r);
	}
	return error;
}

static int detach(struct publisher *p, struct region_table *r)
{
	struct change change = {.kind = CHANGE_DETACH, .region = r};
	const int error = publisher_reserve(p, &change, NULL);

	if (error == 0) {
		r->leaving = true;
		p->directory_due = true;
	}
	return error;
}

int publisher_attach(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected)
{
	if (publisher_region(p, info->name) != NULL)
		return publisher_fail(p, -EEXIST, "region %s is attached already", info->name);
	const int error = may_make_table(p, info->name);

	if (error < 0)
		return error;
	struct region_table *r
		= publisher_add_region(p, info, revision, eips_expected, ptrs_expected);

	return r != NULL ? attach(p, r) : -errno;
}

/* The region of that name for a change of it as a whole; NULL: not attached, and told. */
static struct region_table *attached(struct publisher *p, const char *region)
{
	struct region_table *r = publisher_region(p, region);

	if (r == NULL)
		publisher_fail(p, -ENOENT, "region %s is not attached", region);
	return r;
}

int publisher_detach(struct publisher *p, const char *region)
{
	struct region_table *r = attached(p, region);

	return r != NULL ? detach(p, r) : -ENOENT;
}

int publisher_replace(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected)
{
	const size_t mark = publisher_mark(p);
	int error = publisher_detach(p, info->name);

	/* The one that leaves is served until the directory has been switched. */
	if (error == 0)
		error = publisher_attach(p, info, revision, eips_expected, ptrs_expected);
	if (error < 0)
		publisher_rollback_to(p, mark);
	return error;
}

int publisher_update(struct publisher *p, const struct region_info *info)
{
	struct change change = {.kind = CHANGE_UPDATE, .region = attached(p, info->name)};
	json_t *entry;

	if (change.region == NULL)
		return -ENOENT;
	entry = directory_region(info);
	if (entry == NULL)
		return publisher_fail(p, -ENOMEM, "out of memory");
	change.entry = change.region->entry;
	const int error = publisher_reserve(p, &change, NULL);

	if (error < 0) {
		json_decref(entry);
		return error;
	}
	change.region->entry = entry;
	p->directory_due = true;
	return 0;
}

/* `old` leaves, and a region takes its place that has, or has not, the addresses in `range`. */
static int move(struct publisher *p, struct region_table *old, const struct region_table *from,
	const struct region_info *info, const struct address_range *range)
{
	int error = may_make_table(p, info->name);

	if (error < 0)
		return error;
	struct region_table *r = region_table_move(
		old, from, info, range, &p->changes, p->files, p->generation + 1);

	if (r == NULL) {
		error = -errno;
		return publisher_fail(p, error, "region %s: no room for another table in %s: %s",
			info->name, table_files_dir(p->files), strerror(-error));
	}
	r->next = p->regions;
	p->regions = r;
	error = attach(p, r);
	return error < 0 ? error : detach(p, old);
}

int publisher_move(struct publisher *p, const struct region_info *from,
	const struct region_info *to, const struct address_range *range)
{
	struct region_table *giver = publisher_region(p, from->name);
	struct region_table *taker = publisher_region(p, to->name);
	const size_t mark = publisher_mark(p);
	int error = 0;

	if (taker != NULL)
		error = move(p, taker, giver, to, range);
	if (error == 0 && giver != NULL)
		error = move(p, giver, NULL, from, range);
	if (error < 0)
		publisher_rollback_to(p, mark);
	return error;
}

int publisher_fill(struct publisher *p, const char *region, const struct address *address,
	const struct record_wire *record)
{
	struct region_table *r = attached(p, region);
	enum shortage shortage;
	int error;

	if (r == NULL)
		return -ENOENT;
	assert(r->served == NULL);
	while ((shortage = region_table_fill(r, address, record)) != SHORT_OF_NOTHING) {
		error = publisher_grow(p, r, shortage);
		if (error < 0)
			return error;
	}
	return 0;
}
