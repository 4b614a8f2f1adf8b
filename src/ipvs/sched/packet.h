/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/sched/packet: what a scheduler may look at of a packet that went through IP input. */
#ifndef IPVS_SCHED_PACKET_H
#define IPVS_SCHED_PACKET_H

#include "ipvs/sched/sched.h"

struct rte_mbuf;

struct sched_packet sched_packet_of(const struct worker *w, struct rte_mbuf *m);

#endif
