#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "address.h"
#include "fake_publisher.h"
#include "rig.h"

/* Undo by inverse: the EIP as it was before a change, or the region. */
enum undo_kind {
	UNDO_PUT,
	UNDO_DROP,
	UNDO_ATTACH,
	UNDO_DETACH
};

struct fake_state {
	enum undo_kind kind;
	struct fake_eip eip;
};

struct publisher *rig_publisher_new(const char *dir)
{
	(void)dir;
	struct publisher *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->fail_after = -1;
	return p;
}

void rig_publisher_free(struct publisher *p)
{
	free(p->eips);
	free(p->states);
	free(p);
}

static struct fake_eip *find(struct publisher *p, const struct address *address)
{
	for (size_t i = 0; i < p->eips_count; i++)
		if (address_compare(&p->eips[i].address, address) == 0)
			return &p->eips[i];
	return NULL;
}

const struct fake_eip *fake_find(const struct publisher *p, const char *address)
{
	struct refusal why;
	struct address a;

	assert_true(address_parse(address, &a, &why));
	for (size_t i = 0; i < p->eips_count; i++)
		if (address_compare(&p->eips[i].address, &a) == 0)
			return &p->eips[i];
	return NULL;
}

bool fake_has_region(const struct publisher *p, const char *region)
{
	for (size_t i = 0; i < p->regions_count; i++)
		if (strcmp(p->regions[i], region) == 0)
			return true;
	return false;
}

/* The array with room for one more. */
static void *with_room(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room > 0 ? 2 * *room : 16;
	array = reallocarray(array, *room, size);
	assert_non_null(array);
	return array;
}

static void put(struct publisher *p, const struct fake_eip *eip)
{
	struct fake_eip *old = find(p, &eip->address);

	if (old != NULL) {
		*old = *eip;
		return;
	}
	p->eips = with_room(p->eips, p->eips_count, &p->eips_room, sizeof(*p->eips));
	p->eips[p->eips_count++] = *eip;
}

static void drop(struct publisher *p, const struct address *address)
{
	struct fake_eip *old = find(p, address);

	assert_non_null(old);
	*old = p->eips[--p->eips_count];
}

static void drop_region(struct publisher *p, const char *region)
{
	for (size_t i = 0; i < p->regions_count; i++)
		if (strcmp(p->regions[i], region) == 0) {
			memmove(p->regions[i], p->regions[--p->regions_count],
				sizeof(p->regions[i]));
			return;
		}
	fail_msg("region %s is not attached", region);
}

static void add_region(struct publisher *p, const char *region)
{
	assert_false(fake_has_region(p, region));
	assert_true(p->regions_count < sizeof(p->regions) / sizeof(p->regions[0]));
	strcpy(p->regions[p->regions_count++], region);
}

static void remember(struct publisher *p, enum undo_kind kind, const struct fake_eip *eip)
{
	p->states = with_room(p->states, p->states_count, &p->states_room, sizeof(*p->states));
	p->states[p->states_count++] = (struct fake_state){kind, *eip};
}

/* True if this change is the one that fails. */
static bool fails(struct publisher *p)
{
	assert_true(p->in_transaction);
	return p->fail_after >= 0 && p->fail_after-- == 0;
}

const char *publisher_error(const struct publisher *p)
{
	(void)p;
	return "the fake's table is full";
}

int publisher_load_region(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected)
{
	(void)revision;
	(void)eips_expected;
	(void)ptrs_expected;
	assert_false(p->in_transaction);
	add_region(p, info->name);
	return 0;
}

int publisher_fill(struct publisher *p, const char *region, const struct address *address,
	const struct record_wire *record)
{
	struct fake_eip eip = {.address = *address, .has_record = record != NULL};

	if (p->in_transaction && fails(p))
		return -ENOSPC;
	assert_true(fake_has_region(p, region));
	assert_null(find(p, address));
	strcpy(eip.region, region);
	if (record != NULL)
		eip.record = *record;
	remember(p, UNDO_DROP, &eip);
	put(p, &eip);
	return 0;
}

int publisher_start(struct publisher *p)
{
	(void)p;
	return 0;
}

void publisher_begin(struct publisher *p)
{
	assert_false(p->in_transaction);
	p->in_transaction = true;
	p->states_count = 0;
}

size_t publisher_mark(const struct publisher *p)
{
	assert_true(p->in_transaction);
	return p->states_count;
}

void publisher_rollback_to(struct publisher *p, size_t mark)
{
	assert_true(p->in_transaction);
	assert_true(mark <= p->states_count);
	while (p->states_count > mark) {
		const struct fake_state state = p->states[--p->states_count];

		if (state.kind == UNDO_PUT)
			put(p, &state.eip);
		else if (state.kind == UNDO_DROP)
			drop(p, &state.eip.address);
		else if (state.kind == UNDO_ATTACH)
			add_region(p, state.eip.region);
		else
			drop_region(p, state.eip.region);
	}
}

void publisher_rollback(struct publisher *p)
{
	publisher_rollback_to(p, 0);
	p->in_transaction = false;
}

int publisher_bind(struct publisher *p, const char *region, const struct address *address)
{
	struct fake_eip eip = {.address = *address};

	if (fails(p))
		return -ENOSPC;
	assert_true(fake_has_region(p, region));
	assert_null(find(p, address));
	strcpy(eip.region, region);
	remember(p, UNDO_DROP, &eip);
	put(p, &eip);
	return 0;
}

int publisher_unbind(struct publisher *p, const char *region, const struct address *address)
{
	struct fake_eip *eip = find(p, address);

	if (fails(p))
		return -ENOSPC;
	assert_non_null(eip);
	assert_string_equal(eip->region, region);
	remember(p, UNDO_PUT, eip);
	drop(p, address);
	return 0;
}

static int change(struct publisher *p, const char *region, const struct address *address,
	const struct record_wire *record)
{
	struct fake_eip *eip = find(p, address);

	if (fails(p))
		return -ENOSPC;
	assert_non_null(eip);
	assert_string_equal(eip->region, region);
	remember(p, UNDO_PUT, eip);
	eip->has_record = record != NULL;
	if (record != NULL)
		eip->record = *record;
	return 0;
}

int publisher_set(struct publisher *p, const char *region, const struct address *address,
	const struct record_wire *record)
{
	assert_non_null(record);
	return change(p, region, address, record);
}

int publisher_unset(struct publisher *p, const char *region, const struct address *address)
{
	return change(p, region, address, NULL);
}

int publisher_attach(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected)
{
	struct fake_eip region = {0};

	(void)revision;
	(void)eips_expected;
	(void)ptrs_expected;
	if (fails(p))
		return -ENOSPC;
	add_region(p, info->name);
	strcpy(region.region, info->name);
	remember(p, UNDO_DETACH, &region);
	return 0;
}

int publisher_detach(struct publisher *p, const char *region)
{
	struct fake_eip left = {0};

	if (fails(p))
		return -ENOSPC;
	for (size_t i = p->eips_count; i-- > 0;)
		if (strcmp(p->eips[i].region, region) == 0) {
			remember(p, UNDO_PUT, &p->eips[i]);
			drop(p, &p->eips[i].address);
		}
	drop_region(p, region);
	strcpy(left.region, region);
	remember(p, UNDO_ATTACH, &left);
	return 0;
}

int publisher_replace(struct publisher *p, const struct region_info *info, uint64_t revision,
	uint64_t eips_expected, uint64_t ptrs_expected)
{
	const int error = publisher_detach(p, info->name);

	return error < 0 ? error
			 : publisher_attach(p, info, revision, eips_expected, ptrs_expected);
}

int publisher_update(struct publisher *p, const struct region_info *info)
{
	if (fails(p))
		return -ENOSPC;
	assert_true(fake_has_region(p, info->name));
	return 0;
}

/* What goes to a region that is not attached is in the store alone; what comes from one is filled
 * in by the caller. */
int publisher_move(struct publisher *p, const struct region_info *from,
	const struct region_info *to, const struct address_range *range)
{
	assert_true(fake_has_region(p, from->name) || fake_has_region(p, to->name));
	if (fails(p))
		return -ENOSPC;
	for (size_t i = p->eips_count; i-- > 0;) {
		struct fake_eip *eip = &p->eips[i];

		if (address_compare(&eip->address, &range->first) < 0
			|| address_compare(&eip->address, &range->last) > 0)
			continue;
		assert_string_equal(eip->region, from->name);
		remember(p, UNDO_PUT, eip);
		if (fake_has_region(p, to->name))
			strcpy(eip->region, to->name);
		else
			drop(p, &eip->address);
	}
	return 0;
}

int publisher_prepare(struct publisher *p, uint64_t revision)
{
	(void)revision;
	assert_true(p->in_transaction);
	return p->unprepared > 0 && p->unprepared-- > 0 ? -ENOSPC : 0;
}

uint64_t publisher_generation(const struct publisher *p, const char *region)
{
	assert_non_null(region);
	return p->made;
}

uint64_t publisher_commit(struct publisher *p, uint64_t revision)
{
	assert_true(p->in_transaction);
	p->in_transaction = false;
	p->commits++;
	p->serial = (uint32_t)revision;
	return p->next;
}

bool publisher_applied(struct publisher *p, uint64_t generation)
{
	return p->applied == NULL || *p->applied >= generation;
}

void publisher_reclaim(struct publisher *p)
{
	(void)p;
}

uint32_t publisher_serial(const struct publisher *p, const char *region)
{
	return fake_has_region(p, region) ? p->serial : 0;
}

void publisher_status(struct publisher *p, struct publisher_status *status)
{
	*status = (struct publisher_status){.generation = p->next, .readers = 3};
	status->outcome[PTRD_NODATA] = 17;
	status->event[PTRD_EVENT_TX] = 18;
}

uint64_t publisher_newest(const struct publisher *p)
{
	return p->next;
}

bool publisher_reader(struct publisher *p, uint32_t number, struct publisher_reader *reader)
{
	(void)p;
	*reader = (struct publisher_reader){.cpu = number + 4, .cycles = 200, .busy_cycles = 50};
	reader->outcome[PTRD_PTR_CUSTOM] = number * 10;
	reader->event[PTRD_EVENT_RX] = number * 100;
	snprintf(reader->port, sizeof(reader->port), "%s", number > 0 ? "fake0" : "");
	return number < 3;
}

bool publisher_table(
	const struct publisher *p, const char *region, struct publisher_table_status *status)
{
	*status = (struct publisher_table_status){.eips = p->eips_count, .path = "fake"};
	return fake_has_region(p, region);
}
