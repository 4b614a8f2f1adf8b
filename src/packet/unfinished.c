/* SPDX-License-Identifier: BSD-3-Clause */
/* packet/unfinished: see the header. The offload's words are DPDK's: lengths of headers and a flag
 * in the mbuf. */
#include "packet/unfinished.h"

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "packet/csum.h"
#include "packet/sctp.h"

static void *l4_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, void *, pkt_meta(m)->l4_off);
}

be16 unfinished_leave(struct rte_mbuf *m, uint64_t l4_flag)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);

	m->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | l4_flag;
	m->l2_len = RTE_ETHER_HDR_LEN;
	m->l3_len = pkt_meta(m)->l3_len;
	if (l4_flag == RTE_MBUF_F_TX_TCP_CKSUM)
		m->l4_len = (((const struct rte_tcp_hdr *)l4_of(m))->data_off >> 4) * 4;
	else
		m->l4_len = sizeof(struct rte_udp_hdr);
	return rte_ipv4_phdr_cksum(ip, m->ol_flags);
}

/* Here and now: with extension headers no port could. */
static void finish_ip6(struct rte_mbuf *m, const struct pkt_meta *meta)
{
	be16 sum;

	if (meta->tuple.proto != IPPROTO_TCP && meta->tuple.proto != IPPROTO_UDP)
		return;
	sum = csum_l4_ip6(m, meta->l4_off, meta->tuple.proto);
	if (meta->tuple.proto == IPPROTO_TCP)
		((struct rte_tcp_hdr *)l4_of(m))->cksum = sum;
	else
		((struct rte_udp_hdr *)l4_of(m))->dgram_cksum = sum;
	m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
}

void unfinished_pass_on(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (likely(!unfinished(m)) || (meta->flags & META_FRAGMENT))
		return;
	if (unlikely(meta->tuple.proto == IPPROTO_SCTP)) {
		if (meta->l4_len < SCTP_MIN)
			return; /* and may not lie in one piece */
		sctp_header(m)->cksum = sctp_checksum(m);
		m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
		return;
	}
	if (meta->tuple.family == AF_INET6) {
		finish_ip6(m, meta);
		return;
	}
	if (meta->tuple.proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *th = l4_of(m);

		th->cksum = unfinished_leave(m, RTE_MBUF_F_TX_TCP_CKSUM);
	} else if (meta->tuple.proto == IPPROTO_UDP) {
		struct rte_udp_hdr *uh = l4_of(m);

		if (uh->dgram_cksum)
			uh->dgram_cksum = unfinished_leave(m, RTE_MBUF_F_TX_UDP_CKSUM);
	}
}

void unfinished_finish(struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	be16 sum;

	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == 0)
		return;
	m->ol_flags &= ~RTE_MBUF_F_TX_OFFLOAD_MASK;
	sum = csum_l4_ip4(m, meta->l3_len, meta->tuple.proto);
	if (meta->tuple.proto == IPPROTO_TCP)
		((struct rte_tcp_hdr *)l4_of(m))->cksum = sum;
	else
		((struct rte_udp_hdr *)l4_of(m))->dgram_cksum = sum;
}
