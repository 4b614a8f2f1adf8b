/* SPDX-License-Identifier: BSD-3-Clause */
/* net/reassembly: fragments that are for us become the packets that they were. */
#ifndef NET_REASSEMBLY_H
#define NET_REASSEMBLY_H

struct rte_mbuf;
struct worker;

/*
 * A fragment to one of our addresses, its meta set. Takes m: it is kept (and counted as held), goes
 * to the worker where its datagram meets, or ends with a drop reason. The whole packet goes in
 * again by its family's input stage.
 */
void reassembly_take(struct worker *w, struct rte_mbuf *m);

/* Once a turn: gives up what has waited for too long, and tells its sender. */
void reassembly_tick(struct worker *w);

/* Drops all that waits. */
void reassembly_shutdown(struct worker *w);

#endif
