/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net_rig: a master and workers with ports, addresses, routes and neighbours,
 * without EAL and threads: ops are applied to all of them at once. The ports
 * are down, so that nothing is sent. Requests go the way that the startup
 * block's go.
 */
#ifndef LIB_NET_RIG_H
#define LIB_NET_RIG_H

#include "control/control.h"
#include "link/port.h"
#include "net/net.h"
#include "worker/worker.h"

#define NET_RIG_WORKERS 3
#define NET_RIG_PORTS   3 /* dpdk0 … dpdk2, MTU 1500 */

struct net_rig {
	struct worker *all[NET_RIG_WORKERS + 1];
	char error[512];                            /* of the last request that failed */
	void (*between_pages)(struct net_rig *rig); /* called by net_rig_list(), if set */
};

struct net_rig *net_rig_create(uint32_t neigh_max);
void net_rig_destroy(struct net_rig *rig);

/* 0 or -errno, then the sentence is in rig->error. */
int net_rig_request(struct net_rig *rig, enum api_id id, const void *body, uint32_t len);

/* Items of a LIST request into out, which has room for max of them of that size; how many. */
unsigned int net_rig_list(struct net_rig *rig, enum api_id id, const struct api_filter *filter,
			  void *out, size_t size, unsigned int max);

/* "10.0.0.0" */
union api_ip net_rig_ip(const char *text);

#endif
