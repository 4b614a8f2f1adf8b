/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs_rig: a master and N workers that have nothing but tables of services
 * and connections, without EAL and threads: ops are applied to all of them at
 * once. For tests of what ops do.
 */
#ifndef LIB_IPVS_RIG_H
#define LIB_IPVS_RIG_H

#include "ipvs/ipvs.h"
#include "ipvs/service_int.h"
#include "net/net.h"
#include "worker/worker.h"

#define IPVS_RIG_WORKERS 8
#define IPVS_RIG_CONNS   4096 /* of each worker */

struct ipvs_rig {
	struct worker *all[IPVS_RIG_WORKERS + 1];
	struct ipvs ipvs[IPVS_RIG_WORKERS + 1];
	struct net net[IPVS_RIG_WORKERS + 1]; /* addresses alone, none */
	unsigned int n_workers;
};

/* Asserts that it works. */
struct ipvs_rig *ipvs_rig_create(unsigned int n_workers);
void ipvs_rig_destroy(struct ipvs_rig *rig);

static inline struct service_table *ipvs_rig_table(const struct ipvs_rig *rig, unsigned int worker)
{
	return rig->ipvs[worker].services;
}

/* A connection of that server begins, as when a scheduler has chosen it. */
static inline void ipvs_rig_conn_new(struct dest *dest, struct conn *conn)
{
	dest_place_take_over(dest);
	dest_conn_new(dest, conn);
}

/* 10.0.0.0 + n, as an address. */
union ip_addr ipvs_rig_ip(uint32_t n);

#endif
