/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/ports: from device blocks to open ports. A device is named by its vdev
 * or PCI address, else it takes the next of DPDK's ports in their order;
 * without device blocks every port of DPDK's is one, dpdk0, dpdk1 … With
 * worker_defs the file says who polls what; without, worker i has queue i of
 * every port.
 */
#include "main/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "link/ethdev.h"
#include "link/rss.h"

#define MBUF_DATA_ROOM 2048

static int port_of_device(const struct device_settings *device, uint16_t *id)
{
	char name[RTE_ETH_NAME_MAX_LEN];

	snprintf(name, sizeof(name), "%.*s",
		 device->vdev ? (int)strcspn(device->vdev, ",") : (int)sizeof(name) - 1,
		 device->vdev ? device->vdev : device->pci);
	return rte_eth_dev_get_port_by_name(name, id);
}

static bool port_claimed(const struct ports *ports, uint16_t id)
{
	for (unsigned int i = 0; i < ports->count; i++)
		if (ports->port[i].id == id)
			return true;
	return false;
}

static void ports_append(struct ports *ports, const struct device_settings *device, uint16_t id)
{
	ports->port[ports->count++] = (struct ports_port){ .device = *device, .id = id };
}

static int find_named(struct ports *ports, const struct settings *settings, char *error,
		      size_t size)
{
	for (unsigned int i = 0; i < settings->n_devices; i++) {
		const struct device_settings *device = &settings->devices[i];
		uint16_t id;

		if (!device->vdev && !device->pci)
			continue;
		if (port_of_device(device, &id) != 0) {
			snprintf(error, size,
				 "device %s: DPDK has no port for %s \"%s\"; the log says more",
				 device->name, device->vdev ? "vdev" : "pci",
				 device->vdev ? device->vdev : device->pci);
			return -ENODEV;
		}
		ports_append(ports, device, id);
	}
	return 0;
}

static int find_by_order(struct ports *ports, const struct settings *settings, char *error,
			 size_t size)
{
	for (unsigned int i = 0; i < settings->n_devices; i++) {
		const struct device_settings *device = &settings->devices[i];
		bool found = false;
		uint16_t id;

		if (device->vdev || device->pci)
			continue;
		RTE_ETH_FOREACH_DEV(id)
		{
			if (port_claimed(ports, id))
				continue;
			ports_append(ports, device, id);
			found = true;
			break;
		}
		if (!found) {
			snprintf(error, size,
				 "device %s: DPDK has no port left (it found %u); bind one to a "
				 "DPDK driver, or give the device a \"vdev\" or \"pci\"",
				 device->name, rte_eth_dev_count_avail());
			return -ENODEV;
		}
	}
	return 0;
}

const struct device_settings ports_device_defaults = {
	.rx_descriptors = 256,
	.tx_descriptors = 512,
	.rss = "all",
	.fast_free = true,
	.mtu = 1500,
};

/* No device blocks: all ports there are. */
static void find_all(struct ports *ports)
{
	uint16_t id;

	RTE_ETH_FOREACH_DEV(id)
	{
		struct device_settings device = ports_device_defaults;

		if (ports->count == SETTINGS_DEVICES)
			break;
		snprintf(device.name, sizeof(device.name), "dpdk%u", ports->count);
		ports_append(ports, &device, id);
	}
}

/* The highest queue that worker_defs name for a port, + 1. */
static void queues_of_settings(const struct settings *settings, const char *dev, uint16_t *rx,
			       uint16_t *tx)
{
	*rx = 0;
	*tx = 0;
	for (unsigned int i = 0; i < settings->n_workers; i++) {
		const struct worker_settings *worker = &settings->workers[i];

		for (unsigned int p = 0; p < worker->n_ports; p++) {
			const struct worker_port_settings *port = &worker->ports[p];

			if (worker->role != WORKER_ROLE_FORWARD || strcmp(port->dev, dev) != 0)
				continue;
			for (unsigned int q = 0; q < port->n_rx; q++)
				*rx = RTE_MAX(*rx, port->rx[q] + 1);
			for (unsigned int q = 0; q < port->n_tx; q++)
				*tx = RTE_MAX(*tx, port->tx[q] + 1);
		}
	}
}

static void choose_queues(struct ports *ports, const struct settings *settings,
			  struct lcore_plan *plan)
{
	uint16_t rx, tx;

	for (unsigned int i = 0; i < ports->count && !settings->n_workers; i++) {
		ethdev_limits(ports->port[i].id, &rx, &tx);
		plan->n_workers = RTE_MIN(plan->n_workers,
					  (unsigned int)RTE_MAX(1, RTE_MIN(rx, tx)));
	}
	for (unsigned int i = 0; i < ports->count; i++) {
		if (settings->n_workers) {
			queues_of_settings(settings, ports->port[i].device.name, &rx, &tx);
		} else {
			rx = (uint16_t)plan->n_workers;
			tx = rx;
		}
		ports->port[i].n_rx = rx;
		ports->port[i].n_tx = tx;
	}
}

/* What DPDK takes of the key: at most 512, and two thirds of the pool. */
static unsigned int pool_cache(const struct settings *settings)
{
	unsigned int cache = RTE_MIN(settings->pktpool_cache,
				     (unsigned int)RTE_MEMPOOL_CACHE_MAX_SIZE);

	return RTE_MIN(cache, settings->pktpool_size / 3 * 2);
}

static int make_pool(struct ports *ports, const struct settings *settings, unsigned int node,
		     char *error, size_t size)
{
	unsigned int room = MBUF_DATA_ROOM;
	char name[32];

	for (unsigned int i = 0; i < ports->count; i++)
		room = RTE_MAX(room, RTE_ALIGN(ports->port[i].device.mtu + PORTS_L2_ROOM, 64u));
	snprintf(name, sizeof(name), "packets-%u", node);
	ports->pools[node] = rte_pktmbuf_pool_create(
		name, settings->pktpool_size, pool_cache(settings), META_SIZE,
		(uint16_t)(room + RTE_PKTMBUF_HEADROOM), (int)node);
	if (ports->pools[node])
		return 0;
	snprintf(error, size,
		 "no memory for %u packets of %u bytes on NUMA node %u (%s): lower pktpool_size, "
		 "or give more huge pages",
		 settings->pktpool_size, room, node, rte_strerror(rte_errno));
	return -ENOMEM;
}

int ports_find(struct ports *ports, const struct settings *settings, struct lcore_plan *plan,
	       char *error, size_t size)
{
	int r;

	memset(ports, 0, sizeof(*ports));
	r = find_named(ports, settings, error, size);
	if (r == 0)
		r = find_by_order(ports, settings, error, size);
	if (r < 0)
		return r;
	if (settings->n_devices == 0)
		find_all(ports);
	r = ports_bond(ports, settings, error, size);
	if (r < 0)
		return r;
	choose_queues(ports, settings, plan);
	ports->n_workers = plan->n_workers;
	ports->wakes = !settings->poll_busy;
	for (unsigned int i = 0; i < ports->count && r == 0; i++) {
		int node = RTE_MAX(0, rte_eth_dev_socket_id(ports->port[i].id));

		if (node < POOLS_MAX && !ports->pools[node])
			r = make_pool(ports, settings, (unsigned int)node, error, size);
	}
	if (r == 0 && ports->count == 0)
		r = make_pool(ports, settings, 0, error, size);
	return r;
}

struct rte_mempool *ports_pool(const struct ports *ports, int socket)
{
	if (socket >= 0 && socket < POOLS_MAX && ports->pools[socket])
		return ports->pools[socket];
	for (unsigned int i = 0; i < POOLS_MAX; i++)
		if (ports->pools[i])
			return ports->pools[i];
	return NULL;
}

static int bind_from_settings(const struct settings *settings, const char *dev, uint16_t port,
			      const struct lcore_plan *plan, struct worker *const *all)
{
	unsigned int w = 0;
	int r = 0;

	for (unsigned int i = 0; i < settings->n_workers && r == 0; i++) {
		const struct worker_settings *worker = &settings->workers[i];

		if (worker->role != WORKER_ROLE_FORWARD)
			continue;
		w++;
		for (unsigned int p = 0; p < worker->n_ports; p++) {
			const struct worker_port_settings *queues = &worker->ports[p];

			if (strcmp(queues->dev, dev) != 0)
				continue;
			for (unsigned int q = 0; q < queues->n_rx && r == 0; q++)
				r = port_bind_rx(all[w], port, queues->rx[q]);
			if (queues->n_tx)
				port_bind_tx(all[w], port, queues->tx[0]);
		}
	}
	return r;
}

static int bind_queues(const struct settings *settings, const char *dev, uint16_t port,
		       const struct lcore_plan *plan, struct worker *const *all)
{
	int r = 0;

	if (settings->n_workers)
		return bind_from_settings(settings, dev, port, plan, all);
	for (unsigned int i = 1; i <= plan->n_workers && r == 0; i++) {
		r = port_bind_rx(all[i], port, (uint16_t)(i - 1));
		port_bind_tx(all[i], port, (uint16_t)(i - 1));
	}
	return r;
}

/* Drivers that free fast give all packets of a burst back to one pool. */
static bool single_pool(const struct ports *ports)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < POOLS_MAX; i++)
		n += ports->pools[i] != NULL;
	return n == 1;
}

int ports_open_device(const struct ports *ports, const struct ports_port *what, struct port *port,
		      char *error, size_t size)
{
	const struct device_settings *device = &what->device;
	struct ethdev_config config = {
		.name = device->name,
		.id = what->id,
		.n_rx_queues = what->n_rx,
		.n_tx_queues = what->n_tx,
		.rx_descriptors = (uint16_t)device->rx_descriptors,
		.tx_descriptors = (uint16_t)device->tx_descriptors,
		.rss = device->rss,
		.fast_free = device->fast_free && single_pool(ports),
		.promisc = device->promisc,
		.allmulticast = device->allmulticast,
		.wakes = ports->wakes,
		.mtu = (uint16_t)device->mtu,
		.pool = ports_pool(ports, rte_eth_dev_socket_id(what->id)),
		.bond = what->bond.n_members ? &what->bond : NULL,
	};
	char reason[256];
	int r = ethdev_open(&config, port, reason, sizeof(reason));

	if (r < 0)
		snprintf(error, size, "%s %s does not start: %s",
			 what->bond.n_members ? "bonding" : "device", device->name, reason);
	return r;
}

int ports_open(struct ports *ports, const struct settings *settings, const struct lcore_plan *plan,
	       struct worker *const *all, char *error, size_t size)
{
	for (unsigned int i = 0; i < ports->count; i++) {
		struct port port;
		int r = ports_open_device(ports, &ports->port[i], &port, error, size);

		if (r < 0)
			return r;
		r = port_add(all, &port);
		if (r >= 0)
			r = bind_queues(settings, port.name, (uint16_t)r, plan, all);
		if (r < 0) {
			snprintf(error, size, "device %s: %s", port.name, strerror(-r));
			return r;
		}
	}
	if (rss_start(all) == 0)
		return 0;
	snprintf(error, size, "no memory for RSS");
	return -ENOMEM;
}

void ports_close(struct worker *const *all)
{
	struct link *link = all[WORKER_MASTER]->link;

	plug_reap(all);
	for (uint16_t i = 0; i < link->n_ports; i++)
		if (port_exists(link, i))
			link->ports[i].ops->close(link->ports[i].handle);
	link->n_ports = 0;
}

void ports_free(struct ports *ports)
{
	for (unsigned int i = 0; i < POOLS_MAX; i++)
		rte_mempool_free(ports->pools[i]);
	memset(ports, 0, sizeof(*ports));
}
