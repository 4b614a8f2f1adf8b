/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * main/ports-plug: devices of DPDK's that are added while workers run. The
 * device is probed, configured for a queue a worker and started; whatever is
 * refused on the way, the device is given back as it was found. The slow part
 * is the master's alone: workers hear of the port when it is ready.
 */
#include "main/ports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>

#include "api/link.h"
#include "link/ethdev.h"
#include "main/tap.h"

static const struct {
	const char *bus;     /* DPDK's name, and ours in sentences */
	key_check_fn *check; /* of the device's name and arguments */
} kinds[API_LINK__KINDS] = {
	[API_LINK_VDEV] = { "vdev", check_vdev },
	[API_LINK_PCI] = { "pci", check_pci },
};

int ports_plug_check(const struct api_link_add *how, char *error, size_t size)
{
	const char *wrong;

	if (how->kind >= API_LINK__KINDS || !kinds[how->kind].bus) {
		snprintf(error, size, "kind %u is not known", how->kind);
		return -EOPNOTSUPP;
	}
	wrong = kinds[how->kind].check(how->device);
	if (!wrong)
		return 0;
	snprintf(error, size, "%s \"%s\" is not %s", kinds[how->kind].bus, how->device, wrong);
	return -EINVAL;
}

/* What is in the way can be told without touching the device. */
static int plug_check_free(const struct api_link_add *how, const char *name, char *error,
			   size_t size)
{
	uint16_t id;

	if (rte_eth_dev_get_port_by_name(name, &id) == 0) {
		snprintf(error, size, "DPDK has a port \"%s\" already", name);
		return -EEXIST;
	}
	if (rte_eth_dev_count_avail() >= RTE_MAX_ETHPORTS) {
		snprintf(error, size, "DPDK has %u ports, no more are possible", RTE_MAX_ETHPORTS);
		return -ENOSPC;
	}
	if (how->kind == API_LINK_PCI && !rte_eal_has_pci()) {
		snprintf(error, size,
			 "DPDK was started without PCI (--no-pci): name a pci device in the conf "
			 "file, and restart");
		return -ENODEV;
	}
	return how->kind == API_LINK_VDEV ? tap_check_free(how->device, error, size) : 0;
}

static int plug_probe(const struct api_link_add *how, const char *name, uint16_t *id, char *error,
		      size_t size)
{
	const char *bus = kinds[how->kind].bus;
	const char *args = how->device + strlen(name);
	int r = rte_eal_hotplug_add(bus, name, *args == ',' ? args + 1 : "");

	if (r == -EFAULT) { /* DPDK's words for it are "bad address" */
		snprintf(error, size, "DPDK has no driver for %s \"%s\"", bus, name);
		return -ENODEV;
	}
	if (r == -ENOTSUP && how->kind == API_LINK_PCI) {
		snprintf(error, size,
			 "no driver of DPDK's takes pci \"%s\": is it bound to vfio-pci?", name);
		return r;
	}
	if (r < 0) {
		/* many drivers have no better word than -1 */
		snprintf(error, size, "DPDK does not take %s \"%s\"%s%s; the log says more", bus,
			 how->device, r == -1 ? "" : ": ", r == -1 ? "" : strerror(-r));
		return r;
	}
	if (rte_eth_dev_get_port_by_name(name, id) == 0)
		return 0;
	rte_eal_hotplug_remove(bus, name);
	snprintf(error, size, "%s \"%s\" is no port", bus, how->device);
	return -ENODEV;
}

static int plug_open_port(const struct ports *ports, const struct api_link_add *how, uint16_t id,
			  struct port *port, char *error, size_t size)
{
	struct ports_port what = { .device = ports_device_defaults };
	struct device_settings *device = &what.device;
	uint16_t n = (uint16_t)ports->n_workers;
	uint16_t rx, tx;

	memcpy(device->name, how->name, sizeof(device->name));
	device->mtu = how->mtu ? how->mtu : device->mtu;
	device->rx_descriptors = how->rx_descriptors ? how->rx_descriptors : device->rx_descriptors;
	device->tx_descriptors = how->tx_descriptors ? how->tx_descriptors : device->tx_descriptors;
	ethdev_limits(id, &rx, &tx);
	if (tx < n) {
		snprintf(error, size, "transmit queues: it has %u, and there are %u workers", tx,
			 n);
		return -ENOSPC;
	}
	what.id = id;
	what.n_rx = RTE_MIN(rx, n);
	what.n_tx = n;
	return ports_open_device(ports, &what, port, error, size);
}

static int plug_open(void *arg, const struct api_link_add *how, struct port *port, char *error,
		     size_t size)
{
	const struct ports *ports = arg;
	char name[RTE_ETH_NAME_MAX_LEN];
	uint16_t id;
	int r;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(how->device, ","), how->device);
	r = ports_plug_check(how, error, size);
	if (r == 0)
		r = plug_check_free(how, name, error, size);
	if (r == 0)
		r = plug_probe(how, name, &id, error, size);
	if (r < 0)
		return r;
	r = plug_open_port(ports, how, id, port, error, size);
	if (r < 0)
		ethdev_detach(id);
	return r;
}

void ports_plug_init(struct ports *ports, struct worker *master)
{
	ports->source = (struct plug_source){ .open = plug_open, .arg = ports };
	for (unsigned int kind = 0; kind < API_LINK__KINDS; kind++)
		if (kinds[kind].bus)
			plug_source_set(master, (enum api_link_kind)kind, &ports->source);
}
