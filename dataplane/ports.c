#include "ports.h"

#include <inttypes.h>
#include <stdio.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "eal.h"
#include "log.h"
#include "xdp/steer.h"

/* net_af_xdp has a fill ring of its own of 2048 buffers for each queue, whatever it is asked
 * for. */
#define DESCRIPTORS 2048
/* Fill or receive ring, transmit and completion rings, and as much for the caches and for what the
 * workers have in hand; one less than a power of two, rte_mempool.h. */
#define QUEUE_MBUFS (4 * DESCRIPTORS - 1)
#define MBUF_CACHE 256

int ports_claim(struct ports *ports, const struct ptrd_config_dataplane *dataplane)
{
	*ports = (struct ports){0};
	for (uint32_t i = 0; i < dataplane->ports_count; i++) {
		const struct ptrd_config_port *config = &dataplane->ports[i];
		struct port *port = &ports->port[ports->count++];

		port->queues = (uint16_t)config->cores_count;
		if (config->interface == NULL)
			continue;
		port->steer = steer_claim(config->interface, config->cores_count);
		if (port->steer == NULL) {
			ports_release(ports);
			return -1;
		}
	}
	return 0;
}

static int failed(const char *name, const char *what, int error)
{
	log_line("port %s: %s: %s", name, what, rte_strerror(error < 0 ? -error : error));
	return -1;
}

/* Each queue has a pool of its own: an AF_XDP socket registers its pool as its packet memory. */
static struct rte_mempool *make_pool(const struct port *port, const char *name, uint16_t queue)
{
	char pool_name[RTE_MEMPOOL_NAMESIZE];

	(void)snprintf(pool_name, sizeof(pool_name), "port%u.%u", port->id, queue);
	struct rte_mempool *pool = rte_pktmbuf_pool_create(pool_name, QUEUE_MBUFS, MBUF_CACHE, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, rte_eth_dev_socket_id(port->id));
	if (pool == NULL) {
		log_line("port %s: no packet memory for queue %u (%s): raise dataplane.memory",
			name, queue, rte_strerror(rte_errno));
		return NULL;
	}
	/* net_af_xdp takes the first chunk's address and the whole pool's size. */
	if (port->steer != NULL && pool->nb_mem_chunks != 1) {
		log_line(
			"port %s: packet memory for queue %u is in %u pieces: raise dataplane.memory",
			name, queue, pool->nb_mem_chunks);
		return NULL;
	}
	return pool;
}

static int start_queues(const struct port *port, const char *name)
{
	uint16_t rx_descriptors = DESCRIPTORS, tx_descriptors = DESCRIPTORS;
	const int socket = rte_eth_dev_socket_id(port->id);
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &rx_descriptors, &tx_descriptors);

	if (err != 0)
		return failed(name, "descriptors", err);
	for (uint16_t queue = 0; queue < port->queues; queue++) {
		struct rte_mempool *pool = make_pool(port, name, queue);

		if (pool == NULL)
			return -1;
		err = rte_eth_rx_queue_setup(
			port->id, queue, rx_descriptors, (unsigned)socket, NULL, pool);
		if (err != 0)
			return failed(name,
				port->steer != NULL
					? "dataplane.xdp_program or the socket could not be "
					  "attached, DPDK tells why above"
					: "receive queue",
				err);
		err = rte_eth_tx_queue_setup(
			port->id, queue, tx_descriptors, (unsigned)socket, NULL);
		if (err != 0)
			return failed(name, "transmit queue", err);
	}
	err = rte_eth_dev_start(port->id);
	return err == 0 ? 0 : failed(name, "start", err);
}

static int start_port(struct port *port, const char *name)
{
	const struct rte_eth_conf conf = {0};
	struct rte_eth_dev_info info;

	int err = rte_eth_dev_get_port_by_name(name, &port->id);
	if (err != 0)
		return failed(name, "DPDK did not make it, see above; check dataplane.ports", err);
	err = rte_eth_dev_info_get(port->id, &info);
	if (err != 0)
		return failed(name, "information", err);
	if (port->queues > info.max_rx_queues || port->queues > info.max_tx_queues) {
		log_line(
			"port %s: %u cores need as many queues, it has %u to receive and %u to send",
			name, port->queues, info.max_rx_queues, info.max_tx_queues);
		return -1;
	}
	err = rte_eth_dev_configure(port->id, port->queues, port->queues, &conf);
	if (err != 0)
		return failed(name, "configuration", err);
	return start_queues(port, name);
}

int ports_start(struct ports *ports, const struct ptrd_config_dataplane *dataplane)
{
	for (unsigned i = 0; i < ports->count; i++) {
		char name[64];

		eal_device_name(&dataplane->ports[i], i, name);
		if (start_port(&ports->port[i], name) != 0)
			return -1;
		ports->port[i].started = true;
	}
	return 0;
}

int ports_open(struct ports *ports, const struct frame_services *services)
{
	for (unsigned i = 0; i < ports->count; i++)
		if (ports->port[i].steer != NULL
			&& steer_start(ports->port[i].steer, services->address, services->count)
				!= 0)
			return -1;
	return 0;
}

void ports_check(struct ports *ports)
{
	for (unsigned i = 0; i < ports->count; i++) {
		struct port *port = &ports->port[i];

		if (port->steer == NULL || port->lost || steer_attached(port->steer))
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
		} else if (port->started && rte_eth_dev_stop(port->id) == 0) {
			(void)rte_eth_dev_close(port->id);
		}
	}
}
