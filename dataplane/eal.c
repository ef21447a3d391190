#include "eal.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "checksum.h"
#include "log.h"
#include "ports.h"

#define ARGUMENTS_MAX 80

struct arguments {
	char *value[ARGUMENTS_MAX + 1];
	int count;
};

static const struct {
	unsigned bit;
	const char *name;
	const char *what_for;
} capabilities[] = {
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", "attaching the XDP program"},
	{CAP_NET_RAW, "CAP_NET_RAW", "AF_XDP sockets"},
	{CAP_BPF, "CAP_BPF", "loading the XDP program"},
	{CAP_IPC_LOCK, "CAP_IPC_LOCK", "packet memory"},
	{CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE", "port 53"},
};

static int check_capabilities(void)
{
	uint64_t effective = 0;
	char line[256];
	int missing = 0;
	FILE *file = fopen("/proc/self/status", "re");

	if (file == NULL)
		return 0; /* no /proc: the kernel itself will tell */
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "CapEff: %" SCNx64, &effective) == 1)
			break;
	(void)fclose(file);
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		if ((effective >> capabilities[i].bit) & 1)
			continue;
		log_line("%s is missing, needed for %s: run as root", capabilities[i].name,
			capabilities[i].what_for);
		missing = -1;
	}
	return missing;
}

/* A core exists and is ours to use if the kernel lets this thread go there. */
static int check_core(uint32_t core, const char *key)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (core < CPU_SETSIZE) {
		CPU_SET(core, &set);
		if (sched_setaffinity(0, sizeof(set), &set) == 0)
			return 0;
	}
	log_line("%s: this process cannot run on core %" PRIu32
		 " (the machine has 0 to %ld; a cpuset may "
		 "allow fewer)",
		key, core, sysconf(_SC_NPROCESSORS_CONF) - 1);
	return -1;
}

static int check_cores(const struct ptrd_config_dataplane *dataplane)
{
	cpu_set_t before;

	if (sched_getaffinity(0, sizeof(before), &before) != 0) {
		log_line("sched_getaffinity: %s", strerror(errno));
		return -1;
	}
	int result = check_core(dataplane->main_core, "dataplane.main_core");
	for (uint32_t p = 0; p < dataplane->ports_count; p++) {
		const struct ptrd_config_port *port = &dataplane->ports[p];

		for (uint32_t c = 0; c < port->cores_count; c++) {
			result |= check_core(port->cores[c], "dataplane.ports.cores");
			if (port->cores[c] == dataplane->main_core)
				log_line(
					"warning: core %" PRIu32
					" is the main core and a worker's: TCP and "
					"changes of tables wait for the scheduler; name another main_core",
					port->cores[c]);
		}
	}
	(void)sched_setaffinity(0, sizeof(before), &before);
	return result;
}

static int check_program(const struct ptrd_config_dataplane *dataplane)
{
	for (uint32_t p = 0; p < dataplane->ports_count; p++) {
		if (dataplane->ports[p].interface == NULL
			|| access(dataplane->xdp_program, R_OK) == 0)
			continue;
		log_line("dataplane.xdp_program: cannot read %s: %s", dataplane->xdp_program,
			strerror(errno));
		return -1;
	}
	return 0;
}

/* The engine has chosen before main(): here is only told what, or that it is not what was asked for. */
static int check_checksums(void)
{
	const char *wanted = getenv(CHECKSUM_KERNEL_VARIABLE);
	const struct checksum_kernel *kernel;
	char names[64] = "";
	size_t len = 0;

	if (wanted == NULL || *wanted == '\0' || strcmp(wanted, checksum_kernel.name) == 0) {
		log_line("checksums by: %s", checksum_kernel.name);
		return 0;
	}
	for (unsigned i = 0; (kernel = checksum_kernel_at(i)) != NULL && len < sizeof(names); i++)
		len += (size_t)snprintf(
			names + len, sizeof(names) - len, "%s%s", i == 0 ? "" : ", ", kernel->name);
	log_line("%s: \"%s\" is none of what this machine can run: %s", CHECKSUM_KERNEL_VARIABLE,
		wanted, names);
	return -1;
}

int eal_check(const struct ptrd_config *config)
{
	return check_capabilities() != 0 || check_cores(config->dataplane) != 0
			|| check_program(config->dataplane) != 0 || check_checksums() != 0
		? -1
		: 0;
}

/* Appends a formatted argument. A failed allocation shows as a NULL value: checked once, at the
 * end. */
__attribute__((format(printf, 2, 3))) static void add(
	struct arguments *arguments, const char *format, ...)
{
	va_list values;
	char *text = NULL;

	if (arguments->count >= ARGUMENTS_MAX)
		return;
	va_start(values, format);
	if (vasprintf(&text, format, values) < 0)
		text = NULL;
	va_end(values);
	arguments->value[arguments->count++] = text;
}

static uint64_t read_number(const char *directory, const char *file)
{
	char path[512];
	uint64_t value = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, file);
	FILE *stream = fopen(path, "re");
	if (stream == NULL)
		return 0;
	if (fscanf(stream, "%" SCNu64, &value) != 1)
		value = 0;
	(void)fclose(stream);
	return value;
}

/* Bytes of huge pages of every size that nobody uses or has reserved. */
static uint64_t free_huge_memory(void)
{
	uint64_t total = 0;
	glob_t found;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*kB", 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *size = strrchr(found.gl_pathv[i], '-') + 1;
		const uint64_t pages = read_number(found.gl_pathv[i], "free_hugepages");
		const uint64_t reserved = read_number(found.gl_pathv[i], "resv_hugepages");

		if (pages > reserved)
			total += (pages - reserved) * strtoull(size, NULL, 10) * 1024;
	}
	globfree(&found);
	return total;
}

/* MiB that the same buffers take on ordinary pages: a mempool lets none cross a page, so that each of
 * those that the configuration counts as 2.5 KiB has 4 KiB to itself. */
static uint32_t ordinary_memory(uint32_t memory)
{
	return (uint32_t)((uint64_t)memory * 8 / 5);
}

static void add_memory(struct arguments *arguments, const struct ptrd_config_dataplane *dataplane)
{
	const uint64_t wanted = (uint64_t)dataplane->memory << 20;
	const uint64_t available = dataplane->no_huge ? 0 : free_huge_memory();
	const uint32_t memory
		= available >= wanted ? dataplane->memory : ordinary_memory(dataplane->memory);

	add(arguments, "-m");
	add(arguments, "%" PRIu32, memory);
	/* Nothing of it is to outlive the process. --in-memory says so for huge pages and cannot be
	 * combined with --no-huge, which leaves the shared configuration to turn off. */
	if (available >= wanted) {
		add(arguments, "--in-memory");
		return;
	}
	add(arguments, "--no-huge");
	add(arguments, "--no-shconf");
	if (dataplane->no_huge)
		log_line("packet memory: %" PRIu32
			 " MiB of ordinary pages, as dataplane.no_huge says",
			memory);
	else
		log_line("packet memory: %" PRIu32 " MiB of ordinary pages, because only %" PRIu64
			 " MiB of huge pages are free; %" PRIu32
			 " pages of 2 MiB would do (vm.nr_hugepages)",
			memory, available >> 20, (dataplane->memory + 1) / 2);
}

static void add_lcores(struct arguments *arguments, const struct ptrd_config_dataplane *dataplane)
{
	char map[RTE_MAX_LCORE * 16];
	unsigned lcore = EAL_LCORE_MAIN;
	int len = snprintf(map, sizeof(map), "%u@%" PRIu32, lcore++, dataplane->main_core);

	for (uint32_t p = 0; p < dataplane->ports_count; p++)
		for (uint32_t c = 0; c < dataplane->ports[p].cores_count; c++)
			len += snprintf(map + len, sizeof(map) - (size_t)len, ",%u@%" PRIu32,
				lcore++, dataplane->ports[p].cores[c]);
	add(arguments, "--lcores=%s", map);
	add(arguments, "--main-lcore=%u", EAL_LCORE_MAIN);
}

void eal_device_name(
	const struct port *port, unsigned index, unsigned device, char name[EAL_DEVICE_NAME_SIZE])
{
	const char *devargs = port->config->vdev != NULL ? port->config->vdev : port->config->pci;

	if (devargs != NULL)
		(void)snprintf(
			name, EAL_DEVICE_NAME_SIZE, "%.*s", (int)strcspn(devargs, ","), devargs);
	else
		(void)snprintf(name, EAL_DEVICE_NAME_SIZE, "net_af_xdp_%u.%u", index, device);
}

static void add_port(struct arguments *arguments, const struct ptrd_config_dataplane *dataplane,
	const struct port *port, unsigned index)
{
	const unsigned queues = port->device_queues;
	char name[EAL_DEVICE_NAME_SIZE];

	if (port->config->vdev != NULL)
		add(arguments, "--vdev=%s", port->config->vdev);
	if (port->config->pci != NULL)
		add(arguments, "--allow=%s", port->config->pci);
	if (port->config->interface == NULL)
		return;
	for (unsigned device = 0; device < port->devices; device++) {
		eal_device_name(port, index, device, name);
		add(arguments, "--vdev=%s,iface=%s,start_queue=%u,queue_count=%u,xdp_prog=%s", name,
			port->config->interface, device * queues, queues, dataplane->xdp_program);
	}
}

static bool has_pci(const struct ptrd_config_dataplane *dataplane)
{
	for (uint32_t i = 0; i < dataplane->ports_count; i++)
		if (dataplane->ports[i].pci != NULL)
			return true;
	return false;
}

static bool complete(const struct arguments *arguments)
{
	if (arguments->count >= ARGUMENTS_MAX)
		return false;
	for (int i = 0; i < arguments->count; i++)
		if (arguments->value[i] == NULL)
			return false;
	return true;
}

static void explain_failure(int error)
{
	const char *cure = "see DPDK's messages above";

	if (error == ENOMEM || error == EACCES)
		cure = "dataplane.memory is more than this machine can give: lower it, or add huge pages";
	else if (error == ENODEV || error == ENOTSUP || error == EINVAL)
		cure = "a device in dataplane.ports could not be made: see DPDK's messages above";
	log_line("DPDK does not start (%s): %s", rte_strerror(error), cure);
}

static void remove_runtime_directory(void)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s", rte_eal_get_runtime_dir());
	/* <run_dir>/dpdk/<prefix>; neither goes if it is not empty. */
	char *slash = strrchr(path, '/');
	if (slash == NULL || rmdir(path) != 0)
		return;
	*slash = '\0';
	(void)rmdir(path);
}

/* net_tap has the kernel queue a signal for each frame and reads after one alone, unless all real-time
 * signals are in use. Those go to the main lcore: frames would wait for it to be scheduled, and a limit
 * of queued signals that is reached ends in a SIGIO, which kills. Workers look by themselves. */
static void use_up_realtime_signals(void)
{
	for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
		(void)signal(number, SIG_IGN);
}

int eal_start(const struct ptrd_config *config, const struct ports *ports)
{
	const struct ptrd_config_dataplane *dataplane = config->dataplane;
	struct arguments arguments = {0};

	add(&arguments, "ptrd-dataplane");
	if (!has_pci(dataplane)) /* else each port's --allow leaves all others alone */
		add(&arguments, "--no-pci");
	add(&arguments, "--iova-mode=va");
	add(&arguments, "--no-telemetry");
	add(&arguments, "--file-prefix=ptrd");
	add(&arguments, "--log-level=warning");
	add_memory(&arguments, dataplane);
	add_lcores(&arguments, dataplane);
	for (unsigned i = 0; i < ports->count; i++)
		add_port(&arguments, dataplane, &ports->port[i], i);
	if (!complete(&arguments)) {
		log_line("cannot make DPDK's arguments: out of memory, or too many ports");
		return -1;
	}
	/* The EAL makes a directory for files that it then does not write: in ours, and not for
	 * long. */
	if (setenv("RUNTIME_DIRECTORY", config->run_dir, true) != 0) {
		log_line("out of memory");
		return -1;
	}
	use_up_realtime_signals();
	/* It keeps pointers to the strings and permutes the array: neither is ours from here on. */
	const int result = rte_eal_init(arguments.count, arguments.value);
	if (result < 0)
		explain_failure(rte_errno);
	remove_runtime_directory();
	return result < 0 ? -1 : 0;
}
