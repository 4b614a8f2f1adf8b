/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip6-header: headers of packets that we make, and their way to the output
 * stage. What we make ourselves is no longer than the link allows for neighbours
 * on it, and than any link allows for all others (RFC 8200 5, RFC 8201 1); a
 * path MTU is learnt for tunnels only, see path_mtu.h.
 */
#include "net/ip6.h"

#include "link/port.h"
#include "net/addr.h"
#include "net/ip6_headers.h"
#include "net/route.h"
#include "net/tunnel_device.h"
#include "worker/worker.h"

#define HOP_LIMIT 64 /* RFC 8504 5.2 by way of RFC 1700: of packets we make */

void ip6_header_fill(struct rte_ipv6_hdr *ip, const union ip_addr *src, const union ip_addr *dst,
		     uint8_t proto, uint16_t l4_len)
{
	ip->vtc_flow = RTE_BE32(0x60000000);
	ip->payload_len = rte_cpu_to_be_16(l4_len);
	ip->proto = proto;
	ip->hop_limits = HOP_LIMIT;
	memcpy(ip->src_addr, src, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, dst, sizeof(ip->dst_addr));
}

void ip6_send(struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv6_hdr *);
	struct pkt_meta *meta = pkt_meta(m);
	uint16_t mtu;

	meta->tuple = (struct tuple){
		.src = ip6_from(ip->src_addr),
		.dst = ip6_from(ip->dst_addr),
		.proto = ip->proto,
		.family = AF_INET6,
	};
	meta->l3_len = IP6_HEADER_LEN;
	meta->l4_off = IP6_HEADER_LEN;
	meta->l4_len = (uint16_t)(m->pkt_len - IP6_HEADER_LEN);
	meta->ttl = ip->hop_limits;
	meta->tos = (uint8_t)(rte_be_to_cpu_32(ip->vtc_flow) >> 20);
	meta->in_port = PORT_NONE;
	meta->flags |= META_PARSED;
	mtu = ip_equal(&meta->nexthop, &meta->tuple.dst) ? meta->mtu : IP6_MTU_MIN;
	if (unlikely(m->pkt_len > mtu && meta->mtu))
		ip6_fragment(w, m, RTE_MIN(mtu, meta->mtu));
	else
		stage_push(w, STAGE_IP_OUTPUT, m);
}

bool ip6_way_back(const struct worker *w, const struct pkt_meta *meta, struct nexthop *nexthop)
{
	const union ip_addr *to = &meta->tuple.src;

	if (!ip6_is_link_local(to)) {
		if (!route_output(w, AF_INET6, to, nexthop))
			return false;
		nexthop->mtu = way_mtu(w, nexthop->port, AF_INET6, nexthop->mtu);
		return true;
	}
	if (!port_exists(w->link, meta->in_port))
		return false;
	*nexthop = (struct nexthop){
		.addr = *to,
		.port = meta->in_port,
		.mtu = w->link->ports[meta->in_port].mtu,
	};
	return true;
}

union ip_addr ip6_answer_from(const struct worker *w, const struct pkt_meta *meta,
			      const struct nexthop *back)
{
	if (addr_is_local(w, AF_INET6, &meta->tuple.dst))
		return meta->tuple.dst;
	if (!ip_is_zero(&back->src))
		return back->src;
	return addr_select(w, AF_INET6, back->port, &meta->tuple.src);
}
