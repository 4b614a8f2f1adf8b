/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/neigh-output: the last stage before TX. Which MAC address has the next
 * hop? Known: the L2 header goes on. Being asked or a stranger: the packet
 * waits. Known not to answer: its sender is told and it is dropped, until the
 * master forgets that. Groups need no neighbour, nor does a tunnel.
 */
#include "net/neigh_int.h"

#include "link/port.h"
#include "net/l2.h"
#include "net/maddr.h"
#include "net/tunnel_device.h"

/* A group has no neighbour to be asked: its MAC address is made of it. */
static void neigh_output_group(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct rte_ether_addr mac = maddr_mac(meta->tuple.family, &meta->nexthop);

	l2_push(w, m, meta->out_port, &mac,
		meta->tuple.family == AF_INET ? RTE_BE16(RTE_ETHER_TYPE_IPV4)
					      : RTE_BE16(RTE_ETHER_TYPE_IPV6));
}

static void neigh_output_one(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct neigh *neigh;

	if (unlikely(meta->out_port >= w->link->n_ports || !w->link->ports[meta->out_port].up)) {
		drop(w, m, port_exists(w->link, meta->out_port) ? DROP_PORT_DOWN : DROP_PORT_GONE);
		return;
	}
	if (unlikely(w->link->ports[meta->out_port].kind == PORT_TUNNEL)) {
		tunnel_device_output(w, m);
		return;
	}
	if (unlikely(maddr_is_group(meta->tuple.family, &meta->nexthop))) {
		neigh_output_group(w, m);
		return;
	}
	neigh = neigh_find(w, meta->tuple.family, &meta->nexthop, meta->out_port);
	if (likely(neigh && neigh_usable(neigh))) {
		__atomic_store_n(&neigh->uses, neigh->uses + 1, __ATOMIC_RELAXED);
		neigh_send(w, neigh, m);
	} else if (neigh && neigh->state == API_NEIGH_FAILED) {
		neigh_unreachable(w, m);
		drop(w, m, DROP_NEIGH_FAILED);
	} else {
		neigh_hold(w, m, neigh);
	}
}

void neigh_output(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		neigh_output_one(w, in->pkts[i]);
}
