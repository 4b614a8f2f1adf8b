/* SPDX-License-Identifier: BSD-3-Clause */
/* main/ports: from device blocks to open ports, packet pools, and who polls which queue. */
#ifndef MAIN_PORTS_H
#define MAIN_PORTS_H

#include "link/bond.h"
#include "link/plug.h"
#include "main/eal.h"
#include "worker/worker.h"

#define POOLS_MAX     8  /* NUMA nodes */
#define PORTS_L2_ROOM 64 /* in a packet buffer: Ethernet, VLAN tags, checksum */

/* The devices of the conf file matched with DPDK's ports, and the packet pools for them. */
struct ports {
	unsigned int count;
	struct ports_port {
		struct device_settings device; /* strings are the settings' */
		uint16_t id;                   /* DPDK's */
		uint16_t n_rx, n_tx;
		struct bond bond; /* without members: it is none */
	} port[SETTINGS_DEVICES];
	struct rte_mempool *pools[POOLS_MAX]; /* by NUMA node */
	unsigned int n_workers;
	bool wakes;                /* workers sleep: see ethdev_config */
	struct plug_source source; /* of ports that are added later */
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

/* Ports of DPDK's can be added from now on (`link add`), see ports_plug.c. */
void ports_plug_init(struct ports *ports, struct worker *master);

/* Does the request name a device of DPDK's as it must? 0, or -errno with one sentence in error. */
int ports_plug_check(const struct api_link_add *how, char *error, size_t size);

/* What a device block without a line has. */
extern const struct device_settings ports_device_defaults;

/* Makes the conf file's bondings, each in the place of its devices. 0, or -errno with one sentence
 * in error. */
int ports_bond(struct ports *ports, const struct settings *settings, char *error, size_t size);

/* Configures and starts a port of DPDK's, opening *port. 0, or -errno with one sentence in error.
 */
int ports_open_device(const struct ports *ports, const struct ports_port *what, struct port *port,
		      char *error, size_t size);

#endif
