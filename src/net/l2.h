/* SPDX-License-Identifier: BSD-3-Clause */
/* net/l2: the last header. */
#ifndef NET_L2_H
#define NET_L2_H

#include <rte_ether.h>

#include "api/types.h"
#include "worker/worker.h"

/* Adds the Ethernet header, from the port's own address, and pushes to TX. Takes m over. */
void l2_push(struct worker *w, struct rte_mbuf *m, uint16_t port, const struct rte_ether_addr *to,
	     be16 type);

#endif
