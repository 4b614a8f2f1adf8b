/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip4-forward: packets that are only passing through, with their way found
 * by ip4-route. Conf key ipv4_defs forwarding decides whether there are any.
 */
#include "net/ip4_int.h"

#include "net/icmp4.h"
#include "net/net.h"
#include "packet/csum.h"
#include "packet/unfinished.h"
#include "worker/worker.h"

static void ip4_forward_one(struct worker *w, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);
	struct pkt_meta *meta = pkt_meta(m);
	be16 before, after;

	if (!w->net->config.ip4_forwarding) {
		drop(w, m, DROP_IP4_FORWARDING);
		return;
	}
	if (unlikely(ip->time_to_live <= 1)) {
		icmp4_send_error(w, m, ICMP4_TIME_EXCEEDED, 0, 0, 0);
		drop(w, m, DROP_IP4_TTL);
		return;
	}
	if (unlikely(m->pkt_len > meta->mtu) &&
	    (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG))) {
		icmp4_send_error(w, m, ICMP4_UNREACHABLE, ICMP4_FRAGMENTATION_NEEDED, meta->mtu, 0);
		drop(w, m, DROP_IP4_MTU);
		return;
	}
	/* time to live is the first byte of its 16 bits */
	before = rte_cpu_to_be_16((uint16_t)(ip->time_to_live << 8 | ip->next_proto_id));
	ip->time_to_live--;
	after = rte_cpu_to_be_16((uint16_t)(ip->time_to_live << 8 | ip->next_proto_id));
	ip->hdr_checksum = csum_apply(ip->hdr_checksum, csum_delta16(before, after));
	meta->ttl = ip->time_to_live;
	unfinished_pass_on(m);
	if (unlikely(m->pkt_len > meta->mtu))
		unfinished_finish(m);
	stage_push(w, STAGE_IP4_OUTPUT, m);
}

void ip4_forward(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		ip4_forward_one(w, in->pkts[i]);
}
