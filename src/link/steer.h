/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/steer: which worker owns a flow. One pure function of the tuple as it
 * arrives, the same on every worker and port: FNAT takes only local ports for
 * which the reply's owner is the worker itself, ICMP errors go to the owner of
 * the quoted packet's answer. A packet that misses and has another owner is
 * handed over, once.
 */
#ifndef LINK_STEER_H
#define LINK_STEER_H

#include "packet/tuple.h"
#include "worker/worker.h"

/* 1 … n_workers. The keyed hash, scaled. */
static inline unsigned int steer_owner(const struct worker *w, const struct tuple *t)
{
	if (w->n_workers == 1)
		return 1;
	return 1 + (unsigned int)(((tuple_hash(&w->flow_key, t) >> 32) * w->n_workers) >> 32);
}

/* Pushes m towards worker `to`. It comes out there in STAGE_IP4_INPUT's successor with its meta,
 * META_HANDED_OVER set. */
void steer_hand_over(struct worker *w, struct rte_mbuf *m, unsigned int to);

#endif
