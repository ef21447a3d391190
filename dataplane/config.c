#include <ptrd/config.h>

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cyaml/cyaml.h>
#include <net/if.h>

#include <ptrd/node.h>

#include "config_control.h"
#include "config_dns.h"
#include "config_source.h"

#define PORTS_MAX 16
#define SERVICES_MAX 64
#define PATH_LEN_MAX 1000 /* with a file's name appended it stays below PATH_MAX */
#define DEVARGS_MAX 1000
/* Names of interfaces become a part of DPDK's device arguments. */
#define NAME_FORBIDDEN ",=/ []\"'"
#define BUFFERS_MAX 4194303
/* What a packet buffer takes with its place in the pool (ports.c), and what DPDK itself does. */
#define BUFFER_SIZE 2560
#define MEMORY_BASE 16 /* MiB */
#define MEMORY_MAX (1024 * 1024)

static const cyaml_schema_value_t string_schema = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 255),
};
static const cyaml_schema_value_t core_schema = {
	CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t),
};

static const cyaml_schema_field_t port_fields[] = {
	CYAML_FIELD_STRING_PTR(
		"interface", CYAML_FLAG_OPTIONAL, struct ptrd_config_port, interface, 1, 255),
	CYAML_FIELD_STRING_PTR(
		"vdev", CYAML_FLAG_OPTIONAL, struct ptrd_config_port, vdev, 1, DEVARGS_MAX),
	CYAML_FIELD_STRING_PTR(
		"pci", CYAML_FLAG_OPTIONAL, struct ptrd_config_port, pci, 1, DEVARGS_MAX),
	CYAML_FIELD_SEQUENCE("cores", CYAML_FLAG_POINTER, struct ptrd_config_port, cores,
		&core_schema, 1, PTRD_READERS_MAX - 1),
	CYAML_FIELD_UINT("buffers", CYAML_FLAG_OPTIONAL, struct ptrd_config_port, buffers),
	CYAML_FIELD_BOOL("exception", CYAML_FLAG_OPTIONAL, struct ptrd_config_port, exception),
	CYAML_FIELD_STRING_PTR("exception_interface", CYAML_FLAG_OPTIONAL, struct ptrd_config_port,
		exception_interface, 1, 255),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t port_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct ptrd_config_port, port_fields),
};

static const cyaml_schema_field_t tcp_fields[] = {
	CYAML_FIELD_UINT("connections", CYAML_FLAG_OPTIONAL, struct ptrd_config_tcp, connections),
	CYAML_FIELD_UINT("per_client", CYAML_FLAG_OPTIONAL, struct ptrd_config_tcp, per_client),
	CYAML_FIELD_UINT("idle_timeout", CYAML_FLAG_OPTIONAL, struct ptrd_config_tcp, idle_timeout),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t dataplane_fields[] = {
	CYAML_FIELD_SEQUENCE("service_addresses", CYAML_FLAG_POINTER, struct ptrd_config_dataplane,
		service_addresses, &string_schema, 1, SERVICES_MAX),
	CYAML_FIELD_UINT("main_core", CYAML_FLAG_OPTIONAL, struct ptrd_config_dataplane, main_core),
	CYAML_FIELD_SEQUENCE("ports", CYAML_FLAG_POINTER, struct ptrd_config_dataplane, ports,
		&port_schema, 1, PORTS_MAX),
	CYAML_FIELD_UINT("memory", CYAML_FLAG_OPTIONAL, struct ptrd_config_dataplane, memory),
	CYAML_FIELD_BOOL("no_huge", CYAML_FLAG_OPTIONAL, struct ptrd_config_dataplane, no_huge),
	CYAML_FIELD_STRING_PTR("xdp_program", CYAML_FLAG_OPTIONAL, struct ptrd_config_dataplane,
		xdp_program, 1, PATH_LEN_MAX),
	CYAML_FIELD_MAPPING_PTR("tcp", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL,
		struct ptrd_config_dataplane, tcp, tcp_fields),
	CYAML_FIELD_MAPPING_PTR("dns", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL,
		struct ptrd_config_dataplane, dns, config_dns_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t top_fields[] = {
	CYAML_FIELD_STRING_PTR(
		"run_dir", CYAML_FLAG_POINTER, struct ptrd_config, run_dir, 1, PATH_LEN_MAX),
	CYAML_FIELD_STRING_PTR(
		"state_dir", CYAML_FLAG_POINTER, struct ptrd_config, state_dir, 1, PATH_LEN_MAX),
	CYAML_FIELD_STRING_PTR(
		"huge_dir", CYAML_FLAG_OPTIONAL, struct ptrd_config, huge_dir, 1, PATH_LEN_MAX),
	CYAML_FIELD_MAPPING_PTR("control", CYAML_FLAG_OPTIONAL | CYAML_FLAG_POINTER_NULL,
		struct ptrd_config, control, config_control_fields),
	CYAML_FIELD_MAPPING_PTR(
		"dataplane", CYAML_FLAG_POINTER, struct ptrd_config, dataplane, dataplane_fields),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t top_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct ptrd_config, top_fields),
};

static const cyaml_config_t cyaml = {
	.log_fn = config_source_cyaml_log,
	.mem_fn = cyaml_mem,
	.log_level = CYAML_LOG_ERROR,
};

void ptrd_config_free(struct ptrd_config *config)
{
	if (config != NULL)
		(void)cyaml_free(&cyaml, &top_schema, config, 0);
}

/* What cyaml allocates comes from realloc(), so that its parts can be replaced by ours. */
static bool allocate(void **mapping, size_t size)
{
	if (*mapping == NULL)
		*mapping = calloc(1, size);
	return *mapping != NULL;
}

/* The program of this build if this is a daemon in its build directory, else the installed one. */
static char *default_xdp_program(void)
{
	char path[PATH_MAX];
	const ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 64);

	if (len > 0) {
		path[len] = '\0';
		char *slash = strrchr(path, '/');
		if (slash != NULL) {
			(void)strcpy(slash, "/xdp/steer.bpf.o");
			if (access(path, R_OK) == 0)
				return strdup(path);
		}
	}
	return strdup(PTRD_XDP_PROGRAM);
}

static bool check_tcp(const struct config_source *source, struct ptrd_config_tcp *tcp)
{
	bool good = config_number(
		source, &tcp->connections, 10000, 1, 1000000, "dataplane.tcp.connections");

	good &= config_number(
		source, &tcp->per_client, 100, 1, 1000000, "dataplane.tcp.per_client");
	return config_number(source, &tcp->idle_timeout, 10, 1, 3600, "dataplane.tcp.idle_timeout")
		&& good;
}

/* An address that one host can have: RFC 1122 section 3.2.1.3. */
static bool is_host_ipv4(const uint8_t address[4])
{
	return address[0] != 0 && address[0] != 127 && address[0] < 224;
}

/* The same, RFC 4291 section 2.4: no multicast, and nothing of ::/32, where the unspecified, the
 * loopback and the mapped IPv4 addresses are; no link-local one either, whose interface it would
 * take to tell. */
static bool is_host_ipv6(const uint8_t address[16])
{
	static const uint8_t zeroes[4];

	return address[0] != 0xff && memcmp(address, zeroes, sizeof(zeroes)) != 0
		&& !(address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
}

/* Reads an address of either family; IPv4 leaves the rest of `address` zero. */
static bool read_host_address(const char *text, uint8_t address[16])
{
	memset(address, 0, 16);
	if (inet_pton(AF_INET, text, address) == 1)
		return is_host_ipv4(address);
	return inet_pton(AF_INET6, text, address) == 1 && is_host_ipv6(address);
}

static bool check_services(
	const struct config_source *source, const struct ptrd_config_dataplane *dataplane)
{
	uint8_t addresses[SERVICES_MAX][16];
	bool good = true;

	for (uint32_t i = 0; i < dataplane->service_addresses_count; i++) {
		const char *text = dataplane->service_addresses[i];
		char key[64];

		(void)snprintf(key, sizeof(key), "dataplane.service_addresses.%" PRIu32, i);
		if (!read_host_address(text, addresses[i]))
			good = config_source_error(source, key,
				"must be the IPv4 or IPv6 address of a host, not link-local, is "
				"\"%s\"",
				text);
		/* Zeroes behind an IPv4 address are no IPv6 address that is allowed: the first
		 * four bytes tell which it is only together with the text. */
		for (uint32_t j = 0; j < i; j++)
			if (memcmp(addresses[i], addresses[j], 16) == 0
				&& (strchr(text, ':') == NULL)
					== (strchr(dataplane->service_addresses[j], ':') == NULL))
				good = config_source_error(source, key, "is there twice");
	}
	return good;
}

/* True if an earlier port, or this one at an earlier place, has the core. */
static bool core_is_taken(
	const struct ptrd_config_dataplane *dataplane, uint32_t port, uint32_t place)
{
	const uint32_t core = dataplane->ports[port].cores[place];

	for (uint32_t p = 0; p <= port; p++) {
		const uint32_t end = p == port ? place : dataplane->ports[p].cores_count;

		for (uint32_t c = 0; c < end; c++)
			if (dataplane->ports[p].cores[c] == core)
				return true;
	}
	return false;
}

static bool check_interface(const struct config_source *source,
	const struct ptrd_config_dataplane *dataplane, uint32_t index, const char *interface)
{
	char key[64];

	(void)snprintf(key, sizeof(key), "dataplane.ports.%" PRIu32 ".interface", index);
	for (uint32_t other = 0; other < index; other++)
		if (dataplane->ports[other].interface != NULL
			&& strcmp(interface, dataplane->ports[other].interface) == 0)
			return config_source_error(
				source, key, "interface %s is another port's", interface);
	if (strpbrk(interface, NAME_FORBIDDEN) != NULL)
		return config_source_error(source, key, "\"%s\" is no interface name", interface);
	return true;
}

static bool check_cores(const struct config_source *source,
	const struct ptrd_config_dataplane *dataplane, uint32_t index)
{
	const struct ptrd_config_port *port = &dataplane->ports[index];
	bool good = true;
	char key[64];

	for (uint32_t c = 0; c < port->cores_count; c++) {
		(void)snprintf(
			key, sizeof(key), "dataplane.ports.%" PRIu32 ".cores.%" PRIu32, index, c);
		if (core_is_taken(dataplane, index, c))
			good = config_source_error(source, key,
				"core %" PRIu32
				" has a worker already: each worker needs a core of its own",
				port->cores[c]);
	}
	return good;
}

static bool exception_interface_is_free(
	const struct ptrd_config_dataplane *dataplane, uint32_t index)
{
	for (uint32_t other = 0; other < dataplane->ports_count; other++) {
		const struct ptrd_config_port *port = &dataplane->ports[other];
		const char *name = dataplane->ports[index].exception_interface;

		if ((port->interface != NULL && strcmp(port->interface, name) == 0)
			|| (other < index && port->exception
				&& strcmp(port->exception_interface, name) == 0))
			return false;
	}
	return true;
}

/* Fills in what the exception port of a port is by default, and checks it. */
static bool check_exception(const struct config_source *source,
	const struct ptrd_config_dataplane *dataplane, uint32_t index)
{
	struct ptrd_config_port *port = &dataplane->ports[index];
	char key[64], name_key[96];

	(void)snprintf(key, sizeof(key), "dataplane.ports.%" PRIu32 ".exception", index);
	(void)snprintf(name_key, sizeof(name_key), "%s_interface", key);
	if (!config_source_is_bool(source, key))
		return false;
	if (config_source_line(source, key) == 0)
		port->exception = port->interface == NULL;
	if (port->interface != NULL && (port->exception || port->exception_interface != NULL))
		return config_source_error(source, port->exception ? key : name_key,
			"an interface has none: what is no query stays with the kernel there");
	if (port->exception_interface == NULL
		&& asprintf(&port->exception_interface, "ptrd-x%" PRIu32, index) < 0) {
		port->exception_interface = NULL;
		return config_source_error(source, "", "out of memory");
	}
	if (strlen(port->exception_interface) >= IF_NAMESIZE
		|| strpbrk(port->exception_interface, NAME_FORBIDDEN) != NULL)
		return config_source_error(source, name_key,
			"\"%s\" is no interface name of at most %d characters",
			port->exception_interface, IF_NAMESIZE - 1);
	if (port->exception && !exception_interface_is_free(dataplane, index))
		return config_source_error(
			source, name_key, "%s is another port's", port->exception_interface);
	return true;
}

static bool check_port(const struct config_source *source,
	const struct ptrd_config_dataplane *dataplane, uint32_t index)
{
	struct ptrd_config_port *port = &dataplane->ports[index];
	char key[64];
	bool good = true;

	(void)snprintf(key, sizeof(key), "dataplane.ports.%" PRIu32 ".buffers", index);
	good &= config_number(source, &port->buffers, PTRD_PORT_BUFFERS_MIN, PTRD_PORT_BUFFERS_MIN,
		BUFFERS_MAX, key);
	(void)snprintf(key, sizeof(key), "dataplane.ports.%" PRIu32, index);
	if ((port->interface != NULL) + (port->vdev != NULL) + (port->pci != NULL) != 1)
		good = config_source_error(
			source, key, "must have exactly one of interface, vdev and pci");
	if (port->interface != NULL)
		good &= check_interface(source, dataplane, index, port->interface);
	return check_cores(source, dataplane, index) & check_exception(source, dataplane, index)
		&& good;
}

static uint32_t count_workers(const struct ptrd_config_dataplane *dataplane)
{
	uint32_t workers = 0;

	for (uint32_t i = 0; i < dataplane->ports_count; i++)
		workers += dataplane->ports[i].cores_count;
	return workers;
}

/* MiB that the packet memory needs. */
static uint32_t count_memory(const struct ptrd_config_dataplane *dataplane)
{
	const uint64_t mib = 1024 * 1024;
	uint64_t needed = MEMORY_BASE;

	for (uint32_t i = 0; i < dataplane->ports_count; i++) {
		const struct ptrd_config_port *port = &dataplane->ports[i];
		const uint64_t queue = ((uint64_t)port->buffers * BUFFER_SIZE + mib - 1) / mib;

		needed += port->cores_count * queue;
	}
	return (uint32_t)needed;
}

static bool check_ports(const struct config_source *source, struct ptrd_config_dataplane *dataplane)
{
	const uint32_t workers = count_workers(dataplane);
	bool good = true;

	for (uint32_t i = 0; i < dataplane->ports_count; i++)
		good &= check_port(source, dataplane, i);
	if (workers > PTRD_READERS_MAX - 1)
		return config_source_error(source, "dataplane.ports",
			"%" PRIu32 " cores in all, at most %d workers run", workers,
			PTRD_READERS_MAX - 1);
	const uint32_t needed = count_memory(dataplane);
	return config_number(source, &dataplane->memory, needed > 128 ? needed : 128, needed,
		       MEMORY_MAX, "dataplane.memory")
		&& good;
}

static bool check_dataplane(
	const struct config_source *source, struct ptrd_config_dataplane *dataplane)
{
	bool good = check_services(source, dataplane) & check_ports(source, dataplane)
		& check_tcp(source, dataplane->tcp)
		& config_dns_check(source, dataplane->dns, count_workers(dataplane));

	good &= config_source_is_bool(source, "dataplane.no_huge");
	if (dataplane->xdp_program == NULL)
		dataplane->xdp_program = default_xdp_program();
	if (dataplane->xdp_program == NULL)
		return config_source_error(source, "", "out of memory");
	/* It becomes a part of DPDK's device arguments. */
	if (strpbrk(dataplane->xdp_program, ",[]\"'") != NULL)
		good = config_source_error(source, "dataplane.xdp_program",
			"a path with a comma, a bracket or a quote cannot be given to DPDK");
	return config_source_absolute(source, dataplane->xdp_program, "dataplane.xdp_program")
		&& good;
}

/* Fills in defaults and checks what the schema cannot say. Tells everything that is wrong. */
static bool complete(const struct config_source *source, struct ptrd_config *config)
{
	if (!allocate((void **)&config->control, sizeof(*config->control))
		|| !allocate((void **)&config->dataplane->tcp, sizeof(*config->dataplane->tcp))
		|| !allocate((void **)&config->dataplane->dns, sizeof(*config->dataplane->dns))
		|| !allocate((void **)&config->dataplane->dns->rate_limit,
			sizeof(*config->dataplane->dns->rate_limit)))
		return config_source_error(source, "", "out of memory");
	bool good = config_source_absolute(source, config->run_dir, "run_dir");

	good &= config_source_absolute(source, config->state_dir, "state_dir");
	good &= config_source_absolute(source, config->huge_dir, "huge_dir");
	good &= config_control_check(source, config);
	return check_dataplane(source, config->dataplane) && good;
}

struct ptrd_config *ptrd_config_load(const char *path)
{
	struct config_source source;
	struct ptrd_config *config = NULL;

	if (!config_source_open(&source, path))
		return NULL;
	if (config_source_parse(&source, &cyaml, &top_schema, (void **)&config)
		&& !complete(&source, config)) {
		ptrd_config_free(config);
		config = NULL;
	}
	config_source_close(&source);
	return config;
}
