/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip4-route: where does a packet go that belongs to no service? To one of
 * our addresses, to the kernel, or on its way, which is looked up here, once.
 * Broadcasts and multicasts have no reader as long as there is no kernel
 * interface. kernel-tx, the door to the kernel, is at the end of this file.
 */
#include "net/ip4_int.h"

#include "net/addr.h"
#include "net/icmp4.h"
#include "net/net.h"
#include "net/route_int.h"
#include "worker/worker.h"

static void ip4_route_unknown(struct worker *w, struct rte_mbuf *m)
{
	if (!w->net->config.ip4_forwarding) {
		drop(w, m, DROP_IP4_FORWARDING);
		return;
	}
	icmp4_send_error(w, m, ICMP4_UNREACHABLE, ICMP4_NET_UNREACHABLE, 0, 0);
	drop(w, m, DROP_IP4_NO_ROUTE);
}

static void ip4_route_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	be32 dst = meta->tuple.dst.v4;
	const struct route *route;
	struct nexthop nexthop;

	if (unlikely(ip4_is_multicast(dst) || ip4_is_limited_broadcast(dst) ||
		     addr_is_broadcast(w, AF_INET, &meta->tuple.dst))) {
		drop(w, m, DROP_IP4_BROADCAST);
		return;
	}
	route = route_lookup(w, AF_INET, &meta->tuple.dst);
	if (unlikely(!route)) {
		ip4_route_unknown(w, m);
	} else if (route->type == API_ROUTE_LOCAL) {
		stage_push(w, STAGE_IP4_LOCAL, m);
	} else if (route->type == API_ROUTE_KERNEL) {
		stage_push(w, STAGE_KERNEL_TX, m);
	} else {
		route_nexthop(w, route, &meta->tuple.dst, &nexthop);
		meta->out_port = nexthop.port;
		meta->nexthop = nexthop.addr;
		meta->mtu = nexthop.mtu;
		stage_push(w, STAGE_IP4_FORWARD, m);
	}
}

void ip4_route(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		ip4_route_one(w, in->pkts[i]);
}

void kernel_tx(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		bool is_ip = pkt_meta(in->pkts[i])->flags & META_PARSED;

		drop(w, in->pkts[i], is_ip ? DROP_IP4_NO_LISTENER : DROP_ETH_TYPE);
	}
}
