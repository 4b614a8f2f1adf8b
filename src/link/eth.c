/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * eth-input: the first stage after rx. It reads only the Ethernet header,
 * decides which room the frame goes to, and strips the header: behind it the
 * packet's data starts at L3. A VLAN's tags go first (vlan.h): whatever is on a
 * VLAN sees its frames as those of a port. A tag that is nobody's is an
 * ethertype like any other, and the kernel's. Frames for others, which a port in promiscuous
 * mode lets through, end here.
 */
#include "link/eth.h"

#include <rte_ether.h>

#include "link/port.h"
#include "link/vlan.h"

static enum stage_id eth_decide(struct worker *w, struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	switch (eth->ether_type) {
	case RTE_BE16(RTE_ETHER_TYPE_IPV4):
		return STAGE_IP4_INPUT;
	case RTE_BE16(RTE_ETHER_TYPE_IPV6):
		return STAGE_IP6_INPUT;
	case RTE_BE16(RTE_ETHER_TYPE_ARP):
		return STAGE_ARP_INPUT;
	default:
		return STAGE_KERNEL_TX;
	}
}

/*
 * A bonding in balance-alb spreads what it receives by telling each neighbour another member's
 * address. Behind here it has one: the kernel wants its interface's, and whoever answers answers
 * to that.
 */
static bool member_addressed(const struct worker *w, struct rte_ether_hdr *eth)
{
	const struct port *device = &w->link->ports[w->rx_port];

	for (unsigned int i = 0; i < device->n_member_macs; i++) {
		if (!rte_is_same_ether_addr(&eth->dst_addr, &device->member_macs[i]))
			continue;
		eth->dst_addr = device->mac;
		return true;
	}
	return false;
}

void eth_input(struct worker *w, struct batch *in)
{
	for (uint32_t i = 0; i < in->count; i++) {
		struct rte_mbuf *m = in->pkts[i];
		struct pkt_meta *meta = pkt_meta(m);
		struct rte_ether_hdr *eth;
		uint16_t port = w->rx_port;
		enum stage_id stage;

		if (unlikely(m->data_len < sizeof(*eth))) {
			drop(w, m, DROP_ETH_SHORT);
			continue;
		}
		eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
		if (unlikely(vlan_tagged(m, eth->ether_type))) {
			port = vlan_input(w, m, port);
			if (port == PORT_NONE)
				continue;
			eth = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
		}
		meta->flags = 0;
		meta->in_port = port;
		if (rte_is_multicast_ether_addr(&eth->dst_addr)) {
			meta->flags = META_LINK_BROADCAST;
		} else if (!rte_is_same_ether_addr(&eth->dst_addr, &w->link->ports[port].mac) &&
			   !member_addressed(w, eth)) {
			drop(w, m, DROP_ETH_OTHERHOST);
			continue;
		}
		stage = eth_decide(w, m);
		rte_pktmbuf_adj(m, sizeof(*eth));
		stage_push(w, stage, m);
	}
}
