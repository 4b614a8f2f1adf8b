/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/tcp-reset: the answer to a segment that belongs nowhere (RFC 9293
 * 3.10.7.1). It takes its sequence number from what the segment acknowledges,
 * else acknowledges the segment. Segments with a wrong checksum get none.
 */
#include "net/ip.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_tcp.h>

#include "net/answer.h"
#include "packet/csum.h"
#include "worker/worker.h"

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

void tcp_send_reset(struct worker *w, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct rte_tcp_hdr *tcp = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *,
								meta->l4_off);
	struct rte_tcp_hdr *reset;
	struct rte_mbuf *made;

	if ((tcp->tcp_flags & RTE_TCP_RST_FLAG) || !answer_allowed(w, m) ||
	    !checksum_right(m, meta, tcp->cksum) || !answer_in_rate(w))
		return;
	made = answer_new(w, sizeof(*reset));
	if (!made)
		return;
	reset = rte_pktmbuf_mtod(made, struct rte_tcp_hdr *);
	reset_fill(reset, meta, tcp);
	answer_address(w, made, m);
	reset->cksum = csum_l4(made, meta->tuple.family, (uint16_t)(made->pkt_len - sizeof(*reset)),
			       IPPROTO_TCP);
	answer_send(w, made, m);
}
