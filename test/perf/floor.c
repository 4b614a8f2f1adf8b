/* SPDX-License-Identifier: BSD-3-Clause */
/* perf/floor: see the header. */
#include "perf/floor.h"

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "link/eth.h"
#include "worker/worker.h"

static bool floor_swap(struct rte_mbuf *m)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);
	struct rte_ether_addr mac = eth->src_addr;
	struct rte_udp_hdr *ports; /* as TCP's lie too */
	be32 addr;
	be16 port;

	if (unlikely(eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
		     (ip->next_proto_id != IPPROTO_UDP && ip->next_proto_id != IPPROTO_TCP)))
		return false;
	ports = (struct rte_udp_hdr *)((uint8_t *)ip + (ip->version_ihl & 0x0f) * 4);
	eth->src_addr = eth->dst_addr;
	eth->dst_addr = mac;
	addr = ip->src_addr;
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = addr;
	port = ports->src_port;
	ports->src_port = ports->dst_port;
	ports->dst_port = port;
	return true;
}

static void floor_input(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct rte_mbuf *m = in->pkts[i];
		struct pkt_meta *meta = pkt_meta(m);

		if (unlikely(!floor_swap(m))) {
			drop(w, m, DROP_ETH_TYPE);
			continue;
		}
		meta->out_port = w->rx_port ^ 1;
		stage_push(w, STAGE_TX, m);
	}
}

const struct stage floor_stages[STAGE__COUNT] = {
	[STAGE_FLOW] = { "swap", floor_input },
	[STAGE_TX] = { "tx", link_tx },
};
