#include "device.h"

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "log.h"

int device_error(const char *name, const char *what, int error)
{
	log_line("port %s: %s: %s", name, what, rte_strerror(error < 0 ? -error : error));
	return -1;
}

static int set_up_queues(const struct device *device)
{
	uint16_t rx_descriptors = device->descriptors, tx_descriptors = device->descriptors;
	const unsigned socket = (unsigned)rte_eth_dev_socket_id(device->id);
	int err = rte_eth_dev_adjust_nb_rx_tx_desc(device->id, &rx_descriptors, &tx_descriptors);

	if (err != 0)
		return device_error(device->name, "descriptors", err);
	for (uint16_t queue = 0; queue < device->queues; queue++) {
		err = rte_eth_rx_queue_setup(
			device->id, queue, rx_descriptors, socket, NULL, device->pools[queue]);
		if (err != 0)
			return device_error(device->name,
				"receive queue, DPDK may tell why above (of an interface it is the "
				"XDP program or its socket)",
				err);
		err = rte_eth_tx_queue_setup(device->id, queue, tx_descriptors, socket, NULL);
		if (err != 0)
			return device_error(device->name, "transmit queue", err);
	}
	return 0;
}

int device_start(const struct device *device, const struct rte_eth_conf *conf)
{
	int err = rte_eth_dev_configure(device->id, device->queues, device->queues, conf);

	if (err != 0)
		return device_error(device->name, "configuration", err);
	if (set_up_queues(device) != 0)
		return -1;
	err = rte_eth_dev_start(device->id);
	return err == 0 ? 0 : device_error(device->name, "start", err);
}
