/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/ethdev_rig: see the header. */
#include "packet/ethdev_rig.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "lib/unit.h"

struct ethdev_config ethdev_rig_make(const struct harness *h, const char *name, const char *device,
				     const char *words)
{
	struct ethdev_config config = {
		.name = name,
		.n_rx_queues = 1,
		.n_tx_queues = 1,
		.rx_descriptors = 64,
		.tx_descriptors = 64,
		.rss = "all",
		.mtu = 1500,
		.pool = h->pool,
	};

	assert_int_equal(rte_eal_hotplug_add("vdev", device, words), 0);
	assert_int_equal(rte_eth_dev_get_port_by_name(device, &config.id), 0);
	return config;
}

void ethdev_rig_open(const struct ethdev_config *config, struct port *port)
{
	char error[256] = "";
	int r = ethdev_open(config, port, error, sizeof(error));

	if (r != 0)
		fail_msg("%s: %d, %s", config->name, r, error);
}
