/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/session: the beginning and the end of a connection: everything that one
 * holds besides its entry (local port, its place in the counts of server and
 * local address) is taken and given back here.
 */
#ifndef IPVS_SESSION_H
#define IPVS_SESSION_H

#include "ipvs/conn.h"
#include "ipvs/sched/sched.h"
#include "ipvs/template.h"
#include "ipvs/xmit/xmit.h"

struct rte_mbuf;
struct service;
struct worker;

/*
 * A connection in steps, for vectors of them: what it needs is taken, so that both its tuples are
 * known; its entry is made by whoever does so; the entry gets what the connection is, and its place
 * in all counts. Between the first step and the last, session_leave() gives everything back.
 */
struct session_opening {
	struct xmit_opening wants; /* its tuple `in` is the packet's, and stays there */
	const struct xmit *xmit;
	struct template_decision decision; /* of a persistent service */
};

/* With a server that the scheduler chooses. false: for *reason there can be none, and nothing is
 * held; DROP_IPVS_NO_SERVER: nothing has changed either. */
bool session_take(struct worker *w, struct service *svc, const struct sched_packet *packet,
		  struct session_opening *opening, enum drop_reason *reason);
void session_leave(struct worker *w, const struct session_opening *opening);
void session_enter(struct worker *w, uint32_t id, const struct session_opening *opening);

/* A connection for m, its first packet, with a server of svc. CONN_NONE: m was dropped, with its
 * reason, or is on its way to its client's home. */
uint32_t session_open(struct worker *w, struct rte_mbuf *m, struct service *svc);

/* Gives back what the connection holds, but its entry; for the wheel, which frees that itself. */
void session_release(struct worker *w, uint32_t id);

/* session_release(), and the entry is free. */
void session_close(struct worker *w, uint32_t id);

#endif
