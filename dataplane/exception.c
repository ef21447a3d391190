#include "exception.h"

#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_log.h>

#include "log.h"

#define DESCRIPTORS 256 /* net_tap keeps as many buffers in hand for each queue */
#define TAP_QUEUES_MAX 16

/* The kernel is to answer for the port: with its address, in frames that fit it. */
static int make_tap(const struct device *port, const char *interface, unsigned index, uint16_t *id)
{
	char name[RTE_ETH_NAME_MAX_LEN], arguments[128], mac[RTE_ETHER_ADDR_FMT_SIZE];
	struct rte_ether_addr address;
	int err = rte_eth_macaddr_get(port->id, &address);

	if (err != 0)
		return device_error(port->name, "MAC address", err);
	rte_ether_format_addr(mac, sizeof(mac), &address);
	(void)snprintf(name, sizeof(name), "net_tap_exception%u", index);
	(void)snprintf(arguments, sizeof(arguments), "iface=%s,mac=%s", interface, mac);
	/* It complains that it cannot offer flow rules, which nobody asks a TAP for. */
	(void)rte_log_set_level_pattern("pmd.net.tap", RTE_LOG_CRIT);
	err = rte_eal_hotplug_add("vdev", name, arguments);
	if (err != 0) {
		log_line("port %s: cannot make its exception interface %s: %s (is the name taken, "
			 "is there /dev/net/tun?)",
			port->name, interface, rte_strerror(-err));
		return -1;
	}
	err = rte_eth_dev_get_port_by_name(name, id);
	return err == 0 ? 0 : device_error(port->name, "exception interface", err);
}

static int copy_mtu(const struct device *port, uint16_t id)
{
	uint16_t mtu = 0, own = 0;

	int err = rte_eth_dev_get_mtu(port->id, &mtu);
	if (err == 0)
		err = rte_eth_dev_get_mtu(id, &own);
	if (err == 0 && own != mtu)
		err = rte_eth_dev_set_mtu(id, mtu);
	return err == 0 ? 0 : device_error(port->name, "MTU of the exception interface", err);
}

int exception_start(const struct device *port, const char *interface, unsigned index, uint16_t *id)
{
	const struct rte_eth_conf conf = {0};
	struct device tap = *port;

	if (port->queues > TAP_QUEUES_MAX) {
		log_line("port %s: %u cores, but an exception interface serves at most %d: give it "
			 "fewer, or exception: false",
			port->name, port->queues, TAP_QUEUES_MAX);
		return -1;
	}
	if (make_tap(port, interface, index, &tap.id) != 0)
		return -1;
	tap.descriptors = DESCRIPTORS;
	if (device_start(&tap, &conf) != 0 || copy_mtu(port, tap.id) != 0)
		return -1;
	*id = tap.id;
	/* Neighbour discovery and routing daemons talk to groups. A driver that cannot filter
	 * them brings them anyway. */
	(void)rte_eth_allmulticast_enable(port->id);
	log_line("port %s: what is no query goes to %s and comes back", port->name, interface);
	return 0;
}
