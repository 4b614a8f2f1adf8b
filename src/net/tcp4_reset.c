/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tcp4-reset: the answer to a segment that belongs nowhere (RFC 9293
 * 3.10.7.1). It takes its sequence number from what the segment acknowledges,
 * else acknowledges the segment. Segments with a wrong checksum get none.
 */
#include <string.h>

#include <rte_tcp.h>

#include "net/addr.h"
#include "net/ip4_int.h"
#include "net/net.h"
#include "packet/csum.h"
#include "worker/worker.h"

static bool reset_due(const struct worker *w, const struct rte_mbuf *m, const struct pkt_meta *meta,
		      const struct rte_tcp_hdr *tcp)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	union ip_addr src = ip_from_v4(ip->src_addr);

	if ((meta->flags & (META_FRAGMENT | META_LINK_BROADCAST)) ||
	    (tcp->tcp_flags & RTE_TCP_RST_FLAG))
		return false;
	if (ip4_is_multicast(ip->dst_addr) || ip4_is_limited_broadcast(ip->dst_addr) ||
	    ip4_is_multicast(ip->src_addr) || ip4_is_reserved(ip->src_addr) ||
	    ip4_in_net0(ip->src_addr) || addr_is_local(w, AF_INET, &src))
		return false;
	switch (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) {
	case RTE_MBUF_F_RX_L4_CKSUM_GOOD:
	case RTE_MBUF_F_RX_L4_CKSUM_NONE: /* unfinished: from next door, never on a wire */
		return true;
	default:
		return csum_l4_ip4(m, meta->l3_len, IPPROTO_TCP) == tcp->cksum;
	}
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

void tcp4_send_reset(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_ipv4_hdr *about = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *,
								meta->l4_off);
	struct rte_ipv4_hdr *ip;
	struct rte_mbuf *made;

	if (!reset_due(w, m, meta, tcp) ||
	    !net_bucket_take(&w->net->reset_bucket, w->net->config.icmp_rate, w->now_ms))
		return;
	made = worker_make_packet(w);
	if (!made)
		return;
	ip = (struct rte_ipv4_hdr *)rte_pktmbuf_append(made, sizeof(*ip) + sizeof(*tcp));
	if (!ip) {
		drop(w, made, DROP_NO_MBUF);
		return;
	}
	reset_fill((struct rte_tcp_hdr *)(ip + 1), meta, tcp);
	ip4_header_fill(w, ip, about->dst_addr, about->src_addr, IPPROTO_TCP,
			(uint16_t)made->pkt_len);
	((struct rte_tcp_hdr *)(ip + 1))->cksum = csum_l4_ip4(made, sizeof(*ip), IPPROTO_TCP);
	ip4_send(w, made);
}
