/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip-output: packets on their way out, forwarded ones and our own. Whose
 * way is not known yet (meta->nexthop is 0), gets it from the net routes; what
 * is longer than the way allows is cut into fragments.
 */
#include "net/ip.h"

#include "link/port.h"
#include "net/ip4_int.h"
#include "net/ip6.h"
#include "net/net.h"
#include "net/route.h"
#include "worker/worker.h"

static bool has_way(const struct pkt_meta *meta)
{
	return !ip_is_zero(&meta->nexthop) && meta->out_port != PORT_NONE;
}

/* false: m was dropped, there is no way to dst. */
static bool output_route(struct worker *w, struct rte_mbuf *m, const union ip_addr *dst)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct route_flow flow = route_flow(meta);
	enum route_verdict verdict;
	struct nexthop nexthop;

	if (has_way(meta))
		return true;
	verdict = route_way(w, meta->tuple.family, dst, &flow, &nexthop);
	if (unlikely(verdict != ROUTE_FORWARD)) {
		drop(w, m, route_drop_reason(verdict, DROP_IP(meta->tuple.family, NO_ROUTE)));
		return false;
	}
	meta->out_port = nexthop.port;
	meta->nexthop = nexthop.addr;
	meta->mtu = nexthop.mtu;
	return true;
}

static void ip4_output_one(struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	union ip_addr dst = ip_from_v4(ip->dst_addr);
	struct pkt_meta *meta = pkt_meta(m);

	if (ip4_is_multicast(ip->dst_addr) || ip4_is_limited_broadcast(ip->dst_addr))
		drop(w, m, DROP_IP4_BROADCAST);
	else if (!output_route(w, m, &dst))
		return;
	else if (likely(meta->mtu == 0 || m->pkt_len <= meta->mtu))
		stage_push(w, STAGE_NEIGH_OUTPUT, m);
	else if (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG))
		drop(w, m, DROP_IP4_MTU);
	else
		ip4_fragment(w, m, meta->mtu);
}

/* What is to a group or a link-local address has its way already: routes do not know the link. */
static void ip6_output_one(struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	struct pkt_meta *meta = pkt_meta(m);
	union ip_addr dst;

	memcpy(&dst, ip->dst_addr, sizeof(dst));
	if (unlikely(w->net->config.ip6_disable))
		drop(w, m, DROP_IP6_DISABLED);
	else if (!has_way(meta) && (ip6_is_multicast(&dst) || ip6_is_link_local(&dst)))
		drop(w, m, DROP_IP6_SCOPE);
	else if (!output_route(w, m, &dst))
		return;
	else if (likely(meta->mtu == 0 || m->pkt_len <= meta->mtu))
		stage_push(w, STAGE_NEIGH_OUTPUT, m);
	else
		drop(w, m, DROP_IP6_MTU);
}

void ip_output(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		if (likely(pkt_meta(in->pkts[i])->tuple.family == AF_INET))
			ip4_output_one(w, in->pkts[i]);
		else
			ip6_output_one(w, in->pkts[i]);
	}
}
