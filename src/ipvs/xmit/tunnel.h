/* SPDX-License-Identifier: BSD-3-Clause */
/* ipvs/xmit/tunnel: the mode's steps, for packets that belong to a connection but are not of it. */
#ifndef IPVS_XMIT_TUNNEL_H
#define IPVS_XMIT_TUNNEL_H

#include "net/route.h"
#include "packet/encap.h"

struct dest;
struct rte_mbuf;
struct worker;

struct tunnel_way {
	struct nexthop nexthop;
	struct encap encap;
};

/* What the server's settings make of the headers; the source is still zero. */
struct encap tunnel_encap(const struct dest *dest);

/* The outer packet's source on this way, into *encap. false: there is none. */
bool tunnel_source(const struct worker *w, const struct nexthop *nexthop, struct encap *encap);

/* As xmit_way(): the way to the server's end of the tunnel. false: m was dropped. */
bool tunnel_way(struct worker *w, struct rte_mbuf *m, const struct dest *dest,
		const union ip_addr *from, struct tunnel_way *way);

/* TTL less one, wrapped up, and on to the neighbour. */
void tunnel_send(struct worker *w, struct rte_mbuf *m, const struct tunnel_way *way);

/* GUE: the source port of all packets of this flow. */
be16 tunnel_sport(uint64_t tuple_hash);

/*
 * An ICMP error, of which nothing is known but that: is it about a packet that we have wrapped up?
 * Then its client is told in his own words, here or by the connection's owner, and m is gone: true.
 */
bool tunnel_error(struct worker *w, struct rte_mbuf *m);

#endif
