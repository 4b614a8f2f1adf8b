/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/xmit4: what forwarding modes over IPv4 share. The order matters: first
 * everything that can refuse the packet, since an ICMP error quotes it as it
 * came; then the connection takes notice of it; then it is rewritten; then it
 * goes straight to the neighbour stage, its way being known, or by ip-output
 * if it must be cut.
 *
 * L4 checksums change by difference, so that what was damaged stays damaged.
 * Only what arrives unfinished (from a virtual machine next door: the sender
 * left the checksum to hardware that was never there) gets a whole one, by the
 * port it leaves by or in software.
 */
#include "ipvs/xmit/xmit4.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "net/ip.h"
#include "net/ip4.h"
#include "packet/csum.h"
#include "packet/unfinished.h"
#include "worker/worker.h"

static bool too_long(const struct rte_mbuf *m, const struct nexthop *nexthop)
{
	return m->pkt_len > nexthop->mtu;
}

bool xmit4_way(struct worker *w, struct rte_mbuf *m, const union ip_addr *dst, be32 from,
	       struct nexthop *nexthop)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	struct route_flow flow = route_flow(pkt_meta(m));
	enum route_verdict verdict;

	if (unlikely(pkt_meta(m)->ttl <= 1)) {
		icmp4_send_error(w, m, ICMP_TIME_EXCEEDED, 0, 0, from);
		drop(w, m, DROP_IPVS_TTL);
		return false;
	}
	verdict = route_way(w, AF_INET, dst, &flow, nexthop);
	if (unlikely(verdict != ROUTE_FORWARD)) {
		ip_send_no_way(w, m, verdict, IP_ERROR_HOST,
			       from ? &(union ip_addr){ .v4 = from } : NULL);
		drop(w, m, route_drop_reason(verdict, DROP_IPVS_NO_ROUTE));
		return false;
	}
	if (unlikely(too_long(m, nexthop)) &&
	    (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG))) {
		icmp4_send_error(w, m, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, nexthop->mtu, from);
		drop(w, m, DROP_IPVS_MTU);
		return false;
	}
	return true;
}

/* TTL less one; returns what that makes in the header's checksum. */
static uint32_t age(struct rte_ipv4_hdr *ip)
{
	ip->time_to_live--;
	/* it is the upper half of its 16-bit word */
	return csum_delta16(RTE_BE16(0x0100), 0);
}

void xmit4_age(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

	ip->hdr_checksum = csum_apply(ip->hdr_checksum, age(ip));
}

uint32_t xmit4_rewrite_ip(struct rte_mbuf *m, const struct tuple *to)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	const struct tuple *was = &pkt_meta(m)->tuple;
	uint32_t addresses = csum_delta32(ip->src_addr, to->src.v4) +
			     csum_delta32(ip->dst_addr, to->dst.v4);

	ip->src_addr = to->src.v4;
	ip->dst_addr = to->dst.v4;
	ip->hdr_checksum = csum_apply(ip->hdr_checksum, addresses + age(ip));
	return addresses + csum_delta16(was->sport, to->sport) +
	       csum_delta16(was->dport, to->dport);
}

void xmit4_rewrite_l4(struct rte_mbuf *m, const struct tuple *to, uint32_t delta)
{
	void *l4 = rte_pktmbuf_mtod_offset(m, void *, pkt_meta(m)->l4_off);

	if (to->proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *th = l4;

		th->src_port = to->sport;
		th->dst_port = to->dport;
		if (unlikely(unfinished(m)))
			th->cksum = unfinished_leave(m, RTE_MBUF_F_TX_TCP_CKSUM);
		else
			th->cksum = csum_apply(th->cksum, delta);
	} else {
		struct rte_udp_hdr *uh = l4;

		uh->src_port = to->sport;
		uh->dst_port = to->dport;
		if (unlikely(uh->dgram_cksum && unfinished(m)))
			uh->dgram_cksum = unfinished_leave(m, RTE_MBUF_F_TX_UDP_CKSUM);
		else
			uh->dgram_cksum = csum_apply_udp(uh->dgram_cksum, delta);
	}
}

void xmit4_send(struct worker *w, struct rte_mbuf *m, const struct nexthop *nexthop)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->out_port = nexthop->port;
	meta->nexthop = nexthop->addr;
	meta->mtu = nexthop->mtu;
	meta->flags |= META_LOCAL_OUT;
	if (unlikely(too_long(m, nexthop))) {
		unfinished_finish(m);
		stage_push(w, STAGE_IP_OUTPUT, m); /* cuts it */
		return;
	}
	stage_push(w, STAGE_NEIGH_OUTPUT, m);
}
