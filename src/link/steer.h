/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * link/steer: which worker owns a flow. One pure function of the tuple as it
 * arrives, the same on every worker and port: FNAT takes only local ports for
 * which the reply's owner is the worker itself, ICMP errors go to the owner of
 * the quoted packet's answer. A packet that misses and has another owner is
 * handed over, once to each that may own it.
 *
 * With ports whose RSS can be told (link/rss) the owner is the worker that RSS
 * delivers the tuple to, so that nothing is handed over; without, it is a keyed
 * hash. RSS must not be trusted to agree: NICs hash fragments and what they do
 * not know by the addresses alone, and those packets are handed over.
 */
#ifndef LINK_STEER_H
#define LINK_STEER_H

#include "link/rss.h"
#include "packet/tuple.h"
#include "worker/worker.h"

/* What all tuples that differ only in their destination port have in common, for steer_owner_of().
 */
static inline uint32_t steer_base(const struct worker *w, const struct tuple *t)
{
	return w->rss ? rss_hash_base(w->rss, t) : 0;
}

/* 1 … n_workers. By RSS's table, or by the keyed hash, scaled. */
static inline unsigned int steer_owner_of(const struct worker *w, uint32_t base,
					  const struct tuple *t)
{
	if (w->n_workers == 1)
		return 1;
	if (w->rss)
		return w->rss->owner[rss_hash_dport(w->rss, base, t) & w->rss->mask];
	return 1 + (unsigned int)(((tuple_hash(&w->flow_key, t) >> 32) * w->n_workers) >> 32);
}

static inline unsigned int steer_owner(const struct worker *w, const struct tuple *t)
{
	return steer_owner_of(w, steer_base(w, t), t);
}

/* Pushes m towards worker `to`. It comes out there in STAGE_IP4_INPUT's successor with its meta,
 * META_HANDED_OVER set. */
void steer_hand_over(struct worker *w, struct rte_mbuf *m, unsigned int to);

#endif
