/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip4-output: packets on their way out, forwarded ones and our own. Whose
 * way is not known yet (meta->nexthop is 0), gets it from the net routes; what
 * is longer than the way allows is cut into fragments.
 */
#include "net/ip4_int.h"

#include "link/port.h"
#include "net/route.h"
#include "worker/worker.h"

static bool ip4_output_route(struct worker *w, struct pkt_meta *meta, be32 dst)
{
	union ip_addr addr = ip_from_v4(dst);
	struct nexthop nexthop;

	if (!route_output(w, AF_INET, &addr, &nexthop))
		return false;
	meta->out_port = nexthop.port;
	meta->nexthop = nexthop.addr;
	meta->mtu = nexthop.mtu;
	return true;
}

static void ip4_output_one(struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	struct pkt_meta *meta = pkt_meta(m);

	if (ip4_is_multicast(ip->dst_addr) || ip4_is_limited_broadcast(ip->dst_addr)) {
		drop(w, m, DROP_IP4_BROADCAST);
		return;
	}
	if ((ip_is_zero(&meta->nexthop) || meta->out_port == PORT_NONE) &&
	    !ip4_output_route(w, meta, ip->dst_addr)) {
		drop(w, m, DROP_IP4_NO_ROUTE);
		return;
	}
	if (likely(meta->mtu == 0 || m->pkt_len <= meta->mtu)) {
		stage_push(w, STAGE_NEIGH_OUTPUT, m);
	} else if (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) {
		drop(w, m, DROP_IP4_MTU);
	} else {
		ip4_fragment(w, m, meta->mtu);
	}
}

void ip4_output(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		ip4_output_one(w, in->pkts[i]);
}
