/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/ethdev-wake: how a port of DPDK's wakes a worker that sleeps. Interrupts
 * are wanted of each queue by itself: one that others share would be taken back
 * by a worker that is busy while another sleeps on it.
 */
#ifndef LINK_ETHDEV_WAKE_H
#define LINK_ETHDEV_WAKE_H

#include <stdbool.h>
#include <stdint.h>

enum ethdev_wake {
	WAKE_NONE,
	WAKE_QUEUE,     /* its queues are descriptors */
	WAKE_INTERRUPT, /* a descriptor of each, once it is told to */
};

/* May it be configured with interrupts? Not by the kernel's UIO, which has one for all, and whose
 * refusal virtio's driver does not survive. */
bool ethdev_wake_possible(uint16_t id);

/* Of a port that has started with them and so many receive queues. */
enum ethdev_wake ethdev_wake_find(uint16_t id, uint16_t queues);

#endif
