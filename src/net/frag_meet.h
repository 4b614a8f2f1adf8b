/* SPDX-License-Identifier: BSD-3-Clause */
/* net/frag_meet: later fragments learn from the first one which ports they belong to. */
#ifndef NET_FRAG_MEET_H
#define NET_FRAG_MEET_H

struct rte_mbuf;
struct worker;

/*
 * A fragment whose meta is set and that has not met the others yet. Takes m: it goes to the worker
 * where its datagram meets, or is held until the first fragment comes, or goes in again by
 * STAGE_IPVS_INPUT with META_FRAGMENT_MET and the first one's protocol and ports in its tuple, as
 * if no other worker had seen it; or it ends with a drop reason.
 */
void frag_meet(struct worker *w, struct rte_mbuf *m);

/* Once a turn: what has waited goes on, and is given up if that took too long. */
void frag_meet_tick(struct worker *w);

/* Drops all that waits. */
void frag_meet_shutdown(struct worker *w);

#endif
