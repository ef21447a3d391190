#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config_rig.h"

static void test_defaults(void **state)
{
	char said[4096];
	struct ptrd_config *config = load(LEAST LEAST_PORT, said);

	(void)state;
	assert_non_null(config);
	assert_string_equal(said, "");
	assert_string_equal(config->run_dir, "/run/x");
	assert_string_equal(config->state_dir, "/var/x");
	assert_null(config->huge_dir);
	assert_string_equal(config->control->socket, "/run/x/control.sock");
	assert_int_equal(config->control->socket_mode, 0660);
	assert_int_equal(config->control->audit_days, 0);
	assert_null(config->control->socket_group);
	assert_true(config->control->roles_open);
	assert_int_equal(config->control->roles_count, 0);
	assert_int_equal(config->control->ptr_quota, 50);
	const struct ptrd_config_dataplane *dataplane = config->dataplane;
	assert_int_equal(dataplane->service_addresses_count, 1);
	assert_string_equal(dataplane->service_addresses[0], "198.51.100.53");
	assert_int_equal(dataplane->main_core, 0);
	assert_int_equal(dataplane->memory, 128);
	assert_false(dataplane->no_huge);
	assert_int_equal(dataplane->xdp_program[0], '/');
	assert_int_equal(dataplane->ports_count, 1);
	assert_string_equal(dataplane->ports[0].interface, "eth0");
	assert_null(dataplane->ports[0].vdev);
	assert_int_equal(dataplane->ports[0].cores_count, 1);
	assert_int_equal(dataplane->ports[0].cores[0], 1);
	assert_int_equal(dataplane->tcp->connections, 10000);
	assert_int_equal(dataplane->tcp->per_client, 100);
	assert_int_equal(dataplane->tcp->idle_timeout, 10);
	assert_false(dataplane->ports[0].exception);
	const struct ptrd_config_dns *dns = dataplane->dns;
	assert_null(dns->nsid);
	assert_null(dns->version);
	assert_null(dns->hostname);
	assert_null(dns->id);
	assert_true(dns->cookie_random);
	assert_int_equal(dns->cookie_secrets_count, 0);
	assert_int_equal(dns->rate_limit->responses_per_second, 0);
	assert_int_equal(dns->rate_limit->slip, 2);
	assert_int_equal(dns->rate_limit->ipv4_prefix, 24);
	assert_int_equal(dns->rate_limit->ipv6_prefix, 56);
	assert_int_equal(dns->rate_limit->buckets, 65536);
	ptrd_config_free(config);
}

static void check_roles(const struct ptrd_config_control *control)
{
	static const struct {
		const char *user, *group, *role;
		unsigned line;
	} roles[] = {
		{"alice", NULL, "operator", 9},
		{NULL, "1000", "viewer", 10},
		{"1001", NULL, "project:Shop_2.a-b", 11},
	};

	assert_false(control->roles_open);
	assert_int_equal(control->roles_count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct ptrd_config_role *role = &control->roles[i];

		assert_true((role->user == NULL) == (roles[i].user == NULL));
		assert_true((role->group == NULL) == (roles[i].group == NULL));
		if (role->user != NULL)
			assert_string_equal(role->user, roles[i].user);
		else
			assert_string_equal(role->group, roles[i].group);
		assert_string_equal(role->role, roles[i].role);
		assert_int_equal(role->line, roles[i].line);
	}
}

static void test_everything(void **state)
{
	char said[4096];
	struct ptrd_config *config
		= load("run_dir: /r\n"
		       "state_dir: /s\n"
		       "huge_dir: /h\n"
		       "control:\n"
		       "  socket: /c.sock\n"
		       "  socket_mode: 0600\n"
		       "  socket_group: dns\n"
		       "  roles:\n"
		       "    - {user: alice, role: operator}\n"
		       "    - {group: 1000, role: viewer}\n"
		       "    - user: 1001\n"
		       "      role: project:Shop_2.a-b\n"
		       "  ptr_quota: 0\n"
		       "  audit_days: 36500\n"
		       "dataplane:\n"
		       "  service_addresses: [198.51.100.53, 198.51.100.54]\n"
		       "  main_core: 3\n"
		       "  ports:\n"
		       "    - vdev: net_null0,copy=1\n"
		       "      cores: [4, 5]\n"
		       "    - interface: eth1\n"
		       "      cores: [6]\n"
		       "  memory: 256\n"
		       "  no_huge: true\n"
		       "  xdp_program: /x.o\n"
		       "  tcp: {connections: 2, per_client: 1, idle_timeout: 3}\n",
			said);

	(void)state;
	assert_string_equal(said, "");
	assert_non_null(config);
	assert_string_equal(config->huge_dir, "/h");
	assert_string_equal(config->control->socket, "/c.sock");
	assert_int_equal(config->control->socket_mode, 0600);
	assert_int_equal(config->control->audit_days, 36500);
	assert_string_equal(config->control->socket_group, "dns");
	check_roles(config->control);
	assert_int_equal(config->control->ptr_quota, 0);
	assert_string_equal(config->dataplane->service_addresses[1], "198.51.100.54");
	assert_int_equal(config->dataplane->main_core, 3);
	assert_string_equal(config->dataplane->ports[0].vdev, "net_null0,copy=1");
	assert_int_equal(config->dataplane->ports[0].cores[1], 5);
	assert_int_equal(config->dataplane->memory, 256);
	assert_true(config->dataplane->no_huge);
	assert_string_equal(config->dataplane->xdp_program, "/x.o");
	assert_int_equal(config->dataplane->tcp->connections, 2);
	assert_int_equal(config->dataplane->tcp->per_client, 1);
	assert_int_equal(config->dataplane->tcp->idle_timeout, 3);
	ptrd_config_free(config);
}

/* An empty mapping, as is left when all its keys are commented out, means its defaults. */
static void test_empty_mapping(void **state)
{
	char said[4096];
	struct ptrd_config *config = load("control:\n" LEAST LEAST_PORT "  tcp:\n", said);

	(void)state;
	assert_string_equal(said, "");
	assert_non_null(config);
	assert_int_equal(config->control->socket_mode, 0660);
	assert_int_equal(config->dataplane->tcp->connections, 10000);
	ptrd_config_free(config);
}

/* An empty list is one: nobody but root has a role then. */
static void test_no_roles(void **state)
{
	char said[4096];
	struct ptrd_config *config = load("control: {roles: []}\n" LEAST LEAST_PORT, said);

	(void)state;
	assert_string_equal(said, "");
	assert_non_null(config);
	assert_false(config->control->roles_open);
	assert_int_equal(config->control->roles_count, 0);
	ptrd_config_free(config);
}

#define CONTROL(text) "control:\n  " text "\n" LEAST LEAST_PORT
#define ROLE(text) CONTROL("roles:\n    - " text)
#define LETTERS16 "abcdefghijklmnop"
#define LETTERS64 LETTERS16 LETTERS16 LETTERS16 LETTERS16

static const struct refused refused_control[] = {
	{ROLE("{role: operator}"), ":3: control.roles.0: must have exactly one of user and group"},
	{ROLE("{user: a, group: b, role: operator}"),
		":3: control.roles.0: must have exactly one of user and group"},
	{ROLE("{user: a}"), ":3: control.roles.0"},
	{ROLE("{user: a, role: operator}\n    - {user: b, role: admin}"),
		":4: control.roles.1.role: must be operator, viewer or project:NAME"},
	{ROLE("{user: a, role: Operator}"), "is \"Operator\""},
	{ROLE("{user: a, role: 'operator '}"), ":3: control.roles.0.role: must be"},
	{ROLE("{user: a, role: project}"), ":3: control.roles.0.role: must be"},
	{ROLE("{user: a, role: 'project:'}"), ":3: control.roles.0.role: must be"},
	{ROLE("{user: a, role: 'project:a b'}"), ":3: control.roles.0.role: must be"},
	{ROLE("{user: a, role: 'project:" LETTERS64 "q'}"), ":3: control.roles.0.role: must be"},
	{ROLE("{user: '', role: operator}"), "control.roles.0.user"},
	{ROLE("{user: a, role: operator, rule: b}"), ":3: control.roles.0"},
	{ROLE("operator"), "control.roles"},
	/* Nothing at all is more likely a mistake than a wish. */
	{CONTROL("roles:"), "control.roles"},
	{CONTROL("roles: {user: a, role: operator}"), "control.roles"},
	{CONTROL("ptr_quota: 1000000001"), ":2: control.ptr_quota: must be 0 to 1000000000"},
	{CONTROL("ptr_quota: -1"), "control.ptr_quota"},
	{CONTROL("ptr_quota: none"), "control.ptr_quota"},
};

static void test_refused_control(void **state)
{
	char said[4096];

	(void)state;
	check_refused(refused_control, sizeof(refused_control) / sizeof(refused_control[0]));
	struct ptrd_config *config = load(
		ROLE("{user: a, role: 'project:" LETTERS64 "'}\n  ptr_quota: 1000000000"), said);
	assert_string_equal(said, "");
	assert_non_null(config);
	ptrd_config_free(config);
}

static const struct refused refused[] = {
	{"", "empty"},
	{"# only a comment\n", "empty"},
	{"run_dir: [\n", ":2: not YAML"},
	{"run_dir: /a\n\tstate_dir: /b\n", ":2: not YAML"},
	{"[1, 2]\n", "Expecting MAPPING"},
	{"run_dir: /a\n", "Missing required mapping field"},
	{LEAST, "Missing required mapping field: ports"},
	{LEAST LEAST_PORT "  bogus: 1\n", ":6: dataplane: Unexpected key: bogus"},
	{"typo: 1\n" LEAST LEAST_PORT, ":1: Unexpected key: typo"},
	{LEAST LEAST_PORT "  main_core: one\n", ":6: dataplane.main_core: Invalid"},
	{LEAST LEAST_PORT "  main_core: -1\n", ":6: dataplane.main_core: Invalid"},
	{LEAST LEAST_PORT "  no_huge: maybe\n", ":6: dataplane.no_huge: must be true or false"},
	{LEAST "  ports: [{interface: eth0, cores: [1], buffers: 8190}]\n",
		":5: dataplane.ports.0.buffers: must be 8191 to 4194303, is 8190"},
	{LEAST "  ports: [{interface: eth0, cores: [1], buffers: 4194304}]\n",
		":5: dataplane.ports.0.buffers: must be 8191 to 4194303, is 4194304"},
	{LEAST LEAST_PORT "  memory: 0\n", ":6: dataplane.memory: must be 36 to 1048576, is 0"},
	{LEAST LEAST_PORT "  memory: 35\n", ":6: dataplane.memory: must be 36 "},
	{LEAST LEAST_PORT "  xdp_program: x.o\n",
		":6: dataplane.xdp_program: must be an absolute path"},
	{LEAST LEAST_PORT "  xdp_program: /a,b\n",
		":6: dataplane.xdp_program: a path with a comma"},
	{LEAST LEAST_PORT "  tcp: {connections: 0}\n",
		":6: dataplane.tcp.connections: must be 1 to"},
	{LEAST LEAST_PORT "  tcp: {per_client: 1000001}\n",
		"per_client: must be 1 to 1000000, is 1000001"},
	{LEAST LEAST_PORT "  tcp:\n    idle_timeout: 3601\n",
		":7: dataplane.tcp.idle_timeout: must be 1 to"},
	{LEAST "  ports: []\n", "dataplane.ports.0: Insufficient entries"},
	{LEAST "  ports: [{cores: [1]}]\n",
		"dataplane.ports.0: must have exactly one of interface, vdev and pci"},
	{LEAST "  ports: [{interface: a, vdev: b, cores: [1]}]\n",
		"exactly one of interface, vdev and pci"},
	{LEAST "  ports: [{vdev: a, pci: '0000:01:00.0', cores: [1]}]\n",
		"exactly one of interface, vdev and pci"},
	{LEAST "  ports: [{interface: a}]\n", "Missing required mapping field: cores"},
	{LEAST "  ports: [{interface: a, cores: [1, x]}]\n",
		":5: dataplane.ports.0.cores.1: Invalid"},
	{LEAST "  ports: [{interface: a, cores: []}]\n",
		"dataplane.ports.0.cores.0: Insufficient entries"},
	{LEAST "  ports: [{interface: 'a,b', cores: [1]}]\n", "\"a,b\" is no interface name"},
	{LEAST "  ports:\n  - interface: a\n    cores: [1, 2, 1]\n",
		":7: dataplane.ports.0.cores.2: core 1 has a worker already"},
	{LEAST "  ports:\n  - interface: a\n    cores: [1]\n  - interface: b\n    cores: [1]\n",
		":9: dataplane.ports.1.cores.0: core 1 has a worker already"},
	{LEAST "  ports:\n  - interface: a\n    cores: [1]\n  - interface: a\n    cores: [2]\n",
		":8: dataplane.ports.1.interface: interface a is another port's"},
	{"run_dir: a\nstate_dir: /b\ndataplane: {service_addresses: [192.0.2.1],\n" LEAST_PORT
	 "}\n",
		":1: run_dir: must be an absolute path, is \"a\""},
	{"run_dir: /a\nstate_dir: b\ndataplane: {service_addresses: [192.0.2.1],\n" LEAST_PORT
	 "}\n",
		":2: state_dir: must be an absolute path"},
	{"huge_dir: b\n" LEAST LEAST_PORT, ":1: huge_dir: must be an absolute path"},
	{"control: {socket: b}\n" LEAST LEAST_PORT, ":1: control.socket: must be an absolute path"},
	{"control: {socket_mode: 01000}\n" LEAST LEAST_PORT,
		":1: control.socket_mode: must be 0 to 511"},
	{"control: {audit_days: 36501}\n" LEAST LEAST_PORT,
		":1: control.audit_days: must be 0 to 36500"},
	{"control: {audit_days: -1}\n" LEAST LEAST_PORT, "audit_days"},
	{"run_dir: /a\nrun_dir: /b\n", "already seen: run_dir"},
};

static void test_refused(void **state)
{
	(void)state;
	check_refused(refused, sizeof(refused) / sizeof(refused[0]));
}

static void test_service_addresses(void **state)
{
	static const struct {
		const char *list;
		bool good;
	} cases[] = {
		{"198.51.100.53", true},
		{"1.0.0.0", true},
		{"223.255.255.255", true},
		{"0.255.255.255", false},
		{"127.0.0.1", false},
		{"224.0.0.1", false},
		{"255.255.255.255", false},
		{"198.51.100", false},
		{"198.51.100.256", false},
		{"198.51.100.53/32", false},
		{"'2001:db8::53'", true},
		{"'2001:db8::53', 198.51.100.53", true},
		{"'c633:6435::', 198.51.100.53", true}, /* the same first bytes */
		{"'1::'", true},
		{"'::'", false},
		{"'::1'", false},
		{"'::ffff:198.51.100.53'", false},
		{"'fe80::1'", false},
		{"'febf:ffff::1'", false},
		{"'fec0::1'", true},
		{"'ff02::1'", false},
		{"'2001:db8::53/128'", false},
		{"'2001:db8::53', '2001:DB8:0::53'", false},
		{"ns1.example.com", false},
		{"198.51.100.53, 198.51.100.53", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], said[4096];

		(void)snprintf(text, sizeof(text),
			"run_dir: /r\nstate_dir: /s\ndataplane:\n  service_addresses: [%s]\n" LEAST_PORT,
			cases[i].list);
		struct ptrd_config *config = load(text, said);
		if ((config != NULL) != cases[i].good)
			fail_msg("%s: %s", cases[i].list, said);
		if (config == NULL)
			assert_non_null(strstr(said, ":4: dataplane.service_addresses."));
		ptrd_config_free(config);
	}
}

/* 64 addresses are taken, 65 are not. */
static void test_service_addresses_bound(void **state)
{
	char text[4096], said[4096];

	(void)state;
	for (int count = 64; count <= 65; count++) {
		int len = snprintf(text, sizeof(text),
			"run_dir: /r\nstate_dir: /s\ndataplane:\n  service_addresses: [192.0.2.0");
		for (int i = 1; i < count; i++)
			len += snprintf(text + len, sizeof(text) - (size_t)len, ", 192.0.2.%d", i);
		(void)snprintf(text + len, sizeof(text) - (size_t)len, "]\n" LEAST_PORT);
		struct ptrd_config *config = load(text, said);
		assert_int_equal(config != NULL, count == 64);
		ptrd_config_free(config);
	}
}

/* Memory by default is what the queues need. */
static void test_memory_for_queues(void **state)
{
	char said[4096];
	struct ptrd_config *config
		= load(LEAST "  ports: [{interface: a, cores: [1, 2, 3, 4, 5, 6, 7, 8]}]\n", said);

	(void)state;
	assert_non_null(config);
	assert_int_equal(config->dataplane->memory, 16 + 8 * 20);
	ptrd_config_free(config);
	config = load(LEAST "  ports: [{vdev: a, cores: [1, 2], buffers: 300000},"
			    " {vdev: b, cores: [3]}]\n",
		said);
	assert_non_null(config);
	assert_int_equal(config->dataplane->ports[0].buffers, 300000);
	assert_int_equal(config->dataplane->ports[1].buffers, 8191);
	assert_int_equal(config->dataplane->memory, 16 + 2 * 733 + 20);
	ptrd_config_free(config);
}

static void test_socket_path_bound(void **state)
{
	char text[1024], said[4096];

	(void)state;
	/* "/control.sock" is 13 characters; the kernel takes 107. */
	for (int len = 94; len <= 95; len++) {
		(void)snprintf(text, sizeof(text),
			"run_dir: /%0*d\nstate_dir: /s\ndataplane:\n  service_addresses: [192.0.2.1]\n" LEAST_PORT,
			len - 1, 0);
		struct ptrd_config *config = load(text, said);
		assert_int_equal(config != NULL, len == 94);
		if (config == NULL)
			assert_non_null(strstr(said, ":1: run_dir: the socket in it"));
		ptrd_config_free(config);
	}
}

/* The example that operators start from is a configuration, with every other key left out. */
static void test_example(void **state)
{
	struct ptrd_config *config = ptrd_config_load(PTRD_EXAMPLE);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->control->socket, "/run/ptrd/control.sock");
	assert_int_equal(config->dataplane->memory, 128);
	ptrd_config_free(config);
}

static void test_no_file(void **state)
{
	(void)state;
	assert_null(ptrd_config_load("/nonexistent/ptrd.yaml"));
	assert_null(ptrd_config_load("/tmp")); /* a directory */
}

/* Not text at all, and cut off at each place: an error or a configuration, never a crash. */
static void test_any_bytes(void **state)
{
	static const char whole[] = LEAST LEAST_PORT "  tcp: {connections: 5}\n";
	uint8_t bytes[4096];
	char said[4096];

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++)
		ptrd_config_free(load_bytes(whole, len, said));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31);
	assert_null(load_bytes(bytes, sizeof(bytes), said));
	memset(bytes, '[', sizeof(bytes)); /* deep nesting */
	assert_null(load_bytes(bytes, sizeof(bytes), said));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_empty_mapping),
		cmocka_unit_test(test_no_roles),
		cmocka_unit_test(test_refused_control),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_service_addresses),
		cmocka_unit_test(test_service_addresses_bound),
		cmocka_unit_test(test_memory_for_queues),
		cmocka_unit_test(test_socket_path_bound),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
