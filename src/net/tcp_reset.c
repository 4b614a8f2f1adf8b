/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tcp-reset: the answer to a segment that belongs nowhere (RFC 9293
 * 3.10.7.1). It takes its sequence number from what the segment acknowledges,
 * else acknowledges the segment. Segments with a wrong checksum get none.
 */
#include "net/ip.h"

#include <string.h>

#include <rte_tcp.h>

#include "net/addr.h"
#include "net/ip4_int.h"
#include "net/ip6.h"
#include "net/net.h"
#include "net/route.h"
#include "packet/csum.h"
#include "worker/worker.h"

#define L2_MAX 22 /* Ethernet with two VLAN tags */

/* From one host to one host? */
static bool addresses4(const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);

	return !ip4_is_multicast(ip->dst_addr) && !ip4_is_limited_broadcast(ip->dst_addr) &&
	       !ip4_is_multicast(ip->src_addr) && !ip4_is_reserved(ip->src_addr) &&
	       !ip4_in_net0(ip->src_addr);
}

static bool addresses6(const struct tuple *tuple)
{
	return !ip6_is_multicast(&tuple->dst) && !ip6_is_multicast(&tuple->src) &&
	       !ip_is_zero(&tuple->src);
}

static bool checksum_right(const struct rte_mbuf *m, const struct pkt_meta *meta, be16 csum)
{
	switch (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) {
	case RTE_MBUF_F_RX_L4_CKSUM_GOOD:
	case RTE_MBUF_F_RX_L4_CKSUM_NONE: /* unfinished: from next door, never on a wire */
		return true;
	default:
		return csum_l4(m, meta->tuple.family, meta->l4_off, IPPROTO_TCP) == csum;
	}
}

static bool reset_due(const struct worker *w, const struct rte_mbuf *m, const struct pkt_meta *meta,
		      const struct rte_tcp_hdr *tcp)
{
	const struct tuple *tuple = &meta->tuple;

	if ((meta->flags & (META_FRAGMENT | META_LINK_BROADCAST)) ||
	    (tcp->tcp_flags & RTE_TCP_RST_FLAG))
		return false;
	if (!(tuple->family == AF_INET ? addresses4(m) : addresses6(tuple)) ||
	    addr_is_local(w, tuple->family, &tuple->src))
		return false;
	return checksum_right(m, meta, tcp->cksum);
}

/* Sequence space that a segment takes. */
static uint32_t segment_len(const struct pkt_meta *meta, const struct rte_tcp_hdr *tcp)
{
	uint32_t len = meta->l4_len - (uint32_t)(tcp->data_off >> 4) * 4;

	return len + !!(tcp->tcp_flags & RTE_TCP_SYN_FLAG) + !!(tcp->tcp_flags & RTE_TCP_FIN_FLAG);
}

static void reset_fill(struct rte_tcp_hdr *reset, const struct pkt_meta *meta,
		       const struct rte_tcp_hdr *tcp)
{
	memset(reset, 0, sizeof(*reset));
	reset->src_port = tcp->dst_port;
	reset->dst_port = tcp->src_port;
	reset->data_off = sizeof(*reset) / 4 << 4;
	if (tcp->tcp_flags & RTE_TCP_ACK_FLAG) {
		reset->sent_seq = tcp->recv_ack;
		reset->tcp_flags = RTE_TCP_RST_FLAG;
	} else {
		uint32_t next = rte_be_to_cpu_32(tcp->sent_seq) + segment_len(meta, tcp);

		reset->recv_ack = rte_cpu_to_be_32(next);
		reset->tcp_flags = RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG;
	}
}

static void reset_send4(struct worker *w, struct rte_mbuf *made, const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *about = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	struct rte_ipv4_hdr *ip =
		(struct rte_ipv4_hdr *)rte_pktmbuf_prepend(made, sizeof(struct rte_ipv4_hdr));
	struct rte_tcp_hdr *reset = (struct rte_tcp_hdr *)(ip + 1);

	ip4_header_fill(w, ip, about->dst_addr, about->src_addr, IPPROTO_TCP,
			(uint16_t)made->pkt_len);
	reset->cksum = csum_l4_ip4(made, sizeof(*ip), IPPROTO_TCP);
	ip4_send(w, made);
}

static void reset_send6(struct worker *w, struct rte_mbuf *made, const struct pkt_meta *about)
{
	struct rte_ipv6_hdr *ip =
		(struct rte_ipv6_hdr *)rte_pktmbuf_prepend(made, sizeof(struct rte_ipv6_hdr));
	struct rte_tcp_hdr *reset = (struct rte_tcp_hdr *)(ip + 1);
	struct nexthop back;

	ip6_header_fill(ip, &about->tuple.dst, &about->tuple.src, IPPROTO_TCP, sizeof(*reset));
	reset->cksum = csum_l4_ip6(made, sizeof(*ip), IPPROTO_TCP);
	if (ip6_way_back(w, about, &back)) {
		pkt_meta(made)->out_port = back.port;
		pkt_meta(made)->nexthop = back.addr;
		pkt_meta(made)->mtu = back.mtu;
	}
	ip6_send(w, made);
}

void tcp_send_reset(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *,
								meta->l4_off);
	struct rte_tcp_hdr *reset;
	struct rte_mbuf *made;

	if (!reset_due(w, m, meta, tcp) ||
	    !net_bucket_take(&w->net->reset_bucket, w->net->config.icmp_rate, w->now_ms))
		return;
	made = worker_make_packet(w);
	if (!made)
		return;
	reset = (struct rte_tcp_hdr *)rte_pktmbuf_append(made, sizeof(*reset));
	/* the IP header goes in front, and the frame's in front of that */
	if (!reset || rte_pktmbuf_headroom(made) < sizeof(struct rte_ipv6_hdr) + L2_MAX) {
		drop(w, made, DROP_NO_MBUF);
		return;
	}
	reset_fill(reset, meta, tcp);
	if (meta->tuple.family == AF_INET)
		reset_send4(w, made, m);
	else
		reset_send6(w, made, meta);
}
