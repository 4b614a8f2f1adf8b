/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip-route: where does a packet go that belongs to no service? To one of
 * our addresses, to the kernel, or on its way, which is looked up here, once,
 * for a vector of them together.
 * Broadcasts and multicasts are the kernel's, where the port has an interface
 * of it (link/kni.h), and nobody's elsewhere; and who forwards nothing is a
 * host, of which the kernel may know more addresses. Link-local addresses of
 * IPv6 mean something on their link only: nothing from or to them goes on to
 * another (RFC 4291 2.5.6), but the kernel may have one.
 */
#include "net/ip.h"

#include "link/kni.h"
#include "net/addr.h"
#include "net/ip4_int.h"
#include "net/ip6.h"
#include "net/maddr.h"
#include "net/net.h"
#include "net/route.h"
#include "net/tunnel_device.h"
#include "worker/worker.h"

static bool is_broadcast(const struct worker *w, const union ip_addr *dst)
{
	return ip4_is_multicast(dst->v4) || ip4_is_limited_broadcast(dst->v4) ||
	       addr_is_broadcast(w, AF_INET, dst);
}

/* A router tells that it has no way; a host keeps silent. */
static void route_refuse(struct worker *w, struct rte_mbuf *m, enum route_verdict verdict)
{
	unsigned int family = pkt_meta(m)->tuple.family;

	if (!net_forwards(w->net, family)) {
		kni_or_drop(w, m, DROP_IP(family, FORWARDING));
		return;
	}
	ip_send_no_way(w, m, verdict, IP_ERROR_NO_ROUTE, NULL);
	drop(w, m, route_drop_reason(verdict, DROP_IP(family, NO_ROUTE)));
}

/* Packets of a family that wait for being looked up together. */
struct waiting {
	unsigned int n;
	struct rte_mbuf *pkts[ROUTE_BURST];
	struct route_packet packets[ROUTE_BURST];
};

static void ip_route_answered(struct worker *w, struct rte_mbuf *m,
			      const struct route_packet *packet)
{
	struct pkt_meta *meta = pkt_meta(m);

	if (packet->verdict == ROUTE_LOCAL) {
		stage_push(w, STAGE_IP_LOCAL, m);
	} else if (packet->verdict == ROUTE_KERNEL) {
		stage_push(w, STAGE_KERNEL_TX, m);
	} else if (likely(packet->verdict == ROUTE_FORWARD)) {
		meta->out_port = packet->nexthop.port;
		meta->nexthop = packet->nexthop.addr;
		meta->mtu = way_mtu(w, meta->out_port, meta->tuple.family, packet->nexthop.mtu);
		stage_push(w, STAGE_IP_FORWARD, m);
	} else {
		route_refuse(w, m, packet->verdict);
	}
}

static void ip_route_waiting(struct worker *w, unsigned int family, struct waiting *waiting)
{
	if (!waiting->n)
		return;
	route_input_many(w, family, waiting->packets, waiting->n);
	for (unsigned int i = 0; i < waiting->n; i++)
		ip_route_answered(w, waiting->pkts[i], &waiting->packets[i]);
	waiting->n = 0;
}

static void ip_route_unicast(struct worker *w, struct waiting *waiting, struct rte_mbuf *m)
{
	waiting->pkts[waiting->n] = m;
	waiting->packets[waiting->n].meta = pkt_meta(m);
	if (++waiting->n == ROUTE_BURST)
		ip_route_waiting(w, pkt_meta(m)->tuple.family, waiting);
}

static void ip4_route_one(struct worker *w, struct waiting *waiting, struct rte_mbuf *m)
{
	if (unlikely(is_broadcast(w, &pkt_meta(m)->tuple.dst)))
		kni_or_drop(w, m, DROP_IP4_BROADCAST);
	else
		ip_route_unicast(w, waiting, m);
}

static void ip6_route_scope(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (net_forwards(w->net, AF_INET6) && !ip6_is_link_local(&meta->tuple.dst) &&
	    !kni_ready(w, meta->in_port))
		ip_send_error(w, m, IP_ERROR_SCOPE, 0, NULL);
	kni_or_drop(w, m, DROP_IP6_SCOPE);
}

static void ip6_route_one(struct worker *w, struct waiting *waiting, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const union ip_addr *src = &meta->tuple.src, *dst = &meta->tuple.dst;

	if (ip6_is_multicast(dst) && maddr_is_member(w, meta->in_port, AF_INET6, dst))
		stage_push(w, STAGE_IP_LOCAL, m);
	else if (ip6_is_multicast(dst))
		kni_or_drop(w, m, DROP_IP6_MULTICAST);
	else if (ip6_is_link_local(dst) && addr_on_port(w, AF_INET6, dst, meta->in_port))
		stage_push(w, STAGE_IP_LOCAL, m);
	else if (ip6_is_link_local(dst) ||
		 (ip6_is_link_local(src) && !addr_is_local(w, AF_INET6, dst)))
		ip6_route_scope(w, m);
	else
		ip_route_unicast(w, waiting, m);
}

void ip_route(struct worker *w, struct batch *in)
{
	struct waiting waiting4, waiting6;

	waiting4.n = waiting6.n = 0;
	for (uint32_t i = 0; i < in->count; i++) {
		if (likely(pkt_meta(in->pkts[i])->tuple.family == AF_INET))
			ip4_route_one(w, &waiting4, in->pkts[i]);
		else
			ip6_route_one(w, &waiting6, in->pkts[i]);
	}
	ip_route_waiting(w, AF_INET, &waiting4);
	ip_route_waiting(w, AF_INET6, &waiting6);
}
