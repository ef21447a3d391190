#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fake_publisher.h"
#include "rig.h"
#include "store_private.h"

struct mirror {
	struct rig *rig;
	size_t served;
};

static bool check_eip(void *context, const struct eip *eip)
{
	struct mirror *m = context;
	char text[ADDRESS_TEXT_MAX];
	struct record_wire record;

	if (!eip->region->attached)
		return true;
	const struct fake_eip *fake
		= fake_find(m->rig->control.publisher, address_format(&eip->address, text));

	assert_non_null(fake);
	assert_string_equal(fake->region, eip->region->name);
	assert_int_equal(fake->has_record, eip->has_ptr);
	if (eip->has_ptr) {
		record_encode(eip->ptr_names, eip->ptr_ttl, &record);
		assert_int_equal(fake->record.len, record.len);
		assert_memory_equal(fake->record.bytes, record.bytes, record.len);
	}
	m->served++;
	return true;
}

/* Each selects what must not be: counters and look-up tables follow the rows. */
static const char *const store_faults[] = {
	"SELECT * FROM pragma_foreign_key_check",
	"SELECT * FROM eip e WHERE NOT EXISTS (SELECT * FROM prefix p WHERE p.region = e.region"
	" AND e.address BETWEEN p.first AND p.last)",
	"SELECT * FROM ptr p LEFT JOIN eip e ON e.address = p.address"
	" WHERE e.project IS NOT p.project",
	"SELECT n.address FROM ptr_name n LEFT JOIN ptr p ON p.address = n.address"
	" WHERE p.names IS NULL",
	"SELECT t.address FROM ptr_tag t LEFT JOIN ptr p ON p.address = t.address"
	" WHERE p.tags IS NULL OR p.tags = ''",
	"SELECT * FROM (SELECT e.region, e.project, count(*) AS n, count(p.address) AS m FROM eip e"
	" LEFT JOIN ptr p ON p.address = e.address GROUP BY e.region, e.project)"
	" FULL JOIN usage u USING (region, project)"
	" WHERE coalesce(u.eips, 0) <> coalesce(n, 0) OR coalesce(u.ptrs, 0) <> coalesce(m, 0)",
};

static void check_store(struct rig *rig)
{
	for (size_t i = 0; i < sizeof(store_faults) / sizeof(store_faults[0]); i++) {
		sqlite3_stmt *statement;

		assert_int_equal(sqlite3_prepare_v2(rig->control.store->db, store_faults[i], -1,
					 &statement, NULL),
			SQLITE_OK);
		if (sqlite3_step(statement) != SQLITE_DONE)
			fail_msg("the store has what must not be: %s", store_faults[i]);
		sqlite3_finalize(statement);
	}
}

void rig_check_mirror(struct rig *rig)
{
	const struct eip_query all = {.limit = -1}, ptrs = {.limit = -1, .ptrs_only = true};
	struct mirror m = {.rig = rig};
	uint64_t count;
	size_t regions_count, attached = 0;
	const struct region *const *regions = store_regions(rig->control.store, &regions_count);

	check_store(rig);
	assert_true(store_eip_list(rig->control.store, &all, check_eip, &m));
	assert_int_equal(m.served, rig->control.publisher->eips_count);
	for (size_t i = 0; i < regions_count; i++)
		attached += regions[i]->attached;
	assert_int_equal(attached, rig->control.publisher->regions_count);

	/* The counters say what the rows say. */
	size_t eips = 0, with_ptr = 0;
	for (size_t i = 0; i < rig->control.publisher->eips_count; i++) {
		eips++;
		with_ptr += rig->control.publisher->eips[i].has_record;
	}
	if (attached == regions_count) {
		assert_true(store_eip_count(rig->control.store, &all, &count));
		assert_int_equal(count, eips);
		assert_true(store_eip_count(rig->control.store, &ptrs, &count));
		assert_int_equal(count, with_ptr);
	}
}
