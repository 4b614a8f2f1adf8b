/* SPDX-License-Identifier: BSD-3-Clause */
/* link/ethdev-wake: see the header. */
#include "link/ethdev_wake.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_pci.h>

bool ethdev_wake_possible(uint16_t id)
{
	char name[PCI_PRI_STR_SIZE], path[PATH_MAX], driver[PATH_MAX];
	struct rte_eth_dev_info info;
	struct rte_pci_addr addr;
	ssize_t n;

	if (rte_eth_dev_info_get(id, &info) != 0)
		return false;
	if (rte_pci_addr_parse(rte_dev_name(info.device), &addr) != 0)
		return true;
	/* its name is as the user has written it, maybe without a domain */
	rte_pci_device_name(&addr, name, sizeof(name));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", name);
	n = readlink(path, driver, sizeof(driver) - 1);
	if (n < 0) /* a driver of DPDK's own, without the kernel's */
		return true;
	driver[n] = '\0';
	return !strstr(driver, "uio");
}

static bool interrupts(uint16_t id, uint16_t queue)
{
	if (rte_eth_dev_rx_intr_enable(id, queue) != 0)
		return false;
	rte_eth_dev_rx_intr_disable(id, queue);
	return rte_eth_dev_rx_intr_ctl_q_get_fd(id, queue) >= 0;
}

static bool shared(uint16_t id, uint16_t queue)
{
	int fd = rte_eth_dev_rx_intr_ctl_q_get_fd(id, queue);

	for (uint16_t other = 0; other < queue; other++)
		if (rte_eth_dev_rx_intr_ctl_q_get_fd(id, other) == fd)
			return true;
	return false;
}

enum ethdev_wake ethdev_wake_find(uint16_t id, uint16_t queues)
{
	struct rte_eth_dev_info info;

	if (rte_eth_dev_info_get(id, &info) != 0)
		return WAKE_NONE;
	if (strcmp(info.driver_name, "net_tap") == 0)
		return WAKE_QUEUE;
	for (uint16_t queue = 0; queue < queues; queue++)
		if (!interrupts(id, queue) || shared(id, queue))
			return WAKE_NONE;
	return queues ? WAKE_INTERRUPT : WAKE_NONE;
}
