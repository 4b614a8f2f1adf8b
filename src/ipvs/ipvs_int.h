/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/ipvs_int: what the files that make up the balancing stage share. */
#ifndef IPVS_IPVS_INT_H
#define IPVS_IPVS_INT_H

#include <stdbool.h>
#include <stdint.h>

struct rte_mbuf;
struct worker;

/* An ICMP packet at the balancing stage; takes it over. */
void ipvs_icmp(struct worker *w, struct rte_mbuf *m);
/* The same if it is an echo through a service; false: it is not, and stays the caller's. */
bool ipvs_echo(struct worker *w, struct rte_mbuf *m);

/* Are there services that it could be of? */
bool ipvs_balances_echoes(const struct worker *w);

/* A fragment that has not met the others of its datagram, or is of no TCP and UDP; takes it over.
 */
void ipvs_fragment(struct worker *w, struct rte_mbuf *m);

/* A link-local client's packets stay on their link (RFC 4291 2.5.6). true: m was dropped. */
bool ipvs_leaves_scope(struct worker *w, struct rte_mbuf *m);

/* Ends an established TCP connection that nobody has used for long: a reset to either side. */
void reset_both_sides(struct worker *w, uint32_t id);

/*
 * In overload: m, which would open a connection, is dropped if that must not be, unless the flow
 * stage has seen to that. true: it was. And m belongs to a connection.
 */
bool ipvs_shed(struct worker *w, struct rte_mbuf *m);
void ipvs_shed_hit(struct worker *w, struct rte_mbuf *m);

#endif
