/* SPDX-License-Identifier: BSD-3-Clause */
/* net/l2: see the header. */
#include "net/l2.h"

#include "link/port.h"

void l2_push(struct worker *w, struct rte_mbuf *m, uint16_t port, const struct rte_ether_addr *to,
	     be16 type)
{
	struct rte_ether_hdr *eth;

	eth = (struct rte_ether_hdr *)rte_pktmbuf_prepend(m, sizeof(*eth));
	if (unlikely(!eth)) {
		drop(w, m, DROP_TX_PREPARE);
		return;
	}
	eth->dst_addr = *to;
	eth->src_addr = w->link->ports[port].mac;
	eth->ether_type = type;
	m->l2_len = sizeof(*eth);
	pkt_meta(m)->out_port = port;
	stage_push(w, STAGE_TX, m);
}
