/* SPDX-License-Identifier: BSD-3-Clause */
/* main/ports: from device blocks to open ports, packet pools, and who polls which queue. */
#ifndef MAIN_PORTS_H
#define MAIN_PORTS_H

#include "main/eal.h"
#include "worker/worker.h"

#define POOLS_MAX 8 /* NUMA nodes */

/* The devices of the conf file matched with DPDK's ports, and the packet pools for them. */
struct ports {
	unsigned int count;
	struct {
		struct device_settings device; /* strings are the settings' */
		uint16_t id;                   /* DPDK's */
		uint16_t n_rx, n_tx;
	} port[SETTINGS_DEVICES];
	struct rte_mempool *pools[POOLS_MAX]; /* by NUMA node */
};

/*
 * Behind rte_eal_init(): finds the ports, cuts a derived number of workers down to what every port
 * can give a queue each, and makes the pools. 0 or -errno with one sentence in error.
 */
int ports_find(struct ports *ports, const struct settings *settings, struct lcore_plan *plan,
	       char *error, size_t size);

/* The pool near a NUMA node; any, if that has none. */
struct rte_mempool *ports_pool(const struct ports *ports, int socket);

/* Opens all ports into the workers' views and binds their queues. On failure those opened stay for
 * ports_close(). */
int ports_open(struct ports *ports, const struct settings *settings, const struct lcore_plan *plan,
	       struct worker *const *all, char *error, size_t size);
void ports_close(struct worker *const *all);
void ports_free(struct ports *ports);

#endif
