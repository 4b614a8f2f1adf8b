/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/steps: what every forwarding mode needs, of both families, in the order
 * in which it is needed: the checks before a packet is touched, the rewrite,
 * the way out.
 */
#ifndef IPVS_XMIT_STEPS_H
#define IPVS_XMIT_STEPS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/route.h"
#include "packet/drop.h"
#include "packet/tuple.h"

struct rte_mbuf;
struct worker;
struct xmit_opening;

/* The `open` of modes in which answers are not seen: nothing is needed, and the second tuple is the
 * reverse of the first. */
bool xmit_open_as_is(struct worker *w, struct xmit_opening *opening, enum drop_reason *reason);

/*
 * May m go to dst, of its own family, on a way that takes its size, with TTL to spare? Finds the
 * way. false: m was dropped, and its sender told why by ICMP from `from` (the virtual address).
 */
bool xmit_way(struct worker *w, struct rte_mbuf *m, const union ip_addr *dst,
	      const union ip_addr *from, struct nexthop *nexthop);

/* The same where `more` bytes of headers come in front of m, the first of `family`, dst's; an error
 * tells the size of the inner packet. */
bool xmit_way_inside(struct worker *w, struct rte_mbuf *m, unsigned int family,
		     const union ip_addr *dst, uint16_t more, const union ip_addr *from,
		     struct nexthop *nexthop);

/* The same whatever m's size; dst is of `family`. */
bool xmit_way_to(struct worker *w, struct rte_mbuf *m, unsigned int family,
		 const union ip_addr *dst, const union ip_addr *from, struct nexthop *nexthop);

/* What is taken from the TTL or hop limit of what is forwarded: 1, or 0 by key xmit_ttl. */
uint8_t xmit_ttl_step(const struct worker *w);

/* TTL or hop limit less that, and nothing else. */
void xmit_age(const struct worker *w, struct rte_mbuf *m);

/*
 * IP header: source and destination of `to`, TTL less a step, and IPv4's checksum by difference.
 * Returns the difference that the addresses and ports of `to` make in the L4 checksum.
 */
uint32_t xmit_rewrite_ip(const struct worker *w, struct rte_mbuf *m, const struct tuple *to);

/* Is m a fragment whose checksum cannot follow: SCTP's changes with the ports, by an amount that
 * depends on the length of the whole? */
bool xmit_needs_whole(struct rte_mbuf *m, const struct tuple *to);

/* TCP, UDP, SCTP or an echo: the ports or the id of `to`, and the checksum by delta (SCTP: by the
 * ports), or its computation left to the way out if it arrived unfinished. */
void xmit_rewrite_l4(struct rte_mbuf *m, const struct tuple *to, uint32_t delta);

/*
 * m, still of its old tuple, leaves as one of `to`. Fragments that did not come from there get the
 * identification that their datagram has been given (net/frag_meet), and so does what will be cut
 * for an MTU: others send from there, too.
 */
void xmit_rename(struct worker *w, struct rte_mbuf *m, const struct tuple *to, uint16_t mtu);

/* On to the neighbour. */
void xmit_send(struct worker *w, struct rte_mbuf *m, const struct nexthop *nexthop);

#endif
