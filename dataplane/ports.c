#include "ports.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

#include "device.h"
#include "eal.h"
#include "log.h"
#include "spread.h"
#include "xdp/interface.h"
#include "xdp/steer.h"

/* net_af_xdp has a fill ring of its own of 2048 buffers for each queue, whatever it is asked
 * for. */
#define DESCRIPTORS 2048
static_assert(PTRD_PORT_BUFFERS_MIN >= 4 * DESCRIPTORS - 1,
	"fill or receive ring, transmit and completion rings, and as much for the caches and for "
	"what the workers have in hand; one less than a power of two, rte_mempool.h");
#define MBUF_CACHE 256

void port_name(const struct port *port, char *name, size_t size)
{
	const struct ptrd_config_port *config = port->config;
	const char *device = config->interface != NULL ? config->interface
		: config->vdev != NULL                 ? config->vdev
						       : config->pci;

	(void)snprintf(name, size, "%.*s", (int)strcspn(device, ","), device);
}

/* Interface whose frames a port gets, or NULL: by name, or in the devargs of a virtual device. */
static const char *interface_of(const struct ptrd_config_port *config, char name[IF_NAMESIZE])
{
	if (config->interface != NULL)
		return config->interface;
	const char *found = config->vdev != NULL ? strstr(config->vdev, ",iface=") : NULL;
	/* A TAP's frames come out of the kernel, which finishes their checksums before. */
	if (found == NULL || strncmp(config->vdev, "net_tap", strlen("net_tap")) == 0)
		return NULL;
	found += strlen(",iface=");
	const int len = (int)strcspn(found, ",");
	(void)snprintf(name, IF_NAMESIZE, "%.*s", len, found);
	return name;
}

int ports_claim(struct ports *ports, const struct ptrd_config_dataplane *dataplane)
{
	*ports = (struct ports){0};
	for (uint32_t i = 0; i < dataplane->ports_count; i++) {
		const struct ptrd_config_port *config = &dataplane->ports[i];
		struct port *port = &ports->port[ports->count++];
		char name[IF_NAMESIZE];

		*port = (struct port){
			.config = config,
			.queues = (uint16_t)config->cores_count,
			.devices = 1,
			.device_queues = (uint16_t)config->cores_count,
			.exception = EXCEPTION_NONE,
		};
		if (config->interface != NULL) {
			port->steer = steer_claim(config->interface, config->cores_count);
			if (port->steer == NULL) {
				ports_release(ports);
				return -1;
			}
			if (steer_needs_device_per_queue(port->steer)) {
				port->devices = port->queues;
				port->device_queues = 1;
			}
		}
		const char *interface = interface_of(config, name);
		if (interface != NULL && interface_leaves_checksums(interface))
			port->checksums = FRAME_UDP_UNFINISHED;
	}
	return 0;
}

/* Each queue has a pool of its own: an AF_XDP socket registers its pool as its packet memory. */
static struct rte_mempool *make_pool(
	const struct port *port, const struct device *device, uint16_t queue)
{
	char pool_name[RTE_MEMPOOL_NAMESIZE];

	(void)snprintf(pool_name, sizeof(pool_name), "port%u.%u", device->id, queue);
	struct rte_mempool *pool = rte_pktmbuf_pool_create(pool_name, port->config->buffers,
		MBUF_CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, rte_eth_dev_socket_id(device->id));
	if (pool == NULL) {
		log_line("port %s: no packet memory for queue %u (%s): raise dataplane.memory",
			device->name, queue, rte_strerror(rte_errno));
		return NULL;
	}
	/* net_af_xdp takes the first chunk's address and the whole pool's size. */
	if (port->steer != NULL && pool->nb_mem_chunks != 1) {
		log_line(
			"port %s: packet memory for queue %u is in %u pieces: raise dataplane.memory",
			device->name, queue, pool->nb_mem_chunks);
		return NULL;
	}
	return pool;
}

/* What the device can check and spread for us is its job. */
static int plan(const struct port *port, struct device *device, struct rte_eth_dev_info *info,
	struct rte_eth_conf *conf)
{
	int err = rte_eth_dev_get_port_by_name(device->name, &device->id);

	if (err != 0)
		return device_error(device->name,
			"DPDK did not make it, see above; check dataplane.ports", err);
	err = rte_eth_dev_info_get(device->id, info);
	if (err != 0)
		return device_error(device->name, "information", err);
	if (device->queues > info->max_rx_queues || device->queues > info->max_tx_queues) {
		log_line(
			"port %s: %u cores need as many queues, it has %u to receive and %u to send",
			device->name, device->queues, info->max_rx_queues, info->max_tx_queues);
		return -1;
	}
	conf->rxmode.offloads = info->rx_offload_capa
		& (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
	if (spread_configure(device->name, device->id, device->queues, info, conf) != 0)
		return -1;
	for (uint16_t queue = 0; queue < device->queues; queue++) {
		device->pools[queue] = make_pool(port, device, queue);
		if (device->pools[queue] == NULL)
			return -1;
	}
	return 0;
}

/* The twin, unless the kernel has the adapter as well. */
static int start_exception(struct port *port, const struct device *device, unsigned index,
	const struct rte_eth_dev_info *info)
{
	if (!port->config->exception || spread_shares_with_kernel(info))
		return 0;
	return exception_start(device, port->config->exception_interface, index, &port->exception);
}

/* Whom frames are for. In front of a port that has an XDP program or flow rules, these ask for the
 * address: what is for another one stays the kernel's there. */
static int find_station(
	struct port *port, const struct device *device, const struct rte_eth_dev_info *info)
{
	struct rte_ether_addr mac;
	char text[RTE_ETHER_ADDR_FMT_SIZE];

	port->station = frame_any_station();
	if (port->steer != NULL || spread_shares_with_kernel(info))
		return 0;
	const int err = rte_eth_macaddr_get(device->id, &mac);
	if (err != 0)
		return device_error(device->name, "MAC address", err);
	if (rte_is_zero_ether_addr(&mac)) /* it has none, as net_ring has not */
		return 0;
	port->station = frame_station(mac.addr_bytes);
	rte_ether_format_addr(text, sizeof(text), &mac);
	log_line("port %s: takes queries for its address %s", device->name, text);
	return 0;
}

static int start_device(struct port *port, unsigned index, const struct frame_services *services)
{
	char name[EAL_DEVICE_NAME_SIZE];
	struct device device
		= {.name = name, .queues = port->device_queues, .descriptors = DESCRIPTORS};
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	const uint16_t first = port->started;

	eal_device_name(port, index, port->started, name);
	if (port->devices > 1)
		steer_prepare(port->steer);
	if (plan(port, &device, &info, &conf) != 0 || device_start(&device, &conf) != 0)
		return -1;
	port->started++;
	for (uint16_t queue = 0; queue < device.queues; queue++)
		port->queue[first + queue] = (struct port_queue){
			.device = device.id,
			.queue = queue,
			.exception_queue = queue,
		};
	if (port->devices > 1 && steer_adopt(port->steer, port->started == port->devices) != 0)
		return -1;
	if (find_station(port, &device, &info) != 0)
		return -1;
	if (spread_take_queries(name, device.id, device.queues, &info, services) != 0)
		return -1;
	return start_exception(port, &device, index, &info);
}

int ports_start(struct ports *ports, const struct frame_services *services)
{
	for (unsigned i = 0; i < ports->count; i++)
		while (ports->port[i].started < ports->port[i].devices)
			if (start_device(&ports->port[i], i, services) != 0)
				return -1;
	return 0;
}

int ports_open(struct ports *ports, const struct frame_services *services)
{
	for (unsigned i = 0; i < ports->count; i++)
		if (ports->port[i].steer != NULL
			&& steer_start(ports->port[i].steer, services) != 0)
			return -1;
	return 0;
}

void ports_check(struct ports *ports)
{
	for (unsigned i = 0; i < ports->count; i++) {
		struct port *port = &ports->port[i];

		if (port->steer == NULL || port->lost)
			continue;
		steer_follow(port->steer);
		if (steer_attached(port->steer))
			continue;
		port->lost = true;
		log_line(
			"%s no longer carries our XDP program: somebody removed or replaced it; the kernel "
			"path answers what still comes; restart ptrd-dataplane to take the interface back",
			steer_interface(port->steer));
	}
}

void ports_close(struct ports *ports)
{
	for (unsigned i = 0; i < ports->count; i++)
		if (ports->port[i].steer != NULL)
			steer_stop(ports->port[i].steer);
}

static void tell_counters(const struct steer *steer)
{
#define STEER_FORMAT(id, name, text) " " name " %" PRIu64
#define STEER_VALUE(id, name, text) , counters[STEER_##id]
	uint64_t counters[STEER_VERDICT_COUNT];

	if (steer_counters(steer, counters) == 0)
		log_line("%s:" STEER_VERDICT_TABLE(STEER_FORMAT),
			steer_interface(steer) STEER_VERDICT_TABLE(STEER_VALUE));
}

static void close_device(uint16_t id)
{
	if (rte_eth_dev_stop(id) == 0)
		(void)rte_eth_dev_close(id);
}

void ports_release(struct ports *ports)
{
	for (unsigned i = 0; i < ports->count; i++) {
		struct port *port = &ports->port[i];

		if (port->steer != NULL) {
			/* Not closed as a device: net_af_xdp would then detach whatever program
			 * the interface carries, be it somebody else's. Its sockets go with the
			 * process. */
			tell_counters(port->steer);
			steer_release(port->steer);
			port->steer = NULL;
			continue;
		}
		/* The twin before the pools' owner; its interface goes with it. */
		if (port->exception != EXCEPTION_NONE)
			close_device(port->exception);
		if (port->started > 0)
			close_device(port->queue[0].device);
	}
}
