/* SPDX-License-Identifier: BSD-3-Clause */
/* link/ethdev: a port of DPDK's, whatever the driver. Opened and closed by the master, while no
 * worker uses it. */
#ifndef LINK_ETHDEV_H
#define LINK_ETHDEV_H

#include "link/bond.h"
#include "link/port.h"

struct ethdev_config {
	const char *name; /* ours */
	uint16_t id;      /* DPDK's port id */
	uint16_t n_rx_queues, n_tx_queues;
	uint16_t rx_descriptors, tx_descriptors;
	const char *rss; /* "all", or classes joined by '|' */
	bool fast_free, promisc, allmulticast;
	bool wakes; /* workers sleep: frames interrupt, where the driver can */
	uint16_t mtu;
	struct rte_mempool *pool;
	const struct bond *bond; /* copied; NULL: it is none */
};

/* How many queues the port can have. */
void ethdev_limits(uint16_t id, uint16_t *rx_queues, uint16_t *tx_queues);

/*
 * Configures and starts the port and fills *port. 0, or -errno with one sentence in error (size
 * bytes): what the driver refused. What the driver lacks (RSS, offloads, multicast filters) is done
 * without.
 */
int ethdev_open(const struct ethdev_config *config, struct port *port, char *error, size_t size);

/* Do these offloads of a driver's make one packet of several? */
bool ethdev_joins(uint64_t rx_offloads);

/* Gives back a port of DPDK's that is not open, and its device unless that has other ports. */
void ethdev_detach(uint16_t id);

#endif
