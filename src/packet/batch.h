/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * packet/batch: a vector of mbufs on its way to one stage. Owned by the worker;
 * the stage that takes a batch owns its packets until each has been pushed to a
 * later stage, stored or dropped.
 */
#ifndef PACKET_BATCH_H
#define PACKET_BATCH_H

#include <stdint.h>

struct rte_mbuf;

#define BATCH_BURST 32  /* taken from a receive queue or ring at once */
#define BATCH_MAX   512 /* a burst, what it makes, and what a neighbour releases */

struct batch {
	uint32_t count;
	struct rte_mbuf *pkts[BATCH_MAX];
};

#endif
