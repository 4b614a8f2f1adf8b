/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/home: the first packet of a connection of a persistent service asks its
 * client's home (template.h) which server it gets: it goes there by ring with
 * the question in its meta, and comes back with the answer, to the worker that
 * opens the connection and that all later packets find by themselves. Where the
 * home is that worker itself, nothing travels.
 */
#ifndef IPVS_HOME_H
#define IPVS_HOME_H

#include <stdbool.h>

#include "packet/meta.h"

struct rte_mbuf;
struct sched_packet;
struct service;
struct template_decision;
struct worker;

/* Is m a question to this worker? Then home_answer() takes it over. */
static inline bool home_is_asked(const struct pkt_meta *meta)
{
	return meta->flags & META_HOME_ASKED;
}

void home_answer(struct worker *w, struct rte_mbuf *m);

/* Has m been asked about already, so that this worker is the one that opens its connection? */
static inline bool home_has_answered(const struct pkt_meta *meta)
{
	return meta->flags & META_HOME_ANSWERED;
}

/*
 * m opens a connection of svc, which is persistent. false: m is on its way to its home, or was
 * dropped. decision->dest may be DEST_NONE: no server is usable.
 */
bool home_decide(struct worker *w, struct rte_mbuf *m, struct service *svc,
		 const struct sched_packet *packet, struct template_decision *decision);

/*
 * m, a later fragment of no connection, is to a service that is persistent: its first fragment may
 * be at its home, and open the connection when it is back. true: m follows it there.
 */
bool home_follow(struct worker *w, struct rte_mbuf *m, const struct service *svc);

#endif
