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
#include <sys/select.h>
#include <sys/socket.h>

#include "../frame.h"
#include "../log.h"
#include "interface.h"
#include "tags.h"

#define PROGRAM_MAPS_MAX 16

struct steer {
	char name[IF_NAMESIZE];
	struct interface interface;
	struct tags tags;
	int claim;        /* socket whose name is the claim */
	uint32_t program; /* id of the attached program, 0 before steer_start() */
	int services4;    /* map descriptors, -1 before steer_start() */
	int services6;
	int station;
	int verdicts;
	int sockets[STEER_QUEUES_MAX]; /* net_af_xdp's, adopted: one for each queue from 0 on */
	unsigned sockets_count;
	fd_set before; /* sockets at steer_prepare() */
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
	int err = query_program(steer->interface.index, &attached);

	if (err != 0) {
		log_line("%s: cannot query its XDP program: %s", steer->name, strerror(-err));
		return -1;
	}
	if (attached.id == 0)
		return 0;
	if (strcmp(attached.info.name, STEER_PROGRAM) != 0) {
		log_line(
			"%s carries the XDP program \"%s\" (id %u) of somebody else; if it is not needed: "
			"ip link set dev %s xdp off",
			steer->name, attached.info.name, attached.id, steer->name);
		close(attached.fd);
		return -1;
	}
	err = detach(steer->interface.index, &attached);
	close(attached.fd);
	if (err != 0) {
		log_line(
			"%s: cannot detach the XDP program that a dead ptrd-dataplane left (%s); try: "
			"ip link set dev %s xdp off",
			steer->name, strerror(-err), steer->name);
		return -1;
	}
	log_line("%s: detached the XDP program that a dead ptrd-dataplane left (id %u)",
		steer->name, attached.id);
	return 0;
}

struct steer *steer_claim(const char *interface, unsigned queues)
{
	struct steer *steer = calloc(1, sizeof(*steer));

	if (steer == NULL) {
		log_line("%s: out of memory", interface);
		return NULL;
	}
	steer->claim = steer->services4 = steer->services6 = steer->station = steer->verdicts = -1;
	if (interface_check(interface, queues, &steer->interface) != 0) {
		free(steer);
		return NULL;
	}
	memcpy(steer->name, interface, strlen(interface) + 1); /* the check knows its length */
	steer->claim = interface_claim(interface, steer->interface.index);
	if (steer->claim < 0 || clear_leftover(steer) != 0
		|| tags_keep(steer->name, &steer->tags) != 0) {
		steer_release(steer);
		return NULL;
	}
	return steer;
}

bool steer_needs_device_per_queue(const struct steer *steer)
{
	return steer->interface.separate_queues;
}

/* AF_XDP sockets of this process. DPDK does not tell those of its devices. */
static void list_sockets(fd_set *sockets)
{
	FD_ZERO(sockets);
	for (int fd = STDERR_FILENO + 1; fd < FD_SETSIZE; fd++) {
		int domain = 0;
		socklen_t len = sizeof(domain);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_XDP)
			FD_SET(fd, sockets);
	}
}

void steer_prepare(struct steer *steer)
{
	list_sockets(&steer->before);
}

/* The socket that has come since steer_prepare(), or -1 if that is not one. */
static int new_socket(const struct steer *steer)
{
	fd_set now;
	int found = -1;

	list_sockets(&now);
	for (int fd = 0; fd < FD_SETSIZE; fd++) {
		if (!FD_ISSET(fd, &now) || FD_ISSET(fd, &steer->before))
			continue;
		if (found >= 0)
			return -1;
		found = fd;
	}
	return found;
}

int steer_adopt(struct steer *steer, bool last)
{
	struct attached attached;
	const int fd = new_socket(steer);

	if (fd < 0 || steer->sockets_count == STEER_QUEUES_MAX) {
		log_line("%s: queue %u has not one AF_XDP socket after its device started",
			steer->name, steer->sockets_count);
		return -1;
	}
	steer->sockets[steer->sockets_count++] = fd;
	if (last)
		return 0;
	int err = query_program(steer->interface.index, &attached);
	if (err == 0 && attached.id != 0) {
		err = detach(steer->interface.index, &attached);
		close(attached.fd);
	}
	if (err == 0)
		return 0;
	log_line("%s: cannot detach the XDP program between two queues: %s", steer->name,
		strerror(-err));
	return -1;
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

/* Puts the adopted sockets into the map of the attached program. */
static int share_sockets(const struct steer *steer, const struct attached *attached)
{
	if (steer->sockets_count == 0)
		return 0;
	const int map = find_map(attached, STEER_SOCKETS);
	int err = map < 0 ? -ENOENT : 0;
	for (uint32_t queue = 0; queue < steer->sockets_count && err == 0; queue++)
		if (bpf_map_update_elem(map, &queue, &steer->sockets[queue], BPF_ANY) != 0)
			err = -errno;
	if (map >= 0)
		close(map);
	if (err != 0)
		log_line("%s: cannot share the XDP program among the queues: %s", steer->name,
			strerror(-err));
	return err == 0 ? 0 : -1;
}

static int find_program(struct steer *steer)
{
	struct attached attached;
	const int err = query_program(steer->interface.index, &attached);

	if (err != 0 || attached.id == 0 || strcmp(attached.info.name, STEER_PROGRAM) != 0) {
		log_line("%s: the XDP program is not attached after the port started: %s",
			steer->name,
			err != 0 ? strerror(-err)
				 : (attached.id == 0 ? "none there" : attached.info.name));
		if (err == 0 && attached.fd >= 0)
			close(attached.fd);
		return -1;
	}
	steer->program = attached.id;
	steer->services4 = find_map(&attached, STEER_SERVICES4);
	steer->services6 = find_map(&attached, STEER_SERVICES6);
	steer->station = find_map(&attached, STEER_STATION);
	steer->verdicts = find_map(&attached, STEER_VERDICTS);
	if (steer->services4 < 0 || steer->services6 < 0 || steer->station < 0
		|| steer->verdicts < 0) {
		log_line("%s: the XDP program lacks a map: dataplane.xdp_program is of another "
			 "version",
			steer->name);
		close(attached.fd);
		return -1;
	}
	const int err_sockets = share_sockets(steer, &attached);
	close(attached.fd);
	return err_sockets;
}

static int add_service(const struct steer *steer, int map, const void *key)
{
	const uint8_t present = 1;

	if (bpf_map_update_elem(map, key, &present, BPF_ANY) == 0)
		return 0;
	log_line("%s: cannot add a service address to the XDP program: %s", steer->name,
		strerror(errno));
	return -1;
}

static int set_station(const struct steer *steer)
{
	const uint32_t key = 0;
	struct steer_station station;
	uint8_t mac[sizeof(station.mac)];

	if (interface_mac(steer->interface.index, mac) != 0)
		return -1;
	memcpy(station.mac, mac, sizeof(mac));
	return bpf_map_update_elem(steer->station, &key, &station, BPF_ANY);
}

int steer_start(struct steer *steer, const struct frame_services *services)
{
	if (find_program(steer) != 0)
		return -1;
	if (set_station(steer) != 0) {
		log_line("%s: cannot tell the XDP program its MAC address: %s", steer->name,
			strerror(errno));
		return -1;
	}
	for (unsigned i = 0; i < services->ipv4_count; i++) {
		const uint32_t key = htonl(services->ipv4[i]);

		if (add_service(steer, steer->services4, &key) != 0)
			return -1;
	}
	for (unsigned i = 0; i < services->ipv6_count; i++)
		if (add_service(steer, steer->services6, &services->ipv6[i]) != 0)
			return -1;
	return 0;
}

void steer_follow(const struct steer *steer)
{
	/* It fails when the interface has gone: then nothing comes from it either. */
	(void)set_station(steer);
}

bool steer_attached(const struct steer *steer)
{
	struct attached attached;

	return query_id(steer->interface.index, &attached) == 0 && attached.id == steer->program;
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

static void clear_services(int map)
{
	struct frame_ipv6 key; /* the longer of the keys */

	if (map < 0)
		return;
	while (bpf_map_get_next_key(map, NULL, &key) == 0)
		if (bpf_map_delete_elem(map, &key) != 0)
			break;
}

void steer_stop(struct steer *steer)
{
	clear_services(steer->services4);
	clear_services(steer->services6);
}

void steer_release(struct steer *steer)
{
	struct attached attached;

	if (steer == NULL)
		return;
	if (steer->claim >= 0 && query_program(steer->interface.index, &attached) == 0
		&& attached.id != 0) {
		const bool ours = strcmp(attached.info.name, STEER_PROGRAM) == 0;
		const int err = ours ? detach(steer->interface.index, &attached) : 0;

		if (err != 0)
			log_line("%s: cannot detach the XDP program: %s", steer->name,
				strerror(-err));
		close(attached.fd);
	}
	tags_restore(steer->name, &steer->tags);
	const int descriptors[] = {
		steer->services4, steer->services6, steer->station, steer->verdicts, steer->claim};
	for (size_t i = 0; i < sizeof(descriptors) / sizeof(descriptors[0]); i++)
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	free(steer);
}

const char *steer_interface(const struct steer *steer)
{
	return steer->name;
}
