/* SPDX-License-Identifier: BSD-3-Clause */
/* link/ethdev-mtu: how long packets of a port of DPDK's may be, and what says so. */
#ifndef LINK_ETHDEV_MTU_H
#define LINK_ETHDEV_MTU_H

#include <stddef.h>
#include <stdint.h>

#include "link/bond.h"

struct rte_mempool;

/*
 * The largest MTU that the port takes with packet buffers of that pool. Into why (size bytes), what
 * limits it and what makes room, as the end of a sentence behind a number. bond: without members,
 * it is none.
 */
uint16_t ethdev_mtu_limit(uint16_t id, const struct bond *bond, const struct rte_mempool *pool,
			  char *why, size_t size);

/* 0 or -errno; for an MTU that ethdev_mtu_limit() allows. */
int ethdev_mtu_set(uint16_t id, const struct bond *bond, uint16_t mtu);

#endif
