#include "steer.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "../log.h"
#include "interface.h"

#define PROGRAM_MAPS_MAX 16

struct steer {
	char interface[IF_NAMESIZE];
	unsigned index;   /* of the interface */
	int claim;        /* socket whose name is the claim */
	uint32_t program; /* id of the attached program, 0 before steer_start() */
	int services;     /* map descriptors, -1 before steer_start() */
	int verdicts;
};

/* What an interface carries. */
struct attached {
	uint32_t id;   /* 0: nothing */
	uint32_t mode; /* XDP_FLAGS_*_MODE that detaches it */
	int fd;        /* descriptor of the program, or -1 */
	struct bpf_prog_info info;
	uint32_t maps[PROGRAM_MAPS_MAX];
};

/* Ids of all attachment modes: the generic query returns 0 when there are several. */
static int query_id(unsigned index, struct attached *attached)
{
	struct bpf_xdp_query_opts opts = {.sz = sizeof(opts)};
	const int err = bpf_xdp_query((int)index, 0, &opts);

	if (err != 0)
		return err;
	attached->id = opts.drv_prog_id;
	attached->mode = XDP_FLAGS_DRV_MODE;
	if (attached->id == 0) {
		attached->id = opts.skb_prog_id;
		attached->mode = XDP_FLAGS_SKB_MODE;
	}
	if (attached->id == 0) {
		attached->id = opts.hw_prog_id;
		attached->mode = XDP_FLAGS_HW_MODE;
	}
	return 0;
}

/* Returns 0 with attached->id set, and attached->fd open if that is not 0; or -errno. */
static int query_program(unsigned index, struct attached *attached)
{
	uint32_t len = sizeof(attached->info);

	memset(attached, 0, sizeof(*attached));
	attached->fd = -1;
	const int err = query_id(index, attached);
	if (err != 0 || attached->id == 0)
		return err;
	attached->fd = bpf_prog_get_fd_by_id(attached->id);
	if (attached->fd < 0)
		return -errno;
	attached->info.nr_map_ids = PROGRAM_MAPS_MAX;
	attached->info.map_ids = (uintptr_t)attached->maps;
	if (bpf_obj_get_info_by_fd(attached->fd, &attached->info, &len) != 0) {
		const int saved = -errno;
		close(attached->fd);
		return saved;
	}
	return 0;
}

/* Detaches exactly this program: with its descriptor the kernel refuses if it has been replaced. */
static int detach(unsigned index, const struct attached *attached)
{
	const struct bpf_xdp_attach_opts opts = {
		.sz = sizeof(opts),
		.old_prog_fd = attached->fd,
	};

	return bpf_xdp_detach((int)index, attached->mode, &opts);
}

/* The claim is held, so a program of ours belongs to a process that has died. */
static int clear_leftover(const struct steer *steer)
{
	struct attached attached;
	int err = query_program(steer->index, &attached);

	if (err != 0) {
		log_line("%s: cannot query its XDP program: %s", steer->interface, strerror(-err));
		return -1;
	}
	if (attached.id == 0)
		return 0;
	if (strcmp(attached.info.name, STEER_PROGRAM) != 0) {
		log_line(
			"%s carries the XDP program \"%s\" (id %u) of somebody else; if it is not needed: "
			"ip link set dev %s xdp off",
			steer->interface, attached.info.name, attached.id, steer->interface);
		close(attached.fd);
		return -1;
	}
	err = detach(steer->index, &attached);
	close(attached.fd);
	if (err != 0) {
		log_line(
			"%s: cannot detach the XDP program that a dead ptrd-dataplane left (%s); try: "
			"ip link set dev %s xdp off",
			steer->interface, strerror(-err), steer->interface);
		return -1;
	}
	log_line("%s: detached the XDP program that a dead ptrd-dataplane left (id %u)",
		steer->interface, attached.id);
	return 0;
}

struct steer *steer_claim(const char *interface, unsigned queues)
{
	struct steer *steer = calloc(1, sizeof(*steer));

	if (steer == NULL) {
		log_line("%s: out of memory", interface);
		return NULL;
	}
	steer->claim = steer->services = steer->verdicts = -1;
	if (interface_check(interface, queues, &steer->index) != 0) {
		free(steer);
		return NULL;
	}
	memcpy(steer->interface, interface, strlen(interface) + 1); /* the check knows its length */
	steer->claim = interface_claim(interface, steer->index);
	if (steer->claim < 0 || clear_leftover(steer) != 0) {
		steer_release(steer);
		return NULL;
	}
	return steer;
}

/* Descriptor of the map named `name` among those of a program, or -1. */
static int find_map(const struct attached *attached, const char *name)
{
	for (uint32_t i = 0; i < attached->info.nr_map_ids && i < PROGRAM_MAPS_MAX; i++) {
		struct bpf_map_info info = {0};
		uint32_t len = sizeof(info);
		const int fd = bpf_map_get_fd_by_id(attached->maps[i]);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && strcmp(info.name, name) == 0)
			return fd;
		close(fd);
	}
	return -1;
}

static int find_program(struct steer *steer)
{
	struct attached attached;
	const int err = query_program(steer->index, &attached);

	if (err != 0 || attached.id == 0 || strcmp(attached.info.name, STEER_PROGRAM) != 0) {
		log_line("%s: the XDP program is not attached after the port started: %s",
			steer->interface,
			err != 0 ? strerror(-err)
				 : (attached.id == 0 ? "none there" : attached.info.name));
		if (err == 0 && attached.fd >= 0)
			close(attached.fd);
		return -1;
	}
	steer->program = attached.id;
	steer->services = find_map(&attached, STEER_SERVICES);
	steer->verdicts = find_map(&attached, STEER_VERDICTS);
	close(attached.fd);
	if (steer->services < 0 || steer->verdicts < 0) {
		log_line(
			"%s: the XDP program has no map %s: dataplane.xdp_program is of another version",
			steer->interface, steer->services < 0 ? STEER_SERVICES : STEER_VERDICTS);
		return -1;
	}
	return 0;
}

int steer_start(struct steer *steer, const uint32_t *addresses, unsigned count)
{
	const uint8_t present = 1;

	if (find_program(steer) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++) {
		const uint32_t key = htonl(addresses[i]);

		if (bpf_map_update_elem(steer->services, &key, &present, BPF_ANY) != 0) {
			log_line("%s: cannot add a service address to the XDP program: %s",
				steer->interface, strerror(errno));
			return -1;
		}
	}
	return 0;
}

bool steer_attached(const struct steer *steer)
{
	struct attached attached;

	return query_id(steer->index, &attached) == 0 && attached.id == steer->program;
}

int steer_counters(const struct steer *steer, uint64_t counters[STEER_VERDICT_COUNT])
{
	const int cpus = libbpf_num_possible_cpus();

	if (cpus <= 0 || steer->verdicts < 0)
		return -1;
	uint64_t *values = calloc((size_t)cpus, sizeof(*values));
	if (values == NULL)
		return -1;
	int err = 0;
	for (uint32_t verdict = 0; verdict < STEER_VERDICT_COUNT && err == 0; verdict++) {
		err = bpf_map_lookup_elem(steer->verdicts, &verdict, values);
		counters[verdict] = 0;
		for (int cpu = 0; cpu < cpus && err == 0; cpu++)
			counters[verdict] += values[cpu];
	}
	free(values);
	return err == 0 ? 0 : -1;
}

void steer_stop(struct steer *steer)
{
	uint32_t key;

	if (steer->services < 0)
		return;
	while (bpf_map_get_next_key(steer->services, NULL, &key) == 0)
		if (bpf_map_delete_elem(steer->services, &key) != 0)
			break;
}

void steer_release(struct steer *steer)
{
	struct attached attached;

	if (steer == NULL)
		return;
	if (steer->claim >= 0 && query_program(steer->index, &attached) == 0 && attached.id != 0) {
		const bool ours = strcmp(attached.info.name, STEER_PROGRAM) == 0;
		const int err = ours ? detach(steer->index, &attached) : 0;

		if (err != 0)
			log_line("%s: cannot detach the XDP program: %s", steer->interface,
				strerror(-err));
		close(attached.fd);
	}
	if (steer->services >= 0)
		close(steer->services);
	if (steer->verdicts >= 0)
		close(steer->verdicts);
	if (steer->claim >= 0)
		close(steer->claim);
	free(steer);
}

const char *steer_interface(const struct steer *steer)
{
	return steer->interface;
}
