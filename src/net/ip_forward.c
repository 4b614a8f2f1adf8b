/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net/ip-forward: packets that are only passing through, with their way found
 * by ip-route. Conf keys ipv4_defs and ipv6_defs forwarding decide whether
 * there are any. The time to live goes down by one; what is too long for the
 * way is cut behind this (IPv4 without DF) or refused, and its sender is told.
 */
#include "net/ip.h"

#include <rte_ip.h>

#include "net/ip6.h"
#include "net/net.h"
#include "packet/csum.h"
#include "packet/unfinished.h"
#include "worker/worker.h"

static void forward_age(struct rte_mbuf *m, struct pkt_meta *meta)
{
	if (likely(meta->tuple.family == AF_INET)) {
		struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct rte_ipv4_hdr *);

		/* it is the upper half of its 16-bit word */
		ip->time_to_live--;
		ip->hdr_checksum = csum_apply(ip->hdr_checksum, csum_delta16(RTE_BE16(0x0100), 0));
	} else {
		rte_pktmbuf_mtod(m, struct rte_ipv6_hdr *)->hop_limits--;
	}
	meta->ttl--;
}

static void ip_forward_one(struct worker *w, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	unsigned int family = meta->tuple.family;

	if (!net_forwards(w->net, family)) {
		drop(w, m, DROP_IP(family, FORWARDING));
		return;
	}
	if (unlikely(meta->ttl <= 1)) {
		ip_send_error(w, m, IP_ERROR_TTL, 0, NULL);
		drop(w, m, DROP_IP(family, TTL));
		return;
	}
	if (unlikely(m->pkt_len > meta->mtu) && !ip_may_be_cut(m, family, false)) {
		ip_send_error(w, m, IP_ERROR_TOO_BIG, meta->mtu, NULL);
		drop(w, m, DROP_IP(family, MTU));
		return;
	}
	forward_age(m, meta);
	unfinished_pass_on(m);
	if (unlikely(m->pkt_len > meta->mtu))
		unfinished_finish(m);
	stage_push(w, STAGE_IP_OUTPUT, m);
}

void ip_forward(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++)
		ip_forward_one(w, in->pkts[i]);
}
