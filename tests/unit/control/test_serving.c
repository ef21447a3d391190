/*
 * From a request to the files that a dataplane maps: the real store and the real publisher. The
 * tests read as a dataplane does: the directory, then the table that it names.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <ptrd/directory.h>

#include "rig.h"

struct publisher *rig_publisher_new(const char *dir)
{
	char run_dir[128];

	snprintf(run_dir, sizeof(run_dir), "%s/run", dir);
	struct publisher *p = publisher_open(run_dir, NULL);
	assert_non_null(p);
	return p;
}

void rig_publisher_free(struct publisher *p)
{
	publisher_close(p);
}

static int set_up(void **state)
{
	struct rig *rig = rig_new();

	json_decref(rig_ok(rig, "region.create",
		"{'name':'eu','prefixes':['203.0.113.0/24','10.0.0.0/8','2001:db8::/32'],"
		"'suffix':'x.example'}"));
	json_decref(rig_ok(rig, "region.create",
		"{'name':'other','prefixes':['192.0.2.0/24'],'suffix':'y.example'}"));
	*state = rig;
	return 0;
}

static int tear_down(void **state)
{
	rig_free(*state);
	return 0;
}

static void ok(struct rig *rig, const char *method, const char *params)
{
	json_decref(rig_ok(rig, method, params));
}

/* The region's entry of the directory, a new reference; or NULL. */
static json_t *directory_entry(const struct rig *rig, const char *region)
{
	json_t *entry, *found = NULL;
	char path[160];
	size_t i;

	snprintf(path, sizeof(path), "%s/run/%s", rig->dir, PTRD_DIRECTORY_FILE);
	json_t *root = json_load_file(path, 0, NULL);
	assert_non_null(root);
	json_array_foreach(json_object_get(root, "regions"), i,
		entry) if (strcmp(rig_text(entry, "name"), region) == 0) found
		= json_incref(entry);
	json_decref(root);
	return found;
}

/* The region's table, mapped as the directory says. */
struct mapped {
	void *base;
	size_t size;
	struct ptrd_table table;
};

static struct mapped map(const struct rig *rig, const char *region)
{
	json_t *entry = directory_entry(rig, region);
	struct mapped m;
	const char *why;
	struct stat st;

	assert_non_null(entry);
	const int fd = open(rig_text(entry, "table"), O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	m.size = (size_t)st.st_size;
	m.base = mmap(NULL, m.size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(m.base != MAP_FAILED);
	close(fd);
	assert_int_equal(ptrd_table_map(&m.table, m.base, m.size, &why), 0);
	json_decref(entry);
	return m;
}

/* The serial that is served, which is the one that the region is shown with. */
static uint32_t serial_of(struct rig *rig, const char *region)
{
	struct mapped m = map(rig, region);
	const uint32_t serial = ptrd_table_serial(&m.table);
	char params[64];

	munmap(m.base, m.size);
	snprintf(params, sizeof(params), "{'name':'%s'}", region);
	json_t *shown = rig_ok(rig, "region.get", params);
	assert_int_equal(rig_number(shown, "soa.serial"), serial);
	assert_int_equal(rig_number(shown, "revision"), serial);
	json_decref(shown);
	assert_int_equal(publisher_serial(rig->control.publisher, region), serial);
	return serial;
}

/* The number `i` behind 10.0. or 2001:db8:1:: */
static void numbered(char text[static 64], bool ipv6, int i)
{
	if (ipv6)
		snprintf(text, 64, "2001:db8:1::%x:%x", i / 256, i % 256);
	else
		snprintf(text, 64, "10.0.%d.%d", i / 256, i % 256);
}

/* Many binds of neighbours in one batch. */
static void bind_many(struct rig *rig, bool ipv6, int count)
{
	json_t *requests = json_array(), *params = json_object();
	char text[64], *line;

	for (int i = 0; i < count; i++) {
		numbered(text, ipv6, i);
		json_array_append_new(requests,
			json_pack(
				"{s:s,s:{s:s}}", "method", "eip.bind", "params", "address", text));
	}
	json_object_set_new(params, "requests", requests);
	json_object_set_new(params, "quiet", json_true());
	line = json_dumps(params, 0);
	ok(rig, "batch", line);
	free(line);
	json_decref(params);
}

static char *path_of(const struct rig *rig, const char *region)
{
	json_t *entry = directory_entry(rig, region);
	char *path = strdup(rig_text(entry, "table"));

	assert_non_null(path);
	json_decref(entry);
	return path;
}

static void grow_ipv4(struct rig *rig)
{
	char *before = path_of(rig, "eu");

	bind_many(rig, false, 6000);
	char *after = path_of(rig, "eu");
	assert_string_not_equal(before, after);
	free(before);
	free(after);
}

/* IPv6 EIPs have a cell each, also without a PTR: here it is the cells that run out. */
static void grow_ipv6(struct rig *rig)
{
	char *before = path_of(rig, "eu");

	bind_many(rig, true, 9000);
	char *after = path_of(rig, "eu");
	assert_string_not_equal(before, after);
	free(before);
	free(after);
}

struct step {
	const char *method, *params;
	void (*run)(struct rig *rig); /* instead of a method */
	bool rises;
};

/* Each step that changes the region raises its serial; no other one does, and nothing lowers it. */
static void test_serial(void **state)
{
	static const struct step steps[] = {
		{"eip.bind", "{'address':'203.0.113.7','project':'a','id':'x'}", NULL, true},
		{"eip.bind", "{'address':'203.0.113.7','project':'a','id':'x'}", NULL, false},
		{"eip.bind", "{'address':'2001:db8::7'}", NULL, true},
		{"ptr.set", "{'address':'203.0.113.7','names':['a.example']}", NULL, true},
		{"ptr.set", "{'address':'203.0.113.7','names':['A.example.'],'ttl':300}", NULL,
			false},
		{"ptr.set", "{'address':'203.0.113.7','names':['a.example'],'ttl':301}", NULL,
			true},
		{"ptr.set", "{'address':'2001:db8::7','names':['a.example']}", NULL, true},
		{"ptr.unset", "{'address':'203.0.113.7'}", NULL, true},
		{"ptr.unset", "{'address':'2001:DB8::7'}", NULL, true},
		{NULL, NULL, rig_restart, false},
		{"ptr.set", "{'address':'2001:db8::7','names':['b.example']}", NULL, true},
		/* Another project, with a PTR to drop and without one. */
		{"eip.bind", "{'address':'2001:db8::7','project':'b'}", NULL, true},
		{"eip.bind", "{'address':'203.0.113.7','project':'b'}", NULL, true},
		{"eip.get", "{'address':'203.0.113.7'}", NULL, false},
		{"eip.bind", "{'address':'192.0.2.1'}", NULL, false},
		{"ptr.set", "{'address':'192.0.2.1','names':['c.example']}", NULL, false},
		{"batch",
			"{'requests':[{'method':'eip.bind','params':{'address':'192.0.2.2'}},"
			"{'method':'eip.bind','params':{'address':'203.0.113.8'}},"
			"{'method':'ptr.set','params':{'address':'203.0.113.8','names':['d.x']}},"
			"{'method':'eip.unbind','params':{'address':'192.0.2.2'}}]}",
			NULL, true},
		{"region.update", "{'name':'eu','suffix':'z.example'}", NULL, true},
		{"region.update", "{'name':'eu','suffix':'Z.example.'}", NULL, false},
		{"region.update", "{'name':'other','default_ttl':5}", NULL, false},
		{"region.move_prefix", "{'prefix':'203.0.113.128/25','to':'other'}", NULL, true},
		{"region.move_prefix", "{'prefix':'203.0.113.128/25','to':'other'}", NULL, false},
		{NULL, NULL, rig_restart, false},
		{"region.move_prefix", "{'prefix':'203.0.113.128/25','to':'eu'}", NULL, true},
		{NULL, NULL, grow_ipv4, true},
		{NULL, NULL, rig_restart, false},
		{NULL, NULL, grow_ipv6, true},
		{"eip.unbind", "{'address':'203.0.113.8'}", NULL, true},
		{"eip.unbind", "{'address':'2001:db8::7'}", NULL, true},
		{NULL, NULL, rig_restart, false},
		{"ptr.set", "{'address':'203.0.113.7','names':['a.example']}", NULL, true},
	};
	struct rig *rig = *state;
	uint32_t serial = serial_of(rig, "eu");

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const struct step *step = &steps[i];

		if (step->run != NULL)
			step->run(rig);
		else
			ok(rig, step->method, step->params);
		publisher_reclaim(rig->control.publisher);
		const uint32_t now = serial_of(rig, "eu");

		if (step->rises ? now <= serial : now != serial)
			fail_msg("step %zu: serial %u, then %u", i, serial, now);
		serial = now;
		assert_true(serial_of(rig, "other") <= store_revision(rig->control.store));
	}
}

/* What is refused raises nothing, alone or in a batch whose other members would have been done. */
static void test_serial_refused(void **state)
{
	struct rig *rig = *state;

	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	const uint32_t serial = serial_of(rig, "eu");
	json_decref(rig_refused(rig, "eip.bind", "{'address':'203.0.113.7/24'}", "DNS.0602"));
	ok(rig, "ptr.unset", "{'address':'203.0.113.7'}"); /* there is none: no change */
	json_decref(rig_refused(rig, "batch",
		"{'requests':[{'method':'eip.bind','params':{'address':'203.0.113.8'}},"
		"{'method':'ptr.get','params':{'address':'203.0.113.8'}}]}",
		"DNS.0507"));
	assert_int_equal(serial_of(rig, "eu"), serial);
}

/*
 * A region that comes back has a higher serial than when it left, whatever was changed meanwhile.
 */
static void test_serial_attach(void **state)
{
	struct rig *rig = *state;

	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	const uint32_t before = serial_of(rig, "eu");
	ok(rig, "region.detach", "{'name':'eu'}");
	assert_null(directory_entry(rig, "eu"));
	ok(rig, "eip.bind", "{'address':'2001:db8::7'}");
	rig_restart(rig);
	assert_null(directory_entry(rig, "eu"));
	ok(rig, "region.attach", "{'name':'eu'}");
	const uint32_t after = serial_of(rig, "eu");
	assert_true(after >= before + 3);
	rig_restart(rig);
	assert_int_equal(serial_of(rig, "eu"), after);
}

/* What an IPv6 address has: -1 not bound, 0 the default PTR, else the TTL of its first RR. */
static int64_t served6(const struct rig *rig, const char *text)
{
	struct mapped m = map(rig, "eu");
	struct ptrd_record record;
	struct address address;
	struct refusal why;
	int64_t found = -1;

	assert_true(address_parse(text, &address, &why));
	assert_true(address.ipv6);
	const uint32_t ref
		= ptrd_table_find6(&m.table, ptrd_key6(&m.table, address.bytes), address.bytes);

	if (ref != PTRD_REF_NONE) {
		assert_true(ptrd_table_record(&m.table, ref, &record));
		assert_memory_equal(record.address, address.bytes, 16);
		found = record.is_default ? 0
					  : (int64_t)record.wire[6] << 24 | record.wire[7] << 16
				| record.wire[8] << 8 | record.wire[9];
	}
	munmap(m.base, m.size);
	return found;
}

static void test_ipv6(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(served6(rig, "2001:db8::7"), -1);
	ok(rig, "eip.bind", "{'address':'2001:db8::7'}");
	assert_int_equal(served6(rig, "2001:db8::7"), 0);
	ok(rig, "ptr.set", "{'address':'2001:DB8:0::7','names':['a.example'],'ttl':77}");
	assert_int_equal(served6(rig, "2001:db8::7"), 77);
	bind_many(rig, true, 5000);
	ok(rig, "ptr.set", "{'address':'2001:db8:1::13:87','names':['b.example'],'ttl':78}");
	rig_restart(rig);
	assert_int_equal(served6(rig, "2001:db8::7"), 77);
	assert_int_equal(served6(rig, "2001:db8:1::13:87"), 78);
	assert_int_equal(served6(rig, "2001:db8:1::13:88"), -1);
	for (int i = 0; i < 4999; i += 61) {
		char text[64];

		numbered(text, true, i);
		assert_int_equal(served6(rig, text), 0);
	}
	ok(rig, "ptr.unset", "{'address':'2001:db8::7'}");
	assert_int_equal(served6(rig, "2001:db8::7"), 0);
	ok(rig, "eip.unbind", "{'address':'2001:db8::7'}");
	assert_int_equal(served6(rig, "2001:db8::7"), -1);
	ok(rig, "region.detach", "{'name':'eu'}");
	ok(rig, "region.attach", "{'name':'eu'}");
	assert_int_equal(served6(rig, "2001:db8:1::13:87"), 78);
}

static void expect_entry(const struct rig *rig, const char *region, const char *path,
	const char *suffix, const char *prefixes)
{
	json_t *entry = directory_entry(rig, region), *wanted = rig_json(prefixes);

	if (path != NULL)
		assert_string_equal(rig_text(entry, "table"), path);
	assert_string_equal(rig_text(entry, "suffix"), suffix);
	assert_true(json_equal(rig_at(entry, "prefixes"), wanted));
	json_decref(wanted);
	json_decref(entry);
}

/* EIPs in the table that the directory names, by what the publisher counts. */
static uint64_t eips_of(struct rig *rig, const char *region)
{
	struct publisher_table_status table;

	assert_true(publisher_table(rig->control.publisher, region, &table));
	return table.eips;
}

/* A region keeps its table when it changes, and a prefix takes its EIPs to another table. */
static void test_regions(void **state)
{
	struct rig *rig = *state;
	char *path = path_of(rig, "eu");

	ok(rig, "eip.bind", "{'address':'2001:db8::7'}");
	ok(rig, "ptr.set", "{'address':'2001:db8::7','names':['a.example'],'ttl':77}");
	ok(rig, "eip.bind", "{'address':'203.0.113.7'}");
	ok(rig, "region.update",
		"{'name':'eu','suffix':'z.example','prefixes':['203.0.113.0/24','2001:db8::/32']}");
	expect_entry(rig, "eu", path, "z.example.", "['203.0.113.0/24','2001:db8::/32']");
	free(path);
	ok(rig, "region.move_prefix", "{'prefix':'203.0.113.0/24','to':'other'}");
	expect_entry(rig, "eu", NULL, "z.example.", "['2001:db8::/32']");
	expect_entry(rig, "other", NULL, "y.example.", "['192.0.2.0/24','203.0.113.0/24']");
	assert_int_equal(eips_of(rig, "other"), 1);
	assert_int_equal(eips_of(rig, "eu"), 1);
	assert_int_equal(served6(rig, "2001:db8::7"), 77);

	/* A region that has nothing left is not served; with something it is again. */
	ok(rig, "region.move_prefix", "{'prefix':'2001:db8::/32','to':'other'}");
	assert_null(directory_entry(rig, "eu"));
	assert_int_equal(eips_of(rig, "other"), 2);
	rig_restart(rig);
	assert_null(directory_entry(rig, "eu"));
	assert_int_equal(eips_of(rig, "other"), 2);
	ok(rig, "region.detach", "{'name':'other'}");
	ok(rig, "region.move_prefix", "{'prefix':'2001:db8::/32','to':'eu'}");
	assert_int_equal(served6(rig, "2001:db8::7"), 77);
	assert_int_equal(eips_of(rig, "eu"), 1);
	ok(rig, "region.delete", "{'name':'eu','force':true}");
	assert_null(directory_entry(rig, "eu"));
}

static void test_directory(void **state)
{
	struct rig *rig = *state;
	json_t *entry = directory_entry(rig, "other");

	/* Members that are of no use are not there. */
	assert_null(json_object_get(entry, "default_name6"));
	assert_null(json_object_get(entry, "rfc2317"));
	assert_null(json_object_get(entry, "delegations"));
	json_decref(entry);
	ok(rig, "region.create",
		"{'name':'all','prefixes':['2001:db9::/33','198.51.100.64/26','198.51.101.0/24'],"
		"'suffix':'x','default_name6':'{address}.{suffix}',"
		"'rfc2317':'64/26.100.51.198.in-addr.arpa','delegations':["
		"{'prefix':'198.51.101.128/25','name':'128-255.101.51.198.in-addr.arpa','ns':['a.x']},"
		"{'prefix':'198.51.101.0/26','name':'0/26.101.51.198.in-addr.arpa','ns':['b.x','c.x']}]}");
	rig_restart(rig);
	entry = directory_entry(rig, "all");
	assert_string_equal(rig_text(entry, "prefixes.0"), "198.51.100.64/26");
	assert_string_equal(rig_text(entry, "prefixes.2"), "2001:db9::/33");
	assert_string_equal(rig_text(entry, "default_name6"), "{address}.{suffix}");
	assert_string_equal(rig_text(entry, "rfc2317"), "64/26.100.51.198.in-addr.arpa.");
	assert_int_equal(json_array_size(rig_at(entry, "delegations")), 2);
	assert_string_equal(rig_text(entry, "delegations.0.prefix"), "198.51.101.0/26");
	assert_string_equal(rig_text(entry, "delegations.0.name"), "0/26.101.51.198.in-addr.arpa.");
	assert_string_equal(rig_text(entry, "delegations.0.ns.1"), "c.x.");
	assert_string_equal(rig_text(entry, "delegations.1.ns.0"), "a.x.");
	json_decref(entry);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_serial),
		TEST(test_serial_refused),
		TEST(test_serial_attach),
		TEST(test_ipv6),
		TEST(test_regions),
		TEST(test_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
