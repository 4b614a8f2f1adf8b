/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/ethdev-overruns: frames that a NIC lost before any queue, since its own
 * memory was full: bursts that the bus did not take fast enough. DPDK's common
 * counters have none for them.
 */
#ifndef LINK_ETHDEV_OVERRUNS_H
#define LINK_ETHDEV_OVERRUNS_H

#include <stdbool.h>
#include <stdint.h>

#define ETHDEV_OVERRUNS 16 /* counters of one port, or of a bonding's members */

struct ethdev_overruns {
	struct {
		uint16_t port;
		uint64_t counter;
	} of[ETHDEV_OVERRUNS];
	unsigned int n; /* 0: the driver has no such counter */
};

/* Is the driver's counter of this name one of frames lost so? */
bool ethdev_overruns_named(const char *name);

/* Adds those of DPDK's port `id`, which is configured. */
void ethdev_overruns_find(uint16_t id, struct ethdev_overruns *overruns);

/* Their sum now. */
uint64_t ethdev_overruns_read(const struct ethdev_overruns *overruns);

#endif
