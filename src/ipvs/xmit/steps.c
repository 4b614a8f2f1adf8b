/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ipvs/steps: what forwarding modes share. The order matters: first everything
 * that can refuse the packet, since an ICMP error quotes it as it came; then
 * the connection takes notice of it; then it is rewritten; then it goes
 * straight to the neighbour stage, its way being known, or by ip-output if it
 * must be cut (IPv4 only).
 *
 * L4 checksums change by difference, so that what was damaged stays damaged.
 * Only what arrives unfinished (from a virtual machine next door: the sender
 * left the checksum to hardware that was never there) gets a whole one, by the
 * port it leaves by or in software.
 */
#include "ipvs/xmit/steps.h"

#include <netinet/in.h>

#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "ipvs/proto/echo.h"
#include "ipvs/xmit/xmit.h"
#include "ipvs/ipvs.h"
#include "net/ip.h"
#include "net/ip4.h"
#include "net/ip6.h"
#include "net/ip6_headers.h"
#include "net/path_mtu.h"
#include "net/tunnel_device.h"
#include "packet/csum.h"
#include "packet/sctp.h"
#include "packet/unfinished.h"
#include "worker/worker.h"

static bool too_long(const struct rte_mbuf *m, const struct nexthop *nexthop)
{
	return m->pkt_len > nexthop->mtu;
}

bool xmit_open_as_is(struct worker *w, struct xmit_opening *opening, enum drop_reason *reason)
{
	opening->out = tuple_reverse(opening->in);
	return true;
}

uint8_t xmit_ttl_step(const struct worker *w)
{
	return !w->ipvs->config.keep_ttl;
}

bool xmit_way(struct worker *w, struct rte_mbuf *m, const union ip_addr *dst,
	      const union ip_addr *from, struct nexthop *nexthop)
{
	return xmit_way_inside(w, m, pkt_meta(m)->tuple.family, dst, 0, from, nexthop);
}

bool xmit_way_inside(struct worker *w, struct rte_mbuf *m, unsigned int family,
		     const union ip_addr *dst, uint16_t more, const union ip_addr *from,
		     struct nexthop *nexthop)
{
	unsigned int inner = pkt_meta(m)->tuple.family;

	if (!xmit_way_to(w, m, family, dst, from, nexthop))
		return false;
	if (more)
		nexthop->mtu = path_mtu_limit(w, family, dst, nexthop->mtu);
	if (unlikely(m->pkt_len + more > nexthop->mtu) && !ip_may_be_cut(m, inner, more != 0)) {
		ip_send_error(w, m, IP_ERROR_TOO_BIG, ip_inner_mtu(inner, nexthop->mtu, more),
			      from);
		drop(w, m, DROP_IPVS_MTU);
		return false;
	}
	return true;
}

bool xmit_way_to(struct worker *w, struct rte_mbuf *m, unsigned int family,
		 const union ip_addr *dst, const union ip_addr *from, struct nexthop *nexthop)
{
	struct route_flow flow = route_flow(pkt_meta(m));
	enum route_verdict verdict;

	if (unlikely(pkt_meta(m)->ttl <= xmit_ttl_step(w))) {
		ip_send_error(w, m, IP_ERROR_TTL, 0, from);
		drop(w, m, DROP_IPVS_TTL);
		return false;
	}
	verdict = route_way(w, family, dst, &flow, nexthop);
	if (unlikely(verdict != ROUTE_FORWARD)) {
		ip_send_no_way(w, m, verdict, IP_ERROR_HOST, from);
		drop(w, m, route_drop_reason(verdict, DROP_IPVS_NO_ROUTE));
		return false;
	}
	nexthop->mtu = way_mtu(w, nexthop->port, family, nexthop->mtu);
	return true;
}

/* TTL less `step`; returns what that makes in the header's checksum. */
static uint32_t age4(struct rte_ipv4_hdr *ip, uint8_t step)
{
	ip->time_to_live -= step;
	/* it is the upper half of its 16-bit word */
	return csum_delta16(rte_cpu_to_be_16((uint16_t)(step << 8)), 0);
}

void xmit_age(const struct worker *w, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

	if (unlikely(pkt_meta(m)->tuple.family == AF_INET6))
		rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *)->hop_limits -= xmit_ttl_step(w);
	else
		ip->hdr_checksum = csum_apply(ip->hdr_checksum, age4(ip, xmit_ttl_step(w)));
}

static uint32_t rewrite_ip4(struct rte_ipv4_hdr *ip, const struct tuple *to, uint8_t step)
{
	uint32_t delta = csum_delta32(ip->src_addr, to->src.v4) +
			 csum_delta32(ip->dst_addr, to->dst.v4);

	ip->src_addr = to->src.v4;
	ip->dst_addr = to->dst.v4;
	ip->hdr_checksum = csum_apply(ip->hdr_checksum, delta + age4(ip, step));
	return delta;
}

static uint32_t rewrite_ip6(struct rte_ipv6_hdr *ip, const struct tuple *was,
			    const struct tuple *to, uint8_t step)
{
	memcpy(ip->src_addr, &to->src, sizeof(ip->src_addr));
	memcpy(ip->dst_addr, &to->dst, sizeof(ip->dst_addr));
	ip->hop_limits -= step;
	return csum_delta128(&was->src, &to->src) + csum_delta128(&was->dst, &to->dst);
}

uint32_t xmit_rewrite_ip(const struct worker *w, struct rte_mbuf *m, const struct tuple *to)
{
	uint8_t step = xmit_ttl_step(w);
	const struct tuple *was = &pkt_meta(m)->tuple;
	uint32_t delta = csum_delta16(was->sport, to->sport) + csum_delta16(was->dport, to->dport);

	if (unlikely(was->family == AF_INET6))
		return delta +
		       rewrite_ip6(rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *), was, to, step);
	return delta + rewrite_ip4(rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *), to, step);
}

/* An unfinished one of IPv6 is finished here: with extension headers no port could. */
static be16 l4_checksum(struct rte_mbuf *m, be16 csum, uint32_t delta, uint8_t proto)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (unlikely(unfinished(m)) && !(meta->flags & META_FRAGMENT)) {
		if (meta->tuple.family == AF_INET)
			return unfinished_leave(m, proto == IPPROTO_TCP ? RTE_MBUF_F_TX_TCP_CKSUM
									: RTE_MBUF_F_TX_UDP_CKSUM);
		m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
		return csum_l4_ip6(m, meta->l4_off, proto);
	}
	return proto == IPPROTO_TCP ? csum_apply(csum, delta) : csum_apply_udp(csum, delta);
}

bool xmit_needs_whole(struct rte_mbuf *m, const struct tuple *to)
{
	const struct pkt_meta *meta = pkt_meta(m);

	return unlikely(meta->flags & META_FRAGMENT) && meta->tuple.proto == IPPROTO_SCTP &&
	       (meta->tuple.sport != to->sport || meta->tuple.dport != to->dport);
}

void xmit_rewrite_l4(struct rte_mbuf *m, const struct tuple *to, uint32_t delta)
{
	void *l4 = rte_pktmbuf_mtod_offset(m, void *, pkt_meta(m)->l4_off);

	if (unlikely(proto_is_icmp(to->proto))) {
		echo_set_id(l4, to, delta);
		return;
	}
	if (unlikely(to->proto == IPPROTO_SCTP)) {
		unfinished_pass_on(m);
		sctp_set_ports(m, to->sport, to->dport);
		return;
	}
	if (to->proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *th = l4;

		th->src_port = to->sport;
		th->dst_port = to->dport;
		th->cksum = l4_checksum(m, th->cksum, delta, IPPROTO_TCP);
	} else {
		struct rte_udp_hdr *uh = l4;

		uh->src_port = to->sport;
		uh->dst_port = to->dport;
		if (uh->dgram_cksum)
			uh->dgram_cksum = l4_checksum(m, uh->dgram_cksum, delta, IPPROTO_UDP);
	}
}

static void rename4(struct rte_ipv4_hdr *ip, be16 id)
{
	ip->hdr_checksum = csum_apply(ip->hdr_checksum, csum_delta16(ip->packet_id, id));
	ip->packet_id = id;
}

void xmit_rename(struct worker *w, struct rte_mbuf *m, const struct tuple *to, uint16_t mtu)
{
	const struct pkt_meta *meta = pkt_meta(m);
	bool met = meta->flags & META_FRAGMENT_MET, six = meta->tuple.family == AF_INET6;

	if (likely(!met && m->pkt_len <= mtu) || ip_equal(&meta->tuple.src, &to->src))
		return;
	if (!six)
		rename4(rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *),
			met ? meta->fragment_id4 : ip4_next_id(w));
	else if (met)
		rte_pktmbuf_mtod_offset(m, struct ip6_fragment_header *,
					meta->fragment_at - IP6_FRAGMENT_LEN)
			->id = meta->fragment_id6;
}

void xmit_send(struct worker *w, struct rte_mbuf *m, const struct nexthop *nexthop)
{
	struct pkt_meta *meta = pkt_meta(m);

	meta->out_port = nexthop->port;
	meta->nexthop = nexthop->addr;
	meta->mtu = nexthop->mtu;
	meta->flags |= META_LOCAL_OUT;
	if (unlikely(too_long(m, nexthop))) {
		unfinished_finish(m);
		if (meta->tuple.family ==
		    AF_INET6) { /* it starts here: a tunnel's, or it was IPv4 */
			ip6_fragment(w, m, nexthop->mtu);
			return;
		}
		stage_push(w, STAGE_IP_OUTPUT, m); /* cuts it */
		return;
	}
	stage_push(w, STAGE_NEIGH_OUTPUT, m);
}
